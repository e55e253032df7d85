"""Rows of the demo on their way into a table: one statement takes them all, as one JSON document."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, TableValuedAlias, Text, cast, column, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.types import TypeEngine

from db.orders import Order
from db.records import EventRow
from db.vocabulary import Event, Role
from services.access import Actor, Recorded, Work, event_row
from services.demo.story import Story, Turn
from services.errors import Fact

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Player:
    """A demo person with their number, and the department of the role."""

    id: int
    name: str
    role: Role
    department: int | None

    @property
    def actor(self) -> Actor:
        """The person as the trail names them."""
        return Actor(id=self.id, name=self.name, role=self.role, home_department=self.department)


@dataclass(frozen=True, slots=True)
class Placed:
    """A round or a call of a story, with the number of its order and of its department."""

    story: Story
    turn: Turn
    order_id: int
    department_id: int | None


def put(work: Work, kind: Any, rows: Sequence[Row], returned: Sequence[str] = ()) -> dict[Any, int]:
    """Insert rows with one statement and return the number of each by the columns before the last one named."""
    if not rows:
        return {}
    table, source = kind.__table__, told(kind, rows)
    columns = [table.c[name] for name in rows[0]]
    statement = insert(table).from_select([one.key for one in columns], select(*source.c))
    if not returned:
        work.session.execute(statement)
        return {}
    found = work.session.execute(statement.returning(*(table.c[name] for name in returned))).all()
    return {row[0] if len(row) == 2 else tuple(row[:-1]): row[-1] for row in found}


def told(kind: Any, rows: Sequence[Row]) -> TableValuedAlias:
    """Return rows as a table of one statement, each column of the type that it has in the database."""
    columns = [kind.__table__.c[name] for name in rows[0]]
    document = cast(literal(json.dumps(rows, default=_plain, ensure_ascii=False), Text), JSON)
    source = func.json_to_recordset(document).table_valued(*(column(one.key, _stored(one.type)) for one in columns))
    return source.render_derived(with_types=True)


def event(
    action: Event,
    kind: type[Any],
    number: int,
    by: Player,
    at: datetime,
    after: dict[str, Fact],
    department_id: int | None,
    before: dict[str, Fact] | None = None,
) -> EventRow:
    """Return what the trail says of something that a person did outside the story of an order."""
    told = Recorded(
        action=action,
        object_type=kind.__tablename__,
        object_id=number,
        order_id=number if kind is Order else None,
        department_id=department_id,
        before=before or {},
        after=after,
        reason=None,
        request_id=None,
    )
    return event_row(told, by.actor, at.astimezone(UTC))


# ---------------------------------------------------------------------------------------------------------------------


def _stored(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """Return the type as the database knows it: words are text there."""
    return Text() if isinstance(kind.python_type, type) and issubclass(kind.python_type, str) else kind


def _plain(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{value!r} has no JSON form")
