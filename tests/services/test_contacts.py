"""Numbers of a requester, dialling one of them, who is not to be called, and what the switch says of a call."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.callbacks import CallbackCase, OptOut, TelephoneCall
from db.orders import Attempt, Order
from db.people import Person
from db.records import EventRow
from db.reference import Disposition
from db.vocabulary import Event, OptOutKind, Role, Status
from services import contacts, numbers
from services.access import SYSTEM, Access
from services.environment import Environment
from services.errors import Conflict, IllegalMove, Invalid, MayNotCall, NotAllowed, NotFound
from services.rules.permissions import Permission
from services.rules.phones import DialTemplate
from tests import builders
from tests.services.conftest import Clock

TEL = DialTemplate.parse("tel:{number}")
PBX = DialTemplate.parse("https://pbx.test/dial?to={number}&ref={reference}&from={extension}&case={order}")


@pytest.fixture
def agent(owner: Session) -> Person:
    """Whoever calls."""
    return builders.person(owner, Role.AGENT, name="测试·陈")


@pytest.fixture
def desk(environment: Environment, agent: Person) -> Access:
    """The agent's door."""
    return builders.door(environment, agent)


@pytest.fixture
def order(owner: Session) -> Order:
    """An order that waits for a callback."""
    return builders.due_order(owner, builders.department(owner), phone="138-0000-0001")


def _dial(desk: Access, order: Order, number: int = 1, template: DialTemplate = TEL, form: str = "d1") -> Any:
    return contacts.dial(desk, order_id=order.id, number=number, template=template, request_id=form)


def _add(desk: Access, order: Order, phone: str, form: str = "n1") -> Any:
    return contacts.add_number(desk, order_id=order.id, phone=phone, note=None, request_id=form)


def _opt_out(owner: Session, agent: Person, phone: str, kind: OptOutKind = OptOutKind.DO_NOT_CALL) -> OptOut:
    row = OptOut(phone=phone, kind=kind, recorded_by=agent.id, recorded_at=builders.at("2026-06-01"), request_id=phone)
    owner.add(row)
    owner.commit()
    return row


def _trail(owner: Session, action: Event) -> list[str]:
    return list(owner.scalars(select(EventRow.body).where(EventRow.action == action)))


def test_the_orders_own_number_is_the_first_and_shown_masked(desk: Access, order: Order) -> None:
    [line] = contacts.list_numbers(desk, order_id=order.id)
    assert (line.position, line.masked, line.in_turn, line.tries) == (1, "138****0001", True, 0)


def test_a_number_is_added_once_after_those_that_are_known_and_the_trail_does_not_say_which(
    desk: Access, order: Order, owner: Session
) -> None:
    assert _add(desk, order, "020 8888 0002") == contacts.NumberReceipt(order.id, 2, repeated=False)
    assert _add(desk, order, "020 8888 0002") == contacts.NumberReceipt(order.id, 2, repeated=True)
    assert _add(desk, order, "+852 1234 5678", "n2").position == 3
    assert [one.masked for one in contacts.list_numbers(desk, order_id=order.id)][1:] == ["020****0002", "852****5678"]
    written = _trail(owner, Event.NUMBER_ADDED)
    assert len(written) == 2
    assert not any("8888" in body for body in written)


@pytest.mark.parametrize(
    ("phone", "problem"),
    [("", "required"), ("after six", "not_a_phone"), ("+86 138 0000 0001", "already_there"), ("12", "not_a_phone")],
)
def test_what_is_no_new_number_is_refused(desk: Access, order: Order, phone: str, problem: str) -> None:
    with pytest.raises(Invalid) as refused:
        _add(desk, order, phone)
    assert refused.value.problems == {"phone": problem}


def test_dialling_gives_the_number_and_its_link_once_and_is_in_the_trail(
    desk: Access, order: Order, owner: Session, agent: Person
) -> None:
    owner.execute(update(Person).where(Person.id == agent.id).values(extension="80 12"))
    owner.commit()
    first = _dial(desk, order, template=PBX)
    assert first.phone == "13800000001"
    told = f"to=13800000001&ref={first.reference}&from=80%2012&case={order.number}"
    assert first.link == f"https://pbx.test/dial?{told}"
    again = _dial(desk, order, template=PBX)
    assert (again.reference, again.repeated) == (first.reference, True)
    assert [one.dialled for one in contacts.list_numbers(desk, order_id=order.id)] == [True]
    [call] = owner.scalars(select(TelephoneCall)).all()
    assert (call.reference, call.number, call.agent_id) == (first.reference, 1, agent.id)
    [body] = _trail(owner, Event.NUMBER_DIALLED)
    assert "0000" not in body


