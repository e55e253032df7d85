"""Frozen shapes that several use cases answer with. Words stay codes; only the portal speaks."""

from dataclasses import dataclass
from typing import Protocol

from services.rules.questions import Text


class CodeRow(Protocol):
    """A row of a code list, as the database holds it."""

    @property
    def id(self) -> int: ...
    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def name_en(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Named:
    """A row of a code list, in both languages of the screens."""

    id: int
    code: str
    zh: str
    en: str

    @classmethod
    def of(cls, row: CodeRow) -> "Named":
        """Return the row with its names; where it has no English one, the screens fall back to the Chinese."""
        return cls(row.id, row.code, row.name, row.name_en or "")

    @classmethod
    def text(cls, code: str, words: Text) -> "Named":
        """Return words of a document in the same shape; they have no row of their own."""
        return cls(0, code, words.zh, words.en)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a command answers: the order, its new version, and whether the same form had been sent before.

    `attempt_id` is the call that was written down, where the command was one of those that write calls.
    """

    order_id: int
    number: str
    version: int
    status: str
    repeated: bool = False
    attempt_id: int | None = None
