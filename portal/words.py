"""Every word, number and date that a person reads.

The words stand in gettext catalogues, `portal/locale/<language>/<area>.po`; all areas of a language are
merged into one. A msgid is a dotted key ("order_list.title"), a msgstr the sentence with blanks
("共 {n} 件").
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Protocol

import streamlit as st
from babel.dates import format_date
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from streamlit.runtime.scriptrunner import get_script_run_ctx

from services.rules.deadlines import CITY

LANGUAGES: Mapping[str, str] = {"zh_CN": "中文", "en": "English"}
DEFAULT_LANGUAGE = "zh_CN"
NOTHING = "—"

_LOCALE = Path(__file__).resolve().parent / "locale"
_SESSION_KEY = "portal_language"
_spoken: ContextVar[str | None] = ContextVar("portal_language", default=None)
_log = logging.getLogger("huixiang.words")


class BilingualName(Protocol):
    """A row of a code list that carries its name in both languages."""

    @property
    def code(self) -> str: ...
    @property
    def zh(self) -> str: ...
    @property
    def en(self) -> str: ...


def say(key: str, /, **facts: object) -> str:
    """The sentence of that key in the reader's language, its blanks filled.

    A fact called `n` is a count: it is grouped in thousands and chooses between singular and plural.
    An unknown key is answered with the key itself, for a missing word must not take a screen away.
    """
    found = _catalogue(language()).get(key)
    if found is None:
        _log.error("no words for %r in %s", key, language())
        return key
    text = found[0]
    if isinstance(count := facts.get("n"), int):
        text = found[0] if count == 1 else found[-1]
        facts = {**facts, "n": number(count)}
    return text.format_map(_Blanks(facts)) if facts else text


def says(key: str) -> bool:
    """Whether there is a sentence of that key; for words that are there only in some cases, such as hints."""
    return key in _catalogue(language())


def label(member: StrEnum) -> str:
    """The name of a word of the vocabulary: Status.OPEN is said by the key `status.open`."""
    return say(label_key(member))


def label_key(member: StrEnum) -> str:
    """The key under which a word of the vocabulary stands in the catalogues."""
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(member).__name__).lower()
    return f"{kind}.{member.value}"


def name(named: BilingualName | None) -> str:
    """The name of a row of a code list in the reader's language; the Chinese one where there is no other."""
    if named is None:
        return NOTHING
    return (named.en or named.zh) if language() == "en" else named.zh


def joined(parts: Sequence[str]) -> str:
    """An enumeration as it is written in the reader's language."""
    return say("joined.comma").join(parts)


def titled(title: str, text: str) -> str:
    """A title and what it is the title of, in one line: 不满意原因：必填, or Reasons: needed."""
    return say("titled", title=title, text=text)


def plain(text: str) -> str:
    """What a person wrote, made harmless where Streamlit would read it as Markdown.

    An address in it stays text and does not become a link: for that an unseen mark, the word joiner, stands within.
    """
    escaped = re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~:$&=])", r"\\\1", text)
    return re.sub(r"(?<=:)(?=//)|(?<=\bwww)(?=\\\.)|(?=@)", "\u2060", escaped, flags=re.IGNORECASE)


def language() -> str:
    """The reader's language: the one spoken by `speaking`, else the session's, else Chinese."""
    if spoken := _spoken.get():
        return spoken
    if get_script_run_ctx(suppress_warning=True) is not None:
        return str(st.session_state.get(_SESSION_KEY, DEFAULT_LANGUAGE))
    return DEFAULT_LANGUAGE


def set_language(chosen: str) -> None:
    """Speak this language from now on in this session."""
    st.session_state[_SESSION_KEY] = known_language(chosen)


def known_language(wanted: str | None) -> str:
    """The language asked for where we speak it, else Chinese."""
    return wanted if wanted is not None and wanted in LANGUAGES else DEFAULT_LANGUAGE


@contextmanager
def speaking(chosen: str) -> Iterator[None]:
    """Speak one language in a block: for pages outside a session, exports and background jobs."""
    token = _spoken.set(known_language(chosen))
    try:
        yield
    finally:
        _spoken.reset(token)


def day(value: date | datetime | None) -> str:
    """2026-05-28, by the city's clock."""
    return NOTHING if value is None else _local(value).strftime("%Y-%m-%d")


def long_day(value: date | datetime | None) -> str:
    """2026年5月28日 or May 28, 2026."""
    return NOTHING if value is None else format_date(_local(value), "long", locale=language())


def weekday(value: date | datetime, *, short: bool = False) -> str:
    """星期四 or Thursday; short where there is little room: 周四 or Thu."""
    return format_date(_local(value), "EEE" if short else "EEEE", locale=language())


def month(value: date | datetime | None) -> str:
    """2026年5月 or May 2026."""
    pattern = "MMMM y" if language() == "en" else "y年M月"
    return NOTHING if value is None else format_date(_local(value), pattern, locale=language())


def moment(value: datetime | None) -> str:
    """2026-05-28 17:20, by the city's clock: on one order."""
    return NOTHING if value is None else _local(value).strftime("%Y-%m-%d %H:%M")


def short_moment(value: datetime | None) -> str:
    """05-28 17:20, by the city's clock: in lists."""
    return NOTHING if value is None else _local(value).strftime("%m-%d %H:%M")


def clock(value: datetime | None) -> str:
    """17:20:31, by the city's clock: what happened a moment ago."""
    return NOTHING if value is None else _local(value).strftime("%H:%M:%S")


def number(value: int | Decimal | None, places: int = 0) -> str:
    """A figure grouped in thousands, rounded half up to a fixed number of decimals; a dash for none."""
    if value is None:
        return NOTHING
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return format_decimal(rounded, format=f"#,##0.{'0' * places}" if places else "#,##0", locale=language())


def percent(value: Decimal | None, places: int = 1) -> str:
    """A share of one as a percentage; a dash where nothing was counted."""
    return NOTHING if value is None else f"{number(value * 100, places)}%"


def share(numerator: int, denominator: int, places: int = 1) -> str:
    """A numerator over its denominator as a percentage; a dash where the denominator is nought."""
    return percent(Decimal(numerator) / Decimal(denominator), places) if denominator else NOTHING


def keys(of_language: str) -> frozenset[str]:
    """Every key that a language has words for."""
    return frozenset(_catalogue(of_language))


def forms(key: str, of_language: str) -> tuple[str, ...]:
    """The sentence of a key as it stands in a catalogue, and its plural where it has one."""
    return _catalogue(of_language)[key]


# --------------------------------------------------------------------------------------------------


class _Blanks(dict[str, object]):
    """The facts of a sentence; one that is missing leaves its blank standing, not the sentence out."""

    def __missing__(self, key: str) -> str:
        _log.error("no fact for the blank %r", key)
        return "{" + key + "}"


@cache
def _catalogue(of_language: str) -> Mapping[str, tuple[str, ...]]:
    merged: dict[str, tuple[str, ...]] = {}
    for path in sorted((_LOCALE / of_language).glob("*.po")):
        with path.open("rb") as file:
            area = read_po(file, locale=of_language, abort_invalid=True)
        for message in area:
            if not message.id:
                continue
            key = message.id if isinstance(message.id, str) else message.id[0]
            written = message.string or ""
            if key in merged:
                raise ValueError(f"{path}: {key} stands in another area already")
            merged[key] = (written,) if isinstance(written, str) else tuple(written)
    return merged


def _local(value: date | datetime) -> date | datetime:
    return value.astimezone(CITY) if isinstance(value, datetime) else value
