"""The end of a case without a call: its last day is over, or the citizen does not want to be called.

Nobody decides that; it follows from the policy and from what the citizen said. The order goes where the last unanswered
attempt would have taken it, and silence stays silence.
"""

from sqlalchemy import update

from db.callbacks import CallbackCase, CallbackDraft
from db.orders import Order
from db.vocabulary import AppointmentEnd, CaseEnd, Event, Status
from services import bookings, casework
from services.access import SYSTEM, Work
from services.errors import Fact
from services.rules import lifecycle


def settle(work: Work, order: Order, kept: CallbackCase | None, how: CaseEnd, *, max_rounds: int) -> None:
    """End the round of a held order: status, outcome, round, case, appointment and drafts, and an event that says why.

    `kept` is None for an order that was never drawn for a call.
    """
    before = _facts(order)
    current = casework.current_round(work, order)
    standing = casework.standing(work, current)
    move = lifecycle.after_lapse(standing, round_number=order.round, max_rounds=max_rounds)
    order.status = lifecycle.advance(order.status, move)
    order.escalated = order.escalated or order.status == Status.ESCALATED
    if order.status == Status.ARCHIVED:
        order.outcome = casework.outcome_of(order)
    current.settled_at, current.satisfaction = work.now, standing
    if kept is not None:
        kept.done_at, kept.done_as, kept.on_time = work.now, how, False
        bookings.end(work, order, kept, AppointmentEnd.CANCELLED)
        _empty_drafts(work, order)
    work.record(
        Event.CALLBACK_LAPSED,
        order,
        before=before,
        after=_facts(order) | {"move": move.name, "ended_as": how.value, "round": order.round},
        by=SYSTEM,
    )


# ---------------------------------------------------------------------------------------------------------------------


def _facts(order: Order) -> dict[str, Fact]:
    return {"status": order.status.value, "outcome": order.outcome.value if order.outcome else None}


def _empty_drafts(work: Work, order: Order) -> None:
    """Empty the forms that were begun and will not be sent any more."""
    work.session.execute(
        update(CallbackDraft)
        .where(CallbackDraft.order_id == order.id, CallbackDraft.ended_at.is_(None))
        .values(body={}, ended_at=work.now)
    )
