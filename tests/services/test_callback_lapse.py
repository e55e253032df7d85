"""Cases whose time is over end by themselves: which, as what, and what is left alone."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.callbacks import Appointment, CallbackCase, CallbackDraft, OptOut
from db.orders import Order
from db.records import EventRow
from db.vocabulary import AppointmentEnd, CaseEnd, Event, OptOutKind, Outcome, Role, Satisfaction, Status
from services import callback_lapse, callback_queue
from services.access import SYSTEM, Access
from services.environment import Environment
from services.errors import NotAllowed
from tests import builders
from tests.services.conftest import Clock
from tests.services.test_callback_queue import TODAY, case, change, due

pytestmark = pytest.mark.every_server

PAST = "2026-06-08"
"""The last day of what was closed on this day was the Friday before."""


@pytest.fixture
def system(environment: Environment) -> Access:
    """The program itself."""
    return Access(environment, SYSTEM)


def opt_out(owner: Session, order: Order, phone: str, kind: OptOutKind = OptOutKind.DO_NOT_CALL) -> None:
    owner.add(
        OptOut(
            phone=phone,
            kind=kind,
            order_id=order.id,
            recorded_by=builders.person(owner).id,
            recorded_at=TODAY - timedelta(hours=1),
            request_id=f"opt-out-{phone}-{kind}",
        )
    )
    owner.commit()


def state(owner: Session, order: Order) -> tuple[Any, ...]:
    owner.expire_all()
    kept = case(owner, order)
    last = builders.current_round(owner, order)
    return order.status, order.outcome, last.satisfaction, last.settled_at is not None, kept.open, kept.done_as


def test_what_is_past_its_last_day_ends_and_silence_stays_silence(owner: Session, system: Access) -> None:
    silent, in_time = due(owner, PAST), due(owner, "2026-06-09")
    called = due(owner, PAST, attempts=1, called=True)
    upset = due(owner, PAST, satisfaction=Satisfaction.DISSATISFIED, rated=True)
    builders.rating(owner, upset, Satisfaction.DISSATISFIED)
    told = callback_lapse.lapse_expired(system)
    assert (told.expired, told.opted_out, told.undrawn, told.more) == (3, 0, 0, False)
    ended = CaseEnd.LAPSED
    assert state(owner, silent) == (Status.ARCHIVED, Outcome.UNASKED, None, True, False, ended)
    assert state(owner, called) == (Status.ARCHIVED, Outcome.UNREACHED, None, True, False, ended)
    stands = Satisfaction.DISSATISFIED
    assert state(owner, upset) == (Status.DISSATISFIED, None, stands, True, False, ended)
    assert state(owner, in_time) == (Status.DUE, None, None, False, True, None)
    kept = case(owner, silent)
    assert (kept.done_at, kept.on_time) == (TODAY, False)
    events = owner.scalars(select(EventRow).where(EventRow.action == Event.CALLBACK_LAPSED)).all()
    assert {event.order_id for event in events} == {silent.id, called.id, upset.id}
    assert {event.actor_name for event in events} == {"system"}
    assert callback_lapse.lapse_expired(system).total == 0


def test_the_last_round_allowed_that_fails_in_silence_is_escalated(owner: Session, system: Access) -> None:
    order = due(owner, PAST, round=3, satisfaction=Satisfaction.DISSATISFIED, rated=True)
    last = builders.current_round(owner, order)
    last.number = 3
    owner.commit()
    builders.rating(owner, order, Satisfaction.DISSATISFIED)
    callback_lapse.lapse_expired(system)
    owner.refresh(order)
    assert (order.status, order.escalated) == (Status.ESCALATED, True)


def test_what_is_held_or_agreed_or_has_just_come_in_is_left_alone(owner: Session, system: Access, clock: Clock) -> None:
    held, agreed, fresh = (due(owner, PAST) for _ in range(3))
    person = builders.person(owner).id
    change(owner, held, held_by=person, held_since=TODAY, held_until=TODAY + timedelta(minutes=15))
    change(owner, agreed, appointment_at=TODAY.replace(hour=18))
    fresh.created_at = TODAY - timedelta(hours=2)
    owner.commit()
    assert callback_lapse.lapse_expired(system).total == 0
    clock.now += timedelta(minutes=16)
    assert callback_lapse.lapse_expired(system).total == 1
    clock.now += timedelta(days=1)
    assert callback_lapse.lapse_expired(system).total == 2
    assert {order.status for order in owner.scalars(select(Order).execution_options(populate_existing=True))} == {
        Status.ARCHIVED
    }


def test_an_appointment_that_nobody_kept_and_a_form_that_was_begun_end_with_the_case(
    owner: Session, system: Access
) -> None:
    order, person = due(owner, PAST), builders.person(owner).id
    at = TODAY - timedelta(days=3)
    owner.add(
        Appointment(order_id=order.id, round=1, at=at, booked_by=person, booked_at=at, request_id="book-1"),
    )
    owner.add(
        CallbackDraft(
            person_id=person, order_id=order.id, round=1, token="t", body={"words": "积水"}, saved_at=at, ended_at=None
        )
    )
    owner.commit()
    change(owner, order, appointment_at=at)
    assert callback_lapse.lapse_expired(system).expired == 1
    owner.expire_all()
    assert owner.scalars(select(Appointment.ended_as)).all() == [AppointmentEnd.CANCELLED]
    draft = owner.scalars(select(CallbackDraft)).one()
    assert (draft.body, draft.ended_at) == ({}, TODAY)
    assert case(owner, order).appointment_at is None


def test_closed_orders_that_were_never_drawn_for_a_call_end_unasked(owner: Session, system: Access) -> None:
    past = builders.closed_order(owner, closed_at=builders.at(PAST))
    builders.closed_order(owner, accepted_at=builders.at("2026-06-01"), closed_at=builders.at("2026-06-09"))
    told = callback_lapse.lapse_expired(system)
    assert (told.expired, told.undrawn) == (0, 1)
    owner.refresh(past)
    assert (past.status, past.outcome) == (Status.ARCHIVED, Outcome.UNASKED)
    assert builders.current_round(owner, past).settled_at == TODAY


def test_many_end_a_few_at_a_time(owner: Session, system: Access) -> None:
    for _ in range(5):
        due(owner, PAST)
    steps = [callback_lapse.lapse_expired(system, limit=2) for _ in range(3)]
    assert [(step.total, step.more) for step in steps] == [(2, True), (2, True), (1, False)]


def test_who_does_not_want_to_be_called_is_not_called(owner: Session, system: Access) -> None:
    order, other = due(owner, phone="138-0000-0001"), due(owner, phone="138-0000-0002")
    opt_out(owner, order, "13800000001")
    told = callback_lapse.lapse_expired(system)
    assert (told.expired, told.opted_out) == (0, 1)
    assert state(owner, order)[-1] == CaseEnd.OPTED_OUT
    assert case(owner, other).open


def test_the_claim_ends_what_cannot_be_called_and_goes_on_to_the_next(owner: Session, environment: Environment) -> None:
    agent = builders.access(owner, environment, Role.AGENT)
    silenced, following = due(owner, "2026-06-11", phone="138-0000-0001"), due(owner, phone="138-0000-0002")
    opt_out(owner, following, "13800000001", OptOutKind.NO_SURVEY)
    found = callback_queue.next_case(agent)
    assert found is not None
    assert found.order.id == following.id
    assert state(owner, silenced)[-1] == CaseEnd.OPTED_OUT
    event = owner.scalars(select(EventRow).where(EventRow.action == Event.CALLBACK_LAPSED)).one()
    assert (event.order_id, event.actor_id) == (silenced.id, None)


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR, Role.ADMIN])
def test_nobody_lets_time_run_out(owner: Session, environment: Environment, role: Role) -> None:
    with pytest.raises(NotAllowed):
        callback_lapse.lapse_expired(builders.access(owner, environment, role))


def test_the_kept_case_is_one_a_round(owner: Session, system: Access) -> None:
    order = due(owner, PAST)
    callback_lapse.lapse_expired(system)
    assert len(owner.scalars(select(CallbackCase).where(CallbackCase.order_id == order.id)).all()) == 1


def test_the_claim_waits_for_nobody_who_works_on_the_order(owner: Session, environment: Environment) -> None:
    """Who records something about the order holds its row and waits for the case: the claim hands it out as it is."""
    agent, order = builders.access(owner, environment, Role.AGENT), due(owner, phone="138-0000-0001")
    opt_out(owner, order, "13800000001")
    owner.execute(select(Order).where(Order.id == order.id).with_for_update())
    found = callback_queue.next_case(agent)
    assert found is not None
    assert found.order.id == order.id
    owner.rollback()
    assert case(owner, order).open
