"""What an event states, in words: the name of each fact, and its value as a person says it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from db.vocabulary import (
    CaseEnd,
    Contacted,
    FindingKind,
    ImportKind,
    InstallationKind,
    OptOutKind,
    Outcome,
    Role,
    Satisfaction,
    Solved,
    Status,
)
from portal import words
from portal.words import label, say, says
from services.errors import Fact

Codes = Mapping[str, str]
"""The names of codes by code, in the reader's language."""

NO_CODES: Codes = MappingProxyType({})

_VOCABULARY: Mapping[str, tuple[type[StrEnum], ...]] = {
    "status": (Status,),
    "satisfaction": (Satisfaction,),
    "outcome": (Outcome,),
    "solved": (Solved,),
    "contacted": (Contacted,),
    "finding": (FindingKind,),
    "role": (Role,),
    "kind": (ImportKind, InstallationKind, OptOutKind),
    "ended_as": (CaseEnd,),
}
"""The facts whose values are words of the vocabulary."""


def name_of(fact: str) -> str:
    """Return what a fact is called; its own name where the catalogues have none."""
    return say(f"fact.{fact}") if says(f"fact.{fact}") else fact


def value_of(fact: str, value: Fact, codes: Codes = NO_CODES) -> str:
    """Return a value as it is said: a word of the vocabulary, a moment, yes or no, a number, or what it is."""
    if value is None or value == "":
        return words.NOTHING
    if isinstance(value, bool):
        return say("fact.yes" if value else "fact.no")
    if isinstance(value, int):
        return words.number(value)
    for kind in _VOCABULARY.get(fact, ()):
        if value in [member.value for member in kind]:
            return label(kind(value))
    if fact == "move":
        return say(f"move.{value}")
    if fact == "language":
        return words.LANGUAGES.get(value, value)
    if fact == "at" or fact.endswith("_at"):
        return _moment(value)
    return coded(value, codes)


def coded(written: str, codes: Codes) -> str:
    """Return a text with every code in it, alone or in a list, followed by its name."""
    parts = written.split(",")
    if not any(part in codes for part in parts):
        return written
    return words.joined([f"{part} {codes[part]}" if part in codes else part for part in parts])


def changes(
    before: Iterable[tuple[str, Fact]], after: Iterable[tuple[str, Fact]], codes: Codes = NO_CODES
) -> list[tuple[str, str, str]]:
    """Return each fact with its value before and after; what stayed the same, or empty, is left out."""
    old, new = dict(before), dict(after)
    names = list(dict.fromkeys([*old, *new]))
    return [
        (name_of(name), value_of(name, old.get(name), codes), value_of(name, new.get(name), codes))
        for name in names
        if old.get(name) != new.get(name)
    ]


def in_a_line(before: Iterable[tuple[str, Fact]], after: Iterable[tuple[str, Fact]], codes: Codes = NO_CODES) -> str:
    """Return what changed in one line, for a list."""
    said = []
    for name, old, new in changes(before, after, codes):
        arrow = f"{old} → {new}" if old != words.NOTHING else new
        said.append(f"{name} {arrow}")
    return " · ".join(said)


# ---------------------------------------------------------------------------------------------------------------------


def _moment(written: str) -> str:
    try:
        return words.moment(datetime.fromisoformat(written))
    except ValueError:
        return written
