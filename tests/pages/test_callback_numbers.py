"""The desk dials by a link, records about the number that was dialled, takes further numbers, and asks a supervisor."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from db.callbacks import CallbackCase, OptOut, OtherNumber, Referral, TelephoneCall
from db.orders import Attempt, Order
from db.people import Person
from db.vocabulary import OptOutKind, Role
from tests import builders
from tests.pages.conftest import Opener, said
from tests.services.conftest import Clock


@pytest.fixture
def agent(owner: Session) -> Person:
    """Whoever calls."""
    return builders.person(owner, Role.AGENT, name="测试·陈")


@pytest.fixture
def order(owner: Session, agent: Person, clock: Clock) -> Order:
    """An order that the agent holds, closed this morning, whose citizen has two numbers."""
    closed = clock.now - timedelta(hours=1)
    made = builders.due_order(owner, builders.department(owner), closed_at=closed, phone="138-0000-0001")
    second = OtherNumber(order_id=made.id, position=2, phone="02088880002", note="家属", added_at=closed)
    owner.add(second)
    held = {"held_by": agent.id, "held_since": clock.now, "held_until": clock.now + timedelta(minutes=15)}
    owner.execute(update(CallbackCase).values(**held))
    owner.commit()
    return made


def _button(at: AppTest, key: str) -> AppTest:
    at.button(key=next(one.key for one in at.button if (one.key or "").startswith(key))).click()
    return at.run()


def _links(at: AppTest) -> list[str]:
    return [one.proto.url for one in at.get("link_button")]


def test_numbers_are_masked_until_one_is_dialled_and_its_link_is_drawn(
    order: Order, agent: Person, owner: Session, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTAL_DIAL_URL", "sip:{number}@pbx.test")
    at = opened(agent, "callback_record", order=order.id)
    assert not at.exception
    assert r"138\*\*\*\*0001" in said(at)
    assert "13800000001" not in said(at)
    assert _links(at) == []
    _button(at, "dial_1_")
    assert "13800000001" in said(at)
    assert _links(at) == ["sip:13800000001@pbx.test"]
    assert len(owner.scalars(select(TelephoneCall.id)).all()) == 1


def test_the_record_is_about_the_number_that_was_dialled(
    order: Order, agent: Person, owner: Session, opened: Opener
) -> None:
    at = opened(agent, "callback_record", order=order.id)
    _button(at, "dial_2_")
    # Another browser, or the same one after it broke down, goes on with the number that was dialled.
    at = opened(agent, "callback_record", order=order.id)
    assert "02088880002" not in said(at)
    token = next(one.key for one in at.button if "unanswered" in (one.key or "")).rsplit("_", 1)[1]
    _button(at, f"callback_unanswered_{token}")
    _button(at, "callback_end_3_13")
    assert not at.exception
    attempt = owner.scalars(select(Attempt)).one()
    assert attempt.number == 2
    assert owner.scalars(select(TelephoneCall.attempt_id)).one() == attempt.id


def test_a_number_that_is_not_to_be_called_has_no_button(
    order: Order, agent: Person, owner: Session, opened: Opener, clock: Clock
) -> None:
    facts = {"recorded_by": agent.id, "recorded_at": clock.now, "request_id": "o1"}
    owner.add(OptOut(phone="13800000001", kind=OptOutKind.DO_NOT_CALL, **facts))
    owner.commit()
    at = opened(agent, "callback_record", order=order.id)
    assert "不再拨打此号码" in said(at)
    keys = [one.key or "" for one in at.button]
    assert not any(key.startswith("dial_1_") for key in keys)
    assert any(key.startswith("dial_2_") for key in keys)


def test_a_further_number_is_added_and_stands_last(order: Order, agent: Person, owner: Session, opened: Opener) -> None:
    at = opened(agent, "callback_record", order=order.id)
    _button(at, "number_save_")
    assert "电话号码：必填" in said(at)
    next(one for one in at.text_input if (one.key or "").startswith("number_phone_")).set_value("139 0000 0003")
    _button(at, "number_save_")
    assert not at.exception
    assert "已加为第 3 个号码" in said(at)
    assert owner.scalars(select(OtherNumber.phone).where(OtherNumber.position == 3)).one() == "13900000003"


def test_a_question_to_a_supervisor_leaves_the_case_and_says_so(
    order: Order, agent: Person, owner: Session, opened: Opener
) -> None:
    at = opened(agent, "callback_record", order=order.id)
    _button(at, "callback_refer")
    next(one for one in at.text_area if (one.key or "").startswith("refer_")).set_value("可以答应书面答复吗?")
    _button(at, "refer_send_")
    assert not at.exception
    assert "已提交请示" in said(at)
    assert owner.scalars(select(Referral.question)).one() == "可以答应书面答复吗?"


def test_who_only_reads_the_case_cannot_refer_it(order: Order, owner: Session, opened: Opener) -> None:
    other = builders.person(owner, Role.AGENT)
    at = opened(other, "callback_record", order=order.id)
    assert not any(one.key == "callback_refer" for one in at.button)
