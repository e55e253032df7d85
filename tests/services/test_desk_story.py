"""Telephone calls and questions to supervisors are told with an order: to the hotline, and never to a department."""

import pytest
from sqlalchemy.orm import Session

from db.callbacks import Referral, TelephoneCall
from db.orders import Order
from db.reference import Department
from db.vocabulary import Role
from services import orders
from services.access import Access
from services.environment import Environment
from tests import builders
from tests.services.conftest import Clock

RECORDING = "https://pbx.test/rec/77"


@pytest.fixture
def unit(owner: Session) -> Department:
    """The department that handled the order."""
    return builders.department(owner)


@pytest.fixture
def order(owner: Session, unit: Department, clock: Clock) -> Order:
    """An order that was called about once, by the second number, after a question to the supervisors."""
    made = builders.due_order(owner, unit)
    agent, supervisor = builders.person(owner, name="测试·陈"), builders.person(owner, Role.SUPERVISOR, name="测试·周")
    attempt = builders.attempt(owner, made, agent, disposition="3.13")
    of_order = {"order_id": made.id, "round": 1}
    owner.add(
        TelephoneCall(
            **of_order,
            reference="r",
            agent_id=agent.id,
            number=2,
            dialled_at=clock.now,
            seconds=93,
            recording=RECORDING,
            attempt_id=attempt.id,
        )
    )
    owner.add(
        TelephoneCall(**of_order, reference="given up", agent_id=agent.id, number=1, dialled_at=clock.now, seconds=1)
    )
    asked = Referral(**of_order, asked_by=agent.id, asked_at=clock.now, question="能否答应?", request_id="r1")
    asked.answered_by, asked.answered_at, asked.answer = supervisor.id, clock.now, "可以。"
    owner.add(asked)
    owner.commit()
    return made


def _told(access: Access, order: Order) -> orders.Chapter:
    return orders.view(access, order_id=order.id).chapters[0]


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR, Role.ASSESSOR])
def test_who_calls_or_judges_reads_length_and_recording(
    owner: Session, environment: Environment, order: Order, role: Role
) -> None:
    chapter = _told(builders.access(owner, environment, role), order)
    [phoned] = chapter.calls[0].phoned
    assert (phoned.number, phoned.seconds, phoned.recording) == (2, 93, RECORDING)
    [asked] = chapter.consulted
    assert (asked.asked_by, asked.question, asked.answered_by, asked.answer) == (
        "测试·陈",
        "能否答应?",
        "测试·周",
        "可以。",
    )


@pytest.mark.parametrize("role", [Role.ADMIN, Role.VIEWER])
def test_who_only_looks_on_hears_no_recording(
    owner: Session, environment: Environment, order: Order, role: Role
) -> None:
    [phoned] = _told(builders.access(owner, environment, role), order).calls[0].phoned
    assert (phoned.seconds, phoned.recording) == (93, None)


def test_a_department_reads_its_calls_and_nothing_of_the_desk(
    owner: Session, environment: Environment, order: Order, unit: Department
) -> None:
    chapter = _told(builders.access(owner, environment, Role.UNIT, at=unit), order)
    assert [call.phoned for call in chapter.calls] == [()]
    assert chapter.consulted == ()
