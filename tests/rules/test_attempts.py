"""What follows an attempt to call a citizen, and when the next one may be made."""

import doctest
from dataclasses import replace
from datetime import date, datetime, timedelta
from types import ModuleType

import pytest

from db.vocabulary import Refusal
from services.errors import Invalid, PortalError
from services.rules import attempts, dispositions
from services.rules.attempts import (
    Block,
    Blocked,
    Progress,
    Step,
    after_attempt,
    day_part,
    last_day_of,
    may_call,
    next_call,
)
from services.rules.deadlines import CITY, Calendar, Day
from services.rules.dispositions import Disposition, Tried, next_number, resolve
from tests.rules.policies import policy

COMPLETE = Disposition("1.1", "I", final=True, contacted=True)
PARTIAL = Disposition("1.2", "P", final=True, contacted=True)
NOT_NOW = Disposition("2.11", "R", final=False, contacted=True, refusal=Refusal.SOFT)
NEVER = Disposition("2.112", "R", final=False, contacted=True, refusal=Refusal.HARD)
NO_ANSWER = Disposition("3.13", "NC", final=False)
FAULT = Disposition("3.16", "NC", final=False, retry_minutes=24 * 60)
OFF = Disposition("4.33", "NC", final=False, another_number=True)
DEAD_NUMBER = Disposition("4.31", "NC", final=True, another_number=True)
DRIVING = Disposition("2.35", "O", final=False, contacted=True)
TEST_ORDER = Disposition("4.10", "NE", final=True, eligible=False, note_required=True)
NOT_DIALLED = Disposition("3.11", "UH", final=False)
SHIPPED = policy()
FRIDAY = date(2025, 3, 7)
"""The last day of a round that was closed on Monday, the third."""


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of March 2025, whose third day is a Monday."""
    return datetime(2025, 3, day, hour, minute, tzinfo=CITY)


def tried(disposition: Disposition, *moments: datetime, number: int = 1) -> list[Tried]:
    return [Tried(disposition, moment, number) for moment in moments]


# What follows ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answered", [COMPLETE, PARTIAL])
def test_an_answer_ends_the_asking_whenever_it_comes(answered: Disposition) -> None:
    earlier = [Tried(NO_ANSWER, at(3, 9)), Tried(DRIVING, at(3, 14))]
    assert after_attempt([], Tried(answered, at(3, 9)), SHIPPED) == Progress(Step.ASKED, 1, 0)
    assert after_attempt(earlier, Tried(answered, at(4, 9)), SHIPPED) == Progress(Step.ASKED, 3, 0)


def test_no_answer_is_tried_again_until_the_attempts_are_used_up() -> None:
    first, second, third = tried(NO_ANSWER, at(3, 9), at(3, 14), at(4, 9))
    assert after_attempt([], first, SHIPPED, FRIDAY) == Progress(Step.AGAIN, 1, 2, next_at=at(3, 14))
    assert after_attempt([first], second, SHIPPED, FRIDAY) == Progress(Step.AGAIN, 2, 1, next_at=at(4, 9))
    assert after_attempt([first, second], third, SHIPPED, FRIDAY) == Progress(Step.UNREACHED, 3, 0, exhausted=True)


def test_the_last_day_uses_up_what_attempts_are_left() -> None:
    late = Tried(NO_ANSWER, at(7, 18, 30))
    assert after_attempt([], late, SHIPPED, FRIDAY) == Progress(Step.UNREACHED, 1, 0, exhausted=True)
    assert after_attempt([], late, SHIPPED, None).step == Step.AGAIN


@pytest.mark.parametrize("final", [NEVER, TEST_ORDER, DEAD_NUMBER])
def test_a_final_disposition_leaves_the_citizen_unreached_at_once(final: Disposition) -> None:
    assert after_attempt([], Tried(final, at(3, 9)), SHIPPED, FRIDAY) == Progress(Step.UNREACHED, 1, 0)


def test_a_policy_that_was_shortened_meanwhile_is_simply_used_up() -> None:
    many = tried(NO_ANSWER, at(3, 9), at(3, 14), at(4, 9), at(4, 14))
    assert after_attempt(many, Tried(NO_ANSWER, at(5, 9)), SHIPPED, FRIDAY).step == Step.UNREACHED


def test_not_having_dialled_is_no_attempt() -> None:
    with pytest.raises(Invalid) as refused:
        after_attempt([], Tried(NOT_DIALLED, at(3, 9)), SHIPPED)
    assert refused.value.problems == {"disposition": "not_a_call"}


@pytest.mark.parametrize("last", [COMPLETE, NEVER, TEST_ORDER])
def test_nobody_is_called_again_in_a_round_that_was_settled(last: Disposition) -> None:
    settled = [Tried(NO_ANSWER, at(3, 9)), Tried(last, at(3, 14))]
    with pytest.raises(PortalError):
        after_attempt(settled, Tried(NO_ANSWER, at(4, 9)), SHIPPED)
    assert may_call(settled, SHIPPED, at(4, 9), FRIDAY) == Blocked(Block.SETTLED, None)
    assert next_call(settled, SHIPPED, at(4, 9), FRIDAY) is None


# When -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("history", "now", "blocked"),
    [
        ([], at(3, 9), None),
        ([], at(3, 8, 59), Blocked(Block.OUTSIDE_HOURS, at(3, 9))),
        ([], at(3, 12), Blocked(Block.OUTSIDE_HOURS, at(3, 14))),
        ([], at(3, 20), Blocked(Block.OUTSIDE_HOURS, at(4, 9))),
        ([], at(7, 20), Blocked(Block.OUTSIDE_HOURS, None)),
        ([], at(8, 9), Blocked(Block.PAST_LAST_DAY, None)),
        (tried(NO_ANSWER, at(3, 9, 30)), at(3, 11), Blocked(Block.TOO_SOON, at(3, 14))),
        (tried(NO_ANSWER, at(3, 11)), at(3, 14), Blocked(Block.TOO_SOON, at(3, 15))),
        (tried(NO_ANSWER, at(3, 9), at(3, 14)), at(3, 19), Blocked(Block.TOO_MANY_TODAY, at(4, 9))),
        (tried(NO_ANSWER, at(3, 9), at(4, 9)), at(5, 9), Blocked(Block.SAME_DAY_PART, at(5, 14))),
        (tried(NO_ANSWER, at(3, 9), at(3, 14), at(4, 9)), at(5, 9), Blocked(Block.TOO_MANY_ATTEMPTS, None)),
        (tried(FAULT, at(3, 9)), at(3, 14), Blocked(Block.TOO_SOON, at(4, 9))),
        (tried(NOT_NOW, at(3, 9)), at(4, 9), Blocked(Block.QUIET_PERIOD, None)),
    ],
)
def test_a_call_outside_the_policy_is_refused_with_the_reason_and_the_end_of_it(
    history: list[Tried], now: datetime, blocked: Blocked | None
) -> None:
    assert may_call(history, SHIPPED, now, FRIDAY) == blocked


def test_a_soft_refusal_is_asked_again_after_the_quiet_days_where_the_last_day_allows() -> None:
    refused = tried(NOT_NOW, at(3, 15))
    assert next_call(refused, SHIPPED, at(3, 15), date(2025, 3, 12)) == at(10, 9)
    assert next_call(refused, SHIPPED, at(3, 15), date(2025, 3, 9)) is None
    assert may_call(refused, SHIPPED, at(10, 9), date(2025, 3, 12)) is None


def test_weekends_are_left_alone_where_the_policy_says_so() -> None:
    workdays = policy(weekdays=[1, 2, 3, 4, 5])
    assert may_call([], workdays, at(8, 10), None) == Blocked(Block.NOT_A_CALLING_DAY, at(10, 9))


def test_an_untried_part_of_the_day_is_preferred_and_the_last_attempt_needs_one() -> None:
    often = policy(hours_between=1, max_attempts=3)
    morning = tried(NO_ANSWER, at(3, 9))
    assert next_call(morning, often, at(3, 9), FRIDAY) == at(3, 14)
    assert may_call(morning, often, at(3, 10), FRIDAY) is None
    morning += tried(NO_ANSWER, at(3, 10))
    assert may_call(morning, often, at(4, 10), FRIDAY) == Blocked(Block.SAME_DAY_PART, at(4, 14))
    assert may_call(morning, often, at(4, 14), FRIDAY) is None
    spread = [*tried(NO_ANSWER, at(3, 9), at(3, 14))]
    assert next_call(spread, often, at(3, 14), FRIDAY) == at(4, 9)


def test_a_part_that_comes_no_more_before_the_last_day_is_not_waited_for() -> None:
    evenings = tried(NO_ANSWER, at(6, 18), at(6, 19))
    often = policy(hours_between=1)
    assert may_call(evenings, often, at(7, 18), FRIDAY) is None
    assert next_call(evenings, often, at(7, 18), FRIDAY) == at(7, 18)


def test_an_appointment_goes_before_waiting_but_not_before_its_time_nor_outside_the_hours() -> None:
    refused = tried(NOT_NOW, at(3, 9), at(3, 9, 30))
    agreed = at(3, 11)
    assert may_call(refused, SHIPPED, at(3, 10), FRIDAY, agreed) == Blocked(Block.TOO_SOON, at(3, 10, 55))
    assert may_call(refused, SHIPPED, at(3, 10, 55), FRIDAY, agreed) is None
    assert next_call(refused, SHIPPED, at(3, 9, 30), FRIDAY, agreed) == at(3, 10, 55)
    assert next_call(refused, SHIPPED, at(3, 9, 30), FRIDAY, at(3, 21)) == at(4, 9)
    assert next_call(refused, SHIPPED, at(3, 9, 30), FRIDAY, at(8, 10)) is None


def test_an_appointment_keeps_a_used_up_round_open_once() -> None:
    thrice = tried(NO_ANSWER, at(3, 9), at(3, 14), at(4, 9))
    driving = Tried(DRIVING, at(4, 9))
    kept = after_attempt(thrice[:2], driving, SHIPPED, FRIDAY, at(4, 10))
    assert kept == Progress(Step.AGAIN, 3, 1, next_at=at(4, 9, 55))
    again = after_attempt([*thrice[:2], driving], Tried(DRIVING, at(4, 10)), SHIPPED, FRIDAY, at(4, 16))
    assert again == Progress(Step.UNREACHED, 4, 0, exhausted=True)


def test_where_a_number_will_not_do_the_next_one_is_ready_at_once() -> None:
    dead = Tried(DEAD_NUMBER, at(3, 9))
    assert after_attempt([], dead, SHIPPED, FRIDAY, numbers=2) == Progress(Step.AGAIN, 1, 2, next_at=at(3, 9))
    assert may_call([dead], SHIPPED, at(3, 9, 1), FRIDAY, numbers=2) is None
    off = tried(OFF, at(3, 9)) + tried(OFF, at(3, 9, 5), number=2)
    assert may_call(off, policy(per_day=3), at(3, 9, 10), FRIDAY, numbers=2) == Blocked(Block.TOO_SOON, at(3, 14))
    assert may_call(off, SHIPPED, at(3, 9, 10), FRIDAY, numbers=3) == Blocked(Block.TOO_MANY_TODAY, at(3 + 1, 14))


def test_numbers_are_dialled_in_turn_and_dead_ones_no_more() -> None:
    assert next_number([], 2) == 1
    assert next_number(tried(NO_ANSWER, at(3, 9)), 2) == 1
    assert next_number(tried(OFF, at(3, 9)), 2) == 2
    assert next_number(tried(OFF, at(3, 9), number=2), 2) == 1
    assert next_number(tried(OFF, at(3, 9)), 1) == 1
    assert next_number(tried(DEAD_NUMBER, at(3, 9)), 1) is None
    assert next_number([*tried(DEAD_NUMBER, at(3, 9)), *tried(OFF, at(3, 10), number=2)], 2) == 2


def test_moments_belong_to_a_part_of_the_day_by_the_clock_of_the_city() -> None:
    assert [day_part(SHIPPED, at(3, hour)) for hour in (8, 9, 11, 12, 14, 18, 20)] == [
        None,
        "morning",
        "morning",
        None,
        "afternoon",
        "evening",
        None,
    ]
    assert day_part(SHIPPED, datetime.fromisoformat("2025-03-03T01:00:00+00:00")) == "morning"


def test_the_last_day_is_counted_in_working_days_and_unknown_beyond_the_calendar() -> None:
    days = [date(2025, 3, 1) + timedelta(days=offset) for offset in range(10)]
    calendar = Calendar.of(Day.of(day, "weekend" if day.isoweekday() > 5 else "workday") for day in days)
    assert last_day_of(SHIPPED, at(3, 16), calendar) == FRIDAY
    assert last_day_of(SHIPPED, at(6, 16), calendar) is None


def test_what_attempts_amount_to_goes_by_precedence() -> None:
    assert resolve([]) == "UH"
    assert resolve(["NC", "P", "R", "I"]) == "I"
    assert resolve(["NC", "O", "R"]) == "R"
    assert resolve(["NE", "NC"]) == "NC"
    assert resolve(["NE", "UO"]) == "UO"
    assert resolve(["NE"]) == "NE"


def test_a_soft_refusal_that_a_city_made_final_is_final() -> None:
    final = Tried(replace(NOT_NOW, final=True), at(3, 9))
    assert after_attempt([], final, SHIPPED, None) == Progress(Step.UNREACHED, 1, 0)


@pytest.mark.parametrize("module", [attempts, dispositions])
def test_the_examples_in_the_modules_are_true(module: ModuleType) -> None:
    outcome = doctest.testmod(module)
    assert outcome.attempted > 0
    assert outcome.failed == 0
