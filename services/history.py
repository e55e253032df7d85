"""What happened to an order: its rounds as chapters, and in each of them the reply, the calls and the ratings.

Everybody who reads an order reads this, whether it is only looked at or worked on.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import aliased

from db.callbacks import Recode, RecodeReason
from db.orders import Answer, Attempt, AttemptReason, Finding, Order, Rating, Return, Round
from db.people import Person
from db.reference import Channel, Department, Disposition, Grade, Questionnaire, RatingScale, Reason
from db.vocabulary import FindingKind, RatingSource, Satisfaction
from services.access import Look
from services.desk_story import Consulted, Phoned, consulted_of, phoned_of
from services.effective import calendar_around
from services.rules import deadlines, questionnaire
from services.rules.deadlines import Explanation
from services.rules.questions import WORDS, Question, chosen
from services.views import Named

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rated:
    """A rating as it was given, and what it counted as; `counts` marks the one that the scores go by.

    `corrected`: its call was corrected afterwards, and the rating is kept without counting.
    """

    id: int
    round: int
    source: RatingSource
    grade: Named
    satisfaction: Satisfaction
    channel: Named | None
    rated_at: datetime
    call_id: int | None
    counts: bool
    corrected: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of a call as it is stored, with the question and what was chosen in words where there are any."""

    question: str
    value: str
    ask: Named | None
    said: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """Which reasons a supervisor read in the citizen's words, beside those that the agent wrote down."""

    reasons: tuple[Named, ...]
    agrees: bool
    note: str | None
    by: str | None
    recoded_at: datetime


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt to call. `agent` is None where the reader may not see who it was.

    `corrected_at`: it was corrected then, by the call that names it in `corrects`, and is kept without counting.
    """

    id: int
    round: int
    agent: str | None
    disposition: Named
    contacted: bool
    started_at: datetime
    recorded_at: datetime
    note: str | None
    answers: tuple[Answered, ...]
    reasons: tuple[Named, ...]
    words: str | None
    reading: Reading | None
    findings: tuple[FindingKind, ...]
    phoned: tuple[Phoned, ...] = ()
    corrects: int | None = None
    corrected_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SentBack:
    """Why a round was opened: what is to be done again, and who says so."""

    reason: Named
    instruction: str
    by: str | None
    returned_at: datetime


@dataclass(frozen=True, slots=True)
class Chapter:
    """One round. `deadline` accounts for every day on the way to it, where the rule set made the deadline."""

    id: int
    number: int
    department: Named | None
    opened_at: datetime
    due_at: datetime | None
    due_days: int | None
    deadline: Explanation | None
    late: bool
    closed_at: datetime | None
    reply: str | None
    unit_contacted: bool | None
    unit_contacted_at: datetime | None
    evidence_note: str | None
    settled_at: datetime | None
    satisfaction: Satisfaction | None
    sent_back: SentBack | None
    calls: tuple[Call, ...]
    ratings: tuple[Rated, ...]
    consulted: tuple[Consulted, ...] = ()


def chapters_of(look: Look, order: Order) -> tuple[Chapter, ...]:
    """Return the rounds of an order, oldest first, each with what was asked, answered, called and rated in it."""
    rounds = look.session.scalars(select(Round).where(Round.order_id == order.id).order_by(Round.number)).all()
    calendar = _calendar(look, rounds)
    calls, ratings, returns = _calls(look, order, rounds), _ratings(look, order, rounds), _returns(look, order.id)
    consulted = consulted_of(look, order.id)
    return tuple(
        Chapter(
            id=row.id,
            number=row.number,
            department=by_id(look, Department, row.department_id),
            opened_at=row.opened_at,
            due_at=row.due_at,
            due_days=row.due_days,
            deadline=_explained(row, calendar),
            late=row.due_at is not None and deadlines.is_late(row.due_at, closed=row.closed_at, now=look.now),
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
            consulted=consulted.get(row.number, ()),
        )
        for row in rounds
    )


def stands() -> ColumnElement[bool]:
    """Return the condition that an attempt was not corrected by another one: what was corrected counts no more."""
    correction = aliased(Attempt)
    return ~select(correction.id).where(correction.corrects_id == Attempt.id).exists()


def by_id(look: Look, kind: Any, number: int | None) -> Named | None:
    """Return the row of a code list with its names, or None where an order has none."""
    row = look.session.get(kind, number) if number is not None else None
    return Named.of(row) if row is not None else None


# ---------------------------------------------------------------------------------------------------------------------


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


def _calls(look: Look, order: Order, rounds: Sequence[Round]) -> Mapping[int, list[Call]]:
    place = {row.id: row.number for row in rounds}
    of_order = select(Attempt.id).where(Attempt.order_id == order.id)
    answers = _grouped(
        (row.attempt_id, row) for row in look.session.scalars(_of_attempts(Answer, of_order).order_by(Answer.id))
    )
    reasons: Mapping[int, list[Named]] = _grouped(
        (number, Named.of(reason))
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
    readings, phoned = _readings(look, order), phoned_of(look, order.id)
    answered = _answered(look, {one.questionnaire_id for said in answers.values() for one in said})
    rows = look.session.execute(
        select(Attempt, Disposition, Person.name)
        .join(Disposition, Disposition.id == Attempt.disposition_id)
        .outerjoin(Person, Person.id == Attempt.agent_id)
        .where(Attempt.order_id == order.id)
        .order_by(Attempt.recorded_at, Attempt.id)
    ).all()
    corrected = {row.Attempt.corrects_id: row.Attempt.recorded_at for row in rows if row.Attempt.corrects_id}
    return _grouped(
        (
            attempt.round_id,
            Call(
                id=attempt.id,
                round=place[attempt.round_id],
                agent=agent,
                disposition=Named.of(disposition),
                contacted=disposition.contacted,
                started_at=attempt.started_at,
                recorded_at=attempt.recorded_at,
                note=attempt.note,
                answers=tuple(answered(one) for one in answers[attempt.id] if one.question != WORDS),
                reasons=tuple(reasons[attempt.id]),
                words=next((one.value for one in answers[attempt.id] if one.question == WORDS), None),
                reading=readings.get(attempt.id),
                findings=tuple(findings[attempt.id]),
                phoned=phoned.get(attempt.id, ()),
                corrects=attempt.corrects_id,
                corrected_at=corrected.get(attempt.id),
            ),
        )
        for attempt, disposition, agent in rows
    )


def _readings(look: Look, order: Order) -> Mapping[int, Reading]:
    """Return the last reading of each call."""
    rows = look.session.execute(
        select(Recode, Person.name)
        .outerjoin(Person, Person.id == Recode.recoded_by)
        .where(Recode.order_id == order.id)
        .order_by(Recode.id)
    ).all()
    read: Mapping[int, list[Named]] = _grouped(
        (number, Named.of(reason))
        for number, reason in look.session.execute(
            select(RecodeReason.recode_id, Reason)
            .join(Reason, Reason.id == RecodeReason.reason_id)
            .where(RecodeReason.recode_id.in_([row.id for row, _ in rows]))
            .order_by(Reason.code)
        )
    )
    return {row.attempt_id: Reading(tuple(read[row.id]), row.agrees, row.note, by, row.recoded_at) for row, by in rows}


def _answered(look: Look, asked: set[int]) -> Callable[[Answer], Answered]:
    """Return how an answer is told: in the words of its own questionnaire, a grade by its name on the scale."""
    questions: dict[tuple[int, str], Question] = {}
    for row in look.session.scalars(select(Questionnaire).where(Questionnaire.id.in_(asked))):
        for question in questionnaire.parse(row.document).questions:
            questions[row.id, question.code] = question
    scales = {question.scale for question in questions.values() if question.scale is not None}
    graded = select(RatingScale.code, Grade).join(Grade, Grade.scale_id == RatingScale.id)
    grades = {
        (scale, grade.code): Named.of(grade)
        for scale, grade in look.session.execute(graded.where(RatingScale.code.in_(scales)))
    }

    def answered(one: Answer) -> Answered:
        question = questions.get((one.questionnaire_id, one.question))
        if question is None:
            return Answered(one.question, one.value, None, ())
        words = {choice.code: Named.text(choice.code, choice.name) for choice in question.choices if choice.name}
        words |= {code: named for (scale, code), named in grades.items() if scale == question.scale}
        ask = Named.text(question.code, question.ask) if question.ask else None
        return Answered(one.question, one.value, ask, tuple(words[code] for code in chosen(one.value) if code in words))

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
    of_order = select(Attempt.corrects_id).where(Attempt.order_id == order.id, Attempt.corrects_id.is_not(None))
    corrected = set(look.session.scalars(of_order))
    standing = [row.Rating for row in ordered if row.Rating.attempt_id not in corrected]
    last = standing[-1] if standing else None
    counts = last.id if last and order.satisfaction == last.satisfaction else None
    return _grouped(
        (
            rating.round_id,
            Rated(
                id=rating.id,
                round=place[rating.round_id],
                source=rating.source,
                grade=Named.of(grade),
                satisfaction=rating.satisfaction,
                channel=Named.of(channel) if channel else None,
                rated_at=rating.rated_at,
                call_id=rating.attempt_id,
                counts=rating.id == counts,
                corrected=rating.attempt_id in corrected,
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
    return {row.round_id: SentBack(Named.of(reason), row.instruction, by, row.returned_at) for row, reason, by in rows}


def _grouped(pairs: Iterable[tuple[int, T]]) -> Mapping[int, list[T]]:
    groups: dict[int, list[T]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups
