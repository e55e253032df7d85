"""The callback screen: nothing pre-answered, nothing lost, and one call for one click."""

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.orders import Answer, Attempt, AttemptReason, Order
from db.people import Person
from db.records import EventRow
from db.vocabulary import Event, Role, Satisfaction, Status
from portal import keys, words
from tests import builders
from tests.pages.conftest import Opener, said

SAID = {"contacted": "yes", "solved": "solved", "result": "satisfied", "attitude": "satisfied"}


@pytest.fixture
def agent(owner: Session) -> Person:
    """The agent at the screen."""
    return builders.person(owner, Role.AGENT)


def field(at: AppTest, name: str) -> Any:
    """Return the field of the form whose key begins so."""
    kinds = (at.button_group, at.text_area, at.text_input, at.selectbox, at.button)
    return next(one for kind in kinds for one in kind if (one.key or "").startswith(f"callback_{name}_"))


def answer(at: AppTest, **answers: str) -> None:
    for question, code in answers.items():
        field(at, question).set_value(code)
    at.run()


def calls(owner: Session) -> int:
    return owner.scalar(select(func.count()).select_from(Attempt)) or 0


def test_an_empty_queue_says_what_would_be_here(owner: Session, agent: Person, opened: Opener) -> None:
    at = opened(agent, "callback_record")
    assert not at.exception
    assert "手上没有工单" in said(at)
    at.button(key="callback_next").click().run()
    assert "现在没有可以回访的工单" in said(at)
    assert "没有待回访的工单" in said(opened(builders.person(owner, Role.SUPERVISOR), "callback_queue"))


def test_the_next_order_is_taken_and_nothing_is_answered_beforehand(
    owner: Session, agent: Person, opened: Opener
) -> None:
    closed = {"accepted_at": builders.at("2026-06-05"), "closed_at": builders.at("2026-06-12")}
    order = builders.due_order(owner, builders.department(owner, "市水务局"), phone="138-0000-0000", **closed)
    at = opened(agent, "callback_record")
    at.button(key="callback_next").click().run()
    assert not at.exception
    assert at.query_params["order"] == str(order.id)
    mine = opened(agent, "callback_record").dataframe[0].value
    assert (list(mine["number"]), list(mine["held"])) == ([order.number], [f"{agent.name}，至 06-15 10:15"])
    assert all(not group.value for group in at.button_group if str(group.key).startswith("callback_"))
    assert not [area for area in at.text_area if (area.key or "").startswith("callback_words_")]
    told = said(at)
    assert "机场路一带下雨后积水严重" in told
    assert r"138\*\*\*\*0000" in told
    assert "138-0000-0000" not in told


def test_a_satisfied_citizen_is_written_down(owner: Session, agent: Person, opened: Opener) -> None:
    order = builders.due_order(owner)
    at = opened(agent, "callback_record", order=order.id)
    answer(at, **SAID)
    field(at, "end_1_1").click().run()
    assert not at.exception
    assert "已登记：已归档" in said(at)
    assert "order" not in at.query_params
    owner.refresh(order)
    assert order.status == Status.ARCHIVED
    assert {row.question: row.value for row in owner.scalars(select(Answer))} == SAID


def test_what_was_typed_stays_where_it_is_refused(owner: Session, agent: Person, opened: Opener) -> None:
    order = builders.due_order(owner)
    at = opened(agent, "callback_record", order=order.id)
    answer(at, contacted="yes", result="dissatisfied")
    field(at, "words").set_value("积水仍在")
    field(at, "end_1_1").click().run()
    refused = said(at)
    assert "问题是否解决：必填" in refused
    assert "不满意原因：必填" in refused
    assert "市民原话：必填" not in refused
    assert "未保存" in refused
    assert field(at, "words").value == "积水仍在"
    assert calls(owner) == 0
    answer(at, solved="unsolved", attitude="satisfied")
    field(at, "reasons_RB").set_value(["R02"])
    field(at, "end_1_1").click().run()
    owner.refresh(order)
    assert (order.status, order.satisfaction) == (Status.DISSATISFIED, Satisfaction.DISSATISFIED)


def test_reasons_and_words_are_asked_of_dissatisfied_citizens_only(
    owner: Session, agent: Person, opened: Opener
) -> None:
    at = opened(agent, "callback_record", order=builders.due_order(owner).id)
    answer(at, **SAID | {"result": "very_dissatisfied"})
    assert [field(at, f"reasons_{heading}").value for heading in ("RA", "RB", "RC", "RD", "RZ")] == [[]] * 5
    assert field(at, "words").value == ""
    answer(at, result="satisfied")
    assert not [group for group in at.button_group if str(group.key).startswith("callback_reasons_")]
    field(at, "end_1_1").click().run()
    assert "已登记" in said(at)


