"""Who waits to be called: a list for supervisors, an agent's own cases, and figures that stop counting in time."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from db.callbacks import AgentDay, CallbackDraft
from db.vocabulary import Role, Satisfaction
from services import callback_queue, callback_waiting
from services.access import Access
from services.callback_waiting import QueuePart
from services.environment import Environment
from services.errors import NotAllowed
from tests import builders
from tests.services.conftest import Clock
from tests.services.test_callback_queue import TODAY, angry, can, change, due, reworked


@pytest.fixture
def agent(owner: Session, environment: Environment) -> Access:
    """A callback agent at the door."""
    return builders.access(owner, environment, Role.AGENT)


@pytest.fixture
def supervisor(owner: Session, environment: Environment) -> Access:
    """A supervisor at the door."""
    return builders.access(owner, environment, Role.SUPERVISOR)


def pages(supervisor: Access, part: QueuePart) -> list[int]:
    """Read a part of the queue one row a page."""
    found: list[int] = []
    after = None
    while True:
        page = callback_waiting.queue(supervisor, part=part, after=after, limit=1)
        found += [row.order_id for row in page.rows]
        if not page.more:
            return found
        after = found[-1]


@pytest.mark.every_server
def test_each_part_is_read_page_by_page(owner: Session, supervisor: Access, agent: Access) -> None:
    rest, nearly, old = due(owner), due(owner, "2026-06-10"), due(owner, "2026-06-09")
    upset, again = angry(owner, "2026-06-11"), reworked(owner, "2026-06-11")
    spoken = angry(owner, "2026-06-10")
    change(owner, spoken, needs=["yue"])
    booked, later = due(owner, hour=11), due(owner, hour=11)
    change(owner, booked, appointment_at=TODAY + timedelta(hours=1), appointment_for=agent.actor.id)
    change(owner, later, appointment_at=TODAY + timedelta(hours=2))
    callback_queue.take_case(agent, order_id=rest.id, request_id="take-1")
    parts = {part: pages(supervisor, part) for part in QueuePart}
    assert sorted(parts[QueuePart.ALL][:3]) == sorted([old.id, nearly.id, spoken.id])
    assert len(parts[QueuePart.ALL]) == 8
    assert parts[QueuePart.DISSATISFIED] == [upset.id, spoken.id]
    assert parts[QueuePart.REWORKED] == [again.id]
    assert parts[QueuePart.EXPIRING] == [old.id, nearly.id, spoken.id]
    assert parts[QueuePart.APPOINTMENT] == [booked.id, later.id]
    assert parts[QueuePart.HELD] == [rest.id]


def test_a_line_says_in_whose_hands_a_case_is_and_until_when(
    owner: Session, supervisor: Access, agent: Access, clock: Clock
) -> None:
    order = angry(owner)
    change(owner, order, appointment_at=TODAY, appointment_for=agent.actor.id, needs=["yue"])
    callback_queue.next_case(agent)
    row = callback_waiting.queue(supervisor).rows[0]
    assert (row.held_by, row.held_until) == (agent.actor.name, TODAY + timedelta(minutes=15))
    assert (row.appointment_at, row.appointment_for) == (TODAY, agent.actor.name)
    assert (row.standing, row.needs, row.round) == (Satisfaction.DISSATISFIED, ("yue",), 1)
    clock.now += timedelta(minutes=16)
    row = callback_waiting.queue(supervisor).rows[0]
    assert (row.held_by, row.held_until) == (None, None)
    assert callback_waiting.queue(supervisor, part=QueuePart.HELD).rows == ()


def test_a_page_after_an_order_that_is_gone_is_the_first(owner: Session, supervisor: Access) -> None:
    order = due(owner)
    assert [row.order_id for row in callback_waiting.queue(supervisor, after=999).rows] == [order.id]


def test_agents_choose_no_case_from_a_list_but_see_their_own(
    owner: Session, agent: Access, environment: Environment
) -> None:
    with pytest.raises(NotAllowed):
        callback_waiting.queue(agent)
    held, booked, begun, sent = (due(owner) for _ in range(4))
    change(owner, booked, appointment_at=TODAY + timedelta(days=1), appointment_for=agent.actor.id)
    for order, ended in ((begun, None), (sent, TODAY)):
        facts = {"person_id": agent.actor.id, "order_id": order.id, "round": 1}
        owner.add(CallbackDraft(**facts, token="t", body={"words": "x"}, saved_at=TODAY, ended_at=ended))
    owner.commit()
    callback_queue.take_case(agent, order_id=held.id, request_id="take-1")
    mine = callback_waiting.my_cases(agent)
    assert [row.order_id for row in mine.held] == [held.id]
    assert [row.order_id for row in mine.appointments] == [booked.id]
    assert [row.order_id for row in mine.put_aside] == [begun.id]
    others = callback_waiting.my_cases(builders.access(owner, environment, Role.AGENT))
    assert (others.held, others.appointments, others.put_aside) == ((), (), ())


@pytest.mark.every_server
def test_the_strip_counts_what_could_be_handed_to_me_now(owner: Session, agent: Access, clock: Clock) -> None:
    angry(owner)
    due(owner)
    reworked(owner)
    due(owner, "2026-06-10")
    due(owner, "2026-06-08")
    change(owner, due(owner), ready_at=TODAY + timedelta(hours=1))
    change(owner, due(owner), referred=True)
    due(owner, language="yue")
    due(owner, language="hak")
    now, later = due(owner), due(owner)
    change(owner, now, appointment_at=TODAY + timedelta(minutes=5), appointment_for=agent.actor.id)
    change(owner, later, appointment_at=TODAY + timedelta(hours=3), appointment_for=agent.actor.id)
    can(owner, agent, "yue")
    counts = {column.key: 0 for column in AgentDay.__table__.columns if column.key not in ("day", "agent_id")}
    made = counts | {"calls": 5, "complete": 2, "partial": 1, "settled": 4}
    owner.add(AgentDay(day=TODAY.date(), agent_id=agent.actor.id, **made))
    owner.commit()
    found = callback_waiting.strip(agent)
    assert (found.calls, found.answered, found.done, found.opens_at) == (5, 3, 4, None)
    assert (found.held, found.due, found.next_appointment) == (0, 1, TODAY + timedelta(hours=3))
    assert (found.ready.n, found.ready.more) == (5, False)
    assert {priority.value: counted.n for priority, counted in found.classes} == {
        "dissatisfied": 1,
        "reworked": 1,
        "expiring": 1,
    }
    callback_queue.next_case(agent)
    clock.now = builders.at("2026-06-15", 20, 30)
    assert callback_waiting.strip(agent).opens_at == builders.at("2026-06-16", 9)


def test_counting_stops_in_time(owner: Session, agent: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callback_waiting, "MOST_COUNTED", 2)
    for _ in range(4):
        due(owner)
    ready = callback_waiting.strip(agent).ready
    assert (ready.n, ready.more) == (2, True)
