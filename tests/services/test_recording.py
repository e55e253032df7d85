"""Recording a call under the callback policy: who may, when, and what it makes of the case and of what was agreed."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.callbacks import (
    Appointment,
    CallbackCase,
    CallbackDraft,
    Notice,
    OptOut,
    OtherNumber,
    TelephoneCall,
)
from db.orders import Attempt, AttemptReason, Order
from db.records import EventRow
from db.reference import CallbackPolicy
from db.vocabulary import AppointmentEnd, CaseEnd, Event, NoticeKind, OptOutKind, Outcome, Role, Status
from services import callback_drafts, callback_queue, callbacks
from services.access import Access
from services.bookings import Booking
from services.callback_counters import verify_counters
from services.environment import Environment
from services.errors import Invalid, MayNotCall
from services.rules.survey import Visit
from services.views import Receipt
from tests import builders
from tests.rules import policies
from tests.services.conftest import Clock

SAID = {"contacted": "yes", "solved": "solved", "result": "satisfied", "attitude": "satisfied"}
PLEASED = Visit("1.1", SAID)
DISPLEASED = Visit("1.1", SAID | {"solved": "unsolved", "result": "dissatisfied"}, ("R02", "R03"), "积水仍在")
NOBODY = Visit("3.13")
DEAD = Visit("4.31")
NOT_NOW = Visit("2.11")
NEVER = Visit("2.112")
IN_A_MEETING = Visit("2.35")


@pytest.fixture
def agent(owner: Session, environment: Environment) -> Access:
    """A callback agent at the door."""
    return builders.access(owner, environment, Role.AGENT)


@pytest.fixture
def colleague(owner: Session, environment: Environment) -> Access:
    """Another one."""
    return builders.door(environment, builders.person(owner, name="测试·乙"))


def record(agent: Access, order: Order, visit: Visit, request_id: str = "form-1", **more: Any) -> Receipt:
    seen = callbacks.case(agent, order_id=order.id).order.version
    return callbacks.record_callback(
        agent, order_id=order.id, **({"seen": seen, "visit": visit, "request_id": request_id} | more)
    )


def refused(agent: Access, order: Order, visit: Visit = NOBODY, **more: Any) -> tuple[str, datetime | None]:
    """Return why a call is refused, and until when."""
    with pytest.raises(MayNotCall) as found:
        record(agent, order, visit, "refused", **more)
    return found.value.why, found.value.until


def case_of(owner: Session, order: Order) -> CallbackCase:
    owner.expire_all()
    found = select(CallbackCase).where(CallbackCase.order_id == order.id, CallbackCase.round == order.round)
    return owner.scalars(found).one()


def second_number(owner: Session, order: Order, phone: str = "000-0000-0002") -> None:
    owner.add(OtherNumber(order_id=order.id, position=2, phone=phone, added_at=order.created_at))
    owner.commit()


def other_policy(owner: Session, **values: object) -> None:
    """Put a callback policy in force that differs from the shipped one."""
    document = policies.shipped() | {"code": "test", "version": 1, "effective_from": "2026-06-01"}
    for key, value in values.items():
        document[key] = {"value": value, "assumption": True, "source": "Made up for a test."}
    day = builders.at("2026-06-01").date()
    facts = {"code": "test", "version": 1, "effective_from": day, "document": document, "assumption": True}
    owner.add(CallbackPolicy(**facts, fingerprint="test"))
    owner.commit()


# Whose case it is -----------------------------------------------------------------------------------------------------


def test_a_case_that_a_colleague_holds_is_theirs_until_the_lease_ends(
    owner: Session, agent: Access, colleague: Access, clock: Clock
) -> None:
    order = builders.due_order(owner)
    hold = callback_queue.take_case(colleague, order_id=order.id, request_id="take-1")
    with pytest.raises(MayNotCall) as found:
        record(agent, order, NOBODY)
    assert (found.value.why, found.value.until, found.value.who) == ("held_by_other", hold.until, "测试·乙")
    clock.now = hold.until + timedelta(seconds=1)
    assert record(agent, order, PLEASED).status == Status.ARCHIVED


def test_recording_lets_the_case_go(owner: Session, agent: Access) -> None:
    order = builders.due_order(owner)
    assert callback_queue.next_case(agent) is not None
    record(agent, order, NOBODY)
    kept = case_of(owner, order)
    assert (kept.held_by, kept.held_since, kept.held_until, kept.open) == (None, None, None, True)


def test_a_call_begun_in_time_is_recorded_after_the_hours(owner: Session, agent: Access, clock: Clock) -> None:
    order = builders.due_order(owner)
    clock.now = begun = builders.at("2026-06-15", 11, 55)
    assert callback_queue.next_case(agent) is not None
    clock.now += timedelta(minutes=10)
    assert record(agent, order, NOBODY).status == Status.DUE
    made = owner.scalars(select(Attempt)).one()
    assert (made.day_part, made.started_at, made.recorded_at) == ("morning", begun, clock.now)


def test_a_lease_that_ran_out_during_the_call_costs_nobody_the_record(
    owner: Session, agent: Access, clock: Clock
) -> None:
    early, late = builders.due_order(owner), builders.due_order(owner)
    clock.now = builders.at("2026-06-15", 11, 50)
    for order in (early, late):
        callback_queue.take_case(agent, order_id=order.id, request_id=f"take-{order.id}")
    clock.now += timedelta(minutes=25)
    assert record(agent, early, NOBODY).status == Status.DUE
    clock.now += timedelta(minutes=10)
    assert refused(agent, late) == ("outside_hours", builders.at("2026-06-15", 14))


def test_a_case_that_a_supervisor_was_asked_about_rests(owner: Session, agent: Access) -> None:
    order = builders.due_order(owner)
    case_of(owner, order).referred = True
    owner.commit()
    assert refused(agent, order) == ("referred", None)


# When -----------------------------------------------------------------------------------------------------------------


def test_a_call_outside_the_policy_is_refused_with_its_reason_and_when_it_may_be_made(
    owner: Session, agent: Access, clock: Clock
) -> None:
    order = builders.due_order(owner)
    clock.now = builders.at("2026-06-15", 12, 30)
    assert refused(agent, order) == ("outside_hours", builders.at("2026-06-15", 14))
    clock.now = builders.at("2026-06-15", 11)
    record(agent, order, NOBODY)
    clock.now = builders.at("2026-06-15", 14, 30)
    assert refused(agent, order) == ("too_soon", builders.at("2026-06-15", 15))
    clock.now = builders.at("2026-06-15", 15)
    record(agent, order, NOBODY, "form-2")
    clock.now = builders.at("2026-06-15", 19, 30)
    assert refused(agent, order) == ("too_many_today", builders.at("2026-06-16", 9))
    clock.now = builders.at("2026-06-19")
    assert refused(agent, order) == ("past_last_day", None)
    assert len(owner.scalars(select(Attempt)).all()) == 2


def test_the_last_attempts_fall_into_another_part_of_the_day(owner: Session, agent: Access, clock: Clock) -> None:
    order = builders.due_order(owner)
    for day in ("2026-06-15", "2026-06-16"):
        clock.now = builders.at(day, 9)
        record(agent, order, NOBODY, day)
    assert case_of(owner, order).ready_at == builders.at("2026-06-16", 14)
    clock.now = builders.at("2026-06-17", 9)
    assert refused(agent, order) == ("same_day_part", builders.at("2026-06-17", 14))


def test_the_last_attempt_ends_the_case_by_itself(
    owner: Session, environment: Environment, agent: Access, clock: Clock
) -> None:
    order = builders.due_order(owner, builders.department(owner))
    for number, hour in enumerate((9, 15, 19)):
        clock.now = builders.at(f"2026-06-{15 + number}", hour)
        record(agent, order, NOBODY, f"form-{number}")
    owner.refresh(order)
    assert (order.status, order.outcome) == (Status.ARCHIVED, Outcome.UNREACHED)
    kept = case_of(owner, order)
    assert (kept.open, kept.attempts, kept.aapor_group, kept.done_as) == (False, 3, "NC", CaseEnd.EXHAUSTED)
    assert (kept.done_at, kept.day_part, kept.on_time) == (clock.now, "evening", True)
    assert [(one.settled, one.on_time) for one in owner.scalars(select(Attempt).order_by(Attempt.id))] == [
        (False, None),
        (False, None),
        (True, True),
    ]
    found = verify_counters(builders.access(owner, environment, Role.SUPERVISOR))
    assert (found.calls, found.cases, found.differences) == (3, 1, ())


def test_the_call_that_says_most_decides_whatever_came_after(owner: Session, agent: Access, clock: Clock) -> None:
    other_policy(owner, quiet_days=0)
    order = builders.due_order(owner)
    record(agent, order, NOT_NOW)
    clock.now = builders.at("2026-06-16", 15)
    record(agent, order, NOBODY, "form-2")
    kept = case_of(owner, order)
    assert (kept.aapor_group, kept.attempts, kept.day_part) == ("R", 2, "morning")
    assert kept.decided_on == builders.at("2026-06-15").date()


def test_the_last_day_is_not_known_beyond_the_calendar(owner: Session, agent: Access, clock: Clock) -> None:
    order = builders.due_order(owner, accepted_at=builders.at("2026-12-22"), due_days=None)
    clock.now = builders.at("2026-12-31", 10)
    record(agent, order, PLEASED)
    assert owner.scalars(select(Attempt.on_time)).one() is None


# Refusals and numbers -------------------------------------------------------------------------------------------------


def test_who_declines_is_left_in_peace_and_then_asked_by_somebody_trained_for_it(
    owner: Session, agent: Access, clock: Clock
) -> None:
    other_policy(owner, quiet_days=2)
    order = builders.due_order(owner)
    assert record(agent, order, NOT_NOW).status == Status.DUE
    kept = case_of(owner, order)
    assert (kept.needs, kept.open, kept.aapor_group) == (["refusal_conversion"], True, "R")
    assert kept.ready_at == builders.at("2026-06-17", 14)
    clock.now = builders.at("2026-06-16", 15)
    assert refused(agent, order) == ("quiet_period", builders.at("2026-06-17", 9))


def test_who_declines_until_after_the_last_day_is_not_asked_again(owner: Session, agent: Access) -> None:
    order = builders.due_order(owner)
    assert record(agent, order, NOT_NOW).status == Status.ARCHIVED
    assert case_of(owner, order).done_as == CaseEnd.EXHAUSTED


def test_who_declines_for_good_is_final(owner: Session, agent: Access) -> None:
    order = builders.due_order(owner)
    assert record(agent, order, NEVER).status == Status.ARCHIVED
    kept = case_of(owner, order)
    assert (kept.done_as, kept.aapor_group) == (CaseEnd.FINAL, "R")


def test_a_dead_number_is_followed_by_the_next_one_at_once(owner: Session, agent: Access, clock: Clock) -> None:
    order = builders.due_order(owner)
    second_number(owner, order)
    assert record(agent, order, DEAD).status == Status.DUE
    assert case_of(owner, order).ready_at == clock.now
    assert record(agent, order, PLEASED, "form-2", number=2).status == Status.ARCHIVED
    assert owner.scalars(select(Attempt.number).order_by(Attempt.id)).all() == [1, 2]


def test_a_dead_number_without_another_ends_the_case(owner: Session, agent: Access) -> None:
    order = builders.due_order(owner)
    second_number(owner, order)
    record(agent, order, DEAD)
    assert record(agent, order, DEAD, "form-2", number=2).status == Status.ARCHIVED
    kept = case_of(owner, order)
    assert (kept.done_as, kept.aapor_group, kept.attempts) == (CaseEnd.FINAL, "NC", 2)


def test_that_the_next_number_may_be_called_is_no_leave_to_dial_the_last_one_again(
    owner: Session, agent: Access
) -> None:
    order = builders.due_order(owner)
    second_number(owner, order)
    record(agent, order, DEAD)
    assert refused(agent, order, number=1) == ("too_soon", builders.at("2026-06-15", 14))


def test_a_number_that_the_citizen_does_not_have_was_not_called(owner: Session, agent: Access) -> None:
    with pytest.raises(Invalid) as found:
        record(agent, builders.due_order(owner), NOBODY, number=2)
    assert found.value.problems == {"number": "unknown"}


# Appointments ---------------------------------------------------------------------------------------------------------


def test_an_unanswered_call_may_end_in_an_appointment(
    owner: Session, agent: Access, colleague: Access, clock: Clock
) -> None:
    order = builders.due_order(owner)
    at = builders.at("2026-06-15", 11)
    record(agent, order, IN_A_MEETING, appointment=Booking(at, colleague.actor.id, " 会后再拨 "))
    made = owner.scalars(select(Appointment)).one()
    assert (made.at, made.agent_id, made.note, made.booked_by) == (at, colleague.actor.id, "会后再拨", agent.actor.id)
    kept = case_of(owner, order)
    assert (kept.appointment_at, kept.appointment_for, kept.open) == (at, colleague.actor.id, True)
    actions = owner.scalars(select(EventRow.action).where(EventRow.order_id == order.id).order_by(EventRow.id)).all()
    assert set(actions) == {Event.CALLBACK_RECORDED, Event.APPOINTMENT_BOOKED}
    told = owner.scalars(select(Notice)).one()
    assert (told.person_id, told.kind) == (colleague.actor.id, NoticeKind.APPOINTMENT_GIVEN)
    assert refused(agent, order) == ("too_soon", at - timedelta(minutes=5))
    clock.now = at
    record(agent, order, PLEASED, "form-2")
    owner.refresh(made)
    assert (made.ended_as, made.ended_at) == (AppointmentEnd.KEPT, at)


def test_what_was_agreed_goes_before_spacing_and_keeps_a_case_open_for_one_more_call(
    owner: Session, agent: Access, clock: Clock
) -> None:
    order = builders.due_order(owner)
    for number, hour in enumerate((9, 15)):
        clock.now = builders.at("2026-06-15", hour)
        record(agent, order, NOBODY, f"form-{number}")
    clock.now = builders.at("2026-06-16", 10)
    later = Booking(builders.at("2026-06-16", 10, 30))
    assert record(agent, order, IN_A_MEETING, "form-2", appointment=later).status == Status.DUE
    clock.now = later.at
    assert record(agent, order, NOBODY, "form-3").status == Status.ARCHIVED
    assert case_of(owner, order).attempts == 4


@pytest.mark.parametrize(
    ("at", "problem"),
    [
        (("2026-06-15", 9), "not_in_the_future"),
        (("2026-06-16", 12), "outside_hours"),
        (("2026-06-19", 10), "past_last_day"),
    ],
)
def test_an_appointment_must_be_one_that_can_be_kept(
    owner: Session, agent: Access, at: tuple[str, int], problem: str
) -> None:
    order = builders.due_order(owner)
    with pytest.raises(Invalid) as found:
        record(agent, order, IN_A_MEETING, appointment=Booking(builders.at(*at)))
    assert found.value.problems == {"appointment_at": problem}


def test_everything_wrong_with_a_form_is_said_at_once(owner: Session, environment: Environment, agent: Access) -> None:
    supervisor = builders.person(owner, Role.SUPERVISOR)
    with pytest.raises(Invalid) as found:
        record(
            agent,
            builders.due_order(owner),
            Visit("2.36"),
            appointment=Booking(builders.at("2026-06-16"), supervisor.id, "长" * 501),
        )
    assert found.value.problems == {"note": "required", "appointment_agent": "unknown", "appointment_note": "too_long"}


def test_nothing_is_agreed_where_nothing_is_left_to_ask(owner: Session, agent: Access) -> None:
    order = builders.due_order(owner)
    for visit in (PLEASED, NEVER):
        with pytest.raises(Invalid) as found:
            record(agent, order, visit, appointment=Booking(builders.at("2026-06-16")))
        assert found.value.problems == {"appointment_at": "case_is_over"}
    assert owner.scalars(select(Attempt)).all() == []


# Opting out -----------------------------------------------------------------------------------------------------------


def test_who_does_not_want_to_be_called_again_is_not(owner: Session, agent: Access) -> None:
    order, other = builders.due_order(owner, phone="138-0000-0000"), builders.due_order(owner, phone="138-0000-0000")
    assert record(agent, order, NOT_NOW, opt_out=OptOutKind.DO_NOT_CALL).status == Status.ARCHIVED
    assert case_of(owner, order).done_as == CaseEnd.OPTED_OUT
    row = owner.scalars(select(OptOut)).one()
    assert (row.phone, row.kind, row.recorded_by) == ("13800000000", OptOutKind.DO_NOT_CALL, agent.actor.id)
    body = owner.scalars(select(EventRow.body).where(EventRow.action == Event.OPT_OUT_RECORDED)).one()
    assert "1380000" not in body
    assert refused(agent, other) == ("opted_out", None)
    assert case_of(owner, other).open


def test_another_number_may_still_be_called(owner: Session, agent: Access) -> None:
    order = builders.due_order(owner)
    second_number(owner, order)
    assert record(agent, order, NOBODY, opt_out=OptOutKind.DO_NOT_CALL).status == Status.DUE
    assert record(agent, order, PLEASED, "form-2", number=2).status == Status.ARCHIVED


def test_who_does_not_want_to_be_asked_at_all_is_asked_on_no_number(owner: Session, agent: Access) -> None:
    order = builders.due_order(owner)
    second_number(owner, order)
    assert record(agent, order, NOT_NOW, opt_out=OptOutKind.NO_SURVEY).status == Status.ARCHIVED


def test_an_answer_counts_although_it_was_the_last_one(owner: Session, agent: Access) -> None:
    order = builders.due_order(owner)
    record(agent, order, PLEASED, opt_out=OptOutKind.NO_SURVEY)
    assert case_of(owner, order).done_as == CaseEnd.ANSWERED
    assert len(owner.scalars(select(OptOut)).all()) == 1


# What is kept of a call -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("told", "kept"), [(25_300, 25_300), (-4, 0), (10**9, 3_600_000), (None, None)])
def test_hands_are_never_negative_and_never_a_day(
    owner: Session, agent: Access, told: int | None, kept: int | None
) -> None:
    record(agent, builders.due_order(owner), PLEASED, hands_ms=told)
    assert owner.scalars(select(Attempt.hands_ms)).one() == kept


def test_a_reason_that_was_proposed_and_taken_says_so(owner: Session, agent: Access) -> None:
    visit = Visit("1.1", DISPLEASED.answers, DISPLEASED.reasons, DISPLEASED.words, suggested=("R03", "R05"))
    record(agent, builders.due_order(owner), visit)
    rows = owner.scalars(select(AttemptReason).order_by(AttemptReason.reason_id)).all()
    assert [row.suggested for row in rows] == [False, True]
    body = owner.scalars(select(EventRow.body).where(EventRow.action == Event.CALLBACK_RECORDED)).one()
    assert '"suggested":"R03"' in body


def test_the_call_that_was_dialled_is_the_one_recorded(owner: Session, agent: Access, colleague: Access) -> None:
    order = builders.due_order(owner)
    for number, whom in enumerate((agent, colleague)):
        dialled = {"order_id": order.id, "round": 1, "agent_id": whom.actor.id, "number": 1}
        owner.add(TelephoneCall(**dialled, reference=f"call-{number}", dialled_at=order.created_at))
    owner.commit()
    told = record(agent, order, NOBODY)
    linked = owner.execute(select(TelephoneCall.reference, TelephoneCall.attempt_id).order_by(TelephoneCall.id)).all()
    assert [tuple(row) for row in linked] == [("call-0", told.attempt_id), ("call-1", None)]


def test_what_was_typed_is_emptied_once_it_is_recorded(owner: Session, agent: Access, clock: Clock) -> None:
    order = builders.due_order(owner)
    callback_drafts.save_draft(agent, order_id=order.id, round=1, token="form-1", body={"words": "积水仍在"})
    record(agent, order, PLEASED)
    draft = owner.scalars(select(CallbackDraft)).one()
    assert (draft.body, draft.ended_at) == ({}, clock.now)
    assert callback_drafts.draft_of(agent, order_id=order.id) is None