def test_a_denied_contact_proposes_its_reason_and_chooses_it_for_nobody(
    owner: Session, agent: Person, opened: Opener
) -> None:
    order = builders.due_order(owner, unit_contacted=True, unit_contacted_at=builders.at("2026-06-10"))
    at = opened(agent, "callback_record", order=order.id)
    answer(at, contacted="no", solved="unsolved", result="dissatisfied", attitude="satisfied")
    assert "未联系诉求人" in said(at)
    assert "单位称已联系，市民说没有" in said(at)
    assert field(at, "reasons_RA").value == []
    field(at, "words").set_value("没有人联系过我")
    field(at, "reasons_RA").set_value(["R01"])
    field(at, "end_1_1").click().run()
    assert owner.scalars(select(AttemptReason.suggested)).all() == [True]


def test_nobody_answered(owner: Session, agent: Person, opened: Opener) -> None:
    order = builders.due_order(owner)
    at = opened(agent, "callback_record", order=order.id)
    field(at, "unanswered").click().run()
    field(at, "end_3_13").click().run()
    assert "已登记：待回访" in said(at)
    owner.refresh(order)
    assert (order.status, order.attempts) == (Status.DUE, 1)


def test_every_choice_and_button_shows_its_key(owner: Session, agent: Person, opened: Opener) -> None:
    at = opened(agent, "callback_record", order=builders.due_order(owner).id)
    answer(at, result="dissatisfied")
    groups = [group for group in at.button_group if str(group.key).startswith("callback_")]
    labels = [option for group in groups for option in group.options]
    assert all(label.endswith("`") for label in labels)
    assert groups[0].options == ["已联系 `1`", "未联系 `2`", "记不清 `3`"]
    letters = [option[-2] for group in groups[4:] for option in group.options]
    assert letters == list(keys.REASONS[: len(letters)])
    buttons = [button.label for button in at.button if str(button.key).startswith("callback_")]
    assert all(label.endswith("`") for label in buttons)
    shown = [label.split("`")[1] for label in buttons]
    assert len(set(shown)) == len(shown)
    assert not set(letters) & {key.lower() for key in shown}


def test_a_draft_comes_back_in_a_new_session_and_only_to_who_typed_it(
    owner: Session, agent: Person, opened: Opener
) -> None:
    order = builders.due_order(owner)
    at = opened(agent, "callback_record", order=order.id)
    assert "草稿" not in said(at)
    answer(at, contacted="yes", result="dissatisfied")
    field(at, "words").set_value("积水仍在").run()
    field(at, "reasons_RB").set_value(["R02"]).run()
    assert "草稿已保存" in said(at)
    again = opened(agent, "callback_record", order=order.id)
    assert "已恢复" in said(again)
    assert (field(again, "contacted").value, field(again, "result").value) == ("yes", "dissatisfied")
    assert (field(again, "words").value, field(again, "reasons_RB").value) == ("积水仍在", ["R02"])
    assert field(again, "words").key == field(at, "words").key
    other = opened(builders.person(owner, Role.AGENT), "callback_record", order=order.id)
    assert not any(group.value for group in other.button_group if str(group.key).startswith("callback_"))


def test_what_was_said_comes_back_where_the_grade_was_a_slip(owner: Session, agent: Person, opened: Opener) -> None:
    at = opened(agent, "callback_record", order=builders.due_order(owner).id)
    answer(at, result="dissatisfied")
    field(at, "words").set_value("积水仍在").run()
    answer(at, result="satisfied")
    answer(at, result="dissatisfied")
    assert field(at, "words").value == "积水仍在"


def test_a_form_gone_stale_says_so_keeps_what_was_typed_and_can_be_sent_after_a_look(
    owner: Session, agent: Person, opened: Opener
) -> None:
    order = builders.due_order(owner)
    at = opened(agent, "callback_record", order=order.id)
    answer(at, **SAID | {"result": "dissatisfied"})
    order.title, order.version = "道路积水(补充)", order.version + 1
    owner.commit()
    field(at, "words").set_value("积水仍在")
    field(at, "reasons_RB").set_value(["R03"])
    field(at, "end_1_1").click().run()
    assert "已有人修改了这条记录" in said(at)
    assert calls(owner) == 0
    assert field(at, "words").value == "积水仍在"
    at.button(key=next(one.key for one in at.button if (one.key or "").startswith("see_"))).click().run()
    assert field(at, "words").value == "积水仍在"
    field(at, "end_1_1").click().run()
    assert calls(owner) == 1


