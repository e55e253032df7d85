"""A unit learns nothing of others through any use case: whatever others have, the same own rows give the same answers.

Many worlds are made from one template. In each of them a unit's user asks everything that a unit may ask, about itself,
about others, and about what does not exist; every answer and every refusal must be the one of the empty world. A use
case that is not asked here fails the first test.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, func, select

from db.base import Base
from db.engine import connect
from db.orders import Order
from db.people import Person
from db.policies import RULES
from db.records import DailyCount
from db.vocabulary import Outcome, Role, Status
from services import (
    callback_figures,
    callbacks,
    code_book,
    departments,
    home,
    notices,
    orders,
    people,
    reasons,
    rework,
    scores,
    sign_ins,
    skills,
    trail,
)
from services.access import SYSTEM, Access
from services.callback_figures import Segment
from services.code_book import CodeList
from services.environment import Environment
from services.errors import Invalid, NotFound, PortalError
from services.order_filter import Count, Lateness, OrderFilter
from services.orders import Cursor
from services.people import Claims, sign_in
from services.rules.permissions import Permission
from services.scores import ScoreFilter
from tests import builders, use_cases, worlds
from tests.servers import EMBEDDED, INSTALLED, TestServer
from tests.worlds import ABOVE, BESIDE, BESIDE_BELOW, ELSEWHERE, FIRST_LATER, FIRST_OWN, OWN, OWN_BELOW, ROOM

pytestmark = pytest.mark.every_server

WORLDS = {EMBEDDED: 100, INSTALLED: 10}
GROWTH = 10
MORE = 12
"""So many questions are asked in each world beside one of every use case; which ones, the world's seed decides."""

NOW = builders.at("2026-06-15")

Question = tuple[Callable[..., Any], Mapping[str, Any]]

NOT_ASKED = {
    trail.last_event: "the version of the data for kept answers: it rises with everybody's work; no screen shows it",
}
"""Readings that may differ between worlds, each with its reason."""

OWN_ACCOUNT = {
    people.choose_language: "changes the language of whoever acts",
    sign_ins.leave: "ends the sign-in of whoever acts",
    notices.mark_read: "takes note of notices of whoever acts",
}
"""Writings that name no row: they act on the actor alone."""

CUT = tuple(name for name, rule in RULES.items() if rule.shared is None)
"""The tables that are cut by department."""

OTHERS_ORDERS = (1, 7, ROOM, FIRST_LATER, FIRST_LATER + 9, 999_999, -1, 0)
OWN_ORDERS = tuple(range(FIRST_OWN, FIRST_OWN + 12))
EVERYBODY = (OWN, OWN_BELOW, ABOVE, BESIDE, BESIDE_BELOW, ELSEWHERE, "NOWHERE")


def filters() -> Iterator[OrderFilter]:
    """Every field of the filter of orders, with values of one's own, of others and of nobody."""
    yield OrderFilter()
    for words in ("积水", "道路 积水", "噪音扰民", "GZ2026-00001", "BESIDE-2", "COUNTED-HERE", "' or 1=1 --", "%", "_"):
        yield OrderFilter(words=words)
    for code in EVERYBODY:
        yield OrderFilter(department=code)
        yield OrderFilter(counted=code, month="2026-05", measure=Count.CLOSED)
        yield OrderFilter(counted=code, counted_below=True, measure=Count.RATED)
    for lateness in Lateness:
        yield OrderFilter(lateness=lateness)
    for status in Status:
        yield OrderFilter(status=(status,))
    for outcome in Outcome:
        yield OrderFilter(outcome=outcome)
    yield OrderFilter(unassigned=True)
    yield OrderFilter(reason="R03")
    yield OrderFilter(reason="RB", reasoned_from=date(2026, 5, 1), reasoned_to=date(2026, 6, 30))
    yield OrderFilter(called_by_me_today=True)
    yield OrderFilter(order_type="help", place="440111", category="01")
    yield OrderFilter(accepted_from=date(2026, 5, 1), accepted_to=date(2026, 5, 31))
    yield OrderFilter(closed_from=date(2026, 5, 1), closed_to=date(2026, 5, 31), month="2026-05")


