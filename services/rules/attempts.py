"""Attempts to call a citizen: when the next one may be made, and when the citizen counts as not reached.

What follows a call is decided by the attributes of its disposition and the callback policy, never by a code:

* answered (a complete or partial interview): the citizen has been asked;
* final, or a hard refusal: another call makes no sense, the citizen is not reached. A number that is dead says nothing
  about the citizen: where they have another one, that one is next, at once;
* a soft refusal: nobody calls for the policy's quiet days;
* anything else: call again, at least the policy's hours later (a disposition may ask for longer), at most so often a
  day, in the calling hours, in another part of the day where one is still missing, until the attempts are used up or
  the last day is over.

What the citizen agreed to goes before all waiting: an appointment overrides the hours between, the calls a day and the
quiet days, and keeps a case open for one more attempt than the policy grants. It overrides neither the calling hours
nor the last day.

>>> import tomllib
>>> from datetime import date
>>> from importlib.resources import files
>>> from services.rules.callback_policy import parse
>>> from services.rules.deadlines import CITY
>>> from services.rules.dispositions import Disposition
>>> policy = parse(tomllib.loads(files("services.rules").joinpath("callback_policy.toml").read_text("utf-8")))
>>> no_answer = Disposition("3.13", "NC", final=False)
>>> monday = datetime(2025, 3, 3, 9, 30, tzinfo=CITY)
>>> tried = [Tried(no_answer, monday)]
>>> print(next_call(tried, policy, monday, date(2025, 3, 7)))
2025-03-03 14:00:00+08:00
>>> blocked = may_call(tried, policy, monday + timedelta(hours=1), date(2025, 3, 7))
>>> print(blocked.code, blocked.until)
too_soon 2025-03-03 14:00:00+08:00
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from db.vocabulary import Refusal
from services.errors import Invalid, PortalError
from services.rules.callback_policy import CallbackPolicy, DayPart
from services.rules.deadlines import CITY, ONE_DAY, Calendar, NotCovered, due_on, local_day, start_of
from services.rules.dispositions import Tried, next_number

EVERY_WEEKDAY = 14
"""Days in which each weekday comes twice: where no call fits into them, none ever will."""
_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


class Step(StrEnum):
    """What follows an attempt."""

    ASKED = "asked"
    AGAIN = "again"
    UNREACHED = "unreached"


class Block(StrEnum):
    """Why a citizen may not be called. The last three are no matter of the policy, and judged where they are known."""

    SETTLED = "settled"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    PAST_LAST_DAY = "past_last_day"
    QUIET_PERIOD = "quiet_period"
    NOT_A_CALLING_DAY = "not_a_calling_day"
    OUTSIDE_HOURS = "outside_hours"
    TOO_MANY_TODAY = "too_many_today"
    TOO_SOON = "too_soon"
    SAME_DAY_PART = "same_day_part"
    OPTED_OUT = "opted_out"
    HELD_BY_OTHER = "held_by_other"
    REFERRED = "referred"


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why a citizen may not be called now, and from when on they may; None: not any more in this round."""

    code: Block
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a round stands after an attempt; `exhausted` tells a used-up policy from a final disposition."""

    step: Step
    attempts: int
    left: int
    exhausted: bool = False
    next_at: datetime | None = None


def may_call(
    history: Sequence[Tried],
    policy: CallbackPolicy,
    now: datetime,
    last_day: date | None,
    appointment: datetime | None = None,
    *,
    numbers: int = 1,
) -> Blocked | None:
    """Return why the citizen may not be called now, and until when, or None where they may."""
    standing = _Standing(history, policy, last_day, appointment, numbers)
    code = _block(standing, now)
    return None if code is None else Blocked(code, _first(standing, now))


def next_call(
    history: Sequence[Tried],
    policy: CallbackPolicy,
    now: datetime,
    last_day: date | None,
    appointment: datetime | None = None,
    *,
    numbers: int = 1,
) -> datetime | None:
    """Return the moment from which the next call is best made, not before `now`; None: none will be made.

    As long as calls are missing in parts of the day, a part that was not tried yet is preferred to an earlier moment.
    The first call is asked for with an empty history, and the round's close plus `delay_hours` as `now`.
    """
    standing = _Standing(history, policy, last_day, appointment, numbers)
    if _over(standing) is not None:
        return None
    openings = list(_openings(standing, now))
    if not openings:
        return None
    wanted = _missing_parts(standing) > 0 and appointment is None and not _untried_number(standing)
    fresh = [one for one in openings if one.part.code not in _parts_tried(standing)] if wanted else []
    return (fresh or openings)[0].at


def after_attempt(
    history: Sequence[Tried],
    tried: Tried,
    policy: CallbackPolicy,
    last_day: date | None = None,
    appointment: datetime | None = None,
    *,
    numbers: int = 1,
) -> Progress:
    """Return what follows an attempt, given the earlier ones of the same round; `appointment` is one made for later.

    Raises Invalid for a disposition that is no call, and PortalError when the round was settled before: an answer or a
    final disposition is the last attempt of its round.
    """
    if not tried.disposition.is_call:
        raise Invalid({"disposition": "not_a_call"})
    if any(earlier.disposition.settles for earlier in history):
        raise PortalError("error.round_already_asked")
    standing = _Standing([*history, tried], policy, last_day, appointment, numbers)
    attempts = len(standing.history)
    if tried.disposition.interview:
        return Progress(Step.ASKED, attempts, 0)
    if standing.settled:
        return Progress(Step.UNREACHED, attempts, 0)
    next_at = next_call(standing.history, policy, tried.at, last_day, appointment, numbers=numbers)
    if next_at is None:
        return Progress(Step.UNREACHED, attempts, 0, exhausted=True)
    return Progress(Step.AGAIN, attempts, standing.allowed - attempts, next_at=next_at)


def day_part(policy: CallbackPolicy, moment: datetime) -> str | None:
    """Return the part of the day in which a moment falls, None outside the calling hours."""
    part = _part(policy, moment)
    return part.code if part is not None else None


def last_day_of(policy: CallbackPolicy, closed_at: datetime, calendar: Calendar) -> date | None:
    """Return the last day on which a round may be called about, None where the calendar does not reach so far."""
    try:
        return due_on(local_day(closed_at), policy.last_day.value, calendar)
    except NotCovered:
        return None


# What stands in the way ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Standing:
    """What the judgement of one round rests on: its attempts, the policy, its last day and what was agreed.

    `last_day` is None where the calendar does not reach so far: then no last day is known. `numbers` says how many
    telephone numbers the citizen has.
    """

    history: Sequence[Tried]
    policy: CallbackPolicy
    last_day: date | None
    appointment: datetime | None
    numbers: int

    @property
    def allowed(self) -> int:
        """How many attempts the round may have: one more than the policy's where one was agreed with the citizen."""
        return self.policy.max_attempts.value + (self.appointment is not None)

    @property
    def settled(self) -> bool:
        """Whether an earlier attempt leaves nothing to ask, or no number to dial."""
        return any(one.disposition.settles for one in self.history) or self.number is None

    @property
    def number(self) -> int | None:
        """The number that is dialled next, None where none is left; see `next_number`."""
        return next_number(self.history, self.numbers)


