"""The callback policy: what the shipped one says, and what is refused."""

import doctest
from typing import Any

import pytest

from services.errors import Invalid
from services.rules import callback_policy, document
from services.rules.callback_policy import Priority
from tests.rules.policies import policy, shipped

MORNING = {"code": "morning", "from": "09:00", "to": "12:00"}


def problems_of(**changes: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        callback_policy.parse(shipped() | changes)
    return refused.value.problems


def decided(value: object) -> dict[str, object]:
    return {"value": value, "assumption": True, "source": "Made up for a test."}


def test_the_shipped_policy_says_what_is_assumed() -> None:
    told = policy()
    assert told.name == "callback/1"
    assert (told.max_attempts.value, told.per_day.value, told.hours_between.value, told.last_day.value) == (3, 2, 4, 5)
    assert (told.distinct_day_parts.value, told.quiet_days.value, told.share_percent.value) == (2, 7, 100)
    assert told.weekdays.value == (1, 2, 3, 4, 5, 6, 7)
    assert told.priorities.value == (Priority.DISSATISFIED, Priority.REWORKED, Priority.EXPIRING)
    assert len(told.assumptions) == len(callback_policy.NUMBERS) + len(callback_policy.LISTS)
    assert told.fingerprint == document.fingerprint(shipped())


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"format": 2}, {"format": "unknown_format"}),
        ({"tempo": decided(1)}, {"tempo": "unknown"}),
        ({"per_day": 2}, {"per_day": "without_source"}),
        ({"per_day": decided(True)}, {"per_day": "not_a_number"}),
        ({"share_percent": decided(101)}, {"share_percent": "out_of_range"}),
        ({"weekdays": decided([])}, {"weekdays": "required"}),
        ({"weekdays": decided([1, 8, 1])}, {"weekdays.1": "not_a_weekday", "weekdays.2": "repeated"}),
        ({"priorities": decided(["loud"])}, {"priorities.0": "unknown"}),
        ({"priorities": decided(["expiring", "expiring"])}, {"priorities.1": "repeated"}),
        ({"distinct_day_parts": decided(4)}, {"distinct_day_parts": "more_than_day_parts"}),
        ({"max_attempts": decided(1)}, {"distinct_day_parts": "more_than_attempts"}),
        ({"last_day": decided(5) | {"source": " "}}, {"last_day.source": "required"}),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_by_its_path(
    changes: dict[str, object], problems: dict[str, str]
) -> None:
    assert problems_of(**changes) == problems


@pytest.mark.parametrize(
    ("second", "problem"),
    [
        (MORNING | {"from": "13:00", "to": "14:00"}, "repeated"),
        ({"code": "noon", "from": "11:30", "to": "13:00"}, "overlaps"),
        ({"code": "noon", "from": "13:00", "to": "13:00"}, "ends_before_it_begins"),
        ({"code": "noon", "from": "13:00", "to": "24:00"}, "not_a_time"),
        ({"code": "noon", "from": "13:00", "to": 14}, "not_a_time"),
        ({"code": "Noon!", "from": "13:00", "to": "14:00"}, "not_a_code"),
        ({"code": "noon", "from": "13:00"}, "not_a_day_part"),
    ],
)
def test_parts_of_the_day_stand_in_its_order_and_apart(second: dict[str, object], problem: str) -> None:
    parts = [MORNING, second, {"code": "evening", "from": "18:00", "to": "20:00"}]
    assert problems_of(day_parts=decided(parts))["day_parts.1"] == problem


def test_every_problem_is_named_at_once() -> None:
    assert problems_of(version=0, per_day=decided(0), day_parts=decided("always")) == {
        "version": "not_a_version",
        "per_day": "out_of_range",
        "day_parts": "not_a_list",
        "distinct_day_parts": "more_than_day_parts",
    }


@pytest.mark.parametrize("module", [callback_policy, document])
def test_the_examples_in_the_modules_are_true(module: Any) -> None:
    outcome = doctest.testmod(module)
    assert outcome.attempted > 0
    assert outcome.failed == 0
