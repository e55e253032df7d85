"""Deadlines against sixteen years of real Chinese working days, counted a second time day by day."""

import csv
import doctest
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.vocabulary import DayKind
from services.errors import Invalid
from services.rules import deadlines
from services.rules.deadlines import Calendar, Day, Lateness, NotCovered, Stretch

VECTORS = Path(__file__).parents[1] / "vectors" / "cn_workdays_2011_2026.csv"
FIRST, LAST = date(2011, 1, 1), date(2026, 12, 31)
steady = settings(derandomize=True, max_examples=150, deadline=None)
starts = st.dates(min_value=FIRST, max_value=date(2026, 8, 31))
lengths = st.integers(min_value=1, max_value=30)


@cache
def published() -> tuple[dict[str, str], ...]:
    lines = VECTORS.read_text(encoding="utf-8").splitlines()
    return tuple(csv.DictReader(line for line in lines if not line.startswith("#")))


@cache
def calendar() -> Calendar:
    return Calendar.of(Day.of(date.fromisoformat(row["date"]), row["kind"], row["holiday"]) for row in published())


@cache
def worked() -> dict[date, bool]:
    return {date.fromisoformat(row["date"]): row["is_workday"] == "1" for row in published()}


def spoken(stretches: Iterable[Stretch]) -> list[str]:
    return [
        f"{one.first:%m-%d}..{one.last:%m-%d} {'+' if one.counted else '-'} {one.why} {one.holiday or ''}".strip()
        for one in stretches
    ]


@pytest.mark.parametrize("days", [1, 2, 5, 10, 15, 30])
def test_every_start_of_sixteen_years_ends_where_counting_day_by_day_ends(days: int) -> None:
    known = worked()
    wrong = []
    for start in known:
        day, left = start, days
        while day <= LAST:
            left -= known[day]
            if left == 0:
                break
            day += timedelta(days=1)
        expected = day if left == 0 else None
        try:
            found: date | None = deadlines.due_on(start, days, calendar())
        except NotCovered:
            found = None
        if found != expected:
            wrong.append((start, found, expected))
    assert len(known) == 5844
    assert wrong == []


def test_the_flag_and_the_kind_of_the_published_calendar_agree() -> None:
    assert all(day.worked == worked()[day.day] for day in calendar().days)


def test_five_working_days_from_2019_05_28_end_on_2019_06_03() -> None:
    told = deadlines.explain(date(2019, 5, 28), 5, calendar())
    assert told.due == date(2019, 6, 3)
    assert spoken(told.stretches) == ["05-28..05-31 + workday", "06-01..06-02 - weekend", "06-03..06-03 + workday"]
    assert deadlines.due_at(date(2019, 5, 28), 5, calendar()).astimezone(UTC) == datetime(
        2019, 6, 3, 15, 59, 59, tzinfo=UTC
    )


def test_a_make_up_weekend_counts_and_a_holiday_is_named() -> None:
    told = deadlines.explain(date(2019, 9, 27), 5, calendar())
    assert spoken(told.stretches) == [
        "09-27..09-27 + workday",
        "09-28..09-28 - weekend",
        "09-29..09-29 + adjusted_workday 国庆节",
        "09-30..09-30 + workday",
        "10-01..10-07 - holiday 国庆节",
        "10-08..10-09 + workday",
    ]
    assert [stretch.days for stretch in told.skipped] == [1, 7]


def test_an_order_accepted_on_a_day_off_counts_from_the_next_working_day() -> None:
    told = deadlines.explain(date(2019, 6, 1), 1, calendar())
    assert told.due == told.counts_from == date(2019, 6, 3)


def test_a_year_that_the_calendar_does_not_hold_is_refused_and_named() -> None:
    with pytest.raises(NotCovered) as refused:
        deadlines.due_on(date(2026, 12, 30), 5, calendar())
    assert refused.value.facts == {"year": 2027, "day": "2027-01-01"}
    with pytest.raises(NotCovered) as refused:
        deadlines.due_on(date(2010, 12, 31), 1, calendar())
    assert refused.value.facts["year"] == 2010
    with pytest.raises(NotCovered):
        Calendar.of(()).nth_workday(FIRST, 1)


def test_a_gap_is_refused_although_later_days_are_known() -> None:
    gapped = Calendar.of(day for day in calendar().days if day.day.year != 2020)
    assert deadlines.due_on(date(2021, 1, 4), 2, gapped) == date(2021, 1, 5)
    assert not gapped.covers(date(2020, 6, 1))
    for ask in (
        lambda: gapped.nth_workday(date(2019, 12, 31), 2),
        lambda: gapped.working_days(date(2019, 12, 1), date(2021, 1, 4)),
        lambda: gapped.between(date(2019, 12, 1), date(2021, 1, 4)),
        lambda: gapped.day(date(2020, 1, 1)),
    ):
        with pytest.raises(NotCovered) as refused:
            ask()
        assert refused.value.facts["year"] == 2020


