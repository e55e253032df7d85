"""Figures of the callback desk are what hand-made calls and cases amount to, each with numerator and denominator."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from db.callbacks import AgentDay, AgentOutcome, CallbackCase, OutcomeCount
from db.people import Person
from db.vocabulary import DepartmentKind, Role, Satisfaction
from services import agent_figures, callback_counters, callback_figures
from services.agent_figures import AgentTable, Compared
from services.callback_figures import OutcomeTable, Segment
from services.environment import Environment
from services.errors import Invalid, NotAllowed, NotFound
from services.rules.funnel import Place
from services.rules.interviewer_effect import Size
from tests import builders
from tests.figure_rows import call, case

JUNE = {"first": date(2026, 6, 1), "last": date(2026, 6, 30)}


def rate(table: OutcomeTable, name: str) -> tuple[int, int, int]:
    found = table.total[name]
    return found.part.numerator, found.part.denominator, found.excluded


@pytest.fixture
def agent(owner: Session) -> Person:
    """An agent of the desk."""
    return builders.person(owner, Role.AGENT)


# Outcome rates --------------------------------------------------------------------------------------------------------


def test_every_rate_has_its_numerator_its_denominator_and_what_was_left_out(
    owner: Session, environment: Environment, agent: Person
) -> None:
    unit = builders.department(owner)
    for group, cases in {"I": 5, "P": 3, "R": 2, "NC": 1, "O": 2, "UO": 1, "NE": 1}.items():
        for _ in range(cases):
            case(owner, unit, group, agent=agent)
    case(owner, unit)

    found = callback_figures.outcome_figures(builders.access(owner, environment, Role.VIEWER), **JUNE)

    names = "RR1 RR2 RR3 RR4 RR5 RR6 COOP1 COOP2 COOP3 COOP4 REF1 REF2 REF3 CON1 CON2 CON3"
    assert [one.name for one in found.total.rates] == names.split()
    assert rate(found, "RR1") == rate(found, "RR3") == (5, 15, 1)
    assert rate(found, "RR6") == (8, 13, 1)
    assert rate(found, "COOP4") == (8, 10, 1)
    assert rate(found, "REF2") == (2, 15, 1)
    assert rate(found, "CON1") == (12, 15, 1)
    part = found.total["RR1"].part
    assert (part.percent, part.too_few) == (Decimal("33.33"), True)
    assert part.interval is not None
    assert found.basis.rules.startswith("guangzhou/")


def test_of_nothing_there_is_no_rate_and_no_line(owner: Session, environment: Environment) -> None:
    access = builders.access(owner, environment, Role.VIEWER)
    for by in Segment:
        found = callback_figures.outcome_figures(access, **JUNE, by=by)
        assert (found.lines, found.attempts) == ((), ())
        assert {one.part.percent for one in found.total.rates} == {None}
    assert callback_figures.figure_choices(access).units == ()


def test_cases_are_those_of_rounds_that_were_closed_in_the_period(
    owner: Session, environment: Environment, agent: Person
) -> None:
    unit = builders.department(owner)
    case(owner, unit, "I", agent=agent, closed_at=builders.at("2026-05-31", 23, 59), decided_on=date(2026, 6, 2))
    case(owner, unit, "R", agent=agent, closed_at=builders.at("2026-06-01", 0, 0), decided_on=date(2026, 6, 2))
    access = builders.access(owner, environment, Role.VIEWER)
    june = callback_figures.outcome_figures(access, **JUNE)
    assert (june.total.outcomes.complete, june.total.outcomes.refused) == (0, 1)
    may = callback_figures.outcome_figures(access, first=date(2026, 5, 1), last=date(2026, 5, 31))
    assert (may.total.outcomes.complete, may.total.outcomes.refused) == (1, 0)


def test_units_and_parts_of_the_day_stand_apart_and_an_untried_case_belongs_to_no_part(
    owner: Session, environment: Environment, agent: Person
) -> None:
    one, other = builders.department(owner, "甲局"), builders.department(owner, "乙局")
    case(owner, one, "I", agent=agent, day_part="evening")
    case(owner, one, "NC", agent=agent, day_part="morning")
    case(owner, other, "R", agent=agent, day_part="night")
    at_noon = case(owner, other, "O", agent=agent)
    owner.execute(update(CallbackCase).where(CallbackCase.order_id == at_noon.id).values(day_part=None))
    owner.commit()
    case(owner, other)
    access = builders.access(owner, environment, Role.ASSESSOR)

    units = callback_figures.outcome_figures(access, **JUNE, by=Segment.UNIT)
    assert [(line.unit.zh, line.figures.outcomes.cases) for line in units.lines if line.unit] == [
        ("甲局", 2),
        ("乙局", 3),
    ]
    parts = callback_figures.outcome_figures(access, **JUNE, by=Segment.DAY_PART)
    assert [(line.code, line.figures.outcomes.cases) for line in parts.lines] == [
        ("morning", 1),
        ("evening", 1),
        ("night", 1),
        ("outside", 1),
        ("", 1),
    ]
    assert parts.lines[-1].figures.outcomes.unknown_household == 1
    assert parts.total == units.total


def test_months_stand_in_their_order(owner: Session, environment: Environment, agent: Person) -> None:
    unit = builders.department(owner)
    for day in ("2026-06-01", "2026-04-30", "2026-04-01"):
        case(owner, unit, "I", agent=agent, closed_at=builders.at(day), accepted_at=builders.at("2026-03-02"))
    access = builders.access(owner, environment, Role.VIEWER)
    found = callback_figures.outcome_figures(access, first=date(2026, 4, 1), last=date(2026, 6, 30), by=Segment.MONTH)
    assert [(line.code, line.figures.outcomes.cases) for line in found.lines] == [("2026-04", 2), ("2026-06", 1)]


def test_a_chosen_unit_brings_everything_below_it(owner: Session, environment: Environment, agent: Person) -> None:
    district = builders.department(owner, "测试区", kind=DepartmentKind.DISTRICT)
    street = builders.department(owner, "测试街", parent=district, kind=DepartmentKind.STREET)
    case(owner, street, "I", agent=agent)
    case(owner, builders.department(owner), "I", agent=agent)
    access = builders.access(owner, environment, Role.VIEWER)
    found = callback_figures.outcome_figures(access, **JUNE, unit=district.code, by=Segment.UNIT)
    assert [line.code for line in found.lines] == [street.code]
    assert found.total.outcomes.cases == 1
    with pytest.raises(NotFound):
        callback_figures.outcome_figures(access, **JUNE, unit="NOWHERE")


def test_attempts_say_how_many_were_reached_by_then(owner: Session, environment: Environment, agent: Person) -> None:
    unit = builders.department(owner)
    for group, attempts in (("I", 1), ("P", 1), ("I", 3), ("NC", 3), ("NE", 1)):
        case(owner, unit, group, agent=agent, attempts=attempts)
    found = callback_figures.outcome_figures(builders.access(owner, environment, Role.VIEWER), **JUNE)
    told = [
        (one.attempts, one.interviews, one.by_then.numerator, one.by_then.denominator, one.by_then.percent)
        for one in found.attempts
    ]
    assert told == [
        (1, 2, 2, 4, Decimal("50.00")),
        (2, 0, 2, 4, Decimal("50.00")),
        (3, 1, 3, 4, Decimal("75.00")),
    ]


def test_a_unit_user_sees_its_own_outcomes_and_no_agent(
    owner: Session, environment: Environment, agent: Person
) -> None:
    own, other = builders.department(owner, "自己的局"), builders.department(owner, "别的局")
    case(owner, own, "I", agent=agent)
    case(owner, other, "R", agent=agent)
    access = builders.access(owner, environment, Role.UNIT, at=own)
    found = callback_figures.outcome_figures(access, **JUNE, by=Segment.UNIT)
    assert [line.code for line in found.lines] == [own.code]
    assert (found.total.outcomes.cases, found.total.outcomes.refused) == (1, 0)
    assert [one.code for one in callback_figures.figure_choices(access).units] == [own.code]
    with pytest.raises(NotFound):
        callback_figures.outcome_figures(access, **JUNE, unit=other.code)
    for refused in (lambda: agent_figures.agent_figures(access, **JUNE), lambda: callback_figures.my_day(access)):
        with pytest.raises(NotAllowed):
            refused()


@pytest.mark.parametrize(("first", "last"), [("2026-06-02", "2026-06-01"), ("2000-01-01", "2026-01-01")])
def test_a_period_that_is_none_is_refused(owner: Session, environment: Environment, first: str, last: str) -> None:
    access = builders.access(owner, environment, Role.SUPERVISOR)
    for ask in (callback_figures.outcome_figures, agent_figures.agent_figures):
        with pytest.raises(Invalid):
            ask(access, first=date.fromisoformat(first), last=date.fromisoformat(last))


# My day ---------------------------------------------------------------------------------------------------------------


def test_my_day_is_mine_and_the_week_stands_beside_everybodys(
    owner: Session, environment: Environment, agent: Person
) -> None:
    unit, other = builders.department(owner), builders.person(owner, Role.AGENT)
    orders = [builders.due_order(owner, unit, closed_at=builders.at("2026-06-09")) for _ in range(4)]
    good = {"settled": True, "on_time": True, "hands_ms": 21_000, "satisfaction": Satisfaction.SATISFIED}
    call(owner, orders[0], agent, **good)
    call(owner, orders[1], agent, "3.13")
    call(owner, orders[2], agent, settled=True, on_time=False, recorded_at=builders.at("2026-06-09", 10))
    call(owner, orders[3], other, **good)
    call(owner, orders[3], other, settled=True, on_time=True, recorded_at=builders.at("2026-06-08", 23, 59))

    found = callback_figures.my_day(builders.door(environment, agent))

    assert (found.day, found.mine.calls, found.everybody.calls) == (date(2026, 6, 15), 2, 3)
    assert (found.mine.complete, found.mine.satisfied, found.mine.settled, found.mine.on_time) == (1, 1, 1, 1)
    assert (found.mine.hands_ms, found.mine.timed) == (21_000, 1)
    assert [day.day for day in found.week] == [date(2026, 6, 9) + timedelta(days=number) for number in range(7)]
    assert (found.my_week.numerator, found.my_week.denominator) == (1, 2)
    assert (found.everybodys_week.numerator, found.everybodys_week.denominator) == (2, 3)
    assert (found.week[0].mine.numerator, found.week[0].mine.denominator) == (0, 1)
    assert found.week[1].mine.percent is None


def test_a_correction_takes_back_what_it_corrects(owner: Session, environment: Environment, agent: Person) -> None:
    order = builders.due_order(owner, builders.department(owner))
    first = call(owner, order, agent, settled=True, on_time=True, hands_ms=20_000, satisfaction=Satisfaction.SATISFIED)
    changed = {"satisfaction": Satisfaction.DISSATISFIED, "recorded_at": builders.at("2026-06-15", 9, 5)}
    call(owner, order, agent, settled=True, on_time=True, corrects_id=first.id, **changed)
    mine = callback_figures.my_day(builders.door(environment, agent)).mine
    assert (mine.calls, mine.satisfied, mine.dissatisfied, mine.settled, mine.timed) == (1, 0, 1, 1, 0)


# Agents ---------------------------------------------------------------------------------------------------------------


def agents(owner: Session, environment: Environment) -> AgentTable:
    return agent_figures.agent_figures(builders.access(owner, environment, Role.SUPERVISOR), **JUNE)


def test_agents_have_the_rates_of_the_cases_they_decided_and_their_time_of_hands(
    owner: Session, environment: Environment, agent: Person
) -> None:
    unit = builders.department(owner)
    order = case(owner, unit, "I", agent=agent, satisfaction=Satisfaction.SATISFIED)
    case(owner, unit, "NC", agent=agent)
    case(owner, unit)
    call(owner, order, agent, hands_ms=30_000)
    call(owner, order, agent, "3.13", recorded_at=builders.at("2026-06-15", 9, 30))

    found = agents(owner, environment)

    assert [(line.agent_id, line.name) for line in found.lines] == [(agent.id, agent.name)]
    line = found.lines[0]
    assert (line.figures["RR1"].part.numerator, line.figures["RR1"].part.denominator) == (1, 2)
    assert line.figures.outcomes.unknown_household == 0
    assert (line.hands.milliseconds, line.hands.timed, line.hands.calls) == (30_000, 1, 2)
    assert found.hands == line.hands
    assert found.total == line.figures
    assert {one.compared: one.points[0].too_few for one in found.funnels} == {
        Compared.COMPLETION: True,
        Compared.DISSATISFIED: True,
    }
    assert all(one.points[0].point is None for one in found.funnels)


def test_the_mix_of_cases_is_allowed_for_and_who_stands_apart_is_outside(
    owner: Session, environment: Environment
) -> None:
    """Counted straight into the counter: seven agents, of whom one has the hard cases and one is harsh."""
    people = [builders.person(owner, Role.AGENT, name=f"测试·{number}") for number in range(7)]
    for number, person in enumerate(people):
        urgent = number == 5
        bad = {5: 150, 6: 90}.get(number, 30)
        for satisfaction, cases in (("dissatisfied", bad), ("satisfied", 300 - bad)):
            owner.add(_agent_outcome(person, satisfaction, cases, urgent=urgent))
    owner.commit()

    found = agents(owner, environment)

    dissatisfied = next(one for one in found.funnels if one.compared == Compared.DISSATISFIED)
    places = [one.point.place for one in dissatisfied.points if one.point]
    assert places[5] == Place.AMONG
    assert places[6] in (Place.HIGH, Place.VERY_HIGH)
    assert places[:5] == [Place.AMONG] * 5
    assert (dissatisfied.overall.events, dissatisfied.overall.n) == (390, 2100)
    assert dissatisfied.effect is not None
    assert dissatisfied.effect.size == Size.LARGE
    completion = next(one for one in found.funnels if one.compared == Compared.COMPLETION)
    assert completion.effect is None


def _agent_outcome(person: Person, satisfaction: str, cases: int, *, urgent: bool) -> AgentOutcome:
    return AgentOutcome(
        day=date(2026, 6, 10),
        agent_id=person.id,
        order_type_id=1,
        urgent=urgent,
        aapor_group="I",
        satisfaction=satisfaction,
        cases=cases,
    )


def test_only_who_may_see_agents_sees_them(owner: Session, environment: Environment) -> None:
    for role in (Role.AGENT, Role.ASSESSOR, Role.VIEWER, Role.ADMIN):
        with pytest.raises(NotAllowed):
            agent_figures.agent_figures(builders.access(owner, environment, role), **JUNE)


# Counters -------------------------------------------------------------------------------------------------------------


def test_a_recount_of_honest_counters_finds_nothing(owner: Session, environment: Environment, agent: Person) -> None:
    unit = builders.department(owner)
    order = case(owner, unit, "I", agent=agent, satisfaction=Satisfaction.NEUTRAL)
    case(owner, unit)
    first = call(owner, order, agent, settled=True, on_time=True, hands_ms=1_000, satisfaction=Satisfaction.NEUTRAL)
    call(owner, order, agent, "2.11", corrects_id=first.id, recorded_at=builders.at("2026-06-16", 0, 1))
    case(owner, unit, "R", agent=agent, day_part="evening", attempts=2)

    found = callback_counters.verify_counters(builders.access(owner, environment, Role.SUPERVISOR))

    assert found.differences == ()
    assert (found.calls, found.cases) == (1, 3)


def test_a_recount_names_every_count_that_somebody_changed(
    owner: Session, environment: Environment, agent: Person
) -> None:
    unit = builders.department(owner)
    order = case(owner, unit, "I", agent=agent, satisfaction=Satisfaction.SATISFIED)
    call(owner, order, agent, hands_ms=1_000)
    owner.execute(update(AgentDay).values(complete=5))
    owner.execute(update(OutcomeCount).where(OutcomeCount.aapor_group == "I").values(cases=7))
    owner.execute(update(AgentOutcome).values(cases=0))
    owner.commit()

    found = callback_counters.verify_counters(builders.access(owner, environment, Role.SUPERVISOR))

    told = [(one.counter, one.measure, one.kept, one.recounted) for one in found.differences]
    assert told == [
        ("agent_days", "complete", 5, 1),
        ("outcome_counts", "cases", 7, 1),
        ("agent_outcomes", "cases", 0, 1),
    ]
    assert found.differences[0].cell == f"2026-06-15 {agent.id}"


def test_a_unit_counts_nothing_again(owner: Session, environment: Environment) -> None:
    with pytest.raises(NotAllowed):
        callback_counters.verify_counters(builders.access(owner, environment, Role.UNIT, at=builders.department(owner)))
