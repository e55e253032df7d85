"""Rework: a department sees what was returned to it, and answers once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.orders import Order, Return
from db.records import EventRow
from db.reference import Department, Reason
from db.vocabulary import Event, Role, Satisfaction, Status
from services import rework
from services.access import Access
from services.environment import Environment
from services.errors import IllegalMove, Invalid, NotAllowed, NotFound, Stale
from services.views import Receipt
from tests import builders
from tests.services.conftest import Clock

REPLY = "已于6月12日疏通排水口,现场无积水,并电话告知市民。"


@pytest.fixture
def unit(owner: Session) -> Department:
    """The department that redoes its work."""
    return builders.department(owner, "市水务局")


@pytest.fixture
def user(owner: Session, environment: Environment, unit: Department) -> Access:
    """Somebody of that department, at the door."""
    return builders.access(owner, environment, Role.UNIT, at=unit)


def returned(owner: Session, unit: Department, day: str = "2026-06-12", **more: Any) -> Order:
    """An order that was sent back on a day, five working days being left from it."""
    order = builders.dissatisfied_order(owner, unit)
    return builders.sent_back(owner, order, returned_at=builders.at(day), **more)


def answer(user: Access, order: Order, clock: Clock, **more: Any) -> Receipt:
    """Submit the rework as the order is now."""
    form = {
        "order_id": order.id,
        "seen": rework.rework_case(user, order_id=order.id).order.version if "seen" not in more else 0,
        "reply": REPLY,
        "unit_contacted": True,
        "unit_contacted_at": clock.now - timedelta(hours=1),
        "evidence_note": "现场照片两张",
        "request_id": "form-1",
    }
    return rework.submit_rework(user, **(form | more))


def test_the_inbox_shows_the_most_urgent_first_with_the_days_left(
    owner: Session, unit: Department, user: Access
) -> None:
    fresh = returned(owner, unit, "2026-06-15")
    late = returned(owner, unit, "2026-06-01")
    soon = returned(owner, unit, "2026-06-09")
    found = rework.rework_list(user)
    assert [row.order_id for row in found.rows] == [late.id, soon.id, fresh.id]
    assert [(row.late, row.late_days, row.days_left) for row in found.rows] == [
        (True, 6, 0),
        (False, 0, 1),
        (False, 0, 5),
    ]
    assert (found.waiting, found.late, found.more) == (3, 1, False)
    assert found.rows[0].instruction.startswith("请到现场核实")
    assert [row.order_id for row in rework.rework_list(user, late_only=True).rows] == [late.id]
    first = rework.rework_list(user, limit=1)
    assert first.more
    rest = rework.rework_list(user, after=first.rows[0].order_id)
    assert [row.order_id for row in rest.rows] == [soon.id, fresh.id]


def test_a_department_sees_its_own_and_a_supervisor_all(
    owner: Session, environment: Environment, unit: Department, user: Access
) -> None:
    mine, theirs = returned(owner, unit), returned(owner, builders.department(owner))
    assert [row.order_id for row in rework.rework_list(user).rows] == [mine.id]
    assert rework.rework_list(user).waiting == 1
    with pytest.raises(NotFound):
        rework.rework_case(user, order_id=theirs.id)
    supervisor = builders.access(owner, environment, Role.SUPERVISOR)
    assert {row.order_id for row in rework.rework_list(supervisor).rows} == {mine.id, theirs.id}


def test_an_order_shows_what_is_wanted_and_explains_its_deadline(
    owner: Session, unit: Department, user: Access
) -> None:
    found = rework.rework_case(user, order_id=returned(owner, unit).id)
    assert found.order.current.number == 2
    assert found.order.calls[0].words == "积水仍在,没人来看过。"
    assert found.deadline is not None
    assert (found.deadline.working_days, found.deadline.due.isoformat()) == (5, "2026-06-18")
    assert not found.needs_evidence


def test_an_answer_closes_the_round_and_the_citizen_is_asked_again(
    owner: Session, unit: Department, user: Access, clock: Clock
) -> None:
    order = returned(owner, unit)
    receipt = answer(user, order, clock)
    owner.refresh(order)
    assert (receipt.status, receipt.version) == (Status.DUE, order.version)
    assert (order.satisfaction, order.rated) == (Satisfaction.DISSATISFIED, True)
    current = builders.current_round(owner, order)
    assert (current.closed_at, current.reply, current.settled_at) == (clock.now, REPLY, None)
    assert (current.unit_contacted, current.unit_contacted_at) == (True, clock.now - timedelta(hours=1))
    assert (current.evidence_note, current.submitted_by) == ("现场照片两张", user.actor.id)
    event = owner.scalars(select(EventRow).where(EventRow.action == Event.REWORK_SUBMITTED)).one()
    assert (event.order_id, event.actor_department_id) == (order.id, unit.id)


@pytest.mark.parametrize(
    ("wrong", "problems"),
    [
        ({"reply": " "}, {"reply": "required"}),
        ({"reply": "已处理"}, {"reply": "too_short"}),
        ({"reply": "字" * 2001}, {"reply": "too_long"}),
        ({"unit_contacted": None}, {"unit_contacted": "required"}),
        ({"unit_contacted_at": None}, {"unit_contacted_at": "required"}),
        ({"unit_contacted_at": builders.at("2026-06-16")}, {"unit_contacted_at": "in_the_future"}),
        ({"evidence_note": "字" * 2001}, {"evidence_note": "too_long"}),
        ({"reply": "", "unit_contacted": None}, {"reply": "required", "unit_contacted": "required"}),
    ],
)
def test_an_empty_answer_is_refused(
    owner: Session, unit: Department, user: Access, clock: Clock, wrong: dict[str, Any], problems: dict[str, str]
) -> None:
    order = returned(owner, unit)
    with pytest.raises(Invalid) as refused:
        answer(user, order, clock, **wrong)
    assert refused.value.problems == problems
    owner.refresh(order)
    assert order.status == Status.RETURNED


def test_who_did_not_contact_the_citizen_says_so_without_a_time(
    owner: Session, unit: Department, user: Access, clock: Clock
) -> None:
    order = returned(owner, unit)
    answer(user, order, clock, unit_contacted=False)
    current = builders.current_round(owner, order)
    assert (current.unit_contacted, current.unit_contacted_at) == (False, None)


def test_where_the_reason_asks_for_evidence_the_answer_brings_it(
    owner: Session, unit: Department, user: Access, clock: Clock
) -> None:
    order = returned(owner, unit)
    sent = owner.scalars(select(Return)).one()
    owner.execute(
        Return.__table__.update()
        .where(Return.id == sent.id)
        .values(reason_id=select(Reason.id).where(Reason.code == "R02").scalar_subquery())
    )
    owner.commit()
    assert rework.rework_case(user, order_id=order.id).needs_evidence
    with pytest.raises(Invalid) as refused:
        answer(user, order, clock, evidence_note="")
    assert refused.value.problems == {"evidence_note": "required"}


def test_only_an_order_in_rework_is_answered(owner: Session, unit: Department, user: Access, clock: Clock) -> None:
    order = builders.due_order(owner, unit)
    with pytest.raises(IllegalMove):
        answer(user, order, clock, seen=1)
    with pytest.raises(IllegalMove):
        rework.rework_case(user, order_id=order.id)


def test_another_departments_order_cannot_be_found(owner: Session, user: Access, clock: Clock) -> None:
    order = returned(owner, builders.department(owner))
    with pytest.raises(NotFound):
        answer(user, order, clock, seen=order.version)


@pytest.mark.every_server
def test_a_double_click_answers_once_and_a_stale_form_learns_who_was_first(
    owner: Session, environment: Environment, unit: Department, user: Access, clock: Clock
) -> None:
    order = returned(owner, unit)
    seen = rework.rework_case(user, order_id=order.id).order.version
    with ThreadPoolExecutor(2) as threads:
        sent = [threads.submit(answer, user, order, clock, seen=seen) for _ in range(2)]
    assert sorted(one.result().repeated for one in sent) == [False, True]
    colleague = builders.access(owner, environment, Role.UNIT, at=unit)
    with pytest.raises(Stale) as refused:
        answer(colleague, order, clock, seen=seen, request_id="form-2")
    assert [(change.action, change.actor) for change in refused.value.changes] == [
        (Event.REWORK_SUBMITTED, user.actor.name)
    ]


def test_a_stale_form_names_nobody_of_another_department(
    owner: Session, unit: Department, user: Access, clock: Clock
) -> None:
    order = returned(owner, unit)
    by = builders.person(owner, Role.SUPERVISOR)
    builders.event(owner, order, Event.ORDER_RETURNED, by=by, role=Role.SUPERVISOR)
    with pytest.raises(Stale) as refused:
        answer(user, order, clock, seen=order.version - 1)
    assert [(change.action, change.actor) for change in refused.value.changes] == [(Event.ORDER_RETURNED, "")]


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR, Role.ASSESSOR, Role.ADMIN, Role.VIEWER])
def test_only_departments_answer(
    owner: Session, environment: Environment, unit: Department, clock: Clock, role: Role
) -> None:
    with pytest.raises(NotAllowed):
        answer(builders.access(owner, environment, role), returned(owner, unit), clock, seen=1)


def test_a_year_without_a_calendar_is_listed_without_days(
    owner: Session, unit: Department, user: Access, clock: Clock
) -> None:
    order = returned(owner, unit)
    clock.now = builders.at("2027-03-01")
    found = rework.rework_list(user).rows
    assert [(row.order_id, row.late, row.late_days) for row in found] == [(order.id, True, None)]
