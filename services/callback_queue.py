"""The callback queue: whose turn it is, taken and held so that two agents never share a case, and given back.

A case is held for the minutes of the policy. After that it is free by time alone: nobody has to notice that a tab was
closed, and whoever comes back in time goes on where they were.
"""

from datetime import datetime

from sqlalchemy import select

from db.callbacks import CallbackCase
from db.orders import Order
from db.vocabulary import CaseEnd, Event, Status
from services import calling, casework, lapsing, numbers
from services.access import Access, Look, Work
from services.callback_case import Case, Hold, case_of, hold_of, kept_case, skills_of
from services.callback_claim import claim, lease_end
from services.code_lists import CodeLists
from services.effective import policy_on, rules_on, windows_around
from services.errors import Conflict, IllegalMove, MayNotCall, NotFound
from services.rules import attempts, lifecycle
from services.rules.attempts import Block, Blocked
from services.rules.callback_policy import CallbackPolicy
from services.rules.permissions import Permission

MOST_PASSED_OVER = 50
"""So many cases about which nobody may be called now are ended or put off on the way to the next one; who asks again
goes on from there."""


def next_case(access: Access) -> Case | None:
    """Return the case whose turn it is, held for whoever asks; None where nobody may be called now.

    Whoever holds a case already gets that one again. Raises MayNotCall outside the calling hours.
    """
    with access.write(Permission.CALLBACK_RECORD) as work:
        work.quiet()
        person = casework.acting_person(work)
        policy = policy_on(work, work.today).policy
        order = _held_by(work, person, policy)
        if order is None:
            _refuse_outside_hours(work, policy)
            order = _claimed(work, person, policy)
        return None if order is None else case_of(work, order)


def take_case(access: Access, *, order_id: int, request_id: str) -> Hold:
    """Hold a certain case: the citizen has called in, or a supervisor asked for it. That it was picked is in the trail.

    Raises NotFound, IllegalMove where the order is not due, and MayNotCall where somebody else holds the case, it rests
    until a question is answered, or its last day is over.
    """
    with access.write(Permission.CALLBACK_RECORD) as work:
        person = casework.acting_person(work)
        order = work.lock(Order, order_id)
        kept = _open_case(work, order)
        held = hold_of(work, kept)
        if held is not None and not held.mine:
            raise MayNotCall(Block.HELD_BY_OTHER, until=held.until, who=held.name)
        if kept.referred:
            raise MayNotCall(Block.REFERRED)
        policy = policy_on(work, work.today).policy
        if windows_around(work, policy).past(kept.closed_on):
            raise MayNotCall(Block.PAST_LAST_DAY)
        if not work.sent_before(order, request_id, Event.CASE_TAKEN):
            work.record(Event.CASE_TAKEN, order, after={"round": order.round}, request_id=request_id)
        if held is None:
            kept.held_by, kept.held_since, kept.picked = person, work.now, True
        kept.held_until = lease_end(policy, work.now, kept.held_since)
        return _held(work, kept)


def renew_hold(access: Access, *, order_id: int) -> Hold:
    """Hold my case for longer, as long as nobody else has taken it and not without an end.

    Raises NotFound, MayNotCall, and Conflict where it was held for as long as a case may be.
    """
    with access.write(Permission.CALLBACK_RECORD) as work:
        work.quiet()
        kept = kept_case(work, work.one(Order, order_id), lock=True)
        if kept is None or not kept.open:
            raise NotFound(kind=CallbackCase.__tablename__)
        held = hold_of(work, kept)
        if held is not None and not held.mine:
            raise MayNotCall(Block.HELD_BY_OTHER, until=held.until, who=held.name)
        if kept.held_by != work.actor.id:
            raise NotFound(kind=CallbackCase.__tablename__)
        end = lease_end(policy_on(work, work.today).policy, work.now, kept.held_since)
        if end <= work.now:
            raise Conflict("error.not_held")
        kept.held_until = end
        return _held(work, kept)


