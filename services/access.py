"""The one door to the data: permission, then scope, then session, then transaction, then event.

There is no session without a permission, no rows without a scope, and no change without an event: a write that records
nothing is rolled back. A use case opens the door once; a private function that needs the session is passed `work`.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

import psycopg
import rfc8785
from psycopg import sql
from sqlalchemy import Table, and_, select
from sqlalchemy.exc import DataError

from db.base import Base
from db.people import Person
from db.records import SHARDS, EventRow
from db.scope import Scope, ScopedSession
from db.vocabulary import Event, Role
from services.environment import Environment
from services.errors import Change, Fact, Nested, NotAllowed, NotFound, PortalError, Stale, Unrecorded
from services.rules.deadlines import local_day
from services.rules.permissions import OWN, SCOPED, Permission, permissions_of, reach

Row = TypeVar("Row", bound=Base)


class Subject(Protocol):
    """A numbered row that a command changes in place."""

    id: Any
    __tablename__: str


class Versioned(Subject, Protocol):
    """A numbered row that people edit."""

    version: Any


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person in one role, with the departments of that role already expanded down the tree."""

    id: int | None
    name: str
    role: Role
    departments: frozenset[int] = frozenset()
    home_department: int | None = None
    language: str = "zh_CN"

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the role may do."""
        return permissions_of(self.role)


SYSTEM = Actor(id=None, name="system", role=Role.SYSTEM)
"""The program itself: sign-in, reference rows, imports by command line, demo rows."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event on its way into the trail."""

    action: Event
    object_type: str
    object_id: int
    order_id: int | None
    department_id: int | None
    before: dict[str, Fact]
    after: dict[str, Fact]
    reason: str | None
    request_id: str | None
    by: Actor | None = None


@dataclass(slots=True)
class Look:
    """One read-only visit to the data, already cut to what the actor may see."""

    session: ScopedSession
    actor: Actor
    now: datetime

    @property
    def today(self) -> date:
        """The city's day."""
        return local_day(self.now)

    def one(self, kind: type[Row], key: int) -> Row:
        """Return the row, or raise NotFound: missing and out of reach look the same on purpose."""
        found = self.session.get(kind, key)
        if found is None:
            raise NotFound(kind=kind.__tablename__)
        return found


@dataclass(slots=True)
class Work(Look):
    """One transaction. It must say what it did."""

    events: list[Recorded] = field(default_factory=list)
    repeated: bool = False

    def lock(self, kind: type[Row], key: int) -> Row:
        """Return the row, held against other writers until this transaction ends; raises NotFound."""
        found = self.session.get(kind, key, with_for_update=True)
        if found is None:
            raise NotFound(kind=kind.__tablename__)
        return found

    def already(self, kind: type[Row], request_id: str) -> Row | None:
        """Return the row that an earlier sending of the same form made, and let this visit record nothing."""
        # A type cannot say "a table of ours that also has the column request_id"; callers name such tables only.
        found = self.session.scalars(select(kind).where(kind.request_id == request_id)).one_or_none()  # type: ignore[attr-defined]
        self.repeated = self.repeated or found is not None
        return found

    def sent_before(self, row: Subject, request_id: str, action: Event | None = None) -> bool:
        """Say whether a command on a held row was sent before: its event is there, and this visit records nothing.

        For rows that commands change in place, where no row of the command's own could carry the request id. `action`
        is the event of the command, where the id of another command's form must not pass for it.
        """
        done = () if action is None else (EventRow.action == action,)
        bodies = self.session.scalars(
            select(EventRow.body).where(
                EventRow.object_type == row.__tablename__,
                EventRow.object_id == row.id,
                EventRow.body.contains(request_id, autoescape=True),
                *done,
            )
        )
        found = any(json.loads(body).get("request") == request_id for body in bodies)
        self.repeated = self.repeated or found
        return found

    def quiet(self) -> None:
        """Let this visit end without an event: it changed nothing that anybody will ever be asked about.

        For holding a case and for drafts: both are gone once the work is recorded, and the record has its event.
        """
        self.repeated = True

    def unchanged(self, row: Versioned, seen: int) -> None:
        """Refuse with Stale where the row is no longer the version that the person's form was drawn from."""
        if row.version == seen:
            return
        of_row = EventRow.order_id == row.id
        if row.__tablename__ != "orders":
            of_row = and_(EventRow.object_type == row.__tablename__, EventRow.object_id == row.id)
        # The name is read from the people whom the actor may see: a department learns of its own colleagues only.
        latest = self.session.execute(
            select(EventRow.action, EventRow.at, EventRow.actor_name, Person.name)
            .outerjoin(Person, Person.id == EventRow.actor_id)
            .where(of_row)
            .order_by(EventRow.id.desc())
            .limit(max(1, row.version - seen))
        )
        scoped = self.actor.role in SCOPED
        raise Stale(
            tuple(Change(action, (known or "") if scoped else wrote, at) for action, at, wrote, known in latest)
        )

    def copy_in(self, table: Table, columns: Sequence[str], blocks: Iterable[str]) -> None:
        """Stream rows in PostgreSQL's COPY text format into a staging table, and let the planner look at it.

        A table with policies takes no COPY; and of a fresh table the planner would guess that it is small.
        """
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table.name), names)
        driver = self.session.connection().connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        with driver.cursor() as cursor:
            with cursor.copy(statement) as copy:
                for block in blocks:
                    copy.write(block)
            cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table.name)))

    def add(self, row: Row) -> Row:
        """Add a row and flush it, so that its number exists."""
        self.session.add(row)
        self.session.flush()
        return row

    def record(
        self,
        action: Event,
        subject: Base,
        *,
        before: dict[str, Fact] | None = None,
        after: dict[str, Fact] | None = None,
        reason: str | None = None,
        request_id: str | None = None,
        order_id: int | None = None,
        department_id: int | None = None,
        by: Actor | None = None,
    ) -> None:
        """Say what happened to a row. No name or phone of a citizen belongs into the facts.

        `by` names the person where the program only opened the door for somebody: who signs in, for one.
        """
        kind = subject.__tablename__
        number = int(getattr(subject, "id"))  # noqa: B009  (every numbered row has one; Base itself does not)
        of_order = number if kind == "orders" else order_id or getattr(subject, "order_id", None)
        self.events.append(
            Recorded(
                action=action,
                object_type=kind,
                object_id=number,
                order_id=of_order,
                department_id=department_id or getattr(subject, "department_id", None),
                before=before or {},
                after=after or {},
                reason=reason,
                request_id=request_id,
                by=by,
            )
        )

    def store_events(self) -> None:
        """Write the events, shard by shard in one order, so that two writers never wait for each other in a circle."""
        for event in sorted(self.events, key=_shard):
            self.session.add(event_row(event, event.by or self.actor, self.now))
            self.session.flush()


