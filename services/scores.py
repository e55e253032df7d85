"""Scores of departments: counts become rates, each with its numerator, its denominator and what was left out.

Everything is read from `daily_counts`, which the database keeps with every change of an order; no order is looked at.
The month of an order is the one of its first close, its department the one that was responsible for the round that
counts. A scoped actor's rows are cut by the database: the same questions give a unit its own lines and no others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, Integer, Select, and_, cast, column, exists, func, or_, select
from sqlalchemy import table as named_table

from db.records import DailyCount
from db.reference import Department, OrderType
from db.vocabulary import DepartmentKind
from services.access import Access, Look
from services.effective import rules_on
from services.errors import Invalid, NotFound
from services.rules.measures import Change, Interval, Rate, Tally, change, measure, together
from services.rules.permissions import Permission, reach
from services.rules.ruleset import RuleSet
from services.views import Named

COUNTS = tuple(field.name for field in fields(Tally))
"""What is counted: the columns of the counts, and the fields of a tally."""

LONGEST = 60
"""Months that one question may span."""


@dataclass(frozen=True, slots=True)
class ScoreFilter:
    """Which counts are meant: whole months, both included, and which units and orders.

    With `below` a unit's line is the sum with everything below it in the tree, else the unit alone.
    """

    first: date
    last: date
    group: str | None = None
    kind: DepartmentKind | None = None
    order_type: str | None = None
    below: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One rate ready to be shown: in per cent, rounded once, with its interval; None of nothing."""

    rate: Rate
    percent: Decimal | None
    interval: Interval | None
    too_few: bool


@dataclass(frozen=True, slots=True)
class Score:
    """The counts of one line, and every rate that they give. The first three stand side by side, always."""

    tally: Tally
    coverage: Figure
    satisfaction: Figure
    legacy: Figure
    on_time: Figure
    solved: Figure
    rework: Figure

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Every rate in the order in which it is shown."""
        return (self.coverage, self.satisfaction, self.legacy, self.on_time, self.solved, self.rework)


@dataclass(frozen=True, slots=True)
class Unit:
    """A department as the scores name it."""

    named: Named
    kind: DepartmentKind
    group: str | None
    parent: Named | None


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """One unit's score over the period."""

    unit: Unit
    score: Score


@dataclass(frozen=True, slots=True)
class Basis:
    """The rules that the figures go by: who decided them, and the three values that shape what is shown."""

    rules: str
    too_few: int
    confidence: Decimal
    places: int


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """One line a unit, the sum over all orders of these units counted once, and the rules behind.

    `moved` says for each rate of the sum how far it went since the period before, where both rest on enough cases.
    """

    lines: tuple[ScoreLine, ...]
    total: Score
    moved: tuple[Change | None, ...]
    basis: Basis


@dataclass(frozen=True, slots=True)
class MonthScore:
    """One month of a unit, or of all units of a group; a month without orders is there with noughts."""

    month: date
    score: Score


@dataclass(frozen=True, slots=True)
class Trend:
    """A unit's months in order, their sum, and how far each rate of it moved since the equal period before."""

    unit: Unit | None
    months: tuple[MonthScore, ...]
    total: Score
    moved: tuple[Change | None, ...]
    basis: Basis


@dataclass(frozen=True, slots=True)
class Difference:
    """A count that is not what the orders say."""

    day: date
    department: str
    order_type: str
    measure: str
    kept: int
    recounted: int


@dataclass(frozen=True, slots=True)
class Verification:
    """What a recount found; without differences the kept counts are what the orders say, to the last one."""

    cells: int
    closed: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters of the scores offer: the months that have counts, the groups and the order types."""

    first: date | None
    last: date | None
    groups: tuple[str, ...]
    order_types: tuple[Named, ...]
    units: tuple[Unit, ...]


def choices(access: Access) -> Choices:
    """Return what can be asked for within the actor's reach."""
    with access.read(Permission.SCORE_VIEW) as look:
        first, last = look.session.execute(select(func.min(DailyCount.day), func.max(DailyCount.day))).one()
        any_count = exists().where(DailyCount.department_id == Department.id)
        counted = set(look.session.scalars(select(Department.id).where(any_count)))
        units = _Units(look)
        shown = [units.unit(number) for number in units.order if number in counted | units.own | units.above(counted)]
        types = look.session.scalars(select(OrderType).order_by(OrderType.id))
        return Choices(
            first=first.replace(day=1) if first else None,
            last=last.replace(day=1) if last else None,
            groups=tuple(sorted({unit.group for unit in shown if unit.group})),
            order_types=tuple(Named.of(one) for one in types),
            units=tuple(shown),
        )


