"""Which orders are meant: one frozen filter, and the conditions that it stands for.

Lists, counts and the links of the home screen go by the same filter, so that a number and the list behind it cannot
differ. Codes stand for themselves and everything below them in their tree. A measure of the scores is defined as the
counting trigger of the database defines it; a test compares the two for every measure.
"""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, literal, literal_column, or_, select
from sqlalchemy.orm import aliased

from db.orders import Attempt, AttemptReason, Order, Round
from db.reference import Category, Department, OrderType, Place, Reason
from db.vocabulary import Outcome, Satisfaction, Solved, Status
from services.access import Look
from services.errors import Invalid
from services.rules.deadlines import start_of
from services.rules.permissions import SCOPED, reach

SOON = timedelta(days=3)
"""An open order counts as due soon when its deadline is no further away."""

NARROW = timedelta(days=92)
"""How long a time a single character may be searched in, within one department."""

CAP = 1000
"""How far a list is counted; beyond it there are simply more."""

_LONGEST = 200
_MOST_TERMS = 8


class Lateness(StrEnum):
    """How an order stands to its deadline; the last one is about the deadline of a rework."""

    LATE = "late"
    DUE_SOON = "due_soon"
    ON_TIME = "on_time"
    NO_DEADLINE = "no_deadline"
    REWORK_LATE = "rework_late"


