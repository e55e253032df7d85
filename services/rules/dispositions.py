"""How attempts to call end: the attributes of a disposition, the number that is next, and what many attempts amount to.

A call ends in a disposition, a row of the code list after AAPOR's outcomes; rules ask for its attributes, never for
its code.

Not reached is an outcome of its own, neither satisfied nor dissatisfied. `eligible` is not consulted: nobody leaves
the base of a rate through a disposition, because one agent could then improve a score alone. Leaving the base takes an
exclusion that two people decide.

>>> dead = Disposition("4.31", "NC", final=True, another_number=True)
>>> next_number([Tried(dead, datetime(2025, 3, 3, 9, 30))], numbers=2)
2
>>> resolve(["NC", "R", "NC"]), resolve(["UO", "NC"]), resolve([])
('R', 'NC', 'UH')
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from db.vocabulary import Refusal

COMPLETE, PARTIAL = "I", "P"
NOT_CALLED = "UH"
"""AAPOR's unknown households: in a list of named citizens only 'not attempted' is left in this group."""
PRECEDENCE = (COMPLETE, PARTIAL, "R", "O", "NC", "UO", "NE", NOT_CALLED)
"""Which group counts where attempts ended in several. Not eligible comes last of what can be found out by telephone:
one call that says so takes nobody out of the base while any other one says more."""


@dataclass(frozen=True, slots=True)
class Disposition:
    """How a call ended, as far as rules care.

    `retry_minutes` asks for a longer pause than the policy's (None: by policy); `another_number` says that this number
    will not do, so that the citizen's next one is tried.
    """

    code: str
    group: str
    final: bool
    contacted: bool = False
    eligible: bool = True
    note_required: bool = False
    retired: bool = False
    retry_minutes: int | None = None
    another_number: bool = False
    refusal: Refusal | None = None

    @property
    def complete(self) -> bool:
        """Whether every question was answered."""
        return self.group == COMPLETE

    @property
    def interview(self) -> bool:
        """Whether the citizen answered, at least the question that counts."""
        return self.group in (COMPLETE, PARTIAL)

    @property
    def is_call(self) -> bool:
        """Whether anybody dialled at all."""
        return self.group != NOT_CALLED

    @property
    def dead_number(self) -> bool:
        """Whether the number reaches nobody or somebody else: dialling it again makes no sense, another one may."""
        return self.final and self.another_number

    @property
    def settles(self) -> bool:
        """Whether nothing is left to ask, whichever number were dialled."""
        return self.interview or self.refusal == Refusal.HARD or (self.final and not self.another_number)


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt of a round: how it ended, when it was made, and which of the citizen's numbers was dialled."""

    disposition: Disposition
    at: datetime
    number: int = 1


def next_number(history: Sequence[Tried], numbers: int = 1) -> int | None:
    """Return which of the citizen's numbers is dialled next, None where all of them are dead.

    A number is kept until a call says that it will not do; then comes the one after it, and after the last the first.
    """
    dead = {one.number for one in history if one.disposition.dead_number}
    alive = [number for number in range(1, numbers + 1) if number not in dead]
    if not alive:
        return None
    if not history:
        return alive[0]
    last = history[-1]
    if last.number in alive and not last.disposition.another_number:
        return last.number
    return next((number for number in alive if number > last.number), alive[0])


def resolve(groups: Iterable[str]) -> str:
    """Return the one AAPOR group that the attempts of a case amount to, whatever their order.

    Silence never improves on what was said before: the group that says most counts, and without any attempt the case
    was not called.
    """
    return min(groups, key=PRECEDENCE.index, default=NOT_CALLED)
