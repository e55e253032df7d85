"""Who waits to be called: the queue as supervisors see it, an agent's own cases, and the figures above the desk.

Agents are handed their cases and do not choose them, so that how citizens answer does not depend on who called whom.
Therefore they see how many wait and of what kind, and by name only what is their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true, tuple_
from sqlalchemy.orm import aliased

from db.callbacks import AgentDay, CallbackCase, CallbackDraft
from db.orders import Order
from db.people import Person
from db.reference import Department, OrderType
from db.vocabulary import Satisfaction
from services.access import Access, Look
from services.callback_case import skills_of
from services.callback_claim import count_ready
from services.effective import policy_on, windows_around
from services.rules import attempts
from services.rules.callback_policy import CallbackPolicy, Priority
from services.rules.deadlines import ONE_DAY, start_of
from services.rules.permissions import Permission
from services.rules.windows import Windows
from services.views import Named

C = CallbackCase
MOST_COUNTED = 1000
"""More than this is shown as "1000+": counting on would cost more than it tells."""
MOST_OWN = 200
"""So many cases of one's own are shown at most."""


class QueuePart(StrEnum):
    """What of the queue is looked at."""

    ALL = "all"
    DISSATISFIED = "dissatisfied"
    REWORKED = "reworked"
    EXPIRING = "expiring"
    APPOINTMENT = "appointment"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One case that waits: the order, what makes its turn, and in whose hands it is until when.

    `standing` is the dissatisfied rating that makes it urgent; `needs` are codes of skills, `held_by` names somebody
    while they hold the case.
    """

    order_id: int
    number: str
    title: str
    order_type: Named
    department: Named | None
    round: int
    closed_at: datetime
    ready_at: datetime
    standing: Satisfaction | None
    attempts: int
    needs: tuple[str, ...]
    referred: bool
    appointment_at: datetime | None
    appointment_for: str | None
    held_by: str | None
    held_until: datetime | None


@dataclass(frozen=True, slots=True)
class Counted:
    """A number that was counted up to a limit: `more` says that there are more than `n`."""

    n: int
    more: bool

    @classmethod
    def of(cls, counted: int) -> "Counted":
        """Return what was counted one beyond the limit."""
        return cls(min(counted, MOST_COUNTED), counted > MOST_COUNTED)


@dataclass(frozen=True, slots=True)
class Queue:
    """A page of the queue, how many cases wait in all, and whether there is a page after this one."""

    rows: tuple[Waiting, ...]
    waiting: Counted
    more: bool


@dataclass(frozen=True, slots=True)
class MyCases:
    """What is mine: in my hands, agreed with me by name, and put aside with a form that I have begun."""

    held: tuple[Waiting, ...]
    appointments: tuple[Waiting, ...]
    put_aside: tuple[Waiting, ...]


@dataclass(frozen=True, slots=True)
class Strip:
    """The figures above the desk: my calls of today, what is mine, and what could be handed to me now, by class.

    `due` are my appointments that are due, `next_appointment` is the first one after them. `opens_at` is empty during
    the calling hours; outside of them it says when they begin again.
    """

    calls: int
    answered: int
    done: int
    held: int
    due: int
    next_appointment: datetime | None
    ready: Counted
    classes: tuple[tuple[Priority, Counted], ...]
    opens_at: datetime | None


def queue(access: Access, *, part: QueuePart = QueuePart.ALL, after: int | None = None, limit: int = 20) -> Queue:
    """Return who waits, with who holds what: the oldest first, or in the order of their turns within a part.

    `after` is the order that ended the page before; where it is gone, the queue begins again.
    """
    with access.read(Permission.AGENTS_VIEW) as look:
        windows = windows_around(look, policy_on(look, look.today).policy)
        where, along = _part(part, windows, look.now)
        page = where if after is None else and_(where, _beyond(look, after, along))
        rows = _lines(look, _waiting().where(page).order_by(*along).limit(limit + 1))
        capped = select(C.id).where(where).limit(MOST_COUNTED + 1).subquery()
        counted = look.session.scalar(select(func.count()).select_from(capped)) or 0
        return Queue(rows[:limit], Counted.of(counted), more=len(rows) > limit)


def my_cases(access: Access) -> MyCases:
    """Return the cases that are mine."""
    with access.read(Permission.CALLBACK_VIEW) as look:
        me = look.actor.id
        mine = and_(C.open, C.held_by == me, C.held_by.is_not(None))
        booked = and_(C.open, C.appointment_for == me, C.appointment_for.is_not(None))
        begun = select(CallbackDraft.order_id, CallbackDraft.round).where(
            CallbackDraft.person_id == me, CallbackDraft.ended_at.is_(None)
        )
        aside = and_(C.open, tuple_(C.order_id, C.round).in_(begun), or_(C.held_by.is_(None), C.held_by != me))
        return MyCases(
            held=_lines(look, _waiting().where(mine).order_by(C.held_since, C.id).limit(MOST_OWN)),
            appointments=_lines(look, _waiting().where(booked).order_by(C.appointment_at, C.id).limit(MOST_OWN)),
            put_aside=_lines(look, _waiting().where(aside).order_by(C.closed_at, C.id).limit(MOST_OWN)),
        )


def strip(access: Access) -> Strip:
    """Return the figures above the desk of whoever asks."""
    with access.read(Permission.CALLBACK_VIEW) as look:
        policy = policy_on(look, look.today).policy
        me = look.actor.id or 0
        today = look.session.get(AgentDay, (look.today, me))
        ready = count_ready(
            look,
            skills=skills_of(look, me),
            policy=policy,
            windows=windows_around(look, policy),
            most=MOST_COUNTED,
        )
        closed = attempts.may_call((), policy, look.now, None)
        due, following = _appointments(look, me, policy)
        return Strip(
            calls=today.calls if today else 0,
            answered=today.complete + today.partial if today else 0,
            done=today.settled if today else 0,
            held=_count(look, C.open, C.held_by == me, C.held_by.is_not(None), C.held_until >= look.now),
            due=due,
            next_appointment=following,
            ready=Counted.of(ready.pop(None)),
            classes=tuple((priority, Counted.of(n)) for priority, n in ready.items() if priority is not None),
            opens_at=closed.until if closed else None,
        )


# ---------------------------------------------------------------------------------------------------------------------


_Along = tuple[Any, ...]
"""The columns by which a part is ordered; an index of db/callbacks.py begins with them."""

_OLDEST: _Along = (C.closed_at, C.id)
_TURN: _Along = (C.needs, C.ready_at, C.draw, C.id)


def _part(part: QueuePart, windows: Windows, now: datetime) -> tuple[ColumnElement[bool], _Along]:
    """Return what a part of the queue is, and the columns of the index by which it is ordered."""
    in_turn = and_(C.open, ~C.referred, C.appointment_at.is_(None))
    last = windows.expiring[-1] + ONE_DAY if windows.expiring else None
    nearly = (
        and_(C.open, C.closed_at >= start_of(windows.expiring[0]), C.closed_at < start_of(last))
        if last is not None
        else and_(C.open, C.closed_at.is_(None))
    )
    parts: dict[QueuePart, tuple[ColumnElement[bool], _Along]] = {
        QueuePart.ALL: (and_(true(), C.open), _OLDEST),
        QueuePart.DISSATISFIED: (and_(in_turn, C.urgent), _TURN),
        QueuePart.REWORKED: (and_(in_turn, C.round > 1), _TURN),
        QueuePart.EXPIRING: (nearly, _OLDEST),
        QueuePart.APPOINTMENT: (and_(C.open, C.appointment_at.is_not(None)), (C.appointment_at, C.id)),
        QueuePart.HELD: (
            and_(C.open, C.held_by.is_not(None), C.held_until >= now),
            (C.held_by, C.held_since, C.id),
        ),
    }
    return parts[part]


def _beyond(look: Look, after: int, along: _Along) -> ColumnElement[bool]:
    """Return what comes after an order's case in the order of an index."""
    last = look.session.execute(select(*along).where(C.order_id == after, C.open)).one_or_none()
    return true() if last is None else tuple_(*along) > tuple_(*last)


