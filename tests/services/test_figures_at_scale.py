"""Figures are read along indexes: three years of counters of a large city, of which a month or a week is asked for."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.orm import Session

from db.people import Person
from db.reference import Department
from db.vocabulary import Role
from services import agent_figures, callback_figures
from services.access import Access
from services.callback_figures import Segment
from services.environment import Environment
from tests import builders

MAY = {"first": date(2026, 5, 1), "last": date(2026, 5, 31)}
COUNTERS = ("outcome_counts", "agent_days", "agent_outcomes")


@pytest.fixture
def city(owner: Session, owner_url: str) -> tuple[Person, Department]:
    """Thirty units and a hundred agents, each with counts on every day of three years."""
    units = [builders.department(owner, f"测试局{number}") for number in range(30)]
    agents = [builders.person(owner, Role.AGENT) for _ in range(100)]
    engine = create_engine(owner_url)
    with engine.begin() as connection:
        _fill(connection, [unit.id for unit in units], [agent.id for agent in agents])
    engine.dispose()
    return agents[0], units[0]


_THREE_YEARS = """
    create view three_years as
    select day::date as day from generate_series(date '2023-06-16', date '2026-06-15', interval '1 day') as day
"""
_OF_UNITS = """
    insert into outcome_counts (day, department_id, day_part, aapor_group, attempts, cases)
    select day, unit, 'morning', outcome, 1, 2
    from three_years, unnest(%s::int[]) as unit, unnest(array['I', 'NC']) as outcome
"""
_OF_DAYS = """
    insert into agent_days
    select day, agent, 1, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 1, 20000, 1
    from three_years, unnest(%s::int[]) as agent
"""
_OF_AGENTS = """
    insert into agent_outcomes
    select day, agent, 1, false, 'I', 'satisfied', 1 from three_years, unnest(%s::int[]) as agent
"""


def _fill(connection: Connection, units: list[int], agents: list[int]) -> None:
    connection.exec_driver_sql(_THREE_YEARS)
    connection.exec_driver_sql(_OF_UNITS, (units,))
    connection.exec_driver_sql(_OF_DAYS, (agents,))
    connection.exec_driver_sql(_OF_AGENTS, (agents,))
    connection.exec_driver_sql("analyze outcome_counts, agent_days, agent_outcomes")


def test_every_figure_of_a_month_or_a_week_goes_along_an_index(
    owner: Session, environment: Environment, city: tuple[Person, Department]
) -> None:
    agent, unit = city
    viewer = builders.access(owner, environment, Role.VIEWER)
    own = builders.access(owner, environment, Role.UNIT, at=unit)
    asked: list[tuple[Access, Callable[..., Any], dict[str, Any]]] = [
        (viewer, callback_figures.figure_choices, {}),
        *((viewer, callback_figures.outcome_figures, {**MAY, "by": by}) for by in Segment),
        (viewer, callback_figures.outcome_figures, {**MAY, "unit": unit.code}),
        (own, callback_figures.outcome_figures, {**MAY, "by": Segment.UNIT}),
        (builders.access(owner, environment, Role.SUPERVISOR), agent_figures.agent_figures, MAY),
        (builders.door(environment, agent), callback_figures.my_day, {}),
    ]
    seen = 0
    for access, function, arguments in asked:
        with explained(environment) as plans:
            function(access, **arguments)
        scanned = [plan for plan in plans if re.search(rf"Seq Scan on ({'|'.join(COUNTERS)})", plan)]
        assert scanned == [], function.__name__
        seen += sum(any(counter in plan for counter in COUNTERS) for plan in plans)
    assert seen >= len(asked)


@contextmanager
def explained(environment: Environment) -> Iterator[list[str]]:
    """Collect the plan of every query of a block, as the same role in the same transaction."""
    plans: list[str] = []
    asking = False

    def explain(connection: Connection, cursor: Any, statement: str, parameters: Any, *_: object) -> None:
        nonlocal asking
        if asking or not statement.startswith("SELECT"):
            return
        asking = True
        found = connection.exec_driver_sql(f"explain {statement}", parameters)
        plans.append("\n".join(row[0] for row in found))
        asking = False

    event.listen(environment.engine, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        event.remove(environment.engine, "before_cursor_execute", explain)
