"""Writes analyzer/knowledge/normal.yaml from healthy bundles: ``write_normal.py FOLDER...`` of labelled incidents."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from analyzer.evaluate import HEALTHY
from analyzer.pipeline import Analyzer
from analyzer.unrecognized import LEVELS, masked

TARGET = Path(__file__).parents[2] / "analyzer" / "knowledge" / "normal.yaml"


def lines(folders: list[Path]) -> Iterator[str]:
    """Give the masked lines of a level that alarms and without a message id of all healthy bundles."""
    analyzer = Analyzer()
    for folder in folders:
        for label in sorted(folder.glob("*/truth.yaml")):
            if yaml.safe_load(label.read_text(encoding="utf-8"))["primary"] in HEALTHY:
                frame = analyzer.read([label.parent / "bundle"]).tables.log_lines
                unknown = frame[(frame["message_id"] == "") & frame["level"].isin(LEVELS)]
                yield from (masked(str(message)) for message in unknown["message"])


if __name__ == "__main__":
    head = TARGET.read_text(encoding="utf-8").partition("normal:")[0]
    found = sorted(set(lines([Path(word) for word in sys.argv[1:]])))
    TARGET.write_text(head + yaml.safe_dump({"normal": found}, width=1000, allow_unicode=True), encoding="utf-8")
    print(f"{len(found)} lines")
