"""Correcting a call that was just recorded: who may, until when, and taking back what the call made of its order.

Nothing is overwritten. The correction is a call of its own that names the one it corrects; both are kept, and what was
corrected counts no more.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import aliased

from db.callbacks import Recode
from db.orders import Answer, Attempt, AttemptReason, Order, Rating, Round
from db.reference import Disposition, Reason
from db.vocabulary import Satisfaction, Solved, Status
from services import calling, casework
from services.access import Look, Work
from services.calling import RoundCalls
from services.errors import Conflict, Fact
from services.history import stands
from services.rules import lifecycle
from services.rules.callback_policy import CallbackPolicy
from services.rules.dispositions import COMPLETE, PARTIAL
from services.rules.questions import SOLVED
from services.views import Named


def refuse(work: Work, order: Order, calls: RoundCalls, attempt: Attempt, *, max_rounds: int) -> None:
    """Raise where a call cannot be corrected (any more): somebody else's, an earlier one, too late, or decided upon.

    Raises Conflict, and MayNotCall while somebody else has the case.
    """
    if attempt.agent_id != casework.acting_person(work):
        raise Conflict("error.correction_not_yours")
    if not calls.made or calls.made[-1][0].id != attempt.id:
        raise Conflict("error.correction_not_latest")
    minutes = calls.policy.correction_minutes.value
    if work.now > _first_recorded(work, attempt).recorded_at + timedelta(minutes=minutes):
        raise Conflict("error.correction_too_late", minutes=minutes)
    calling.called_at(work, calls)
    read_again = select(exists().where(Recode.attempt_id == attempt.id))
    decided = order.status != _left_as(work, order, attempt, max_rounds)
    if decided or order.excluded or calls.case.referred or work.session.scalar(read_again):
        raise Conflict("error.correction_decided")


@dataclass(frozen=True, slots=True)
class Correctable:
    """A call that whoever asks has just recorded, and may correct until a moment."""

    attempt_id: int
    order_id: int
    number: str
    ended: Named
    recorded_at: datetime
    until: datetime


def correctable_of(look: Look, policy: CallbackPolicy, *, max_rounds: int) -> tuple[Correctable, ...]:
    """Return the calls that whoever asks may correct now, the newest first."""
    window = timedelta(minutes=policy.correction_minutes.value)
    later = aliased(Attempt)
    rows = look.session.execute(
        select(Attempt, Order, Disposition)
        .join(Order, Order.id == Attempt.order_id)
        .join(Round, Round.id == Attempt.round_id)
        .join(Disposition, Disposition.id == Attempt.disposition_id)
        .where(
            Attempt.agent_id == look.actor.id,
            Attempt.recorded_at >= look.now - window,
            Round.number == Order.round,
            Order.status.in_(lifecycle.CORRECT.before),
            ~Order.excluded,
            stands(),
            ~exists().where(later.round_id == Attempt.round_id, later.id > Attempt.id),
        )
        .order_by(Attempt.recorded_at.desc(), Attempt.id.desc())
    ).all()
    found = []
    for attempt, order, ended in rows:
        until = _first_recorded(look, attempt).recorded_at + window
        if until >= look.now and order.status == _left_as(look, order, attempt, max_rounds):
            found.append(Correctable(attempt.id, order.id, order.number, Named.of(ended), attempt.recorded_at, until))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Before:
    """What an order and its round were before a call: by the calls and ratings that came before it."""

    rating: Rating | None
    solved: Solved | None
    reached: bool
    standing: Satisfaction | None


def before_of(work: Work, order: Order, current: Round, attempt: Attempt) -> Before:
    """Return what an order was before a call."""
    others = [Attempt.order_id == order.id, Attempt.id != attempt.id, stands()]
    ended = and_(Attempt.disposition_id == Disposition.id, Disposition.aapor_group.in_((COMPLETE, PARTIAL)))
    rating = _last_rating(work, order, attempt)
    return Before(
        rating=rating,
        solved=_solved(work, others) if rating is not None else None,
        reached=bool(work.session.scalar(select(exists().where(*others, ended)))),
        standing=rating.satisfaction if rating is not None and rating.round_id == current.id else None,
    )


def take_back(order: Order, current: Round, before: Before, *, max_rounds: int) -> None:
    """Let an order be again what it was before a call: due, with what had been said by then.

    Nothing is written yet: the correction that follows makes one new version of the order.
    """
    if order.status == Status.ESCALATED:
        # An earlier round can only have been escalated where it was the last one allowed as well.
        order.escalated = order.round > max_rounds
    order.status = lifecycle.advance(order.status, lifecycle.CORRECT)
    order.outcome = None
    order.attempts -= 1
    order.reached, order.rated = before.reached, before.rating is not None
    order.satisfaction = before.rating.satisfaction if before.rating is not None else None
    order.solved = before.solved
    if before.rating is not None:
        order.counted_department_id = before.rating.department_id
    current.settled_at = current.satisfaction = None


def told_before(work: Work, attempt: Attempt) -> dict[str, Fact]:
    """Return what the trail says of a call that is corrected."""
    given = select(Reason.code).join(AttemptReason, AttemptReason.reason_id == Reason.id)
    codes = work.session.scalars(given.where(AttemptReason.attempt_id == attempt.id).order_by(Reason.code))
    return {
        "attempt": attempt.id,
        "disposition": work.one(Disposition, attempt.disposition_id).code,
        "reasons": ",".join(codes) or None,
    }


# ---------------------------------------------------------------------------------------------------------------------


def _first_recorded(look: Look, attempt: Attempt) -> Attempt:
    """Return the record that a row of corrections began with: correcting again does not begin the time anew."""
    while attempt.corrects_id is not None:
        attempt = look.one(Attempt, attempt.corrects_id)
    return attempt


def _left_as(look: Look, order: Order, attempt: Attempt, max_rounds: int) -> Status:
    """Return the status in which a call left its order; where it has another one, somebody has decided since."""
    place = {"round_number": order.round, "max_rounds": max_rounds}
    if not attempt.settled:
        return Status.DUE
    if attempt.satisfaction is not None:
        return lifecycle.after_answer(attempt.satisfaction, **place).after
    current = casework.current_round(look, order)
    return lifecycle.after_silence(casework.standing(look, current), **place).after


def _last_rating(work: Work, order: Order, attempt: Attempt) -> Rating | None:
    """Return the rating that counted before a call: the last one of the last round that has one."""
    return work.session.scalars(
        select(Rating)
        .join(Round, Round.id == Rating.round_id)
        .outerjoin(Attempt, Attempt.id == Rating.attempt_id)
        .where(Rating.order_id == order.id, Rating.attempt_id.is_distinct_from(attempt.id), stands())
        .order_by(Round.number.desc(), Rating.rated_at.desc(), Rating.id.desc())
        .limit(1)
    ).one_or_none()


def _solved(work: Work, others: list[ColumnElement[bool]]) -> Solved | None:
    """Return what the call before said about whether it is solved."""
    said = work.session.scalars(
        select(Answer.value)
        .join(Attempt, Attempt.id == Answer.attempt_id)
        .where(Answer.question == SOLVED, *others)
        .order_by(Attempt.id.desc())
        .limit(1)
    ).one_or_none()
    return Solved(said) if said is not None else None
