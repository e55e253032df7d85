"""Orders, their rounds, and everything that happens in a round.

Every row of a round carries the department that was responsible when it was written. A composite foreign key to the
round holds it there, so that it cannot drift and the row-level policies need no join.
"""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Numbered, word
from db.vocabulary import FindingKind, Outcome, RatingSource, Satisfaction, Solved, Status


class Order(Numbered, Base):
    """One request (工单) through its whole life, with its effective outcome kept on the row.

    The columns from `closed_on` to `reworked` are what is counted: they are written in the transaction that changes
    them, and a trigger of the database adds the difference to `daily_counts`. `department_id` holds the order now;
    `counted_department_id` was responsible for the round that counts. `round_closed_at` is the close of the round that
    is asked about (the first close where it is empty), `language` the skill that a call needs to be understood.
    """

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("source", "number"),
        CheckConstraint("round >= 1", name="round"),
        CheckConstraint("attempts >= 0", name="attempts"),
        CheckConstraint("(closed_on is null) = (closed_at is null)", name="closed_on"),
        CheckConstraint("closed_at is null or closed_at >= accepted_at", name="closed_after_accepted"),
        CheckConstraint("status <> 'open' or closed_at is null", name="open_is_not_closed"),
        CheckConstraint("status = 'open' or closed_at is not null", name="closed_has_a_time"),
        CheckConstraint("on_time is null or (closed_at is not null and due_at is not null)", name="on_time"),
        CheckConstraint("(outcome is not null) = (status = 'archived')", name="outcome_when_archived"),
        CheckConstraint("(satisfaction is not null) = rated", name="rated"),
        CheckConstraint("not reached or called", name="reached_was_called"),
        CheckConstraint("called = (attempts > 0)", name="called_has_attempts"),
        CheckConstraint("status <> 'due' or round = 1 or round_closed_at is not null", name="due_since"),
    )

    source: Mapped[str] = mapped_column(String(40))
    number: Mapped[str] = mapped_column(String(60))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    counted_department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    order_type_id: Mapped[int] = mapped_column(ForeignKey("order_types.id"))
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("channels.id"))
    category_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id"))
    place_id: Mapped[int | None] = mapped_column(ForeignKey("places.id"))
    place_text: Mapped[str | None] = mapped_column(String(200))
    address: Mapped[str | None] = mapped_column(String(400))
    title: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    requester: Mapped[str | None] = mapped_column(String(40))
    confidential: Mapped[bool] = mapped_column(Boolean, default=False)
    accepted_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    due_days: Mapped[int | None] = mapped_column(Integer)
    due_rule: Mapped[str | None] = mapped_column(String(80))
    closed_at: Mapped[datetime | None]
    closed_on: Mapped[date | None] = mapped_column(Date)
    official_late: Mapped[bool | None] = mapped_column(Boolean)
    status: Mapped[Status] = mapped_column(word(Status))
    round: Mapped[int] = mapped_column(Integer, default=1)
    outcome: Mapped[Outcome | None] = mapped_column(word(Outcome))
    satisfaction: Mapped[Satisfaction | None] = mapped_column(word(Satisfaction))
    solved: Mapped[Solved | None] = mapped_column(word(Solved))
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    on_time: Mapped[bool | None] = mapped_column(Boolean)
    called: Mapped[bool] = mapped_column(Boolean, default=False)
    reached: Mapped[bool] = mapped_column(Boolean, default=False)
    rated: Mapped[bool] = mapped_column(Boolean, default=False)
    reworked: Mapped[bool] = mapped_column(Boolean, default=False)
    escalated: Mapped[bool] = mapped_column(Boolean, default=False)
    excluded: Mapped[bool] = mapped_column(Boolean, default=False)
    round_closed_at: Mapped[datetime | None]
    language: Mapped[str | None] = mapped_column(String(40))
    rule_set_id: Mapped[int | None] = mapped_column(ForeignKey("rule_sets.id"))
    source_updated_at: Mapped[datetime | None]
    import_id: Mapped[int | None] = mapped_column(ForeignKey("imports.id"))
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer, default=1)

    __mapper_args__ = {"version_id_col": version}


