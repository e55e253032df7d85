"""The screen of the callback figures: what each role sees, what the address says, and agents for review only."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.callbacks import AgentOutcome
from db.people import Person
from db.reference import Department
from db.vocabulary import Role
from portal import outcome_views
from portal.figure_filters import FAMILIES, Asked
from services.agent_figures import Compared
from services.order_filter import Count, OrderFilter
from tests import builders
from tests.figure_rows import call, case
from tests.pages.conftest import Opener, said


@pytest.fixture
def agent(owner: Session) -> Person:
    """An agent who has called."""
    return builders.person(owner, Role.AGENT, name="测试·回访员甲")


@pytest.fixture
def unit(owner: Session, agent: Person) -> Department:
    """A unit with five cases: two complete, one refused, one not eligible, one that nobody has tried."""
    made = builders.department(owner, "市水务局", code="T-WATER")
    for group, attempts in (("I", 1), ("I", 2), ("R", 1), ("NE", 1)):
        order = case(owner, made, group, agent=agent, attempts=attempts, day_part="evening")
        call(owner, order, agent, hands_ms=24_000)
    case(owner, made)
    return made


def test_without_a_case_the_screen_says_what_would_be_here(owner: Session, opened: Opener) -> None:
    at = opened(builders.person(owner, Role.VIEWER), "callback_figures")
    assert not at.exception
    assert "尚无需要回访的件" in said(at)


def test_all_rates_stand_there_with_their_figures_and_what_they_mean(
    owner: Session, unit: Department, opened: Opener
) -> None:
    at = opened(builders.person(owner, Role.VIEWER), "callback_figures")
    assert not at.exception
    told = {metric.label: metric for metric in at.metric}
    assert {name for names in FAMILIES.values() for name in names} <= set(told)
    assert told["RR1"].value == "50.00%"
    assert "全部问题答完的，占全部应访件" in told["RR1"].help
    assert "2/4＝50.00%；95% 置信区间" in told["RR1"].help
    assert "不合格 1 件不在分母中" in told["RR1"].help
    assert told["REF1"].value == "25.00%"
    assert told["CON3"].value == "100.00%"
    assert "2/4 · 样本不足" in said(at)
    assert "第一次就问到 25.00%，至多第 2 次问到 50.00%" in said(at)


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR, Role.ASSESSOR, Role.VIEWER, Role.UNIT])
def test_every_role_that_may_sees_the_units_and_only_supervisors_see_agents(
    owner: Session, unit: Department, opened: Opener, role: Role
) -> None:
    whom = builders.person(owner, role, at=unit if role == Role.UNIT else None)
    at = opened(whom, "callback_figures", figures_by="unit")
    assert not at.exception
    assert list(_table(at)["name"]) == ["※ 市水务局"]
    choices = next(box.options for box in at.selectbox if box.key == "figures_by")
    assert ("回访员" in choices) == (role == Role.SUPERVISOR)
    at = opened(whom, "callback_figures", figures_by="agent")
    assert not at.exception
    shown = "\n".join([said(at), *(str(frame.value.to_numpy()) for frame in at.dataframe)])
    assert ("测试·回访员甲" in shown) == (role == Role.SUPERVISOR)


def test_a_unit_user_sees_no_other_unit_anywhere(
    owner: Session, unit: Department, agent: Person, opened: Opener
) -> None:
    own = builders.department(owner, "自己的局")
    case(owner, own, "NC", agent=agent)
    whom = builders.person(owner, Role.UNIT, at=own)
    for address in ({"figures_by": "unit", "figures_unit": unit.code}, {"figures_by": "day_part"}, {}):
        at = opened(whom, "callback_figures", **address)
        assert not at.exception
        shown = [said(at), *(str(one) for box in at.selectbox for one in box.options)]
        shown += [str(frame.value.to_numpy()) for frame in at.dataframe]
        assert "市水务局" not in "\n".join(shown)
        assert "回访员甲" not in "\n".join(shown)


def test_parts_of_the_day_have_names_and_untried_cases_a_line_of_their_own(
    owner: Session, unit: Department, opened: Opener
) -> None:
    at = opened(
        builders.person(owner, Role.VIEWER), "callback_figures", figures_by="day_part", figures_family="contact"
    )
    table = _table(at)
    assert list(table["name"]) == ["※ 晚间", "※ 尚未拨打"]
    assert list(table["CON1_of"]) == ["3/3", "0/1"]
    assert "CON2" not in table.columns


def test_what_the_address_says_that_nobody_knows_is_left_out(owner: Session, unit: Department, opened: Opener) -> None:
    nonsense = {f"figures_{name}": "%00" for name in ("period", "by", "unit", "family", "from", "to")}
    at = opened(builders.person(owner, Role.VIEWER), "callback_figures", **nonsense)
    assert not at.exception
    assert "2026-05-17 至 2026-06-15" in said(at)


def test_chosen_days_stand_in_the_address_and_turned_round_mean_what_was_meant(
    owner: Session, unit: Department, opened: Opener
) -> None:
    address = {"figures_period": "chosen", "figures_from": "2026-06-09", "figures_to": "2026-06-08"}
    at = opened(builders.person(owner, Role.VIEWER), "callback_figures", **address)
    assert "2026-06-08 至 2026-06-09" in said(at)
    assert {metric.label: metric.value for metric in at.metric}["RR1"] == "50.00%"


def test_a_row_of_a_unit_opens_its_orders() -> None:
    asked = Asked(date(2026, 6, 1), date(2026, 6, 30), "unit", None, "response", Compared.COMPLETION)
    assert outcome_views.orders_behind(asked, "T-WATER") == OrderFilter(
        measure=Count.TO_CALL, counted="T-WATER", closed_from=date(2026, 6, 1), closed_to=date(2026, 6, 30)
    )


def test_agents_are_shown_for_review_with_their_hands_and_too_few_are_marked(
    owner: Session, unit: Department, opened: Opener
) -> None:
    at = opened(builders.person(owner, Role.SUPERVISOR), "callback_figures", figures_by="agent")
    assert not at.exception
    assert "仅供复核，绝不是结论" in said(at)
    assert "样本充足（至少 20 件）的回访员还没有" in said(at)
    table = at.dataframe[-1].value
    assert list(table["name"]) == ["※ 测试·回访员甲"]
    assert list(table["hands"]) == [24.0]
    assert {metric.label: metric.value for metric in at.metric}["每件手工时间"] == "24.0 秒"


def test_the_funnel_names_who_is_to_be_looked_at_and_the_effect_is_said_in_words(
    owner: Session, unit: Department, opened: Opener
) -> None:
    for number in range(12):
        person = builders.person(owner, Role.AGENT, name=f"测试·{number}")
        bad = 200 if number == 11 else 40
        for satisfaction, cases in (("dissatisfied", bad), ("satisfied", 400 - bad)):
            facts = {"order_type_id": 1, "urgent": False, "aapor_group": "I"}
            owner.add(
                AgentOutcome(day=date(2026, 6, 10), agent_id=person.id, satisfaction=satisfaction, cases=cases, **facts)
            )
    owner.commit()
    supervisor = builders.person(owner, Role.SUPERVISOR)
    at = opened(supervisor, "callback_figures", figures_by="agent", figures_compared="dissatisfied")
    assert not at.exception
    assert "12 名回访员中 1 名超出偶然范围，请复核" in said(at)
    assert "请复核：测试·11" in said(at).replace("\\", "")
    assert "访员效应大" in said(at)
    assert len(at.get("vega_lite_chart")) == 1


def test_cases_that_nobody_tried_are_compared_with_nothing(
    owner: Session, unit: Department, agent: Person, opened: Opener
) -> None:
    for _ in range(20):
        case(owner, unit, "I", agent=agent, day_part="morning")
        case(owner, unit, "NC", agent=agent, day_part="evening")
        case(owner, unit)
    at = opened(builders.person(owner, Role.VIEWER), "callback_figures", figures_by="day_part")
    assert list(_table(at)["name"]) == ["上午", "晚间", "尚未拨打"]
    assert "2 组样本充足，其中 2 组的 RR1 与总体" in said(at)


def _table(at: AppTest) -> Any:
    return next(frame.value for frame in at.dataframe if "cases" in frame.value.columns)
