"""Rates against published numbers, and what silence and satisfaction may do to them."""

import doctest
import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rules import measures
from services.rules.measures import Measure, Rate, Tally, change, half_up, measure, percent, together, wilson

VECTORS = Path(__file__).parents[1] / "vectors"
CONFIDENCE = Decimal("0.95")
steady = settings(derandomize=True, max_examples=200, deadline=None)


def cases(file: str) -> list[Any]:
    found: list[Any] = json.loads((VECTORS / file).read_text(encoding="utf-8"))["cases"]
    return found


INTERVALS = cases("score_intervals.json")


def test_the_vectors_are_there() -> None:
    assert (len(INTERVALS), len(cases("rounding_half_up.json"))) == (36, 58)


@pytest.mark.parametrize("case", [one for one in INTERVALS if "wilson" in one["expected"]], ids=lambda one: one["name"])
def test_wilson_intervals_are_those_of_r(case: dict[str, Any]) -> None:
    given_, tolerance = case["input"], Decimal(str(case["abs_tol"]))
    found = wilson(given_["x"], given_["n"], Decimal(str(given_["conf"])))
    for bound, expected in zip(found, case["expected"]["wilson"], strict=True):
        assert abs(bound - Decimal(str(expected))) <= tolerance


@pytest.mark.parametrize("case", [one for one in INTERVALS if "newcombe_score_diff" in one["expected"]])
def test_the_interval_of_a_change_is_newcombes(case: dict[str, Any]) -> None:
    told = case["input"]
    now = Rate(Measure.SATISFACTION, told["x1"], told["n1"], 0)
    before = Rate(Measure.SATISFACTION, told["x2"], told["n2"], 0)
    found = change(now, before, Decimal(str(told["conf"])), 9)
    assert found is not None
    low, high = (Decimal(str(bound)) * 100 for bound in case["expected"]["newcombe_score_diff"])
    assert abs(found.interval.low - low) < Decimal("1e-7")
    assert abs(found.interval.high - high) < Decimal("1e-7")
    assert found.points == 15
    assert found.clear


@pytest.mark.parametrize("case", cases("rounding_half_up.json"), ids=lambda one: one["name"])
def test_rounding_is_half_up_as_published(case: dict[str, Any]) -> None:
    assert str(half_up(Decimal(case["value"]), case["places"])) == case["half_up"]


@pytest.mark.parametrize(
    ("numerator", "denominator", "places", "printed"),
    [
        (162, 192, 2, "84.38"),
        (22, 2258, 2, "0.97"),
        (591, 594, 1, "99.5"),
        (560, 2798, 2, "20.01"),
        (2258, 11303, 2, "19.98"),
        (1, 8, 1, "12.5"),
        (1, 16, 1, "6.3"),
        (0, 7, 2, "0.00"),
        (7, 7, 0, "100"),
    ],
)
def test_published_rates_are_reproduced_and_the_misprinted_ones_corrected(
    numerator: int, denominator: int, places: int, printed: str
) -> None:
    assert str(percent(numerator, denominator, places)) == printed


def test_of_nothing_there_is_no_rate() -> None:
    for rate in measure(Tally()).all:
        assert rate.percent(2) is None
        assert rate.interval(CONFIDENCE, 2) is None
        assert change(rate, rate, CONFIDENCE, 2) is None
        assert rate.rests_on_too_few(20)


def test_a_part_is_never_more_than_its_whole() -> None:
    with pytest.raises(ValueError, match="a part and a whole"):
        percent(3, 2, 2)
    with pytest.raises(ValueError, match="a part and a whole"):
        wilson(0, 0, CONFIDENCE)


MONTH = Tally(
    closed=103,
    excluded=3,
    due=100,
    on_time=92,
    to_call=64,
    called=62,
    reached=50,
    rated=86,
    satisfied=74,
    neutral=2,
    dissatisfied=10,
    solved=41,
    silent=11,
    reworked=6,
)


def test_every_rate_shows_its_figures() -> None:
    assert [(rate.measure.value, rate.numerator, rate.denominator, rate.excluded) for rate in measure(MONTH).all] == [
        ("coverage", 50, 64, 3),
        ("satisfaction", 74, 86, 3),
        ("legacy", 85, 97, 3),
        ("on_time", 92, 100, 3),
        ("solved", 41, 50, 3),
        ("rework", 6, 100, 3),
    ]
    assert (MONTH.counted, MONTH.pending) == (100, 3)