def questions() -> Iterator[Question]:
    """Everything that a unit may ask, about whatever there is and is not."""
    yield home.today, {}
    yield orders.choices, {}
    yield departments.list_departments, {}
    yield skills.list_skills, {}
    for which in CodeList:
        yield code_book.list_codes, {"which": which}
    yield scores.choices, {}
    for code in (None, *EVERYBODY):
        yield reasons.ranked, {"first": date(2026, 1, 1), "last": date(2026, 6, 30), "department": code}
    for where in filters():
        yield orders.search, {"where": where}
    for after in (Cursor(datetime(2026, 5, 20, tzinfo=UTC), 1), Cursor(datetime(2026, 5, 6, 1, 30, tzinfo=UTC), 1_004)):
        yield orders.search, {"where": OrderFilter(), "after": after, "limit": 3}
    for number in (*OWN_ORDERS, *OTHERS_ORDERS):
        yield orders.view, {"order_id": number}
    for number in (*OWN_ORDERS[-4:], *OTHERS_ORDERS):
        yield rework.rework_case, {"order_id": number}
    for after in (None, *OTHERS_ORDERS[:4], OWN_ORDERS[-4]):
        yield rework.rework_list, {"after": after, "limit": 1}
    yield rework.rework_list, {"late_only": True}
    spring = ScoreFilter(date(2026, 3, 1), date(2026, 6, 30))
    for where in (
        spring,
        ScoreFilter(date(2026, 5, 1), date(2026, 5, 31), below=True),
        ScoreFilter(date(2026, 5, 1), date(2026, 6, 30), group="departments", order_type="help"),
    ):
        yield scores.table, {"where": where}
        yield scores.trend, {"where": where}
    for code in EVERYBODY:
        yield scores.trend, {"where": spring, "department": code}
    yield reasons.disagreement, {"first": spring.first, "last": spring.last}
    yield callback_figures.figure_choices, {}
    for by in Segment:
        of_spring = {"first": spring.first, "last": spring.last, "by": by}
        for code in (None, *EVERYBODY):
            yield callback_figures.outcome_figures, {**of_spring, "unit": code}


def asked(access: Access, question: Question) -> object:
    """Return the answer, or the refusal with everything that it says."""
    function, arguments = question
    try:
        return function(access, **arguments)
    except PortalError as refusal:
        problems = refusal.problems if isinstance(refusal, Invalid) else None
        return type(refusal), refusal.code, tuple(sorted(refusal.facts.items())), str(problems)


@contextmanager
def own_world(server: TestServer) -> Iterator[tuple[Access, str]]:
    """Make a world with the own rows alone; its door for the unit's user, and its address for the owner."""
    database = server.fresh_database("own world", worlds.found_own)
    engine = connect(server.address(database, "portal_login"), pool_size=1)
    try:
        environment = Environment(engine, Path(), clock=lambda: NOW)
        yield sign_in(environment, Claims(builders.ISSUER, worlds.USER)), server.address(database)
    finally:
        engine.dispose()


def differing(server: TestServer, seeds: Sequence[int], every: Sequence[Question]) -> list[str]:
    """Return the questions that some world answers otherwise than the one with the own rows alone.

    Worlds grow: most are the one before with more rows of others, which is quicker than to make each from nothing.
    """
    found: list[str] = []
    expected: list[object] = []
    for first in range(0, len(seeds), GROWTH):
        with own_world(server) as (access, owner_url):
            expected = expected or [asked(access, question) for question in every]
            for seed in seeds[first : first + GROWTH]:
                worlds.fill(owner_url, seed)
                found += [
                    f"world {seed}: {every[place][0].__name__} {every[place][1]}"
                    for place in picked(every, seed)
                    if asked(access, every[place]) != expected[place]
                ]
    return found


def picked(every: Sequence[Question], seed: int) -> list[int]:
    """Return the places of the questions of one world: one of each use case, and more of them at random."""
    dice = random.Random(seed)
    by_function: dict[Callable[..., Any], list[int]] = {}
    for place, (function, _) in enumerate(every):
        by_function.setdefault(function, []).append(place)
    chosen = {dice.choice(places) for places in by_function.values()}
    return sorted(chosen | set(dice.sample(range(len(every)), min(MORE, len(every)))))


def test_every_use_case_that_a_unit_may_call_is_asked_here() -> None:
    reading = {function for function, _ in questions()}
    assert use_cases.of(Role.UNIT, writes=False) == reading | set(NOT_ASKED)
    writing = {function for function, _ in commands(1)}
    assert use_cases.of(Role.UNIT, writes=True) == writing | set(OWN_ACCOUNT)


def test_others_rows_change_no_answer(server: TestServer) -> None:
    assert differing(server, range(WORLDS[server.name]), list(questions())) == []


def test_the_own_rows_do_answer(server: TestServer) -> None:
    """A test that compares nothing with nothing would pass as well."""
    with own_world(server) as (access, owner_url):
        worlds.fill(owner_url, 1)
        assert orders.search(access, where=OrderFilter()).total == 11
        assert orders.search(access, where=OrderFilter(words="积水")).total == 11
        assert rework.rework_list(access).waiting == 2
        assert scores.table(access, where=ScoreFilter(date(2026, 3, 1), date(2026, 6, 30))).total.tally.closed == 9
        assert all(orders.view(access, order_id=number) for number in OWN_ORDERS[:-1])


