"""Calling citizens back: who is next, what a call amounts to, and that it is written down once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.orders import Answer, Attempt, AttemptReason, Finding, Order, Rating, Round
from db.records import EventRow
from db.vocabulary import Event, Outcome, RatingSource, Role, Satisfaction, Solved, Status
from services import callbacks
from services.access import Access
from services.environment import Environment
from services.errors import Conflict, IllegalMove, Invalid, NotAllowed, NotFound, Stale
from services.rules.survey import Visit
from tests import builders
from tests.services.conftest import Clock

SAID = {"contacted": "yes", "solved": "solved", "result": "satisfied", "attitude": "satisfied"}
ANGRY = SAID | {"solved": "unsolved", "result": "dissatisfied"}
PLEASED = Visit("1.1", SAID)
DISPLEASED = Visit("1.1", ANGRY, ("R02",), "积水仍在")
NOBODY = Visit("3.13")


@pytest.fixture
def agent(owner: Session, environment: Environment) -> Access:
    """A callback agent at the door."""
    return builders.access(owner, environment, Role.AGENT)


def record(agent: Access, order: Order, visit: Visit, request_id: str = "form-1", **more: Any) -> callbacks.Receipt:
    """Write down a call on the order as it is now."""
    seen = callbacks.case(agent, order_id=order.id).order.version
    return callbacks.record_callback(
        agent, **({"order_id": order.id, "seen": seen, "visit": visit, "request_id": request_id} | more)
    )


def rows(owner: Session, kind: Any) -> int:
    return owner.scalar(select(func.count()).select_from(kind)) or 0


def test_a_case_holds_what_a_call_needs_and_no_number(owner: Session, agent: Access) -> None:
    unit = builders.department(owner, "市水务局")
    claimed = builders.at("2026-05-12", 9)
    order = builders.due_order(owner, unit, unit_contacted=True, unit_contacted_at=claimed, phone="138-0000-0000")
    builders.rating(owner, order, Satisfaction.DISSATISFIED)
    found = callbacks.case(agent, order_id=order.id)
    assert found.order.phone == "138****0000"
    assert "138-0000-0000" not in repr(found)
    assert (found.order.current.unit_contacted, found.order.current.unit_contacted_at) == (True, claimed)
    assert found.order.ratings[0].source == RatingSource.SELF
    assert [question.code for question in found.questions] == ["contacted", "solved", "result", "attitude"]
    assert [choice.code for choice in found.questions[0].choices] == ["yes", "no", "unsure"]
    grades = found.questions[2].choices
    assert [choice.named.zh for choice in grades if choice.named] == [
        "非常满意",
        "满意",
        "基本满意",
        "不满意",
        "非常不满意",
    ]
    assert [choice.counts_as for choice in grades] == ["satisfied"] * 3 + ["dissatisfied"] * 2
    assert len(found.reasons) == 14
    assert all(reason.heading for reason in found.reasons)
    assert {one.named.code for one in found.dispositions if one.answered} == {"1.1", "1.2"}
    assert "3.11" not in {one.named.code for one in found.dispositions}
    assert (found.attempts_made, found.attempts_allowed) == (0, 3)


def test_a_satisfied_citizen_ends_the_order(owner: Session, agent: Access, clock: Clock) -> None:
    unit = builders.department(owner)
    order = builders.due_order(owner, unit)
    receipt = record(agent, order, PLEASED, started_at=clock.now - timedelta(minutes=4))
    assert (receipt.status, receipt.repeated) == (Status.ARCHIVED, False)
    owner.refresh(order)
    assert receipt.version == order.version
    assert (order.outcome, order.satisfaction, order.solved) == ("satisfied", "satisfied", "solved")
    assert (order.attempts, order.called, order.reached, order.rated, order.escalated) == (1, True, True, True, False)
    current = builders.current_round(owner, order)
    assert (current.settled_at, current.satisfaction) == (clock.now, Satisfaction.SATISFIED)
    rating = owner.scalars(select(Rating)).one()
    assert (rating.source, rating.department_id, rating.round_id) == (RatingSource.CALLBACK, unit.id, current.id)
    attempt = owner.scalars(select(Attempt)).one()
    assert attempt.recorded_at - attempt.started_at == timedelta(minutes=4)
    assert {row.question: row.value for row in owner.scalars(select(Answer))} == SAID
    event = owner.scalars(select(EventRow).where(EventRow.action == Event.CALLBACK_RECORDED)).one()
    assert (event.order_id, event.actor_role, event.department_id) == (order.id, Role.AGENT, unit.id)
    assert '"move":"please"' in event.body
    assert "测试·甲" not in event.body


def test_a_dissatisfied_citizen_goes_to_a_supervisor_with_reason_and_words(owner: Session, agent: Access) -> None:
    order = builders.due_order(owner)
    assert record(agent, order, DISPLEASED).status == Status.DISSATISFIED
    owner.refresh(order)
    assert (order.outcome, order.satisfaction, order.solved) == (None, "dissatisfied", Solved.UNSOLVED)
    assert rows(owner, AttemptReason) == 1
    words = owner.scalars(select(Answer.value).where(Answer.question == "words")).one()
    assert words == "积水仍在"
    call = callbacks.case(agent, order_id=order.id).order.calls[0]
    assert (call.words, [reason.code for reason in call.reasons]) == ("积水仍在", ["R02"])


def test_the_last_allowed_round_that_fails_is_escalated(owner: Session, agent: Access) -> None:
    order = builders.due_order(owner, round=3)
    builders.current_round(owner, order).number = 3
    owner.commit()
    assert record(agent, order, DISPLEASED).status == Status.ESCALATED
    owner.refresh(order)
    assert order.escalated


def test_a_denied_contact_is_found_even_where_the_citizen_is_satisfied(owner: Session, agent: Access) -> None:
    order = builders.due_order(owner, unit_contacted=True, unit_contacted_at=builders.at("2026-05-12"))
    record(agent, order, Visit("1.1", SAID | {"contacted": "no"}))
    assert owner.scalars(select(Finding.kind)).all() == ["contact_denied"]


def test_silence_is_an_outcome_of_its_own(owner: Session, agent: Access, clock: Clock) -> None:
    order = builders.due_order(owner)
    for number, hour in enumerate((9, 15, 18)):
        clock.now = builders.at(f"2026-06-{16 + number}", hour)
        expected = Status.ARCHIVED if number == 2 else Status.DUE
        assert record(agent, order, NOBODY, f"form-{number}").status == expected
    owner.refresh(order)
    assert (order.outcome, order.satisfaction, order.rated) == (Outcome.UNREACHED, None, False)
    assert (order.attempts, order.called, order.reached) == (3, True, False)
    assert builders.current_round(owner, order).satisfaction is None


def test_a_number_that_does_not_exist_is_not_called_again(owner: Session, agent: Access) -> None:
    order = builders.due_order(owner)
    assert record(agent, order, Visit("4.31")).status == Status.ARCHIVED
    owner.refresh(order)
    assert order.outcome == Outcome.UNREACHED


def test_a_dissatisfied_rating_stands_although_nobody_answers(owner: Session, agent: Access) -> None:
    order = builders.due_order(owner, satisfaction=Satisfaction.DISSATISFIED, rated=True)
    builders.rating(owner, order, Satisfaction.DISSATISFIED)
    assert record(agent, order, Visit("4.31")).status == Status.DISSATISFIED
    owner.refresh(order)
    assert (order.satisfaction, order.reached) == (Satisfaction.DISSATISFIED, False)
    assert builders.current_round(owner, order).satisfaction == Satisfaction.DISSATISFIED


def test_silence_after_rework_takes_nothing_back(owner: Session, agent: Access) -> None:
    unit = builders.department(owner)
    order = builders.returned_order(owner, unit)
    order.status, order.round_closed_at = Status.DUE, builders.at("2026-06-12")
    builders.current_round(owner, order).closed_at = builders.at("2026-06-12")
    owner.commit()
    assert record(agent, order, Visit("4.31")).status == Status.ARCHIVED
    owner.refresh(order)
    assert (order.outcome, order.satisfaction) == (Outcome.DISSATISFIED, Satisfaction.DISSATISFIED)
    assert builders.current_round(owner, order).satisfaction is None


def test_what_the_citizen_says_on_the_telephone_counts_more_than_the_rating_before(
    owner: Session, agent: Access
) -> None:
    order = builders.due_order(owner, satisfaction=Satisfaction.DISSATISFIED, rated=True)
    builders.rating(owner, order, Satisfaction.DISSATISFIED)
    assert record(agent, order, PLEASED).status == Status.ARCHIVED
    owner.refresh(order)
    assert order.satisfaction == Satisfaction.SATISFIED
    assert rows(owner, Rating) == 2


def test_nothing_is_written_where_something_is_missing(owner: Session, agent: Access) -> None:
    order = builders.due_order(owner)
    with pytest.raises(Invalid) as refused:
        record(agent, order, Visit("1.1", ANGRY))
    assert refused.value.problems == {"reasons": "required", "words": "required"}
    assert rows(owner, Attempt) == 0
    owner.refresh(order)
    assert (order.status, order.attempts) == (Status.DUE, 0)


@pytest.mark.parametrize("status", [Status.CLOSED, Status.DISSATISFIED, Status.ARCHIVED])
def test_only_an_order_that_is_due_is_called(owner: Session, agent: Access, status: Status) -> None:
    outcome = Outcome.UNASKED if status == Status.ARCHIVED else None
    order = builders.closed_order(owner, status=status, outcome=outcome)
    with pytest.raises(IllegalMove):
        record(agent, order, PLEASED)


def test_a_form_drawn_before_somebody_else_called_is_refused_and_says_why(
    owner: Session, environment: Environment, agent: Access
) -> None:
    order = builders.due_order(owner)
    seen = callbacks.case(agent, order_id=order.id).order.version
    record(builders.door(environment, builders.person(owner, name="测试·乙")), order, NOBODY)
    with pytest.raises(Stale) as refused:
        record(agent, order, PLEASED, "form-2", seen=seen)
    assert [(change.action, change.actor) for change in refused.value.changes] == [("callback.recorded", "测试·乙")]
    assert rows(owner, Attempt) == 1


def test_the_same_form_sent_again_gives_the_same_receipt(owner: Session, agent: Access) -> None:
    order = builders.due_order(owner)
    first = record(agent, order, PLEASED, seen=1)
    again = record(agent, order, PLEASED, seen=1)
    assert again.repeated
    assert (again.order_id, again.version, again.status) == (first.order_id, first.version, first.status)
    assert (rows(owner, Attempt), rows(owner, Rating), rows(owner, Answer)) == (1, 1, 4)
    other = builders.due_order(owner)
    with pytest.raises(Conflict):
        record(agent, other, PLEASED)


@pytest.mark.every_server
def test_a_double_click_writes_one_call(owner: Session, agent: Access) -> None:
    for number in range(5):
        order = builders.due_order(owner)
        with ThreadPoolExecutor(3) as threads:
            sent = [threads.submit(record, agent, order, PLEASED, f"form-{number}", seen=1) for _ in range(3)]
            receipts = [one.result() for one in sent]
        assert sorted(receipt.repeated for receipt in receipts) == [False, True, True]
        assert {receipt.version for receipt in receipts} == {2}
        assert owner.scalar(select(func.count()).where(Attempt.order_id == order.id)) == 1


@pytest.mark.every_server
def test_two_agents_who_call_about_one_order_write_one_call(
    owner: Session, environment: Environment, agent: Access
) -> None:
    order = builders.due_order(owner)
    other = builders.access(owner, environment, Role.AGENT)
    with ThreadPoolExecutor(2) as threads:
        sent = [
            threads.submit(record, whom, order, PLEASED, f"form-{whom.actor.id}", seen=1) for whom in (agent, other)
        ]
    failed = [one.exception() for one in sent if one.exception()]
    assert [type(refusal) for refusal in failed] == [Stale]
    assert rows(owner, Attempt) == 1


def test_a_number_is_shown_only_on_the_record(owner: Session, agent: Access) -> None:
    order = builders.due_order(owner, phone="138-0000-0000")
    with pytest.raises(Invalid) as refused:
        callbacks.reveal_contact(agent, order_id=order.id, reason=" ", request_id="look-1")
    assert refused.value.problems == {"reveal_reason": "required"}
    assert (
        callbacks.reveal_contact(agent, order_id=order.id, reason="回访", request_id="look-1").phone == "138-0000-0000"
    )
    assert callbacks.reveal_contact(agent, order_id=order.id, reason="回访", request_id="look-1").repeated
    events = owner.scalars(select(EventRow).where(EventRow.action == Event.CONTACT_REVEALED)).all()
    assert len(events) == 1
    assert "回访" in events[0].body
    assert "138" not in events[0].body


def test_a_department_reveals_its_own_numbers_and_no_other(owner: Session, environment: Environment) -> None:
    mine, theirs = builders.department(owner), builders.department(owner)
    unit = builders.access(owner, environment, Role.UNIT, at=mine)
    order = builders.due_order(owner, mine)
    assert callbacks.reveal_contact(unit, order_id=order.id, reason="联系", request_id="a").phone
    with pytest.raises(NotFound):
        callbacks.reveal_contact(unit, order_id=builders.due_order(owner, theirs).id, reason="联系", request_id="b")


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.ASSESSOR, Role.ADMIN, Role.VIEWER])
def test_only_agents_write_calls_down(owner: Session, environment: Environment, role: Role) -> None:
    order = builders.due_order(owner)
    with pytest.raises(NotAllowed):
        callbacks.record_callback(
            builders.access(owner, environment, role), order_id=order.id, seen=1, visit=PLEASED, request_id="form-1"
        )


def test_every_round_holds_its_own_rating(owner: Session, agent: Access) -> None:
    """The rating belongs to the round and to the department that was responsible then."""
    mine, theirs = builders.department(owner), builders.department(owner)
    order = builders.returned_order(owner, mine)
    order.status, order.department_id = Status.DUE, theirs.id
    order.round_closed_at = builders.at("2026-06-12")
    last = builders.current_round(owner, order)
    owner.execute(Round.__table__.update().where(Round.id == last.id).values(closed_at=builders.at("2026-06-12")))
    owner.commit()
    record(agent, order, PLEASED)
    owner.refresh(order)
    assert order.counted_department_id == mine.id
    assert set(owner.scalars(select(Rating.department_id))) == {mine.id}