def table(access: Access, *, where: ScoreFilter) -> ScoreTable:
    """Return one line a unit over the period; raises Invalid for a period that is none."""
    with access.read(Permission.SCORE_VIEW) as look:
        units, basis = _Units(look), _basis(look, where)
        counted = _counted(look, where, DailyCount.department_id)
        by_unit = units.summed(counted) if where.below else counted
        wanted = [number for number in units.order if units.matches(number, where)]
        lines = [
            ScoreLine(units.unit(number), _score(by_unit.get(number, Tally()), basis))
            for number in wanted
            if by_unit.get(number, Tally()).closed or number in units.own
        ]
        within = units.below(wanted) if where.below else set(wanted)
        total = _score(together(tally for number, tally in counted.items() if number in within), basis)
        return ScoreTable(tuple(lines), total, _moved(look, where, within, total, basis), basis)


def trend(access: Access, *, where: ScoreFilter, department: str | None = None) -> Trend:
    """Return the months of one unit by its code, or of all units of the filter together; raises NotFound or Invalid."""
    with access.read(Permission.SCORE_VIEW) as look:
        units, basis = _Units(look), _basis(look, where)
        if department is None:
            chosen = {number for number in units.order if units.matches(number, where)}
        else:
            chosen = {units.numbered(department)}
        within = units.below(chosen) if where.below else chosen
        month = cast(func.date_trunc("month", DailyCount.day), Date)
        counted = _counted(look, where, month, within)
        months = [
            MonthScore(first, _score(counted.get(first, Tally()), basis)) for first in _months(where.first, where.last)
        ]
        unit = units.unit(units.numbered(department)) if department is not None else None
        total = _score(together(counted.values()), basis)
        return Trend(unit, tuple(months), total, _moved(look, where, within, total, basis), basis)


def verify(access: Access) -> Verification:
    """Count all orders again and name every kept count that differs. Only who sees the whole city can do that."""
    with access.read(Permission.TRAIL_VIEW) as look:
        rows = look.session.execute(_recount()).all()
        departments = {number: code for number, code in look.session.execute(select(Department.id, Department.code))}
        types = {number: code for number, code in look.session.execute(select(OrderType.id, OrderType.code))}
        differences = []
        for day, department, order_type, *values in rows:
            for name, kept, recounted in zip(COUNTS, values[::2], values[1::2], strict=True):
                if kept != recounted:
                    of = (day, departments[department], types[order_type], name)
                    differences.append(Difference(*of, kept, recounted))
        closed = sum(row[4 + 2 * COUNTS.index("closed")] for row in rows)
        return Verification(len(rows), closed, tuple(differences))


# ---------------------------------------------------------------------------------------------------------------------


class _Units:
    """The departments as a tree, read once a question."""

    def __init__(self, look: Look) -> None:
        rows = look.session.scalars(select(Department).order_by(Department.code)).all()
        self.rows: Mapping[int, Department] = {row.id: row for row in rows}
        self.order: Sequence[int] = [row.id for row in rows]
        self.own = set(look.actor.departments) & {
            row.id for row in rows if row.active_to is None or row.active_to >= look.today
        }
        self.children: dict[int, list[int]] = {}
        for row in rows:
            if row.parent_id is not None:
                self.children.setdefault(row.parent_id, []).append(row.id)
        reached = reach(look.actor.role, look.actor.departments)
        self.reach = set(self.rows) if reached is None else set(reached)

    def unit(self, number: int) -> Unit:
        """Return a department as the scores name it."""
        row = self.rows[number]
        parent = self.rows.get(row.parent_id or 0)
        return Unit(Named.of(row), row.kind, row.ranking_group, Named.of(parent) if parent else None)

    def numbered(self, code: str) -> int:
        """Return the number of a code within reach; raises NotFound."""
        for row in self.rows.values():
            if row.code == code and row.id in self.reach:
                return row.id
        raise NotFound(kind="departments")

    def matches(self, number: int, where: ScoreFilter) -> bool:
        """Say whether a filter means this department."""
        row = self.rows[number]
        return where.group in (None, row.ranking_group) and where.kind in (None, row.kind) and number in self.reach

    def below(self, numbers: Iterable[int]) -> set[int]:
        """Return the departments with everything below them."""
        found: set[int] = set()
        waiting = list(numbers)
        while waiting:
            number = waiting.pop()
            if number not in found:
                found.add(number)
                waiting += self.children.get(number, [])
        return found

    def above(self, numbers: Iterable[int]) -> set[int]:
        """Return what stands above the departments in the tree, as far as the actor reaches."""
        found: set[int] = set()
        for number in numbers:
            parent = self.rows[number].parent_id
            while parent is not None and parent in self.reach and parent not in found:
                found.add(parent)
                parent = self.rows[parent].parent_id
        return found

    def summed(self, counted: Mapping[int, Tally]) -> dict[int, Tally]:
        """Return each department's tally together with everything below it."""
        sums: dict[int, Tally] = {}
        for number, tally in counted.items():
            at: int | None = number
            while at is not None and at in self.reach:
                sums[at] = sums.get(at, Tally()) + tally
                at = self.rows[at].parent_id
        return sums


