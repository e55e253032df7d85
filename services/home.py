"""What waits for somebody today, by what they may do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from fractions import Fraction

from sqlalchemy import ColumnElement, exists, func, select

from db.callbacks import Referral
from db.orders import Order, Round
from db.people import Person, RoleGrant
from db.records import DailyCount, Import
from db.reference import Department
from db.vocabulary import ImportKind, JobState, Role, Status
from services.access import Access, Look
from services.effective import calendar_around, rules_on
from services.order_filter import CAP, Lateness, OrderFilter, counted
from services.rules import deadlines
from services.rules.measures import Tally
from services.rules.permissions import Permission
from services.views import Named

NEAREST = 5
"""Reworks that are named one by one, the nearest deadline first."""

MONTHS = 6
MOVERS = 5
MOVING = 3
"""Whole months in which a department's movement is measured, against as many before them."""

IMPORTS = 3


@dataclass(frozen=True, slots=True)
class Line:
    """Something that waits: how many, and the filter that lists exactly these (`more` where they are beyond counting).

    `urgent` lines shout where they are not nought.
    """

    code: str
    n: int
    more: bool
    where: OrderFilter
    urgent: bool


@dataclass(frozen=True, slots=True)
class Rework:
    """A rework to be submitted; `days_left` are working days, today among them, None beyond the known calendar."""

    order_id: int
    number: str
    title: str
    round: int
    due_at: datetime | None
    late: bool
    days_left: int | None


@dataclass(frozen=True, slots=True)
class Period:
    """The counts of some days, both ends included."""

    first: date
    last: date
    tally: Tally


@dataclass(frozen=True, slots=True)
class Mover:
    """A department of which the share of satisfied ratings changed, from some whole months to the next."""

    department: Named
    satisfied_before: int
    rated_before: int
    satisfied: int
    rated: int

    @property
    def change(self) -> Fraction:
        """The difference of the two shares."""
        return Fraction(self.satisfied, self.rated) - Fraction(self.satisfied_before, self.rated_before)


@dataclass(frozen=True, slots=True)
class ImportLine:
    """One of the last sheets taken in."""

    id: int
    kind: ImportKind
    file_name: str
    state: JobState
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Today:
    """What waits for one person; a part that is not theirs is empty, or None."""

    day: date
    lines: tuple[Line, ...]
    reworks: tuple[Rework, ...]
    so_far: tuple[Period, Period] | None
    months: tuple[Period, ...]
    movers: tuple[Mover, ...]
    moved_in: tuple[date, date]
    imports: tuple[ImportLine, ...] | None
    without_role: int | None
    referrals: int | None


def today(access: Access) -> Today:
    """Return what waits for the actor: each line is a number and the list that it counts."""
    with access.read(Permission.HOME_VIEW) as look:
        oversees = look.actor.role in (Role.SUPERVISOR, Role.ASSESSOR, Role.VIEWER)
        return Today(
            day=look.today,
            lines=tuple(_lines(look)),
            reworks=_reworks(look) if _may(look, Permission.REWORK_SUBMIT) else (),
            so_far=_so_far(look) if look.actor.role == Role.UNIT else None,
            months=_months(look) if oversees else (),
            movers=_movers(look) if oversees else (),
            moved_in=_window(look.today),
            imports=_imports(look) if _may(look, Permission.IMPORT_VIEW) else None,
            without_role=_without_role(look) if _may(look, Permission.PERSON_VIEW) else None,
            referrals=_referrals(look) if _may(look, Permission.REFERRAL_VIEW) else None,
        )


# ----------------------------------------------------------------------------------------------------------------------

_COUNTS = tuple(field.name for field in fields(Tally))

_LINES: tuple[tuple[Permission, str, OrderFilter, bool], ...] = (
    (Permission.CALLBACK_RECORD, "due", OrderFilter(status=(Status.DUE,)), False),
    (Permission.CALLBACK_RECORD, "called", OrderFilter(called_by_me_today=True), False),
    (Permission.ORDER_RETURN, "dissatisfied", OrderFilter(status=(Status.DISSATISFIED,)), False),
    (Permission.ORDER_RETURN, "escalated", OrderFilter(status=(Status.ESCALATED,)), True),
    (Permission.ORDER_RETURN, "rework_late", OrderFilter(lateness=Lateness.REWORK_LATE), True),
    (Permission.ORDER_ASSIGN, "unassigned", OrderFilter(unassigned=True), False),
    (Permission.REWORK_SUBMIT, "returned", OrderFilter(status=(Status.RETURNED,)), False),
    (Permission.REWORK_SUBMIT, "rework_late", OrderFilter(lateness=Lateness.REWORK_LATE), True),
    (Permission.REWORK_SUBMIT, "late", OrderFilter(status=(Status.OPEN,), lateness=Lateness.LATE), True),
    (Permission.REWORK_SUBMIT, "due_soon", OrderFilter(lateness=Lateness.DUE_SOON), False),
)


