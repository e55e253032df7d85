"""Rule sets: what is refused, what the shipped one says, and which one is in force on a day."""

import copy
import doctest
import json
import tomllib
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.vocabulary import Satisfaction
from services.errors import Invalid, PortalError
from services.rules import ruleset
from services.rules.document import canonical, fingerprint
from services.rules.ruleset import RuleSet

SHIPPED = Path(ruleset.__file__).with_name("guangzhou_default.toml")
steady = settings(derandomize=True, max_examples=100, deadline=None)
Document = dict[str, Any]


def shipped() -> Document:
    return tomllib.loads(SHIPPED.read_text(encoding="utf-8"))


def problems_of(document: Document) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        ruleset.parse(document)
    return refused.value.problems


def at(path: str, value: object) -> Callable[[Document], None]:
    *parents, last = path.split("/")

    def change(document: Document) -> None:
        place: Any = document
        for parent in parents:
            place = place[int(parent)] if isinstance(place, list) else place[parent]
        if value is ...:
            del place[last]
        else:
            place[int(last) if isinstance(place, list) else last] = value

    return change


def test_the_shipped_rule_set_says_what_is_known_and_labels_what_is_assumed() -> None:
    rules = ruleset.parse(shipped())
    assert {kind: one.value for kind, one in rules.deadlines.items()} == {
        "consult": 2,
        "help": 10,
        "suggest": 10,
        "complaint": 15,
        "report": 15,
        "other": 15,
    }
    assert all(one.assumption for one in rules.deadlines.values())
    assert rules.rework_deadline.value == 5
    assert (rules.max_rounds.value, rules.too_few.value) == (3, 20)
    assert rules.call_unrated.value is True
    assert str(rules.confidence.value) == "0.95"
    assert set(rules.scales) == {"three", "four", "five"}
    assert rules.satisfaction("five", "very_dissatisfied") == Satisfaction.DISSATISFIED
    assert rules.satisfaction("four", "understands") == Satisfaction.NEUTRAL
    assert set(rules.assumptions) >= {"deadlines.consult", "rework_deadline", "scales.four", "too_few"}
    assert not {"scales.five", "scales.three"} & set(rules.assumptions)


def test_the_second_version_decides_as_the_first_and_knows_one_scale_more() -> None:
    second = tomllib.loads(SHIPPED.with_name("guangzhou_2.toml").read_text(encoding="utf-8"))
    agreement = second["scales"].pop("agreement")
    differs = {"version": 1, "effective_from": "2011-01-01"}
    assert second | differs == shipped()
    assert agreement["source"]
    first, later = ruleset.parse(shipped()), ruleset.parse(second | {"scales": {"agreement": agreement}})
    assert ruleset.effective([first, later], date(2020, 11, 5)).version == 2
    assert [one.counts_as.value for one in later.grades("agreement")] == [
        "satisfied",
        "satisfied",
        "neutral",
        "dissatisfied",
        "dissatisfied",
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (at("format", 2), {"format": "unknown_format"}),
        (at("format", True), {"format": "unknown_format"}),
        (at("code", "Guang Zhou"), {"code": "not_a_code"}),
        (at("code", ...), {"code": "required"}),
        (at("version", 0), {"version": "not_a_version"}),
        (at("version", True), {"version": "not_a_version"}),
        (at("effective_from", "2019-02-30"), {"effective_from": "not_a_date"}),
        (at("effective_from", date(2019, 2, 3)), {"effective_from": "not_a_date"}),
        (at("colour", "red"), {"colour": "unknown"}),
        (at("deadlines", {}), {"deadlines": "required"}),
        (at("deadlines", [2, 10, 15]), {"deadlines": "not_a_section"}),
        (at("deadlines/consult", 2), {"deadlines.consult": "without_source"}),
        (at("deadlines/consult/value", 2.5), {"deadlines.consult": "not_a_number"}),
        (at("deadlines/consult/value", True), {"deadlines.consult": "not_a_number"}),
        (at("deadlines/consult/value", 0), {"deadlines.consult": "out_of_range"}),
        (at("deadlines/consult/source", " "), {"deadlines.consult.source": "required"}),
        (at("deadlines/consult/source", "x" * 501), {"deadlines.consult.source": "too_long"}),
        (at("deadlines/consult/assumption", ...), {"deadlines.consult.assumption": "not_yes_or_no"}),
        (at("deadlines/consult/note", "?"), {"deadlines.consult.note": "unknown"}),
        (at("max_rounds", ...), {"max_rounds": "required"}),
        (at("max_rounds/value", ...), {"max_rounds": "required"}),
        (at("call_unrated/value", "yes"), {"call_unrated": "not_yes_or_no"}),
        (at("confidence/value", 0.95), {"confidence": "not_a_number"}),
        (at("confidence/value", "high"), {"confidence": "not_a_number"}),
        (at("confidence/value", "NaN"), {"confidence": "not_a_number"}),
        (at("confidence/value", "1"), {"confidence": "out_of_range"}),
        (at("scales/three/grades", "all good"), {"scales.three": "not_a_list"}),
        (at("scales/three/grades/0/counts_as", "happy"), {"scales.three.grades.0": "unknown_satisfaction"}),
        (at("scales/three/grades/0/code", "满意"), {"scales.three.grades.0": "not_a_code"}),
        (at("scales/three/grades/0", "satisfied"), {"scales.three.grades.0": "not_a_grade"}),
        (at("scales/three/grades/1/code", "satisfied"), {"scales.three.grades.1": "repeated"}),
        (at("scales/three/grades/0/counts_as", "neutral"), {"scales.three": "better_counts_for_less"}),
        (at("scales/three/grades/2/counts_as", "satisfied"), {"scales.three": "one_sided"}),
    ],
)
def test_a_wrong_value_is_named_by_its_path_and_nothing_else_is(
    change: Callable[[Document], None], problem: dict[str, str]
) -> None:
    document = shipped()
    change(document)
    assert problems_of(document) == problem