_Holder = aliased(Person)
_Named = aliased(Person)


def _waiting() -> Select[CallbackCase, Order, OrderType, Department, str, str]:
    return (
        select(C, Order, OrderType, Department, _Holder.name, _Named.name)
        .join(Order, Order.id == C.order_id)
        .join(OrderType, OrderType.id == C.order_type_id)
        .outerjoin(Department, Department.id == C.department_id)
        .outerjoin(_Holder, _Holder.id == C.held_by)
        .outerjoin(_Named, _Named.id == C.appointment_for)
    )


def _lines(look: Look, found: Select[CallbackCase, Order, OrderType, Department, str, str]) -> tuple[Waiting, ...]:
    return tuple(_line(look.now, *row) for row in look.session.execute(found))


def _line(
    now: datetime,
    case: CallbackCase,
    order: Order,
    order_type: OrderType,
    department: Department | None,
    holder: str | None,
    agreed_with: str | None,
) -> Waiting:
    held = case.held_until is not None and case.held_until >= now
    return Waiting(
        order_id=order.id,
        number=order.number,
        title=order.title,
        order_type=Named.of(order_type),
        department=Named.of(department) if department else None,
        round=case.round,
        closed_at=case.closed_at,
        ready_at=case.ready_at,
        standing=Satisfaction.DISSATISFIED if case.urgent else None,
        attempts=case.attempts,
        needs=tuple(case.needs),
        referred=case.referred,
        appointment_at=case.appointment_at,
        appointment_for=agreed_with,
        held_by=holder if held else None,
        held_until=case.held_until if held else None,
    )


def _appointments(look: Look, person: int, policy: CallbackPolicy) -> tuple[int, datetime | None]:
    """Return how many appointments of a person are due, and when the next one is."""
    mine: Sequence[ColumnElement[bool]] = (C.appointment_for == person, C.appointment_for.is_not(None))
    lead = look.now + timedelta(minutes=policy.appointment_lead_minutes.value)
    due = _count(look, C.open, *mine, C.appointment_at <= lead)
    following = select(func.min(C.appointment_at)).where(C.open, *mine, C.appointment_at > lead)
    return due, look.session.scalar(following)


def _count(look: Look, *where: Any) -> int:
    return look.session.scalar(select(func.count()).select_from(C).where(*where)) or 0
