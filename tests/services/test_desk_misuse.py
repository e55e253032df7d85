"""What somebody might try at the callback desk: to choose whom to ask, and to call or be told when nobody may."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.callbacks import Appointment, CallbackDraft, OptOut, TelephoneCall
from db.orders import Attempt, Order
from db.records import EventRow
from db.vocabulary import CaseEnd, Event, OptOutKind, Outcome, Role, Status
from services import (
    appointments,
    callback_drafts,
    callback_queue,
    callbacks,
    code_book,
    contacts,
    numbers,
    reasons,
    referrals,
)
from services.access import Access
from services.bookings import Booking
from services.callback_claim import MOST_LEASES
from services.environment import Environment
from services.errors import Conflict, IllegalMove, Invalid, MayNotCall
from services.rules.phones import DialTemplate
from services.rules.survey import Visit
from tests import builders
from tests.services.conftest import Clock
from tests.services.test_callback_queue import case, due
from tests.services.test_corrections import DISPLEASED, NOBODY, PLEASED, check_the_counters, correct, record

TEL = DialTemplate.parse("tel:{number}")
at = builders.at


@pytest.fixture
def agent(owner: Session, environment: Environment) -> Access:
    """A callback agent at the door."""
    return builders.access(owner, environment, Role.AGENT)


@pytest.fixture
def colleague(owner: Session, environment: Environment) -> Access:
    """Another one."""
    return builders.access(owner, environment, Role.AGENT)


@pytest.fixture
def supervisor(owner: Session, environment: Environment) -> Access:
    """A supervisor at the door."""
    return builders.access(owner, environment, Role.SUPERVISOR)


def dial(agent: Access, order: Order, number: int = 1) -> contacts.Dialled:
    return contacts.dial(agent, order_id=order.id, number=number, template=TEL, request_id="dial-1")


def trail(owner: Session, action: Event) -> list[dict[str, object]]:
    owner.rollback()
    bodies = owner.scalars(select(EventRow.body).where(EventRow.action == action).order_by(EventRow.id))
    return [json.loads(body) for body in bodies]


# What is handed out --------------------------------------------------------------------------------------------------


def test_a_case_without_a_call_left_ends_instead_of_being_handed_out_for_ever(
    owner: Session, environment: Environment, agent: Access, clock: Clock
) -> None:
    order = due(owner)
    record(agent, order, NOBODY, "call-1")
    clock.now = at("2026-06-15", 15)
    record(agent, order, NOBODY, "call-2")
    clock.now = at("2026-06-16")
    record(agent, order, Visit("2.35", note="明天再打"), "call-3", appointment=Booking(at("2026-06-17")))
    made = owner.scalars(select(Appointment)).one()
    appointments.cancel_appointment(agent, appointment_id=made.id, reason="", request_id="cancel-1")
    clock.now = at("2026-06-17", 15)
    assert callback_queue.next_case(agent) is None
    kept = case(owner, order)
    assert (kept.open, kept.done_as, kept.held_by) == (False, CaseEnd.EXHAUSTED, None)
    owner.refresh(order)
    assert (order.status, order.outcome) == (Status.ARCHIVED, Outcome.UNREACHED)
    check_the_counters(owner, environment)


def test_a_case_whose_part_of_the_day_was_tried_waits_for_another_and_blocks_nobody(
    owner: Session, agent: Access, clock: Clock
) -> None:
    order = due(owner)
    record(agent, order, NOBODY, "call-1")
    clock.now = at("2026-06-16")
    record(agent, order, NOBODY, "call-2")
    clock.now = at("2026-06-17")
    assert callback_queue.next_case(agent) is None
    kept = case(owner, order)
    assert (kept.ready_at, kept.held_by) == (at("2026-06-17", 14), None)
    clock.now = at("2026-06-17", 14)
    assert callback_queue.next_case(agent) is not None
    record(agent, order, NOBODY, "call-3")


def test_no_hold_is_renewed_without_an_end(owner: Session, agent: Access, clock: Clock) -> None:
    order = due(owner, "2026-06-09")
    clock.now = taken = at("2026-06-15", 19, 55)
    assert callback_queue.next_case(agent) is not None
    lease = case(owner, order).held_until - taken  # type: ignore[operator]  # held a line above
    for _ in range(MOST_LEASES):
        clock.now += lease - timedelta(minutes=1)
        last = callback_queue.renew_hold(agent, order_id=order.id).until
    assert last == taken + MOST_LEASES * lease
    clock.now = last + timedelta(seconds=1)
    with pytest.raises(Conflict):
        callback_queue.renew_hold(agent, order_id=order.id)
    clock.now = last + lease + timedelta(seconds=1)
    with pytest.raises(MayNotCall):
        record(agent, order, PLEASED)


def test_who_picked_a_case_is_told_apart_from_whom_chance_gave_it(owner: Session, agent: Access) -> None:
    due(owner)
    given = callback_queue.next_case(agent)
    assert given is not None
    record(agent, owner.get_one(Order, given.order.id), PLEASED, "given")
    record(agent, due(owner), PLEASED, "never held")
    taken = due(owner)
    callback_queue.take_case(agent, order_id=taken.id, request_id="take-1")
    record(agent, taken, PLEASED, "taken")
    told = [body["after"] for body in trail(owner, Event.CALLBACK_RECORDED)]
    assert [one["picked"] for one in told if isinstance(one, dict)] == [False, True, True]


def test_a_question_to_a_supervisor_is_no_leave_to_call_too_soon(
    owner: Session, agent: Access, supervisor: Access
) -> None:
    order = due(owner)
    record(agent, order, NOBODY)
    callback_queue.take_case(agent, order_id=order.id, request_id="take-1")
    asked = referrals.refer(agent, order_id=order.id, question="可否现在再打？", request_id="refer-1")
    referrals.answer_referral(supervisor, referral_id=asked.referral_id, answer="请按规定", request_id="answer-1")
    with pytest.raises(MayNotCall) as refused:
        record(agent, order, NOBODY, "call-2")
    assert refused.value.why == "too_soon"
    assert callback_queue.next_case(agent) is None
    assert case(owner, order).appointment_at is None


# Telephones ----------------------------------------------------------------------------------------------------------


def test_nobody_dials_when_nobody_may_call(owner: Session, agent: Access, clock: Clock) -> None:
    order = due(owner)
    clock.now = at("2026-06-15", 22)
    with pytest.raises(MayNotCall) as refused:
        dial(agent, order)
    assert (refused.value.why, refused.value.until) == ("outside_hours", at("2026-06-16", 9))
    assert owner.scalars(select(TelephoneCall)).all() == []
    assert trail(owner, Event.NUMBER_DIALLED) == []


def test_who_dials_has_the_case_so_that_nobody_else_is_given_it(
    owner: Session, agent: Access, colleague: Access
) -> None:
    order = due(owner)
    dial(agent, order)
    assert case(owner, order).held_by == agent.actor.id
    assert callback_queue.next_case(colleague) is None
    with pytest.raises(MayNotCall):
        dial(colleague, order)
    assert record(agent, order, PLEASED).status == Status.ARCHIVED


def test_the_id_of_one_form_opens_no_other_number_unseen(owner: Session, agent: Access) -> None:
    order = due(owner)
    contacts.add_number(agent, order_id=order.id, phone="02088880002", note=None, request_id="number-1")
    dial(agent, order)
    dial(agent, order, number=2)
    told = [body["after"] for body in trail(owner, Event.NUMBER_DIALLED)]
    assert [one["number"] for one in told if isinstance(one, dict)] == [1, 2]
    callbacks.reveal_contact(agent, order_id=order.id, reason="核对", request_id="dial-1")
    assert len(trail(owner, Event.CONTACT_REVEALED)) == 1


def test_nobody_adds_a_number_to_an_order_that_is_not_called_about(owner: Session, agent: Access) -> None:
    with pytest.raises(IllegalMove):
        contacts.add_number(
            agent, order_id=builders.archived_order(owner).id, phone="02088880002", note=None, request_id="number-1"
        )


def test_one_citizen_who_declines_twice_at_once_costs_no_call(
    owner: Session, agent: Access, colleague: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [due(owner, phone="138-0000-0001"), due(owner, phone="13800000001")]
    barrier, write_down = Barrier(2), numbers.opt_out

    def at_once(*facts: object) -> None:
        barrier.wait(10)
        write_down(*facts)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(numbers, "opt_out", at_once)
    with ThreadPoolExecutor(2) as pool:
        said = [
            pool.submit(record, who, order, Visit("2.112"), f"call-{order.id}", opt_out=OptOutKind.NO_SURVEY)
            for who, order in zip((agent, colleague), orders, strict=True)
        ]
        assert [one.result().status for one in said] == [Status.ARCHIVED, Status.ARCHIVED]
    assert owner.scalar(select(func.count()).select_from(OptOut)) == 1
    assert len(trail(owner, Event.OPT_OUT_RECORDED)) == 1


def test_what_goes_wrong_in_the_database_names_no_number(environment: Environment) -> None:
    assert environment.engine.hide_parameters


# What is written -----------------------------------------------------------------------------------------------------


def test_a_call_that_was_corrected_is_not_read_again(owner: Session, agent: Access, supervisor: Access) -> None:
    order = due(owner, department=builders.department(owner))
    wrong = record(agent, order, DISPLEASED)
    right = correct(agent, wrong, PLEASED)
    assert wrong.attempt_id is not None
    with pytest.raises(Conflict):
        reasons.recode(
            supervisor,
            attempt_id=wrong.attempt_id,
            seen=right.version,
            reasons=["R03"],
            note="",
            request_id="recode-1",
        )


def test_the_words_of_a_citizen_stay_in_no_form_once_the_round_is_asked_about(
    owner: Session, agent: Access, colleague: Access
) -> None:
    order = due(owner)
    for who, token in ((agent, "call-1"), (colleague, "form-2")):
        callback_drafts.save_draft(who, order_id=order.id, round=1, token=token, body={"words": "没有人来过"})
    record(agent, order, PLEASED, "call-1")
    assert owner.scalars(select(CallbackDraft.body)).all() == [{}, {}]


def test_a_form_holds_no_more_than_a_form(owner: Session, agent: Access) -> None:
    with pytest.raises(Invalid):
        callback_drafts.save_draft(
            agent, order_id=due(owner).id, round=1, token="form-1", body={"words": "长" * 100_000}
        )
    assert owner.scalars(select(CallbackDraft)).all() == []


def test_of_two_corrections_at_once_one_counts(
    owner: Session, environment: Environment, agent: Access, clock: Clock
) -> None:
    order = due(owner, department=builders.department(owner))
    wrong = record(agent, order, DISPLEASED)
    clock.now += timedelta(minutes=1)
    with ThreadPoolExecutor(2) as pool:
        sent = [pool.submit(correct, agent, wrong, PLEASED, "again-1") for _ in range(2)]
        assert sorted(one.result().repeated for one in sent) == [False, True]
    assert owner.scalar(select(func.count()).select_from(Attempt)) == 2
    check_the_counters(owner, environment)


def test_every_command_of_the_desk_that_is_sent_twice_at_once_counts_once(
    owner: Session, environment: Environment, agent: Access, supervisor: Access
) -> None:
    order = due(owner, department=builders.department(owner))
    admin = builders.access(owner, environment, Role.ADMIN)
    number, booking = order.id, Booking(at("2026-06-16", 15))
    dialled = twice(lambda: contacts.dial(agent, order_id=number, number=1, template=TEL, request_id="dial"))
    assert dialled[0].reference == dialled[1].reference
    twice(lambda: contacts.add_number(agent, order_id=number, phone="02088880002", note=None, request_id="more"))
    asked = twice(lambda: referrals.refer(agent, order_id=number, question="如何答复？", request_id="ask"))
    question = asked[0].referral_id
    twice(lambda: referrals.answer_referral(supervisor, referral_id=question, answer="照实", request_id="answer"))
    seen = callbacks.case(agent, order_id=number).order.version
    first = twice(
        lambda: appointments.book_appointment(agent, order_id=number, seen=seen, booking=booking, request_id="book")
    )
    given = twice(
        lambda: appointments.give_appointment(
            supervisor, appointment_id=first[0].id, agent_id=agent.actor.id, request_id="give"
        )
    )
    twice(
        lambda: appointments.cancel_appointment(supervisor, appointment_id=given[0].id, reason="", request_id="cancel")
    )
    for code in ("first", "second", "third"):
        twice(partial(add_skill, admin, code))


def add_skill(admin: Access, code: str) -> code_book.CodeReceipt:
    facts = {"name": code, "name_en": code, "facts": {"kind": "skill"}, "request_id": f"add-{code}"}
    return code_book.add_code(admin, which=code_book.CodeList.SKILLS, code=code, **facts)


def twice(command: Callable[[], Any]) -> list[Any]:
    """Send a command from two threads at once, and return what both were told: one of them that it was sent before."""
    barrier = Barrier(2)

    def send() -> Any:
        barrier.wait(10)
        return command()

    with ThreadPoolExecutor(2) as pool:
        told = [sent.result() for sent in [pool.submit(send) for _ in range(2)]]
    assert sorted(one.repeated for one in told) == [False, True]
    return told