def test_every_problem_is_told_at_once() -> None:
    document = shipped()
    for change in (at("code", ...), at("deadlines/help/value", 999), at("too_few/source", ""), at("x", 1)):
        change(document)
    assert problems_of(document) == {
        "x": "unknown",
        "code": "required",
        "deadlines.help": "out_of_range",
        "too_few.source": "required",
    }
    assert set(problems_of({})) == ruleset.SECTIONS - {"max_attempts"}


def test_an_earlier_rule_sets_number_of_attempts_stays_readable_and_may_be_left_out() -> None:
    document = shipped()
    said = ruleset.parse(document).max_attempts
    assert said is not None
    assert said.value == 3
    assert problems_of(document | {"max_attempts": {**document["max_attempts"], "value": 0}}) == {
        "max_attempts": "out_of_range"
    }
    del document["max_attempts"]
    assert ruleset.parse(document).max_attempts is None
    assert "max_attempts" not in ruleset.parse(document).assumptions


def test_the_fingerprint_is_of_the_content_not_of_its_order() -> None:
    document = shipped()
    turned = dict(reversed(json.loads(json.dumps(document)).items()))
    assert fingerprint(turned) == ruleset.parse(document).fingerprint
    changed = copy.deepcopy(document)
    changed["deadlines"]["consult"]["value"] = 3
    assert ruleset.parse(changed).fingerprint != ruleset.parse(document).fingerprint
    assert canonical({"b": [1, True, None], "a": "满意"}) == '{"a":"满意","b":[1,true,null]}'.encode()
    with pytest.raises(Invalid):
        canonical({"a": 0.5})


def test_what_a_rule_set_does_not_know_is_refused_not_guessed() -> None:
    rules = ruleset.parse(shipped())
    for ask, code in (
        (lambda: rules.deadline("praise"), "error.no_deadline_rule"),
        (lambda: rules.grades("seven"), "error.unknown_scale"),
        (lambda: rules.satisfaction("three", "understands"), "error.unknown_grade"),
    ):
        with pytest.raises(PortalError) as refused:
            ask()
        assert refused.value.code == code
        assert refused.value.facts["rules"] == "guangzhou/1"


def versions(days: list[date]) -> list[RuleSet]:
    return [
        ruleset.parse({**shipped(), "version": number, "effective_from": day.isoformat()})
        for number, day in enumerate(days, start=1)
    ]


def test_the_rule_set_in_force_is_the_last_one_that_has_begun() -> None:
    sets = versions([date(2022, 11, 1), date(2018, 10, 19)])
    assert ruleset.effective(sets, date(2018, 10, 19)).version == 2
    assert ruleset.effective(sets, date(2022, 10, 31)).version == 2
    assert ruleset.effective(sets, date(2022, 11, 1)).version == 1
    with pytest.raises(PortalError) as refused:
        ruleset.effective(sets, date(2018, 10, 18))
    assert refused.value.facts == {"day": "2018-10-18"}


def test_two_rule_sets_may_not_begin_on_one_day() -> None:
    with pytest.raises(Invalid):
        ruleset.effective(versions([date(2020, 1, 1), date(2020, 1, 1)]), date(2021, 1, 1))


@steady
@given(
    st.lists(st.dates(date(2011, 1, 1), date(2030, 1, 1)), min_size=1, max_size=5, unique=True),
    st.integers(min_value=0, max_value=8000),
    st.integers(min_value=0, max_value=900),
)
def test_rule_sets_stand_in_one_order_and_time_only_moves_forward(days: list[date], start: int, later: int) -> None:
    sets = versions(days)
    assert ruleset.in_order(reversed(sets)) == ruleset.in_order(sets)
    day = min(days) + timedelta(days=start)
    now, then = ruleset.effective(sets, day), ruleset.effective(sets, day + timedelta(days=later))
    assert now.effective_from <= day
    assert now.effective_from <= then.effective_from


def test_the_examples_in_the_module_are_true() -> None:
    outcome = doctest.testmod(ruleset)
    assert outcome.attempted > 0
    assert outcome.failed == 0