def test_a_number_that_nobody_has_is_not_dialled(desk: Access, order: Order) -> None:
    with pytest.raises(NotFound):
        _dial(desk, order, number=2)


def test_nobody_dials_for_an_order_that_is_not_to_be_called_about(desk: Access, owner: Session) -> None:
    with pytest.raises(IllegalMove):
        _dial(desk, builders.closed_order(owner))


def test_nobody_dials_while_somebody_else_holds_the_case(
    desk: Access, order: Order, owner: Session, environment: Environment, clock: Clock
) -> None:
    other = builders.person(owner, Role.AGENT, name="测试·李")
    until = clock.now + timedelta(minutes=15)
    owner.execute(update(CallbackCase).values(held_by=other.id, held_since=clock.now, held_until=until))
    owner.commit()
    with pytest.raises(MayNotCall) as refused:
        _dial(desk, order)
    assert (refused.value.why, refused.value.who, refused.value.until) == ("held_by_other", "测试·李", until)
    assert _dial(builders.door(environment, other), order).phone == "13800000001"
    clock.now = until + timedelta(seconds=1)
    assert _dial(desk, order, form="d2").phone == "13800000001"


def test_the_next_number_is_in_turn_once_one_is_dead(desk: Access, order: Order, owner: Session, agent: Person) -> None:
    owner.execute(update(Disposition).where(Disposition.code == "4.31").values(final=True, another_number=True))
    owner.commit()
    _add(desk, order, "02088880002")
    assert [one.in_turn for one in contacts.list_numbers(desk, order_id=order.id)] == [True, False]
    builders.attempt(owner, order, agent, disposition="4.31")
    first, second = contacts.list_numbers(desk, order_id=order.id)
    assert (first.dead, first.tries, first.last and first.last.code, first.in_turn) == (True, 1, "4.31", False)
    assert (second.dead, second.tries, second.in_turn) == (False, 0, True)


def test_a_number_that_is_not_to_be_called_is_left_out_of_turn_and_not_dialled(
    desk: Access, order: Order, owner: Session, agent: Person
) -> None:
    _add(desk, order, "02088880002")
    _opt_out(owner, agent, "13800000001")
    first, second = contacts.list_numbers(desk, order_id=order.id)
    assert (first.opted_out, first.in_turn, second.in_turn) == (OptOutKind.DO_NOT_CALL, False, True)
    with pytest.raises(MayNotCall, match="opted_out"):
        _dial(desk, order)
    assert _dial(desk, order, number=2).phone == "02088880002"


def test_who_does_not_want_to_be_asked_is_called_under_no_number(
    desk: Access, order: Order, owner: Session, agent: Person
) -> None:
    _add(desk, order, "02088880002")
    _opt_out(owner, agent, "13800000001", OptOutKind.NO_SURVEY)
    assert not any(one.in_turn for one in contacts.list_numbers(desk, order_id=order.id))
    with pytest.raises(MayNotCall, match="opted_out"):
        _dial(desk, order, number=2)


def test_an_opt_out_is_written_down_once_whichever_way_the_number_is_written(
    desk: Access, order: Order, owner: Session
) -> None:
    with desk.write(Permission.CALLBACK_RECORD) as work:
        numbers.opt_out(work, work.one(Order, order.id), "+86 138-0000-0001", OptOutKind.DO_NOT_CALL, "o1")
        numbers.opt_out(work, work.one(Order, order.id), "13800000001", OptOutKind.DO_NOT_CALL, "o2")
        assert numbers.is_opted_out(work, ["138 0000 0001"])
        assert not numbers.is_opted_out(work, ["138 0000 0001", "020 1"])
        assert not numbers.is_opted_out(work, [])
    assert [row.phone for row in owner.scalars(select(OptOut))] == ["13800000001"]
    [body] = _trail(owner, Event.OPT_OUT_RECORDED)
    assert "0000" not in body


def test_a_supervisor_ends_an_opt_out_in_writing_and_only_once(
    owner: Session, environment: Environment, agent: Person, order: Order, desk: Access
) -> None:
    supervisor = builders.access(owner, environment, Role.SUPERVISOR)
    row = _opt_out(owner, agent, "13800000001")
    [line] = contacts.list_opt_outs(supervisor).lines
    assert (line.masked, line.recorded_by) == ("138****0001", "测试·陈")
    with pytest.raises(Invalid) as refused:
        contacts.end_opt_out(supervisor, opt_out_id=row.id, reason=" ", request_id="e1")
    assert refused.value.problems == {"opt_out_reason": "required"}
    done = contacts.end_opt_out(supervisor, opt_out_id=row.id, reason="市民来电要求恢复", request_id="e1")
    again = contacts.end_opt_out(supervisor, opt_out_id=row.id, reason="市民来电要求恢复", request_id="e1")
    assert (done.repeated, again.repeated) == (False, True)
    with pytest.raises(Conflict, match="opt_out_ended"):
        contacts.end_opt_out(supervisor, opt_out_id=row.id, reason="又一次", request_id="e2")
    assert contacts.list_opt_outs(supervisor).lines == ()
    assert contacts.list_opt_outs(supervisor, ended=True).lines[0].ended_why == "市民来电要求恢复"
    assert _dial(desk, order).phone == "13800000001"
    with pytest.raises(NotAllowed):
        contacts.list_opt_outs(desk)


