"""The callback screen under a questionnaire of every kind: branches open and close, and what was said is told later."""

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.orders import Answer, Order
from db.people import Person
from db.reference import Questionnaire
from db.vocabulary import Role, Satisfaction, Status
from tests import builders
from tests.documents import WIDE
from tests.pages.conftest import Opener, said
from tests.pages.test_questionnaires import widget


@pytest.fixture
def agent(owner: Session) -> Person:
    """The agent at the screen."""
    return builders.person(owner, Role.AGENT)


@pytest.fixture
def order(owner: Session) -> Order:
    """An order that waits for a call, asked about by every kind of question."""
    day = date(2026, 6, 10)
    document = WIDE | {"effective_from": day.isoformat()}
    owner.add(Questionnaire(code="wide", version=1, effective_from=day, document=document, fingerprint="0" * 64))
    return builders.due_order(
        owner, builders.department(owner), accepted_at=builders.at("2026-06-05"), closed_at=builders.at("2026-06-12")
    )


def test_every_kind_of_question_is_answered_on_the_desk_and_told_in_the_story(
    owner: Session, agent: Person, order: Order, opened: Opener
) -> None:
    at = opened(agent, "callback_record", order=order.id)
    assert not at.exception
    drawn = {str(one.key).split("_")[1] for one in (*at.button_group, *at.text_input, *at.date_input)}
    assert {"effect", "trouble", "plate"} <= drawn
    assert not {"visited", "came", "left", "times"} & drawn
    widget(at, "callback_effect_").set_value("understands").run()
    widget(at, "callback_visited_").set_value("yes").run()
    widget(at, "callback_trouble_").set_value(["noise", "dust"]).run()
    assert widget(at, "callback_came_").value is None
    assert widget(at, "callback_times_").value == ""
    widget(at, "callback_came_").set_value(date(2026, 6, 8))
    widget(at, "callback_left_").set_value(date(2026, 6, 7))
    widget(at, "callback_times_").set_value("2.5")
    widget(at, "callback_plate_").set_value("粤A12345")
    at.run()
    widget(at, "callback_end_1_1_").click().run()
    assert "哪天办完：早于或小于前面填写的" in said(at)
    widget(at, "callback_left_").set_value(date(2026, 6, 9)).run()
    widget(at, "callback_end_1_1_").click().run()
    assert not at.exception
    owner.refresh(order)
    assert (order.status, order.satisfaction) == (Status.ARCHIVED, Satisfaction.NEUTRAL)
    assert {row.question: row.value for row in owner.scalars(select(Answer))} == {
        "effect": "understands",
        "visited": "yes",
        "came": "2026-06-08",
        "left": "2026-06-09",
        "trouble": "noise,dust",
        "times": "2.5",
        "plate": "粤A12345",
    }
    told = said(opened(agent, "order_detail", order=order.id)).replace("\\", "")
    assert ":gray[效果如何] 理解" in told
    assert ":gray[有没有上门] 是" in told
    assert ":gray[还有什么] noise、dust" in told


def test_what_a_closed_branch_had_been_answered_is_not_sent(
    owner: Session, agent: Person, order: Order, opened: Opener
) -> None:
    at = opened(agent, "callback_record", order=order.id)
    widget(at, "callback_effect_").set_value("understands").run()
    widget(at, "callback_visited_").set_value("no").run()
    widget(at, "callback_effect_").set_value("satisfied").run()
    widget(at, "callback_end_1_1_").click().run()
    assert not at.exception
    assert {row.question: row.value for row in owner.scalars(select(Answer))} == {"effect": "satisfied"}