def _may(look: Look, permission: Permission) -> bool:
    return permission in look.actor.permissions


def _lines(look: Look) -> Iterator[Line]:
    for permission, code, where, urgent in _LINES:
        if _may(look, permission):
            n = counted(look, where)
            yield Line(code, min(n, CAP), n > CAP, where, urgent)


def _reworks(look: Look) -> tuple[Rework, ...]:
    rows = look.session.execute(
        select(Order.id, Order.number, Order.title, Round.number.label("round"), Round.due_at)
        .join(Round, Round.order_id == Order.id)
        .where(Round.number > 1, Round.closed_at.is_(None), Order.status == Status.RETURNED)
        .order_by(Round.due_at, Round.id)
        .limit(NEAREST)
    ).all()
    last = max((deadlines.local_day(row.due_at) for row in rows if row.due_at), default=look.today)
    calendar = calendar_around(look, look.today, last)
    return tuple(
        Rework(
            order_id=row.id,
            number=row.number,
            title=row.title,
            round=row.round,
            due_at=row.due_at,
            late=row.due_at is not None and row.due_at < look.now,
            days_left=_days_left(row.due_at, look.now, calendar),
        )
        for row in rows
    )


def _days_left(due: datetime | None, now: datetime, calendar: deadlines.Calendar) -> int | None:
    if due is None:
        return None
    try:
        return deadlines.working_days_left(due, now=now, calendar=calendar)
    except deadlines.NotCovered:
        return None


def _so_far(look: Look) -> tuple[Period, Period]:
    """Return this month until today, and as many days of the month before."""
    first = look.today.replace(day=1)
    before = _months_before(first, 1)
    until = min(before.replace(day=1) + (look.today - first), first - timedelta(days=1))
    return _period(look, first, look.today), _period(look, before, until)


def _months(look: Look) -> tuple[Period, ...]:
    """Return the last months, this one so far included, newest first; those before the first count are left out."""
    found: list[Period] = []
    first, last = look.today.replace(day=1), look.today
    for _ in range(MONTHS):
        found.append(_period(look, first, last))
        first, last = _months_before(first, 1), first - timedelta(days=1)
    while found and not found[-1].tally.closed:
        found.pop()
    return tuple(found)


def _period(look: Look, first: date, last: date) -> Period:
    sums = select(*(func.coalesce(func.sum(getattr(DailyCount, name)), 0).label(name) for name in _COUNTS))
    row = look.session.execute(sums.where(DailyCount.day.between(first, last))).one()
    return Period(first, last, Tally(**{name: int(number) for name, number in row._mapping.items()}))


def _movers(look: Look) -> tuple[Mover, ...]:
    """Return the departments that moved most from one window to the next, among those with enough ratings."""
    first, last = _window(look.today)
    before = _months_before(first, MOVING)
    enough = rules_on(look, look.today).rules.too_few.value
    now = _satisfied(look, DailyCount.day.between(first, last))
    then = _satisfied(look, DailyCount.day.between(before, first - timedelta(days=1)))
    both = [number for number, (_, rated) in now.items() if rated >= enough and then.get(number, (0, 0))[1] >= enough]
    movers = [
        Mover(Named.of(row), *then[row.id], *now[row.id])
        for row in look.session.scalars(select(Department).where(Department.id.in_(both)).order_by(Department.code))
    ]
    return tuple(sorted((one for one in movers if one.change), key=lambda one: -abs(one.change))[:MOVERS])


def _satisfied(look: Look, days: ColumnElement[bool]) -> Mapping[int, tuple[int, int]]:
    rows = look.session.execute(
        select(DailyCount.department_id, func.sum(DailyCount.satisfied), func.sum(DailyCount.rated))
        .where(days)
        .group_by(DailyCount.department_id)
    )
    return {number: (int(satisfied), int(rated)) for number, satisfied, rated in rows}


def _imports(look: Look) -> tuple[ImportLine, ...]:
    rows = look.session.scalars(select(Import).order_by(Import.id.desc()).limit(IMPORTS))
    return tuple(ImportLine(row.id, row.kind, row.file_name, row.state, row.started_at) for row in rows)


def _without_role(look: Look) -> int:
    held = exists().where(RoleGrant.person_id == Person.id, RoleGrant.active)
    people = select(func.count()).select_from(Person).where(Person.active, ~held)
    return look.session.scalar(people) or 0


def _referrals(look: Look) -> int:
    waiting = select(func.count()).select_from(Referral).where(Referral.answered_at.is_(None))
    return look.session.scalar(waiting) or 0


def _window(today: date) -> tuple[date, date]:
    """Return the last whole months over which movement is measured."""
    this = today.replace(day=1)
    return _months_before(this, MOVING), this - timedelta(days=1)


def _months_before(first: date, months: int) -> date:
    for _ in range(months):
        first = (first - timedelta(days=1)).replace(day=1)
    return first
