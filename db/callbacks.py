"""The callback desk: who is to be called when and by whom, and what belongs to a call besides its answers.

A row of `callback_cases` is one round of one order that is to be asked about. The database itself opens it when the
order becomes due, keeps its facts, and closes it when the order goes on (a trigger on orders), so that no writer can
forget one.
"""

from datetime import date, datetime
from typing import Any

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
    and_,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Numbered, word
from db.vocabulary import AppointmentEnd, CaseEnd, NoticeKind, OptOutKind, Satisfaction


class CallbackCase(Numbered, Base):
    """One round of an order that is, or was, to be called about: when, by whom, and what came of it.

    `urgent`: a dissatisfied rating of the citizen's own stands. `ready_at` is the moment from which the case may be
    handed out, `draw` a hash that puts the cases of one day in random order, `needs` the skills without which nobody
    gets it. A case is held until `held_until`; after that moment it is free again without anybody's doing. The columns
    from `aapor_group` to `on_time` are what is counted: the resolved outcome, and the call that decided it.
    """

    __tablename__ = "callback_cases"
    __table_args__ = (
        UniqueConstraint("order_id", "round"),
        CheckConstraint("(held_by is null) = (held_until is null)", name="held_until"),
        CheckConstraint("(held_by is null) = (held_since is null)", name="held_since"),
        CheckConstraint("open or held_by is null", name="closed_is_not_held"),
        CheckConstraint("appointment_for is null or appointment_at is not null", name="appointment"),
        CheckConstraint("aapor_group in ('I', 'P', 'R', 'O', 'NC', 'UO', 'UH', 'NE')", name="aapor_group"),
    )

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    round: Mapped[int] = mapped_column(Integer)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    order_type_id: Mapped[int] = mapped_column(ForeignKey("order_types.id"))
    urgent: Mapped[bool] = mapped_column(Boolean, default=False)
    closed_at: Mapped[datetime]
    closed_on: Mapped[date] = mapped_column(Date)
    ready_at: Mapped[datetime]
    draw: Mapped[int] = mapped_column(Integer)
    needs: Mapped[list[str]] = mapped_column(ARRAY(String(40)), server_default="{}")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    open: Mapped[bool] = mapped_column(Boolean, server_default="true")
    held_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    held_since: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    picked: Mapped[bool] = mapped_column(Boolean, server_default="false")
    appointment_at: Mapped[datetime | None]
    appointment_for: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    referred: Mapped[bool] = mapped_column(Boolean, server_default="false")
    aapor_group: Mapped[str] = mapped_column(String(2), server_default="UH")
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    day_part: Mapped[str | None] = mapped_column(String(20))
    satisfaction: Mapped[Satisfaction | None] = mapped_column(word(Satisfaction))
    decided_on: Mapped[date | None] = mapped_column(Date)
    on_time: Mapped[bool | None] = mapped_column(Boolean)
    done_at: Mapped[datetime | None]
    done_as: Mapped[CaseEnd | None] = mapped_column(word(CaseEnd))


# Each branch of the claim (services/callback_claim.py) goes along one of these.
_WAITING = and_(CallbackCase.open, ~CallbackCase.referred, CallbackCase.appointment_at.is_(None))
_IN_TURN = (CallbackCase.ready_at, CallbackCase.draw)
Index("ix_callback_cases_ready", CallbackCase.needs, *_IN_TURN, postgresql_where=_WAITING)
Index(
    "ix_callback_cases_urgent",
    CallbackCase.needs,
    *_IN_TURN,
    postgresql_where=and_(_WAITING, CallbackCase.urgent),
)
Index(
    "ix_callback_cases_reworked",
    CallbackCase.needs,
    *_IN_TURN,
    postgresql_where=and_(_WAITING, CallbackCase.round > 1),
)
Index("ix_callback_cases_closed_on", CallbackCase.closed_on, CallbackCase.needs, *_IN_TURN, postgresql_where=_WAITING)
Index(
    "ix_callback_cases_appointment",
    CallbackCase.appointment_at,
    CallbackCase.id,
    postgresql_where=and_(CallbackCase.open, CallbackCase.appointment_at.is_not(None)),
)
Index(
    "ix_callback_cases_appointment_for",
    CallbackCase.appointment_for,
    CallbackCase.appointment_at,
    postgresql_where=and_(CallbackCase.open, CallbackCase.appointment_for.is_not(None)),
)
Index(
    "ix_callback_cases_held",
    CallbackCase.held_by,
    CallbackCase.held_since,
    postgresql_where=and_(CallbackCase.open, CallbackCase.held_by.is_not(None)),
)
# Along this one the open cases are listed, and those past their last day are found.
Index("ix_callback_cases_open", CallbackCase.closed_at, CallbackCase.id, postgresql_where=CallbackCase.open)


