"""What everybody who works on an order needs: its facts, and the checks and receipts that their commands share."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from db.orders import Attempt, Contact, Order, Rating, Return, Round
from db.reference import Category, Department, OrderType, Place
from db.vocabulary import Outcome, Satisfaction, Status
from services.access import Look, Work
from services.errors import Conflict, Invalid, NotAllowed
from services.history import Call, Chapter, Rated, by_id, chapters_of, stands
from services.rules.masking import masked_phone
from services.views import Named, Receipt

LONGEST_TEXT = 2000


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
    chapters: tuple[Chapter, ...]

    @property
    def current(self) -> Chapter:
        """The last round."""
        return self.chapters[-1]

    @property
    def ratings(self) -> tuple[Rated, ...]:
        """The ratings of all rounds, newest last, without those of calls that were corrected."""
        return tuple(rating for chapter in self.chapters for rating in chapter.ratings if not rating.corrected)

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls of all rounds, newest last."""
        return tuple(call for chapter in self.chapters for call in chapter.calls)


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
        phone=masked_phone(contact.phone if contact else None),
        confidential=order.confidential,
        order_type=Named.of(look.one(OrderType, order.order_type_id)),
        category=by_id(look, Category, order.category_id),
        place=by_id(look, Place, order.place_id),
        address=order.address or order.place_text,
        department=by_id(look, Department, order.department_id),
        accepted_at=order.accepted_at,
        due_at=order.due_at,
        closed_at=order.closed_at,
        satisfaction=order.satisfaction,
        chapters=chapters_of(look, order),
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


def acting_person(work: Work) -> int:
    """Return the number of the person who acts; the program itself calls nobody and returns nothing."""
    if work.actor.id is None:
        raise NotAllowed()
    return work.actor.id


def receipt(work: Work, order: Order, attempt: Attempt | None = None) -> Receipt:
    """Return what a command answers, once the order's new version is known."""
    work.session.flush()
    return Receipt(
        order.id,
        order.number,
        order.version,
        order.status,
        repeated=work.repeated,
        attempt_id=attempt.id if attempt is not None else None,
    )


def standing(look: Look, current: Round) -> Satisfaction | None:
    """Return the last rating of a round; one of a call that was corrected afterwards counts no more."""
    return look.session.scalars(
        select(Rating.satisfaction)
        .outerjoin(Attempt, Attempt.id == Rating.attempt_id)
        .where(Rating.round_id == current.id, stands())
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
