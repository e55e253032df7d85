"""The claim goes along its indexes however long the queue is, and leaves to chance who gets which case."""

from math import comb
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from db.callbacks import CallbackCase
from db.scope import Scope
from db.vocabulary import Role
from services import callback_lapse, callback_queue, callback_waiting
from services.access import SYSTEM, Access
from services.environment import Environment
from services.errors import NotFound
from tests import builders
from tests.services.test_callback_queue import can, change, due

pytestmark = pytest.mark.every_server

MANY = """
    insert into callback_cases
        (order_id, round, order_type_id, urgent, closed_at, closed_on, ready_at, draw, needs, attempts, appointment_at)
    select n, case when n %% 40 = 3 then 2 else 1 end, 1, n %% 50 = 0, closed,
        (closed at time zone 'Asia/Shanghai')::date,
        case when n %% 10 = 4 then timestamptz '2026-06-16 09:00+08'
            else date_trunc('day', closed at time zone 'Asia/Shanghai') at time zone 'Asia/Shanghai' end,
        hashint4(n) & 2147483647,
        case when n %% 20 = 7 then '{yue}' when n %% 20 = 13 then '{hak}' else '{}' end::varchar[],
        case when n %% 10 = 4 then 1 else 0 end,
        case when n %% 100 = 1 then timestamptz '2026-06-16 09:00+08' end
    from (select n, timestamptz '2026-06-10 09:00+08' + (n %% 5) * interval '1 day' as closed
          from generate_series(1, 100000) n) as made
"""
"""A hundred thousand cases without their orders, which no rule may look at before it has found one."""


@pytest.fixture
def crowded(owner: Session) -> Session:
    """A queue of a hundred thousand cases."""
    connection = owner.connection()
    for statement in ("set local session_replication_role = replica", MANY, "analyze callback_cases"):
        connection.exec_driver_sql(statement)
    owner.commit()
    return owner


def plans(access: Access, asked_for: str, call: Any, *, costs: bool = False) -> list[str]:
    """Return how the database answers those statements of a use case that say something.

    Without `costs`, a table is read from end to end only where no index serves.
    """
    asked: list[tuple[str, Any]] = []
    engine = access.environment.engine

    def keep(_c: Any, _k: Any, statement: str, parameters: Any, _x: Any, _m: Any) -> None:
        if asked_for in statement:
            asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", keep)
    call()
    event.remove(engine, "before_cursor_execute", keep)
    with access.environment.writing(Scope(None)) as session:
        connection = session.connection()
        if not costs:
            connection.exec_driver_sql("set local enable_seqscan = off")
        told = [
            "\n".join(connection.exec_driver_sql(f"explain {statement}", parameters).scalars())
            for statement, parameters in asked
        ]
        session.rollback()
    return told


@pytest.mark.parametrize("skills", [(), ("yue", "refusal_conversion")])
def test_every_branch_of_the_claim_goes_along_its_index(
    crowded: Session, environment: Environment, skills: tuple[str, ...]
) -> None:
    agent = builders.access(crowded, environment, Role.AGENT)
    can(crowded, agent, *skills)

    def claim() -> None:
        with pytest.raises(NotFound):
            callback_queue.next_case(agent)

    (plan,) = plans(agent, "SKIP LOCKED", claim, costs=True)
    for index in ("held", "urgent", "reworked", "closed_on", "ready"):
        assert f"using ix_callback_cases_{index} on" in plan, plan
    assert "using ix_callback_cases_appointment" in plan
    assert "Seq Scan" not in plan
    assert "Bitmap" not in plan
    # What is sorted is the first of each need, never the cases.
    assert "Sort Key: callback_cases" not in plan
    assert ("Sort Key" in plan) == bool(skills)


def test_the_figures_and_lists_of_the_desk_go_along_indexes(crowded: Session, environment: Environment) -> None:
    agent = builders.access(crowded, environment, Role.AGENT)
    can(crowded, agent, "yue")
    supervisor = builders.access(crowded, environment, Role.SUPERVISOR)
    for plan in plans(agent, "FROM callback_cases", lambda: callback_waiting.strip(agent)):
        assert "Seq Scan on callback_cases" not in plan, plan
    for part in callback_waiting.QueuePart:
        for plan in plans(
            supervisor, "FROM callback_cases", lambda part=part: callback_waiting.queue(supervisor, part=part)
        ):
            assert "Seq Scan on callback_cases" not in plan, plan
            assert "Sort Key: callback_cases.closed_at" not in plan, plan
    for plan in plans(agent, "FROM callback_cases", lambda: callback_waiting.my_cases(agent)):
        assert "Seq Scan on callback_cases" not in plan, plan


def test_cases_whose_time_is_over_are_found_along_an_index(crowded: Session, environment: Environment) -> None:
    system = Access(environment, SYSTEM)
    told = plans(system, "SKIP LOCKED", lambda: callback_lapse.lapse_expired(system))
    assert "using ix_callback_cases_open on" in told[0], told[0]
    assert "using ix_orders_undrawn on" in told[-1], told[-1]


def test_who_gets_which_case_is_chance(owner: Session, environment: Environment) -> None:
    """Every other case has a trait; in each agent's hands its share is one that chance alone would give."""
    agents = [builders.access(owner, environment, Role.AGENT) for _ in range(4)]
    traits = {due(owner).id: number % 2 == 0 for number in range(80)}
    # The numbers of the orders say nothing any more: the trait follows the order in which they came in.
    drawn: dict[int, list[bool]] = {number: [] for number in range(4)}
    for turn in range(80):
        agent = agents[turn % 4]
        found = callback_queue.next_case(agent)
        assert found is not None
        drawn[turn % 4].append(traits[found.order.id])
        change(owner, found.order, referred=True, held_by=None, held_since=None, held_until=None)
    limits = binomial_limits(20, 0.001)
    assert all(limits[0] <= sum(own) <= limits[1] for own in drawn.values()), drawn
    # Nor do the first hands get what came first: within a day the order is drawn, not that of arrival.
    turns = select(CallbackCase.order_id).order_by(CallbackCase.ready_at, CallbackCase.draw)
    handed_out = owner.scalars(turns).all()
    assert handed_out != sorted(handed_out)


def binomial_limits(n: int, beyond: float) -> tuple[int, int]:
    """Return the counts of a fair coin that are left and passed with less than this probability on either side."""
    chances = [comb(n, k) / 2**n for k in range(n + 1)]
    low = next(k for k in range(n + 1) if sum(chances[: k + 1]) > beyond)
    return low, n - low
