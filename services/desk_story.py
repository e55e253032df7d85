"""What the callback desk adds to the story of an order: its telephone calls, and the questions put to supervisors.

It is the hotline's own: a department's user reads nothing of it.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import aliased

from db.callbacks import Referral, TelephoneCall
from db.people import Person
from services.access import Look
from services.rules.permissions import SCOPED, Permission

_HEARS = frozenset({Permission.CALLBACK_VIEW, Permission.REVIEW_VIEW})
"""Who may open a recording: whoever calls, and whoever judges what was said."""


@dataclass(frozen=True, slots=True)
class Phoned:
    """A call as the telephone system tells it; `number` is which of the requester's numbers was dialled."""

    number: int
    dialled_at: datetime
    started_at: datetime | None
    seconds: int | None
    recording: str | None


@dataclass(frozen=True, slots=True)
class Consulted:
    """A question that an agent put to the supervisors, and the answer once there is one."""

    asked_by: str
    asked_at: datetime
    question: str
    answered_by: str | None
    answered_at: datetime | None
    answer: str | None


def phoned_of(look: Look, order_id: int) -> Mapping[int, tuple[Phoned, ...]]:
    """Return the telephone calls behind each record of a call, by its number."""
    if look.actor.role in SCOPED:
        return {}
    hears = not _HEARS.isdisjoint(look.actor.permissions)
    found: dict[int, list[Phoned]] = defaultdict(list)
    rows = look.session.scalars(
        select(TelephoneCall)
        .where(TelephoneCall.order_id == order_id, TelephoneCall.attempt_id.is_not(None))
        .order_by(TelephoneCall.id)
    )
    for row in rows:
        recording = row.recording if hears else None
        told = Phoned(row.number, row.dialled_at, row.started_at, row.seconds, recording)
        found[row.attempt_id or 0].append(told)
    return {attempt: tuple(calls) for attempt, calls in found.items()}


def consulted_of(look: Look, order_id: int) -> Mapping[int, tuple[Consulted, ...]]:
    """Return the questions put to supervisors in each round, by its place."""
    if look.actor.role in SCOPED:
        return {}
    asker, answerer = aliased(Person), aliased(Person)
    rows = look.session.execute(
        select(Referral, asker.name, answerer.name)
        .join(asker, asker.id == Referral.asked_by)
        .outerjoin(answerer, answerer.id == Referral.answered_by)
        .where(Referral.order_id == order_id)
        .order_by(Referral.id)
    )
    found: dict[int, list[Consulted]] = defaultdict(list)
    for row, asked_by, answered_by in rows:
        told = Consulted(asked_by, row.asked_at, row.question, answered_by, row.answered_at, row.answer)
        found[row.round].append(told)
    return {number: tuple(asked) for number, asked in found.items()}
