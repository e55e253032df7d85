"""What follows an attempt to call a citizen."""

import doctest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.errors import Invalid, PortalError
from services.rules import attempts
from services.rules.attempts import Disposition, Policy, Progress, Step, after_attempt

steady = settings(derandomize=True, max_examples=100, deadline=None)
COMPLETE = Disposition("1.1", "I", final=True, contacted=True)
PARTIAL = Disposition("1.2", "P", final=True, contacted=True)
REFUSED = Disposition("2.112", "R", final=True, contacted=True)
NO_ANSWER = Disposition("3.13", "NC", final=False)
DRIVING = Disposition("2.35", "O", final=False, contacted=True)
TEST_ORDER = Disposition("4.10", "NE", final=True, eligible=False, note_required=True)
NOT_DIALLED = Disposition("3.11", "UH", final=False)
THREE = Policy(max_attempts=3)


@pytest.mark.parametrize("answered", [COMPLETE, PARTIAL])
def test_an_answer_ends_the_asking_whenever_it_comes(answered: Disposition) -> None:
    assert after_attempt([], answered, THREE) == Progress(Step.ASKED, 1, 0)
    assert after_attempt([NO_ANSWER, DRIVING], answered, THREE) == Progress(Step.ASKED, 3, 0)


def test_no_answer_is_tried_again_until_the_attempts_are_used_up() -> None:
    assert after_attempt([], NO_ANSWER, THREE) == Progress(Step.AGAIN, 1, 2)
    assert after_attempt([DRIVING], NO_ANSWER, THREE) == Progress(Step.AGAIN, 2, 1)
    assert after_attempt([NO_ANSWER, DRIVING], NO_ANSWER, THREE) == Progress(Step.UNREACHED, 3, 0, exhausted=True)


@pytest.mark.parametrize("final", [REFUSED, TEST_ORDER])
def test_a_final_disposition_leaves_the_citizen_unreached_at_once(final: Disposition) -> None:
    assert after_attempt([], final, THREE) == Progress(Step.UNREACHED, 1, 0)


def test_a_policy_that_was_shortened_meanwhile_is_simply_used_up() -> None:
    assert after_attempt([NO_ANSWER] * 4, NO_ANSWER, THREE).step == Step.UNREACHED


def test_not_having_dialled_is_no_attempt() -> None:
    with pytest.raises(Invalid) as refused:
        after_attempt([], NOT_DIALLED, THREE)
    assert refused.value.problems == {"disposition": "not_a_call"}


@pytest.mark.parametrize("last", [COMPLETE, REFUSED])
def test_nobody_is_called_again_in_a_round_that_was_settled(last: Disposition) -> None:
    with pytest.raises(PortalError):
        after_attempt([NO_ANSWER, last], NO_ANSWER, THREE)


@steady
@given(st.lists(st.sampled_from([COMPLETE, PARTIAL, REFUSED, NO_ANSWER, DRIVING]), min_size=9), st.integers(1, 9))
def test_every_round_comes_to_an_end_within_its_policy(calls: list[Disposition], most: int) -> None:
    history: list[Disposition] = []
    for call in calls:
        progress = after_attempt(history, call, Policy(most))
        history.append(call)
        assert progress.attempts == len(history) <= most
        if progress.step != Step.AGAIN:
            break
        assert progress.attempts + progress.left == most
    assert progress.step in (Step.ASKED, Step.UNREACHED)
    assert (progress.step == Step.ASKED) == history[-1].interview


def test_the_examples_in_the_module_are_true() -> None:
    outcome = doctest.testmod(attempts)
    assert outcome.attempted > 0
    assert outcome.failed == 0
