"""The hostile corpus: files each named for what it does, made when they are needed.

``python tests/fuzz/hostile/corpus.py FOLDER`` writes all of them, as tests and fuzzers get them.
"""

from __future__ import annotations

import io
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
if __name__ == "__main__":
    sys.path.append(str(HERE.parent / "archives"))

import archives_of_harm  # noqa: E402
import seeds  # noqa: E402
import texts_of_harm  # noqa: E402


def tgz_of(files: dict[str, bytes]) -> bytes:
    """A tar.gz of files, those that come first first."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1, errors="surrogatepass") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


ARCHIVES: dict[str, Callable[[], bytes]] = {
    **seeds.SEEDS,
    **{maker.__name__: maker for maker in archives_of_harm.OWN},
}
TEXTS: dict[str, Callable[[], dict[str, bytes]]] = {maker.__name__: maker for maker in texts_of_harm.OWN}


def main(folder: Path) -> None:
    """Write the whole corpus, a few hundred megabytes once it is unpacked."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, archive in ARCHIVES.items():
        (folder / name).write_bytes(archive())
    for name, texts in TEXTS.items():
        (folder / f"{name}.tgz").write_bytes(tgz_of(texts()))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: corpus.py FOLDER")
    main(Path(sys.argv[1]))
