"""Learns which words speak for which cause: ``learn_wording.py INCIDENTS...``, folders of labelled incidents.

Writes ``analyzer/knowledge/wording.txt``. Give it the tuned incidents and the samples only: what is held out must stay
unknown to it. Needs scikit-learn.
"""

from __future__ import annotations

import calendar
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import yaml
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from analyzer.catalogue import KNOWLEDGE  # noqa: E402
from analyzer.pipeline import Analyzer  # noqa: E402
from analyzer.wording import LEARNT, all_said  # noqa: E402

LEAST = 4  # incidents that a word must stand in
MOST_SHARE = 0.3  # of all incidents; a word that stands in more says little
LOOSENESS = 100.0  # of the fit: the inverse of the penalty on weights
LARGEST = 127
#: words of dates: they tell when an incident was made, not what it was
_OF_DATES = frozenset({name.lower() for name in (*calendar.month_abbr, *calendar.day_abbr)} | {"utc"})
#: pieces of identifiers and addresses in hexadecimal
_HEXADECIMAL = re.compile(r"(?!add|bad|dead)[a-f]{2,}")
#: labels that are no cause whose words could be learnt
LEFT_OUT = ("not-enough-data",)


def known_words() -> frozenset[str]:
    """Give the words that the catalogue itself uses."""
    texts = (path.read_text(encoding="utf-8").lower() for path in sorted(KNOWLEDGE.rglob("*.yaml")))
    found = {word for text in texts for word in re.findall(r"[a-z][a-z_]*[a-z]", text)} - _OF_DATES
    return frozenset(word for word in found if not _HEXADECIMAL.fullmatch(word))


def incidents(folders: Iterable[Path]) -> Iterator[tuple[str, frozenset[str]]]:
    """Give the label and the words of each incident."""
    analyzer = Analyzer()
    for label in sorted(path for folder in folders for path in folder.glob("*/truth.yaml")):
        cause = yaml.safe_load(label.read_text(encoding="utf-8"))["primary"]
        if cause not in LEFT_OUT:
            diagnosis = analyzer.diagnose(analyzer.read([label.parent / "bundle"]))
            yield cause, frozenset(word for text in all_said(diagnosis.evidence) for word in text.words)


def learn(told: list[tuple[str, frozenset[str]]], words: frozenset[str]) -> str:
    """Give the content of the file."""
    rarity = TfidfVectorizer(
        analyzer=lambda found: sorted(word for word in found if word in words or word[0] == "="),
        min_df=LEAST,
        max_df=MOST_SHARE,
    )
    seen = rarity.fit_transform([found for _, found in told])
    model = LogisticRegression(C=LOOSENESS, max_iter=1000).fit(seen, [cause for cause, _ in told])
    scale = max(np.abs(model.coef_).max(), np.abs(model.intercept_).max()) / LARGEST
    weights, bias = np.rint(model.coef_ / scale).astype(np.int8), np.rint(model.intercept_ / scale).astype(int)
    lines = [
        f"# Made by tests/incidents/learn_wording.py of {len(told)} incidents; do not edit.",
        "# For each word how rare it is, and one signed byte for each cause: how much it speaks for it.",
        f"causes {' '.join(model.classes_)}",
        f"scale {scale:.6f}",
        f"bias {' '.join(map(str, bias))}",
    ]
    for place, word in enumerate(rarity.get_feature_names_out()):
        lines.append(f"\t{word}\t{rarity.idf_[place]:.3f}\t{weights[:, place].tobytes().hex()}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    told = list(incidents(map(Path, sys.argv[1:])))
    LEARNT.write_text(learn(told, known_words()), encoding="ascii")
    print(f"{LEARNT.name}: {len(told)} incidents, {Counter(cause for cause, _ in told).total()} labels")