def _months(first: date, last: date) -> list[date]:
    """Return the first day of every month from one to another."""
    months = []
    at = first.replace(day=1)
    while at <= last:
        months.append(at)
        at = (at + timedelta(days=32)).replace(day=1)
    return months


def _basis(look: Look, where: ScoreFilter) -> Basis:
    """Return the rules in force at the end of the period, or today where the period is not over."""
    if not 0 < len(_months(where.first, where.last)) <= LONGEST:
        raise Invalid({"period": "not_a_period"})
    rules: RuleSet = rules_on(look, min(where.last, look.today)).rules
    return Basis(rules.name, rules.too_few.value, rules.confidence.value, rules.rate_decimals.value)


def _counted(look: Look, where: ScoreFilter, by: Any, departments: set[int] | None = None) -> dict[Any, Tally]:
    """Return the sums of the counts, by department or by month."""
    end = (where.last.replace(day=1) + timedelta(days=32)).replace(day=1)
    query = (
        select(by, *(func.sum(getattr(DailyCount, name)) for name in COUNTS))
        .where(DailyCount.day >= where.first.replace(day=1), DailyCount.day < end)
        .group_by(by)
    )
    if where.order_type is not None:
        of_type = select(OrderType.id).where(OrderType.code == where.order_type)
        query = query.where(DailyCount.order_type_id.in_(of_type))
    if departments is not None:
        query = query.where(DailyCount.department_id.in_(departments))
    return {key: Tally(*(int(value) for value in sums)) for key, *sums in look.session.execute(query)}


def _moved(
    look: Look, where: ScoreFilter, departments: set[int], total: Score, basis: Basis
) -> tuple[Change | None, ...]:
    """Return how far each rate moved since the equal period before, where both rest on enough cases to be compared."""
    last = where.first.replace(day=1) - timedelta(days=1)
    first = _months(date(last.year - LONGEST // 12 - 1, last.month, 1), last)[-len(_months(where.first, where.last))]
    begun = look.session.scalar(select(func.min(DailyCount.day)))
    if begun is None or begun.replace(day=1) > first:
        # Of a period that the data cover in part only, a change would say when the data began and nothing else.
        return (None,) * len(total.figures)
    earlier = replace(where, first=first, last=last)
    tally = together(_counted(look, earlier, DailyCount.department_id, departments).values())
    return tuple(
        None
        if figure.too_few or rate.rests_on_too_few(basis.too_few)
        else change(figure.rate, rate, basis.confidence, basis.places)
        for figure, rate in zip(total.figures, measure(tally).all, strict=True)
    )


def _score(tally: Tally, basis: Basis) -> Score:
    rates = measure(tally)
    return Score(tally, *(_figure(rate, basis) for rate in rates.all))


def _figure(rate: Rate, basis: Basis) -> Figure:
    return Figure(
        rate=rate,
        percent=rate.percent(basis.places),
        interval=rate.interval(basis.confidence, basis.places),
        too_few=rate.rests_on_too_few(basis.too_few),
    )


def _recount() -> Select[Any]:
    """Return every cell with its kept and its recounted values, side by side, in one statement and so of one moment."""
    keys = ("day", "department_id", "order_type_id")
    view = named_table("order_counts", column("day", Date), *(column(name, Integer) for name in (*keys[1:], *COUNTS)))
    again = (
        select(*(view.c[key] for key in keys), *(func.sum(view.c[name]).label(name) for name in COUNTS))
        .group_by(*(view.c[key] for key in keys))
        .subquery()
    )
    kept = DailyCount.__table__
    joined = kept.outerjoin(again, and_(*(kept.c[key] == again.c[key] for key in keys)), full=True)
    pairs = [func.coalesce(side.c[name], 0) for name in COUNTS for side in (kept, again)]
    return (
        select(*(func.coalesce(kept.c[key], again.c[key]) for key in keys), *pairs)
        .select_from(joined)
        .order_by(*(func.coalesce(kept.c[key], again.c[key]) for key in keys))
        .where(or_(*(value != 0 for value in pairs)))
    )
