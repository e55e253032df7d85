"""What every document that a city decides has in common: a code, a version, a first day, and values with their sources.

The loader reads a file or a column; a `Check` reads the mapping and remembers every problem by its path. Each value
stands with its source and says whether it is an assumption. There are no floating-point numbers in a document: a
decimal is written as text, so that the canonical form (RFC 8785) and its SHA-256 fingerprint are the same wherever
they are computed.

>>> check = Check({"code": "callback", "version": 1, "most": {"value": 3, "source": "Ours.", "assumption": True}})
>>> check.number("most", check.document["most"], 1, 9)
Ruled(value=3, source='Ours.', assumption=True)
>>> check.effective_from() == date.min, check.problems
(True, {'effective_from': 'required'})
>>> canonical({"b": 1, "a": "满意"}).decode()
'{"a":"满意","b":1}'
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeGuard, TypeVar

import rfc8785

from services.errors import Invalid

CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
LONGEST_SOURCE = 500

T = TypeVar("T")
V_co = TypeVar("V_co", covariant=True)
Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class Ruled(Generic[V_co]):
    """A decided value, where it comes from, and whether that is only an assumption."""

    value: V_co
    source: str
    assumption: bool


def canonical(document: Mapping[str, object]) -> bytes:
    """Return the canonical JSON (RFC 8785) of a document: the same bytes for the same content."""
    return rfc8785.dumps(_plain(document))


def fingerprint(document: Mapping[str, object]) -> str:
    """Return the SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(document)).hexdigest()


def is_int(value: object) -> TypeGuard[int]:
    """Whether a value is a whole number; True and False are not."""
    return isinstance(value, int) and not isinstance(value, bool)


class Check:
    """Reads a document and remembers what is wrong; what it returns after a problem is never used."""

    def __init__(self, document: Mapping[str, object]) -> None:
        self.document = document
        self.problems: dict[str, str] = {}

    def problem(self, path: str, code: str) -> None:
        """Remember what is wrong at a path; the first thing said of it stands."""
        self.problems.setdefault(path, code)

    def finish(self) -> None:
        """Raise Invalid where anything was wrong."""
        if self.problems:
            raise Invalid(self.problems)

    def only(self, known: frozenset[str]) -> None:
        """Name every key that nobody knows."""
        for key in self.document:
            if key not in known:
                self.problem(str(key), "unknown")

    def format(self, known: int) -> None:
        """Hold the format of the document against the one that is known."""
        value = self.document.get("format")
        if not is_int(value) or value != known:
            self.problem("format", "unknown_format")

    def code(self) -> str:
        """Return the code of the document."""
        value = self.document.get("code")
        if isinstance(value, str) and CODE.fullmatch(value):
            return value
        self.problem("code", "required" if value is None else "not_a_code")
        return ""

    def version(self) -> int:
        """Return the version of the document."""
        value = self.document.get("version")
        if is_int(value) and 1 <= value <= 9999:
            return value
        self.problem("version", "required" if value is None else "not_a_version")
        return 0

    def effective_from(self) -> date:
        """Return the first day on which the document is in force."""
        value = self.document.get("effective_from")
        if isinstance(value, str):
            try:
                return date.fromisoformat(value)
            except ValueError:
                self.problem("effective_from", "not_a_date")
        self.problem("effective_from", "required" if value is None else "not_a_date")
        return date.min

    def section(self, name: str) -> list[tuple[str, object]]:
        """Return the entries of a section, each under its code."""
        found = self.document.get(name)
        if not isinstance(found, Mapping) or not found:
            self.problem(name, "required" if found is None or found == {} else "not_a_section")
            return []
        for key in found:
            if not isinstance(key, str) or not CODE.fullmatch(key):
                self.problem(f"{name}.{key}", "not_a_code")
        return [(key, one) for key, one in found.items() if isinstance(key, str)]

    def number(self, path: str, entry: object, least: int, most: int) -> Ruled[int]:
        """Return a whole number within its limits."""
        value = self.value(path, entry)
        if not is_int(value):
            self.problem(path, "not_a_number")
            return self.ruled(path, entry, 0)
        if not least <= value <= most:
            self.problem(path, "out_of_range")
        return self.ruled(path, entry, value)

    def choice(self, path: str) -> Ruled[bool]:
        """Return a yes or no."""
        entry = self.document.get(path)
        value = self.value(path, entry)
        if not isinstance(value, bool):
            self.problem(path, "not_yes_or_no")
        return self.ruled(path, entry, value is True)

    def listed(self, path: str, entry: object, *, key: str = "value") -> tuple[object, ...]:
        """Return the items of a list, which its caller then checks one by one."""
        found = self.value(path, entry, key=key)
        if isinstance(found, str) or not isinstance(found, Sequence):
            self.problem(path, "not_a_list")
            return ()
        return tuple(found)

    def value(self, path: str, entry: object, *, key: str = "value") -> object:
        """Return what an entry holds, unchecked."""
        if entry is None:
            self.problem(path, "required")
            return None
        if not isinstance(entry, Mapping):
            self.problem(path, "without_source")
            return None
        for name in entry:
            if name not in (key, "source", "assumption"):
                self.problem(f"{path}.{name}", "unknown")
        if key not in entry:
            self.problem(path, "required")
        return entry.get(key)

    def ruled(self, path: str, entry: object, value: T) -> Ruled[T]:
        """Return a checked value with the source that its entry names."""
        if not isinstance(entry, Mapping):
            return Ruled(value, "", True)
        source, assumption = entry.get("source"), entry.get("assumption")
        if not isinstance(source, str) or not source.strip():
            self.problem(f"{path}.source", "required")
        elif len(source) > LONGEST_SOURCE:
            self.problem(f"{path}.source", "too_long")
        if not isinstance(assumption, bool):
            self.problem(f"{path}.assumption", "not_yes_or_no")
        return Ruled(value, str(source).strip(), assumption is True)


def _plain(value: object) -> Json:
    """Return a value as plain JSON; what has no exact form is refused."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_plain(one) for one in value]
    raise Invalid({"document": "not_exact"})
