"""Any policy, any history of attempts: what holds whatever is tried, whenever, and however it ends.

A walk makes calls at drawn moments. Where the rules refuse one, it waits until they say that it may be made. What they
promise is then held against the calls that were made, told again from the policy in the plainest way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from hypothesis import event, given, settings
from hypothesis import strategies as st

from db.vocabulary import Refusal
from services.rules.attempts import Block, Step, after_attempt, day_part, may_call, next_call
from services.rules.callback_policy import CallbackPolicy
from services.rules.deadlines import CITY, local_day
from services.rules.dispositions import PRECEDENCE, Disposition, Tried, next_number, resolve
from tests.rules.policies import policy

steady = settings(derandomize=True, max_examples=300, deadline=None)
MINUTES = 5
"""Everything happens on the fifth minutes, so that a plain search through the days meets every moment that matters."""

COMPLETE = Disposition("1.1", "I", final=True, contacted=True)
NOT_NOW = Disposition("2.11", "R", final=False, contacted=True, refusal=Refusal.SOFT)
NEVER = Disposition("2.112", "R", final=True, contacted=True, refusal=Refusal.HARD)
DRIVING = Disposition("2.35", "O", final=False, contacted=True)
NO_ANSWER = Disposition("3.13", "NC", final=False)
FAULT = Disposition("3.16", "NC", final=False, retry_minutes=24 * 60)
DEAD_NUMBER = Disposition("4.31", "NC", final=True, another_number=True)
OFF = Disposition("4.33", "NC", final=False, another_number=True)
ENDINGS = [NO_ANSWER, NO_ANSWER, NO_ANSWER, DRIVING, FAULT, OFF, NOT_NOW, DEAD_NUMBER, NEVER, COMPLETE]
SILENT = ["NC", "UO", "NE", "UH"]
CLOSED = datetime(2025, 3, 3, 15, tzinfo=CITY)

groups = st.lists(st.sampled_from(PRECEDENCE), max_size=12)


@dataclass(frozen=True)
class Call:
    """One call of a walk, with what was agreed about it, and how many numbers the citizen had."""

    tried: Tried
    appointment: datetime | None


@dataclass(frozen=True)
class Walk:
    """The calls that were made in one round, in the order of time, and what they were made under."""

    policy: CallbackPolicy
    last_day: date | None
    numbers: int
    calls: tuple[Call, ...]

    def before(self, call: Call) -> list[Tried]:
        return [one.tried for one in self.calls[: self.calls.index(call)]]


@st.composite
def policies(draw: st.DrawFn) -> CallbackPolicy:
    hours = sorted(draw(st.sets(st.integers(7, 21), min_size=2, max_size=8)))
    pairs = zip(hours[::2], hours[1::2], strict=False)
    parts = [{"code": f"part_{begins}", "from": f"{begins:02}:00", "to": f"{ends:02}:00"} for begins, ends in pairs]
    most = draw(st.integers(1, 5))
    return policy(
        max_attempts=most,
        per_day=draw(st.integers(1, 3)),
        hours_between=draw(st.integers(0, 30)),
        distinct_day_parts=draw(st.integers(1, min(most, len(parts)))),
        day_parts=parts,
        weekdays=sorted(draw(st.sets(st.integers(1, 7), min_size=1))),
        quiet_days=draw(st.integers(0, 4)),
    )


@st.composite
def walks(draw: st.DrawFn, endings: Sequence[Disposition] = ENDINGS, *, agreed: bool = True) -> Walk:
    """Make calls at drawn moments, or where they are refused, at the moment until which they are."""
    ruled, numbers = draw(policies()), draw(st.integers(1, 3))
    last_day = draw(st.none() | st.integers(0, 9).map(lambda days: CLOSED.date() + timedelta(days=days)))
    calls: list[Call] = []
    now = CLOSED
    for _ in range(9):
        history = [one.tried for one in calls]
        now += timedelta(minutes=MINUTES * draw(st.integers(0, 24) | st.integers(0, 400)))
        asked = agreed and draw(st.integers(0, 5)) == 0
        appointment = now + timedelta(minutes=MINUTES * draw(st.integers(0, 600))) if asked else None
        blocked = may_call(history, ruled, now, last_day, appointment, numbers=numbers)
        if blocked is not None and blocked.until is None:
            event(f"ends with {blocked.code}")
            break
        if blocked is not None and blocked.until is not None:
            assert blocked.until > now
            now = blocked.until.astimezone(CITY)
        number = next_number(history, numbers)
        assert number is not None
        calls.append(Call(Tried(draw(st.sampled_from(endings)), now, number), appointment))
    return Walk(ruled, last_day, numbers, tuple(calls))


# The policy -----------------------------------------------------------------------------------------------------------


@steady
@given(walks())
def test_calls_are_made_in_the_calling_hours_of_calling_days_and_never_after_the_last_day(walk: Walk) -> None:
    for call in walk.calls:
        moment = call.tried.at.astimezone(CITY)
        assert moment.isoweekday() in walk.policy.weekdays.value
        assert any(part.begins <= moment.time() < part.ends for part in walk.policy.day_parts.value)
        assert walk.last_day is None or moment.date() <= walk.last_day


@steady
@given(walks([NO_ANSWER, FAULT, OFF, DEAD_NUMBER]))
def test_two_calls_are_never_closer_than_the_policy_but_by_appointment_or_to_another_number(walk: Walk) -> None:
    for call in walk.calls:
        if call.appointment is not None:
            continue
        before = walk.before(call)
        if before and before[-1].disposition.another_number and call.tried.number != before[-1].number:
            before = [one for one in before if one.number == call.tried.number]
        for earlier in before:
            gap = call.tried.at - earlier.at
            assert gap >= timedelta(hours=walk.policy.hours_between.value)
            assert gap >= timedelta(minutes=earlier.disposition.retry_minutes or 0)


@steady
@given(walks())
def test_no_day_has_more_calls_than_the_policy_grants_but_by_appointment(walk: Walk) -> None:
    for call in walk.calls:
        same_day = [one for one in walk.before(call) if local_day(one.at) == local_day(call.tried.at)]
        assert call.appointment is not None or len(same_day) < walk.policy.per_day.value


@steady
@given(walks([NOT_NOW, NO_ANSWER]))
def test_who_declined_is_left_alone_for_the_quiet_days_but_by_appointment(walk: Walk) -> None:
    for call in walk.calls:
        for earlier in walk.before(call):
            if earlier.disposition.refusal == Refusal.SOFT and call.appointment is None:
                apart = local_day(call.tried.at) - local_day(earlier.at)
                assert apart >= timedelta(days=walk.policy.quiet_days.value)


@steady
@given(walks())
def test_no_round_has_more_attempts_than_granted_and_one_agreed_upon(walk: Walk) -> None:
    most = walk.policy.max_attempts.value
    for made, call in enumerate(walk.calls, start=1):
        assert made <= most + (call.appointment is not None)


@steady
@given(walks())
def test_nobody_is_called_after_an_answer_or_a_last_no_and_no_dead_number_is_dialled_again(walk: Walk) -> None:
    for call in walk.calls:
        before = walk.before(call)
        assert not any(one.disposition.code in ("1.1", "2.112") for one in before)
        assert call.tried.number not in [one.number for one in before if one.disposition.code == "4.31"]


@steady
@given(walks([NO_ANSWER, DRIVING, OFF, NOT_NOW, DEAD_NUMBER], agreed=False))
def test_a_used_up_round_was_tried_in_as_many_parts_of_the_day_as_asked_for_where_the_hours_allowed(walk: Walk) -> None:
    if len(walk.calls) < walk.policy.max_attempts.value:
        return
    *before, last = [call.tried for call in walk.calls]
    parts = {day_part(walk.policy, one.at) for one in [*before, last]}
    missing = len(parts) < walk.policy.distinct_day_parts.value
    event(f"a part of the day is missing: {missing}")
    if missing and day_part(walk.policy, last.at) in {day_part(walk.policy, one.at) for one in before}:
        assert _later_in_a_new_part(walk, before, last.at) is None


@steady
@given(walks())
def test_the_next_call_may_be_made_when_it_is_said_to_be_and_not_much_sooner(walk: Walk) -> None:
    history = [call.tried for call in walk.calls]
    for made in range(len(history) + 1):
        told = history[:made]
        now = told[-1].at if told else CLOSED
        moment = next_call(told, walk.policy, now, walk.last_day, numbers=walk.numbers)
        blocked = may_call(told, walk.policy, now, walk.last_day, numbers=walk.numbers)
        if moment is None:
            assert blocked is not None
            assert blocked.until is None
            continue
        assert moment >= now
        assert may_call(told, walk.policy, moment, walk.last_day, numbers=walk.numbers) is None
        # Waiting longer than the rules ask for is allowed for one thing: a part of the day that was not tried yet.
        soonest = now if blocked is None else blocked.until
        if moment != soonest:
            tried = {day_part(walk.policy, one.at) for one in told}
            assert day_part(walk.policy, moment) not in tried
            assert len(tried) < walk.policy.distinct_day_parts.value


@steady
@given(walks(), st.timedeltas(timedelta(days=-2), timedelta(days=16)))
def test_what_is_refused_until_a_moment_may_be_done_at_that_moment(walk: Walk, later: timedelta) -> None:
    history = [call.tried for call in walk.calls]
    now = max([CLOSED + later, *(one.at for one in history)])
    blocked = may_call(history, walk.policy, now, walk.last_day, numbers=walk.numbers)
    if blocked is not None and blocked.until is not None:
        assert blocked.until > now
        assert may_call(history, walk.policy, blocked.until, walk.last_day, numbers=walk.numbers) is None
    if blocked is not None and blocked.code in (Block.SETTLED, Block.TOO_MANY_ATTEMPTS, Block.PAST_LAST_DAY):
        assert blocked.until is None


@steady
@given(walks())
def test_a_round_goes_on_exactly_as_long_as_another_call_can_be_made(walk: Walk) -> None:
    history: list[Tried] = []
    for number, call in enumerate(walk.calls, start=1):
        following = walk.calls[number].appointment if number < len(walk.calls) else None
        progress = after_attempt(history, call.tried, walk.policy, walk.last_day, following, numbers=walk.numbers)
        history.append(call.tried)
        assert progress.attempts == number
        assert (progress.step == Step.ASKED) == call.tried.disposition.interview
        assert (progress.step == Step.AGAIN) == (progress.next_at is not None) == (progress.left > 0)
        assert not (progress.exhausted and progress.step != Step.UNREACHED)
        # A part of the day that is preferred is still in time; so a walk goes on only where the round did.
        assert number == len(walk.calls) or progress.step == Step.AGAIN


@steady
@given(walks([NO_ANSWER, DRIVING, OFF, NOT_NOW, FAULT], agreed=False))
def test_without_a_last_day_only_the_attempts_come_to_an_end(walk: Walk) -> None:
    history = [call.tried for call in walk.calls]
    most = walk.policy.max_attempts.value
    moment = next_call(history, walk.policy, CLOSED + timedelta(days=60), None, numbers=walk.numbers)
    assert (moment is None) == (len(history) >= most)


# What attempts amount to ----------------------------------------------------------------------------------------------


@steady
@given(groups.flatmap(lambda told: st.tuples(st.just(told), st.permutations(told))))
def test_the_order_of_attempts_changes_nothing(told: tuple[list[str], list[str]]) -> None:
    assert resolve(told[0]) == resolve(told[1])


@steady
@given(groups, st.lists(st.sampled_from(SILENT), max_size=5))
def test_silence_never_improves_on_what_was_said(told: list[str], silence: list[str]) -> None:
    before, after = resolve(told), resolve([*told, *silence])
    if before not in SILENT:
        assert after == before
    assert after in ("I", "P") or not {"I", "P"} & {before}
    assert (after in ("I", "P")) == (before in ("I", "P"))


@steady
@given(groups)
def test_what_attempts_amount_to_was_said_by_one_of_them_and_none_said_more(told: list[str]) -> None:
    final = resolve(told)
    assert final in told or (final == "UH" and not told)
    assert all(PRECEDENCE.index(final) <= PRECEDENCE.index(group) for group in told)
    assert resolve([final, *told]) == final


@steady
@given(groups, groups)
def test_attempts_told_in_two_halves_amount_to_the_same(first: list[str], second: list[str]) -> None:
    assert resolve([resolve(first), resolve(second)]) == resolve([*first, *second])


def _later_in_a_new_part(walk: Walk, before: Sequence[Tried], now: datetime) -> datetime | None:
    """Return a moment at which a part of the day could still have been tried for the first time, found by searching."""
    rules, used = walk.policy, {day_part(walk.policy, one.at) for one in before}
    quiet = [local_day(one.at) + timedelta(days=rules.quiet_days.value) for one in before if one.disposition == NOT_NOW]
    resting = list(before)
    if before[-1].disposition.another_number and next_number(before, walk.numbers) != before[-1].number:
        resting = [one for one in before if one.number == next_number(before, walk.numbers)]
    rested = [one.at + timedelta(hours=rules.hours_between.value) for one in resting]
    for step in range(9 * 24 * 60 // MINUTES):
        moment = now + timedelta(minutes=MINUTES * step)
        day = local_day(moment)
        if walk.last_day is not None and day > walk.last_day:
            return None
        calls = sum(local_day(one.at) == day for one in before)
        free = day.isoweekday() in rules.weekdays.value and day >= max(quiet, default=day)
        if free and moment >= max(rested, default=moment) and calls < rules.per_day.value:
            part = day_part(rules, moment)
            if part is not None and part not in used:
                return moment
    return None