@pytest.mark.parametrize(
    "wrong",
    [
        {"closed": -1},
        {"excluded": 104},
        {"satisfied": 75},
        {"on_time": 101},
        {"solved": 51},
        {"called": 49},
        {"to_call": 61},
        {"silent": 15},
        {"reworked": 101},
    ],
)
def test_counts_that_contradict_one_another_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="contradict"):
        replace(MONTH, **wrong)


def test_rates_are_taken_of_sums_not_averaged() -> None:
    small = Tally(closed=1, to_call=1, called=1, reached=1, rated=1, dissatisfied=1)
    both = measure(together([MONTH, small]))
    assert (both.satisfaction.numerator, both.satisfaction.denominator) == (74, 87)
    assert together([]) == Tally()


def test_a_change_is_rounded_once_and_a_small_one_is_not_called_clear() -> None:
    before, now = Rate(Measure.SATISFACTION, 2, 3, 0), Rate(Measure.SATISFACTION, 5, 7, 0)
    moved = change(now, before, CONFIDENCE, 2)
    assert moved is not None
    assert str(moved.points) == "4.76"
    assert not moved.clear
    assert moved.interval.low < 0 < moved.interval.high


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    satisfied, neutral, dissatisfied, silent, pending, excluded = (draw(st.integers(0, 60)) for _ in range(6))
    rated = satisfied + neutral + dissatisfied
    counted = rated + silent + pending
    due = draw(st.integers(0, counted))
    reached = draw(st.integers(0, rated))
    called = draw(st.integers(reached, counted))
    return Tally(
        closed=counted + excluded,
        excluded=excluded,
        due=due,
        on_time=draw(st.integers(0, due)),
        to_call=draw(st.integers(called, counted)),
        called=called,
        reached=reached,
        rated=rated,
        satisfied=satisfied,
        neutral=neutral,
        dissatisfied=dissatisfied,
        solved=draw(st.integers(0, reached)),
        silent=silent,
        reworked=draw(st.integers(0, counted)),
    )


def share(rate: Rate) -> Fraction | None:
    return Fraction(rate.numerator, rate.denominator) if rate.denominator else None


@steady
@given(tallies())
def test_one_more_silent_citizen_raises_no_rate_that_may_score(tally: Tally) -> None:
    """Called three times in vain, closed without a deadline, never rated."""
    quiet = together([tally, Tally(closed=1, to_call=1, called=1, silent=1)])
    for before, after in zip(measure(tally).all, measure(quiet).all, strict=True):
        old, new = share(before), share(after)
        if before.may_score and old is not None:
            assert new is not None
            assert new <= old
    assert share(measure(quiet).satisfaction) == share(measure(tally).satisfaction)


@steady
@given(tallies())
def test_the_legacy_rate_is_the_one_that_silence_raises(tally: Tally) -> None:
    quiet = measure(together([tally, Tally(closed=1, to_call=1, called=1, silent=1)])).legacy
    before = share(measure(tally).legacy)
    assert before is None or (share(quiet) or 0) >= before
    assert not quiet.may_score


@steady
@given(tallies())
def test_one_more_satisfied_citizen_never_lowers_satisfaction(tally: Tally) -> None:
    happier = together([tally, Tally(closed=1, to_call=1, called=1, reached=1, rated=1, satisfied=1)])
    for name in ("satisfaction", "legacy", "coverage"):
        before, after = share(getattr(measure(tally), name)), share(getattr(measure(happier), name))
        assert before is None or (after is not None and after >= before)
    angrier = together([tally, Tally(closed=1, to_call=1, called=1, reached=1, rated=1, dissatisfied=1)])
    before = share(measure(tally).satisfaction)
    assert before is None or (share(measure(angrier).satisfaction) or 0) <= before


@steady
@given(st.integers(0, 5000), st.integers(1, 5000), st.integers(0, 4))
def test_a_printed_rate_is_the_nearest_one_and_lies_in_its_interval(part: int, whole: int, places: int) -> None:
    rate = Rate(Measure.SOLVED, min(part, whole), whole, 0)
    printed, bounds = rate.percent(places), rate.interval(CONFIDENCE, places)
    assert printed is not None
    assert bounds is not None
    exact = Fraction(100 * rate.numerator, whole)
    half = Fraction(1, 2 * 10**places)
    assert -half < Fraction(printed) - exact <= half
    assert -printed.as_tuple().exponent == places
    assert 0 <= bounds.low <= printed <= bounds.high <= 100


@steady
@given(tallies(), tallies())
def test_adding_keeps_every_count(one: Tally, two: Tally) -> None:
    assert one + two == two + one
    assert (one + two).counted == one.counted + two.counted


def test_the_examples_in_the_module_are_true() -> None:
    outcome = doctest.testmod(measures)
    assert outcome.attempted > 0
    assert outcome.failed == 0
