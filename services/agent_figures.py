"""Agents beside one another, for a supervisor's review and never as a verdict.

Everything is read from counters. Outcomes are of the cases that an agent's call decided on a day of the period; a case
that nobody has tried belongs to nobody, so that there is none among the agents. Comparisons allow for the mix of cases
by standardisation over order type and urgency (services.rules.funnel); the interviewer effect is one figure of all
agents together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from sqlalchemy import func, select

from db.callbacks import AgentDay, AgentOutcome
from db.people import Person
from db.vocabulary import Satisfaction
from services.access import Access, Look
from services.outcome_figures import FigureBasis, OutcomeFigures, basis_of, figures_of
from services.rules import funnel, interviewer_effect
from services.rules.funnel import Limits, Point, Share, Spread
from services.rules.interviewer_effect import Effect
from services.rules.permissions import Permission

STEPS = 40
"""Sizes at which the limits of a funnel are told."""


class Compared(StrEnum):
    """What agents are compared by: cases that were asked to the end, and answers that were dissatisfied."""

    COMPLETION = "completion"
    DISSATISFIED = "dissatisfied"


@dataclass(frozen=True, slots=True)
class Hands:
    """The time of hands: so many milliseconds over so many timed calls, of so many calls."""

    milliseconds: int = 0
    timed: int = 0
    calls: int = 0

    def __add__(self, other: "Hands") -> "Hands":
        """Return both together."""
        return Hands(self.milliseconds + other.milliseconds, self.timed + other.timed, self.calls + other.calls)


@dataclass(frozen=True, slots=True)
class AgentLine:
    """One agent: what became of the cases that this agent decided, and the time of hands that the calls took."""

    agent_id: int
    name: str
    figures: OutcomeFigures
    hands: Hands


@dataclass(frozen=True, slots=True)
class FunnelPoint:
    """One agent's place in a funnel; without a point where the cases are too few, or nothing was to be expected."""

    agent_id: int
    name: str
    events: int
    n: int
    too_few: bool
    point: Point | None


@dataclass(frozen=True, slots=True)
class Funnel:
    """All agents compared by one thing: their places, the rate of all, and how much they differ beyond chance.

    `lines` are the limits by the number of cases, from few to as many as anybody has.
    """

    compared: Compared
    overall: Share
    points: tuple[FunnelPoint, ...]
    lines: tuple[tuple[int, Limits, Limits], ...]
    spread: Spread | None
    effect: Effect | None


@dataclass(frozen=True, slots=True)
class AgentTable:
    """The agents of a period, all of them together, and the comparisons."""

    lines: tuple[AgentLine, ...]
    total: OutcomeFigures
    hands: Hands
    funnels: tuple[Funnel, ...]
    basis: FigureBasis


def agent_figures(access: Access, *, first: date, last: date) -> AgentTable:
    """Return the agents who called in a period; raises Invalid for a period that is none."""
    with access.read(Permission.AGENTS_VIEW) as look:
        basis = basis_of(look, first, last)
        outcomes, hands = _outcomes(look, first, last), _hands(look, first, last)
        of_agent: dict[int, dict[str, int]] = {}
        for one in outcomes:
            groups = of_agent.setdefault(one.agent_id, {})
            groups[one.group] = groups.get(one.group, 0) + one.cases
        names = _names(look, set(of_agent) | set(hands))
        lines = tuple(
            AgentLine(agent, name, figures_of(of_agent.get(agent, {}), basis), hands.get(agent, Hands()))
            for agent, name in names.items()
        )
        together: dict[str, int] = {}
        for one in outcomes:
            together[one.group] = together.get(one.group, 0) + one.cases
        return AgentTable(
            lines=lines,
            total=figures_of(together, basis),
            hands=sum(hands.values(), Hands()),
            funnels=tuple(_compared(what, outcomes, names, basis) for what in Compared),
            basis=basis,
        )


# ---------------------------------------------------------------------------------------------------------------------

_Stratum = tuple[int, bool]
"""What a fair comparison allows for: the type of the order, and whether a dissatisfied rating stood."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    agent_id: int
    stratum: _Stratum
    group: str
    satisfaction: str
    cases: int


def _outcomes(look: Look, first: date, last: date) -> list[_Outcome]:
    columns = (
        AgentOutcome.agent_id,
        AgentOutcome.order_type_id,
        AgentOutcome.urgent,
        AgentOutcome.aapor_group,
        AgentOutcome.satisfaction,
    )
    cases = func.sum(AgentOutcome.cases)
    query = (
        select(*columns, cases)
        .where(AgentOutcome.day.between(first, last))
        .group_by(*columns)
        .having(cases != 0)
        .order_by(*columns)
    )
    return [
        _Outcome(agent, (order_type, urgent), group, satisfaction, int(n))
        for agent, order_type, urgent, group, satisfaction, n in look.session.execute(query)
    ]


def _hands(look: Look, first: date, last: date) -> dict[int, Hands]:
    query = (
        select(AgentDay.agent_id, func.sum(AgentDay.hands_ms), func.sum(AgentDay.timed), func.sum(AgentDay.calls))
        .where(AgentDay.day.between(first, last))
        .group_by(AgentDay.agent_id)
    )
    return {agent: Hands(*(int(one) for one in sums)) for agent, *sums in look.session.execute(query)}


def _names(look: Look, agents: set[int]) -> dict[int, str]:
    people = select(Person.id, Person.name).where(Person.id.in_(agents)).order_by(Person.name, Person.id)
    return {number: name for number, name in look.session.execute(people)}


def _compared(what: Compared, outcomes: list[_Outcome], names: Mapping[int, str], basis: FigureBasis) -> Funnel:
    """Return the funnel of the agents with enough cases; the others are named without a place in it."""
    shares: dict[int, dict[_Stratum, Share]] = {}
    for one in outcomes:
        share = _share(what, one)
        if share is not None:
            of_agent = shares.setdefault(one.agent_id, {})
            of_agent[one.stratum] = of_agent.get(one.stratum, Share(0, 0)) + share
    whole = {agent: sum(of_agent.values(), Share(0, 0)) for agent, of_agent in shares.items()}
    # All cases say what is to be expected; who has too few of them is compared with nobody.
    mixed = funnel.adjusted(shares)
    enough = {agent: one for agent, one in mixed.items() if one.n >= basis.too_few}
    placed, spread = funnel.funnel(enough)
    points = tuple(
        FunnelPoint(agent, name, whole[agent].events, whole[agent].n, agent not in enough, placed.get(agent))
        for agent, name in names.items()
        if agent in whole
    )
    effect = interviewer_effect.of_shares([whole[agent] for agent in enough])
    overall = sum(whole.values(), Share(0, 0))
    most = max((one.n for one in enough.values()), default=0)
    steps = sorted({max(1, most * step // STEPS) for step in range(1, STEPS + 2)}) if most else []
    lines = funnel.curve(Fraction(overall.events, overall.n), spread, steps) if overall.events else []
    return Funnel(what, overall, points, tuple(lines), spread, effect)


def _share(what: Compared, one: _Outcome) -> Share | None:
    """Return what a count of cases adds to a comparison; None where these cases have no part in it."""
    if what == Compared.COMPLETION:
        return None if one.group == "NE" else Share(one.cases if one.group == "I" else 0, one.cases)
    if not one.satisfaction:
        return None
    return Share(one.cases if one.satisfaction == Satisfaction.DISSATISFIED else 0, one.cases)
