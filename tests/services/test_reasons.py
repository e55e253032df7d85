"""Reasons of dissatisfaction: three codings stay apart, the difference is a figure, and a rank opens its orders."""

import json
from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.callbacks import Notice, ReasonCount, Recode
from db.orders import Attempt, AttemptReason, Order
from db.records import EventRow
from db.vocabulary import Event, Role
from services import orders, reasons, reviews
from services.access import Access
from services.environment import Environment
from services.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from services.order_filter import OrderFilter
from services.views import Receipt
from tests import builders
from tests.services.conftest import Clock

FIRST, LAST = date(2026, 5, 1), date(2026, 6, 30)


@pytest.fixture
def supervisor(owner: Session, environment: Environment) -> Access:
    """A supervisor at the door."""
    return builders.access(owner, environment, Role.SUPERVISOR)


def call_of(owner: Session, order: Order) -> Attempt:
    """Return the order's only call."""
    return owner.scalars(select(Attempt).where(Attempt.order_id == order.id)).one()


def read_again(
    supervisor: Access, owner: Session, order: Order, *codes: str, form: str = "form-1", note: str = ""
) -> Receipt:
    """Let the supervisor read the order's call."""
    owner.refresh(order)
    return reasons.recode(
        supervisor,
        attempt_id=call_of(owner, order).id,
        seen=order.version,
        reasons=codes,
        note=note,
        request_id=form,
    )


def test_words_and_both_codings_stay_apart(owner: Session, supervisor: Access) -> None:
    order = builders.dissatisfied_order(owner, builders.department(owner))
    read_again(supervisor, owner, order, "R01", "R04", note="市民说没有人联系")
    call = reviews.review_case(supervisor, order_id=order.id).order.calls[-1]
    assert call.words == "积水仍在,没人来看过。"
    assert [one.code for one in call.reasons] == ["R03"]
    assert call.reading is not None
    assert ([one.code for one in call.reading.reasons], call.reading.agrees) == (["R01", "R04"], False)
    assert call.reading.note == "市民说没有人联系"


def test_the_agent_is_told_only_where_the_readings_differ(owner: Session, supervisor: Access) -> None:
    agent = builders.person(owner)
    same = builders.dissatisfied_order(owner, builders.department(owner), agent=agent)
    other = builders.dissatisfied_order(owner, builders.department(owner), agent=agent)
    read_again(supervisor, owner, same, "R03", form="one")
    read_again(supervisor, owner, other, "R02", form="two")
    told = owner.scalars(select(Notice)).all()
    assert [(notice.person_id, notice.order_id) for notice in told] == [(agent.id, other.id)]


def test_the_same_form_is_read_once_and_another_call_under_its_id_is_refused(
    owner: Session, supervisor: Access
) -> None:
    unit = builders.department(owner)
    order, other = builders.dissatisfied_order(owner, unit), builders.dissatisfied_order(owner, unit)
    read_again(supervisor, owner, order, "R02")
    assert read_again(supervisor, owner, order, "R02").repeated
    assert owner.scalar(select(func.count()).select_from(Recode)) == 1
    with pytest.raises(Conflict):
        read_again(supervisor, owner, other, "R02")


@pytest.mark.parametrize(
    ("codes", "problem"), [((), "required"), (("R77",), "unknown"), (("RA",), "unknown"), (("R02", "XX"), "unknown")]
)
def test_a_reading_names_reasons_that_may_be_given(
    owner: Session, supervisor: Access, codes: tuple[str, ...], problem: str
) -> None:
    order = builders.dissatisfied_order(owner, builders.department(owner))
    with pytest.raises(Invalid) as refused:
        read_again(supervisor, owner, order, *codes, note="长" * 501)
    assert refused.value.problems == {"reasons": problem, "note": "too_long"}


def test_a_call_without_reasons_has_nothing_to_be_read(owner: Session, supervisor: Access) -> None:
    order = builders.due_order(owner, builders.department(owner), attempts=1, called=True)
    builders.attempt(owner, order, builders.person(owner), disposition="3.13")
    with pytest.raises(NotFound):
        read_again(supervisor, owner, order, "R02")


def test_a_form_that_is_out_of_date_is_refused(owner: Session, supervisor: Access) -> None:
    order = builders.dissatisfied_order(owner, builders.department(owner))
    with pytest.raises(Stale):
        reasons.recode(
            supervisor,
            attempt_id=call_of(owner, order).id,
            seen=order.version - 1,
            reasons=("R02",),
            note="",
            request_id="form-1",
        )


