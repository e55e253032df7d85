"""The code lists that a filter is chosen from."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from db.reference import Category, Department, OrderType, Place, Reason
from services.access import Access, Look
from services.rules.permissions import Permission, reach
from services.views import Named


@dataclass(frozen=True, slots=True)
class Branch:
    """One row of a tree, as deep as it stands in what the actor sees; a tree is told from the top down."""

    named: Named
    depth: int
    retired: bool


@dataclass(frozen=True, slots=True)
class Choices:
    """What a filter of orders offers: the departments within reach, and the code lists."""

    departments: tuple[Branch, ...]
    places: tuple[Branch, ...]
    categories: tuple[Branch, ...]
    order_types: tuple[Named, ...]
    reasons: tuple[Branch, ...]


def choices(access: Access) -> Choices:
    """Return what the filters of an order list offer; retired codes stay, for the orders that carry them."""
    with access.read(Permission.ORDER_VIEW) as look:
        reached = reach(look.actor.role, look.actor.departments)
        types = look.session.scalars(select(OrderType).order_by(OrderType.id))
        return Choices(
            departments=_tree(look, Department, reached),
            places=_tree(look, Place, None),
            categories=_tree(look, Category, None),
            order_types=tuple(Named.of(row) for row in types),
            reasons=_tree(look, Reason, None),
        )


# ----------------------------------------------------------------------------------------------------------------------


def _tree(look: Look, kind: Any, reached: frozenset[int] | None) -> tuple[Branch, ...]:
    rows = [
        row for row in look.session.scalars(select(kind).order_by(kind.code)) if reached is None or row.id in reached
    ]
    present = {row.id for row in rows}
    below: dict[int | None, list[Any]] = defaultdict(list)
    for row in rows:
        below[row.parent_id if row.parent_id in present else None].append(row)

    def told(level: Sequence[Any], depth: int) -> Iterator[Branch]:
        for row in level:
            yield Branch(Named.of(row), depth, row.active_to is not None and row.active_to < look.today)
            yield from told(below[row.id], depth + 1)

    return tuple(told(below[None], 0))
