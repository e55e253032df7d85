"""Appointments outside a call: agreed within the policy, given away, cancelled, and a week of them."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.callbacks import Appointment, Notice
from db.orders import Order
from db.records import EventRow
from db.vocabulary import AppointmentEnd, Event, NoticeKind, Role
from services import appointments, callback_queue
from services.access import Access
from services.appointments import AppointmentReceipt
from services.bookings import Booking
from services.environment import Environment
from services.errors import Conflict, IllegalMove, Invalid, MayNotCall, NotAllowed, Stale
from tests import builders
from tests.services.conftest import Clock
from tests.services.test_callback_queue import TODAY, case, due

TOMORROW = builders.at("2026-06-16", 15)


@pytest.fixture
def agent(owner: Session, environment: Environment) -> Access:
    """A callback agent at the door."""
    return builders.access(owner, environment, Role.AGENT)


@pytest.fixture
def supervisor(owner: Session, environment: Environment) -> Access:
    """A supervisor at the door."""
    return builders.access(owner, environment, Role.SUPERVISOR)


def book(access: Access, order: Order, request_id: str = "book-1", **booking: Any) -> AppointmentReceipt:
    agreed = Booking(**({"at": TOMORROW} | booking))
    return appointments.book_appointment(
        access, order_id=order.id, seen=order.version, booking=agreed, request_id=request_id
    )


def ends(owner: Session) -> list[AppointmentEnd | None]:
    owner.rollback()
    return list(owner.scalars(select(Appointment.ended_as).order_by(Appointment.id)))


def test_an_appointment_is_kept_with_its_case_and_told_to_who_is_named(
    owner: Session, agent: Access, supervisor: Access, clock: Clock
) -> None:
    order = due(owner)
    made = book(supervisor, order, agent_id=agent.actor.id, note=" 下班后 ")
    assert (made.order_id, made.at, made.repeated) == (order.id, TOMORROW, False)
    assert book(supervisor, order, agent_id=agent.actor.id) == AppointmentReceipt(made.id, order.id, TOMORROW, True)
    kept = case(owner, order)
    assert (kept.appointment_at, kept.appointment_for) == (TOMORROW, agent.actor.id)
    told = owner.scalars(select(Notice)).all()
    assert [(one.person_id, one.kind, one.order_id) for one in told] == [
        (agent.actor.id, NoticeKind.APPOINTMENT_GIVEN, order.id)
    ]
    assert callback_queue.next_case(agent) is None
    clock.now = TOMORROW - timedelta(minutes=5)
    found = callback_queue.next_case(agent)
    assert found is not None
    assert found.order.id == order.id


def test_a_case_in_my_hands_is_given_back_and_one_in_others_hands_is_left_to_them(
    owner: Session, agent: Access, supervisor: Access
) -> None:
    order = due(owner)
    callback_queue.take_case(agent, order_id=order.id, request_id="take-1")
    with pytest.raises(MayNotCall) as refused:
        book(supervisor, order)
    assert refused.value.who == agent.actor.name
    book(agent, order)
    assert case(owner, order).held_by is None


@pytest.mark.parametrize(
    ("booking", "problem"),
    [
        ({"at": TODAY - timedelta(minutes=1)}, {"appointment_at": "not_in_the_future"}),
        ({"at": builders.at("2026-06-16", 13)}, {"appointment_at": "outside_hours"}),
        ({"at": builders.at("2026-06-23", 10)}, {"appointment_at": "past_last_day"}),
        ({"agent_id": 999}, {"appointment_agent": "unknown"}),
    ],
)
def test_what_the_policy_forbids_is_not_agreed(
    owner: Session, agent: Access, booking: dict[str, Any], problem: dict[str, str]
) -> None:
    order = due(owner)
    with pytest.raises(Invalid) as refused:
        book(agent, order, **booking)
    assert refused.value.problems == problem
    assert ends(owner) == []


def test_only_an_order_that_is_due_and_known_as_it_is(owner: Session, agent: Access) -> None:
    with pytest.raises(IllegalMove):
        book(agent, builders.archived_order(owner))
    order = due(owner)
    with pytest.raises(Stale):
        appointments.book_appointment(
            agent, order_id=order.id, seen=order.version + 1, booking=Booking(TOMORROW), request_id="book-2"
        )


def test_an_appointment_is_given_to_somebody_else_and_the_old_one_is_replaced(
    owner: Session, agent: Access, supervisor: Access, environment: Environment, clock: Clock
) -> None:
    order, other = due(owner), builders.access(owner, environment, Role.AGENT)
    made = book(supervisor, order, agent_id=agent.actor.id, note="下班后")
    clock.now = TOMORROW + timedelta(minutes=3)
    give = {"appointment_id": made.id, "agent_id": other.actor.id, "request_id": "give-1"}
    given = appointments.give_appointment(supervisor, **give)
    assert (given.at, given.repeated) == (TOMORROW, False)
    assert appointments.give_appointment(supervisor, **give).repeated
    assert ends(owner) == [AppointmentEnd.REPLACED, None]
    assert owner.scalars(select(Appointment.note)).all() == ["下班后", "下班后"]
    assert case(owner, order).appointment_for == other.actor.id
    with pytest.raises(Conflict):
        appointments.give_appointment(supervisor, appointment_id=made.id, agent_id=None, request_id="give-2")
    with pytest.raises(Invalid):
        appointments.give_appointment(supervisor, appointment_id=given.id, agent_id=999, request_id="give-3")


def test_a_cancelled_appointment_gives_the_case_back_to_the_queue(
    owner: Session, agent: Access, supervisor: Access
) -> None:
    order = due(owner)
    made = book(supervisor, order)
    cancel = {"appointment_id": made.id, "reason": "市民已来电", "request_id": "cancel-1"}
    assert not appointments.cancel_appointment(agent, **cancel).repeated
    assert appointments.cancel_appointment(agent, **cancel).repeated
    assert ends(owner) == [AppointmentEnd.CANCELLED]
    with pytest.raises(Conflict):
        appointments.cancel_appointment(agent, appointment_id=made.id, reason="", request_id="cancel-2")
    found = callback_queue.next_case(agent)
    assert found is not None
    assert found.order.id == order.id
    recorded = owner.scalars(select(EventRow.action).where(EventRow.order_id == order.id).order_by(EventRow.id)).all()
    assert recorded == [Event.APPOINTMENT_BOOKED, Event.APPOINTMENT_CANCELLED]


def test_a_week_shows_what_is_agreed_in_the_order_of_time(
    owner: Session, agent: Access, supervisor: Access, clock: Clock
) -> None:
    first, second, third = due(owner), due(owner), due(owner)
    book(supervisor, first, "a", agent_id=agent.actor.id)
    book(supervisor, second, "b", at=TODAY + timedelta(hours=1))
    moved = book(supervisor, third, "c", at=TODAY + timedelta(hours=5), agent_id=agent.actor.id)
    appointments.give_appointment(supervisor, appointment_id=moved.id, agent_id=None, request_id="d")
    week = appointments.appointment_week(agent, first=date(2026, 6, 15))
    assert (week.first, week.last) == (date(2026, 6, 15), date(2026, 6, 21))
    assert [(row.order_id, row.mine, row.due) for row in week.rows] == [
        (second.id, False, False),
        (third.id, False, False),
        (first.id, True, False),
    ]
    assert {choice.id for choice in week.agents} == {agent.actor.id}
    assert [row.order_id for row in appointments.appointment_week(agent, first=date(2026, 6, 15), mine=True).rows] == [
        first.id
    ]
    assert appointments.appointment_week(agent, first=date(2026, 6, 22)).rows == ()
    clock.now = TODAY + timedelta(minutes=55)
    assert [row.due for row in appointments.appointment_week(agent, first=date(2026, 6, 15)).rows] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("role", [Role.ASSESSOR, Role.VIEWER, Role.ADMIN])
def test_who_does_not_call_agrees_no_times(owner: Session, environment: Environment, role: Role) -> None:
    order = due(owner)
    with pytest.raises(NotAllowed):
        book(builders.access(owner, environment, role), order)
