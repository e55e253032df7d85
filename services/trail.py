"""Read the trail, and check that nobody edited it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, func, or_, select, tuple_, type_coerce

from db.orders import Order
from db.people import Person
from db.records import SHARDS, EventHead, EventRow
from db.reference import Department, Disposition, Reason
from db.vocabulary import Event, Role
from services.access import Access, Look
from services.errors import Fact
from services.rules.chain import Break, Chain, Head
from services.rules.deadlines import start_of
from services.rules.permissions import Permission
from services.views import Named

PAGE = 50
"""Events on one page of the trail."""

_AT_A_TIME = 5_000
_LONGEST_CODES = 200


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """Which events are looked for; days are the city's, both inclusive."""

    who: str = ""
    action: Event | None = None
    number: str = ""
    first: date | None = None
    last: date | None = None
    object_type: str = ""
    object_id: int | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page of the trail ended: the next one begins after it."""

    at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class TrailLine:
    """One event as a person reads it; `subject` names the thing, and `codes` the codes in its facts, where they have
    names."""

    id: int
    shard: int
    seq: int
    at: datetime
    actor: str
    role: Role
    actor_department: Named | None
    action: Event
    object_type: str
    object_id: int
    subject: str | None
    order_id: int | None
    department: Named | None
    before: tuple[tuple[str, Fact], ...]
    after: tuple[tuple[str, Fact], ...]
    reason: str | None
    request_id: str | None
    hash: str
    codes: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class TrailPage:
    """Some events, newest first, and where to go on; `next` is None on the last page."""

    lines: tuple[TrailLine, ...]
    next: Position | None


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What a check of the whole trail found; without breaks it holds from the first event to every head."""

    events: int
    checked_at: datetime
    heads: tuple[Head, ...]
    breaks: tuple[Break, ...]

    @property
    def whole(self) -> bool:
        """Whether every link holds."""
        return not self.breaks


def last_event(access: Access) -> int:
    """Return how many events there are: every change records one, so this is the version of the data for kept answers.

    The heads of the chains move with the transaction, so that the number is never ahead of what can be read.
    """
    with access.read(Permission.HOME_VIEW) as look:
        return int(look.session.scalar(select(func.sum(EventHead.seq))) or 0)


def search(access: Access, *, where: TrailFilter, after: Position | None = None, size: int = PAGE) -> TrailPage:
    """Return the events that a filter finds, newest first, from a position on."""
    with access.read(Permission.TRAIL_VIEW) as look:
        query = select(EventRow).where(*_conditions(where))
        if after is not None:
            query = query.where(tuple_(EventRow.at, EventRow.id) < tuple_(after.at, after.id))
        query = query.order_by(EventRow.at.desc(), EventRow.id.desc()).limit(size + 1)
        found = look.session.scalars(query).all()
        shown = found[:size]
        more = Position(shown[-1].at, shown[-1].id) if len(found) > size else None
        return TrailPage(_lines(look, shown), more)


def check_chain(access: Access, *, noted: Sequence[Head] = ()) -> ChainReport:
    """Recompute every hash of every shard and say where the first link breaks.

    A link holds where its number follows, its `previous` is the hash before it, its hash is the one of its body, and
    its columns say what the body says. `noted` are heads written down earlier, outside the database: whoever can edit
    the heads as well as the events can shorten the trail, but not past these.
    """
    with access.read(Permission.TRAIL_VIEW) as look:
        rows = look.session.execute(_every_link(), execution_options={"yield_per": _AT_A_TIME})
        chains = {shard: Chain(shard, noted) for shard in range(SHARDS)}
        for shard, head_seq, head_hash, number, seq, previous, digest, body, *stated in rows:
            chain = chains[shard]
            chain.head_seq, chain.head_hash = head_seq, head_hash
            if number is not None:
                chain.follow(number, seq, previous, digest, body, stated)
        for chain in chains.values():
            chain.end()
        return ChainReport(
            events=sum(chain.links for chain in chains.values()),
            checked_at=look.now,
            heads=tuple(chain.head for chain in chains.values()),
            breaks=tuple(chain.broken for chain in chains.values() if chain.broken is not None),
        )


# ---------------------------------------------------------------------------------------------------------------------