def test_a_number_is_shown_in_full_only_when_asked_for(owner: Session, agent: Person, opened: Opener) -> None:
    order = builders.due_order(owner, phone="138-0000-0000")
    at = opened(agent, "callback_record", order=order.id)
    at.button(key=f"reveal_{order.id}").click().run()
    assert r"138\-0000\-0000" in said(at)
    assert owner.scalar(select(func.count()).where(EventRow.action == Event.CONTACT_REVEALED)) == 1


def test_what_people_wrote_is_shown_as_text(owner: Session, agent: Person, opened: Opener) -> None:
    order = builders.due_order(owner, text="![x](http://x) **急**", title="<b>积水</b>", reply="`已办`")
    told = said(opened(agent, "callback_record", order=order.id))
    assert words.plain("![x](http://x) **急**") in told
    assert r"\<b\>积水" in told
    assert r"\`已办\`" in told


def test_a_long_queue_is_read_page_by_page(owner: Session, opened: Opener) -> None:
    supervisor = builders.person(owner, Role.SUPERVISOR)
    orders = [builders.due_order(owner, accepted_at=builders.at("2026-05-06", 8, minute)) for minute in range(21)]
    at = opened(supervisor, "callback_queue")
    assert list(at.dataframe[0].value["number"]) == [order.number for order in orders[:20]]
    at.button(key="callback_queue_next").click().run()
    assert list(at.dataframe[0].value["number"]) == [orders[20].number]
    assert at.button(key="callback_queue_next").disabled
    at.button(key="callback_queue_first").click().run()
    assert len(at.dataframe[0].value) == 20


@pytest.mark.parametrize("address", ["0", "999999", "abc", "99999999999999999999"])
def test_an_address_that_leads_nowhere_shows_no_order(
    owner: Session, agent: Person, opened: Opener, address: str
) -> None:
    at = opened(agent, "callback_record", order=address)
    assert not at.exception
    assert not [group for group in at.button_group if str(group.key).startswith("callback_")]


def test_an_order_that_is_not_due_is_shown_without_a_form(owner: Session, agent: Person, opened: Opener) -> None:
    order: Order = builders.archived_order(owner, satisfaction=Satisfaction.SATISFIED)
    at = opened(agent, "callback_record", order=order.id)
    assert "不再需要回访" in said(at)
    assert not [group for group in at.button_group if str(group.key).startswith("callback_")]


def test_the_screen_speaks_english(owner: Session, agent: Person, opened: Opener) -> None:
    agent.language = "en"
    owner.commit()
    at = opened(agent, "callback_record", order=builders.due_order(owner).id)
    with words.speaking("en"):
        answer(at, result="dissatisfied")
    told = said(at)
    assert "Reasons (one or more)" in told
    assert [group.label for group in at.button_group if str(group.key).startswith("callback_")] == [
        "1 Did the department contact you?",
        "2 Is the problem solved?",
        "3 How satisfied are you with the result?",
        "4 How satisfied are you with the manner?",
        "Contact and manner",
        "Result",
        "Reply and time",
        "Not the department's doing",
        "Other",
    ]


def test_a_call_recorded_wrongly_is_corrected_from_the_desk(owner: Session, agent: Person, opened: Opener) -> None:
    order = builders.due_order(owner)
    at = opened(agent, "callback_record", order=order.id)
    answer(at, **SAID)
    field(at, "end_1_1").click().run()
    assert "刚登记的联系可以更正" in said(at)
    field(at, "correct").click().run()
    assert at.query_params["order"] == str(order.id)
    assert "正在更正" in said(at)
    assert not [one for one in at.button if str(one.key).startswith("callback_appointment_")]
    answer(at, **SAID | {"result": "dissatisfied"})
    field(at, "reasons_RB").set_value(["R03"])
    field(at, "words").set_value("其实没有解决")
    field(at, "end_1_1").click().run()
    assert "已登记：待研判" in said(at)
    assert "正在更正" not in said(at)
    owner.refresh(order)
    assert (order.status, order.attempts) == (Status.DISSATISFIED, 1)
    first, second = owner.scalars(select(Attempt).order_by(Attempt.id)).all()
    assert second.corrects_id == first.id
    assert "已更正" in said(opened(agent, "callback_record", order=order.id))


def test_a_correction_may_be_left_and_may_end_without_an_answer(owner: Session, agent: Person, opened: Opener) -> None:
    order = builders.due_order(owner)
    at = opened(agent, "callback_record", order=order.id)
    answer(at, **SAID)
    field(at, "end_1_1").click().run()
    field(at, "correct").click().run()
    field(at, "leave_correction").click().run()
    assert "order" not in at.query_params
    field(at, "correct").click().run()
    field(at, "unanswered").click().run()
    field(at, "end_3_13").click().run()
    assert "已登记：待回访" in said(at)
    owner.refresh(order)
    assert (order.status, order.attempts, order.rated) == (Status.DUE, 1, False)
