"""Bytes to text: encodings, line ends and the litter of chat tools, with line numbers kept."""

from __future__ import annotations

import codecs

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BLANKS = {0xA0: " ", 0x2007: " ", 0x202F: " ", 0xFEFF: None, 0x200B: None}


def decode(data: bytes) -> tuple[str, str, list[str]]:
    """Give (text, encoding, problems); the text has ``\\n`` line ends only.

    Line numbers are those of the file: CRLF is one line end, a lone CR before a LF as well; NUL bytes and
    no-break blanks (what chat tools make of blanks) are replaced inside their lines.
    """
    problems: list[str] = []
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            text = data[len(bom) :].decode(encoding, "replace")
            break
    else:
        text, encoding = _without_bom(data, problems)
    if "\x00" in text:
        text = text.replace("\x00", "\ufffd")
        problems.append("NUL bytes")
    text = text.replace("\r\r\n", "\n").replace("\r\n", "\n")
    if "\r" in text:
        text = text.replace("\r", "\n") if "\n" not in text else text.replace("\r", " ")
    return text.translate(_BLANKS) if not text.isascii() else text, encoding, problems


def _without_bom(data: bytes, problems: list[str]) -> tuple[str, str]:
    head = data[:4096]
    if len(head) >= 8 and head.count(0) > len(head) // 4:
        # UTF-16 without a mark: Latin text has its zero bytes at one parity
        little = head[1::2].count(0) >= head[0::2].count(0)
        encoding = "utf-16-le" if little else "utf-16-be"
        text = data.decode(encoding, "replace")
        if text[:1000].isprintable() or "\n" in text[:4000]:
            return text, encoding
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        if error.start >= len(data) - 4:  # cut in the middle of a character
            problems.append("cut off inside a character")
            return data.decode("utf-8", "replace"), "utf-8"
    text = data.decode("utf-8", "replace")
    if text.count("\ufffd") <= len(text) // 100:
        problems.append("some bytes are not UTF-8")
        return text, "utf-8"
    problems.append("not UTF-8: read as Latin-1")
    return data.decode("latin-1"), "latin-1"


def is_binary(data: bytes) -> bool:
    """Whether the bytes are no text in any encoding we read."""
    head = data[:8192]
    if not head or any(head.startswith(bom) for bom, _ in _BOMS):
        return False
    zeros = head.count(0)
    if zeros > len(head) // 4:
        parity = max(head[0::2].count(0), head[1::2].count(0))
        return parity < zeros * 0.9  # not UTF-16 of Latin text
    control = sum(head.count(bytes([code])) for code in (*range(1, 8), *range(14, 27), *range(28, 32)))
    return control + zeros > max(16, len(head) // 20)
