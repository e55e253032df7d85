"""One order whole: rounds, ratings, calls, returns and its trail."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select

from db.orders import Answer, Attempt, AttemptReason, Contact, Finding, Order, Rating, Return, Round
from db.people import Person
from db.records import EventRow
from db.reference import (
    Category,
    Channel,
    Department,
    Disposition,
    Grade,
    OrderType,
    Place,
    Questionnaire,
    RatingScale,
    Reason,
)
from db.vocabulary import FindingKind, Role, Status
from services.access import Access, Look
from services.casework import masked, named
from services.effective import calendar_around
from services.errors import NotFound
from services.orders.shapes import Answered, Call, Chapter, Happening, OrderStory, Rated, SentBack
from services.rules import deadlines, questionnaire
from services.rules.lifecycle import open_moves
from services.rules.permissions import SCOPED, Permission
from services.rules.questionnaire import WORDS
from services.views import Named

_SHOWN = 200
"""Lines of the trail that are read with an order; the trail's own screen has them all."""

T = TypeVar("T")


def view(access: Access, *, order_id: int) -> OrderStory:
    """Return one order whole; raises NotFound where there is none within reach."""
    with access.read(Permission.ORDER_VIEW) as look:
        order = look.one(Order, order_id)
        contact = look.session.get(Contact, order.id)
        return OrderStory(
            id=order.id,
            number=order.number,
            source=order.source,
            version=order.version,
            status=order.status,
            round=order.round,
            title=order.title,
            text=order.text,
            order_type=_sure(_by_id(look, OrderType, order.order_type_id)),
            category=_path(look, Category, order.category_id),
            place=_path(look, Place, order.place_id),
            place_text=order.place_text,
            address=order.address,
            channel=_by_id(look, Channel, order.channel_id),
            department=_by_id(look, Department, order.department_id),
            counted_department=_by_id(look, Department, order.counted_department_id),
            requester=order.requester,
            phone=masked(contact.phone) if contact else None,
            confidential=order.confidential,
            accepted_at=order.accepted_at,
            due_at=order.due_at,
            closed_at=order.closed_at,
            late=order.due_at is not None and _late(order.due_at, order.closed_at, look.now),
            official_late=order.official_late,
            outcome=order.outcome,
            satisfaction=order.satisfaction,
            solved=order.solved,
            escalated=order.escalated,
            excluded=order.excluded,
            chapters=_chapters(look, order),
            happenings=_happenings(look, order.id),
            actions=_actions(look, order, contact),
        )


# ----------------------------------------------------------------------------------------------------------------------


def _actions(look: Look, order: Order, contact: Contact | None) -> frozenset[Permission]:
    """Return what somebody can do with the order now; what an import does is nobody's button."""
    able = {move.needs for move in open_moves(order.status)} - {Permission.ORDER_IMPORT}
    if order.department_id is None or order.status == Status.OPEN:
        able.add(Permission.ORDER_ASSIGN)
    if contact is not None and contact.phone:
        able.add(Permission.CONTACT_REVEAL)
    return frozenset(able & look.actor.permissions)


def _chapters(look: Look, order: Order) -> tuple[Chapter, ...]:
    rounds = look.session.scalars(select(Round).where(Round.order_id == order.id).order_by(Round.number)).all()
    calendar = _calendar(look, rounds)
    calls, ratings, returns = _calls(look, order.id), _ratings(look, order, rounds), _returns(look, order.id)
    return tuple(
        Chapter(
            id=row.id,
            number=row.number,
            department=_by_id(look, Department, row.department_id),
            opened_at=row.opened_at,
            due_at=row.due_at,
            due_days=row.due_days,
            deadline=_explained(row, calendar),
            late=row.due_at is not None and _late(row.due_at, row.closed_at, look.now),
            closed_at=row.closed_at,
            reply=row.reply,
            unit_contacted=row.unit_contacted,
            unit_contacted_at=row.unit_contacted_at,
            evidence_note=row.evidence_note,
            settled_at=row.settled_at,
            satisfaction=row.satisfaction,
            sent_back=returns.get(row.id),
            calls=tuple(calls[row.id]),
            ratings=tuple(ratings[row.id]),
        )
        for row in rounds
    )


def _calendar(look: Look, rounds: Sequence[Round]) -> deadlines.Calendar:
    days = [deadlines.local_day(at) for row in rounds for at in (row.opened_at, row.due_at) if at and row.due_days]
    return calendar_around(look, min(days), max(days)) if days else deadlines.Calendar.of(())


def _explained(row: Round, calendar: deadlines.Calendar) -> deadlines.Explanation | None:
    """Explain a deadline of working days; one from elsewhere, which does not follow from them, stays unexplained."""
    if row.due_at is None or row.due_days is None:
        return None
    try:
        explanation = deadlines.explain(deadlines.local_day(row.opened_at), row.due_days, calendar)
    except deadlines.NotCovered:
        return None
    return explanation if explanation.due == deadlines.local_day(row.due_at) else None


