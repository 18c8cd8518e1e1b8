"""Telling archives and compressed files by their first bytes; names are never trusted."""

from __future__ import annotations

#: how many of the first bytes tell it
HEAD = 512
COMPRESSED = ("gz", "bz2", "xz", "zst")
_MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"PK\x07\x08PK\x03\x04", "zip"),  # one part of a split archive
    (b"\x1f\x8b\x08", "gz"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
)
#: what we name when we meet it, and do not open
_FOREIGN = (
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x1f\x9d", "a file packed with compress (.Z)"),
    (b"\x04\x22\x4d\x18", "an LZ4 file"),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG\r\n\x1a\n", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"SQLite format 3\x00", "a database"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document"),
)


def kind_of(head: bytes) -> str:
    """Tell what can be opened: zip, tar, gz, bz2, xz, zst; "" for anything else."""
    if foreign(head):
        return ""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:3] == b"BZh" and head[3:4].isdigit() and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        return "bz2"
    return "tar" if is_tar_header(head[:512]) else ""


def foreign(head: bytes) -> str:
    """Name a well-known form that is neither text nor opened here, e.g. "a 7-Zip archive"; "" for others."""
    if head.startswith(b"PK\x03\x04") and b"[Content_Types].xml" in head:
        return "an Office document"
    return next((name for magic, name in _FOREIGN if head.startswith(magic)), "")


def is_tar_header(block: bytes) -> bool:
    """Whether a block of 512 bytes is a tar header: its checksum is right (POSIX ustar, pax, GNU and older)."""
    if len(block) < 512 or not block[148:156].strip(b"\0 "):
        return False
    try:
        stored = int(block[148:156].split(b"\0", 1)[0].strip() or b"x", 8)
    except ValueError:
        return False
    bytes_sum = sum(block) - sum(block[148:156]) + 8 * 32
    if stored == bytes_sum:
        return True
    # some very old tars summed signed characters
    high = sum(byte >= 128 for byte in block) - sum(byte >= 128 for byte in block[148:156])
    return stored == bytes_sum - 256 * high
