"""The facts of one order as everybody who works on it needs them: the order, its rounds, its ratings, its calls."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select

from db.orders import Answer, Attempt, AttemptReason, Contact, Order, Rating, Return, Round
from db.people import Person
from db.reference import Category, Channel, Department, Disposition, Grade, OrderType, Place, Reason
from db.vocabulary import Outcome, RatingSource, Satisfaction, Status
from services.access import Look, Work
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.rules.questionnaire import WORDS
from services.views import Named, Receipt

LONGEST_TEXT = 2000

Listed = TypeVar("Listed", Category, Department, Place)
CodeList = Category | Channel | Department | Disposition | Grade | OrderType | Place | Reason


@dataclass(frozen=True, slots=True)
class RoundFacts:
    """One go at the order: what was asked of the department, what it answered, and how it ended."""

    number: int
    department: Named | None
    opened_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    reply: str | None
    unit_contacted: bool | None
    unit_contacted_at: datetime | None
    evidence_note: str | None
    instruction: str | None
    return_reason: Named | None
    satisfaction: Satisfaction | None


@dataclass(frozen=True, slots=True)
class RatingFacts:
    """One rating as it was given, and what it counted as."""

    round: int
    source: RatingSource
    grade: Named
    satisfaction: Satisfaction
    rated_at: datetime


@dataclass(frozen=True, slots=True)
class CallFacts:
    """One try to call, and what the citizen said where there was an answer."""

    round: int
    agent: str
    recorded_at: datetime
    disposition: Named
    note: str | None
    reasons: tuple[Named, ...]
    words: str | None


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """An order with its whole story so far, newest last; the telephone number is masked."""

    id: int
    number: str
    version: int
    status: Status
    round: int
    title: str
    text: str
    requester: str | None
    phone: str | None
    confidential: bool
    order_type: Named
    category: Named | None
    place: Named | None
    address: str | None
    department: Named | None
    accepted_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    satisfaction: Satisfaction | None
    rounds: tuple[RoundFacts, ...]
    ratings: tuple[RatingFacts, ...]
    calls: tuple[CallFacts, ...]

    @property
    def current(self) -> RoundFacts:
        """The last round."""
        return self.rounds[-1]


def facts_of(look: Look, order: Order) -> OrderFacts:
    """Return an order with everything that happened to it."""
    contact = look.session.get(Contact, order.id)
    return OrderFacts(
        id=order.id,
        number=order.number,
        version=order.version,
        status=order.status,
        round=order.round,
        title=order.title,
        text=order.text,
        requester=order.requester,
        phone=masked(contact.phone if contact else None),
        confidential=order.confidential,
        order_type=named(look.one(OrderType, order.order_type_id)),
        category=_listed(look, Category, order.category_id),
        place=_listed(look, Place, order.place_id),
        address=order.address or order.place_text,
        department=_listed(look, Department, order.department_id),
        accepted_at=order.accepted_at,
        due_at=order.due_at,
        closed_at=order.closed_at,
        satisfaction=order.satisfaction,
        rounds=_rounds(look, order),
        ratings=_ratings(look, order),
        calls=_calls(look, order),
    )


def current_round(look: Look, order: Order) -> Round:
    """Return the order's last round."""
    return look.session.scalars(select(Round).where(Round.order_id == order.id, Round.number == order.round)).one()


def outcome_of(order: Order) -> Outcome:
    """Return what an order amounts to in the end.

    The counted rating is that of the last round that has one: a later round that ends in silence takes nothing back,
    so that a score never rises by silence. Without any rating the order is unreached where it was called, and unasked
    where it was not; neither is satisfaction.
    """
    if order.satisfaction is not None:
        return Outcome(order.satisfaction.value)
    return Outcome.UNREACHED if order.called else Outcome.UNASKED


def named(row: CodeList) -> Named:
    """Return a row of a code list with its names in both languages."""
    return Named(row.id, row.code, row.name, row.name_en or "")


def masked(phone: str | None) -> str | None:
    """Return a telephone number of which the middle cannot be read; a short one shows its last two digits only.

    >>> masked("138-1234-5678"), masked("12345"), masked(None)
    ('138****5678', '****45', None)
    """
    digits = "".join(character for character in phone or "" if character.isalnum())
    if not digits:
        return None
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) > 8 else f"****{digits[-2:]}"


def acting_person(work: Work) -> int:
    """Return the number of the person who acts; the program itself calls nobody and returns nothing."""
    if work.actor.id is None:
        raise NotAllowed()
    return work.actor.id


