"""Several writers at once: one wins and the others learn it, a form counts once, and nothing is written by half."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.base import Base
from db.engine import connect
from db.orders import Attempt, Order, Return, Round
from db.records import DailyCount, EventRow
from db.reference import Department
from db.vocabulary import Event, Role, Status
from services import callbacks, orders, reviews, rework, scores, trail
from services.access import Access, Work
from services.environment import Environment, retrying
from services.errors import IllegalMove, PortalError, Stale
from services.rules.survey import Visit
from services.views import Receipt
from tests import builders
from tests.services.conftest import Clock

pytestmark = pytest.mark.every_server

WRITERS = 8
RACES = 6
CROWD = 32

ANSWERS = {"contacted": "yes", "solved": "solved", "result": "satisfied", "attitude": "satisfied"}
PLEASED = Visit("1.1", ANSWERS)
DISPLEASED = Visit("1.1", ANSWERS | {"solved": "unsolved", "result": "dissatisfied"}, ("R02",), "积水仍在,没人来看过。")
NOBODY = Visit("3.13")


@pytest.fixture
def crowd(login_url: str, environment: Environment) -> Iterator[Environment]:
    """The environment with a connection for each of many writers."""
    engine = connect(login_url, pool_size=CROWD)
    # No two of these writers act in the same microsecond, as they would by a clock that stands still.
    ticks = count()
    yield replace(environment, engine=engine, clock=lambda: environment.clock() + timedelta(microseconds=next(ticks)))
    engine.dispose()


@dataclass(frozen=True)
class People:
    """One of each who moves orders, all at the door, and two departments."""

    agent: Access
    supervisor: Access
    user: Access
    unit: Department
    other: Department

    def of(self, move: str) -> Access:
        """Return whoever makes the move."""
        return {"record_callback": self.agent, "submit_rework": self.user}.get(move, self.supervisor)


@pytest.fixture
def crew(owner: Session, crowd: Environment) -> People:
    """The people of this test."""
    unit, other = builders.department(owner), builders.department(owner)
    return People(
        agent=builders.access(owner, crowd, Role.AGENT),
        supervisor=builders.access(owner, crowd, Role.SUPERVISOR),
        user=builders.access(owner, crowd, Role.UNIT, at=unit),
        unit=unit,
        other=other,
    )


MOVES: Mapping[str, Callable[..., Receipt]] = {
    "record_callback": callbacks.record_callback,
    "return_for_rework": reviews.return_for_rework,
    "archive": reviews.archive,
    "submit_rework": rework.submit_rework,
    "assign": orders.assign,
}


def ready(owner: Session, move: str, crew: People) -> Order:
    """Return an order on which the move can be made."""
    if move == "record_callback":
        return builders.due_order(owner, crew.unit)
    if move == "submit_rework":
        return builders.returned_order(owner, crew.unit)
    if move == "assign":
        return builders.order(owner)
    return builders.dissatisfied_order(owner, crew.unit)


def form(move: str, order: Order, crew: People) -> dict[str, Any]:
    """Return what somebody fills in to make the move."""
    more: dict[str, dict[str, Any]] = {
        "record_callback": {"visit": PLEASED},
        "return_for_rework": {"reason": "R02", "instruction": "请到现场核实后再答复市民。", "days": 5},
        "archive": {"reason": "经核实,诉求超出职责范围,已向市民解释清楚并取得理解,予以归档处理。"},
        "submit_rework": {
            "reply": "已疏通排水口,现场无积水。",
            "unit_contacted": False,
            "unit_contacted_at": None,
            "evidence_note": "现场照片两张",
        },
        "assign": {"department_id": crew.unit.id, "reason": ""},
    }
    return {"order_id": order.id, "seen": order.version} | more[move]


def at_once(calls: list[Callable[[], Receipt]]) -> list[Receipt | PortalError]:
    """Make all calls at the same instant, each in a thread of its own; return receipts and refusals."""
    barrier = Barrier(len(calls))

    def made(call: Callable[[], Receipt]) -> Receipt | PortalError:
        barrier.wait(30)
        try:
            return call()
        except PortalError as refusal:
            return refusal

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(made, calls))


def events_of(owner: Session, order: Order) -> int:
    return owner.scalar(select(func.count()).select_from(EventRow).where(EventRow.order_id == order.id)) or 0


@pytest.mark.parametrize("move", MOVES)
def test_of_eight_writers_one_wins_and_the_others_learn_it(owner: Session, crew: People, move: str) -> None:
    for race in range(RACES):
        order = ready(owner, move, crew)
        known, sent = events_of(owner, order), form(move, order, crew)

        def call(writer: int, sent: dict[str, Any] = sent, race: int = race) -> Receipt:
            return MOVES[move](crew.of(move), **sent, request_id=f"{move}-{race}-{writer}")

        told = at_once([lambda n=n: call(n) for n in range(WRITERS)])  # type: ignore[misc]
        assert Counter(type(one).__name__ for one in told) == {"Receipt": 1, "Stale": WRITERS - 1}
        assert events_of(owner, order) == known + 1
        owner.refresh(order)
        assert [one.version for one in told if isinstance(one, Receipt)] == [order.version]


@pytest.mark.parametrize("move", MOVES)
def test_one_form_sent_eight_times_at_once_counts_once(owner: Session, crew: People, move: str) -> None:
    for race in range(RACES):
        order = ready(owner, move, crew)
        known, sent = events_of(owner, order), form(move, order, crew)

        def call(sent: dict[str, Any] = sent, race: int = race) -> Receipt:
            return MOVES[move](crew.of(move), **sent, request_id=f"{move}-{race}")

        told = at_once([call] * WRITERS)
        assert all(isinstance(one, Receipt) for one in told), told
        assert Counter(one.repeated for one in told if isinstance(one, Receipt)) == {False: 1, True: WRITERS - 1}
        assert len({replace(one, repeated=False) for one in told if isinstance(one, Receipt)}) == 1
        assert events_of(owner, order) == known + 1
    made = {"record_callback": Attempt.request_id, "return_for_rework": Return.request_id}
    made["submit_rework"] = Round.request_id
    if move in made:
        sent_ids = owner.scalars(select(made[move]).where(made[move].like(f"{move}-%"))).all()
        assert sorted(sent_ids) == [f"{move}-{race}" for race in range(RACES)]


def test_four_return_and_four_archive_and_one_of_them_wins(owner: Session, crew: People) -> None:
    for race in range(RACES):
        order = ready(owner, "archive", crew)
        moves = ["archive", "return_for_rework"] * (WRITERS // 2)

        def call(move: str, writer: int, order: Order = order, race: int = race) -> Receipt:
            return MOVES[move](crew.supervisor, **form(move, order, crew), request_id=f"{race}-{writer}")

        told = at_once([lambda m=m, n=n: call(m, n) for n, m in enumerate(moves)])  # type: ignore[misc]
        winners = [one for one in told if isinstance(one, Receipt)]
        assert len(winners) == 1
        assert all(isinstance(one, (Stale, IllegalMove, Receipt)) for one in told)
        owner.refresh(order)
        assert order.status == winners[0].status
        opened = owner.scalar(select(func.count()).select_from(Round).where(Round.order_id == order.id))
        assert opened == (2 if order.status == Status.RETURNED else 1)


# Nothing by half ------------------------------------------------------------------------------------------------------


class Interrupted(BaseException):
    """What a screen that is left in the middle raises: no Exception, so that no `except Exception` sees it."""


def everything(owner: Session) -> dict[str, list[str]]:
    """Return every row of every table."""
    owner.rollback()
    found = {
        name: sorted(map(repr, owner.execute(select(table)))) for name, table in sorted(Base.metadata.tables.items())
    }
    owner.rollback()
    return found


@pytest.mark.parametrize("raised", [Interrupted, RuntimeError])
@pytest.mark.parametrize("where", ["record", "store_events"])
@pytest.mark.parametrize("move", MOVES)
def test_what_is_interrupted_after_its_first_write_leaves_nothing(
    owner: Session, crew: People, monkeypatch: pytest.MonkeyPatch, move: str, where: str, raised: type[BaseException]
) -> None:
    order = ready(owner, move, crew)
    sent = form(move, order, crew) | {"request_id": "form-1"}
    before = everything(owner)
    written: list[int] = []
    stored = getattr(Work, where)

    def interrupted(work: Work, *args: Any, **facts: Any) -> None:
        stored(work, *args, **facts)
        work.session.flush()
        written.append(work.session.scalar(select(Order.version).where(Order.id == order.id)) or 0)
        raise raised

    with monkeypatch.context() as patched:
        patched.setattr(Work, where, interrupted)
        with pytest.raises(raised):
            MOVES[move](crew.of(move), **sent)
    assert written == [order.version + 1], "it was interrupted after the order was written"
    assert everything(owner) == before
    assert not MOVES[move](crew.of(move), **sent).repeated, "the same form can be sent again"


# A crowd --------------------------------------------------------------------------------------------------------------


def test_counts_and_trail_hold_after_a_crowd_has_worked_on_the_same_orders(
    owner: Session, crew: People, crowd: Environment, clock: Clock
) -> None:
    made = [builders.due_order(owner, unit) for unit in (crew.unit, crew.other) for _ in range(8)]
    made += [builders.dissatisfied_order(owner, crew.unit) for _ in range(6)]
    made += [builders.returned_order(owner, crew.unit) for _ in range(4)]
    made += [builders.order(owner) for _ in range(4)]
    numbers = [order.id for order in made]
    done: Counter[str] = Counter()

    def work(seed: int) -> Counter[str]:
        dice, told = random.Random(seed), Counter[str]()
        for turn in range(6):
            number = dice.choice(numbers)
            try:
                story = orders.view(crew.supervisor, order_id=number)
                move = next_move(story.status, number) or dice.choice(list(MOVES))
                order = Order(id=number, version=story.version)
                sent = form(move, order, crew) | {"request_id": f"{seed}-{turn}"}
                if move == "record_callback":
                    sent["visit"] = dice.choice([PLEASED, DISPLEASED, NOBODY])
                retrying(lambda move=move, sent=sent: MOVES[move](crew.of(move), **sent))  # type: ignore[misc]
                told[move] += 1
            except PortalError as refusal:
                told[type(refusal).__name__] += 1
        return told

    with ThreadPoolExecutor(CROWD) as threads:
        for told in threads.map(work, range(CROWD)):
            done += told
    assert all(done[move] for move in MOVES), done
    auditor = builders.access(owner, crowd, Role.ASSESSOR)
    recount = scores.verify(auditor)
    assert recount.differences == ()
    assert recount.closed == owner.scalar(select(func.sum(DailyCount.closed)))
    assert trail.check_chain(auditor).whole
    commands = {
        "record_callback": Event.CALLBACK_RECORDED,
        "return_for_rework": Event.ORDER_RETURNED,
        "archive": Event.ORDER_ARCHIVED,
        "submit_rework": Event.REWORK_SUBMITTED,
        "assign": Event.ORDER_ASSIGNED,
    }
    recorded = Counter(owner.scalars(select(EventRow.action).where(EventRow.action.in_(commands.values()))))
    assert {commands[move]: done[move] for move in MOVES} == recorded


def next_move(status: Status, number: int) -> str | None:
    """Return what is to be done with an order; of those that wait for a decision every other one is archived."""
    decision = "archive" if number % 2 else "return_for_rework"
    return {
        Status.OPEN: "assign",
        Status.DUE: "record_callback",
        Status.DISSATISFIED: decision,
        Status.ESCALATED: decision,
        Status.RETURNED: "submit_rework",
    }.get(status)
