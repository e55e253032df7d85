"""A case is referred to the supervisors during the call, rests, and comes back with an answer; notices tell both."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.callbacks import Appointment, CallbackCase, Notice, Referral
from db.orders import Order
from db.people import Person
from db.records import EventRow
from db.vocabulary import Event, NoticeKind, Outcome, Role, Status
from services import callback_queue, contacts, notices, referrals
from services.access import Access
from services.environment import Environment
from services.errors import Conflict, Invalid, MayNotCall, NotAllowed
from services.rules.phones import DialTemplate
from tests import builders
from tests.services.conftest import Clock

QUESTION = "市民要求书面答复,能否答应?"


@pytest.fixture
def agent(owner: Session) -> Person:
    """Who asks."""
    return builders.person(owner, Role.AGENT, name="测试·陈")


@pytest.fixture
def desk(environment: Environment, agent: Person) -> Access:
    """The agent's door."""
    return builders.door(environment, agent)


@pytest.fixture
def supervisor(owner: Session, environment: Environment) -> Access:
    """Who answers."""
    return builders.access(owner, environment, Role.SUPERVISOR)


@pytest.fixture
def order(owner: Session, agent: Person, clock: Clock) -> Order:
    """An order whose case the agent holds."""
    made = builders.due_order(owner, builders.department(owner, "市水务局"))
    _hold(owner, agent, clock)
    return made


def _hold(owner: Session, whom: Person, clock: Clock) -> None:
    until = clock.now + timedelta(minutes=15)
    owner.execute(update(CallbackCase).values(held_by=whom.id, held_since=clock.now, held_until=until))
    owner.commit()


def _case(owner: Session) -> CallbackCase:
    owner.expire_all()
    return owner.scalars(select(CallbackCase)).one()


def _refer(desk: Access, order: Order, question: str = QUESTION, form: str = "r1") -> referrals.ReferralReceipt:
    return referrals.refer(desk, order_id=order.id, question=question, request_id=form)


def test_a_referred_case_rests_and_every_supervisor_is_told(
    desk: Access, supervisor: Access, order: Order, owner: Session, environment: Environment
) -> None:
    gone = builders.person(owner, Role.SUPERVISOR)
    gone.active = False
    owner.commit()
    first = _refer(desk, order)
    assert (first.repeated, _refer(desk, order).repeated) == (False, True)
    case = _case(owner)
    assert (case.referred, case.held_by, case.open) == (True, None, True)
    told = notices.my_notices(supervisor)
    assert (told.unread, told.lines[0].kind, told.lines[0].number) == (1, NoticeKind.CASE_REFERRED, order.number)
    assert owner.scalars(select(Notice.person_id)).all() == [supervisor.actor.id]
    [line] = referrals.open_referrals(supervisor).lines
    assert (line.question, line.asked_by, line.department and line.department.zh) == (QUESTION, "测试·陈", "市水务局")
    [body] = owner.scalars(select(EventRow.body).where(EventRow.action == Event.CASE_REFERRED)).all()
    assert QUESTION not in body
    with pytest.raises(MayNotCall, match="referred"):
        contacts.dial(desk, order_id=order.id, number=1, template=DialTemplate.parse("tel:{number}"), request_id="dial")


def test_only_who_holds_the_case_refers_it_and_in_words(
    desk: Access, order: Order, owner: Session, environment: Environment, clock: Clock
) -> None:
    with pytest.raises(Conflict, match="not_held"):
        _refer(builders.access(owner, environment, Role.AGENT), order)
    with pytest.raises(Invalid) as refused:
        _refer(desk, order, " ")
    assert refused.value.problems == {"question": "required"}
    clock.now += timedelta(minutes=16)
    with pytest.raises(Conflict, match="not_held"):
        _refer(desk, order)