@pytest.mark.parametrize("role", [Role.AGENT, Role.ASSESSOR, Role.ADMIN, Role.VIEWER])
def test_only_supervisors_read_again(owner: Session, environment: Environment, role: Role) -> None:
    order = builders.dissatisfied_order(owner, builders.department(owner))
    with pytest.raises(NotAllowed):
        read_again(builders.access(owner, environment, role), owner, order, "R02")


def test_the_last_reading_of_a_call_is_the_one_that_differs_or_not(
    owner: Session, supervisor: Access, clock: Clock
) -> None:
    unit = builders.department(owner)
    first, second, third = (builders.dissatisfied_order(owner, unit) for _ in range(3))
    read_again(supervisor, owner, first, "R02", form="a")
    read_again(supervisor, owner, first, "R03", form="b")
    read_again(supervisor, owner, second, "R02", "R04", form="c")
    read_again(supervisor, owner, third, "R02", form="d")
    found = reasons.disagreement(supervisor, first=FIRST, last=LAST)
    assert (found.read, found.differing) == (3, 2)
    told = [
        (one.agent and one.agent.code, one.supervisor and one.supervisor.code, one.calls) for one in found.differences
    ]
    assert told == [("R03", "R02", 2), (None, "R04", 1)]
    nothing = reasons.disagreement(supervisor, first=date(2026, 1, 1), last=date(2026, 1, 31))
    assert (nothing.read, nothing.differing, nothing.differences) == (0, 0, ())


def test_reasons_are_ranked_by_how_often_they_were_given_and_the_last_reading_is_beside(
    owner: Session, supervisor: Access
) -> None:
    above = builders.department(owner, "甲区")
    below, elsewhere = builders.department(owner, "乙街", parent=above), builders.department(owner, "丙局")
    for unit in (above, below, elsewhere):
        order = builders.dissatisfied_order(owner, unit)
    read_again(supervisor, owner, order, "R02", form="a")
    read_again(supervisor, owner, order, "R01", form="b")
    found = {one.named.code: (one.given, one.recoded) for one in reasons.ranked(supervisor, first=FIRST, last=LAST)}
    assert found == {"R03": (3, 0), "R01": (0, 1)}
    here = reasons.ranked(supervisor, first=FIRST, last=LAST, department=above.code)
    assert [(one.named.code, one.given, one.heading and one.heading.code) for one in here] == [("R03", 2, "RB")]
    assert reasons.ranked(supervisor, first=date(2026, 1, 1), last=date(2026, 1, 31)) == ()


def test_the_rank_of_a_reason_is_the_number_of_calls_behind_it(owner: Session, supervisor: Access) -> None:
    unit = builders.department(owner)
    told = [builders.dissatisfied_order(owner, unit).number for _ in range(4)]
    builders.due_order(owner, unit)
    where = OrderFilter(reason="R03", reasoned_from=FIRST, reasoned_to=LAST)
    assert sorted(line.number for line in orders.search(supervisor, where=where).rows) == sorted(told)
    heading = OrderFilter(reason="RB", reasoned_from=FIRST, reasoned_to=LAST)
    assert len(orders.search(supervisor, where=heading).rows) == 4
    for nobody in (OrderFilter(reason="R02"), OrderFilter(reason="R03", reasoned_to=date(2026, 1, 1))):
        assert orders.search(supervisor, where=nobody).rows == ()


def test_a_correction_takes_its_reasons_back_from_the_count(owner: Session) -> None:
    order = builders.dissatisfied_order(owner, builders.department(owner))
    wrong = call_of(owner, order)
    right = builders.attempt(owner, order, builders.person(owner), reasons=("R02",), corrects_id=wrong.id)
    kept = {number: given for number, given in owner.execute(select(ReasonCount.reason_id, ReasonCount.given))}
    left = {number: given for number, given in kept.items() if given}
    assert left == {
        number: 1
        for number in owner.scalars(select(AttemptReason.reason_id).where(AttemptReason.attempt_id == right.id))
    }


def test_a_reading_is_in_the_trail_with_both_codings(owner: Session, supervisor: Access) -> None:
    order = builders.dissatisfied_order(owner, builders.department(owner))
    read_again(supervisor, owner, order, "R02", "R01")
    body = json.loads(owner.scalars(select(EventRow.body).where(EventRow.action == Event.REASON_RECODED)).one())
    assert (body["before"], body["after"]["reasons"]) == ({"reasons": "R03"}, "R01,R02")
