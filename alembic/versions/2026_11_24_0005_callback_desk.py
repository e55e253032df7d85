"""The callback desk: cases, appointments, further numbers, opt-outs, drafts, referrals, notices, recodes and counters.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NEW_EVENTS = (
    "callback.corrected",
    "callback.lapsed",
    "case.taken",
    "case.referred",
    "referral.answered",
    "appointment.booked",
    "appointment.cancelled",
    "number.added",
    "number.dialled",
    "call.reported",
    "opt_out.recorded",
    "opt_out.ended",
    "reason.recoded",
    "questionnaire.drafted",
    "questionnaire.published",
    "code.added",
    "code.changed",
    "skills.changed",
)
EVENTS = (
    "person.signed_in",
    "person.signed_out",
    "person.added",
    "person.changed",
    "person.disabled",
    "person.enabled",
    "role.granted",
    "role.revoked",
    "department.changed",
    "reference.loaded",
    "demo.loaded",
    "import.started",
    "import.cancelled",
    "import.failed",
    "orders.imported",
    "ratings.imported",
    "order.assigned",
    "callback.recorded",
    "contact.revealed",
    "order.returned",
    "order.archived",
    "rework.submitted",
)
SHARED = ("callback_policies", "skills")
BY_DEPARTMENT = ("recodes", "recode_reasons", "rating_answers", "outcome_counts")
STAFF_ONLY = (
    "person_skills",
    "callback_cases",
    "appointments",
    "other_numbers",
    "opt_outs",
    "callback_drafts",
    "telephone_calls",
    "referrals",
    "notices",
)
COUNTERS = ("agent_days", "agent_outcomes")
REACHED = "(select string_to_array(current_setting('app.departments', true), ',')::bigint[])::bigint[]"


def upgrade() -> None:
    op.create_table(
        "callback_policies",
        sa.Column("assumption", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_policies")),
        sa.UniqueConstraint("code", "effective_from", name=op.f("uq_callback_policies_code_effective_from")),
        sa.UniqueConstraint("code", "version", name=op.f("uq_callback_policies_code_version")),
    )
    op.create_table(
        "skills",
        sa.Column(
            "kind",
            sa.Enum("language", "skill", name="skillkind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=160), nullable=True),
        sa.Column("active_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_skills")),
        sa.UniqueConstraint("code", name=op.f("uq_skills_code")),
    )
    op.create_table(
        "agent_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("contacted", sa.Integer(), nullable=False),
        sa.Column("complete", sa.Integer(), nullable=False),
        sa.Column("partial", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("other", sa.Integer(), nullable=False),
        sa.Column("noncontact", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("satisfied", sa.Integer(), nullable=False),
        sa.Column("neutral", sa.Integer(), nullable=False),
        sa.Column("dissatisfied", sa.Integer(), nullable=False),
        sa.Column("settled", sa.Integer(), nullable=False),
        sa.Column("on_time", sa.Integer(), nullable=False),
        sa.Column("hands_ms", sa.BigInteger(), nullable=False),
        sa.Column("timed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["people.id"], name=op.f("fk_agent_days_agent_id")),
        sa.PrimaryKeyConstraint("day", "agent_id", name=op.f("pk_agent_days")),
    )
    op.create_index("ix_agent_days_agent", "agent_days", ["agent_id", "day"], unique=False)
    op.create_table(
        "agent_outcomes",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("order_type_id", sa.BigInteger(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("aapor_group", sa.String(length=2), nullable=False),
        sa.Column("satisfaction", sa.String(length=20), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["people.id"], name=op.f("fk_agent_outcomes_agent_id")),
        sa.ForeignKeyConstraint(["order_type_id"], ["order_types.id"], name=op.f("fk_agent_outcomes_order_type_id")),
        sa.PrimaryKeyConstraint(
            "day", "agent_id", "order_type_id", "urgent", "aapor_group", "satisfaction", name=op.f("pk_agent_outcomes")
        ),
    )
    op.create_index("ix_agent_outcomes_agent", "agent_outcomes", ["agent_id", "day"], unique=False)
    op.create_table(
        "outcome_counts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=False),
        sa.Column("day_part", sa.String(length=20), nullable=False),
        sa.Column("aapor_group", sa.String(length=2), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_outcome_counts_department_id")),
        sa.PrimaryKeyConstraint(
            "day", "department_id", "day_part", "aapor_group", "attempts", name=op.f("pk_outcome_counts")
        ),
    )
    op.create_index("ix_outcome_counts_department", "outcome_counts", ["department_id", "day"], unique=False)
    op.create_table(
        "person_skills",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("skill_id", sa.BigInteger(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_person_skills_person_id")),
        sa.ForeignKeyConstraint(["skill_id"], ["skills.id"], name=op.f("fk_person_skills_skill_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_skills")),
        sa.UniqueConstraint("person_id", "skill_id", name=op.f("uq_person_skills_person_id_skill_id")),
    )
    op.create_table(
        "appointments",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("booked_by", sa.BigInteger(), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "ended_as",
            sa.Enum(
                "kept",
                "replaced",
                "cancelled",
                name="appointmentend",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(ended_at is null) = (ended_as is null)", name=op.f("ck_appointments_ended")),
        sa.ForeignKeyConstraint(["agent_id"], ["people.id"], name=op.f("fk_appointments_agent_id")),
        sa.ForeignKeyConstraint(["booked_by"], ["people.id"], name=op.f("fk_appointments_booked_by")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_appointments_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointments")),
        sa.UniqueConstraint("request_id", name=op.f("uq_appointments_request_id")),
    )
    op.create_index("ix_appointments_at", "appointments", ["at", "id"], unique=False)
    op.create_index(op.f("ix_appointments_order_id"), "appointments", ["order_id"], unique=False)
    op.create_index(
        "uq_appointments_one_open",
        "appointments",
        ["order_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "callback_cases",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("order_type_id", sa.BigInteger(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("draw", sa.Integer(), nullable=False),
        sa.Column("needs", postgresql.ARRAY(sa.String(length=40)), server_default="{}", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("open", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("held_by", sa.BigInteger(), nullable=True),
        sa.Column("held_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("picked", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("appointment_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("appointment_for", sa.BigInteger(), nullable=True),
        sa.Column("referred", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("aapor_group", sa.String(length=2), server_default="UH", nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=True),
        sa.Column("day_part", sa.String(length=20), nullable=True),
        sa.Column(
            "satisfaction",
            sa.Enum(
                "satisfied",
                "neutral",
                "dissatisfied",
                name="satisfaction",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("on_time", sa.Boolean(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "done_as",
            sa.Enum(
                "answered",
                "exhausted",
                "final",
                "lapsed",
                "opted_out",
                name="caseend",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "aapor_group in ('I', 'P', 'R', 'O', 'NC', 'UO', 'UH', 'NE')", name=op.f("ck_callback_cases_aapor_group")
        ),
        sa.CheckConstraint("(held_by is null) = (held_since is null)", name=op.f("ck_callback_cases_held_since")),
        sa.CheckConstraint("(held_by is null) = (held_until is null)", name=op.f("ck_callback_cases_held_until")),
        sa.CheckConstraint(
            "appointment_for is null or appointment_at is not null", name=op.f("ck_callback_cases_appointment")
        ),
        sa.CheckConstraint("open or held_by is null", name=op.f("ck_callback_cases_closed_is_not_held")),
        sa.ForeignKeyConstraint(["agent_id"], ["people.id"], name=op.f("fk_callback_cases_agent_id")),
        sa.ForeignKeyConstraint(["appointment_for"], ["people.id"], name=op.f("fk_callback_cases_appointment_for")),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_callback_cases_department_id")),
        sa.ForeignKeyConstraint(["held_by"], ["people.id"], name=op.f("fk_callback_cases_held_by")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_callback_cases_order_id")),
        sa.ForeignKeyConstraint(["order_type_id"], ["order_types.id"], name=op.f("fk_callback_cases_order_type_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_cases")),
        sa.UniqueConstraint("order_id", "round", name=op.f("uq_callback_cases_order_id_round")),
    )
    op.create_index(
        "ix_callback_cases_appointment",
        "callback_cases",
        ["appointment_at", "id"],
        unique=False,
        postgresql_where=sa.text("open AND appointment_at IS NOT NULL"),
    )
    op.create_index(
        "ix_callback_cases_appointment_for",
        "callback_cases",
        ["appointment_for", "appointment_at"],
        unique=False,
        postgresql_where=sa.text("open AND appointment_for IS NOT NULL"),
    )
    op.create_index(
        "ix_callback_cases_closed_on",
        "callback_cases",
        ["closed_on", "needs", "ready_at", "draw"],
        unique=False,
        postgresql_where=sa.text("open AND NOT referred AND appointment_at IS NULL"),
    )
    op.create_index(
        "ix_callback_cases_held",
        "callback_cases",
        ["held_by", "held_since"],
        unique=False,
        postgresql_where=sa.text("open AND held_by IS NOT NULL"),
    )
    op.create_index(
        "ix_callback_cases_open",
        "callback_cases",
        ["closed_at", "id"],
        unique=False,
        postgresql_where=sa.text("open"),
    )
    op.create_index(
        "ix_callback_cases_ready",
        "callback_cases",
        ["needs", "ready_at", "draw"],
        unique=False,
        postgresql_where=sa.text("open AND NOT referred AND appointment_at IS NULL"),
    )
    op.create_index(
        "ix_callback_cases_reworked",
        "callback_cases",
        ["needs", "ready_at", "draw"],
        unique=False,
        postgresql_where=sa.text("open AND NOT referred AND appointment_at IS NULL AND round > 1"),
    )
    op.create_index(
        "ix_callback_cases_urgent",
        "callback_cases",
        ["needs", "ready_at", "draw"],
        unique=False,
        postgresql_where=sa.text("open AND NOT referred AND appointment_at IS NULL AND urgent"),
    )
    op.create_table(
        "callback_drafts",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_callback_drafts_order_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_callback_drafts_person_id")),
        sa.PrimaryKeyConstraint("person_id", "order_id", "round", name=op.f("pk_callback_drafts")),
    )
    op.create_index(
        "ix_callback_drafts_open",
        "callback_drafts",
        ["person_id"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(op.f("ix_callback_drafts_order_id"), "callback_drafts", ["order_id"], unique=False)
    op.create_table(
        "notices",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "case_referred",
                "referral_answered",
                "appointment_given",
                "reason_recoded",
                name="noticekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_notices_order_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_notices_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_order_id"), "notices", ["order_id"], unique=False)
    op.create_index("ix_notices_person", "notices", ["person_id", sa.literal_column("id DESC")], unique=False)
    op.create_index(
        "ix_notices_unread",
        "notices",
        ["person_id", sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_table(
        "opt_outs",
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "do_not_call", "no_survey", name="optoutkind", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("recorded_by", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(length=500), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["ended_by"], ["people.id"], name=op.f("fk_opt_outs_ended_by")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_opt_outs_order_id")),
        sa.ForeignKeyConstraint(["recorded_by"], ["people.id"], name=op.f("fk_opt_outs_recorded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opt_outs")),
        sa.UniqueConstraint("request_id", name=op.f("uq_opt_outs_request_id")),
    )
    op.create_index(op.f("ix_opt_outs_order_id"), "opt_outs", ["order_id"], unique=False)
    op.create_index(
        "uq_opt_outs_in_force", "opt_outs", ["phone", "kind"], unique=True, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "other_numbers",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("added_by", sa.BigInteger(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("position >= 2", name=op.f("ck_other_numbers_position")),
        sa.ForeignKeyConstraint(["added_by"], ["people.id"], name=op.f("fk_other_numbers_added_by")),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_other_numbers_department_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_other_numbers_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_other_numbers")),
        sa.UniqueConstraint("order_id", "position", name=op.f("uq_other_numbers_order_id_position")),
        sa.UniqueConstraint("request_id", name=op.f("uq_other_numbers_request_id")),
    )
    op.create_index(op.f("ix_other_numbers_phone"), "other_numbers", ["phone"], unique=False)
    op.create_table(
        "referrals",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_by", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answered_by", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(answered_at is null) = (answer is null)", name=op.f("ck_referrals_answered")),
        sa.ForeignKeyConstraint(["answered_by"], ["people.id"], name=op.f("fk_referrals_answered_by")),
        sa.ForeignKeyConstraint(["asked_by"], ["people.id"], name=op.f("fk_referrals_asked_by")),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_referrals_department_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_referrals_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referrals")),
        sa.UniqueConstraint("request_id", name=op.f("uq_referrals_request_id")),
    )
    op.create_index(
        "ix_referrals_open",
        "referrals",
        ["asked_at", "id"],
        unique=False,
        postgresql_where=sa.text("answered_at IS NULL"),
    )
    op.create_index(op.f("ix_referrals_order_id"), "referrals", ["order_id"], unique=False)
    op.create_table(
        "recodes",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.Column("agrees", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("recoded_by", sa.BigInteger(), nullable=False),
        sa.Column("recoded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id", "department_id"],
            ["attempts.id", "attempts.department_id"],
            name=op.f("fk_recodes_attempt_id_department_id"),
        ),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_recodes_attempt_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_recodes_order_id")),
        sa.ForeignKeyConstraint(["recoded_by"], ["people.id"], name=op.f("fk_recodes_recoded_by")),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name=op.f("fk_recodes_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recodes")),
        sa.UniqueConstraint("id", "department_id", name=op.f("uq_recodes_id_department_id")),
        sa.UniqueConstraint("request_id", name=op.f("uq_recodes_request_id")),
    )
    op.create_index(op.f("ix_recodes_attempt_id"), "recodes", ["attempt_id"], unique=False)
    op.create_index(op.f("ix_recodes_department_id"), "recodes", ["department_id"], unique=False)
    op.create_index(op.f("ix_recodes_order_id"), "recodes", ["order_id"], unique=False)
    op.create_index("ix_recodes_recoded", "recodes", ["recoded_at", "id"], unique=False)
    op.create_index(op.f("ix_recodes_round_id"), "recodes", ["round_id"], unique=False)
    op.create_table(
        "telephone_calls",
        sa.Column("reference", sa.String(length=64), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("dialled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("recording", sa.String(length=500), nullable=True),
        sa.Column("attempt_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("seconds is null or seconds >= 0", name=op.f("ck_telephone_calls_seconds")),
        sa.ForeignKeyConstraint(["agent_id"], ["people.id"], name=op.f("fk_telephone_calls_agent_id")),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_telephone_calls_attempt_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_telephone_calls_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_telephone_calls")),
        sa.UniqueConstraint("reference", name=op.f("uq_telephone_calls_reference")),
    )
    op.create_index(op.f("ix_telephone_calls_attempt_id"), "telephone_calls", ["attempt_id"], unique=False)
    op.create_index(op.f("ix_telephone_calls_order_id"), "telephone_calls", ["order_id"], unique=False)
    op.create_table(
        "rating_answers",
        sa.Column("rating_id", sa.BigInteger(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("question", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_rating_answers_department_id")),
        sa.ForeignKeyConstraint(["rating_id"], ["ratings.id"], name=op.f("fk_rating_answers_rating_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rating_answers")),
        sa.UniqueConstraint("rating_id", "question", name=op.f("uq_rating_answers_rating_id_question")),
    )
    op.create_index(op.f("ix_rating_answers_department_id"), "rating_answers", ["department_id"], unique=False)
    op.create_table(
        "recode_reasons",
        sa.Column("recode_id", sa.BigInteger(), nullable=False),
        sa.Column("reason_id", sa.BigInteger(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["reason_id"], ["reasons.id"], name=op.f("fk_recode_reasons_reason_id")),
        sa.ForeignKeyConstraint(
            ["recode_id", "department_id"],
            ["recodes.id", "recodes.department_id"],
            name=op.f("fk_recode_reasons_recode_id_department_id"),
        ),
        sa.ForeignKeyConstraint(["recode_id"], ["recodes.id"], name=op.f("fk_recode_reasons_recode_id")),
        sa.PrimaryKeyConstraint("recode_id", "reason_id", name=op.f("pk_recode_reasons")),
    )
    op.create_index(op.f("ix_recode_reasons_department_id"), "recode_reasons", ["department_id"], unique=False)
    op.create_index(op.f("ix_recode_reasons_reason_id"), "recode_reasons", ["reason_id"], unique=False)
    op.add_column("attempt_reasons", sa.Column("suggested", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("attempts", sa.Column("number", sa.Integer(), server_default="1", nullable=False))
    op.add_column("attempts", sa.Column("day_part", sa.String(length=20), nullable=True))
    op.add_column(
        "attempts",
        sa.Column(
            "satisfaction",
            sa.Enum(
                "satisfied",
                "neutral",
                "dissatisfied",
                name="satisfaction",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
    )
    op.add_column("attempts", sa.Column("settled", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("attempts", sa.Column("on_time", sa.Boolean(), nullable=True))
    op.add_column("attempts", sa.Column("hands_ms", sa.Integer(), nullable=True))
    op.add_column("attempts", sa.Column("corrects_id", sa.BigInteger(), nullable=True))
    op.create_unique_constraint(op.f("uq_attempts_corrects_id"), "attempts", ["corrects_id"])
    op.create_foreign_key(op.f("fk_attempts_corrects_id"), "attempts", "attempts", ["corrects_id"], ["id"])
    op.add_column("channels", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("dispositions", sa.Column("retry_minutes", sa.Integer(), nullable=True))
    op.add_column("dispositions", sa.Column("another_number", sa.Boolean(), server_default="false", nullable=False))
    op.add_column(
        "dispositions",
        sa.Column(
            "refusal",
            sa.Enum("soft", "hard", name="refusal", native_enum=False, create_constraint=True, length=40),
            nullable=True,
        ),
    )
    op.add_column("dispositions", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("order_types", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("orders", sa.Column("round_closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("orders", sa.Column("language", sa.String(length=40), nullable=True))
    op.add_column("people", sa.Column("extension", sa.String(length=20), nullable=True))
    op.add_column("questionnaires", sa.Column("edits", sa.Integer(), server_default="1", nullable=False))
    op.alter_column("questionnaires", "effective_from", existing_type=sa.DATE(), nullable=True)
    op.add_column("rating_scales", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("reasons", sa.Column("order_types", postgresql.ARRAY(sa.String(length=40)), nullable=True))
    op.add_column("reasons", sa.Column("grades", postgresql.ARRAY(sa.String(length=40)), nullable=True))
    op.drop_index("ix_orders_due_queue", table_name="orders")
    op.create_index(
        "ix_orders_undrawn",
        "orders",
        ["closed_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'closed'"),
    )

    op.create_check_constraint(op.f("ck_attempts_number"), "attempts", "number >= 1")
    op.create_check_constraint(op.f("ck_attempts_hands_ms"), "attempts", "hands_ms is null or hands_ms >= 0")
    _events(EVENTS + NEW_EVENTS)
    _questionnaires()
    _cut()


def downgrade() -> None:
    op.execute("drop trigger locked_once_published on questionnaires")
    op.execute("drop function refuse_to_change_published()")
    op.execute("revoke update on questionnaires from portal_staff")
    op.execute("delete from questionnaires where effective_from is null")
    _events(EVENTS)
    op.drop_index("ix_orders_undrawn", table_name="orders")
    op.create_index(
        "ix_orders_due_queue",
        "orders",
        ["satisfaction", sa.literal_column("round DESC"), "closed_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'due'"),
    )
    op.drop_column("reasons", "grades")
    op.drop_column("reasons", "order_types")
    op.drop_column("rating_scales", "version")
    op.alter_column("questionnaires", "effective_from", existing_type=sa.DATE(), nullable=False)
    op.drop_column("questionnaires", "edits")
    op.drop_column("people", "extension")
    op.drop_column("orders", "language")
    op.drop_column("orders", "round_closed_at")
    op.drop_column("order_types", "version")
    op.drop_column("dispositions", "version")
    op.drop_column("dispositions", "refusal")
    op.drop_column("dispositions", "another_number")
    op.drop_column("dispositions", "retry_minutes")
    op.drop_column("channels", "version")
    op.drop_constraint(op.f("fk_attempts_corrects_id"), "attempts", type_="foreignkey")
    op.drop_constraint(op.f("uq_attempts_corrects_id"), "attempts", type_="unique")
    op.drop_column("attempts", "corrects_id")
    op.drop_column("attempts", "hands_ms")
    op.drop_column("attempts", "on_time")
    op.drop_column("attempts", "settled")
    op.drop_column("attempts", "satisfaction")
    op.drop_column("attempts", "day_part")
    op.drop_column("attempts", "number")
    op.drop_column("attempt_reasons", "suggested")
    op.drop_index(op.f("ix_recode_reasons_reason_id"), table_name="recode_reasons")
    op.drop_index(op.f("ix_recode_reasons_department_id"), table_name="recode_reasons")
    op.drop_table("recode_reasons")
    op.drop_index(op.f("ix_rating_answers_department_id"), table_name="rating_answers")
    op.drop_table("rating_answers")
    op.drop_index(op.f("ix_telephone_calls_order_id"), table_name="telephone_calls")
    op.drop_index(op.f("ix_telephone_calls_attempt_id"), table_name="telephone_calls")
    op.drop_table("telephone_calls")
    op.drop_index(op.f("ix_recodes_round_id"), table_name="recodes")
    op.drop_index("ix_recodes_recoded", table_name="recodes")
    op.drop_index(op.f("ix_recodes_order_id"), table_name="recodes")
    op.drop_index(op.f("ix_recodes_department_id"), table_name="recodes")
    op.drop_index(op.f("ix_recodes_attempt_id"), table_name="recodes")
    op.drop_table("recodes")
    op.drop_index(op.f("ix_referrals_order_id"), table_name="referrals")
    op.drop_index("ix_referrals_open", table_name="referrals", postgresql_where=sa.text("answered_at IS NULL"))
    op.drop_table("referrals")
    op.drop_index(op.f("ix_other_numbers_phone"), table_name="other_numbers")
    op.drop_table("other_numbers")
    op.drop_index("uq_opt_outs_in_force", table_name="opt_outs", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index(op.f("ix_opt_outs_order_id"), table_name="opt_outs")
    op.drop_table("opt_outs")
    op.drop_index("ix_notices_unread", table_name="notices", postgresql_where=sa.text("read_at IS NULL"))
    op.drop_index("ix_notices_person", table_name="notices")
    op.drop_index(op.f("ix_notices_order_id"), table_name="notices")
    op.drop_table("notices")
    op.drop_index(op.f("ix_callback_drafts_order_id"), table_name="callback_drafts")
    op.drop_index("ix_callback_drafts_open", table_name="callback_drafts")
    op.drop_table("callback_drafts")
    op.drop_table("callback_cases")
    op.drop_index("uq_appointments_one_open", table_name="appointments", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index(op.f("ix_appointments_order_id"), table_name="appointments")
    op.drop_index("ix_appointments_at", table_name="appointments")
    op.drop_table("appointments")
    op.drop_table("person_skills")
    op.drop_index("ix_outcome_counts_department", table_name="outcome_counts")
    op.drop_table("outcome_counts")
    op.drop_index("ix_agent_outcomes_agent", table_name="agent_outcomes")
    op.drop_table("agent_outcomes")
    op.drop_index("ix_agent_days_agent", table_name="agent_days")
    op.drop_table("agent_days")
    op.drop_table("skills")
    op.drop_table("callback_policies")


# ---------------------------------------------------------------------------------------------------------------------


def _events(words: tuple[str, ...]) -> None:
    """Let the trail say these words, and no others."""
    listed = ", ".join(f"'{word}'" for word in words)
    op.execute("alter table events drop constraint ck_events_event")
    op.execute(f"alter table events add constraint ck_events_event check (action in ({listed}))")


def _questionnaires() -> None:
    """A questionnaire with a date is locked: answers rest on it. A draft may be changed, and published once."""
    op.execute("grant update on questionnaires to portal_staff")
    op.execute(
        """
        create function refuse_to_change_published() returns trigger language plpgsql as $$
        begin
            if old.effective_from is not null then
                raise exception 'questionnaire %/% is published and cannot be changed', old.code, old.version;
            end if;
            return new;
        end
        $$
        """
    )
    op.execute(
        "create trigger locked_once_published before update or delete on questionnaires"
        " for each row execute function refuse_to_change_published()"
    )


def _cut() -> None:
    """Grant what each role needs, and cut the new tables of people's data by department."""
    op.execute("grant select, insert on callback_policies to portal_staff")
    op.execute("grant select, insert, update on skills to portal_staff")
    op.execute("grant select on callback_policies, skills to portal_department")
    for table in STAFF_ONLY:
        op.execute(f"grant select, insert, update on {table} to portal_staff")
    op.execute("grant select, insert on recodes, recode_reasons, rating_answers to portal_staff")
    op.execute("grant select on outcome_counts, agent_days, agent_outcomes to portal_staff")
    for table in BY_DEPARTMENT:
        op.execute(f"grant select on {table} to portal_department")
    for table in (*BY_DEPARTMENT, *STAFF_ONLY, *COUNTERS):
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy staff on {table} to portal_staff using (true) with check (true)")
        op.execute(f"create policy owner on {table} to current_user using (true) with check (true)")
    for table in BY_DEPARTMENT:
        condition = f"department_id = any ({REACHED})"
        op.execute(
            f"create policy department on {table} to portal_department using ({condition}) with check ({condition})"
        )