def test_an_answer_gives_the_case_back_to_who_asked_at_once_and_tells_them(
    desk: Access, supervisor: Access, order: Order, owner: Session, agent: Person, clock: Clock
) -> None:
    number = _refer(desk, order).referral_id
    clock.now += timedelta(minutes=30)
    shown = referrals.referred_case(supervisor, order_id=order.id)
    assert (shown.line.question, shown.order.number, shown.answer) == (QUESTION, order.number, None)
    for repeated in (False, True):
        done = referrals.answer_referral(supervisor, referral_id=number, answer="可以,三日内寄出。", request_id="a1")
        assert done.repeated is repeated
    case = _case(owner)
    assert (case.referred, case.appointment_for, case.appointment_at) == (False, agent.id, clock.now)
    assert case.ready_at <= clock.now
    assert referrals.open_referrals(supervisor).waiting == 0
    [told] = notices.my_notices(desk).lines
    assert (told.kind, told.order_id) == (NoticeKind.REFERRAL_ANSWERED, order.id)
    with pytest.raises(Conflict, match="referral_answered"):
        referrals.answer_referral(supervisor, referral_id=number, answer="不可以。", request_id="a2")
    assert owner.scalars(select(Referral.answer)).one() == "可以,三日内寄出。"


def test_the_next_case_of_who_asked_is_the_one_that_was_answered(
    desk: Access, supervisor: Access, owner: Session, agent: Person, environment: Environment, clock: Clock
) -> None:
    for days in (3, 2, 1):
        closed = clock.now - timedelta(days=days)
        builders.due_order(owner, builders.department(owner), closed_at=closed)
    first = callback_queue.next_case(desk)
    assert first is not None
    number = _refer(desk, owner.get_one(Order, first.order.id)).referral_id
    meanwhile = callback_queue.next_case(desk)
    assert meanwhile is not None
    assert meanwhile.order.id != first.order.id
    callback_queue.release_case(desk, order_id=meanwhile.order.id)
    referrals.answer_referral(supervisor, referral_id=number, answer="可以。", request_id="a1")
    other = callback_queue.next_case(builders.access(owner, environment, Role.AGENT))
    again = callback_queue.next_case(desk)
    assert other is not None
    assert again is not None
    assert again.order.id == first.order.id != other.order.id
    assert again.order.current.consulted[0].answer == "可以。"


def test_what_the_citizen_agreed_to_is_not_moved_by_an_answer(
    desk: Access, supervisor: Access, order: Order, owner: Session, agent: Person, clock: Clock
) -> None:
    agreed = clock.now + timedelta(days=1)
    row = Appointment(order_id=order.id, round=1, at=agreed, booked_by=agent.id, booked_at=clock.now, request_id="b1")
    owner.add(row)
    owner.execute(update(CallbackCase).values(appointment_at=agreed))
    owner.commit()
    number = _refer(desk, order).referral_id
    referrals.answer_referral(supervisor, referral_id=number, answer="可以。", request_id="a1")
    case = _case(owner)
    assert (case.referred, case.appointment_at, case.appointment_for) == (False, agreed, None)


def test_a_question_about_an_order_that_went_on_is_still_answered(
    desk: Access, supervisor: Access, order: Order, owner: Session
) -> None:
    number = _refer(desk, order).referral_id
    owner.execute(update(Order).values(status=Status.ARCHIVED, outcome=Outcome.UNREACHED))
    owner.commit()
    referrals.answer_referral(supervisor, referral_id=number, answer="已无需回访。", request_id="a1")
    assert not _case(owner).open


def test_agents_answer_nothing_and_supervisors_ask_nothing(desk: Access, supervisor: Access, order: Order) -> None:
    number = _refer(desk, order).referral_id
    with pytest.raises(NotAllowed):
        referrals.answer_referral(desk, referral_id=number, answer="可以。", request_id="a1")
    with pytest.raises(NotAllowed):
        _refer(supervisor, order, form="r2")


def test_what_was_read_is_told_no_more_and_nobody_reads_for_others(
    owner: Session, supervisor: Access, desk: Access, order: Order
) -> None:
    for _ in range(101):
        owner.add(
            Notice(person_id=supervisor.actor.id, kind=NoticeKind.CASE_REFERRED, order_id=order.id, at=order.created_at)
        )
    owner.commit()
    told = notices.my_notices(supervisor)
    assert (len(told.lines), told.unread, told.more) == (10, 99, True)
    everything = list(owner.scalars(select(Notice.id)))
    notices.mark_read(desk, notice_ids=everything)
    assert notices.my_notices(supervisor).more
    notices.mark_read(supervisor, notice_ids=everything)
    assert notices.my_notices(supervisor) == notices.Notices((), 0, more=False)
