"""Encodings told apart, invisible characters gone."""

from pathlib import Path

import pytest

from services.intake.cleaning import clean, find_encoding, same_name
from services.intake.problems import FileRefused, Refusal


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("\u00a0北区\u3000", "北区"),
        ("广州\u200b市\ufeff", "广州市"),
        ("第一行_x000D_\n第二行", "第一行\n第二行"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("１２３号ＡＢ", "123号AB"),
        ("\x00\x07x\x1b", "x"),
        ("\u202e反\u2066向", "反向"),
        ("全角，标点。", "全角，标点。"),
        ("'=1+1", "=1+1"),
        ("'＝SUM(A1)", "＝SUM(A1)"),
        ("it's", "it's"),
        ("'quoted'", "'quoted'"),
    ],
)
def test_text_is_cleaned_of_what_nobody_typed_on_purpose(given: str, expected: str) -> None:
    assert clean(given) == expected


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        ("工单编号,诉求内容\n".encode(), "utf-8"),
        ("工单编号\n".encode("utf-8-sig"), "utf-8-sig"),
        ("工单编号,诉求内容\n".encode("gb18030"), "gb18030"),
        ("𠮷野家,㐀\n".encode("gb18030"), "gb18030"),
        (b"plain,ascii\n", "utf-8"),
        # The classic trap: these GBK bytes are valid UTF-8 by chance and would show as two-byte letters.
        ("联通".encode("gb18030"), "gb18030"),
    ],
)
def test_the_encoding_is_told_by_the_bytes(tmp_path: Path, body: bytes, encoding: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(body)
    assert find_encoding(path) == encoding


def test_a_profile_that_allows_only_utf_8_keeps_accented_letters(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes("Müllstraße\n".encode())
    assert find_encoding(path, ["utf-8"]) == "utf-8"


def test_a_character_cut_by_the_end_of_a_piece_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"x" + "工".encode() * 700_000)
    assert find_encoding(path) == "utf-8"


def test_bytes_of_no_accepted_encoding_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"\xff\xff\xff\xff")
    with pytest.raises(FileRefused) as refused:
        find_encoding(path)
    assert refused.value.why == Refusal.ENCODING_UNKNOWN


def test_two_spellings_of_one_name_meet() -> None:
    assert same_name("北 區") == same_name("北區") == same_name("北\u3000區")
    assert same_name("ＰＷＤx") == same_name("pwdX")