class Appointment(Numbered, Base):
    """When a citizen asked to be called, by a named agent where `agent_id` says so; one at a time is open."""

    __tablename__ = "appointments"
    __table_args__ = (CheckConstraint("(ended_at is null) = (ended_as is null)", name="ended"),)

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    round: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime]
    agent_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    note: Mapped[str | None] = mapped_column(String(500))
    booked_by: Mapped[int] = mapped_column(ForeignKey("people.id"))
    booked_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_as: Mapped[AppointmentEnd | None] = mapped_column(word(AppointmentEnd))
    request_id: Mapped[str] = mapped_column(String(64), unique=True)


Index("uq_appointments_one_open", Appointment.order_id, unique=True, postgresql_where=Appointment.ended_at.is_(None))
Index("ix_appointments_at", Appointment.at, Appointment.id)


class OtherNumber(Numbered, Base):
    """A further number of a requester; `contacts.phone` is number 1, these are 2 and up, tried in order."""

    __tablename__ = "other_numbers"
    __table_args__ = (
        UniqueConstraint("order_id", "position"),
        CheckConstraint("position >= 2", name="position"),
    )

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    position: Mapped[int] = mapped_column(Integer)
    phone: Mapped[str] = mapped_column(String(40), index=True)
    note: Mapped[str | None] = mapped_column(String(200))
    added_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    added_at: Mapped[datetime]
    request_id: Mapped[str | None] = mapped_column(String(64), unique=True)


class OptOut(Numbered, Base):
    """A number that is not to be called again, or whose owner is not to be asked any more; ended, never deleted."""

    __tablename__ = "opt_outs"

    phone: Mapped[str] = mapped_column(String(40))
    kind: Mapped[OptOutKind] = mapped_column(word(OptOutKind))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    recorded_by: Mapped[int] = mapped_column(ForeignKey("people.id"))
    recorded_at: Mapped[datetime]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    ended_at: Mapped[datetime | None]
    ended_why: Mapped[str | None] = mapped_column(String(500))
    request_id: Mapped[str] = mapped_column(String(64), unique=True)


Index("uq_opt_outs_in_force", OptOut.phone, OptOut.kind, unique=True, postgresql_where=OptOut.ended_at.is_(None))


class CallbackDraft(Base):
    """What an agent has typed about a round and not sent yet; `token` is the request id under which it will be sent."""

    __tablename__ = "callback_drafts"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True, index=True)
    round: Mapped[int] = mapped_column(Integer, primary_key=True)
    token: Mapped[str] = mapped_column(String(64))
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    saved_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


Index("ix_callback_drafts_open", CallbackDraft.person_id, postgresql_where=CallbackDraft.ended_at.is_(None))


class TelephoneCall(Numbered, Base):
    """A call that was dialled from the desk, and what the telephone system says of it: start, length, recording."""

    __tablename__ = "telephone_calls"
    __table_args__ = (CheckConstraint("seconds is null or seconds >= 0", name="seconds"),)

    reference: Mapped[str] = mapped_column(String(64), unique=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    round: Mapped[int] = mapped_column(Integer)
    agent_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    number: Mapped[int] = mapped_column(Integer)
    dialled_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    seconds: Mapped[int | None] = mapped_column(Integer)
    recording: Mapped[str | None] = mapped_column(String(500))
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempts.id"), index=True)


class Referral(Numbered, Base):
    """A question that an agent put to a supervisor about a case; the case rests until it is answered."""

    __tablename__ = "referrals"
    __table_args__ = (CheckConstraint("(answered_at is null) = (answer is null)", name="answered"),)

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    round: Mapped[int] = mapped_column(Integer)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    asked_by: Mapped[int] = mapped_column(ForeignKey("people.id"))
    asked_at: Mapped[datetime]
    question: Mapped[str] = mapped_column(Text)
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    answered_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str] = mapped_column(String(64), unique=True)


Index("ix_referrals_open", Referral.asked_at, Referral.id, postgresql_where=Referral.answered_at.is_(None))


class Notice(Numbered, Base):
    """Something that one person should know, until they have read it."""

    __tablename__ = "notices"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    kind: Mapped[NoticeKind] = mapped_column(word(NoticeKind))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]


Index("ix_notices_person", Notice.person_id, Notice.id.desc())
Index("ix_notices_unread", Notice.person_id, Notice.id.desc(), postgresql_where=Notice.read_at.is_(None))