@dataclass(frozen=True, slots=True)
class Access:
    """One signed-in person, and the only way from here to the data."""

    environment: Environment
    actor: Actor

    @contextmanager
    def read(self, permission: Permission) -> Iterator[Look]:
        """Open a visit that cannot change anything; raises NotAllowed."""
        scope = self._admit(permission)
        with _said_as_refusal(), self.environment.reading(scope) as session:
            yield Look(session, self.actor, self.environment.clock())
            session.rollback()

    @contextmanager
    def write(self, permission: Permission) -> Iterator[Work]:
        """Open a transaction; raises NotAllowed, and Unrecorded where it ends without an event."""
        scope = self._admit(permission)
        token = _inside.set(True)
        try:
            with _said_as_refusal(), self.environment.writing(scope) as session, session.begin():
                work = Work(session, self.actor, self.environment.clock())
                yield work
                session.flush()
                if not work.events and not work.repeated:
                    raise Unrecorded(permission)
                work.store_events()
        finally:
            _inside.reset(token)

    def may(self, permission: Permission) -> bool:
        """Say whether the actor's role carries the permission: what a screen asks before it shows a button."""
        return permission in self.actor.permissions

    def _admit(self, permission: Permission) -> Scope:
        if _inside.get():
            raise Nested(permission)
        if permission not in self.actor.permissions:
            raise NotAllowed(permission=permission)
        return Scope(None if permission in OWN else reach(self.actor.role, self.actor.departments))


def event_row(event: Recorded, actor: Actor, now: datetime) -> EventRow:
    """Return the row of an event with its canonical body: the text that is hashed."""
    body: dict[str, Any] = {
        "at": now.isoformat(),
        "actor": {
            "id": actor.id,
            "name": actor.name,
            "role": actor.role.value,
            "department": actor.home_department,
        },
        "action": event.action.value,
        "object": {"type": event.object_type, "id": event.object_id},
        "order": event.order_id,
        "department": event.department_id,
        "before": event.before,
        "after": event.after,
        "reason": event.reason,
        "request": event.request_id,
    }
    return EventRow(
        shard=_shard(event),
        at=now,
        actor_id=actor.id,
        actor_name=actor.name,
        actor_role=actor.role,
        actor_department_id=actor.home_department,
        action=event.action,
        object_type=event.object_type,
        object_id=event.object_id,
        order_id=event.order_id,
        department_id=event.department_id,
        body=rfc8785.dumps(body).decode(),
    )


@contextmanager
def _said_as_refusal() -> Iterator[None]:
    """Refuse what no column can hold, a number too great or a character that is none, instead of failing."""
    try:
        yield
    except DataError as wrong:
        raise PortalError("error.not_storable") from wrong


_inside: ContextVar[bool] = ContextVar("inside a write", default=False)


def _shard(event: Recorded) -> int:
    return (event.order_id or event.object_id) % SHARDS
