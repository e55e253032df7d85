"""Random walks through the real use cases: the database agrees with the model of the loop, whatever people do."""

from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.orders import Order, Round
from db.records import DailyCount
from db.reference import Department
from db.vocabulary import Outcome, Role, Satisfaction, Status
from services import callbacks, reviews, rework
from services.access import Access
from services.environment import Environment
from services.errors import IllegalMove
from services.rules.survey import Visit
from tests import builders
from tests.rules.test_lifecycle import MAX_ROUNDS, Model
from tests.services.conftest import Clock

SAID = {"contacted": "yes", "solved": "solved", "attitude": "satisfied"}
VISITS = {
    Satisfaction.SATISFIED: Visit("1.1", SAID | {"result": "satisfied"}),
    Satisfaction.DISSATISFIED: Visit("1.1", SAID | {"result": "dissatisfied"}, ("R03",), "还是老样子"),
    None: Visit("4.31"),
}
steps = st.one_of(
    st.tuples(st.just("answer"), st.sampled_from([Satisfaction.SATISFIED, Satisfaction.DISSATISFIED])),
    st.tuples(st.just("answer"), st.just(Satisfaction.DISSATISFIED)),
    st.tuples(st.sampled_from(["give_up", "return", "redo", "return", "redo", "archive"]), st.none()),
)


class People:
    """Everybody who can do something to an order of one department."""

    def __init__(self, owner: Session, environment: Environment, clock: Clock) -> None:
        self.owner, self.clock, self.forms = owner, clock, count(1)
        self.unit: Department = builders.department(owner)
        self.agent: Access = builders.access(owner, environment, Role.AGENT)
        self.supervisor: Access = builders.access(owner, environment, Role.SUPERVISOR)
        self.user: Access = builders.access(owner, environment, Role.UNIT, at=self.unit)

    def do(self, order: Order, step: str, mood: Satisfaction | None) -> None:
        """Do one thing to the order as it is now."""
        self.owner.refresh(order)
        form = {"order_id": order.id, "seen": order.version, "request_id": f"form-{next(self.forms)}"}
        self.clock.now += timedelta(minutes=12)
        if step in ("answer", "give_up"):
            callbacks.record_callback(self.agent, visit=VISITS[mood], **form)
        elif step == "return":
            reviews.return_for_rework(self.supervisor, reason="R03", instruction="请再次到场核实", days=5, **form)
        elif step == "redo":
            told = {"unit_contacted": False, "unit_contacted_at": None, "evidence_note": ""}
            rework.submit_rework(self.user, reply="已再次到场处理,现场已恢复。", **told, **form)
        else:
            reviews.archive(self.supervisor, reason="已向市民说明情况并取得理解", **form)


@pytest.fixture
def people(owner: Session, environment: Environment, clock: Clock) -> People:
    """The people of one database, in which one walk follows the other."""
    return People(owner, environment, clock)


@settings(
    derandomize=True,
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(steps, min_size=4, max_size=14))
def test_the_database_agrees_with_the_model(people: People, walk: list[tuple[str, Satisfaction | None]]) -> None:
    # The longest walk ends in the morning in which it began, so that nobody is called outside the calling hours.
    people.clock.now = builders.at("2026-06-15", 9)
    owner, order, model = people.owner, builders.due_order(people.owner, people.unit), Model()
    model.take("close", None)
    for step, mood in walk:
        try:
            model.take(step, mood)
        except IllegalMove:
            with pytest.raises(IllegalMove):
                people.do(order, step, mood)
            continue
        people.do(order, step, mood)
        owner.refresh(order)
        assert (order.status, order.round, order.satisfaction) == (model.status, len(model.rounds), model.counted)
        assert (order.escalated, order.called, order.rated) == (
            model.escalated,
            model.called,
            model.counted is not None,
        )
    check_the_rounds(owner, order)
    assert order.escalated <= (order.round >= MAX_ROUNDS)
    if order.status == Status.ARCHIVED:
        silent = Outcome.UNREACHED if order.called else Outcome.UNASKED
        assert order.outcome == (order.satisfaction or silent)
    check_the_counts(owner, people.unit)


def check_the_rounds(owner: Session, order: Order) -> None:
    """One round is open at most, and it is the last one."""
    rounds = owner.scalars(select(Round).where(Round.order_id == order.id).order_by(Round.number)).all()
    assert [row.number for row in rounds] == list(range(1, order.round + 1))
    assert all(row.settled_at for row in rounds[:-1])
    asked = order.status in (Status.DUE, Status.RETURNED)
    assert (rounds[-1].settled_at is None) == asked


def check_the_counts(owner: Session, unit: Department) -> None:
    """What the trigger kept is what the orders add up to."""
    kept = owner.execute(
        select(
            func.sum(DailyCount.closed),
            func.sum(DailyCount.satisfied),
            func.sum(DailyCount.dissatisfied),
            func.sum(DailyCount.silent),
            func.sum(DailyCount.reworked),
        ).where(DailyCount.department_id == unit.id)
    ).one()
    mine = owner.scalars(
        select(Order).where(Order.counted_department_id == unit.id).execution_options(populate_existing=True)
    ).all()
    assert tuple(kept) == (
        len(mine),
        sum(row.satisfaction == Satisfaction.SATISFIED for row in mine),
        sum(row.satisfaction == Satisfaction.DISSATISFIED for row in mine),
        sum(row.status == Status.ARCHIVED and not row.rated for row in mine),
        sum(row.reworked for row in mine),
    )