# Each list and queue of the screens pages by keyset along one of these (ARCHITECTURE.md, "What is fast and why").
Index("ix_orders_accepted", Order.accepted_at.desc(), Order.id.desc())
Index("ix_orders_department_accepted", Order.department_id, Order.accepted_at.desc(), Order.id.desc())
Index("ix_orders_department_status", Order.department_id, Order.status, Order.accepted_at.desc(), Order.id.desc())
Index("ix_orders_status_accepted", Order.status, Order.accepted_at.desc(), Order.id.desc())
Index("ix_orders_category_accepted", Order.category_id, Order.accepted_at.desc(), Order.id.desc())
Index("ix_orders_place_accepted", Order.place_id, Order.accepted_at.desc(), Order.id.desc())
Index("ix_orders_counted", Order.counted_department_id, Order.closed_on, Order.id)
Index("ix_orders_number", Order.number)
Index("ix_orders_import_id", Order.import_id)
Index("ix_orders_undrawn", Order.closed_at, Order.id, postgresql_where=Order.status == Status.CLOSED)
Index("ix_orders_open_due", Order.due_at, Order.id, postgresql_where=Order.closed_at.is_(None))
Index("ix_orders_unassigned", Order.accepted_at.desc(), Order.id.desc(), postgresql_where=Order.department_id.is_(None))
Index(
    "ix_orders_discontent",
    Order.satisfaction,
    Order.accepted_at.desc(),
    Order.id.desc(),
    postgresql_where=Order.satisfaction.in_((Satisfaction.NEUTRAL, Satisfaction.DISSATISFIED)),
)
Index(
    "ix_orders_silent",
    Order.outcome,
    Order.accepted_at.desc(),
    Order.id.desc(),
    postgresql_where=Order.outcome.in_((Outcome.UNREACHED, Outcome.UNASKED)),
)
Index("ix_orders_excluded", Order.accepted_at.desc(), Order.id.desc(), postgresql_where=Order.excluded)
Index(
    "ix_orders_bigrams",
    func.bigrams(Order.number + " " + Order.title + " " + Order.text),
    postgresql_using="gin",
)


class Contact(Base):
    """Who asked, and their telephone number: kept apart, because looking at it is itself an event."""

    __tablename__ = "contacts"

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True, autoincrement=False)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)
    name: Mapped[str | None] = mapped_column(String(80))
    phone: Mapped[str | None] = mapped_column(String(40), index=True)


class Round(Numbered, Base):
    """One go at an order: its own department, deadline, reply, close time and rating. Earlier rounds are kept."""

    __tablename__ = "rounds"
    __table_args__ = (
        UniqueConstraint("order_id", "number"),
        UniqueConstraint("id", "department_id"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("settled_at is null or closed_at is not null", name="settled_was_closed"),
        CheckConstraint("unit_contacted_at is null or unit_contacted", name="contact_time_needs_contact"),
    )

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    number: Mapped[int] = mapped_column(Integer)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    due_days: Mapped[int | None] = mapped_column(Integer)
    closed_at: Mapped[datetime | None]
    reply: Mapped[str | None] = mapped_column(Text)
    unit_contacted: Mapped[bool | None] = mapped_column(Boolean)
    unit_contacted_at: Mapped[datetime | None]
    evidence_note: Mapped[str | None] = mapped_column(Text)
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    request_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    settled_at: Mapped[datetime | None]
    satisfaction: Mapped[Satisfaction | None] = mapped_column(word(Satisfaction))


Index("uq_rounds_one_open", Round.order_id, unique=True, postgresql_where=Round.settled_at.is_(None))
Index(
    "ix_rounds_rework_inbox",
    Round.department_id,
    Round.due_at,
    Round.id,
    postgresql_where=(Round.number > 1) & Round.closed_at.is_(None),
)


class _OfRound:
    """A row that belongs to a round, and to the department that was responsible then."""

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"), index=True)
    department_id: Mapped[int | None] = mapped_column(BigInteger, index=True)


def _held_by_its_round() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["round_id", "department_id"], ["rounds.id", "rounds.department_id"])


class Attempt(Numbered, _OfRound, Base):
    """One try to call a citizen back, whatever came of it.

    `number` is which of the citizen's numbers was called, `hands_ms` the time of hands that the record took, `settled`
    whether it ended the case and `on_time` whether before the last day. A correction is a row of its own that names the
    one it corrects; both are kept.
    """

    __tablename__ = "attempts"
    __table_args__ = (
        _held_by_its_round(),
        UniqueConstraint("id", "department_id"),
        CheckConstraint("recorded_at >= started_at", name="recorded_after_started"),
        CheckConstraint("number >= 1", name="number"),
        CheckConstraint("hands_ms is null or hands_ms >= 0", name="hands_ms"),
    )

    agent_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    disposition_id: Mapped[int] = mapped_column(ForeignKey("dispositions.id"))
    started_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    note: Mapped[str | None] = mapped_column(Text)
    number: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    day_part: Mapped[str | None] = mapped_column(String(20))
    satisfaction: Mapped[Satisfaction | None] = mapped_column(word(Satisfaction))
    settled: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")
    on_time: Mapped[bool | None] = mapped_column(Boolean)
    hands_ms: Mapped[int | None] = mapped_column(Integer)
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("attempts.id"), unique=True)
    request_id: Mapped[str] = mapped_column(String(64), unique=True)


