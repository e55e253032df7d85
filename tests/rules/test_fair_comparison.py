"""Funnels, case mix and the interviewer effect give the published and recomputed figures, and behave at their ends."""

import doctest
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rules import funnel, interviewer_effect
from services.rules.funnel import Adjusted, Place, Share, Spread
from services.rules.interviewer_effect import Group, Size

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
steady = settings(derandomize=True, max_examples=150, deadline=None)


def cases(file: str, *words: str) -> list[Any]:
    """Return the cases of a file of vectors whose names hold one of the words, with their names as ids."""
    every = json.loads((VECTORS / file).read_text("utf-8"))["cases"]
    return [pytest.param(one, id=one["name"]) for one in every if any(word in one["name"] for word in words)]


@pytest.mark.parametrize("case", cases("funnel_limits.json", "exact binomial"))
def test_exact_limits_are_the_published_ones(case: dict[str, Any]) -> None:
    target = Fraction(str(case["input"]["target"]))
    for tail, low, high in ((funnel.INNER, "l95", "u95"), (funnel.OUTER, "l998", "u998")):
        for n, *expected in zip(case["input"]["n"], case["expected"][low], case["expected"][high], strict=True):
            assert funnel.exact_limits(n, target, tail) == pytest.approx(expected, abs=case["abs_tol"])


@pytest.mark.parametrize("case", cases("funnel_limits.json", "20 departments"))
def test_limits_widened_by_over_dispersion_are_those_of_the_reference(case: dict[str, Any]) -> None:
    y, n, expected = case["input"]["y"], case["input"]["n"], case["expected"]
    found = funnel.dispersion(list(zip(y, n, strict=True)))
    for name in ("target", "phi", "tau2"):
        assert getattr(found, name) == pytest.approx(expected[name], abs=case["abs_tol"])
    plain = Spread(found.target, 1.0, 0.0)
    for spread, prefix in ((found, "od"), (plain, "")):
        for tail, of in ((funnel.INNER, "95"), (funnel.OUTER, "998")):
            for size, low, high in zip(n, expected[f"{prefix}ll{of}"], expected[f"{prefix}ul{of}"], strict=True):
                ours = funnel.spread_limits(size, spread, tail)
                # The reference rounds its normal quantiles to six decimals.
                assert ours[0] == pytest.approx(low, abs=1e-7)
                # Beyond the end of the scale the reference's sine folds back; there is no limit there, so ours is 1.
                assert ours[1] == 1.0 or ours[1] == pytest.approx(high, abs=1e-7)
        assert funnel.spread_limits(max(n), spread, funnel.INNER)[1] < 1.0


@pytest.mark.parametrize("case", cases("case_mix.json", "hotline"))
def test_standardisation_is_that_of_the_reference(case: dict[str, Any]) -> None:
    rows = zip(case["input"]["dissatisfied"], case["input"]["n"], strict=True)
    groups = {
        unit: {stratum: Share(*pair) for stratum, pair in enumerate(zip(*row, strict=True))}
        for unit, row in enumerate(rows)
    }
    found, expected = funnel.adjusted(groups), case["expected"]
    close = {"abs": case["abs_tol"]}
    assert [one.events for one in found.values()] == expected["O"]
    assert [float(one.expected) for one in found.values()] == pytest.approx(expected["E"], **close)
    assert [float(one.ratio or 0) for one in found.values()] == pytest.approx(expected["OE"], **close)
    assert [float(one.rate or 0) for one in found.values()] == pytest.approx(expected["adjusted_rate"], **close)
    assert float(found[0].overall) == pytest.approx(expected["overall"], **close)
    intervals = [funnel.ratio_interval(one.events, one.expected) for one in found.values()]
    assert [low for low, _ in intervals] == pytest.approx(expected["exact_lo"], **close)
    assert [high for _, high in intervals] == pytest.approx(expected["exact_hi"], **close)


@pytest.mark.parametrize("case", cases("case_mix.json", "Garwood"))
def test_the_interval_of_observed_over_expected_is_exact(case: dict[str, Any]) -> None:
    given_, expected = case["input"], case["expected"]
    low, high = funnel.ratio_interval(given_["O"], Fraction(str(given_["E"])))
    assert (low, high) == pytest.approx((expected["lower"], expected["upper"]), abs=case["abs_tol"])


