"""What a supervisor decides: return for rework or archive, once, on the facts that were seen."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.orders import Order, Return, Round
from db.records import EventRow
from db.vocabulary import Event, Outcome, Role, Satisfaction, Status
from services import reviews
from services.access import Access
from services.environment import Environment
from services.errors import IllegalMove, Invalid, NotAllowed, PortalError, Stale
from services.rules.deadlines import NotCovered
from services.views import Receipt
from tests import builders
from tests.services.conftest import Clock


@pytest.fixture
def supervisor(owner: Session, environment: Environment) -> Access:
    """A supervisor at the door."""
    return builders.access(owner, environment, Role.SUPERVISOR)


def send_back(supervisor: Access, order: Order, **more: Any) -> Receipt:
    """Return the order for rework as it is now."""
    form = {
        "order_id": order.id,
        "seen": reviews.review_case(supervisor, order_id=order.id).order.version,
        "reason": "R02",
        "instruction": "请到现场核实后再答复市民。",
        "days": 5,
        "request_id": "form-1",
    }
    return reviews.return_for_rework(supervisor, **(form | more))


def put_away(supervisor: Access, order: Order, reason: str, **more: Any) -> Receipt:
    """Archive the order as it is now."""
    seen = reviews.review_case(supervisor, order_id=order.id).order.version
    form = {"order_id": order.id, "seen": seen, "reason": reason, "request_id": "form-1"}
    return reviews.archive(supervisor, **(form | more))


def untrue(owner: Session, **facts: Any) -> Order:
    """An order whose citizen says that the result is untrue: a reason that calls for rework."""
    order = builders.closed_order(owner, builders.department(owner), **_called(facts))
    builders.attempt(
        owner,
        order,
        builders.person(owner),
        reasons=("R02",),
        words="根本没修",
        satisfaction=Satisfaction.DISSATISFIED,
    )
    return order


def _called(facts: dict[str, Any]) -> dict[str, Any]:
    rated = {"satisfaction": Satisfaction.DISSATISFIED, "rated": True, "attempts": 1, "called": True, "reached": True}
    return {"status": Status.DISSATISFIED} | rated | facts


def test_escalated_orders_come_first_then_the_oldest(owner: Session, supervisor: Access) -> None:
    late = builders.dissatisfied_order(owner, accepted_at=builders.at("2026-05-11"))
    early = builders.dissatisfied_order(owner, accepted_at=builders.at("2026-05-06"))
    escalated = builders.dissatisfied_order(owner, status=Status.ESCALATED, accepted_at=builders.at("2026-05-12"))
    builders.due_order(owner)
    found = reviews.review_list(supervisor)
    assert [row.order_id for row in found.rows] == [escalated.id, early.id, late.id]
    assert (found.waiting, found.more) == (3, False)
    assert [reason.code for reason in found.rows[0].reasons] == ["R03"]
    assert not found.rows[0].calls_for_rework
    first = reviews.review_list(supervisor, limit=2)
    assert first.more
    rest = reviews.review_list(supervisor, after=first.rows[-1].order_id)
    assert [row.order_id for row in rest.rows] == [late.id]


def test_the_rules_advise_rework_for_facts_of_bad_handling(owner: Session, supervisor: Access) -> None:
    found = reviews.review_case(supervisor, order_id=untrue(owner).id)
    assert found.calls_for_rework
    assert [reason.code for reason in found.reasons] == ["R02"]
    assert (found.proposed_days, found.max_rounds) == (5, 3)
    assert found.order.calls[-1].words == "根本没修"
    assert reviews.review_list(supervisor).rows[0].calls_for_rework


def test_the_deadline_counts_working_days_and_today(supervisor: Access, clock: Clock) -> None:
    explained = reviews.explain_deadline(supervisor, days=5)
    # Friday 2026-06-19 is the Dragon Boat holiday.
    assert explained.due.isoformat() == "2026-06-22"
    assert [(stretch.days, stretch.holiday is not None) for stretch in explained.skipped] == [(3, True)]
    clock.now = builders.at("2026-12-30")
    with pytest.raises(NotCovered):
        reviews.explain_deadline(supervisor, days=30)


def test_a_return_opens_a_round_with_its_own_deadline(owner: Session, supervisor: Access, clock: Clock) -> None:
    order = untrue(owner)
    receipt = send_back(supervisor, order)
    owner.refresh(order)
    assert (receipt.status, receipt.version) == (Status.RETURNED, order.version)
    assert (order.status, order.round, order.reworked) == (Status.RETURNED, 2, True)
    first, second = owner.scalars(select(Round).order_by(Round.number)).all()
    assert (first.settled_at, first.satisfaction) == (clock.now, Satisfaction.DISSATISFIED)
    assert (second.opened_at, second.closed_at, second.settled_at) == (clock.now, None, None)
    assert (second.due_at, second.due_days) == (builders.at("2026-06-22", 23, 59).replace(second=59), 5)
    sent = owner.scalars(select(Return)).one()
    assert (sent.round_id, sent.due_at, sent.returned_by) == (second.id, second.due_at, supervisor.actor.id)
    event = owner.scalars(select(EventRow).where(EventRow.action == Event.ORDER_RETURNED)).one()
    assert '"reason":"R02"' in event.body


def test_a_return_takes_no_dissatisfaction_out_of_the_count(owner: Session, supervisor: Access) -> None:
    order = untrue(owner)
    send_back(supervisor, order)
    owner.refresh(order)
    assert (order.rated, order.satisfaction) == (True, Satisfaction.DISSATISFIED)


@pytest.mark.parametrize(
    ("wrong", "problems"),
    [
        ({"reason": ""}, {"return_reason": "required"}),
        ({"reason": "R00"}, {"return_reason": "unknown"}),
        ({"reason": "RB"}, {"return_reason": "unknown"}),
        ({"instruction": " "}, {"instruction": "required"}),
        ({"instruction": "重办"}, {"instruction": "too_short"}),
        ({"instruction": "字" * 2001}, {"instruction": "too_long"}),
        ({"days": 0, "instruction": ""}, {"days": "out_of_range", "instruction": "required"}),
        ({"days": 61}, {"days": "out_of_range"}),
    ],
)
def test_a_return_says_why_what_and_by_when(
    owner: Session, supervisor: Access, wrong: dict[str, Any], problems: dict[str, str]
) -> None:
    order = untrue(owner)
    with pytest.raises(Invalid) as refused:
        send_back(supervisor, order, **wrong)
    assert refused.value.problems == problems
    owner.refresh(order)
    assert (order.status, order.round) == (Status.DISSATISFIED, 1)


def test_an_order_without_a_department_cannot_be_returned(owner: Session, supervisor: Access) -> None:
    with pytest.raises(Invalid) as refused:
        send_back(supervisor, builders.dissatisfied_order(owner))
    assert refused.value.problems == {"department": "required"}


def test_dissatisfaction_is_accepted_with_a_reason(owner: Session, supervisor: Access) -> None:
    order = builders.dissatisfied_order(owner, builders.department(owner))
    with pytest.raises(Invalid) as refused:
        put_away(supervisor, order, "  ")
    assert refused.value.problems == {"archive_reason": "required"}
    assert put_away(supervisor, order, "已说明").status == Status.ARCHIVED
    owner.refresh(order)
    assert (order.outcome, order.satisfaction) == (Outcome.DISSATISFIED, Satisfaction.DISSATISFIED)


def test_against_the_advice_of_the_rules_the_reason_must_say_more(owner: Session, supervisor: Access) -> None:
    order = untrue(owner)
    with pytest.raises(Invalid) as refused:
        put_away(supervisor, order, "已说明")
    assert refused.value.problems == {"archive_reason": "too_short"}
    assert put_away(supervisor, order, "已到现场核实,排水口确已疏通。").status == Status.ARCHIVED
    event = owner.scalars(select(EventRow).where(EventRow.action == Event.ORDER_ARCHIVED)).one()
    assert '"rework_called_for":true' in event.body


@pytest.mark.parametrize("status", [Status.CLOSED, Status.DUE, Status.ARCHIVED])
def test_only_undecided_orders_are_decided(owner: Session, supervisor: Access, status: Status) -> None:
    outcome = Outcome.UNASKED if status == Status.ARCHIVED else None
    order = builders.closed_order(owner, builders.department(owner), status=status, outcome=outcome)
    with pytest.raises(IllegalMove):
        send_back(supervisor, order)
    with pytest.raises(IllegalMove):
        put_away(supervisor, order, "已到现场核实,排水口确已疏通。")


@pytest.mark.every_server
def test_two_supervisors_return_one_order_once(owner: Session, environment: Environment, supervisor: Access) -> None:
    other = builders.access(owner, environment, Role.SUPERVISOR)
    for number in range(4):
        order = untrue(owner)

        def send(whom: Access, order: Order = order, number: int = number) -> PortalError | Receipt:
            try:
                return send_back(whom, order, seen=1, request_id=f"form-{number}-{whom.actor.id}")
            except PortalError as refusal:
                return refusal

        with ThreadPoolExecutor(2) as threads:
            answers = list(threads.map(send, (supervisor, other)))
        assert sorted(type(answer).__name__ for answer in answers) == ["Receipt", "Stale"]
        stale = next(answer for answer in answers if isinstance(answer, Stale))
        assert [change.action for change in stale.changes] == [Event.ORDER_RETURNED]
        assert owner.scalar(select(func.count()).where(Round.order_id == order.id)) == 2


@pytest.mark.every_server
def test_one_returns_and_the_other_archives_and_one_of_them_wins(
    owner: Session, environment: Environment, supervisor: Access
) -> None:
    order = untrue(owner)
    other = builders.access(owner, environment, Role.SUPERVISOR)
    with ThreadPoolExecutor(2) as threads:
        sent = [
            threads.submit(send_back, supervisor, order, seen=1, request_id="a"),
            threads.submit(put_away, other, order, "已到现场核实,排水口确已疏通。", seen=1, request_id="b"),
        ]
    assert [type(one.exception()) for one in sent if one.exception()] == [Stale]


@pytest.mark.every_server
def test_a_double_click_decides_once(owner: Session, supervisor: Access) -> None:
    returned, archived = untrue(owner), untrue(owner)
    with ThreadPoolExecutor(4) as threads:
        sent = [threads.submit(send_back, supervisor, returned, seen=1) for _ in range(2)]
        sent += [
            threads.submit(put_away, supervisor, archived, "已到现场核实,排水口确已疏通。", seen=1) for _ in range(2)
        ]
    receipts = [one.result() for one in sent]
    assert sorted(receipt.repeated for receipt in receipts[:2]) == [False, True]
    assert sorted(receipt.repeated for receipt in receipts[2:]) == [False, True]
    assert owner.scalar(select(func.count()).select_from(Return)) == 1
    assert owner.scalar(select(func.count()).where(EventRow.action == Event.ORDER_ARCHIVED)) == 1


@pytest.mark.parametrize("role", [Role.AGENT, Role.UNIT, Role.ASSESSOR, Role.ADMIN, Role.VIEWER])
def test_only_supervisors_decide(owner: Session, environment: Environment, role: Role) -> None:
    unit = builders.department(owner)
    whom = builders.access(owner, environment, role, at=unit if role == Role.UNIT else None)
    order = untrue(owner)
    with pytest.raises(NotAllowed):
        reviews.return_for_rework(
            whom, order_id=order.id, seen=1, reason="R02", instruction="请到现场核实", days=5, request_id="a"
        )
    with pytest.raises(NotAllowed):
        reviews.archive(whom, order_id=order.id, seen=1, reason="已到现场核实,排水口确已疏通。", request_id="b")