@dataclass(frozen=True, slots=True)
class _Opening:
    """The first moment of a part of a day at which a call may be made."""

    at: datetime
    part: DayPart


def _over(standing: _Standing) -> Block | None:
    """Return why the round has no further call, whenever it were made."""
    if standing.settled:
        return Block.SETTLED
    return Block.TOO_MANY_ATTEMPTS if len(standing.history) >= standing.allowed else None


def _block(standing: _Standing, now: datetime) -> Block | None:
    over = _over(standing)
    if over is not None:
        return over
    policy, today = standing.policy, local_day(now)
    if standing.last_day is not None and today > standing.last_day:
        return Block.PAST_LAST_DAY
    if now < _quiet_until(standing):
        return Block.QUIET_PERIOD
    if today.isoweekday() not in policy.weekdays.value:
        return Block.NOT_A_CALLING_DAY
    part = _part(policy, now)
    if part is None:
        return Block.OUTSIDE_HOURS
    if _full(standing, today):
        return Block.TOO_MANY_TODAY
    if now < _rested_at(standing):
        return Block.TOO_SOON
    if part.code in _parts_closed(standing, now):
        return Block.SAME_DAY_PART
    return None


def _first(standing: _Standing, now: datetime) -> datetime | None:
    """Return the first moment from `now` on at which a call may be made."""
    if _over(standing) is not None:
        return None
    return next((one.at for one in _openings(standing, now)), None)


