"""What callbacks amount to: outcome rates by unit and part of the day, attempts needed, and one agent's own day.

Everything is read from the counters that the database keeps with every call; no call and no case is looked at. Cases
are those of rounds that were closed in the period, by the department of the round. A case that nobody has tried yet
belongs to no part of the day: it stands in the whole and in its unit, and among the parts in a line of its own; so does
one whose call was made at another hour. A scoped actor's rows are cut by the database: the same questions give a unit
its own lines and no others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, literal, select

from db.callbacks import AgentDay, OutcomeCount
from db.reference import Department
from services.access import Access, Look
from services.effective import policy_on
from services.errors import NotFound
from services.order_filter import below
from services.outcome_figures import FigureBasis, OutcomeFigures, Part, basis_of, figures_of, part_of
from services.rules.permissions import Permission, reach
from services.views import Named

WEEK = 7
"""Days of the line of calls that kept their last day, today among them."""

INTERVIEWS = ("I", "P")

OUTSIDE = "outside"
"""The line of cases that were decided by a call outside every part of the day."""


class Segment(StrEnum):
    """What the outcomes are told apart by."""

    WHOLE = "whole"
    UNIT = "unit"
    DAY_PART = "day_part"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class FigureChoices:
    """What can be asked for: the first and the last day of which cases are counted, and the units that have some."""

    today: date
    first: date | None
    last: date | None
    units: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class OutcomeLine:
    """One unit, month ("2026-05") or part of the day by its code, with its rates; "" are cases that nobody tried."""

    code: str
    unit: Named | None
    figures: OutcomeFigures


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """Interviews that came about at the n-th attempt, and the share of all cases that had one by then."""

    attempts: int
    interviews: int
    by_then: Part


@dataclass(frozen=True, slots=True)
class OutcomeTable:
    """The cases of a period together, told apart, and by the number of attempts they took."""

    total: OutcomeFigures
    lines: tuple[OutcomeLine, ...]
    attempts: tuple[AttemptLine, ...]
    basis: FigureBasis


@dataclass(frozen=True, slots=True)
class DayCounts:
    """What calls amount to: the columns of the counter, of one agent's day or of many together."""

    calls: int = 0
    contacted: int = 0
    complete: int = 0
    partial: int = 0
    refused: int = 0
    other: int = 0
    noncontact: int = 0
    unknown: int = 0
    satisfied: int = 0
    neutral: int = 0
    dissatisfied: int = 0
    settled: int = 0
    on_time: int = 0
    hands_ms: int = 0
    timed: int = 0

    def __add__(self, other: "DayCounts") -> "DayCounts":
        """Return both together."""
        return DayCounts(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


@dataclass(frozen=True, slots=True)
class WeekDay:
    """The cases that calls of one day ended, and those of them that were ended on time: mine, and everybody's."""

    day: date
    mine: Part
    everybody: Part


@dataclass(frozen=True, slots=True)
class MyDay:
    """My calls of today and everybody's, and the last seven days by how many cases were ended on time."""

    day: date
    mine: DayCounts
    everybody: DayCounts
    week: tuple[WeekDay, ...]
    my_week: Part
    everybodys_week: Part


def figure_choices(access: Access) -> FigureChoices:
    """Return what can be asked for within the actor's reach."""
    with access.read(Permission.FIGURES_VIEW) as look:
        first, last = look.session.execute(select(func.min(OutcomeCount.day), func.max(OutcomeCount.day))).one()
        counted = exists().where(OutcomeCount.department_id == Department.id)
        units = look.session.scalars(select(Department).where(counted).order_by(Department.code))
        return FigureChoices(look.today, first, last, tuple(Named.of(unit) for unit in units))


def outcome_figures(
    access: Access, *, first: date, last: date, by: Segment = Segment.WHOLE, unit: str | None = None
) -> OutcomeTable:
    """Return the outcomes of a period; `unit` narrows to one unit by its code and everything below it.

    Raises Invalid for a period that is none, and NotFound for a unit out of reach.
    """
    with access.read(Permission.FIGURES_VIEW) as look:
        basis = basis_of(look, first, last)
        rows = _counted(look, first, last, by, _within(look, unit))
        total = figures_of(_by_group((group, cases) for _, group, _, cases in rows), basis)
        told = {} if by == Segment.WHOLE else _told_apart(rows, by)
        lines = [
            OutcomeLine(code, named, figures_of(told[key], basis)) for key, code, named in _keys(look, by, list(told))
        ]
        return OutcomeTable(total, tuple(lines), _attempts(rows, total, basis), basis)


def my_day(access: Access) -> MyDay:
    """Return the actor's calls of today beside everybody's, and the share of cases ended on time in seven days."""
    with access.read(Permission.CALLBACK_VIEW) as look:
        first = look.today - timedelta(days=WEEK - 1)
        basis = basis_of(look, first, look.today)
        days = [first + timedelta(days=number) for number in range(WEEK)]
        everybody = _days(look, first)
        mine = _days(look, first, look.actor.id) if look.actor.id is not None else {}
        week = tuple(WeekDay(day, *(_on_time([side.get(day)], basis) for side in (mine, everybody))) for day in days)
        return MyDay(
            day=look.today,
            mine=mine.get(look.today, DayCounts()),
            everybody=everybody.get(look.today, DayCounts()),
            week=week,
            my_week=_on_time(mine.values(), basis),
            everybodys_week=_on_time(everybody.values(), basis),
        )


# Outcomes -------------------------------------------------------------------------------------------------------------

_Row = tuple[Any, str, int, int]
"""What it is told apart by, the outcome group, the number of attempts, and the cases."""


def _counted(look: Look, first: date, last: date, by: Segment, departments: set[int] | None) -> list[_Row]:
    apart: dict[Segment, ColumnElement[Any]] = {
        Segment.WHOLE: literal(""),
        Segment.UNIT: OutcomeCount.department_id.expression,
        Segment.DAY_PART: OutcomeCount.day_part.expression,
        Segment.MONTH: func.to_char(OutcomeCount.day, "YYYY-MM"),
    }
    columns = (OutcomeCount.aapor_group, OutcomeCount.attempts)
    cases = func.sum(OutcomeCount.cases)
    query: Select[Any] = (
        select(apart[by], *columns, cases)
        .where(OutcomeCount.day.between(first, last))
        .group_by(*([] if by == Segment.WHOLE else [apart[by]]), *columns)
        .having(cases != 0)
    )
    if departments is not None:
        query = query.where(OutcomeCount.department_id.in_(departments))
    return [(told, group, attempts, int(n)) for told, group, attempts, n in look.session.execute(query)]


def _within(look: Look, unit: str | None) -> set[int] | None:
    """Return the departments that are meant, or None for all; what the policies cut anyway is said to the planner."""
    reached = reach(look.actor.role, look.actor.departments)
    if unit is None:
        return None if reached is None else set(reached)
    found = {number for number in below(look, Department, unit) if reached is None or number in reached}
    if not found:
        raise NotFound(kind="departments")
    return found


def _by_group(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for group, cases in pairs:
        found[group] = found.get(group, 0) + cases
    return found


def _told_apart(rows: Sequence[_Row], by: Segment) -> dict[Any, dict[str, int]]:
    found: dict[Any, dict[str, int]] = {}
    for key, group, attempts, cases in rows:
        outside = by == Segment.DAY_PART and not key and attempts > 0
        of_key = found.setdefault(OUTSIDE if outside else key, {})
        of_key[group] = of_key.get(group, 0) + cases
    return found


def _keys(look: Look, by: Segment, found: Sequence[Any]) -> list[tuple[Any, str, Named | None]]:
    """Return what the lines are about in their order: units by code, months and parts of the day as they pass."""
    if by == Segment.UNIT:
        query = select(Department).where(Department.id.in_(found)).order_by(Department.code)
        return [(row.id, row.code, Named.of(row)) for row in look.session.scalars(query)]
    if by == Segment.MONTH:
        return [(month, month, None) for month in sorted(found)]
    order = {part.code: place for place, part in enumerate(policy_on(look, look.today).policy.day_parts.value)}
    # Parts of a policy that is no longer in force come after those of today's, and cases without a call last.
    known = sorted(found, key=lambda code: (code == "", order.get(code, len(order)), code))
    return [(code, code, None) for code in known]


def _attempts(rows: Sequence[_Row], total: OutcomeFigures, basis: FigureBasis) -> tuple[AttemptLine, ...]:
    """Return the interviews by the attempt at which they came about; the base are all cases that are eligible."""
    interviews: dict[int, int] = {}
    for _, group, attempts, cases in rows:
        if group in INTERVIEWS:
            interviews[attempts] = interviews.get(attempts, 0) + cases
    base = total.outcomes.cases - total.outcomes.not_eligible
    lines, reached = [], 0
    for attempts in range(1, max(interviews, default=0) + 1):
        reached += interviews.get(attempts, 0)
        lines.append(AttemptLine(attempts, interviews.get(attempts, 0), part_of(reached, base, basis)))
    return tuple(lines)


# My day ---------------------------------------------------------------------------------------------------------------

_COUNTS = tuple(one.name for one in fields(DayCounts))


def _days(look: Look, first: date, agent: int | None = None) -> Mapping[date, DayCounts]:
    """Return the counts of each day since the first, of one agent or of all."""
    query = (
        select(AgentDay.day, *(func.sum(getattr(AgentDay, name)) for name in _COUNTS))
        .where(AgentDay.day.between(first, look.today))
        .group_by(AgentDay.day)
    )
    if agent is not None:
        query = query.where(AgentDay.agent_id == agent)
    return {day: DayCounts(*(int(value) for value in sums)) for day, *sums in look.session.execute(query)}


def _on_time(days: Iterable[DayCounts | None], basis: FigureBasis) -> Part:
    together = sum((day for day in days if day is not None), DayCounts())
    return part_of(together.on_time, together.settled, basis)
