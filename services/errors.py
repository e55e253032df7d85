"""Everything that may be refused, as codes and facts; the portal finds the words.

PortalError            code + facts; never a sentence
  NotAllowed           the actor lacks the permission
  NotFound             missing, or out of scope: the same on purpose
  Invalid              field -> code, all problems at once
  Conflict             the world has moved on
    Stale              the form was drawn from an older version; says what changed meanwhile
    IllegalMove        the order is not in a status from which this starts
    MayNotCall         the citizen is not to be called, or not now; says why, and from when on they may
  Busy                 the database could not be had; trying again is fine

`Unrecorded` and `Nested` are programming errors, not refusals, and therefore no PortalErrors.
"""

from collections.abc import Mapping
from datetime import datetime

Fact = str | int | bool | None


class PortalError(Exception):
    """A refusal that a person can understand: a catalogue key and the facts that fill its blanks."""

    code = "error.refused"

    def __init__(self, code: str | None = None, **facts: Fact) -> None:
        if code is not None:
            self.code = code
        self.facts: dict[str, Fact] = facts
        super().__init__(self.code, facts)


class NotAllowed(PortalError):
    """The actor's role does not carry the permission."""

    code = "error.not_allowed"


class NotFound(PortalError):
    """There is no such thing, or it is out of reach: nobody learns which."""

    code = "error.not_found"


class Invalid(PortalError):
    """Some fields are wrong; every problem is named at once."""

    code = "error.invalid"

    def __init__(self, problems: Mapping[str, str], **facts: Fact) -> None:
        super().__init__(None, **facts)
        self.problems = dict(problems)


class Conflict(PortalError):
    """What was asked for no longer fits the facts."""

    code = "error.conflict"


class Stale(Conflict):
    """Somebody changed the row after the form was drawn; `changes` says who did what since then."""

    code = "error.stale"

    def __init__(self, changes: tuple["Change", ...] = ()) -> None:
        super().__init__()
        self.changes = changes


class IllegalMove(Conflict):
    """The move does not start in the order's present status."""

    code = "error.illegal_move"

    def __init__(self, move: str, status: str) -> None:
        super().__init__(move=move, status=status)


class MayNotCall(Conflict):
    """The citizen is not to be called now: `why` is a word of services.rules.attempts.Block.

    `until` is the moment from which they may be called, None where there is none; `who` has the case where it is held.
    """

    code = "error.may_not_call"

    def __init__(self, why: str, *, until: datetime | None = None, who: str | None = None) -> None:
        super().__init__(why=str(why))
        self.why = str(why)
        self.until = until
        self.who = who


class Busy(PortalError):
    """The database could not be reached in time."""

    code = "error.busy"


class Change:
    """One thing that happened to a row since a form was drawn."""

    __slots__ = ("action", "actor", "at")

    def __init__(self, action: str, actor: str, at: datetime) -> None:
        self.action = action
        self.actor = actor
        self.at = at


class Unrecorded(RuntimeError):
    """A write ended without saying what it did."""


class Nested(RuntimeError):
    """A use case opened the door inside another one; pass `work` to a private function instead."""
