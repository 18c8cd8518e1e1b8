"""Bytes to text: encodings, line ends, terminal control codes and the litter of chat tools; line numbers are kept."""

from __future__ import annotations

import codecs

from parsers.lazy_pattern import lazy_pattern

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: what chat tools and browsers make of blanks, and marks without width
_BLANKS = {
    **dict.fromkeys((0xA0, 0x2007, 0x202F, 0x2002, 0x2003, 0x2009), " "),
    **dict.fromkeys((0xFEFF, 0x200B, 0x200C, 0x200D, 0x2060), None),
}
_HEAD = 8192
#: ECMA-48 control sequences: CSI, OSC (window titles), character sets; as `script` and coloured tools write them
_ESCAPES = lazy_pattern(
    r"\x1b(?:\[[0-9;:?<=>!]{0,40}[@-~]|\][^\x07\x1b\n]{0,200}(?:\x07|\x1b\\)|[()*+][AB0-2]|[=>78cDEHMNOZ])?"
)


def decode(data: bytes) -> tuple[str, str, list[str]]:
    """Give (text, encoding, problems); the text has ``\\n`` line ends only.

    Line numbers are those of the file as editors count them: CRLF and CR CR LF are one line end, lone CRs are line
    ends only in a file that has no other. NUL characters, terminal control codes and marks without width are taken
    out of their lines; no-break blanks become blanks. Nothing here raises.
    """
    problems: list[str] = []
    encoding, mark = wide_encoding(data)
    if encoding:
        text = data[mark:].decode(encoding, "replace")
    else:
        text, encoding = _in_bytes(data, problems)
    if "\x00" in text:
        text = text.replace("\x00", "")
        problems.append("NUL characters were taken out")
    text = _line_ends(text)
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    if "\x08" in text:
        text = _without_erased(text)
    return text if text.isascii() else text.translate(_BLANKS), encoding, problems


def _line_ends(text: str) -> str:
    if "\r" not in text:
        return text
    text = text.replace("\r\r\n", "\n").replace("\r\n", "\n")
    if "\r" in text:
        text = text.replace("\r", "\n") if "\n" not in text else text.replace("\r", " ")
    return text


def _without_erased(text: str) -> str:
    """Apply backspaces, which `script` records where somebody corrected what he typed."""
    return "\n".join(_typed(line) if "\x08" in line else line for line in text.split("\n"))


def _typed(line: str) -> str:
    kept: list[str] = []
    for character in line:
        if character != "\x08":
            kept.append(character)
        elif kept:
            kept.pop()
    return "".join(kept).rstrip()


def wide_encoding(data: bytes) -> tuple[str, int]:
    """Give the encoding of a text in UTF-16 or UTF-32, and how many bytes its mark has; "" and 0 for any other."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, len(mark)
    return _utf16_of(data), 0


def _in_bytes(data: bytes, problems: list[str]) -> tuple[str, str]:
    """The text, and the encoding, of what has a byte for each ASCII character."""
    if data.startswith(codecs.BOM_UTF8):
        return data[len(codecs.BOM_UTF8) :].decode("utf-8", "replace"), "utf-8"
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        if error.start >= len(data) - 4:  # cut in the middle of a character
            problems.append("cut off inside a character")
            return data.decode("utf-8", "replace"), "utf-8"
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    right = len(text) - broken - len(text.encode("ascii", "ignore"))
    if right > broken:
        problems.append("some bytes are not UTF-8")
        return text, "utf-8"
    problems.append("not UTF-8: read as Latin-1")
    return data.decode("latin-1"), "latin-1"


#: control characters that no text holds: tabs, line ends, form feeds and the escape of terminals are none of them
_CONTROL = bytes([*range(1, 8), *range(14, 27), *range(28, 32)])
_ASCII = bytes(range(128))


def _utf16_of(data: bytes) -> str:
    """Tell UTF-16 without a mark: Latin text has its zero bytes at one parity, and at nearly all of its places."""
    head = data[:_HEAD]
    half = len(head) // 2
    if half < 2 or 0 not in head:
        return ""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > 0.6 * half and even < 0.1 * half:
        return "utf-16-le"
    if even > 0.6 * half and odd < 0.1 * half:
        return "utf-16-be"
    return ""


def is_binary(data: bytes) -> bool:
    """Whether the bytes are no text in any encoding we read.

    A text may begin with a run of NULs (a log after a power loss) or hold escapes of a terminal.
    """
    head = data[:_HEAD]
    if not head or head.startswith(codecs.BOM_UTF8) or wide_encoding(head)[0]:
        return False
    filled = data.lstrip(b"\0")[:_HEAD] if head[0] == 0 else head
    if not filled:
        return True
    zeros = filled.count(0)
    control = len(filled) - len(filled.translate(None, _CONTROL))
    high = len(filled.translate(None, _ASCII))
    if high > len(filled) // 3 and control > len(filled) // 50:
        return True
    return control > max(8, len(filled) // 20) or zeros > len(filled) // 3
