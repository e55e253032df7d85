"""A page of a list of orders, newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, literal, select, tuple_

from db.base import UtcDateTime
from db.orders import Order, Round
from db.reference import Category, Department, OrderType, Place
from db.vocabulary import Outcome, Satisfaction, Status
from services.access import Access, Look
from services.order_filter import CAP, SOON, Lateness, Meaning, OrderFilter, counted_of, meaning
from services.rules.permissions import Permission
from services.views import Named

MOST = 200
"""Rows of one page at most, whatever is asked for."""

WALK = 20_000
"""How many of the newest orders are looked at one by one for common words, before the index is asked."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ends: the next one begins with what is older. Nothing is skipped when orders come in meanwhile."""

    accepted_at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One line of a list; there is no telephone number in it.

    `lateness` is that of the first close, which counts; `rework_late` that of a rework still to be submitted.
    """

    id: int
    number: str
    title: str
    order_type: Named
    category: Named | None
    place: Named | None
    place_text: str | None
    department: Named | None
    status: Status
    round: int
    accepted_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    lateness: Lateness | None
    rework_late: bool
    outcome: Outcome | None
    satisfaction: Satisfaction | None
    confidential: bool
    version: int


@dataclass(frozen=True, slots=True)
class Found:
    """A page, how many orders there are in all (`more` where they are beyond counting), and where to go on."""

    rows: tuple[OrderRow, ...]
    total: int
    more: bool
    following: Cursor | None
    as_of: datetime


def search(access: Access, *, where: OrderFilter, after: Cursor | None = None, limit: int = 50) -> Found:
    """Return a page of the orders that the filter means, newest first.

    Raises Invalid for words that cannot be searched for: a single character needs a department and a time of 92 days
    or less.
    """
    with access.read(Permission.ORDER_VIEW) as look:
        size = min(max(limit, 1), MOST)
        meant = meaning(look, where)
        total = counted_of(look, meant)
        rows = tuple(_line(row, look.now) for row in _page(look, meant, after, size + 1, common=total > CAP))
        last = rows[size - 1] if len(rows) > size else None
        return Found(
            rows=rows[:size],
            total=min(total, CAP),
            more=total > CAP,
            following=Cursor(last.accepted_at, last.id) if last else None,
            as_of=look.now,
        )


# ----------------------------------------------------------------------------------------------------------------------


_COLUMNS = (
    "id",
    "number",
    "title",
    "text",
    "order_type_id",
    "category_id",
    "place_id",
    "place_text",
    "department_id",
    "status",
    "round",
    "accepted_at",
    "due_at",
    "closed_at",
    "on_time",
    "outcome",
    "satisfaction",
    "confidential",
    "version",
)
_NAMES: Mapping[Any, str] = {OrderType: "order_type", Category: "category", Place: "place", Department: "department"}


def _page(look: Look, meant: Meaning, after: Cursor | None, size: int, *, common: bool) -> Sequence[Row[Any]]:
    """Read the rows of a page.

    Words that very many orders contain are looked for from the newest order on, for the index would have to collect
    and sort them all; where that does not fill the page soon, the index does it after all.
    """
    older = () if after is None else (_older_than(after),)
    if meant.terms and common:
        walked = _newest(*meant.narrowing, *older).limit(WALK).subquery()
        newest = walked.c.accepted_at.desc(), walked.c.id.desc()
        rows = _read(look, select(walked).where(*meant.within(walked.c)).order_by(*newest), size)
        if len(rows) == size:
            return rows
    return _read(look, _newest(*meant.all, *older), size)


def _newest(*conditions: ColumnElement[bool]) -> Select[Any]:
    columns: tuple[Any, ...] = tuple(getattr(Order, name) for name in _COLUMNS)
    return select(*columns).where(*conditions).order_by(Order.accepted_at.desc(), Order.id.desc())


def _older_than(after: Cursor) -> ColumnElement[bool]:
    place = tuple_(literal(after.accepted_at, UtcDateTime()), literal(after.id))
    return tuple_(Order.accepted_at, Order.id) < place


def _read(look: Look, lines: Select[Any], size: int) -> Sequence[Row[Any]]:
    """Read the first lines with their names. The names are joined to these lines only, not to all that were found."""
    line = lines.limit(size).subquery()
    waiting = Round.order_id == line.c.id, Round.number > 1, Round.closed_at.is_(None)
    found: Select[Any] = select(line, select(Round.due_at).where(*waiting).scalar_subquery().label("rework_due_at"))
    found = found.order_by(line.c.accepted_at.desc(), line.c.id.desc())
    for kind, label in _NAMES.items():
        found = found.outerjoin(kind, kind.id == line.c[f"{label}_id"])
        found = found.add_columns(
            *(getattr(kind, part).label(f"{label}_{part}") for part in ("code", "name", "name_en"))
        )
    return look.session.execute(found).all()


def _named(row: Row[Any], label: str) -> Named | None:
    number = getattr(row, f"{label}_id")
    if number is None:
        return None
    code, name, name_en = (getattr(row, f"{label}_{part}") for part in ("code", "name", "name_en"))
    return Named(number, code, name, name_en or "")


def _line(row: Row[Any], now: datetime) -> OrderRow:
    order_type = _named(row, "order_type")
    assert order_type is not None  # the column is not null, and the foreign key holds it
    return OrderRow(
        id=row.id,
        number=row.number,
        title=row.title,
        order_type=order_type,
        category=_named(row, "category"),
        place=_named(row, "place"),
        place_text=row.place_text,
        department=_named(row, "department"),
        status=row.status,
        round=row.round,
        accepted_at=row.accepted_at,
        due_at=row.due_at,
        closed_at=row.closed_at,
        lateness=_lateness(row, now),
        rework_late=row.rework_due_at is not None and row.rework_due_at < now,
        outcome=row.outcome,
        satisfaction=row.satisfaction,
        confidential=row.confidential,
        version=row.version,
    )


def _lateness(row: Row[Any], now: datetime) -> Lateness | None:
    """Return how a row stands to its deadline; None while an open order has time left, and where nobody judged it."""
    if row.due_at is None:
        return Lateness.NO_DEADLINE
    if row.on_time is not None:
        return Lateness.ON_TIME if row.on_time else Lateness.LATE
    if row.closed_at is not None:
        return None
    if row.due_at < now:
        return Lateness.LATE
    return Lateness.DUE_SOON if row.due_at <= now + SOON else None