Index("ix_attempts_agent_recorded", Attempt.agent_id, Attempt.recorded_at)


class Rating(Numbered, _OfRound, Base):
    """A grade given in a round, raw as it was given, with what it counted as under the rule set of that time."""

    __tablename__ = "ratings"
    __table_args__ = (
        _held_by_its_round(),
        CheckConstraint("(source = 'callback') = (attempt_id is not null)", name="callback_has_an_attempt"),
        UniqueConstraint("order_id", "source", "rated_at", "grade_id"),
    )

    source: Mapped[RatingSource] = mapped_column(word(RatingSource))
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("channels.id"))
    grade_id: Mapped[int] = mapped_column(ForeignKey("grades.id"))
    satisfaction: Mapped[Satisfaction] = mapped_column(word(Satisfaction))
    rule_set_id: Mapped[int] = mapped_column(ForeignKey("rule_sets.id"))
    rated_at: Mapped[datetime]
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempts.id"), unique=True)


class Answer(Numbered, Base):
    """One answer of a callback: question code and value, under a version of the questionnaire."""

    __tablename__ = "answers"
    __table_args__ = (
        ForeignKeyConstraint(["attempt_id", "department_id"], ["attempts.id", "attempts.department_id"]),
        UniqueConstraint("attempt_id", "question"),
    )

    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempts.id"))
    department_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaires.id"))
    question: Mapped[str] = mapped_column(String(40))
    value: Mapped[str] = mapped_column(Text)


class AttemptReason(Base):
    """A reason for dissatisfaction that a citizen gave in a callback; `suggested` where the desk had proposed it."""

    __tablename__ = "attempt_reasons"
    __table_args__ = (ForeignKeyConstraint(["attempt_id", "department_id"], ["attempts.id", "attempts.department_id"]),)

    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempts.id"), primary_key=True)
    reason_id: Mapped[int] = mapped_column(ForeignKey("reasons.id"), primary_key=True, index=True)
    department_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    suggested: Mapped[bool] = mapped_column(Boolean, default=False, server_default="false")


class RatingAnswer(Numbered, Base):
    """What an imported rating says besides its grade: a question's code and the raw value that was given."""

    __tablename__ = "rating_answers"
    __table_args__ = (UniqueConstraint("rating_id", "question"),)

    rating_id: Mapped[int] = mapped_column(ForeignKey("ratings.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)
    question: Mapped[str] = mapped_column(String(40))
    value: Mapped[str] = mapped_column(String(200))


class Finding(Numbered, _OfRound, Base):
    """A fact about the handling that a callback brought to light."""

    __tablename__ = "findings"
    __table_args__ = (_held_by_its_round(), UniqueConstraint("attempt_id", "kind"))

    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempts.id"))
    kind: Mapped[FindingKind] = mapped_column(word(FindingKind))
    found_at: Mapped[datetime]


class Return(Numbered, _OfRound, Base):
    """An order sent back for rework; `round_id` is the new round that it opens."""

    __tablename__ = "returns"
    __table_args__ = (
        _held_by_its_round(),
        UniqueConstraint("round_id"),
        CheckConstraint("length(instruction) >= 1", name="instruction"),
    )

    reason_id: Mapped[int] = mapped_column(ForeignKey("reasons.id"))
    instruction: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime]
    returned_by: Mapped[int] = mapped_column(ForeignKey("people.id"))
    returned_at: Mapped[datetime]
    request_id: Mapped[str] = mapped_column(String(64), unique=True)


class Exclusion(Numbered, Base):
    """An order left out of the statistics, decided by two different people."""

    __tablename__ = "exclusions"
    __table_args__ = (
        UniqueConstraint("order_id"),
        CheckConstraint("proposed_by <> approved_by", name="two_people"),
        CheckConstraint("approved_at >= proposed_at", name="approved_after_proposed"),
    )

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)
    ground: Mapped[str] = mapped_column(Text)
    proposed_by: Mapped[int] = mapped_column(ForeignKey("people.id"))
    proposed_at: Mapped[datetime]
    approved_by: Mapped[int] = mapped_column(ForeignKey("people.id"))
    approved_at: Mapped[datetime]
