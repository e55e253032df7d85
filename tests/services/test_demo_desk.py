"""The callback desk of the demo: every call was allowed, every case says what its calls say, the morning is full."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import pytest
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from db.callbacks import (
    AgentDay,
    AgentOutcome,
    Appointment,
    CallbackCase,
    OptOut,
    OtherNumber,
    OutcomeCount,
    Recode,
    RecodeReason,
    Referral,
)
from db.orders import Attempt, AttemptReason, Contact, Order, Round
from db.people import Person, PersonSkill
from db.reference import CalendarDay, CallbackPolicy, Disposition, Skill
from db.vocabulary import Satisfaction, Status
from services.rules import attempts, callback_policy
from services.rules.deadlines import CITY, Calendar, Day
from services.rules.dispositions import Disposition as Ending
from services.rules.dispositions import Tried, next_number, resolve
from tests import servers
from tests.services.test_demo import END, fill_demo, prepare


@pytest.fixture(scope="module")
def filled(server: servers.TestServer) -> Iterator[Session]:
    """A session of the owner on a database that holds a demo of more orders; it is only read."""
    name = server.fresh_database("reference", prepare)
    fill_demo(server.address(name, "portal_login"), orders=1500)
    engine = create_engine(server.address(name))
    with Session(engine) as session:
        yield session
    engine.dispose()


def test_every_call_was_one_that_the_policy_allowed(filled: Session) -> None:
    policy, last_day = _policy(filled)
    endings, numbers = _endings(filled), _numbers(filled)
    rounds = {row.id: row for row in filled.scalars(select(Round))}
    calls = _calls(filled)
    for round_id, made in calls.items():
        turn, history = rounds[round_id], list[Tried]()
        assert turn.closed_at is not None
        of_order = numbers[turn.order_id]
        for call in made:
            ended_on = last_day(turn.closed_at.astimezone(CITY).date())
            blocked = attempts.may_call(history, policy, call.started_at, ended_on, numbers=of_order)
            assert blocked is None, (turn.order_id, blocked)
            assert call.number == next_number(history, of_order)
            assert call.day_part == attempts.day_part(policy, call.started_at)
            tried = Tried(endings[call.disposition_id], call.started_at, call.number)
            step = attempts.after_attempt(history, tried, policy, ended_on, numbers=of_order).step
            assert call.settled == (step != attempts.Step.AGAIN)
            assert call.on_time is (True if call.settled else None)
            history.append(tried)
    assert sum(len(made) for made in calls.values()) > 900
    assert {call.number for made in calls.values() for call in made} >= {1, 2}


def test_every_case_says_what_its_calls_amount_to(filled: Session) -> None:
    endings, calls = _endings(filled), _calls(filled)
    orders = {row.id: row for row in filled.scalars(select(Order))}
    rounds = {(row.order_id, row.number): row for row in filled.scalars(select(Round))}
    cases = {(row.order_id, row.round): row for row in filled.scalars(select(CallbackCase))}
    assert {key for key, row in rounds.items() if row.id in calls} <= set(cases)
    for key, case in cases.items():
        turn, order = rounds[key], orders[key[0]]
        made = calls.get(turn.id, [])
        group = resolve(endings[call.disposition_id].group for call in made)
        assert (case.aapor_group, case.attempts, case.closed_at) == (group, len(made), turn.closed_at)
        assert case.open == (order.status == Status.DUE and case.round == order.round)
        assert case.needs == ([order.language] if order.language else [])
        if made:
            decided = [call for call in made if endings[call.disposition_id].group == group][-1]
            said = (decided.agent_id, decided.day_part, decided.satisfaction)
            assert (case.agent_id, case.day_part, case.satisfaction) == said
        settled = made[-1].settled if made else False
        assert (case.done_as is not None, case.done_at is not None) == (settled, settled)
        assert case.open == (not settled)


def test_the_counters_of_the_year_are_full(filled: Session) -> None:
    made = filled.scalar(select(func.count()).select_from(Attempt))
    day = select(func.sum(AgentDay.calls), func.sum(AgentDay.timed), func.sum(AgentDay.settled))
    assert filled.execute(day).one()[:2] == (made, made)
    cases = select(func.count()).select_from(CallbackCase)
    counted = filled.scalar(select(func.sum(OutcomeCount.cases)))
    assert counted == filled.scalar(cases.where(CallbackCase.department_id.is_not(None)))
    decided = filled.scalar(cases.where(CallbackCase.decided_on.is_not(None)))
    assert filled.scalar(select(func.sum(AgentOutcome.cases))) == decided


def test_who_needs_a_language_was_called_by_somebody_who_speaks_it(filled: Session) -> None:
    speaks: dict[int, set[str]] = defaultdict(set)
    for person, code in filled.execute(
        select(PersonSkill.person_id, Skill.code).join(Skill, Skill.id == PersonSkill.skill_id)
    ):
        speaks[person].add(code)
    needed = filled.execute(
        select(Order.language, Attempt.agent_id)
        .join(Attempt, Attempt.order_id == Order.id)
        .where(Order.language.is_not(None))
    ).all()
    assert len(needed) > 20
    assert all(language in speaks[agent] for language, agent in needed)


def test_one_of_eight_agents_stands_out(filled: Session) -> None:
    shares = {
        name: dissatisfied / answered
        for name, dissatisfied, answered in filled.execute(
            select(Person.name, func.sum(AgentDay.dissatisfied), func.sum(AgentDay.complete + AgentDay.partial))
            .join(Person, Person.id == AgentDay.agent_id)
            .group_by(Person.name)
        )
    }
    assert len(shares) == 8
    lowest, second = sorted(shares.values())[:2]
    assert lowest == shares["测试·回访员戊"]
    assert lowest < second / 1.5


def test_the_first_morning_has_cases_of_every_kind_that_may_be_called_about(filled: Session) -> None:
    _, last_day = _policy(filled)
    waiting = filled.scalars(select(CallbackCase).where(CallbackCase.open)).all()
    assert len(waiting) >= 15
    ended = [last_day(case.closed_on) for case in waiting]
    assert all(day is not None and day >= END.date() for day in ended)
    assert sum(case.urgent for case in waiting) >= 2
    assert sum(case.round > 1 for case in waiting) >= 2
    assert {need for case in waiting for need in case.needs} == {"yue", "en"}
    assert sum(case.attempts > 0 for case in waiting) >= 4
    phones = Counter(filled.scalars(select(OtherNumber.position)))
    assert phones[2] > phones[3] > 0


def test_appointments_lie_in_the_calling_hours_before_the_last_day_of_their_case(filled: Session) -> None:
    policy, last_day = _policy(filled)
    booked = filled.execute(
        select(Appointment, CallbackCase).join(
            CallbackCase,
            (CallbackCase.order_id == Appointment.order_id) & (CallbackCase.round == Appointment.round),
        )
    ).all()
    days = Counter((one.at.astimezone(CITY).date() - END.date()).days for one, _ in booked)
    assert days[0] >= 2
    assert days[1] >= 1
    for one, case in booked:
        assert attempts.day_part(policy, one.at) is not None
        assert one.at.astimezone(CITY).date() <= (last_day(case.closed_on) or date.max)
        assert (case.appointment_at, case.appointment_for) == (one.at, one.agent_id)
        assert case.open
        assert one.booked_at < END
    assert any(one.agent_id is None for one, _ in booked)
    assert any(one.agent_id is not None for one, _ in booked)


def test_a_question_waits_for_a_supervisor_and_two_citizens_opted_out(filled: Session) -> None:
    question = filled.scalars(select(Referral).where(Referral.answered_at.is_(None))).one()
    case = filled.scalars(select(CallbackCase).where(CallbackCase.referred)).one()
    assert (case.order_id, case.round, case.open) == (question.order_id, question.round, True)
    opted = filled.scalars(select(OptOut)).all()
    assert len({one.kind for one in opted}) == 2
    for one in opted:
        assert one.order_id is not None
        assert filled.get_one(Contact, one.order_id).phone == one.phone
        assert filled.get_one(Order, one.order_id).status != Status.DUE


def test_supervisors_read_some_reasons_again_and_seldom_otherwise(filled: Session) -> None:
    wrote, read = defaultdict(set), defaultdict(set)
    for row in filled.scalars(select(AttemptReason)):
        wrote[row.attempt_id].add(row.reason_id)
    for again in filled.scalars(select(RecodeReason)):
        read[again.recode_id].add(again.reason_id)
    found = filled.scalars(select(Recode)).all()
    assert len(found) > 10
    assert all(one.agrees == (wrote[one.attempt_id] == read[one.id]) for one in found)
    assert 0 < sum(not one.agrees for one in found) < len(found) / 2
    calls = {call.id: call for made in _calls(filled).values() for call in made}
    assert {calls[one.attempt_id].satisfaction for one in found} == {Satisfaction.DISSATISFIED}
    assert all(calls[one.attempt_id].recorded_at < one.recoded_at <= END for one in found)


# ----------------------------------------------------------------------------------------------------------------------


def _policy(session: Session) -> tuple[callback_policy.CallbackPolicy, "_LastDay"]:
    until = CallbackPolicy.effective_from < END.date()
    policy = callback_policy.parse(session.scalars(select(CallbackPolicy.document).where(until)).one())
    rows = session.scalars(
        select(CalendarDay).where(CalendarDay.day > END.date() - timedelta(days=400)).order_by(CalendarDay.day)
    )
    return policy, _LastDay(policy, Calendar.of(Day.of(row.day, row.kind, row.holiday) for row in rows))


class _LastDay:
    """Tells the last day on which a round that was closed on a day may be called about."""

    def __init__(self, policy: callback_policy.CallbackPolicy, calendar: Calendar) -> None:
        self._policy, self._calendar = policy, calendar

    def __call__(self, closed_on: date) -> date | None:
        noon = END.replace(year=closed_on.year, month=closed_on.month, day=closed_on.day, hour=12)
        return attempts.last_day_of(self._policy, noon, self._calendar)


def _endings(session: Session) -> Mapping[int, Ending]:
    return {
        row.id: Ending(
            row.code,
            row.aapor_group,
            final=row.final,
            contacted=row.contacted,
            retry_minutes=row.retry_minutes,
            another_number=row.another_number,
            refusal=row.refusal,
        )
        for row in session.scalars(select(Disposition))
    }


def _numbers(session: Session) -> Mapping[int, int]:
    further = Counter(session.scalars(select(OtherNumber.order_id)))
    return {order: 1 + further[order] for order in session.scalars(select(Order.id))}


def _calls(session: Session) -> Mapping[int, list[Attempt]]:
    found: dict[int, list[Attempt]] = {}
    for call in session.scalars(select(Attempt).order_by(Attempt.started_at)):
        found.setdefault(call.round_id, []).append(call)
    return found
