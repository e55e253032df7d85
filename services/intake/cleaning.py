"""Text as it should have been typed: encodings told apart, invisible characters gone, digits in one width."""

import codecs
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from services.intake.problems import FileRefused, Refusal

ENCODINGS = ("utf-8", "gb18030")
"""The encodings that a profile may name. A byte order mark is understood with either."""

_CHUNK = 1 << 20
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_SUSPECT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\xa0\xad\u061c\u115f\u1160\u1680\u180e\u2000-\u200f\u2028-\u202f"
                      "\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\ufff9-\ufffc"
                      "\ud800-\udfff]|_x[0-9A-Fa-f]{4}_")  # fmt: skip
_CJK = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_TWO_BYTE = re.compile("[\u0080-\u07ff]")
_FORMULA = re.compile(r"^'(?=\s*[=+\-@\t\r＝＋－＠])")


def _table() -> dict[int, str | None]:
    """Build the map from unwanted characters to what replaces them, once."""
    gone = [*range(0x00, 0x09), *range(0x0E, 0x20), *range(0x7F, 0xA0), 0xAD, 0x061C, 0x115F, 0x1160, 0x180E,
            *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x3164, *range(0xFE00, 0xFE10),
            0xFEFF, *range(0xFFF9, 0xFFFD), *range(0xD800, 0xE000)]  # fmt: skip
    spaces = [0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000]
    breaks = [0x0B, 0x0C, 0x0D, 0x85, 0x2028, 0x2029]
    wide = [*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)]
    table: dict[int, str | None] = dict.fromkeys(gone)
    table |= dict.fromkeys(spaces, " ")
    table |= dict.fromkeys(breaks, "\n")
    table |= {code: chr(code - 0xFEE0) for code in wide}
    return table


_TABLE = _table()


def clean(text: str) -> str:
    """Give the text without control, zero-width and direction marks, with plain spaces and half-width digits.

    The apostrophe with which our own exports disarm a formula is taken off again, so that a corrected
    file reads like the original.
    """
    if _SUSPECT.search(text):
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
        text = text.replace("\r\n", "\n").translate(_TABLE)
    text = text.strip()
    return text[1:] if text[:1] == "'" and _FORMULA.match(text) else text


def fold(text: str) -> str:
    """Give the compatibility form of a short technical value (a number, a phone, a date) without blanks around."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text).strip()


def same_name(text: str) -> str:
    """Give the form under which two spellings of a name are the same: no blanks inside, one width, one case."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def find_encoding(path: Path, accepted: Sequence[str] = ENCODINGS) -> str:
    """Tell the encoding of a text file, reading it in pieces.

    A byte order mark decides. Otherwise strict UTF-8, then GB18030. Two-byte Chinese can be valid UTF-8 by
    chance; it then shows letters from U+0080 to U+07FF and not one Chinese character, and is read as GB18030
    where the profile allows that.
    """
    with path.open("rb") as file:
        if file.read(3) == codecs.BOM_UTF8:
            return "utf-8-sig"
    if "utf-8" in accepted:
        chinese, two_byte = _look_through(path)
        if chinese is not None:
            by_chance = two_byte and not chinese and "gb18030" in accepted
            if not (by_chance and _reads_as(path, "gb18030")):
                return "utf-8"
    for name in accepted:
        if name != "utf-8" and _reads_as(path, name):
            return name
    raise FileRefused(Refusal.ENCODING_UNKNOWN, file=path.name, accepted=", ".join(accepted))


# ----------------------------------------------------------------------------------------------------------


def _look_through(path: Path) -> tuple[bool | None, bool]:
    """Say whether a UTF-8 file holds Chinese and whether it holds two-byte letters; None if it is not UTF-8."""
    chinese, two_byte = False, False
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        with path.open("rb") as file:
            while piece := file.read(_CHUNK):
                text = decoder.decode(piece)
                chinese = chinese or _CJK.search(text) is not None
                two_byte = two_byte or _TWO_BYTE.search(text) is not None
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None, False
    return chinese, two_byte


def _reads_as(path: Path, encoding: str) -> bool:
    """Say whether the whole file decodes without an error."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with path.open("rb") as file:
            while piece := file.read(_CHUNK):
                decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
