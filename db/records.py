"""The trail, imports, and the maintained counts."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    FetchedValue,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Numbered, word
from db.vocabulary import Event, ImportKind, JobState, Role

SHARDS = 8
"""Chains of the trail. One chain would make every writer wait for every other one; the object decides the shard."""


class EventRow(Numbered, Base):
    """One thing that happened. The database chains it: `seq`, `previous` and `hash` are the trigger's to set."""

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("shard", "seq"),
        CheckConstraint("shard between 0 and 7", name="shard"),
    )

    shard: Mapped[int] = mapped_column(SmallInteger)
    seq: Mapped[int] = mapped_column(BigInteger, server_default=FetchedValue())
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    actor_name: Mapped[str] = mapped_column(String(80))
    actor_role: Mapped[Role] = mapped_column(word(Role))
    actor_department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    action: Mapped[Event] = mapped_column(word(Event))
    object_type: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[int] = mapped_column(BigInteger)
    order_id: Mapped[int | None] = mapped_column(BigInteger)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    body: Mapped[str] = mapped_column(Text)
    previous: Mapped[bytes] = mapped_column(LargeBinary, server_default=FetchedValue())
    hash: Mapped[bytes] = mapped_column(LargeBinary, server_default=FetchedValue())


Index("ix_events_at", EventRow.at.desc(), EventRow.id.desc())
Index("ix_events_department_at", EventRow.department_id, EventRow.at.desc(), EventRow.id.desc())
Index("ix_events_action_at", EventRow.action, EventRow.at.desc(), EventRow.id.desc())
Index("ix_events_actor_at", EventRow.actor_id, EventRow.at.desc(), EventRow.id.desc())
Index("ix_events_object", EventRow.object_type, EventRow.object_id, EventRow.id)
Index("ix_events_order", EventRow.order_id, EventRow.id, postgresql_where=EventRow.order_id.is_not(None))


class EventHead(Base):
    """The end of each chain, kept by the trigger alone: a trail cut short no longer meets its head."""

    __tablename__ = "event_heads"

    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class Import(Numbered, Base):
    """One sheet taken in, with its progress and its report."""

    __tablename__ = "imports"
    __table_args__ = (CheckConstraint("progress >= 0", name="progress"),)

    kind: Mapped[ImportKind] = mapped_column(word(ImportKind))
    profile: Mapped[str] = mapped_column(String(80))
    file_name: Mapped[str] = mapped_column(String(200))
    stored_as: Mapped[str | None] = mapped_column(String(80))
    file_sha256: Mapped[str] = mapped_column(String(64))
    state: Mapped[JobState] = mapped_column(word(JobState))
    progress: Mapped[int] = mapped_column(Integer, default=0)
    total: Mapped[int | None] = mapped_column(Integer)
    cancel_requested: Mapped[bool] = mapped_column(Boolean, default=False)
    report: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    started_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    started_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    request_id: Mapped[str] = mapped_column(String(64), unique=True)


class ImportProblem(Numbered, Base):
    """One thing wrong with one row of a sheet; `rejected` where it kept the row out."""

    __tablename__ = "import_problems"

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), index=True)
    row: Mapped[int] = mapped_column(Integer)
    field: Mapped[str] = mapped_column(String(60))
    code: Mapped[str] = mapped_column(String(60))
    value: Mapped[str | None] = mapped_column(String(200))
    rejected: Mapped[bool] = mapped_column(Boolean)
    line: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class DailyCount(Base):
    """What is counted, by day of the first close, department and order type. Kept by a trigger on orders.

    `closed` counts every closed order, `excluded` those left out of the statistics by two people; all other columns
    leave the excluded out. `to_call` is called, or waiting to be; `silent` is archived without any rating. Every rate
    of the scores is a ratio of such sums.
    """

    __tablename__ = "daily_counts"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), primary_key=True)
    order_type_id: Mapped[int] = mapped_column(ForeignKey("order_types.id"), primary_key=True)
    closed: Mapped[int] = mapped_column(Integer)
    due: Mapped[int] = mapped_column(Integer)
    on_time: Mapped[int] = mapped_column(Integer)
    rated: Mapped[int] = mapped_column(Integer)
    to_call: Mapped[int] = mapped_column(Integer)
    called: Mapped[int] = mapped_column(Integer)
    reached: Mapped[int] = mapped_column(Integer)
    satisfied: Mapped[int] = mapped_column(Integer)
    neutral: Mapped[int] = mapped_column(Integer)
    dissatisfied: Mapped[int] = mapped_column(Integer)
    solved: Mapped[int] = mapped_column(Integer)
    silent: Mapped[int] = mapped_column(Integer)
    excluded: Mapped[int] = mapped_column(Integer)
    reworked: Mapped[int] = mapped_column(Integer)


Index("ix_daily_counts_department", DailyCount.department_id, DailyCount.day)
