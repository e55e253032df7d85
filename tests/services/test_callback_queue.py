"""The callback queue: whose turn it is, by rule and by chance, and that no case is ever in two hands."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.callbacks import CallbackCase
from db.orders import Order
from db.people import PersonSkill
from db.records import EventRow
from db.reference import Skill
from db.vocabulary import Event, Role, Satisfaction, SkillKind, Status
from services import callback_queue
from services.access import Access
from services.environment import Environment
from services.errors import IllegalMove, MayNotCall, NotFound
from tests import builders
from tests.services.conftest import Clock

pytestmark = pytest.mark.every_server

TODAY = builders.at("2026-06-15")
"""A Monday, at the clock of these tests; what was closed on Tuesday the 9th is in its last day."""

CALM = "2026-06-12"
"""Closed on this day, a case is not nearly expired yet."""


@pytest.fixture
def agent(owner: Session, environment: Environment) -> Access:
    """A callback agent at the door."""
    return builders.access(owner, environment, Role.AGENT)


def due(owner: Session, closed: str = CALM, hour: int = 10, **facts: Any) -> Order:
    """Add an order that was closed on a day of June and is due."""
    at = builders.at(closed, hour)
    return builders.due_order(owner, accepted_at=at - timedelta(days=7), closed_at=at, **facts)


def angry(owner: Session, closed: str = CALM) -> Order:
    return due(owner, closed, satisfaction=Satisfaction.DISSATISFIED, rated=True)


def reworked(owner: Session, closed: str = CALM) -> Order:
    """Add an order that was done again and is due in its second round."""
    at = builders.at(closed)
    order = builders.returned_order(owner, builders.department(owner), accepted_at=at - timedelta(days=14))
    order.status, order.round_closed_at = Status.DUE, at
    builders.current_round(owner, order).closed_at = at
    owner.commit()
    return order


def case(owner: Session, order: Order) -> CallbackCase:
    owner.rollback()
    return owner.scalars(
        select(CallbackCase).where(CallbackCase.order_id == order.id, CallbackCase.round == order.round)
    ).one()


def change(owner: Session, order: Order, **facts: object) -> None:
    """Change what the queue keeps of an order."""
    kept = case(owner, order)
    for name, value in facts.items():
        setattr(kept, name, value)
    owner.commit()


def can(owner: Session, agent: Access, *codes: str) -> None:
    """Give somebody skills."""
    for code in codes:
        skill = owner.scalars(select(Skill).where(Skill.code == code)).one_or_none()
        if skill is None:
            skill = Skill(code=code, name=code, kind=SkillKind.LANGUAGE)
            owner.add(skill)
            owner.flush()
        owner.add(PersonSkill(person_id=agent.actor.id or 0, skill_id=skill.id))
    owner.commit()


def given_out(agent: Access, owner: Session, times: int) -> list[int | None]:
    """Take the next case so many times, each time as if the one before were done with."""
    taken: list[int | None] = []
    for _ in range(times):
        found = callback_queue.next_case(agent)
        taken.append(found.order.id if found else None)
        if found:
            # Held by somebody else until long after.
            other = owner.scalars(select(CallbackCase).where(CallbackCase.order_id == found.order.id)).all()[-1]
            owner.refresh(other)
            other.held_by, other.held_until = builders.person(owner).id, TODAY + timedelta(days=9)
            owner.commit()
    return taken


def test_the_turns_are_appointments_then_the_policys_priorities_then_the_oldest(owner: Session, agent: Access) -> None:
    rest = due(owner)
    older = due(owner, "2026-06-11")
    last_day, nearly = due(owner, "2026-06-09"), due(owner, "2026-06-10")
    again, upset = reworked(owner), angry(owner)
    mine, anybody, others = due(owner), due(owner), due(owner)
    me, other = agent.actor.id, builders.person(owner).id
    change(owner, mine, appointment_at=TODAY + timedelta(minutes=4), appointment_for=me)
    change(owner, anybody, appointment_at=TODAY - timedelta(minutes=5))
    change(owner, others, appointment_at=TODAY - timedelta(minutes=16), appointment_for=other)
    later, too_early = due(owner, "2026-06-09"), due(owner, "2026-06-09")
    change(owner, later, appointment_at=TODAY - timedelta(minutes=14), appointment_for=other)
    change(owner, too_early, appointment_at=TODAY + timedelta(minutes=6))
    expected = [mine, others, anybody, upset, again, last_day, nearly, older, rest]
    assert given_out(agent, owner, 10) == [*(order.id for order in expected), None]


def test_what_rests_or_is_not_ready_or_past_its_last_day_is_not_handed_out(owner: Session, agent: Access) -> None:
    referred, later, past, closed = due(owner), due(owner), due(owner, "2026-06-08"), due(owner)
    change(owner, referred, referred=True)
    change(owner, later, ready_at=TODAY + timedelta(seconds=1))
    closed.status, closed.outcome = Status.ARCHIVED, "unasked"
    owner.commit()
    assert callback_queue.next_case(agent) is None
    change(owner, later, ready_at=TODAY)
    assert given_out(agent, owner, 2) == [later.id, None]
    assert case(owner, past).open


def test_cases_that_need_a_skill_go_to_who_has_it_and_before_the_others_of_their_class(
    owner: Session, agent: Access, environment: Environment
) -> None:
    plain, upset = due(owner, "2026-06-11"), angry(owner)
    spoken, rare, both = due(owner, language="yue"), due(owner, language="hak"), due(owner, language="yue")
    change(owner, both, needs=["refusal_conversion", "yue"])
    booked = due(owner, language="hak")
    change(owner, booked, appointment_at=TODAY)
    speaker = builders.access(owner, environment, Role.AGENT)
    can(owner, speaker, "yue", "en")
    assert given_out(agent, owner, 3) == [upset.id, plain.id, None]
    other = due(owner, "2026-06-11")
    assert given_out(speaker, owner, 3) == [spoken.id, other.id, None]
    can(owner, speaker, "refusal_conversion")
    can(owner, agent, "hak")
    assert given_out(speaker, owner, 2) == [both.id, None]
    assert given_out(agent, owner, 3) == [booked.id, rare.id, None]


def test_the_oldest_of_several_needs_comes_first(owner: Session, agent: Access) -> None:
    can(owner, agent, "yue", "hak")
    made = [due(owner, "2026-06-11", language="yue"), due(owner, "2026-06-12", language="hak")]
    made.append(due(owner, "2026-06-12", 9, language="yue"))
    change(owner, made[1], draw=1)
    change(owner, made[2], draw=2)
    assert given_out(agent, owner, 3) == [order.id for order in made]


def test_nobody_is_called_outside_the_hours_and_who_asks_learns_when(
    owner: Session, agent: Access, clock: Clock
) -> None:
    due(owner)
    clock.now = builders.at("2026-06-15", 12, 30)
    with pytest.raises(MayNotCall) as refused:
        callback_queue.next_case(agent)
    assert (refused.value.why, refused.value.until) == ("outside_hours", builders.at("2026-06-15", 14))


def test_who_holds_a_case_gets_it_again_and_goes_on_after_a_closed_tab(
    owner: Session, agent: Access, clock: Clock
) -> None:
    first, _ = due(owner, "2026-06-11"), due(owner)
    found = callback_queue.next_case(agent)
    assert found is not None
    assert found.hold is not None
    assert (found.order.id, found.hold.mine, found.hold.until) == (first.id, True, TODAY + timedelta(minutes=15))
    clock.now += timedelta(minutes=10)
    again = callback_queue.next_case(agent)
    assert again is not None
    assert again.hold is not None
    assert (again.order.id, again.hold.since, again.hold.until) == (first.id, TODAY, TODAY + timedelta(minutes=25))
    clock.now += timedelta(hours=4, minutes=10)
    late = callback_queue.next_case(agent)
    assert late is not None
    assert late.hold is not None
    assert (late.order.id, late.hold.since) == (first.id, clock.now)


def test_a_case_that_was_left_goes_to_the_next_who_asks(
    owner: Session, agent: Access, environment: Environment, clock: Clock
) -> None:
    order, other = due(owner), builders.access(owner, environment, Role.AGENT)
    assert callback_queue.next_case(agent)
    assert callback_queue.next_case(other) is None
    clock.now += timedelta(minutes=15, seconds=1)
    found = callback_queue.next_case(other)
    assert found is not None
    assert found.order.id == order.id
    with pytest.raises(MayNotCall) as refused:
        callback_queue.renew_hold(agent, order_id=order.id)
    assert (refused.value.why, refused.value.who) == ("held_by_other", other.actor.name)
    assert refused.value.until == clock.now + timedelta(minutes=15)
    assert callback_queue.next_case(agent) is None


def test_a_hold_is_renewed_as_long_as_nobody_else_took_the_case(owner: Session, agent: Access, clock: Clock) -> None:
    order = due(owner)
    with pytest.raises(NotFound):
        callback_queue.renew_hold(agent, order_id=order.id)
    callback_queue.next_case(agent)
    clock.now += timedelta(minutes=20)
    hold = callback_queue.renew_hold(agent, order_id=order.id)
    assert (hold.until, hold.since, hold.name) == (clock.now + timedelta(minutes=15), TODAY, agent.actor.name)


def test_what_is_given_back_is_free_at_once(owner: Session, agent: Access, environment: Environment) -> None:
    order, other = due(owner), builders.access(owner, environment, Role.AGENT)
    callback_queue.next_case(agent)
    assert not callback_queue.release_case(other, order_id=order.id)
    assert callback_queue.release_case(agent, order_id=order.id)
    assert not callback_queue.release_case(agent, order_id=order.id)
    found = callback_queue.next_case(other)
    assert found is not None
    assert found.order.id == order.id


def test_a_case_taken_by_hand_is_held_and_in_the_trail(
    owner: Session, agent: Access, environment: Environment, clock: Clock
) -> None:
    order, other = due(owner), builders.access(owner, environment, Role.AGENT)
    clock.now = builders.at("2026-06-15", 12, 30)
    hold = callback_queue.take_case(agent, order_id=order.id, request_id="take-1")
    assert (hold.mine, hold.picked, hold.until) == (True, True, clock.now + timedelta(minutes=15))
    assert callback_queue.take_case(agent, order_id=order.id, request_id="take-1") == hold
    with pytest.raises(MayNotCall) as refused:
        callback_queue.take_case(other, order_id=order.id, request_id="take-2")
    assert (refused.value.why, refused.value.who, refused.value.until) == (
        "held_by_other",
        agent.actor.name,
        hold.until,
    )
    taken = owner.scalars(select(EventRow).where(EventRow.action == Event.CASE_TAKEN)).all()
    assert [event.actor_id for event in taken] == [agent.actor.id]
    found = callback_queue.next_case(agent)
    assert found is not None
    assert found.hold == hold


def test_only_a_case_that_waits_can_be_taken(owner: Session, agent: Access) -> None:
    archived, referred = builders.archived_order(owner), due(owner)
    change(owner, referred, referred=True)
    with pytest.raises(IllegalMove):
        callback_queue.take_case(agent, order_id=archived.id, request_id="take-1")
    with pytest.raises(MayNotCall) as refused:
        callback_queue.take_case(agent, order_id=referred.id, request_id="take-2")
    assert refused.value.why == "referred"
    with pytest.raises(MayNotCall) as refused:
        callback_queue.take_case(agent, order_id=due(owner, "2026-06-08").id, request_id="take-3")
    assert refused.value.why == "past_last_day"
    with pytest.raises(NotFound):
        callback_queue.take_case(agent, order_id=999, request_id="take-4")


def test_holding_and_giving_back_write_no_event(owner: Session, agent: Access) -> None:
    order = due(owner)
    before = len(owner.scalars(select(EventRow.id)).all())
    callback_queue.next_case(agent)
    callback_queue.renew_hold(agent, order_id=order.id)
    callback_queue.release_case(agent, order_id=order.id)
    assert len(owner.scalars(select(EventRow.id)).all()) == before


def test_agents_who_ask_at_once_never_share_a_case_and_none_is_left(owner: Session, environment: Environment) -> None:
    orders = {due(owner).id for _ in range(24)}
    agents = [builders.access(owner, environment, Role.AGENT) for _ in range(24)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(callback_queue.next_case, agents))
    taken = [one.order.id for one in found if one is not None]
    assert len(taken) == 24
    assert set(taken) == orders
