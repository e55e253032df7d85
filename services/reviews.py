"""A supervisor decides what becomes of a dissatisfied order: back to its department for rework, or into the archive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, and_, func, or_, select, tuple_

from db.orders import Attempt, AttemptReason, Finding, Order, Return, Round
from db.reference import Department, Reason
from db.vocabulary import Event, Status
from services import casework
from services.access import Access, Look, Work
from services.casework import OrderFacts, refuse, text_problem
from services.code_lists import CodeLists, ReasonChoice
from services.effective import explained_from, rules_on
from services.errors import Fact
from services.history import stands
from services.rules import deadlines, lifecycle
from services.rules.deadlines import Explanation
from services.rules.permissions import Permission
from services.views import Named, Receipt

SHORTEST_INSTRUCTION = 5
MOST_DAYS = 60
MOST_COUNTED = 1000
UNDECIDED = (Status.DISSATISFIED, Status.ESCALATED)


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """One order that waits for a supervisor's decision, with the reasons of its last round."""

    order_id: int
    number: str
    title: str
    department: Named | None
    status: Status
    round: int
    since: datetime
    reasons: tuple[Named, ...]
    calls_for_rework: bool
    contact_denied: bool


@dataclass(frozen=True, slots=True)
class Reviews:
    """Orders that wait for a decision, escalated ones first; `waiting` is None beyond what is counted."""

    rows: tuple[ReviewLine, ...]
    waiting: int | None
    more: bool


@dataclass(frozen=True, slots=True)
class ReviewCase:
    """What a decision needs: the order, what the rules advise, and the deadline that they propose."""

    order: OrderFacts
    reasons: tuple[Named, ...]
    calls_for_rework: bool
    contact_denied: bool
    choices: tuple[ReasonChoice, ...]
    proposed_days: int
    max_rounds: int
    text_length: int


def review_list(access: Access, *, after: int | None = None, limit: int = 50) -> Reviews:
    """Return the orders that wait for a decision: escalated ones first, then those accepted first."""
    with access.read(Permission.REVIEW_VIEW) as look:
        statement = (
            select(Order, Department, Round)
            .join(Round, and_(Round.order_id == Order.id, Round.number == Order.round))
            .outerjoin(Department, Department.id == Order.department_id)
            .where(Order.status.in_(UNDECIDED))
        )
        last = look.session.get(Order, after) if after is not None else None
        if last is not None:
            same = and_(Order.status == last.status, tuple_(Order.accepted_at, Order.id) > (last.accepted_at, last.id))
            statement = statement.where(or_(Order.status < last.status, same))
        statement = statement.order_by(Order.status.desc(), Order.accepted_at, Order.id).limit(limit + 1)
        found = look.session.execute(statement).all()
        waiting = _count(look, select(Order.id).where(Order.status.in_(UNDECIDED)))
        return Reviews(_review_lines(look, found[:limit]), waiting, more=len(found) > limit)


def review_case(access: Access, *, order_id: int) -> ReviewCase:
    """Return one order with what the decision about it needs; raises NotFound."""
    with access.read(Permission.REVIEW_VIEW) as look:
        order = look.one(Order, order_id)
        current = casework.current_round(look, order)
        lists = CodeLists.read(look)
        given = _reasons(look, [current.id]).get(current.id, ())
        return ReviewCase(
            order=casework.facts_of(look, order),
            reasons=tuple(Named.of(reason) for reason in given),
            calls_for_rework=any(reason.calls_for_rework for reason in given),
            contact_denied=current.id in _denied(look, [current.id]),
            choices=lists.reason_choices(),
            proposed_days=lists.in_force.rules.rework_deadline.value,
            max_rounds=lists.in_force.rules.max_rounds.value,
            text_length=lists.in_force.rules.reason_text_length.value,
        )


def explain_deadline(access: Access, *, days: int) -> Explanation:
    """Return the deadline that a return of today would have, with every day accounted for; raises NotCovered."""
    with access.read(Permission.REVIEW_VIEW) as look:
        return explained_from(look, look.now, min(max(days, 1), MOST_DAYS))


def return_for_rework(
    access: Access, *, order_id: int, seen: int, reason: str, instruction: str, days: int, request_id: str
) -> Receipt:
    """Send an order back to its department: a new round, with a deadline of so many working days, today included.

    The rating of the round that failed goes on counting until the new round has one: neither the return nor a citizen
    who cannot be reached afterwards takes anything back.
    Raises NotFound, Stale, IllegalMove, NotCovered or Invalid.
    """
    with access.write(Permission.ORDER_RETURN) as work:
        order = work.lock(Order, order_id)
        if casework.repeated(work.already(Return, request_id), order):
            return casework.receipt(work, order)
        work.unchanged(order, seen)
        after = lifecycle.advance(order.status, lifecycle.RETURN)
        found = _returnable(work, order, reason, instruction, days)
        before = _facts(order)
        _settle(work, order)
        order.status, order.round, order.reworked = after, order.round + 1, True
        due_at = deadlines.end_of(explained_from(work, work.now, days).due)
        opened = work.add(
            Round(
                order_id=order.id,
                number=order.round,
                department_id=order.department_id,
                opened_at=work.now,
                due_at=due_at,
                due_days=days,
            )
        )
        sent = work.add(
            Return(
                order_id=order.id,
                round_id=opened.id,
                department_id=order.department_id,
                reason_id=found.id,
                instruction=instruction.strip(),
                due_at=due_at,
                returned_by=casework.acting_person(work),
                returned_at=work.now,
                request_id=request_id,
            )
        )
        wanted: dict[str, Fact] = {"return": sent.id, "due_at": due_at.isoformat(), "days": days}
        _record(work, Event.ORDER_RETURNED, order, before, wanted, request_id, reason=found.code)
        return casework.receipt(work, order)


