"""One order through the whole loop, by the people who do it, ending in its department's score changed by exactly it."""

from dataclasses import asdict
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.orders import Order, Rating
from db.records import DailyCount, EventRow
from db.reference import Department
from db.vocabulary import Role, Satisfaction, Status
from services import callback_queue, callbacks, reviews, rework
from services.environment import Environment
from services.rules.survey import Visit
from tests import builders
from tests.services.conftest import Clock

SAID = {"contacted": "no", "solved": "unsolved", "result": "very_dissatisfied", "attitude": "dissatisfied"}
GLAD = {"contacted": "yes", "solved": "solved", "result": "basically_satisfied", "attitude": "satisfied"}
MEASURES = [column.name for column in DailyCount.__table__.columns if not column.primary_key]


def counts(owner: Session, department: Department) -> dict[str, int]:
    """Add up what is counted for a department."""
    owner.rollback()
    rows = owner.scalars(select(DailyCount).where(DailyCount.department_id == department.id)).all()
    return {measure: sum(getattr(row, measure) for row in rows) for measure in MEASURES}


def change(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {measure: after[measure] - before[measure] for measure in MEASURES if after[measure] != before[measure]}


def rated_by_the_citizen(owner: Session, order: Order) -> None:
    """The citizen answers the text message: dissatisfied."""
    builders.rating(owner, order, Satisfaction.DISSATISFIED)
    order.satisfaction, order.rated = Satisfaction.DISSATISFIED, True
    owner.commit()


def test_from_a_dissatisfied_citizen_to_a_satisfied_one(owner: Session, environment: Environment, clock: Clock) -> None:
    unit, other = builders.department(owner, "市水务局"), builders.department(owner, "市城管局")
    agent = builders.access(owner, environment, Role.AGENT)
    supervisor = builders.access(owner, environment, Role.SUPERVISOR)
    user = builders.access(owner, environment, Role.UNIT, at=unit)
    builders.archived_order(owner, unit, Satisfaction.SATISFIED)
    builders.archived_order(owner, other, Satisfaction.SATISFIED)

    nothing_yet, elsewhere = counts(owner, unit), counts(owner, other)
    closed_at = builders.at("2026-06-12")
    contacted = {"unit_contacted": True, "unit_contacted_at": builders.at("2026-06-11")}
    order = builders.due_order(owner, unit, accepted_at=builders.at("2026-06-05"), closed_at=closed_at, **contacted)
    rated_by_the_citizen(owner, order)
    closed = counts(owner, unit)
    seen = {"closed": 1, "due": 1, "on_time": 1, "to_call": 1}
    assert change(nothing_yet, closed) == seen | {"rated": 1, "dissatisfied": 1}

    called = callback_queue.next_case(agent)
    assert called is not None
    assert (called.order.id, called.order.ratings[-1].satisfaction) == (order.id, Satisfaction.DISSATISFIED)
    told = callbacks.record_callback(
        agent,
        order_id=order.id,
        seen=called.order.version,
        visit=Visit("1.1", SAID, ("R01", "R02"), "没有人来过,积水仍在"),
        request_id="call-1",
    )
    assert told.status == Status.DISSATISFIED
    assert change(closed, counts(owner, unit)) == {"called": 1, "reached": 1}

    undecided = reviews.review_list(supervisor).rows[0]
    assert (undecided.order_id, undecided.calls_for_rework, undecided.contact_denied) == (order.id, True, True)
    reviews.return_for_rework(
        supervisor,
        order_id=order.id,
        seen=told.version,
        reason="R02",
        instruction="请到现场核实积水原因,处理后再联系市民。",
        days=5,
        request_id="return-1",
    )
    assert change(closed, counts(owner, unit)) == {"called": 1, "reached": 1, "reworked": 1}
    assert callback_queue.next_case(agent) is None

    clock.now += timedelta(days=2)
    wanted = rework.rework_list(user).rows[0]
    assert (wanted.order_id, wanted.days_left, wanted.late) == (order.id, 3, False)
    rework.submit_rework(
        user,
        order_id=order.id,
        seen=rework.rework_case(user, order_id=order.id).order.version,
        reply="已疏通排水口并清运淤泥,现场无积水,已电话告知市民。",
        unit_contacted=True,
        unit_contacted_at=clock.now,
        evidence_note="处理前后照片各一张",
        request_id="redo-1",
    )

    clock.now += timedelta(days=1)
    again = callback_queue.next_case(agent)
    assert again is not None
    assert (again.order.id, again.order.round, again.attempts_made) == (order.id, 2, 0)
    done = callbacks.record_callback(
        agent, order_id=order.id, seen=again.order.version, visit=Visit("1.1", GLAD), request_id="call-2"
    )
    assert done.status == Status.ARCHIVED
    assert change(nothing_yet, counts(owner, unit)) == seen | {
        "rated": 1,
        "called": 1,
        "reached": 1,
        "satisfied": 1,
        "solved": 1,
        "reworked": 1,
    }
    assert counts(owner, other) == elsewhere
    assert owner.scalars(select(Rating.satisfaction).order_by(Rating.id)).all()[-3:] == [
        "dissatisfied",
        "dissatisfied",
        "satisfied",
    ]
    told_in_full = owner.scalars(select(EventRow.action).where(EventRow.order_id == order.id).order_by(EventRow.id))
    assert list(told_in_full) == ["callback.recorded", "order.returned", "rework.submitted", "callback.recorded"]
    assert asdict(called.order)["phone"].startswith("000****")
