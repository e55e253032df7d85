"""Who would recommend a service: the bounds of the three groups, and blanks that are nothing."""

import doctest
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rules import promoters
from services.rules.promoters import Recommended, recommended

steady = settings(derandomize=True, max_examples=100, deadline=None)


def test_the_examples_of_the_module_hold() -> None:
    assert doctest.testmod(promoters).failed == 0


def test_nine_and_ten_promote_seven_and_eight_do_neither_and_the_rest_detracts() -> None:
    assert recommended(range(11)) == Recommended(promoters=2, passives=2, detractors=7, blank=0)


def test_the_published_answers_of_new_york_give_their_score_without_the_25_blanks() -> None:
    counted = {10: 9440, 9: 1844, 8: 1552, 7: 708, 6: 388, 5: 766, 4: 203, 3: 254, 2: 191, 1: 208, 0: 746, None: 25}
    found = recommended(answer for answer, times in counted.items() for _ in range(times))
    assert found == Recommended(promoters=11_284, passives=2_260, detractors=2_756, blank=25)
    assert found.score == Fraction(100 * (11_284 - 2_756), 16_300)


@pytest.mark.parametrize("answer", [-1, 11, 70])
def test_a_number_off_the_scale_is_no_answer_but_a_mistake(answer: int) -> None:
    with pytest.raises(ValueError, match="0 to 10"):
        recommended([answer])


@steady
@given(st.lists(st.integers(0, 10)), st.integers(0, 50))
def test_blanks_move_no_score(answers: list[int], blanks: int) -> None:
    found = recommended([*answers, *[None] * blanks])
    assert (found.score, found.blank) == (recommended(answers).score, blanks)
    assert found.score is None or -100 <= found.score <= 100