def archive(access: Access, *, order_id: int, seen: int, reason: str, request_id: str) -> Receipt:
    """Accept the dissatisfaction and end the order; the reason must say more where the rules call for rework.

    Raises NotFound, Stale, IllegalMove or Invalid.
    """
    with access.write(Permission.ORDER_ARCHIVE) as work:
        order = work.lock(Order, order_id)
        if work.sent_before(order, request_id):
            return casework.receipt(work, order)
        work.unchanged(order, seen)
        after = lifecycle.advance(order.status, lifecycle.ARCHIVE)
        current = casework.current_round(work, order)
        given = _reasons(work, [current.id]).get(current.id, ())
        against_the_rules = any(one.calls_for_rework for one in given)
        least = rules_on(work, work.today).rules.reason_text_length.value if against_the_rules else 1
        refuse({"archive_reason": text_problem(reason, least)})
        before = _facts(order)
        _settle(work, order)
        order.status = after
        order.outcome = casework.outcome_of(order)
        ended: dict[str, Fact] = {"outcome": order.outcome.value, "rework_called_for": against_the_rules}
        _record(work, Event.ORDER_ARCHIVED, order, before, ended, request_id, reason=reason.strip())
        return casework.receipt(work, order)


# ---------------------------------------------------------------------------------------------------------------------


def _returnable(work: Work, order: Order, code: str, instruction: str, days: int) -> Reason:
    """Return the reason of a return, or refuse with everything that is wrong with it."""
    lists = CodeLists.read(work)
    known = {choice.named.code for choice in lists.reason_choices()}
    problem = None if code in known else "unknown" if code else "required"
    refuse(
        {
            "department": None if order.department_id else "required",
            "return_reason": problem,
            "instruction": text_problem(instruction, SHORTEST_INSTRUCTION),
            "days": None if 1 <= days <= MOST_DAYS else "out_of_range",
        }
    )
    return lists.reasons[code]


def _settle(work: Work, order: Order) -> None:
    """End the order's round where the call has not done so: an imported decision may skip the call."""
    current = casework.current_round(work, order)
    if current.settled_at is None:
        current.settled_at = work.now
        current.satisfaction = casework.standing(work, current)
        work.session.flush()  # The database allows one open round: this one ends before the next is added.


def _count(look: Look, statement: Select[int]) -> int | None:
    counted = look.session.scalar(select(func.count()).select_from(statement.limit(MOST_COUNTED + 1).subquery())) or 0
    return counted if counted <= MOST_COUNTED else None


def _review_lines(look: Look, rows: Sequence[tuple[Order, Department | None, Round]]) -> tuple[ReviewLine, ...]:
    numbers = [current.id for _, _, current in rows]
    given, denied = _reasons(look, numbers), _denied(look, numbers)
    return tuple(
        ReviewLine(
            order_id=order.id,
            number=order.number,
            title=order.title,
            department=Named.of(department) if department else None,
            status=order.status,
            round=order.round,
            since=current.settled_at or current.closed_at or order.accepted_at,
            reasons=tuple(Named.of(reason) for reason in given.get(current.id, ())),
            calls_for_rework=any(reason.calls_for_rework for reason in given.get(current.id, ())),
            contact_denied=current.id in denied,
        )
        for order, department, current in rows
    )


def _reasons(look: Look, rounds: list[int]) -> dict[int, tuple[Reason, ...]]:
    """Return the reasons that citizens gave in these rounds."""
    found = look.session.execute(
        select(Attempt.round_id, Reason)
        .join(AttemptReason, AttemptReason.attempt_id == Attempt.id)
        .join(Reason, Reason.id == AttemptReason.reason_id)
        .where(Attempt.round_id.in_(rounds), stands())
        .order_by(Reason.code)
    )
    given: dict[int, tuple[Reason, ...]] = {}
    for number, reason in found:
        given[number] = (*given.get(number, ()), reason)
    return given


def _denied(look: Look, rounds: list[int]) -> set[int]:
    """Return those of these rounds in which a citizen denied the contact that the department claims."""
    found = select(Finding.round_id).join(Attempt, Attempt.id == Finding.attempt_id)
    return set(look.session.scalars(found.where(Finding.round_id.in_(rounds), stands())))


def _facts(order: Order) -> dict[str, Fact]:
    return {"status": order.status.value, "round": order.round}


def _record(
    work: Work,
    action: Event,
    order: Order,
    before: dict[str, Fact],
    more: dict[str, Fact],
    request_id: str,
    *,
    reason: str | None = None,
) -> None:
    work.record(action, order, before=before, after=_facts(order) | more, reason=reason, request_id=request_id)
