"""A page of a list of orders, newest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, literal, select, tuple_

from db.base import UtcDateTime
from db.orders import Order
from db.reference import Category, Department, OrderType, Place
from db.vocabulary import Outcome, Satisfaction, Status
from services.access import Access
from services.order_filter import CAP, SOON, Lateness, OrderFilter, conditions, counted
from services.rules.permissions import Permission
from services.views import Named

MOST = 200
"""Rows of one page at most, whatever is asked for."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ends: the next one begins with what is older. Nothing is skipped when orders come in meanwhile."""

    accepted_at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One line of a list. There is no telephone number in it."""

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


def search(access: Access, *, where: OrderFilter, after: Cursor | None = None, limit: int = 50) -> Found:
    """Return a page of the orders that the filter means, newest first.

    Raises Invalid for words that cannot be searched for: a single character needs a department and a time of 92 days
    or less.
    """
    with access.read(Permission.ORDER_VIEW) as look:
        size = min(max(limit, 1), MOST)
        meant = conditions(look, where)
        page = _lines().where(*meant).order_by(Order.accepted_at.desc(), Order.id.desc()).limit(size + 1)
        if after is not None:
            place = tuple_(literal(after.accepted_at, UtcDateTime()), literal(after.id))
            page = page.where(tuple_(Order.accepted_at, Order.id) < place)
        rows = tuple(_line(row, look.now) for row in look.session.execute(page))
        total = counted(look, where)
        last = rows[size - 1] if len(rows) > size else None
        return Found(
            rows=rows[:size],
            total=min(total, CAP),
            more=total > CAP,
            following=Cursor(last.accepted_at, last.id) if last else None,
        )


# ----------------------------------------------------------------------------------------------------------------------


def _lines() -> Select[Any]:
    columns: tuple[Any, ...] = (
        Order.id,
        Order.number,
        Order.title,
        Order.status,
        Order.round,
        Order.accepted_at,
        Order.due_at,
        Order.closed_at,
        Order.on_time,
        Order.outcome,
        Order.satisfaction,
        Order.confidential,
        Order.place_text,
        Order.version,
        *_name_of(OrderType, "order_type"),
        *_name_of(Category, "category"),
        *_name_of(Place, "place"),
        *_name_of(Department, "department"),
    )
    return (
        select(*columns)
        .outerjoin(OrderType, OrderType.id == Order.order_type_id)
        .outerjoin(Category, Category.id == Order.category_id)
        .outerjoin(Place, Place.id == Order.place_id)
        .outerjoin(Department, Department.id == Order.department_id)
    )


def _name_of(kind: Any, label: str) -> tuple[Any, ...]:
    return tuple(getattr(kind, part).label(f"{label}_{part}") for part in ("id", "code", "name", "name_en"))


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
        outcome=row.outcome,
        satisfaction=row.satisfaction,
        confidential=row.confidential,
        version=row.version,
    )


def _lateness(row: Row[Any], now: datetime) -> Lateness | None:
    """Return how a row stands to its deadline; None while an open order has time left."""
    if row.due_at is None:
        return Lateness.NO_DEADLINE
    if row.closed_at is not None:
        return Lateness.LATE if row.on_time is False else Lateness.ON_TIME
    if row.due_at < now:
        return Lateness.LATE
    return Lateness.DUE_SOON if row.due_at <= now + SOON else None
