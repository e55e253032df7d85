"""The calls of one round as the callback policy reads them, and whether the citizen may be called now.

What the city has to say about a call stands in three places: the attempts that were made, the case that the queue keeps
of the round, and the policy of the day. They are read together here, once, with the case held against other writers.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import select

from db.callbacks import Appointment, CallbackCase
from db.orders import Attempt, Order, Round
from db.reference import Disposition
from services import numbers
from services.access import Look
from services.callback_case import hold_of, kept_case
from services.code_lists import CodeLists
from services.effective import last_day_after
from services.errors import Invalid, MayNotCall, NotFound
from services.history import stands
from services.rules import attempts
from services.rules.attempts import Block
from services.rules.callback_policy import CallbackPolicy
from services.rules.deadlines import local_day
from services.rules.dispositions import Tried, next_number


@dataclass(frozen=True, slots=True)
class RoundCalls:
    """The calls of a round that stand, oldest first, with what judges the next one.

    `phones` are the citizen's numbers by their position, `opted_out` those of them that are not to be called, and
    `agreed_at` is the time agreed with the citizen. A case that goes back to whoever asked a supervisor waits for a
    moment too, but that was agreed with nobody and overrides nothing.
    """

    case: CallbackCase
    made: tuple[tuple[Attempt, Tried], ...]
    policy: CallbackPolicy
    last_day: date | None
    phones: dict[int, str]
    opted_out: frozenset[int]
    agreed_at: datetime | None

    @property
    def history(self) -> Sequence[Tried]:
        """How the calls ended, as the rules read them."""
        return [tried for _, tried in self.made]

    @property
    def numbers(self) -> int:
        """How many numbers may be tried in turn."""
        return max(self.phones, default=1)

    def without(self, attempt: Attempt) -> "RoundCalls":
        """Return the same as it would be had a call not been made."""
        return replace(self, made=tuple(one for one in self.made if one[0].id != attempt.id))

    def on_time(self, day: date) -> bool | None:
        """Say whether a day is not after the last one of the policy; None where the calendar does not tell it."""
        return None if self.last_day is None else day <= self.last_day


def calls_of(look: Look, order: Order, lists: CodeLists, *, lock: bool = True) -> RoundCalls:
    """Return the calls of an order's last round, with its case held until this transaction ends where it is to write.

    Raises NotFound where the round never came to be asked about.
    """
    case = kept_case(look, order, lock=lock)
    if case is None:
        raise NotFound(kind=CallbackCase.__tablename__)
    policy = lists.in_force_policy.policy
    phones = numbers.phones_of(look, order.id)
    said = numbers.opt_outs_of(look, phones.values())
    everywhere = numbers.is_opted_out(look, phones.values())
    opted_out = frozenset(number for number, phone in phones.items() if everywhere or phone in said)
    rows = look.session.execute(
        select(Attempt, Disposition.code)
        .join(Disposition, Disposition.id == Attempt.disposition_id)
        .join(Round, Round.id == Attempt.round_id)
        .where(Round.order_id == order.id, Round.number == order.round, stands())
        .order_by(Attempt.started_at, Attempt.id)
    )
    made = tuple(
        (attempt, as_tried(lists, code, attempt.started_at, attempt.number, silenced=attempt.number in opted_out))
        for attempt, code in rows
    )
    return RoundCalls(
        case=case,
        made=made,
        policy=policy,
        last_day=last_day_after(look, policy, case.closed_at),
        phones=phones,
        opted_out=opted_out,
        agreed_at=look.session.scalars(
            select(Appointment.at).where(Appointment.order_id == order.id, Appointment.ended_at.is_(None))
        ).one_or_none(),
    )


def as_tried(
    lists: CodeLists, disposition: str, at: datetime, number: int, *, silenced: bool = False, for_good: bool = False
) -> Tried:
    """Return a call as the rules read it.

    A number whose owner does not want to be called (`silenced`) is as good as dead, however the call to it ended; who
    does not want to be asked at all (`for_good`) is not called on another number either.
    """
    ending = lists.book.dispositions[disposition]
    if silenced and not ending.interview:
        ending = replace(ending, final=True, another_number=not for_good)
    return Tried(ending, at, number)


def called_at(look: Look, calls: RoundCalls) -> datetime:
    """Return when the present call began: when its agent took the case, or now where they did not.

    A hold that ran out while its agent was still talking, and that nobody took over, counts for the length of one more
    lease. Raises MayNotCall while somebody else holds the case.
    """
    case, now = calls.case, look.now
    held = hold_of(look, case)
    if held is not None and not held.mine:
        raise MayNotCall(Block.HELD_BY_OTHER, until=held.until, who=held.name)
    if case.held_by != look.actor.id or case.held_since is None or case.held_until is None:
        return now
    lease = timedelta(minutes=calls.policy.lease_minutes.value)
    return case.held_since if case.held_until + lease >= now else now


def refuse_blocked(calls: RoundCalls, number: int, at: datetime) -> None:
    """Raise MayNotCall where the citizen may not be called at a moment, and Invalid for a number they do not have."""
    if number not in calls.phones and number != 1:
        raise Invalid({"number": "unknown"})
    if calls.case.referred:
        raise MayNotCall(Block.REFERRED)
    if number in calls.opted_out:
        raise MayNotCall(Block.OPTED_OUT)
    history = calls.history
    if number != next_number(history, calls.numbers):
        # That another number may be called at once is no leave to dial this one again.
        history = [_as_if_it_would_do(one) for one in history]
    blocked = attempts.may_call(history, calls.policy, at, calls.last_day, calls.agreed_at, numbers=calls.numbers)
    if blocked is not None:
        raise MayNotCall(blocked.code, until=blocked.until)


def moment_of(calls: RoundCalls, given: datetime | None, at: datetime, now: datetime) -> datetime:
    """Return when a call is said to have begun: when its case was taken, or what the form says within one lease."""
    if at < now:
        return at
    return min(max(given or now, now - timedelta(minutes=calls.policy.lease_minutes.value)), now)


def day_of(attempt: Attempt) -> date:
    """Return the city's day of a call."""
    return local_day(attempt.recorded_at)


# ---------------------------------------------------------------------------------------------------------------------


def _as_if_it_would_do(one: Tried) -> Tried:
    """Return a call as if its number had not been the reason why it failed."""
    if not one.disposition.another_number:
        return one
    return replace(one, disposition=replace(one.disposition, another_number=False, final=False))
