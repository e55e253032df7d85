"""Call citizens back: the queue, one order to call about, writing down what came of it, and revealing a number."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true, tuple_

from db.orders import Answer, Attempt, AttemptReason, Contact, Finding, Order, Rating, Round
from db.reference import Channel, Department, Grade, OrderType, RatingScale
from db.vocabulary import Event, RatingSource, Satisfaction, Status
from services import casework
from services.access import Access, Look, Work
from services.callback_case import Case, case_of, history_of
from services.code_lists import CodeLists
from services.errors import Invalid, NotFound
from services.rules import attempts, lifecycle, survey
from services.rules.deadlines import start_of
from services.rules.dispositions import Tried
from services.rules.permissions import Permission
from services.rules.survey import Verdict, Visit
from services.views import Named, Receipt

MOST_COUNTED = 1000
"""A queue longer than this is shown as "1000+": counting on would cost more than it tells."""
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Waiting:
    """One order of the queue; `standing` is the dissatisfied rating that makes it urgent."""

    order_id: int
    number: str
    title: str
    order_type: Named
    department: Named | None
    round: int
    closed_at: datetime
    standing: Satisfaction | None
    attempts: int


@dataclass(frozen=True, slots=True)
class Queue:
    """The head of the queue, how long it is (None: more than can be counted quickly), and my own day so far."""

    rows: tuple[Waiting, ...]
    waiting: int | None
    more: bool
    calls_today: int
    answered_today: int


@dataclass(frozen=True, slots=True)
class Revealed:
    """A telephone number in full: that it was shown is in the trail."""

    order_id: int
    phone: str | None
    repeated: bool


def queue(access: Access, *, after: int | None = None, limit: int = 20) -> Queue:
    """Return who is to be called: standing dissatisfaction first, then higher rounds, then those who wait longest.

    `after` is the order that ended the page before; where it is gone, the queue begins again.
    """
    with access.read(Permission.CALLBACK_VIEW) as look:
        last = look.session.get(Order, after) if after is not None else None
        where = _after(last) if last is not None else true()
        found = look.session.execute(_waiting().where(where).order_by(*_AS_INDEXED).limit(limit + 1))
        rows = found.all()
        counted = look.session.scalar(
            select(func.count()).select_from(
                select(Order.id).where(Order.status == Status.DUE).limit(MOST_COUNTED + 1).subquery()
            )
        )
        calls, answered = _my_day(look)
        return Queue(
            rows=tuple(_line(*row) for row in rows[:limit]),
            waiting=counted if counted is not None and counted <= MOST_COUNTED else None,
            more=len(rows) > limit,
            calls_today=calls,
            answered_today=answered,
        )


def case(access: Access, *, order_id: int) -> Case:
    """Return one order with what a call about it needs; raises NotFound."""
    with access.read(Permission.CALLBACK_VIEW) as look:
        return case_of(look, look.one(Order, order_id))


def record_callback(
    access: Access,
    *,
    order_id: int,
    seen: int,
    visit: Visit,
    request_id: str,
    started_at: datetime | None = None,
) -> Receipt:
    """Write down one call, answered or not, and move the order on as the rules of the day say.

    Sending the same form twice writes one attempt and answers with the same receipt.
    Raises NotFound, Stale, IllegalMove or Invalid with every problem by its field.
    """
    with access.write(Permission.CALLBACK_RECORD) as work:
        order = work.lock(Order, order_id)
        if casework.repeated(work.already(Attempt, request_id), order):
            return casework.receipt(work, order)
        work.unchanged(order, seen)
        # Every outcome of a call starts where another try may be made: refuse before the answers are looked at.
        lifecycle.advance(order.status, lifecycle.RETRY)
        lists = CodeLists.read(work)
        current = casework.current_round(work, order)
        verdict = survey.judge(
            visit,
            lists.book,
            unit_contacted=current.unit_contacted,
            order_type=work.one(OrderType, order.order_type_id).code,
            today=work.today,
        )
        move = _move(work, order, current, verdict, lists)
        before = _counted(order)
        attempt = _store(work, current, verdict, lists, request_id, started_at)
        _count(work, order, current, verdict, move)
        work.record(
            Event.CALLBACK_RECORDED,
            order,
            before=before,
            after=_counted(order)
            | {
                "move": move.name,
                "attempt": attempt.id,
                "disposition": verdict.disposition.code,
                "reasons": ",".join(verdict.reasons) or None,
                "finding": verdict.finding.value if verdict.finding else None,
                "rules": lists.in_force.rules.name,
            },
            request_id=request_id,
        )
        return casework.receipt(work, order)


def reveal_contact(access: Access, *, order_id: int, reason: str, request_id: str) -> Revealed:
    """Return the citizen's telephone number, and write down who looked and why; raises NotFound or Invalid."""
    with access.write(Permission.CONTACT_REVEAL) as work:
        order = work.lock(Order, order_id)
        contact = work.session.get(Contact, order_id)
        if contact is None:
            raise NotFound(kind="contacts")
        why = reason.strip()
        if not why or len(why) > LONGEST_REASON:
            raise Invalid({"reveal_reason": "too_long" if why else "required"})
        if not work.sent_before(order, request_id):
            work.record(Event.CONTACT_REVEALED, order, reason=why, request_id=request_id)
        return Revealed(order_id, contact.phone, work.repeated)


# The queue ------------------------------------------------------------------------------------------------------------


_AS_INDEXED = (Order.satisfaction, Order.round.desc(), Order.closed_at, Order.id)
"""The order of `ix_orders_due_queue`: what has no rating has nothing in the column, and comes last."""


