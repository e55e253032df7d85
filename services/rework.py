"""Rework: what was returned to a department, by when it is due, and the answer that goes back to the citizen."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, func, select, tuple_

from db.orders import Order, Return, Round
from db.reference import Department, Reason
from db.vocabulary import Event, Status
from services import casework
from services.access import Access, Look, Work
from services.casework import OrderFacts, refuse, text_problem
from services.effective import calendar_around, explained_from
from services.errors import Fact, IllegalMove
from services.rules import deadlines, lifecycle
from services.rules.deadlines import Calendar, Explanation, NotCovered
from services.rules.permissions import Permission
from services.views import Named, Receipt

SHORTEST_REPLY = 10


@dataclass(frozen=True, slots=True)
class ReworkLine:
    """One order in rework; `days_left` is None where the calendar does not reach so far."""

    order_id: int
    number: str
    title: str
    department: Named | None
    round: int
    reason: Named | None
    instruction: str
    returned_at: datetime
    due_at: datetime
    days_left: int | None
    late: bool
    late_days: int | None


@dataclass(frozen=True, slots=True)
class Reworks:
    """Orders in rework, the most urgent first, and how many of all of them are late."""

    rows: tuple[ReworkLine, ...]
    waiting: int
    late: int
    more: bool


@dataclass(frozen=True, slots=True)
class ReworkCase:
    """What a department needs to answer: the order, what is wanted, and the deadline explained."""

    order: OrderFacts
    line: ReworkLine
    needs_evidence: bool
    deadline: Explanation | None


def rework_list(access: Access, *, late_only: bool = False, after: int | None = None, limit: int = 50) -> Reworks:
    """Return the orders in rework by their deadlines; a department sees its own.

    `after` is the order that ended the page before; where it is gone, the list begins again.
    """
    with access.read(Permission.REWORK_VIEW) as look:
        statement = _in_rework()
        if late_only:
            statement = statement.where(Round.due_at < look.now)
        last = look.session.get(Order, after) if after is not None else None
        if last is not None:
            due_at = casework.current_round(look, last).due_at
            statement = statement.where(tuple_(Round.due_at, Round.order_id) > (due_at, last.id))
        found = look.session.execute(statement.order_by(Round.due_at, Round.order_id).limit(limit + 1)).all()
        calendar = _calendar(look, [row[1].due_at or look.now for row in found])
        counted = _in_rework().with_only_columns(func.count(), func.count().filter(Round.due_at < look.now))
        waiting, late = look.session.execute(counted).one()
        lines = tuple(_rework_line(look, calendar, *row) for row in found[:limit])
        return Reworks(lines, waiting, late, more=len(found) > limit)


def rework_case(access: Access, *, order_id: int) -> ReworkCase:
    """Return one order in rework, with its deadline explained; raises NotFound, or IllegalMove once it is not."""
    with access.read(Permission.REWORK_VIEW) as look:
        order = look.one(Order, order_id)
        found = look.session.execute(_in_rework().where(Order.id == order_id)).one_or_none()
        if found is None:
            raise IllegalMove(lifecycle.REDO.name, order.status)
        _, current, _, _, reason = found
        explained = None
        with suppress(NotCovered):
            explained = explained_from(look, current.opened_at, current.due_days) if current.due_days else None
        return ReworkCase(
            order=casework.facts_of(look, order),
            line=_rework_line(look, _calendar(look, [current.due_at or look.now]), *found),
            needs_evidence=reason.needs_evidence,
            deadline=explained,
        )


def submit_rework(
    access: Access,
    *,
    order_id: int,
    seen: int,
    reply: str,
    unit_contacted: bool | None,
    unit_contacted_at: datetime | None,
    evidence_note: str,
    request_id: str,
) -> Receipt:
    """Answer a return: the round is closed with its reply, and the citizen is asked again.

    Raises NotFound, Stale, IllegalMove or Invalid.
    """
    with access.write(Permission.REWORK_SUBMIT) as work:
        order = work.lock(Order, order_id)
        if casework.repeated(work.already(Round, request_id), order):
            return casework.receipt(work, order)
        work.unchanged(order, seen)
        after = lifecycle.advance(order.status, lifecycle.REDO)
        current = casework.current_round(work, order)
        refuse(_answer_problems(work, current, reply, unit_contacted, unit_contacted_at, evidence_note))
        before: dict[str, Fact] = {"status": order.status.value, "round": order.round}
        order.status, order.round_closed_at = after, work.now
        current.closed_at, current.reply = work.now, reply.strip()
        current.unit_contacted = unit_contacted
        current.unit_contacted_at = unit_contacted_at if unit_contacted else None
        current.evidence_note = evidence_note.strip() or None
        current.submitted_by, current.request_id = work.actor.id, request_id
        late = current.due_at is not None and deadlines.is_late(current.due_at, closed=work.now, now=work.now)
        told: dict[str, Fact] = before | {"status": after.value, "late": late, "unit_contacted": unit_contacted}
        work.record(Event.REWORK_SUBMITTED, order, before=before, after=told, request_id=request_id)
        return casework.receipt(work, order)


# ---------------------------------------------------------------------------------------------------------------------


def _answer_problems(
    work: Work, current: Round, reply: str, contacted: bool | None, contacted_at: datetime | None, evidence: str
) -> dict[str, str | None]:
    wanted = work.session.scalars(
        select(Reason).join(Return, Return.reason_id == Reason.id).where(Return.round_id == current.id)
    ).one_or_none()
    when = None
    if contacted and contacted_at is None:
        when = "required"
    elif contacted and contacted_at is not None and contacted_at > work.now:
        when = "in_the_future"
    needed = 1 if wanted is not None and wanted.needs_evidence else 0
    return {
        "reply": text_problem(reply, SHORTEST_REPLY),
        "unit_contacted": "required" if contacted is None else None,
        "unit_contacted_at": when,
        "evidence_note": text_problem(evidence, needed),
    }


def _in_rework() -> Select[Order, Round, Department, Return, Reason]:
    return (
        select(Order, Round, Department, Return, Reason)
        .join(Round, and_(Round.order_id == Order.id, Round.number == Order.round))
        .join(Return, Return.round_id == Round.id)
        .join(Reason, Reason.id == Return.reason_id)
        .join(Department, Department.id == Round.department_id)
        .where(Order.status == Status.RETURNED, Round.number > 1, Round.closed_at.is_(None))
    )


def _rework_line(
    look: Look,
    calendar: Calendar,
    order: Order,
    current: Round,
    department: Department,
    sent: Return,
    reason: Reason,
) -> ReworkLine:
    days_left = late_days = None
    due_at = current.due_at or sent.due_at
    with suppress(NotCovered):  # A year without a calendar has deadlines all the same; days cannot be counted in it.
        days_left = deadlines.working_days_left(due_at, now=look.now, calendar=calendar)
        late_days = deadlines.lateness(due_at, closed=None, now=look.now, calendar=calendar).working_days
    return ReworkLine(
        order_id=order.id,
        number=order.number,
        title=order.title,
        department=Named.of(department),
        round=order.round,
        reason=Named.of(reason),
        instruction=sent.instruction,
        returned_at=sent.returned_at,
        due_at=due_at,
        days_left=days_left,
        late=deadlines.is_late(due_at, closed=None, now=look.now),
        late_days=late_days,
    )


def _calendar(look: Look, due: list[datetime]) -> Calendar:
    """Return the calendar that reaches from the first of these deadlines to the last, and over today."""
    days = [deadlines.local_day(moment) for moment in (*due, look.now)]
    return calendar_around(look, min(days), max(days) + timedelta(days=1))
