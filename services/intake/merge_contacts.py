"""Staged contacts meet the stored ones: who asked, and under which telephone numbers the citizen is reached.

An empty cell erases nothing. A further number that is stored already, at whatever position, is no news; another one
takes the place of the imported number at its position as long as nobody has rated or called, and stands behind all
numbers otherwise: what an agent has added is never overwritten.
"""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, Subquery, and_, cast, exists, func, insert, literal, or_, select, update
from sqlalchemy import union_all as all_of
from sqlalchemy.dialects.postgresql import insert as upsert

from db.base import Base
from db.callbacks import OtherNumber
from db.orders import Contact
from services.access import Work
from services.intake.staging import STAGED_ORDERS

_S = STAGED_ORDERS.c
_CONTACTS, _NUMBERS = (Base.metadata.tables[kind.__tablename__] for kind in (Contact, OtherNumber))
_C, _N = _CONTACTS.c, _NUMBERS.c

_POSITIONS = ((2, _S.phone_2), (3, _S.phone_3))


def contact_news() -> ColumnElement[bool]:
    """A name or a telephone number that is not stored for the matched order."""
    stored = exists().where(
        _C.order_id == _S.order_id,
        _C.name.is_not_distinct_from(func.coalesce(_S.name, _C.name)),
        _C.phone.is_not_distinct_from(func.coalesce(_S.phone, _C.phone)),
    )
    further = [and_(phone.is_not(None), ~_known(_S.order_id, phone)) for _, phone in _POSITIONS]
    return or_(and_(or_(_S.name.is_not(None), _S.phone.is_not(None)), ~stored), *further)


def store_contacts(work: Work, rows: ColumnElement[bool]) -> None:
    """Store who asked and their telephone numbers; an empty cell erases none of them."""
    given = select(_S.order_id, _S.department_id, _S.name, _S.phone).where(
        rows, or_(_S.name.is_not(None), _S.phone.is_not(None))
    )
    statement = upsert(_CONTACTS).from_select(["order_id", "department_id", "name", "phone"], given)
    work.session.execute(
        statement.on_conflict_do_update(
            index_elements=["order_id"],
            set_={
                "name": func.coalesce(statement.excluded.name, _C.name),
                "phone": func.coalesce(statement.excluded.phone, _C.phone),
            },
        )
    )
    _store_further(work, rows)
    for table in (_CONTACTS, _NUMBERS):
        moved = and_(rows, cast(_S.moves, Boolean), table.c.order_id == _S.order_id)
        work.session.execute(update(table).where(moved).values(department_id=_S.department_id))


# ----------------------------------------------------------------------------------------------------------------------


def _store_further(work: Work, rows: ColumnElement[bool]) -> None:
    """Correct the imported numbers that nobody has called yet, then put the new ones behind all others."""
    given = _given(rows)
    corrects = and_(given.c.fresh, _N.order_id == given.c.order_id, _N.position == given.c.position)
    unknown = ~_known(given.c.order_id, given.c.phone)
    work.session.execute(
        update(_NUMBERS).where(corrects, _N.added_by.is_(None), unknown).values(phone=given.c.phone, added_at=work.now)
    )
    last = select(func.max(_N.position)).where(_N.order_id == given.c.order_id).scalar_subquery()
    nth = func.row_number().over(partition_by=given.c.order_id, order_by=given.c.position)
    new = select(
        given.c.order_id, given.c.department_id, func.coalesce(last, 1) + nth, given.c.phone, literal(work.now)
    ).where(unknown)
    columns = ["order_id", "department_id", "position", "phone", "added_at"]
    work.session.execute(insert(_NUMBERS).from_select(columns, new, include_defaults=False))


def _given(rows: ColumnElement[bool]) -> Subquery:
    """The further numbers of the staged rows, one below the other."""
    return all_of(
        *(
            select(
                _S.order_id,
                _S.department_id,
                literal(position).label("position"),
                phone.label("phone"),
                func.coalesce(_S.fresh, False).label("fresh"),
            ).where(rows, phone.is_not(None))
            for position, phone in _POSITIONS
        )
    ).subquery("given")


def _known(order_id: ColumnElement[Any], phone: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the citizen's order has the number already, whoever told it."""
    further = _NUMBERS.alias("known_number")
    return or_(
        exists().where(_C.order_id == order_id, _C.phone == phone),
        exists().where(further.c.order_id == order_id, further.c.phone == phone),
    )