def test_a_day_that_is_told_twice_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        Calendar.of([Day.of(FIRST, "holiday"), Day.of(FIRST, "workday")])
    assert refused.value.problems == {"2011-01-01": "repeated"}


def test_less_than_one_working_day_is_no_deadline() -> None:
    with pytest.raises(ValueError, match="at least one"):
        deadlines.due_on(FIRST, 0, calendar())


def test_calendars_of_the_same_days_are_equal_in_whatever_order_they_come() -> None:
    assert Calendar.of(reversed(calendar().days)) == calendar()
    assert calendar().day(date(2019, 9, 29)) == Day(date(2019, 9, 29), DayKind.ADJUSTED_WORKDAY, "国庆节")


def at(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=deadlines.CITY)


def test_lateness_is_by_the_clock_and_its_length_in_working_days() -> None:
    due = deadlines.end_of(date(2019, 5, 31))
    late = {
        closed: deadlines.lateness(due, closed=closed, now=closed, calendar=calendar())
        for closed in (due, at(date(2019, 6, 1), 9), at(date(2019, 6, 3), 9), at(date(2019, 6, 10), 9))
    }
    assert list(late.values()) == [
        Lateness(False, 0),
        Lateness(True, 0),
        Lateness(True, 1),
        Lateness(True, 5),
    ]


def test_an_open_order_is_late_once_its_deadline_has_passed() -> None:
    due = deadlines.end_of(date(2019, 6, 3))
    assert not deadlines.is_late(due, closed=None, now=due)
    assert deadlines.is_late(due, closed=None, now=due + timedelta(seconds=1))
    assert deadlines.lateness(due, closed=None, now=at(date(2019, 6, 5), 8), calendar=calendar()).working_days == 2


def test_the_working_days_left_include_today_and_the_last_one() -> None:
    due = deadlines.end_of(date(2019, 6, 3))
    left = [
        deadlines.working_days_left(due, now=at(date(2019, 5, 28) + timedelta(days=n), 10), calendar=calendar())
        for n in range(8)
    ]
    assert left == [5, 4, 3, 2, 1, 1, 1, 0]


def test_the_day_is_the_one_in_shanghai() -> None:
    assert deadlines.local_day(datetime(2019, 5, 27, 16, tzinfo=UTC)) == date(2019, 5, 28)
    with pytest.raises(ValueError, match="time zone"):
        deadlines.local_day(datetime(2019, 5, 27, 16, tzinfo=UTC).replace(tzinfo=None))


@steady
@given(starts, lengths)
def test_a_deadline_never_ends_on_a_day_off_and_counts_exactly_its_working_days(start: date, days: int) -> None:
    told = deadlines.explain(start, days, calendar())
    assert worked()[told.due]
    assert calendar().working_days(start, told.due) == days == sum(one.days for one in told.counted)
    assert told.stretches[0].first == start
    assert told.stretches[-1].last == told.due
    assert all(before.last + timedelta(days=1) == after.first for before, after in pairwise(told.stretches))
    for stretch in told.stretches:
        for n in range(stretch.days):
            assert worked()[stretch.first + timedelta(days=n)] == stretch.counted


@steady
@given(starts, lengths, st.integers(min_value=1, max_value=10))
def test_more_working_days_end_later(start: date, days: int, more: int) -> None:
    assert deadlines.due_on(start, days, calendar()) < deadlines.due_on(start, days + more, calendar())


@steady
@given(starts, lengths, st.integers(min_value=0, max_value=40))
def test_a_later_start_never_ends_earlier(start: date, days: int, later: int) -> None:
    assert deadlines.due_on(start, days, calendar()) <= deadlines.due_on(
        start + timedelta(days=later), days, calendar()
    )


@steady
@given(starts, st.integers(min_value=0, max_value=60), st.integers(min_value=0, max_value=60))
def test_working_days_of_two_neighbouring_spans_add_up(first: date, one: int, two: int) -> None:
    middle, last = first + timedelta(days=one), first + timedelta(days=one + 1 + two)
    whole = calendar().working_days(first, last)
    assert whole == calendar().working_days(first, middle) + calendar().working_days(middle + timedelta(days=1), last)
    assert calendar().working_days(last, first) == 0


def test_the_examples_in_the_module_are_true() -> None:
    outcome = doctest.testmod(deadlines)
    assert outcome.attempted > 0
    assert outcome.failed == 0