def _calls(look: Look, order_id: int) -> Mapping[int, list[Call]]:
    of_order = select(Attempt.id).where(Attempt.order_id == order_id)
    answers = _grouped(
        (row.attempt_id, row) for row in look.session.scalars(_of_attempts(Answer, of_order).order_by(Answer.id))
    )
    reasons: Mapping[int, list[Named]] = _grouped(
        (number, named(reason))
        for number, reason in look.session.execute(
            select(AttemptReason.attempt_id, Reason)
            .join(Reason, Reason.id == AttemptReason.reason_id)
            .where(AttemptReason.attempt_id.in_(of_order))
            .order_by(Reason.code)
        )
    )
    findings: Mapping[int, list[FindingKind]] = _grouped(
        (row.attempt_id, row.kind) for row in look.session.scalars(_of_attempts(Finding, of_order))
    )
    answered = _answered(look, {one.questionnaire_id for said in answers.values() for one in said})
    rows = look.session.execute(
        select(Attempt, Disposition, Person.name)
        .join(Disposition, Disposition.id == Attempt.disposition_id)
        .outerjoin(Person, Person.id == Attempt.agent_id)
        .where(Attempt.order_id == order_id)
        .order_by(Attempt.recorded_at, Attempt.id)
    )
    return _grouped(
        (
            attempt.round_id,
            Call(
                id=attempt.id,
                agent=agent,
                disposition=named(disposition),
                contacted=disposition.contacted,
                started_at=attempt.started_at,
                recorded_at=attempt.recorded_at,
                note=attempt.note,
                answers=tuple(answered(one) for one in answers[attempt.id] if one.question != WORDS),
                reasons=tuple(reasons[attempt.id]),
                words=next((one.value for one in answers[attempt.id] if one.question == WORDS), None),
                findings=tuple(findings[attempt.id]),
            ),
        )
        for attempt, disposition, agent in rows
    )


def _answered(look: Look, asked: set[int]) -> Callable[[Answer], Answered]:
    """Return how an answer is told: a grade by its name on the scale that the questionnaire asked by."""
    scales: dict[tuple[int, str], str] = {}
    for row in look.session.scalars(select(Questionnaire).where(Questionnaire.id.in_(asked))):
        for question in questionnaire.parse(row.document).questions:
            if question.scale is not None:
                scales[row.id, question.code] = question.scale
    graded = select(RatingScale.code, Grade).join(Grade, Grade.scale_id == RatingScale.id)
    grades = {
        (scale, grade.code): named(grade)
        for scale, grade in look.session.execute(graded.where(RatingScale.code.in_(set(scales.values()))))
    }

    def answered(one: Answer) -> Answered:
        scale = scales.get((one.questionnaire_id, one.question), "")
        return Answered(one.question, one.value, grades.get((scale, one.value)))

    return answered


def _of_attempts(kind: Any, attempts: Any) -> Any:
    return select(kind).where(kind.attempt_id.in_(attempts))


def _ratings(look: Look, order: Order, rounds: Sequence[Round]) -> Mapping[int, list[Rated]]:
    place = {row.id: row.number for row in rounds}
    rows = look.session.execute(
        select(Rating, Grade, Channel)
        .join(Grade, Grade.id == Rating.grade_id)
        .outerjoin(Channel, Channel.id == Rating.channel_id)
        .where(Rating.order_id == order.id)
    ).all()
    ordered = sorted(rows, key=lambda row: (place[row.Rating.round_id], row.Rating.rated_at, row.Rating.id))
    last = ordered[-1].Rating if ordered else None
    counts = last.id if last and order.satisfaction == last.satisfaction else None
    return _grouped(
        (
            rating.round_id,
            Rated(
                id=rating.id,
                source=rating.source,
                grade=named(grade),
                satisfaction=rating.satisfaction,
                channel=named(channel) if channel else None,
                rated_at=rating.rated_at,
                call_id=rating.attempt_id,
                counts=rating.id == counts,
            ),
        )
        for rating, grade, channel in ordered
    )


def _returns(look: Look, order_id: int) -> Mapping[int, SentBack]:
    rows = look.session.execute(
        select(Return, Reason, Person.name)
        .join(Reason, Reason.id == Return.reason_id)
        .outerjoin(Person, Person.id == Return.returned_by)
        .where(Return.order_id == order_id)
    )
    return {row.round_id: SentBack(named(reason), row.instruction, by, row.returned_at) for row, reason, by in rows}


def _happenings(look: Look, order_id: int) -> tuple[Happening, ...]:
    """Return the trail of the order, newest first. A department reads the names of its own people only."""
    rows = look.session.execute(
        select(EventRow, Department, Person.name)
        .outerjoin(Department, Department.id == EventRow.department_id)
        .outerjoin(Person, Person.id == EventRow.actor_id)
        .where(EventRow.order_id == order_id)
        .order_by(EventRow.id.desc())
        .limit(_SHOWN)
    )
    scoped = look.actor.role in SCOPED
    return tuple(
        Happening(
            at=row.at,
            action=row.action,
            actor=None if row.actor_role == Role.SYSTEM else seen if scoped else row.actor_name,
            role=row.actor_role,
            department=named(department) if department else None,
            reason=json.loads(row.body).get("reason"),
        )
        for row, department, seen in rows
    )


def _late(due: datetime, closed: datetime | None, now: datetime) -> bool:
    return deadlines.is_late(due, closed=closed, now=now)


def _grouped(pairs: Iterable[tuple[int, T]]) -> Mapping[int, list[T]]:
    groups: dict[int, list[T]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups


def _path(look: Look, kind: Any, number: int | None) -> tuple[Named, ...]:
    """Return the row with everything above it, from the top down."""
    found: list[Named] = []
    while number is not None and (row := look.session.get(kind, number)) is not None:
        found.insert(0, named(row))
        number = row.parent_id
    return tuple(found)


def _by_id(look: Look, kind: Any, number: int | None) -> Named | None:
    row = look.session.get(kind, number) if number is not None else None
    return named(row) if row is not None else None


def _sure(named: Named | None) -> Named:
    if named is None:
        raise NotFound(kind="order_types")
    return named