def release_case(access: Access, *, order_id: int) -> bool:
    """Give my case back, so that somebody else may have it at once; says whether I held it.

    It keeps its turn: whoever gives back what came first and asks for the next is given it again, unless somebody else
    was quicker. Nobody picks by giving back.
    """
    with access.write(Permission.CALLBACK_RECORD) as work:
        work.quiet()
        kept = kept_case(work, work.one(Order, order_id), lock=True)
        if kept is None or kept.held_by is None or kept.held_by != work.actor.id:
            return False
        kept.held_by = kept.held_since = kept.held_until = None
        return True


# ---------------------------------------------------------------------------------------------------------------------


def _held_by(work: Work, person: int, policy: CallbackPolicy) -> Order | None:
    """Return the order whose case a person holds, for longer now; the one taken last where there are several."""
    held = select(CallbackCase).where(
        CallbackCase.open,
        CallbackCase.held_by == person,
        ~CallbackCase.referred,
        CallbackCase.held_until >= work.now,
    )
    newest = held.order_by(CallbackCase.held_since.desc(), CallbackCase.id).limit(1)
    kept = work.session.scalars(newest.with_for_update()).one_or_none()
    if kept is None:
        return None
    kept.held_until = lease_end(policy, work.now, kept.held_since)
    return work.one(Order, kept.order_id)


def _claimed(work: Work, person: int, policy: CallbackPolicy) -> Order | None:
    """Claim the case whose turn it is. Those whose citizen has opted out since, or has no call left, end here; those
    whose call would be refused now wait until it would not; and the next is taken."""
    skills, windows = skills_of(work, person), windows_around(work, policy)
    for _ in range(MOST_PASSED_OVER):
        kept = claim(work, person, skills=skills, policy=policy, windows=windows)
        if kept is None:
            return None
        order = work.one(Order, kept.order_id)
        ends_as = CaseEnd.OPTED_OUT
        if not numbers.is_opted_out(work, numbers.phones_of(work, order.id).values()):
            blocked = _blocked(work, order, kept)
            if blocked is None:
                return order
            if blocked.until is not None:
                _put_off(kept, blocked.until)
                work.session.flush()
                continue
            ends_as = CaseEnd.EXHAUSTED
        # Whoever records something about the order at this moment holds the row and waits for the case: do not wait.
        if work.session.get(Order, order.id, with_for_update={"skip_locked": True}, populate_existing=True) is None:
            return order
        most = rules_on(work, work.today).rules.max_rounds.value
        lapsing.settle(work, order, kept, ends_as, max_rounds=most)
        work.session.flush()
    return None


def _blocked(work: Work, order: Order, kept: CallbackCase) -> Blocked | None:
    """Return why a case that was tried before may not be called about now, though its time has come.

    A cancelled appointment leaves no attempt, a part of the day that has passed leaves one that was tried already, and
    a new policy asks for other hours between.
    """
    if not kept.attempts:
        return None
    calls = calling.calls_of(work, order, CodeLists.read(work))
    blocked = attempts.may_call(
        calls.history, calls.policy, work.now, calls.last_day, calls.agreed_at, numbers=calls.numbers
    )
    # What was agreed with the citizen is kept by whoever is given the case; its form says what stands in the way.
    put_off = blocked is not None and blocked.until is not None
    return None if put_off and calls.agreed_at is not None else blocked


def _put_off(kept: CallbackCase, until: datetime) -> None:
    kept.ready_at = until
    kept.held_by = kept.held_since = kept.held_until = None
    kept.appointment_at = kept.appointment_for = None


def _refuse_outside_hours(look: Look, policy: CallbackPolicy) -> None:
    blocked = attempts.may_call((), policy, look.now, None)
    if blocked is not None:
        raise MayNotCall(blocked.code, until=blocked.until)


def _open_case(work: Work, order: Order) -> CallbackCase:
    """Return the case of an order that is due; raises IllegalMove where it is not."""
    if order.status != Status.DUE:
        raise IllegalMove(lifecycle.RETRY.name, order.status)
    kept = kept_case(work, order, lock=True)
    if kept is None:
        raise NotFound(kind=CallbackCase.__tablename__)
    return kept


def _held(work: Work, kept: CallbackCase) -> Hold:
    held = hold_of(work, kept)
    assert held is not None
    return held
