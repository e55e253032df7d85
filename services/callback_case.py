"""One order to call about: what a call needs, who holds it, and how the earlier calls of its round ended."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from db.callbacks import CallbackCase
from db.orders import Attempt, Order, Round
from db.people import Person, PersonSkill
from db.reference import Disposition, OrderType, Skill
from services import casework
from services.access import Look
from services.casework import OrderFacts
from services.code_lists import CodeLists, DispositionChoice, Question, ReasonChoice
from services.history import stands
from services.rules.dispositions import Tried
from services.rules.survey import Book
from services.views import Named


@dataclass(frozen=True, slots=True)
class Hold:
    """A case in somebody's hands, until a moment after which it is free again; `picked`: it was taken by hand."""

    order_id: int
    person_id: int
    name: str
    since: datetime
    until: datetime
    mine: bool
    picked: bool


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that a call needs: the order with its story, what can be written down, and who holds it."""

    order: OrderFacts
    questions: tuple[Question, ...]
    reasons: tuple[ReasonChoice, ...]
    dispositions: tuple[DispositionChoice, ...]
    attempts_made: int
    attempts_allowed: int
    text_length: int
    looked_at: datetime
    opening: Named | None = None
    hold: Hold | None = None


def case_of(look: Look, order: Order) -> Case:
    """Return one order with what a call about it needs."""
    lists = CodeLists.read(look)
    current = casework.current_round(look, order)
    kept = kept_case(look, order)
    return Case(
        order=casework.facts_of(look, order),
        questions=lists.question_choices(look),
        reasons=lists.reason_choices(look.one(OrderType, order.order_type_id).code),
        dispositions=lists.disposition_choices(),
        attempts_made=len(history_of(look, current, lists.book)),
        attempts_allowed=lists.in_force_policy.policy.max_attempts.value,
        text_length=lists.in_force.rules.reason_text_length.value,
        looked_at=look.now,
        opening=lists.opening,
        hold=hold_of(look, kept) if kept else None,
    )


def kept_case(look: Look, order: Order, *, lock: bool = False) -> CallbackCase | None:
    """Return what the queue keeps of an order's round, None where the round never came to be asked about."""
    found = select(CallbackCase).where(CallbackCase.order_id == order.id, CallbackCase.round == order.round)
    if lock:
        found = found.with_for_update().execution_options(populate_existing=True)
    return look.session.scalars(found).one_or_none()


def hold_of(look: Look, kept: CallbackCase) -> Hold | None:
    """Return who holds a case, None where it is free: never taken, given back, or left for too long."""
    if kept.held_by is None or kept.held_since is None or kept.held_until is None or kept.held_until < look.now:
        return None
    holder = look.session.get(Person, kept.held_by)
    return Hold(
        order_id=kept.order_id,
        person_id=kept.held_by,
        name=holder.name if holder else "",
        since=kept.held_since,
        until=kept.held_until,
        mine=kept.held_by == look.actor.id,
        picked=kept.picked,
    )


def history_of(look: Look, current: Round, book: Book) -> list[Tried]:
    """Return how the earlier calls of a round ended, each as it was corrected where it was."""
    made = look.session.execute(
        select(Disposition.code, Attempt.recorded_at, Attempt.number)
        .join(Attempt, Attempt.disposition_id == Disposition.id)
        .where(Attempt.round_id == current.id, stands())
        .order_by(Attempt.id)
    )
    return [Tried(book.dispositions[code], at, number) for code, at, number in made]


def skills_of(look: Look, person: int) -> list[str]:
    """Return what somebody can do that a case may need."""
    mine = select(Skill.code).join(PersonSkill, PersonSkill.skill_id == Skill.id).order_by(Skill.code)
    return list(look.session.scalars(mine.where(PersonSkill.person_id == person, PersonSkill.active)))