def _waiting() -> Select[Order, OrderType, Department]:
    return (
        select(Order, OrderType, Department)
        .join(OrderType, OrderType.id == Order.order_type_id)
        .outerjoin(Department, Department.id == Order.department_id)
        .where(Order.status == Status.DUE)
    )


def _after(last: Order) -> ColumnElement[bool]:
    """Return what comes after an order in the queue."""
    same = tuple_(Order.closed_at, Order.id) > (last.closed_at, last.id)
    later = or_(Order.round < last.round, and_(Order.round == last.round, same))
    if last.satisfaction is None:
        return and_(Order.satisfaction.is_(None), later)
    worse = or_(Order.satisfaction > last.satisfaction, Order.satisfaction.is_(None))
    return or_(worse, and_(Order.satisfaction == last.satisfaction, later))


def _line(order: Order, order_type: OrderType, department: Department | None) -> Waiting:
    return Waiting(
        order_id=order.id,
        number=order.number,
        title=order.title,
        order_type=Named.of(order_type),
        department=Named.of(department) if department else None,
        round=order.round,
        closed_at=order.closed_at or order.accepted_at,
        standing=order.satisfaction,
        attempts=order.attempts,
    )


def _my_day(look: Look) -> tuple[int, int]:
    """Return how many calls the person has recorded today, and how many of them were answered."""
    rated = select(Rating.id).where(Rating.attempt_id == Attempt.id).exists()
    made = look.session.execute(
        select(func.count(), func.count().filter(rated)).where(
            Attempt.agent_id == look.actor.id, Attempt.recorded_at >= start_of(look.today)
        )
    ).one()
    return int(made[0]), int(made[1])


# Writing down ---------------------------------------------------------------------------------------------------------


def _move(look: Look, order: Order, current: Round, verdict: Verdict, lists: CodeLists) -> lifecycle.Move:
    """Return what the call does to the order, by the answer or by the attempt policy."""
    rules = lists.in_force.rules
    tried = Tried(verdict.disposition, look.now)
    progress = attempts.after_attempt(history_of(look, current, lists.book), tried, lists.in_force_policy.policy)
    place = {"round_number": order.round, "max_rounds": rules.max_rounds.value}
    if verdict.satisfaction is not None:
        return lifecycle.after_answer(verdict.satisfaction, **place)
    if progress.step == attempts.Step.AGAIN:
        return lifecycle.RETRY
    return lifecycle.after_silence(casework.standing(look, current), **place)


def _store(
    work: Work,
    current: Round,
    verdict: Verdict,
    lists: CodeLists,
    request_id: str,
    started_at: datetime | None,
) -> Attempt:
    """Add the attempt, and with an answer its rating, answers, reasons and finding: all of the round's department."""
    of_round = {"order_id": current.order_id, "round_id": current.id, "department_id": current.department_id}
    attempt = work.add(
        Attempt(
            **of_round,
            agent_id=casework.acting_person(work),
            disposition_id=lists.dispositions[verdict.disposition.code].id,
            started_at=min(started_at or work.now, work.now),
            recorded_at=work.now,
            note=verdict.note,
            request_id=request_id,
        )
    )
    of_attempt = {"attempt_id": attempt.id, "department_id": current.department_id}
    for question, value in verdict.answers.items():
        asked = lists.asked.id
        work.session.add(Answer(**of_attempt, questionnaire_id=asked, question=question, value=value))
    for code in verdict.reasons:
        work.session.add(AttemptReason(**of_attempt, reason_id=lists.reasons[code].id))
    if verdict.finding is not None:
        work.session.add(Finding(**of_round, attempt_id=attempt.id, kind=verdict.finding, found_at=work.now))
    if verdict.satisfaction is not None:
        work.session.add(
            Rating(
                **of_round,
                source=RatingSource.CALLBACK,
                channel_id=work.session.scalar(select(Channel.id).where(Channel.code == "callback")),
                grade_id=_grade(work, verdict),
                satisfaction=verdict.satisfaction,
                rule_set_id=lists.in_force.id,
                rated_at=work.now,
                attempt_id=attempt.id,
            )
        )
    return attempt


def _grade(look: Look, verdict: Verdict) -> int:
    of_scale = select(Grade.id).join(RatingScale, RatingScale.id == Grade.scale_id)
    return look.session.scalars(of_scale.where(RatingScale.code == verdict.scale, Grade.code == verdict.grade)).one()


def _count(work: Work, order: Order, current: Round, verdict: Verdict, move: lifecycle.Move) -> None:
    """Put what came of the call into the columns that are counted, and settle the round where the call ended it."""
    order.status = lifecycle.advance(order.status, move)
    order.attempts += 1
    order.called = True
    order.reached = order.reached or verdict.reached
    if verdict.satisfaction is not None:
        order.rated = True
        order.satisfaction, order.solved = verdict.satisfaction, verdict.solved
        order.counted_department_id = current.department_id
    if order.status == Status.ESCALATED:
        order.escalated = True
    if order.status == Status.ARCHIVED:
        order.outcome = casework.outcome_of(order)
    if move != lifecycle.RETRY:
        current.settled_at = work.now
        current.satisfaction = verdict.satisfaction or casework.standing(work, current)


def _counted(order: Order) -> dict[str, str | int | bool | None]:
    return {
        "status": order.status.value,
        "satisfaction": order.satisfaction.value if order.satisfaction else None,
        "solved": order.solved.value if order.solved else None,
        "attempts": order.attempts,
        "reached": order.reached,
    }