class Count(StrEnum):
    """What the scores count; the same words as the columns of the counts."""

    CLOSED = "closed"
    DUE = "due"
    ON_TIME = "on_time"
    RATED = "rated"
    TO_CALL = "to_call"
    CALLED = "called"
    REACHED = "reached"
    SATISFIED = "satisfied"
    NEUTRAL = "neutral"
    DISSATISFIED = "dissatisfied"
    SOLVED = "solved"
    SILENT = "silent"
    EXCLUDED = "excluded"
    REWORKED = "reworked"


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders are meant; a field that is left out does not narrow anything.

    `department` holds the order now, `counted` is the department that the scores count it for: itself, or with
    `counted_below` everything below it too. Days are the city's, both ends included; `month` ("2026-05") is the month
    of the first close. `reason` was given in a call of the days from `reasoned_from` to `reasoned_to`.
    """

    words: str = ""
    status: tuple[Status, ...] = ()
    department: str | None = None
    place: str | None = None
    category: str | None = None
    order_type: str | None = None
    accepted_from: date | None = None
    accepted_to: date | None = None
    closed_from: date | None = None
    closed_to: date | None = None
    lateness: Lateness | None = None
    outcome: Outcome | None = None
    unassigned: bool = False
    called_by_me_today: bool = False
    measure: Count | None = None
    counted: str | None = None
    counted_below: bool = False
    month: str | None = None
    reason: str | None = None
    reasoned_from: date | None = None
    reasoned_to: date | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing narrows the list."""
        return self == OrderFilter()


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a filter stands for: conditions that narrow, and terms of which every one must occur."""

    narrowing: tuple[ColumnElement[bool], ...]
    terms: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[ColumnElement[bool], ...]:
        """Every condition; pairs of characters lead the index to a term, and a comparison makes it exact."""
        text = _text(Order)
        pairs = (func.bigrams(text).op("@>")(func.bigrams(term)) for term in self.terms if len(term) > 1)
        return (*self.narrowing, *pairs, *self.within(Order))

    def within(self, row: Any) -> tuple[ColumnElement[bool], ...]:
        """Return that the terms occur in a row with number, title and text, without any help of an index."""
        return tuple(func.lower(_text(row)).contains(term.lower(), autoescape=True) for term in self.terms)


def meaning(look: Look, where: OrderFilter) -> Meaning:
    """Return the conditions of a filter; raises Invalid for words that cannot be searched for.

    A whole order number leads to that order, whatever else is chosen.
    """
    words = where.words.strip()
    if words and (numbered := _numbered(look, words)):
        return Meaning((Order.id.in_(numbered),))
    return Meaning(
        narrowing=(
            *_of_reach(look),
            *_of_codes(look, where),
            *_of_days(where),
            *_of_state(look.now, where),
            *([_called_by(look)] if where.called_by_me_today else []),
            *([_reasoned(look, where, where.reason)] if where.reason else []),
            *([_MEASURES[where.measure]] if where.measure else []),
        ),
        terms=_terms(look, where),
    )


def counted(look: Look, where: OrderFilter, cap: int = CAP) -> int:
    """Count the orders of a filter, one beyond the cap at most: what a list or a line of the home screen says."""
    return counted_of(look, meaning(look, where), cap)


def counted_of(look: Look, meant: Meaning, cap: int = CAP) -> int:
    """Count what is meant, one beyond the cap at most."""
    capped = select(literal(1)).where(*meant.all).select_from(Order).limit(cap + 1).subquery()
    return look.session.scalar(select(func.count()).select_from(capped)) or 0


def below(look: Look, kind: Any, code: str) -> Sequence[int]:
    """Return the row of the code and everything below it in its tree."""
    tree = select(kind.id).where(kind.code == code).cte(recursive=True)
    child = aliased(kind)
    tree = tree.union(select(child.id).join(tree, child.parent_id == tree.c.id))
    return look.session.scalars(select(tree.c.id)).all()


# ----------------------------------------------------------------------------------------------------------------------

_COUNTS = and_(Order.closed_on.is_not(None), Order.counted_department_id.is_not(None))


def _measured(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(_COUNTS, Order.excluded.is_(False), condition)


_MEASURES: Mapping[Count, ColumnElement[bool]] = MappingProxyType(
    {
        Count.CLOSED: _COUNTS,
        Count.DUE: _measured(Order.on_time.is_not(None)),
        Count.ON_TIME: _measured(Order.on_time.is_(True)),
        Count.RATED: _measured(Order.rated.is_(True)),
        Count.TO_CALL: _measured(or_(Order.called.is_(True), Order.status == Status.DUE)),
        Count.CALLED: _measured(Order.called.is_(True)),
        Count.REACHED: _measured(Order.reached.is_(True)),
        Count.SATISFIED: _measured(Order.satisfaction == Satisfaction.SATISFIED),
        Count.NEUTRAL: _measured(Order.satisfaction == Satisfaction.NEUTRAL),
        Count.DISSATISFIED: _measured(Order.satisfaction == Satisfaction.DISSATISFIED),
        Count.SOLVED: _measured(Order.solved == Solved.SOLVED),
        Count.SILENT: _measured(and_(Order.status == Status.ARCHIVED, Order.rated.is_(False))),
        Count.EXCLUDED: and_(_COUNTS, Order.excluded),
        Count.REWORKED: _measured(Order.reworked.is_(True)),
    }
)

# As the index has it, character by character: a bound blank would not be the index's expression.
_BLANK: ColumnElement[str] = literal_column("' '")


def _text(row: Any) -> ColumnElement[str]:
    text: ColumnElement[str] = row.number + _BLANK + row.title + _BLANK + row.text
    return text


def _of_reach(look: Look) -> list[ColumnElement[bool]]:
    """Say to the planner what the policies cut anyway: it cannot see into their list, and would walk the whole city."""
    reached = reach(look.actor.role, look.actor.departments)
    return [] if reached is None else [_any(Order.department_id, sorted(reached))]


def _of_codes(look: Look, where: OrderFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    trees: tuple[tuple[Any, Any, str | None], ...] = (
        (Department, Order.department_id, where.department),
        (Place, Order.place_id, where.place),
        (Category, Order.category_id, where.category),
        (Department, Order.counted_department_id, where.counted if where.counted_below else None),
    )
    found += [_any(column, below(look, kind, code)) for kind, column, code in trees if code]
    lists: tuple[tuple[Any, Any, str | None], ...] = (
        (OrderType, Order.order_type_id, where.order_type),
        (Department, Order.counted_department_id, None if where.counted_below else where.counted),
    )
    found += [
        _any(column, look.session.scalars(select(kind.id).where(kind.code == code)).all())
        for kind, column, code in lists
        if code
    ]
    if where.unassigned:
        found.append(Order.department_id.is_(None))
    return found


def _of_days(where: OrderFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if where.accepted_from:
        found.append(Order.accepted_at >= start_of(where.accepted_from))
    if where.accepted_to:
        found.append(Order.accepted_at < start_of(where.accepted_to + timedelta(days=1)))
    if where.closed_from:
        found.append(Order.closed_on >= where.closed_from)
    if where.closed_to:
        found.append(Order.closed_on <= where.closed_to)
    if where.month:
        found.append(Order.closed_on.between(*_days_of(where.month)))
    return found


def _of_state(now: datetime, where: OrderFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if len(where.status) == 1:
        found.append(Order.status == where.status[0])
    elif where.status:
        found.append(Order.status.in_(where.status))
    if where.lateness:
        found.append(_lateness(now)[where.lateness])
    if where.outcome in (Outcome.UNREACHED, Outcome.UNASKED):
        found.append(Order.outcome == where.outcome)
    elif where.outcome:
        found.append(Order.satisfaction == Satisfaction(where.outcome.value))
    return found


def _called_by(look: Look) -> ColumnElement[bool]:
    mine = select(Attempt.order_id).where(
        Attempt.agent_id == look.actor.id, Attempt.recorded_at >= start_of(look.today)
    )
    return Order.id.in_(mine)


def _reasoned(look: Look, where: OrderFilter, code: str) -> ColumnElement[bool]:
    """Return that a citizen gave the reason, or one below it, in a call of those days that no correction replaced."""
    correction = aliased(Attempt)
    calls = (
        select(Attempt.order_id)
        .join(AttemptReason, AttemptReason.attempt_id == Attempt.id)
        .where(
            _any(AttemptReason.reason_id, below(look, Reason, code)),
            ~exists().where(correction.corrects_id == Attempt.id),
        )
    )
    if where.reasoned_from:
        calls = calls.where(Attempt.recorded_at >= start_of(where.reasoned_from))
    if where.reasoned_to:
        calls = calls.where(Attempt.recorded_at < start_of(where.reasoned_to + timedelta(days=1)))
    return Order.id.in_(calls)


def _lateness(now: datetime) -> Mapping[Lateness, ColumnElement[bool]]:
    not_closed = Order.closed_at.is_(None)
    rework = exists().where(Round.order_id == Order.id, Round.number > 1, Round.closed_at.is_(None), Round.due_at < now)
    return {
        Lateness.LATE: or_(Order.on_time.is_(False), and_(not_closed, Order.due_at < now)),
        Lateness.DUE_SOON: and_(not_closed, Order.due_at.between(now, now + SOON)),
        Lateness.ON_TIME: Order.on_time.is_(True),
        Lateness.NO_DEADLINE: Order.due_at.is_(None),
        Lateness.REWORK_LATE: and_(Order.status == Status.RETURNED, rework),
    }


def _numbered(look: Look, words: str) -> Sequence[int]:
    """Return the orders whose whole number was typed; two sources may share one."""
    return look.session.scalars(select(Order.id).where(Order.number.in_({words, words.upper()})).limit(20)).all()


def _terms(look: Look, where: OrderFilter) -> tuple[str, ...]:
    """Return the terms of which every one must occur; raises Invalid where no index could find them."""
    terms = tuple(where.words.split())
    if len(where.words) > _LONGEST or len(terms) > _MOST_TERMS:
        raise Invalid({"search": "too_long"})
    if terms and all(len(term) < 2 for term in terms) and not _is_narrow(look, where):
        raise Invalid({"search": "one_character"})
    return terms


def _is_narrow(look: Look, where: OrderFilter) -> bool:
    """Say whether one department and a short time are meant; a department's own user always means that department."""
    one_department = where.department is not None or look.actor.role in SCOPED
    until = where.accepted_to or look.today
    return one_department and where.accepted_from is not None and until - where.accepted_from <= NARROW


def _any(column: Any, numbers: Sequence[int]) -> ColumnElement[bool]:
    """Return that the column holds one of the numbers; an unknown code, which has none, finds nothing."""
    if not numbers:
        return false()
    equal: ColumnElement[bool] = column == numbers[0] if len(numbers) == 1 else column.in_(numbers)
    return equal


def _days_of(month: str) -> tuple[date, date]:
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise Invalid({"month": "not_a_month"}) from None
    return first, first.replace(day=monthrange(first.year, first.month)[1])
