"""AAPOR's outcome rates, against published and recomputed numbers, and the groups that the code list gives them."""

import csv
import doctest
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.errors import Invalid
from services.rules import outcome_rates
from services.rules.outcome_rates import GROUPS, Outcomes, rates

TESTS = Path(__file__).parents[1]
DISPOSITIONS = TESTS / "vectors" / "aapor_dispositions.csv"
CODE_LIST = TESTS.parent / "db" / "reference" / "dispositions.csv"
CASES = json.loads((TESTS / "vectors" / "aapor_outcome_rates.json").read_text("utf-8"))["cases"]
NAMES = [
    *(f"RR{number}" for number in range(1, 7)),
    *(f"COOP{number}" for number in range(1, 5)),
    *(f"{kind}{number}" for kind in ("REF", "CON") for number in range(1, 4)),
]
NOT_AAPOR = {"LOC1", "LOC2"}
steady = settings(derandomize=True, max_examples=200, deadline=None)
counts = st.builds(Outcomes, *(st.integers(0, 500) for _ in GROUPS))
shares = st.fractions(0, 1, max_denominator=100)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_every_published_and_recomputed_case_is_met(case: dict[str, Any]) -> None:
    # The share is written as a decimal in the file; read as text it is exactly what was meant.
    found = rates(Outcomes.of(case["input"]["counts"]), Fraction(str(case["input"].get("e", 1))))
    compared = 0
    for name, expected in case["expected"].items():
        rate, _, side = name.partition("_")
        if rate in NOT_AAPOR:
            continue
        one = found[rate]
        got = {"num": one.numerator, "den": one.denominator, "": one.value}[side]
        if expected is None or got is None:
            assert got is expected, name
        else:
            assert abs(got - Fraction(str(expected))) <= Fraction(str(case["abs_tol"])), name
        compared += 1
    assert compared in (2, len(NAMES))


def test_all_rates_of_aapor_are_there_and_no_other() -> None:
    assert sorted(rates(Outcomes())) == sorted(NAMES)
    compared = {name.partition("_")[0] for case in CASES for name in case["expected"]}
    assert compared - NOT_AAPOR == set(NAMES)


def test_the_code_list_gives_every_disposition_the_group_of_a_list_of_named_citizens() -> None:
    published = {row["aapor_code"]: row["class_named_list"] for row in rows(DISPOSITIONS)}
    ours = {row["code"]: row["aapor_group"] for row in rows(CODE_LIST)}
    assert published == ours
    assert set(ours.values()) == set(GROUPS)


def test_the_code_list_calls_every_disposition_what_the_published_table_calls_it() -> None:
    published = {row["aapor_code"]: (row["label"], row["label_zh"]) for row in rows(DISPOSITIONS)}
    assert published == {row["code"]: (row["name_en"], row["name"]) for row in rows(CODE_LIST)}


@pytest.mark.parametrize("code", ["4.20", "4.31", "4.32", "4.33"])
def test_a_dead_number_is_an_eligible_non_contact_and_never_ineligible(code: str) -> None:
    row = next(row for row in rows(CODE_LIST) if row["code"] == code)
    assert (row["aapor_group"], row["eligible"]) == ("NC", "yes")


def test_only_what_is_not_in_the_frame_leaves_the_base() -> None:
    left_out = {row["code"] for row in rows(CODE_LIST) if row["eligible"] == "no"}
    assert left_out == {row["code"] for row in rows(CODE_LIST) if row["aapor_group"] == "NE"}
    assert left_out == {"4.10", "4.80", "4.90"}


@steady
@given(counts, shares)
def test_each_kind_of_rate_stands_in_its_order_and_between_nothing_and_all(outcomes: Outcomes, e: Fraction) -> None:
    values = {name: rate.value for name, rate in rates(outcomes, e).items()}
    for lower, higher in [
        *((f"RR{number}", f"RR{number + 2}") for number in range(1, 5)),
        *((f"RR{number}", f"RR{number + 1}") for number in (1, 3, 5)),
        ("COOP1", "COOP2"),
        ("COOP1", "COOP3"),
        ("COOP2", "COOP4"),
        ("REF1", "REF2"),
        ("REF2", "REF3"),
        ("CON1", "CON2"),
        ("CON2", "CON3"),
    ]:
        below, above = values[lower], values[higher]
        if below is not None and above is not None:
            assert 0 <= below <= above <= 1


@steady
@given(counts)
def test_with_every_unknown_case_eligible_the_estimate_is_the_most_careful_one(outcomes: Outcomes) -> None:
    found = rates(outcomes)
    for careful, estimated in (("RR1", "RR3"), ("RR2", "RR4"), ("REF1", "REF2"), ("CON1", "CON2")):
        assert found[careful] == found[estimated]


@steady
@given(counts, shares, st.integers(1, 50))
def test_who_is_not_eligible_counts_nowhere(outcomes: Outcomes, e: Fraction, more: int) -> None:
    others = [getattr(outcomes, name) for name in outcomes.__slots__][:-1]
    assert rates(outcomes, e) == rates(Outcomes(*others, outcomes.not_eligible + more), e)


def test_what_is_no_group_and_no_share_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        Outcomes.of({"I": 1, "XX": 2})
    assert refused.value.problems == {"XX": "unknown"}
    for wrong in (Fraction(-1, 2), Fraction(3, 2)):
        with pytest.raises(Invalid):
            rates(Outcomes(), wrong)


def test_the_examples_in_the_module_are_true() -> None:
    outcome = doctest.testmod(outcome_rates)
    assert outcome.attempted > 0
    assert outcome.failed == 0
