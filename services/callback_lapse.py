"""Cases whose time is over end by themselves: a step that the program takes now and then, a few at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, or_, select

from db.callbacks import CallbackCase, OptOut, OtherNumber
from db.orders import Contact, Order
from db.vocabulary import CaseEnd, Status
from services import lapsing, numbers
from services.access import Access, Look, Work
from services.effective import policy_on, rules_on, windows_around
from services.rules.deadlines import ONE_DAY, start_of
from services.rules.permissions import Permission

RECENT = timedelta(days=2)
"""Older wishes were met by the look that followed them; later orders of the same citizen are met by the claim."""


@dataclass(frozen=True, slots=True)
class Lapsed:
    """What one step ended: cases past their last day, cases of citizens who opted out, and orders never drawn.

    `more`: there is something left for another step at once.
    """

    expired: int
    opted_out: int
    undrawn: int
    more: bool

    @property
    def total(self) -> int:
        """How many orders went on."""
        return self.expired + self.opted_out + self.undrawn


def lapse_expired(access: Access, *, limit: int = 50) -> Lapsed:
    """End cases past the last day of the policy, or whose citizen opted out, and closed orders that were never drawn.

    Left alone are cases that somebody holds at this moment, those with an appointment of today or later, what somebody
    else is working on, and what came in within the last day: its ratings may be in a sheet that is still to come.
    """
    with access.write(Permission.CALLBACK_LAPSE) as work:
        work.quiet()
        most = rules_on(work, work.today).rules.max_rounds.value
        first = windows_around(work, policy_on(work, work.today).policy).first
        ended = {CaseEnd.LAPSED: 0, CaseEnd.OPTED_OUT: 0}
        for how, where in _reasons(work, first):
            for kept, order in _cases(work, where, limit=limit - sum(ended.values())):
                lapsing.settle(work, order, kept, how, max_rounds=most)
                ended[how] += 1
        undrawn = _undrawn(work, first, limit=limit - sum(ended.values())) if first is not None else ()
        for order in undrawn:
            lapsing.settle(work, order, None, CaseEnd.LAPSED, max_rounds=most)
        total = sum(ended.values()) + len(undrawn)
        return Lapsed(ended[CaseEnd.LAPSED], ended[CaseEnd.OPTED_OUT], len(undrawn), more=total >= limit)


# ---------------------------------------------------------------------------------------------------------------------


def _reasons(work: Work, first: date | None) -> Iterator[tuple[CaseEnd, ColumnElement[bool]]]:
    """Yield which cases end, and as what; the second is asked for when the first have ended."""
    if first is not None:
        yield CaseEnd.LAPSED, CallbackCase.closed_at < start_of(first)
    if silenced := _opted_out(work):
        yield CaseEnd.OPTED_OUT, CallbackCase.order_id.in_(silenced)


def _cases(work: Work, where: ColumnElement[bool], *, limit: int) -> Sequence[tuple[CallbackCase, Order]]:
    """Return open cases that nobody holds and nobody agreed a time for, held with their orders, the oldest first."""
    found = work.session.execute(
        select(CallbackCase, Order)
        .join(Order, Order.id == CallbackCase.order_id)
        .where(
            where,
            CallbackCase.open,
            or_(CallbackCase.held_until.is_(None), CallbackCase.held_until < work.now),
            or_(CallbackCase.appointment_at.is_(None), CallbackCase.appointment_at < start_of(work.today)),
            Order.created_at < work.now - ONE_DAY,
        )
        .order_by(CallbackCase.closed_at, CallbackCase.id)
        .limit(max(limit, 0))
        .with_for_update(skip_locked=True)
    )
    return [(kept, order) for kept, order in found]


def _undrawn(work: Work, first: date, *, limit: int) -> Sequence[Order]:
    return work.session.scalars(
        select(Order)
        .where(Order.closed_at < start_of(first), Order.status == Status.CLOSED, Order.created_at < work.now - ONE_DAY)
        .order_by(Order.closed_at, Order.id)
        .limit(max(limit, 0))
        .with_for_update(skip_locked=True)
    ).all()


def _opted_out(look: Look) -> list[int]:
    """Return the orders of citizens who said of late that they do not want to be called, by all of their numbers.

    Found by the number as it is written in the order and as it is dialled.
    """
    said = select(OptOut).where(OptOut.ended_at.is_(None), OptOut.recorded_at > look.now - RECENT).subquery()
    of_order = select(Contact.phone).where(Contact.order_id.in_(select(said.c.order_id)))
    first = Contact.phone.in_(select(said.c.phone).union(of_order))
    others = select(OtherNumber.order_id).where(OtherNumber.phone.in_(select(said.c.phone)))
    wanted = select(CallbackCase.order_id).where(
        CallbackCase.open, CallbackCase.order_id.in_(select(Contact.order_id).where(first).union(others))
    )
    return [
        order_id
        for order_id in look.session.scalars(wanted.order_by(CallbackCase.order_id))
        if numbers.is_opted_out(look, numbers.phones_of(look, order_id).values())
    ]
