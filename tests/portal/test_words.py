"""The catalogues: every word that the screens say is there in both languages, and no other."""

import ast
import inspect
import re
import string
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import pytest

from db import vocabulary
from portal import words
from services import errors
from services.order_filter import Count, Lateness
from services.rules import lifecycle
from services.rules.permissions import Permission

ROOT = Path(__file__).resolve().parents[2]
SPEAKERS = {"say", "says"}
"""The functions whose first argument is a key."""


def test_both_languages_have_words_for_the_same_keys() -> None:
    assert words.keys("zh_CN") == words.keys("en")


def test_every_key_that_a_screen_says_has_words() -> None:
    missing = {f"{path.name}: {key}" for path, key in _said() if key not in words.keys("zh_CN")}
    assert not missing


def test_every_word_of_the_vocabulary_every_refusal_and_every_move_has_words() -> None:
    assert not _derived() - words.keys("zh_CN")


def test_no_words_stand_in_the_catalogues_that_nothing_says() -> None:
    patterns = [re.compile(pattern) for pattern in _patterns()]
    unsaid = {
        key
        for key in words.keys("zh_CN") - _derived() - _literals()
        if not any(pattern.fullmatch(key) for pattern in patterns)
    }
    assert not unsaid


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
        assert not any(
            re.search(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]", form) for form in words.forms(key, "en")
        ), key
        assert any(
            re.search(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]", form) for form in words.forms(key, "zh_CN")
        ), key


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
    assert words.plain("https://x www.x a@x") == "https\\:\u2060//x www\u2060\\.x a\u2060@x"


# --------------------------------------------------------------------------------------------------


def _derived() -> frozenset[str]:
    """The keys that follow from the vocabulary, the refusals and the moves."""
    kinds = [kind for _, kind in inspect.getmembers(vocabulary, inspect.isclass) if issubclass(kind, StrEnum)]
    spoken = (*kinds, Permission, Lateness, Count)
    members = {words.label_key(member) for kind in spoken if kind is not StrEnum for member in kind}
    refusals = {
        kind.code for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.PortalError)
    }
    return frozenset(members | refusals | {f"move.{move.name}" for move in lifecycle.MOVES})


def _literals() -> frozenset[str]:
    """Every literal of the code; a key may be kept in a table before it is said, and services answer with codes."""
    return frozenset(
        node.value
        for _, tree in _sources("portal", "pages", "services")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _patterns() -> Iterator[str]:
    """The shapes of keys that are put together where they are said, such as f"screen.{name}.title"."""
    for _, tree in _sources("portal", "pages"):
        for node in ast.walk(tree):
            if not isinstance(node, ast.JoinedStr):
                continue
            parts = [re.escape(p.value) if isinstance(p, ast.Constant) else r"[\w.:-]+" for p in node.values]
            if re.match(r"[a-z_]+\\\.", parts[0]):
                yield "".join(parts)


def _blanks(form: str) -> Iterator[str]:
    return (field for _, field, _, _ in string.Formatter().parse(form) if field is not None)


def _sources(*folders: str) -> Iterator[tuple[Path, ast.AST]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, ast.parse(path.read_text("utf-8"))


def _said() -> Iterator[tuple[Path, str]]:
    """Every key given as a literal to a function that says it."""
    for path, tree in _sources("portal", "pages"):
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0]
            if called in SPEAKERS and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield path, first.value