def test_opt_outs_are_paged_from_the_newest(owner: Session, environment: Environment, agent: Person) -> None:
    supervisor = builders.access(owner, environment, Role.SUPERVISOR)
    for number in range(5):
        _opt_out(owner, agent, f"1380000000{number}")
    first = contacts.list_opt_outs(supervisor, limit=3)
    assert [line.masked for line in first.lines] == ["138****0004", "138****0003", "138****0002"]
    second = contacts.list_opt_outs(supervisor, before=first.next, limit=3)
    assert [line.masked for line in second.lines] == ["138****0001", "138****0000"]
    assert second.next is None


# What the telephone system says ---------------------------------------------------------------------------------------


def test_a_call_is_told_once_and_what_was_missing_may_follow(
    desk: Access, order: Order, owner: Session, environment: Environment, clock: Clock
) -> None:
    switch = Access(environment, SYSTEM)
    reference = _dial(desk, order).reference
    started = clock.now + timedelta(seconds=20)
    told: dict[str, Any] = {"reference": reference, "started_at": started, "seconds": None, "recording": None}
    assert contacts.report_call(switch, **told) == contacts.CallReceipt(reference, repeated=False)
    assert contacts.report_call(switch, **told) == contacts.CallReceipt(reference, repeated=True)
    told |= {"seconds": 93, "recording": "https://pbx.test/rec/77"}
    assert not contacts.report_call(switch, **told).repeated
    [call] = owner.scalars(select(TelephoneCall)).all()
    assert (call.started_at, call.seconds, call.recording) == (started, 93, "https://pbx.test/rec/77")
    with pytest.raises(Conflict, match="told_otherwise"):
        contacts.report_call(switch, **(told | {"seconds": 94}))
    written = _trail(owner, Event.CALL_REPORTED)
    assert len(written) == 2
    assert "pbx.test" not in written[1]


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        ({}, {"call": "required"}),
        ({"seconds": -1}, {"seconds": "out_of_range"}),
        ({"seconds": 90_000}, {"seconds": "out_of_range"}),
        ({"recording": "http://pbx.test/rec"}, {"recording": "not_a_link"}),
        ({"recording": "javascript:alert(1)"}, {"recording": "not_a_link"}),
        ({"recording": "https://name:word@pbx.test/rec"}, {"recording": "not_a_link"}),
        ({"recording": "https://pbx.test/a b"}, {"recording": "not_a_link"}),
        ({"started_at": builders.at("2026-06-14")}, {"started_at": "out_of_range"}),
        ({"started_at": builders.at("2026-06-16")}, {"started_at": "out_of_range"}),
    ],
)
def test_what_no_call_can_be_is_refused(
    desk: Access, order: Order, environment: Environment, facts: dict[str, Any], problem: dict[str, str]
) -> None:
    reference = _dial(desk, order).reference
    told = {"reference": reference, "started_at": None, "seconds": None, "recording": None} | facts
    with pytest.raises(Invalid) as refused:
        contacts.report_call(Access(environment, SYSTEM), **told)
    assert refused.value.problems == problem


def test_a_call_that_was_not_dialled_here_is_unknown_and_no_person_reports_calls(
    desk: Access, environment: Environment
) -> None:
    told: dict[str, Any] = {"reference": "nobody", "started_at": None, "seconds": 1, "recording": None}
    with pytest.raises(NotFound):
        contacts.report_call(Access(environment, SYSTEM), **told)
    with pytest.raises(NotAllowed):
        contacts.report_call(desk, **told)


def test_the_calls_that_were_dialled_belong_to_the_record_that_follows(
    desk: Access, order: Order, owner: Session, agent: Person
) -> None:
    _dial(desk, order)
    made = builders.attempt(owner, order, agent)
    with desk.write(Permission.CALLBACK_RECORD) as work:
        numbers.belong_to(work, work.one(Attempt, made.id), order.round)
        work.quiet()
    assert list(owner.scalars(select(TelephoneCall.attempt_id))) == [made.id]
    assert [one.dialled for one in contacts.list_numbers(desk, order_id=order.id)] == [False]
    assert order.status == Status.DUE
