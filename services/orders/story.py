"""One order whole: rounds, ratings, calls, returns and its trail."""

import json
from typing import Any

from sqlalchemy import select

from db.orders import Contact, Order
from db.people import Person
from db.records import EventRow
from db.reference import Category, Channel, Department, OrderType, Place
from db.vocabulary import Role, Status
from services.access import Access, Look
from services.history import by_id, chapters_of
from services.orders.shapes import Happening, OrderStory
from services.rules.deadlines import is_late
from services.rules.lifecycle import CORRECT, open_moves
from services.rules.masking import masked_phone
from services.rules.permissions import SCOPED, Permission
from services.views import Named

_SHOWN = 200
"""Lines of the trail that are read with an order; the trail's own screen has them all."""


def view(access: Access, *, order_id: int) -> OrderStory:
    """Return one order whole; raises NotFound where there is none within reach."""
    with access.read(Permission.ORDER_VIEW) as look:
        order = look.one(Order, order_id)
        contact = look.session.get(Contact, order.id)
        return OrderStory(
            id=order.id,
            number=order.number,
            source=order.source,
            version=order.version,
            status=order.status,
            round=order.round,
            title=order.title,
            text=order.text,
            order_type=Named.of(look.one(OrderType, order.order_type_id)),
            category=_path(look, Category, order.category_id),
            place=_path(look, Place, order.place_id),
            place_text=order.place_text,
            address=order.address,
            channel=by_id(look, Channel, order.channel_id),
            department=by_id(look, Department, order.department_id),
            requester=order.requester,
            phone=masked_phone(contact.phone) if contact else None,
            confidential=order.confidential,
            accepted_at=order.accepted_at,
            due_at=order.due_at,
            closed_at=order.closed_at,
            late=order.due_at is not None and is_late(order.due_at, closed=order.closed_at, now=look.now),
            official_late=order.official_late,
            outcome=order.outcome,
            satisfaction=order.satisfaction,
            solved=order.solved,
            escalated=order.escalated,
            excluded=order.excluded,
            chapters=chapters_of(look, order),
            happenings=_happenings(look, order.id),
            actions=_actions(look, order, contact),
        )


# ----------------------------------------------------------------------------------------------------------------------


def _actions(look: Look, order: Order, contact: Contact | None) -> frozenset[Permission]:
    """Return what somebody can do with the order now; an import has no button, and a correction stands at its call."""
    able = {move.needs for move in open_moves(order.status) if move != CORRECT} - {Permission.ORDER_IMPORT}
    if order.department_id is None or order.status == Status.OPEN:
        able.add(Permission.ORDER_ASSIGN)
    if contact is not None and contact.phone:
        able.add(Permission.CONTACT_REVEAL)
    return frozenset(able & look.actor.permissions)


def _happenings(look: Look, order_id: int) -> tuple[Happening, ...]:
    """Return the trail of the order, newest first. A department reads the names of its own people only."""
    rows = look.session.execute(
        select(EventRow, Department, Person.name)
        .outerjoin(Department, Department.id == EventRow.department_id)
        .outerjoin(Person, Person.id == EventRow.actor_id)
        .where(EventRow.order_id == order_id)
        .order_by(EventRow.id.desc())
        .limit(_SHOWN)
    )
    scoped = look.actor.role in SCOPED
    return tuple(
        Happening(
            at=row.at,
            action=row.action,
            actor=None if row.actor_role == Role.SYSTEM else seen if scoped else row.actor_name,
            role=row.actor_role,
            department=Named.of(department) if department else None,
            reason=json.loads(row.body).get("reason"),
        )
        for row, department, seen in rows
    )


def _path(look: Look, kind: Any, number: int | None) -> tuple[Named, ...]:
    """Return the row with everything above it, from the top down."""
    found: list[Named] = []
    while number is not None and (row := look.session.get(kind, number)) is not None:
        found.insert(0, Named.of(row))
        number = row.parent_id
    return tuple(found)
