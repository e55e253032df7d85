"""The catalogues: every word that the screens say is there in both languages, and no other."""

import ast
import re
import string
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from portal import words

ROOT = Path(__file__).resolve().parents[2]
SPEAKERS = {"say", "says"}


def test_both_languages_have_words_for_the_same_keys() -> None:
    assert words.keys("zh_CN") == words.keys("en")


def test_every_key_that_a_screen_says_has_words() -> None:
    missing = {f"{path.name}: {key}" for path, key in _said() if key not in words.keys("zh_CN")}
    assert not missing


def test_every_sentence_has_the_same_blanks_in_both_languages() -> None:
    differing = []
    for key in sorted(words.keys("zh_CN")):
        chinese, english = (
            {frozenset(_blanks(form)) for form in words.forms(key, language)} for language in words.LANGUAGES
        )
        if chinese != english:
            differing.append(key)
    assert not differing


def test_english_is_free_of_chinese_and_chinese_says_something_in_chinese() -> None:
    for key in words.keys("en"):
        assert not any(re.search(r"[\u4e00-\u9fff]", form) for form in words.forms(key, "en")), key
        assert any(re.search(r"[\u4e00-\u9fff]", form) for form in words.forms(key, "zh_CN")), key


def test_a_count_is_grouped_and_chooses_between_singular_and_plural(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_catalogue", lambda _: {"x": ("{n} order", "{n} orders")})
    with words.speaking("en"):
        assert [words.say("x", n=n) for n in (1, 2, 1234)] == ["1 order", "2 orders", "1,234 orders"]


def test_an_unknown_key_is_answered_with_itself() -> None:
    assert words.say("no.such.key") == "no.such.key"


def test_a_language_that_is_not_spoken_becomes_chinese() -> None:
    with words.speaking("fr"):
        assert words.language() == "zh_CN"


def test_times_are_told_by_the_clock_of_the_city() -> None:
    late = datetime(2026, 5, 28, 16, 30, tzinfo=UTC)
    assert words.moment(late) == "2026-05-29 00:30"
    assert words.short_moment(late) == "05-29 00:30"
    assert words.day(late) == "2026-05-29"
    assert words.day(date(2026, 5, 28)) == "2026-05-28"
    assert words.month(date(2026, 5, 28)) == "2026年5月"
    with words.speaking("en"):
        assert words.month(date(2026, 5, 28)) == "May 2026"


def test_figures_are_rounded_half_up_and_nothing_is_a_dash() -> None:
    assert words.number(Decimal("1234.565"), 2) == "1,234.57"
    assert words.percent(Decimal("0.8915")) == "89.2%"
    assert words.share(1, 3) == "33.3%"
    assert words.share(0, 0) == words.number(None) == words.moment(None) == "—"


def test_what_a_person_wrote_cannot_become_markdown() -> None:
    assert words.plain("![](http) **1**") == r"\!\[\]\(http\) \*\*1\*\*"


# --------------------------------------------------------------------------------------------------


def _blanks(form: str) -> Iterator[str]:
    return (field for _, field, _, _ in string.Formatter().parse(form) if field is not None)


def _sources() -> Iterator[tuple[Path, ast.AST]]:
    for folder in ("portal", "pages"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, ast.parse(path.read_text("utf-8"))


def _said() -> Iterator[tuple[Path, str]]:
    """Every key given as a literal to a function that says it."""
    for path, tree in _sources():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0]
            if called in SPEAKERS and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield path, first.value