def _openings(standing: _Standing, now: datetime) -> Iterator[_Opening]:
    """Yield the first moment of each part of a day at which a call may be made, one after the other.

    Where the attempts that are left are all needed for parts of the day that were not tried, only those are yielded,
    unless none of them comes any more.
    """
    open_ones = list(_unspread(standing, now))
    if _must_spread(standing):
        fresh = [one for one in open_ones if one.part.code not in _parts_tried(standing)]
        open_ones = fresh or open_ones
    yield from open_ones


def _unspread(standing: _Standing, now: datetime) -> Iterator[_Opening]:
    policy = standing.policy
    since = max(now, _quiet_until(standing), _rested_at(standing)).astimezone(CITY)
    for days in range(EVERY_WEEKDAY):
        day = local_day(since) + days * ONE_DAY
        if standing.last_day is not None and day > standing.last_day:
            return
        if day.isoweekday() not in policy.weekdays.value or _full(standing, day):
            continue
        for part in policy.day_parts.value:
            begins, ends = (datetime.combine(day, clock, CITY) for clock in (part.begins, part.ends))
            if since < ends:
                yield _Opening(max(begins, since), part)


def _part(policy: CallbackPolicy, moment: datetime) -> DayPart | None:
    clock = moment.astimezone(CITY).time()
    return next((part for part in policy.day_parts.value if part.holds(clock)), None)


def _full(standing: _Standing, day: date) -> bool:
    """Whether the day has had its calls; one that was agreed is on top of them."""
    made = sum(local_day(one.at) == day for one in standing.history)
    return standing.appointment is None and made >= standing.policy.per_day.value


def _quiet_until(standing: _Standing) -> datetime:
    """Return the moment until which nobody calls because the citizen declined."""
    refused = [one for one in standing.history if one.disposition.refusal == Refusal.SOFT]
    quiet = standing.policy.quiet_days.value * ONE_DAY
    if standing.appointment is not None or not refused or not quiet:
        return _LONG_AGO
    return max(start_of(local_day(one.at) + quiet) for one in refused)


def _rested_at(standing: _Standing) -> datetime:
    """Return the moment until which the citizen is left in peace after the last call, or until what was agreed.

    Where that call said that its number will not do, only the calls to the next number count.
    """
    policy, history = standing.policy, standing.history
    if standing.appointment is not None:
        return standing.appointment - timedelta(minutes=policy.appointment_lead_minutes.value)
    if not history:
        return _LONG_AGO
    last = history[-1]
    if last.disposition.another_number and standing.number != last.number:
        history = [one for one in history if one.number == standing.number]
    return max((one.at + _pause(one, policy) for one in history), default=_LONG_AGO)


def _pause(tried: Tried, policy: CallbackPolicy) -> timedelta:
    """Return how long a call is left to rest: the policy's hours, or longer where its disposition says so."""
    return max(
        timedelta(hours=policy.hours_between.value),
        timedelta(minutes=tried.disposition.retry_minutes or 0),
    )


def _untried_number(standing: _Standing) -> bool:
    """Whether the last call said that its number will not do, and the next number was never dialled."""
    last = standing.history[-1] if standing.history else None
    return (
        last is not None
        and last.disposition.another_number
        and all(one.number != standing.number for one in standing.history)
    )


def _parts_tried(standing: _Standing) -> set[str]:
    parts = (_part(standing.policy, one.at) for one in standing.history)
    return {part.code for part in parts if part is not None}


def _missing_parts(standing: _Standing) -> int:
    """Return in how many further parts of the day the citizen must be called."""
    return max(standing.policy.distinct_day_parts.value - len(_parts_tried(standing)), 0)


def _must_spread(standing: _Standing) -> bool:
    """Whether every attempt that is left is needed for a part of the day that was not tried."""
    missing = _missing_parts(standing)
    return standing.appointment is None and missing > 0 and missing >= standing.allowed - len(standing.history)


def _parts_closed(standing: _Standing, now: datetime) -> set[str]:
    """Return the parts of the day that are left alone, so that the last attempts fall into others."""
    if not _must_spread(standing):
        return set()
    tried = _parts_tried(standing)
    return tried if any(one.part.code not in tried for one in _unspread(standing, now)) else set()