def receipt(work: Work, order: Order) -> Receipt:
    """Return what a command answers, once the order's new version is known."""
    work.session.flush()
    return Receipt(order.id, order.number, order.version, order.status, repeated=work.repeated)


def standing(look: Look, current: Round) -> Satisfaction | None:
    """Return the last rating of a round."""
    return look.session.scalars(
        select(Rating.satisfaction)
        .where(Rating.round_id == current.id)
        .order_by(Rating.rated_at.desc(), Rating.id.desc())
        .limit(1)
    ).one_or_none()


def text_problem(text: str, least: int) -> str | None:
    """Return what is wrong with a written text of at least so many characters, or None."""
    length = len(text.strip())
    if length < least:
        return "too_short" if length else "required"
    return "too_long" if length > LONGEST_TEXT else None


def refuse(problems: dict[str, str | None]) -> None:
    """Raise Invalid with every problem by its field, or do nothing where there is none."""
    found = {name: problem for name, problem in problems.items() if problem}
    if found:
        raise Invalid(found)


def repeated(earlier: Attempt | Return | Round | None, order: Order) -> bool:
    """Say whether this form was sent before; an id that belongs to another order is refused."""
    if earlier is not None and earlier.order_id != order.id:
        raise Conflict()
    return earlier is not None


# ---------------------------------------------------------------------------------------------------------------------


def _listed(look: Look, kind: type[Listed], key: int | None) -> Named | None:
    if key is None:
        return None
    found = look.session.get(kind, key)
    if found is None:
        raise NotFound(kind=kind.__tablename__)
    return named(found)


def _rounds(look: Look, order: Order) -> tuple[RoundFacts, ...]:
    found = look.session.execute(
        select(Round, Return, Reason, Department)
        .outerjoin(Return, Return.round_id == Round.id)
        .outerjoin(Reason, Reason.id == Return.reason_id)
        .outerjoin(Department, Department.id == Round.department_id)
        .where(Round.order_id == order.id)
        .order_by(Round.number)
    )
    return tuple(
        RoundFacts(
            number=row.number,
            department=named(department) if department else None,
            opened_at=row.opened_at,
            due_at=row.due_at,
            closed_at=row.closed_at,
            reply=row.reply,
            unit_contacted=row.unit_contacted,
            unit_contacted_at=row.unit_contacted_at,
            evidence_note=row.evidence_note,
            instruction=sent.instruction if sent else None,
            return_reason=named(reason) if reason else None,
            satisfaction=row.satisfaction,
        )
        for row, sent, reason, department in found
    )


def _ratings(look: Look, order: Order) -> tuple[RatingFacts, ...]:
    found = look.session.execute(
        select(Rating, Round.number, Grade)
        .join(Round, Round.id == Rating.round_id)
        .join(Grade, Grade.id == Rating.grade_id)
        .where(Rating.order_id == order.id)
        .order_by(Rating.rated_at, Rating.id)
    )
    return tuple(
        RatingFacts(number, row.source, named(grade), row.satisfaction, row.rated_at) for row, number, grade in found
    )


def _calls(look: Look, order: Order) -> tuple[CallFacts, ...]:
    """Return the calls with their reasons and the citizen's words, in three statements whatever their number."""
    found = look.session.execute(
        select(Attempt, Round.number, Disposition, Person.name)
        .join(Round, Round.id == Attempt.round_id)
        .join(Disposition, Disposition.id == Attempt.disposition_id)
        .outerjoin(Person, Person.id == Attempt.agent_id)
        .where(Attempt.order_id == order.id)
        .order_by(Attempt.recorded_at, Attempt.id)
    ).all()
    numbers = [row[0].id for row in found]
    reasons: dict[int, list[Named]] = {}
    given = select(AttemptReason.attempt_id, Reason).join(Reason, Reason.id == AttemptReason.reason_id)
    for attempt, reason in look.session.execute(
        given.where(AttemptReason.attempt_id.in_(numbers)).order_by(Reason.code)
    ):
        reasons.setdefault(attempt, []).append(named(reason))
    said = select(Answer.attempt_id, Answer.value).where(Answer.attempt_id.in_(numbers), Answer.question == WORDS)
    words = {attempt: value for attempt, value in look.session.execute(said)}
    return tuple(
        CallFacts(
            round=number,
            agent=agent or "",
            recorded_at=row.recorded_at,
            disposition=named(disposition),
            note=row.note,
            reasons=tuple(reasons.get(row.id, ())),
            words=words.get(row.id),
        )
        for row, number, disposition, agent in found
    )