@pytest.mark.parametrize("case", cases("interviewer_effect.json", "Dyestuff"))
def test_variances_of_a_balanced_set_are_the_published_ones(case: dict[str, Any]) -> None:
    values: dict[str, list[float]] = {}
    for group, value in zip(case["input"]["group"], case["input"]["yield"], strict=True):
        values.setdefault(group, []).append(value)
    groups = [Group(len(of), sum(of), sum(one * one for one in of)) for of in values.values()]
    found, expected = interviewer_effect.analysed(groups), case["expected"]
    assert found is not None
    assert (found.between, found.within) == pytest.approx(
        (expected["var_between"], expected["var_within"]), abs=case["abs_tol"]
    )
    assert found.icc == pytest.approx(expected["icc"], abs=0.0005)


@pytest.mark.parametrize("case", cases("interviewer_effect.json", "callback staff"))
def test_the_effect_of_unequal_groups_is_that_of_the_reference(case: dict[str, Any]) -> None:
    pairs = list(zip(case["input"]["satisfied"], case["input"]["n"], strict=True))
    found, expected = interviewer_effect.of_shares([Share(*pair) for pair in pairs]), case["expected"]
    analysed = interviewer_effect.analysed([Group(n, events, events) for events, n in pairs])
    assert found is not None
    assert analysed is not None
    close = {"abs": case["abs_tol"]}
    assert found.icc == pytest.approx(expected["icc_anova"], **close)
    assert analysed.typical == pytest.approx(expected["n0"], **close)
    assert found.design_effect == pytest.approx(expected["deff_kish_mean_workload"], **close)
    assert (found.chi_square, found.p) == pytest.approx((expected["chisq"], expected["p"]), **close)
    assert found.size == Size.LARGE


@pytest.mark.parametrize("module", [funnel, interviewer_effect])
def test_the_examples_of_the_modules_hold(module: Any) -> None:
    assert doctest.testmod(module).failed == 0


def test_a_mix_of_hard_cases_is_not_held_against_who_had_them() -> None:
    """Both do as everybody does with each kind of case; only the mix differs."""
    groups = {
        "easy": {"plain": Share(90, 100), "urgent": Share(2, 10)},
        "hard": {"plain": Share(9, 10), "urgent": Share(20, 100)},
    }
    found = funnel.adjusted(groups)
    assert {one.ratio for one in found.values()} == {1}
    points, spread = funnel.funnel(found)
    assert {point.place for point in points.values()} == {Place.AMONG}
    assert spread is None


def test_one_who_stands_apart_from_many_alike_is_outside_and_nobody_else_is() -> None:
    groups = {number: {"plain": Share(70, 100)} for number in range(11)} | {11: {"plain": Share(35, 100)}}
    points, spread = funnel.funnel(funnel.adjusted(groups))
    assert [key for key, point in points.items() if point.place == Place.VERY_LOW] == [11]
    assert spread is not None


def test_nothing_to_expect_gives_no_rate_and_no_point() -> None:
    found = funnel.adjusted({"A": {"plain": Share(0, 5)}, "B": {"plain": Share(0, 0)}})
    assert found == {"A": Adjusted(0, 5, Fraction(0), Fraction(0))}
    assert found["A"].rate is None
    assert funnel.funnel(found) == ({}, None)


def test_answers_that_are_all_the_same_or_of_one_agent_have_no_effect_to_speak_of() -> None:
    assert interviewer_effect.of_shares([Share(5, 5), Share(8, 8)]) is None
    assert interviewer_effect.of_shares([Share(3, 5), Share(0, 0)]) is None
    assert interviewer_effect.of_shares([]) is None
    alike = interviewer_effect.of_shares([Share(50, 100), Share(50, 100), Share(51, 100)])
    assert alike is not None
    assert alike.size == Size.NONE


SHARES = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda pair: Share(min(pair), max(pair)))


@steady
@given(st.dictionaries(st.integers(0, 9), st.dictionaries(st.sampled_from("abc"), SHARES), min_size=1))
def test_what_is_expected_of_all_together_is_what_was_observed(groups: dict[int, dict[str, Share]]) -> None:
    found = funnel.adjusted(groups)
    assert sum(one.expected for one in found.values()) == sum(one.events for one in found.values())
    for point in funnel.funnel(found)[0].values():
        assert 0 <= point.outer[0] <= point.inner[0] <= point.inner[1] <= point.outer[1] <= 1


@steady
@given(st.integers(1, 400), st.fractions(0, 1, max_denominator=50))
def test_limits_hold_the_target_and_never_leave_the_scale(n: int, target: Fraction) -> None:
    for tail in (funnel.INNER, funnel.OUTER):
        low, high = funnel.exact_limits(n, target, tail)
        assert 0 <= low <= high <= 1
