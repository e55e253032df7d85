"""Correcting a call: who may, until when, and that the order, the case and every count are as if it had been right."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.callbacks import AgentDay, AgentOutcome, CallbackCase, OutcomeCount, Recode
from db.orders import Attempt, Order, Rating
from db.records import DailyCount, EventRow
from db.vocabulary import CaseEnd, Event, Outcome, Role, Satisfaction, Solved, Status
from services import callback_queue, callbacks, orders, reviews
from services.access import Access
from services.callback_counters import verify_counters
from services.environment import Environment
from services.errors import Conflict, IllegalMove, Invalid, MayNotCall, NotAllowed, Stale
from services.rules.survey import Visit
from services.trail import check_chain
from services.views import Receipt
from tests import builders
from tests.services.conftest import Clock

SAID = {"contacted": "yes", "solved": "solved", "result": "satisfied", "attitude": "satisfied"}
PLEASED = Visit("1.1", SAID)
DISPLEASED = Visit("1.1", SAID | {"solved": "unsolved", "result": "dissatisfied"}, ("R02",), "积水仍在")
NOBODY = Visit("3.13")
DEAD = Visit("4.31")


@pytest.fixture
def agent(owner: Session, environment: Environment) -> Access:
    """A callback agent at the door."""
    return builders.access(owner, environment, Role.AGENT)


def record(agent: Access, order: Order, visit: Visit, request_id: str = "form-1", **more: Any) -> Receipt:
    seen = callbacks.case(agent, order_id=order.id).order.version
    return callbacks.record_callback(
        agent, order_id=order.id, **({"seen": seen, "visit": visit, "request_id": request_id} | more)
    )


def correct(agent: Access, wrong: Receipt, visit: Visit, request_id: str = "again-1", **more: Any) -> Receipt:
    assert wrong.attempt_id is not None
    facts = {"seen": wrong.version, "visit": visit, "request_id": request_id} | more
    return callbacks.correct_callback(agent, attempt_id=wrong.attempt_id, **facts)


def case_of(owner: Session, order: Order) -> CallbackCase:
    owner.expire_all()
    return owner.scalars(select(CallbackCase).where(CallbackCase.order_id == order.id)).one()


def check_the_counters(owner: Session, environment: Environment) -> None:
    found = verify_counters(builders.access(owner, environment, Role.SUPERVISOR))
    assert found.differences == ()


def test_a_dissatisfied_call_becomes_a_satisfied_one_and_both_are_kept(
    owner: Session, environment: Environment, agent: Access, clock: Clock
) -> None:
    unit = builders.department(owner)
    order = builders.due_order(owner, unit)
    wrong = record(agent, order, DISPLEASED, hands_ms=21_000)
    clock.now += timedelta(minutes=4)
    right = correct(agent, wrong, PLEASED)
    assert (right.status, right.version, right.repeated) == (Status.ARCHIVED, wrong.version + 1, False)
    owner.refresh(order)
    assert (order.outcome, order.satisfaction, order.solved) == ("satisfied", "satisfied", "solved")
    assert (order.attempts, order.reached, order.rated) == (1, True, True)
    current = builders.current_round(owner, order)
    assert (current.settled_at, current.satisfaction) == (clock.now, Satisfaction.SATISFIED)
    first, second = owner.scalars(select(Attempt).order_by(Attempt.id)).all()
    assert (second.corrects_id, second.started_at, second.hands_ms) == (first.id, first.started_at, 21_000)
    assert owner.scalar(select(func.count()).select_from(Rating)) == 2
    kept = case_of(owner, order)
    assert (kept.open, kept.attempts, kept.aapor_group, kept.done_as) == (False, 1, "I", CaseEnd.ANSWERED)
    assert kept.satisfaction == Satisfaction.SATISFIED
    day = owner.scalars(select(AgentDay)).one()
    assert (day.calls, day.complete, day.satisfied, day.dissatisfied) == (1, 1, 1, 0)
    assert (day.settled, day.hands_ms, day.timed) == (1, 21_000, 1)
    counted = owner.execute(select(DailyCount.satisfied, DailyCount.dissatisfied, DailyCount.reached)).all()
    assert [tuple(row) for row in counted if any(row)] == [(1, 0, 1)]
    check_the_counters(owner, environment)


def test_the_story_shows_the_corrected_call_and_counts_only_the_other(
    owner: Session, environment: Environment, agent: Access, clock: Clock
) -> None:
    order = builders.due_order(owner)
    wrong = record(agent, order, DISPLEASED)
    clock.now += timedelta(minutes=4)
    right = correct(agent, wrong, PLEASED)
    story = callbacks.case(agent, order_id=order.id).order
    assert [(call.id, call.corrects, call.corrected_at) for call in story.calls] == [
        (wrong.attempt_id, None, clock.now),
        (right.attempt_id, wrong.attempt_id, None),
    ]
    assert [(one.satisfaction, one.counts) for one in story.ratings] == [(Satisfaction.SATISFIED, True)]
    told = orders.view(builders.access(owner, environment, Role.SUPERVISOR), order_id=order.id).chapters[0].ratings
    assert [(one.satisfaction, one.counts, one.corrected) for one in told] == [
        (Satisfaction.DISSATISFIED, False, True),
        (Satisfaction.SATISFIED, True, False),
    ]
    assert callbacks.case(agent, order_id=order.id).attempts_made == 1


def test_the_trail_tells_what_was_said_before_and_after(owner: Session, agent: Access, clock: Clock) -> None:
    order = builders.due_order(owner)
    clock.now += timedelta(minutes=1)
    correct(agent, record(agent, order, DISPLEASED), PLEASED)
    body = owner.scalars(select(EventRow.body).where(EventRow.action == Event.CALLBACK_CORRECTED)).one()
    assert '"before":{"attempt":1,"attempts":1,"disposition":"1.1","reached":true,"reasons":"R02"' in body
    assert '"move":"please"' in body


def test_an_answer_becomes_silence_and_the_order_is_due_again(
    owner: Session, environment: Environment, agent: Access, clock: Clock
) -> None:
    order = builders.due_order(owner, builders.department(owner))
    wrong = record(agent, order, PLEASED)
    clock.now += timedelta(minutes=2)
    assert correct(agent, wrong, NOBODY).status == Status.DUE
    owner.refresh(order)
    assert (order.outcome, order.satisfaction, order.solved, order.rated) == (None, None, None, False)
    assert (order.attempts, order.called, order.reached) == (1, True, False)
    current = builders.current_round(owner, order)
    assert (current.settled_at, current.satisfaction) == (None, None)
    kept = case_of(owner, order)
    assert (kept.open, kept.attempts, kept.aapor_group, kept.done_at, kept.done_as) == (True, 1, "NC", None, None)
    assert kept.ready_at == builders.at("2026-06-15", 14)
    check_the_counters(owner, environment)
    clock.now = builders.at("2026-06-15", 15)
    assert record(agent, order, PLEASED, "form-2").status == Status.ARCHIVED
    check_the_counters(owner, environment)


def test_a_dissatisfied_rating_of_the_citizens_own_stands_again(owner: Session, agent: Access, clock: Clock) -> None:
    order = builders.due_order(owner, satisfaction=Satisfaction.DISSATISFIED, rated=True)
    builders.rating(owner, order, Satisfaction.DISSATISFIED)
    wrong = record(agent, order, PLEASED)
    clock.now += timedelta(minutes=2)
    assert correct(agent, wrong, DEAD).status == Status.DISSATISFIED
    owner.refresh(order)
    assert (order.satisfaction, order.solved, order.reached) == (Satisfaction.DISSATISFIED, None, False)
    assert builders.current_round(owner, order).satisfaction == Satisfaction.DISSATISFIED


def test_what_the_round_before_said_counts_again(owner: Session, agent: Access, clock: Clock) -> None:
    unit = builders.department(owner)
    order = builders.returned_order(owner, unit)
    order.status, order.round_closed_at = Status.DUE, builders.at("2026-06-12")
    builders.current_round(owner, order).closed_at = builders.at("2026-06-12")
    owner.commit()
    wrong = record(agent, order, PLEASED)
    clock.now += timedelta(minutes=2)
    assert correct(agent, wrong, DEAD).status == Status.ARCHIVED
    owner.refresh(order)
    assert (order.outcome, order.satisfaction, order.solved) == (
        Outcome.DISSATISFIED,
        Satisfaction.DISSATISFIED,
        Solved.UNSOLVED,
    )
    assert (order.attempts, order.reached) == (2, True)


def test_an_escalation_by_mistake_is_taken_back(owner: Session, agent: Access, clock: Clock) -> None:
    order = builders.due_order(owner, round=3)
    builders.current_round(owner, order).number = 3
    owner.commit()
    wrong = record(agent, order, DISPLEASED)
    assert wrong.status == Status.ESCALATED
    clock.now += timedelta(minutes=2)
    assert correct(agent, wrong, PLEASED).status == Status.ARCHIVED
    owner.refresh(order)
    assert not order.escalated


def test_the_reasons_and_findings_of_what_was_corrected_are_nobodys_any_more(
    owner: Session, environment: Environment, agent: Access, clock: Clock
) -> None:
    claimed = builders.at("2026-06-10")
    order = builders.due_order(owner, builders.department(owner), unit_contacted=True, unit_contacted_at=claimed)
    denied = Visit("1.1", {**DISPLEASED.answers, "contacted": "no"}, ("R01", "R02"), "没人联系过")
    wrong = record(agent, order, denied)
    clock.now += timedelta(minutes=2)
    correct(agent, wrong, DISPLEASED)
    supervisor = builders.access(owner, environment, Role.SUPERVISOR)
    found = reviews.review_case(supervisor, order_id=order.id)
    assert [reason.code for reason in found.reasons] == ["R02"]
    assert not found.contact_denied


def test_a_correction_is_corrected_within_the_same_minutes(
    owner: Session, environment: Environment, agent: Access, clock: Clock
) -> None:
    order = builders.due_order(owner, builders.department(owner))
    first = record(agent, order, DISPLEASED)
    clock.now += timedelta(minutes=6)
    second = correct(agent, first, NOBODY)
    clock.now += timedelta(minutes=3)
    third = correct(agent, second, PLEASED, "again-2")
    assert third.status == Status.ARCHIVED
    owner.refresh(order)
    assert order.attempts == 1
    check_the_counters(owner, environment)
    clock.now += timedelta(minutes=2)
    with pytest.raises(Conflict) as refused:
        correct(agent, third, NOBODY, "again-3")
    assert (refused.value.code, refused.value.facts) == ("error.correction_too_late", {"minutes": 10})


def test_what_may_be_corrected_is_listed_for_whoever_recorded_it(
    owner: Session, environment: Environment, agent: Access, clock: Clock
) -> None:
    orders_due = [builders.due_order(owner, builders.department(owner)) for _ in range(3)]
    begun = clock.now
    calls = []
    for number, visit in enumerate((NOBODY, DISPLEASED, PLEASED)):
        clock.now = begun + timedelta(minutes=number)
        calls.append(record(agent, orders_due[number], visit, f"form-{number}"))
    listed = callbacks.correctable_calls(agent)
    assert [one.attempt_id for one in listed] == [one.attempt_id for one in reversed(calls)]
    assert (listed[0].ended.code, listed[0].until) == ("1.1", clock.now + timedelta(minutes=10))
    assert callbacks.correctable_calls(builders.access(owner, environment, Role.AGENT)) == ()
    supervisor = builders.access(owner, environment, Role.SUPERVISOR)
    told = {"reason": "经核实,诉求超出职责范围,已向市民解释清楚并取得理解,予以归档。", "request_id": "archive-1"}
    reviews.archive(supervisor, order_id=calls[1].order_id, seen=calls[1].version, **told)
    corrected = correct(agent, calls[2], NOBODY)
    assert [one.attempt_id for one in callbacks.correctable_calls(agent)] == [corrected.attempt_id, calls[0].attempt_id]
    clock.now = begun + timedelta(minutes=11)
    left = callbacks.correctable_calls(agent)
    assert [(one.attempt_id, one.until) for one in left] == [(corrected.attempt_id, begun + timedelta(minutes=12))]


def test_sent_again_a_correction_is_one(owner: Session, agent: Access, clock: Clock) -> None:
    order = builders.due_order(owner)
    wrong = record(agent, order, DISPLEASED)
    clock.now += timedelta(minutes=2)
    first, again = (correct(agent, wrong, PLEASED) for _ in range(2))
    assert again.repeated
    assert (again.version, again.attempt_id) == (first.version, first.attempt_id)
    assert owner.scalar(select(func.count()).select_from(Attempt)) == 2


def test_a_correction_says_what_is_missing_and_changes_nothing(owner: Session, agent: Access, clock: Clock) -> None:
    order = builders.due_order(owner)
    wrong = record(agent, order, PLEASED)
    clock.now += timedelta(minutes=2)
    with pytest.raises(Invalid) as refused:
        correct(agent, wrong, Visit("1.1", SAID | {"result": "dissatisfied"}))
    assert refused.value.problems == {"reasons": "required", "words": "required"}
    owner.refresh(order)
    assert (order.status, order.version) == (Status.ARCHIVED, wrong.version)


def test_nobody_corrects_the_call_of_a_colleague(
    owner: Session, environment: Environment, agent: Access, clock: Clock
) -> None:
    wrong = record(agent, builders.due_order(owner), DISPLEASED)
    with pytest.raises(Conflict) as refused:
        correct(builders.access(owner, environment, Role.AGENT), wrong, PLEASED)
    assert refused.value.code == "error.correction_not_yours"
    with pytest.raises(NotAllowed):
        correct(builders.access(owner, environment, Role.SUPERVISOR), wrong, PLEASED)


def test_only_the_latest_call_is_corrected(owner: Session, agent: Access, clock: Clock) -> None:
    order = builders.due_order(owner)
    wrong = record(agent, order, NOBODY, started_at=clock.now)
    clock.now = builders.at("2026-06-15", 14)
    last = record(agent, order, NOBODY, "form-2")
    with pytest.raises(Conflict) as refused:
        correct(agent, wrong, PLEASED, seen=last.version)
    assert refused.value.code == "error.correction_not_latest"


def test_what_a_supervisor_has_decided_on_stays(
    owner: Session, environment: Environment, agent: Access, clock: Clock
) -> None:
    supervisor = builders.access(owner, environment, Role.SUPERVISOR)
    archived, returned, read = (builders.due_order(owner, builders.department(owner)) for _ in range(3))
    calls = [record(agent, one, DISPLEASED, f"form-{one.id}") for one in (archived, returned, read)]
    form = {"order_id": archived.id, "seen": calls[0].version, "request_id": "decision-1"}
    done = reviews.archive(supervisor, reason="经核实,诉求超出职责范围,已向市民解释清楚并取得理解,予以归档。", **form)
    with pytest.raises(Conflict) as refused:
        correct(agent, calls[0], PLEASED, seen=done.version)
    assert refused.value.code == "error.correction_decided"
    form = {"order_id": returned.id, "seen": calls[1].version, "request_id": "decision-2"}
    done = reviews.return_for_rework(supervisor, reason="R02", instruction="请到现场核实后再答复市民。", days=5, **form)
    with pytest.raises(IllegalMove):
        correct(agent, calls[1], PLEASED, seen=done.version)
    with pytest.raises(Stale):
        correct(agent, calls[1], PLEASED)
    last = builders.current_round(owner, read)
    owner.add(
        Recode(
            order_id=read.id,
            round_id=last.id,
            department_id=last.department_id,
            attempt_id=calls[2].attempt_id,
            agrees=True,
            recoded_by=supervisor.actor.id,
            recoded_at=clock.now,
            request_id="reading-1",
        )
    )
    owner.commit()
    with pytest.raises(Conflict) as refused:
        correct(agent, calls[2], PLEASED)
    assert refused.value.code == "error.correction_decided"


def test_a_case_that_a_colleague_has_taken_is_not_corrected_meanwhile(
    owner: Session, environment: Environment, agent: Access
) -> None:
    order = builders.due_order(owner)
    wrong = record(agent, order, NOBODY)
    callback_queue.take_case(builders.access(owner, environment, Role.AGENT), order_id=order.id, request_id="take-1")
    with pytest.raises(MayNotCall) as refused:
        correct(agent, wrong, PLEASED)
    assert refused.value.why == "held_by_other"


@pytest.mark.every_server
def test_where_an_agent_corrects_and_a_supervisor_decides_at_once_one_of_them_wins(
    owner: Session, environment: Environment, agent: Access, clock: Clock
) -> None:
    unit = builders.department(owner)
    supervisor = builders.access(owner, environment, Role.SUPERVISOR)
    for number in range(6):
        order = builders.due_order(owner, unit)
        wrong = record(agent, order, DISPLEASED, f"form-{number}")
        clock.now += timedelta(minutes=1)
        form = {"order_id": order.id, "seen": wrong.version, "request_id": f"return-{number}"}
        told = {"reason": "R02", "instruction": "请到现场核实后再答复市民。", "days": 5}
        with ThreadPoolExecutor(3) as threads:
            sent = [
                threads.submit(correct, agent, wrong, PLEASED, f"again-{number}"),
                threads.submit(reviews.return_for_rework, supervisor, **told, **form),
                threads.submit(correct, agent, wrong, NOBODY, f"once-more-{number}"),
            ]
        assert [type(one.exception()) for one in sent if one.exception()] == [Stale, Stale]
        owner.refresh(order)
        assert order.version == wrong.version + 1
    check_the_counters(owner, environment)
    assert check_chain(supervisor).whole


def test_what_was_counted_of_a_case_is_moved_not_added(
    owner: Session, environment: Environment, agent: Access, clock: Clock
) -> None:
    order = builders.due_order(owner, builders.department(owner))
    wrong = record(agent, order, DISPLEASED)
    clock.now += timedelta(minutes=2)
    correct(agent, wrong, NOBODY)
    cells = owner.execute(select(OutcomeCount.aapor_group, OutcomeCount.attempts, OutcomeCount.cases)).all()
    assert [tuple(row) for row in cells if row.cases] == [("NC", 1, 1)]
    cells = owner.execute(select(AgentOutcome.aapor_group, AgentOutcome.satisfaction, AgentOutcome.cases)).all()
    assert [tuple(row) for row in cells if row.cases] == [("NC", "", 1)]