class Recode(Numbered, Base):
    """A supervisor's own reading of why a citizen was dissatisfied, beside the words and the agent's codes."""

    __tablename__ = "recodes"
    __table_args__ = (
        ForeignKeyConstraint(["attempt_id", "department_id"], ["attempts.id", "attempts.department_id"]),
        UniqueConstraint("id", "department_id"),
    )

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"), index=True)
    department_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempts.id"), index=True)
    agrees: Mapped[bool] = mapped_column(Boolean)
    note: Mapped[str | None] = mapped_column(String(500))
    recoded_by: Mapped[int] = mapped_column(ForeignKey("people.id"))
    recoded_at: Mapped[datetime]
    request_id: Mapped[str] = mapped_column(String(64), unique=True)


Index("ix_recodes_recoded", Recode.recoded_at, Recode.id)


class RecodeReason(Base):
    """A reason that a supervisor found in the citizen's words."""

    __tablename__ = "recode_reasons"
    __table_args__ = (ForeignKeyConstraint(["recode_id", "department_id"], ["recodes.id", "recodes.department_id"]),)

    recode_id: Mapped[int] = mapped_column(ForeignKey("recodes.id"), primary_key=True)
    reason_id: Mapped[int] = mapped_column(ForeignKey("reasons.id"), primary_key=True, index=True)
    department_id: Mapped[int | None] = mapped_column(BigInteger, index=True)


class AgentDay(Base):
    """What one agent's calls of one day amount to. Kept by a trigger on attempts, less what corrections take back.

    `settled` calls ended their case, `on_time` of them before the last day of the policy; `hands_ms` are the
    milliseconds of hands of the `timed` calls, think time left out.
    """

    __tablename__ = "agent_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    calls: Mapped[int] = mapped_column(Integer)
    contacted: Mapped[int] = mapped_column(Integer)
    complete: Mapped[int] = mapped_column(Integer)
    partial: Mapped[int] = mapped_column(Integer)
    refused: Mapped[int] = mapped_column(Integer)
    other: Mapped[int] = mapped_column(Integer)
    noncontact: Mapped[int] = mapped_column(Integer)
    unknown: Mapped[int] = mapped_column(Integer)
    satisfied: Mapped[int] = mapped_column(Integer)
    neutral: Mapped[int] = mapped_column(Integer)
    dissatisfied: Mapped[int] = mapped_column(Integer)
    settled: Mapped[int] = mapped_column(Integer)
    on_time: Mapped[int] = mapped_column(Integer)
    hands_ms: Mapped[int] = mapped_column(BigInteger)
    timed: Mapped[int] = mapped_column(Integer)


Index("ix_agent_days_agent", AgentDay.agent_id, AgentDay.day)


class OutcomeCount(Base):
    """Cases by the day on which their round was closed, department, part of the day, outcome and number of attempts.

    Kept by a trigger on callback_cases. `day_part` is empty where nobody has called yet.
    """

    __tablename__ = "outcome_counts"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), primary_key=True)
    day_part: Mapped[str] = mapped_column(String(20), primary_key=True)
    aapor_group: Mapped[str] = mapped_column(String(2), primary_key=True)
    attempts: Mapped[int] = mapped_column(Integer, primary_key=True)
    cases: Mapped[int] = mapped_column(Integer)


Index("ix_outcome_counts_department", OutcomeCount.department_id, OutcomeCount.day)


class AgentOutcome(Base):
    """Cases by the day and the agent of the call that decided them, with what a fair comparison adjusts for.

    Kept by a trigger on callback_cases. `satisfaction` is empty where the citizen gave none.
    """

    __tablename__ = "agent_outcomes"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    agent_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    order_type_id: Mapped[int] = mapped_column(ForeignKey("order_types.id"), primary_key=True)
    urgent: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    aapor_group: Mapped[str] = mapped_column(String(2), primary_key=True)
    satisfaction: Mapped[str] = mapped_column(String(20), primary_key=True)
    cases: Mapped[int] = mapped_column(Integer)


Index("ix_agent_outcomes_agent", AgentOutcome.agent_id, AgentOutcome.day)


class ReasonCount(Base):
    """Reasons of dissatisfaction by the day of the call and the department that was responsible then.

    `given` counts what agents wrote down, less what corrections take back; `recoded` what supervisors read in the same
    calls, of the last reading each. Kept by triggers.
    """

    __tablename__ = "reason_counts"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"), primary_key=True)
    reason_id: Mapped[int] = mapped_column(ForeignKey("reasons.id"), primary_key=True)
    given: Mapped[int] = mapped_column(Integer)
    recoded: Mapped[int] = mapped_column(Integer)


Index("ix_reason_counts_department", ReasonCount.department_id, ReasonCount.day)
