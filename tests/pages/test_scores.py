"""The screen of the scores: what each sees, what the address says, and that every figure opens its orders."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.people import Person
from db.reference import Department
from db.vocabulary import Role, Satisfaction
from portal import score_tables
from services.scores import ScoreFilter
from tests import builders
from tests.pages.conftest import Opener, said


@pytest.fixture
def assessor(owner: Session) -> Person:
    """The assessor at the screen."""
    return builders.person(owner, Role.ASSESSOR)


@pytest.fixture
def unit(owner: Session) -> Department:
    """A unit with 21 ratings in May 2026, of which 18 are satisfied."""
    made = builders.department(owner, "市水务局", code="T-WATER")
    for number in range(21):
        good = Satisfaction.SATISFIED if number < 18 else Satisfaction.DISSATISFIED
        builders.archived_order(owner, made, good)
    return made


def test_without_a_closed_order_the_screen_says_what_would_be_here(assessor: Person, opened: Opener) -> None:
    at = opened(assessor, "scores")
    assert not at.exception
    assert "尚无已办结的工单" in said(at)


def test_the_three_numbers_stand_side_by_side_with_n_and_formula(
    assessor: Person, unit: Department, opened: Opener
) -> None:
    at = opened(assessor, "scores")
    assert not at.exception
    assert [(metric.label, metric.value) for metric in at.metric[:3]] == [
        ("回访覆盖率", "—"),
        ("满意率", "85.71%"),
        ("沉默计为满意", "85.71%"),
    ]
    assert "21 件" in said(at)
    assert "满意 18 件 ÷ 有效评价 21 件 = 85.71%" in at.metric[1].help
    assert "95% 置信区间 65.4–95.0%" in at.metric[1].help


def test_a_unit_with_too_few_answers_says_so_and_stands_last(
    owner: Session, assessor: Person, unit: Department, opened: Opener
) -> None:
    builders.archived_order(owner, builders.department(owner, "小单位"), Satisfaction.SATISFIED)
    table = _table(opened(assessor, "scores"))
    assert list(table["unit"]) == ["市水务局", "小单位"]
    assert list(table["note"]) == ["", "样本不足"]


def test_a_unit_user_sees_no_other_unit_anywhere(owner: Session, unit: Department, opened: Opener) -> None:
    own = builders.department(owner, "自己的局")
    builders.archived_order(owner, own, Satisfaction.SATISFIED)
    at = opened(builders.person(owner, Role.UNIT, at=own), "scores", scores_unit=unit.code)
    assert not at.exception
    shown = [*said(at).split(), *(str(one) for box in at.selectbox for one in box.options)]
    shown += [str(value) for frame in at.dataframe for value in frame.value.to_numpy().ravel()]
    assert "自己的局" in "\n".join(shown)
    assert "市水务局" not in "\n".join(shown)


def test_the_address_opens_a_unit_with_its_months_and_charts(
    owner: Session, assessor: Person, unit: Department, opened: Opener
) -> None:
    april = builders.at("2026-04-10")
    builders.archived_order(owner, unit, Satisfaction.SATISFIED, accepted_at=april - timedelta(days=2), closed_at=april)
    at = opened(assessor, "scores", scores_unit="T-WATER", scores_from="2026-04")
    assert not at.exception
    assert "市水务局" in [one.value for one in at.subheader]
    table = _table(at)
    assert list(table["month"]) == ["2026-05", "2026-04"]
    assert list(table["closed"]) == [21, 1]
    assert len(at.get("vega_lite_chart")) == 2
    assert "2026-05 办结最多，21 件" in said(at)


@pytest.mark.parametrize("written", ["T-NOWHERE", "", "%00", "x" * 500])
def test_what_the_address_says_that_nobody_knows_is_left_out(
    assessor: Person, unit: Department, opened: Opener, written: str
) -> None:
    at = opened(assessor, "scores", scores_unit=written, scores_from=written, scores_group=written)
    assert not at.exception
    assert list(_table(at)["unit"]) == ["市水务局"]


def test_a_period_turned_round_is_read_as_it_was_meant(
    owner: Session, assessor: Person, unit: Department, opened: Opener
) -> None:
    march = builders.at("2026-03-10")
    builders.archived_order(owner, unit, accepted_at=march - timedelta(days=2), closed_at=march)
    at = opened(assessor, "scores", scores_from="2026-05", scores_to="2026-03")
    assert list(_table(at)["closed"]) == [22]


def test_counts_replace_the_rates_and_every_one_is_there(assessor: Person, unit: Department, opened: Opener) -> None:
    table = _table(opened(assessor, "scores", scores_counts="1"))
    assert list(table.columns) == ["unit", *score_tables.COUNTS]
    assert table["satisfied"][0] == 18


def test_every_column_of_figures_opens_orders_and_the_names_do_not(unit: Department) -> None:
    month = ScoreFilter(
        builders.at("2026-05-01").date(), builders.at("2026-05-31").date(), order_type="help", below=True
    )
    for counts in (True, False):
        for column in score_tables.columns(counts=counts):
            found = score_tables.orders_behind(month, column, unit="T-WATER")
            assert (found is None) == (column == "note")
    assert score_tables.orders_behind(month, "unit") is None
    by_month = score_tables.orders_behind(month, "satisfaction_rate", unit="T-WATER", month=month.first)
    assert by_month == {
        "order_list_measure": "rated",
        "order_list_counted": "T-WATER",
        "order_list_counted_below": "1",
        "order_list_order_type": "help",
        "order_list_month": "2026-05",
    }


def test_charts_have_their_figures_as_a_table_and_their_finding_as_words(
    owner: Session, assessor: Person, unit: Department, opened: Opener
) -> None:
    other = builders.department(owner, "另一局")
    for _ in range(20):
        builders.archived_order(owner, other, Satisfaction.SATISFIED)
    at = opened(assessor, "scores")
    assert "2 个样本充足的单位中" in said(at)
    [chart] = at.get("vega_lite_chart")
    assert json.loads(chart.proto.spec)["layer"]
    assert [expander.label for expander in at.expander] == ["查看数据表", "指标口径"]


def _table(at: AppTest) -> Any:
    return at.dataframe[0].value