def test_the_worlds_are_worth_the_comparison(server: TestServer) -> None:
    """Others' rows are in every table that is cut, and their orders in every state."""
    with own_world(server) as (_, owner_url):
        engine = create_engine(owner_url)
        before = rows_of(engine)
        for seed in range(GROWTH):
            worlds.fill(owner_url, seed)
        assert [table for table, rows in rows_of(engine).items() if rows <= before[table]] == []
        with engine.connect() as connection:
            assert set(connection.scalars(select(Order.status).where(Order.source != "test"))) == set(Status)
        engine.dispose()


def rows_of(engine: Engine) -> dict[str, int]:
    """Count the rows of every table that is cut by department."""
    with engine.connect() as connection:
        return {name: len(connection.execute(select(Base.metadata.tables[name])).all()) for name in CUT}


# Planted leaks --------------------------------------------------------------------------------------------------------


def leaking_count(access: Access) -> int | None:
    """Count all orders, as if somebody had passed the program's own door on."""
    with Access(access.environment, SYSTEM).read(Permission.ORDER_VIEW) as look:
        return look.session.scalar(select(func.count()).select_from(Order))


def leaking_sum(access: Access) -> int | None:
    """Sum up the counts of every department, as a forgotten policy on a table of sums would."""
    with Access(access.environment, SYSTEM).read(Permission.SCORE_VIEW) as look:
        return look.session.scalar(select(func.sum(DailyCount.rated)))


def leaking_existence(access: Access, *, order_id: int) -> str:
    """Tell an order of others from one that does not exist, by the words of the refusal."""
    with Access(access.environment, SYSTEM).read(Permission.ORDER_VIEW) as look:
        found = look.session.get(Order, order_id)
    raise NotFound(kind="orders" if found is None else "other orders")


def leaking_names(access: Access) -> list[str]:
    """Name everybody."""
    with Access(access.environment, SYSTEM).read(Permission.PERSON_VIEW) as look:
        return list(look.session.scalars(select(Person.name).order_by(Person.id)))


LEAKS: list[list[Question]] = [
    [(leaking_count, {})],
    [(leaking_sum, {})],
    [(leaking_existence, {"order_id": number}) for number in OTHERS_ORDERS],
    [(leaking_names, {})],
]


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak[0][0].__name__)
def test_a_planted_leak_is_found(server: TestServer, leak: list[Question]) -> None:
    assert differing(server, range(GROWTH), leak)


# Writing --------------------------------------------------------------------------------------------------------------


def commands(order_id: int) -> Iterator[Question]:
    """Everything that a unit may do to an order."""
    yield (
        rework.submit_rework,
        {
            "order_id": order_id,
            "seen": 1,
            "reply": "已派人到场处理,并电话告知市民。",
            "unit_contacted": False,
            "unit_contacted_at": None,
            "evidence_note": "现场照片两张",
            "request_id": f"form-{order_id}",
        },
    )
    yield callbacks.reveal_contact, {"order_id": order_id, "reason": "核实地址", "request_id": f"reveal-{order_id}"}


def test_no_command_reaches_an_order_of_others_nor_tells_it_from_none(server: TestServer) -> None:
    with own_world(server) as (access, owner_url):
        for seed in range(4):
            worlds.fill(owner_url, seed)
        owner = create_engine(owner_url)
        with owner.connect() as connection:
            others = list(connection.scalars(select(Order.id).where(Order.source != "test")))
        before = fingerprint(owner)
        for number in (*others, 999_999, -1):
            for command in commands(number):
                assert asked(access, command) == (NotFound, "error.not_found", (("kind", "orders"),), "None")
        assert fingerprint(owner) == before
        owner.dispose()


def fingerprint(engine: Engine) -> dict[str, list[str]]:
    """Return every row of every table that is cut by department, and the heads of the trail."""
    tables = [Base.metadata.tables[name] for name in (*CUT, "event_heads")]
    with engine.connect() as connection:
        return {table.name: sorted(map(repr, connection.execute(select(table)))) for table in tables}


@pytest.mark.parametrize("number", [2**63, 2**70, -(2**70)])
def test_a_number_that_no_row_can_have_is_refused_like_any_other(server: TestServer, number: int) -> None:
    with own_world(server) as (access, _):
        for question in ((orders.view, {"order_id": number}), *commands(number)):
            assert asked(access, question) == (PortalError, "error.not_storable", (), "None")