def _every_link() -> Select[Any]:
    """One statement, so that the heads and the links are of the same moment while others write."""
    link = EventRow.__table__.c
    head = EventHead.__table__.c
    columns = (
        link.at,
        link.actor_id,
        link.actor_name,
        type_coerce(link.actor_role, String),
        link.actor_department_id,
        type_coerce(link.action, String),
        link.object_type,
        link.object_id,
        link.order_id,
        link.department_id,
    )
    return (
        select(head.shard, head.seq, head.hash, link.id, link.seq, link.previous, link.hash, link.body, *columns)
        .select_from(EventHead.__table__.outerjoin(EventRow.__table__, link.shard == head.shard))
        .order_by(head.shard, link.seq, link.id)
    )


def _conditions(where: TrailFilter) -> Iterable[ColumnElement[bool]]:
    if where.who.strip():
        known = select(Person.id).where(Person.name.contains(where.who.strip(), autoescape=True))
        yield or_(EventRow.actor_id.in_(known), EventRow.actor_name == where.who.strip())
    if where.action is not None:
        yield EventRow.action == where.action
    if where.number.strip():
        yield EventRow.order_id.in_(select(Order.id).where(Order.number == where.number.strip()))
    if where.object_type:
        yield EventRow.object_type == where.object_type
    if where.object_id is not None:
        yield EventRow.object_id == where.object_id
    if where.first is not None:
        yield EventRow.at >= start_of(where.first)
    if where.last is not None:
        yield EventRow.at < start_of(where.last + timedelta(days=1))


def _lines(look: Look, rows: Sequence[EventRow]) -> tuple[TrailLine, ...]:
    departments = _departments(look, rows)
    subjects = _subjects(look, rows)
    codes = _codes(look, rows)
    lines = []
    for row in rows:
        said = json.loads(row.body)
        lines.append(
            TrailLine(
                id=row.id,
                shard=row.shard,
                seq=row.seq,
                at=row.at,
                actor=row.actor_name,
                role=row.actor_role,
                actor_department=departments.get(row.actor_department_id or 0),
                action=row.action,
                object_type=row.object_type,
                object_id=row.object_id,
                subject=_subject(row, subjects),
                order_id=row.order_id,
                department=departments.get(row.department_id or 0),
                before=tuple(said.get("before", {}).items()),
                after=tuple(said.get("after", {}).items()),
                reason=said.get("reason"),
                request_id=said.get("request"),
                hash=row.hash.hex(),
                codes=tuple(codes[code] for code in _codes_in(said) if code in codes),
            )
        )
    return tuple(lines)


def _codes_in(said: Mapping[str, Any]) -> list[str]:
    """Return the codes of reasons and dispositions that a body names."""
    facts = [said.get("before", {}), said.get("after", {})]
    written = [said.get("reason"), *(one.get(name) for one in facts for name in ("reasons", "disposition"))]
    return [
        code for text in written if isinstance(text, str) and len(text) <= _LONGEST_CODES for code in text.split(",")
    ]


def _codes(look: Look, rows: Sequence[EventRow]) -> dict[str, Named]:
    wanted = {code for row in rows for code in _codes_in(json.loads(row.body))}
    if not wanted:
        return {}
    found = [
        *look.session.scalars(select(Reason).where(Reason.code.in_(wanted))),
        *look.session.scalars(select(Disposition).where(Disposition.code.in_(wanted))),
    ]
    return {one.code: Named.of(one) for one in found}


def _departments(look: Look, rows: Sequence[EventRow]) -> dict[int, Named]:
    wanted = {row.department_id for row in rows} | {row.actor_department_id for row in rows}
    wanted |= {row.object_id for row in rows if row.object_type == "departments"}
    found = look.session.scalars(select(Department).where(Department.id.in_(wanted - {None})))
    return {one.id: Named.of(one) for one in found}


def _subjects(look: Look, rows: Sequence[EventRow]) -> dict[tuple[str, int], str]:
    """Return the names of the things that the events are about, by table and number."""
    orders = {row.order_id for row in rows if row.order_id is not None}
    people = {row.object_id for row in rows if row.object_type == "people"}
    departments = {row.object_id for row in rows if row.object_type == "departments"}
    named: dict[tuple[str, int], str] = {}
    for table, column, wanted in (
        ("orders", Order.number, orders),
        ("people", Person.name, people),
        ("departments", Department.name, departments),
    ):
        if wanted:
            kind = column.class_
            found = look.session.execute(select(kind.id, column).where(kind.id.in_(wanted)))
            named |= {(table, number): name for number, name in found}
    return named


def _subject(row: EventRow, subjects: Mapping[tuple[str, int], str]) -> str | None:
    if row.order_id is not None:
        return subjects.get(("orders", row.order_id))
    return subjects.get((row.object_type, row.object_id))
