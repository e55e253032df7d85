"""Frozen shapes that several use cases answer with. Words stay codes; only the portal speaks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Named:
    """A row of a code list, in both languages of the screens."""

    id: int
    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a command answers: the order, its new version, and whether the same form had been sent before."""

    order_id: int
    number: str
    version: int
    status: str
    repeated: bool = False
