"""Attempts to call a citizen: when another one follows, and when the citizen counts as not reached.

A call ends in a disposition, a row of the code list after AAPOR's outcomes. What follows is decided by its attributes
and the attempt policy of the rule set, never by its code:

* answered (a complete or partial interview): the citizen has been asked;
* final without an answer (refused, disconnected, dead...): another call makes no sense, the citizen is not reached;
* anything else: call again, until the policy's number of attempts is used up.

Not reached is an outcome of its own, neither satisfied nor dissatisfied. `eligible` is not consulted: nobody leaves
the base of a rate through a disposition, because one agent could then improve a score alone. Leaving the base takes an
exclusion that two people decide.

>>> no_answer = Disposition("3.13", "NC", final=False)
>>> policy = Policy(max_attempts=3)
>>> [after_attempt([no_answer] * earlier, no_answer, policy).step.value for earlier in range(3)]
['again', 'again', 'unreached']
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.errors import Invalid, PortalError
from services.rules.ruleset import RuleSet

COMPLETE, PARTIAL = "I", "P"
NOT_CALLED = "UH"
"""AAPOR's unknown households: in a list of named citizens only 'not attempted' is left in this group."""


class Step(StrEnum):
    """What follows an attempt."""

    ASKED = "asked"
    AGAIN = "again"
    UNREACHED = "unreached"


@dataclass(frozen=True, slots=True)
class Disposition:
    """How a call ended, as far as rules care."""

    code: str
    group: str
    final: bool
    contacted: bool = False
    eligible: bool = True
    note_required: bool = False
    retired: bool = False

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


@dataclass(frozen=True, slots=True)
class Policy:
    """How often a citizen is called in one round."""

    max_attempts: int

    @classmethod
    def of(cls, rules: RuleSet) -> "Policy":
        """Return the attempt policy of a rule set."""
        return cls(rules.max_attempts.value)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a round stands after an attempt; `exhausted` tells a used-up policy from a final disposition."""

    step: Step
    attempts: int
    left: int
    exhausted: bool = False


def after_attempt(history: Sequence[Disposition], disposition: Disposition, policy: Policy) -> Progress:
    """Return what follows an attempt, given the earlier ones of the same round.

    Raises Invalid for a disposition that is no call, and PortalError when the round was settled before: an answer or a
    final disposition is the last attempt of its round.
    """
    if not disposition.is_call:
        raise Invalid({"disposition": "not_a_call"})
    if any(earlier.interview or earlier.final for earlier in history):
        raise PortalError("error.round_already_asked")
    attempts = len(history) + 1
    left = max(policy.max_attempts - attempts, 0)
    if disposition.interview:
        return Progress(Step.ASKED, attempts, 0)
    if disposition.final:
        return Progress(Step.UNREACHED, attempts, 0)
    if left == 0:
        return Progress(Step.UNREACHED, attempts, 0, exhausted=True)
    return Progress(Step.AGAIN, attempts, left)
