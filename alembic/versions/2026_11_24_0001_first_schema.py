"""The tables of the first schema: reference rows, people, orders with their rounds, and records."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("is_workday", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("holiday", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "is_workday = (kind in ('workday', 'adjusted_workday'))", name=op.f("ck_calendar_days_kind_agrees")
        ),
        sa.CheckConstraint(
            "kind in ('workday', 'adjusted_workday', 'weekend', 'holiday')", name=op.f("ck_calendar_days_kind")
        ),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_days")),
    )
    op.create_table(
        "categories",
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=160), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("active_to", sa.Date(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("(level = 1) = (parent_id is null)", name=op.f("ck_categories_only_the_top_has_no_parent")),
        sa.CheckConstraint("level between 1 and 3", name=op.f("ck_categories_three_levels")),
        sa.ForeignKeyConstraint(["parent_id"], ["categories.id"], name=op.f("fk_categories_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_categories")),
        sa.UniqueConstraint("code", name=op.f("uq_categories_code")),
    )
    op.create_index(op.f("ix_categories_parent_id"), "categories", ["parent_id"], unique=False)
    op.create_table(
        "channels",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=160), nullable=True),
        sa.Column("active_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sa.UniqueConstraint("code", name=op.f("uq_channels_code")),
    )
    op.create_table(
        "departments",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=160), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "city",
                "district",
                "street",
                "department",
                "subunit",
                "company",
                name="departmentkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("ranking_group", sa.String(length=40), nullable=True),
        sa.Column("active_from", sa.Date(), nullable=False),
        sa.Column("active_to", sa.Date(), nullable=True),
        sa.Column("sample", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "active_to is null or active_to >= active_from", name=op.f("ck_departments_active_in_order")
        ),
        sa.CheckConstraint("parent_id is null or parent_id <> id", name=op.f("ck_departments_not_its_own_parent")),
        sa.ForeignKeyConstraint(["parent_id"], ["departments.id"], name=op.f("fk_departments_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_departments")),
        sa.UniqueConstraint("code", name=op.f("uq_departments_code")),
    )
    op.create_index(op.f("ix_departments_parent_id"), "departments", ["parent_id"], unique=False)
    op.create_table(
        "dispositions",
        sa.Column("aapor_group", sa.String(length=4), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("contacted", sa.Boolean(), nullable=False),
        sa.Column("eligible", sa.Boolean(), nullable=False),
        sa.Column("note_required", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=160), nullable=True),
        sa.Column("active_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispositions")),
        sa.UniqueConstraint("code", name=op.f("uq_dispositions_code")),
    )
    op.create_table(
        "event_heads",
        sa.Column("shard", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("shard", name=op.f("pk_event_heads")),
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "demo", "production", name="installationkind", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.CheckConstraint("id = 1", name=op.f("ck_installation_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "order_types",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=160), nullable=True),
        sa.Column("active_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_types")),
        sa.UniqueConstraint("code", name=op.f("uq_order_types_code")),
    )
    op.create_table(
        "people",
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("auth_epoch", sa.DateTime(timezone=True), nullable=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("language in ('zh_CN', 'en')", name=op.f("ck_people_language")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_people_issuer_subject")),
    )
    op.create_table(
        "places",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=160), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "city", "district", "street", name="placekind", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("active_from", sa.Date(), nullable=False),
        sa.Column("active_to", sa.Date(), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["places.id"], name=op.f("fk_places_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_places")),
        sa.UniqueConstraint("code", name=op.f("uq_places_code")),
    )
    op.create_index(op.f("ix_places_parent_id"), "places", ["parent_id"], unique=False)
    op.create_table(
        "questionnaires",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questionnaires")),
        sa.UniqueConstraint("code", "version", name=op.f("uq_questionnaires_code_version")),
    )
    op.create_table(
        "rating_scales",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=160), nullable=True),
        sa.Column("active_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rating_scales")),
        sa.UniqueConstraint("code", name=op.f("uq_rating_scales_code")),
    )
    op.create_table(
        "reasons",
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("attributable", sa.Boolean(), nullable=False),
        sa.Column("calls_for_rework", sa.Boolean(), nullable=False),
        sa.Column("needs_evidence", sa.Boolean(), nullable=False),
        sa.Column("needs_text", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=160), nullable=True),
        sa.Column("active_to", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["reasons.id"], name=op.f("fk_reasons_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reasons")),
        sa.UniqueConstraint("code", name=op.f("uq_reasons_code")),
    )
    op.create_index(op.f("ix_reasons_parent_id"), "reasons", ["parent_id"], unique=False)
    op.create_table(
        "rule_sets",
        sa.Column("assumption", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_sets")),
        sa.UniqueConstraint("code", "effective_from", name=op.f("uq_rule_sets_code_effective_from")),
        sa.UniqueConstraint("code", "version", name=op.f("uq_rule_sets_code_version")),
    )
    op.create_table(
        "category_aliases",
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("alias", sa.String(length=160), nullable=False),
        sa.Column("category_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name=op.f("fk_category_aliases_category_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_category_aliases")),
        sa.UniqueConstraint("source", "alias", name=op.f("uq_category_aliases_source_alias")),
    )
    op.create_index(op.f("ix_category_aliases_category_id"), "category_aliases", ["category_id"], unique=False)
    op.create_table(
        "daily_counts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=False),
        sa.Column("order_type_id", sa.BigInteger(), nullable=False),
        sa.Column("closed", sa.Integer(), nullable=False),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.Column("on_time", sa.Integer(), nullable=False),
        sa.Column("rated", sa.Integer(), nullable=False),
        sa.Column("to_call", sa.Integer(), nullable=False),
        sa.Column("called", sa.Integer(), nullable=False),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("satisfied", sa.Integer(), nullable=False),
        sa.Column("neutral", sa.Integer(), nullable=False),
        sa.Column("dissatisfied", sa.Integer(), nullable=False),
        sa.Column("solved", sa.Integer(), nullable=False),
        sa.Column("silent", sa.Integer(), nullable=False),
        sa.Column("excluded", sa.Integer(), nullable=False),
        sa.Column("reworked", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_daily_counts_department_id")),
        sa.ForeignKeyConstraint(["order_type_id"], ["order_types.id"], name=op.f("fk_daily_counts_order_type_id")),
        sa.PrimaryKeyConstraint("day", "department_id", "order_type_id", name=op.f("pk_daily_counts")),
    )
    op.create_index("ix_daily_counts_department", "daily_counts", ["department_id", "day"], unique=False)
    op.create_table(
        "department_aliases",
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("alias", sa.String(length=160), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["department_id"], ["departments.id"], name=op.f("fk_department_aliases_department_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_department_aliases")),
        sa.UniqueConstraint("source", "alias", name=op.f("uq_department_aliases_source_alias")),
    )
    op.create_index(op.f("ix_department_aliases_department_id"), "department_aliases", ["department_id"], unique=False)
    op.create_table(
        "events",
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_name", sa.String(length=80), nullable=False),
        sa.Column(
            "actor_role",
            sa.Enum(
                "agent",
                "supervisor",
                "unit",
                "assessor",
                "admin",
                "viewer",
                "system",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("actor_department_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "action",
            sa.Enum(
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
                name="event",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("object_type", sa.String(length=40), nullable=False),
        sa.Column("object_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("shard between 0 and 7", name=op.f("ck_events_shard")),
        sa.ForeignKeyConstraint(
            ["actor_department_id"], ["departments.id"], name=op.f("fk_events_actor_department_id")
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name=op.f("fk_events_actor_id")),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_events_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("shard", "seq", name=op.f("uq_events_shard_seq")),
    )
    op.create_index(
        "ix_events_action_at",
        "events",
        ["action", sa.literal_column("at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_events_actor_at",
        "events",
        ["actor_id", sa.literal_column("at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_events_at", "events", [sa.literal_column("at DESC"), sa.literal_column("id DESC")], unique=False
    )
    op.create_index(
        "ix_events_department_at",
        "events",
        ["department_id", sa.literal_column("at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_events_order", "events", ["order_id", "id"], unique=False, postgresql_where=sa.text("order_id IS NOT NULL")
    )
    op.create_table(
        "grades",
        sa.Column("scale_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["scale_id"], ["rating_scales.id"], name=op.f("fk_grades_scale_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grades")),
        sa.UniqueConstraint("scale_id", "code", name=op.f("uq_grades_scale_id_code")),
        sa.UniqueConstraint("scale_id", "position", name=op.f("uq_grades_scale_id_position")),
    )
    op.create_table(
        "imports",
        sa.Column(
            "kind",
            sa.Enum("orders", "ratings", name="importkind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("profile", sa.String(length=80), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("stored_as", sa.String(length=80), nullable=True),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "running",
                "done",
                "failed",
                "cancelled",
                name="jobstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("report", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("started_by", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("progress >= 0", name=op.f("ck_imports_progress")),
        sa.ForeignKeyConstraint(["started_by"], ["people.id"], name=op.f("fk_imports_started_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sa.UniqueConstraint("request_id", name=op.f("uq_imports_request_id")),
    )
    op.create_table(
        "place_aliases",
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("alias", sa.String(length=160), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_place_aliases_place_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place_aliases")),
        sa.UniqueConstraint("source", "alias", name=op.f("uq_place_aliases_source_alias")),
    )
    op.create_index(op.f("ix_place_aliases_place_id"), "place_aliases", ["place_id"], unique=False)
    op.create_table(
        "role_grants",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "agent",
                "supervisor",
                "unit",
                "assessor",
                "admin",
                "viewer",
                "system",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "(role = 'unit') = (department_id is not null)", name=op.f("ck_role_grants_only_units_have_a_department")
        ),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_role_grants_department_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_role_grants_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grants")),
    )
    op.create_index(op.f("ix_role_grants_department_id"), "role_grants", ["department_id"], unique=False)
    op.create_index(
        "uq_role_grants_active",
        "role_grants",
        ["person_id", "role", "department_id"],
        unique=True,
        postgresql_where=sa.text("active IS true"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "sign_ins",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_sign_ins_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_ins_token_hash")),
    )
    op.create_index(op.f("ix_sign_ins_person_id"), "sign_ins", ["person_id"], unique=False)
    op.create_table(
        "import_problems",
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=60), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=True),
        sa.Column("rejected", sa.Boolean(), nullable=False),
        sa.Column("line", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_problems_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_problems")),
    )
    op.create_index(op.f("ix_import_problems_import_id"), "import_problems", ["import_id"], unique=False)
    op.create_table(
        "orders",
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("counted_department_id", sa.BigInteger(), nullable=True),
        sa.Column("order_type_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("category_id", sa.BigInteger(), nullable=True),
        sa.Column("place_id", sa.BigInteger(), nullable=True),
        sa.Column("place_text", sa.String(length=200), nullable=True),
        sa.Column("address", sa.String(length=400), nullable=True),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("requester", sa.String(length=40), nullable=True),
        sa.Column("confidential", sa.Boolean(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_days", sa.Integer(), nullable=True),
        sa.Column("due_rule", sa.String(length=80), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("official_late", sa.Boolean(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "closed",
                "due",
                "dissatisfied",
                "returned",
                "escalated",
                "archived",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "satisfied",
                "neutral",
                "dissatisfied",
                "unreached",
                "unasked",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
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
        sa.Column(
            "solved",
            sa.Enum(
                "solved", "partly", "unsolved", name="solved", native_enum=False, create_constraint=True, length=40
            ),
            nullable=True,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("on_time", sa.Boolean(), nullable=True),
        sa.Column("called", sa.Boolean(), nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=False),
        sa.Column("rated", sa.Boolean(), nullable=False),
        sa.Column("reworked", sa.Boolean(), nullable=False),
        sa.Column("escalated", sa.Boolean(), nullable=False),
        sa.Column("excluded", sa.Boolean(), nullable=False),
        sa.Column("rule_set_id", sa.BigInteger(), nullable=True),
        sa.Column("source_updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("import_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint(
            "(outcome is not null) = (status = 'archived')", name=op.f("ck_orders_outcome_when_archived")
        ),
        sa.CheckConstraint("status <> 'open' or closed_at is null", name=op.f("ck_orders_open_is_not_closed")),
        sa.CheckConstraint("status = 'open' or closed_at is not null", name=op.f("ck_orders_closed_has_a_time")),
        sa.CheckConstraint("(closed_on is null) = (closed_at is null)", name=op.f("ck_orders_closed_on")),
        sa.CheckConstraint("(satisfaction is not null) = rated", name=op.f("ck_orders_rated")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_orders_attempts")),
        sa.CheckConstraint("called = (attempts > 0)", name=op.f("ck_orders_called_has_attempts")),
        sa.CheckConstraint(
            "closed_at is null or closed_at >= accepted_at", name=op.f("ck_orders_closed_after_accepted")
        ),
        sa.CheckConstraint("not reached or called", name=op.f("ck_orders_reached_was_called")),
        sa.CheckConstraint(
            "on_time is null or (closed_at is not null and due_at is not null)", name=op.f("ck_orders_on_time")
        ),
        sa.CheckConstraint("round >= 1", name=op.f("ck_orders_round")),
        sa.ForeignKeyConstraint(["category_id"], ["categories.id"], name=op.f("fk_orders_category_id")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_orders_channel_id")),
        sa.ForeignKeyConstraint(
            ["counted_department_id"], ["departments.id"], name=op.f("fk_orders_counted_department_id")
        ),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_orders_department_id")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_orders_import_id")),
        sa.ForeignKeyConstraint(["order_type_id"], ["order_types.id"], name=op.f("fk_orders_order_type_id")),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_orders_place_id")),
        sa.ForeignKeyConstraint(["rule_set_id"], ["rule_sets.id"], name=op.f("fk_orders_rule_set_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("source", "number", name=op.f("uq_orders_source_number")),
    )
    op.create_index(
        "ix_orders_accepted",
        "orders",
        [sa.literal_column("accepted_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_orders_category_accepted",
        "orders",
        ["category_id", sa.literal_column("accepted_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index("ix_orders_counted", "orders", ["counted_department_id", "closed_on", "id"], unique=False)
    op.create_index(
        "ix_orders_department_accepted",
        "orders",
        ["department_id", sa.literal_column("accepted_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_orders_department_status",
        "orders",
        ["department_id", "status", sa.literal_column("accepted_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_orders_due_queue",
        "orders",
        ["satisfaction", sa.literal_column("round DESC"), "closed_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'due'"),
    )
    op.create_index("ix_orders_import_id", "orders", ["import_id"], unique=False)
    op.create_index("ix_orders_number", "orders", ["number"], unique=False)
    op.create_index(
        "ix_orders_open_due", "orders", ["due_at", "id"], unique=False, postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_index(
        "ix_orders_place_accepted",
        "orders",
        ["place_id", sa.literal_column("accepted_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_orders_status_accepted",
        "orders",
        ["status", sa.literal_column("accepted_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_orders_unassigned",
        "orders",
        [sa.literal_column("accepted_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        postgresql_where=sa.text("department_id IS NULL"),
    )
    op.create_table(
        "contacts",
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_contacts_department_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_contacts_order_id")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_contacts")),
    )
    op.create_index(op.f("ix_contacts_department_id"), "contacts", ["department_id"], unique=False)
    op.create_table(
        "exclusions",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.BigInteger(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.BigInteger(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("approved_at >= proposed_at", name=op.f("ck_exclusions_approved_after_proposed")),
        sa.CheckConstraint("proposed_by <> approved_by", name=op.f("ck_exclusions_two_people")),
        sa.ForeignKeyConstraint(["approved_by"], ["people.id"], name=op.f("fk_exclusions_approved_by")),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_exclusions_department_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_exclusions_order_id")),
        sa.ForeignKeyConstraint(["proposed_by"], ["people.id"], name=op.f("fk_exclusions_proposed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exclusions")),
        sa.UniqueConstraint("order_id", name=op.f("uq_exclusions_order_id")),
    )
    op.create_index(op.f("ix_exclusions_department_id"), "exclusions", ["department_id"], unique=False)
    op.create_table(
        "rounds",
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_days", sa.Integer(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("unit_contacted", sa.Boolean(), nullable=True),
        sa.Column("unit_contacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("evidence_note", sa.Text(), nullable=True),
        sa.Column("submitted_by", sa.BigInteger(), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
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
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_rounds_number")),
        sa.CheckConstraint("settled_at is null or closed_at is not null", name=op.f("ck_rounds_settled_was_closed")),
        sa.CheckConstraint(
            "unit_contacted_at is null or unit_contacted", name=op.f("ck_rounds_contact_time_needs_contact")
        ),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_rounds_department_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_rounds_order_id")),
        sa.ForeignKeyConstraint(["submitted_by"], ["people.id"], name=op.f("fk_rounds_submitted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rounds")),
        sa.UniqueConstraint("id", "department_id", name=op.f("uq_rounds_id_department_id")),
        sa.UniqueConstraint("order_id", "number", name=op.f("uq_rounds_order_id_number")),
        sa.UniqueConstraint("request_id", name=op.f("uq_rounds_request_id")),
    )
    op.create_index(op.f("ix_rounds_department_id"), "rounds", ["department_id"], unique=False)
    op.create_index(
        "ix_rounds_rework_inbox",
        "rounds",
        ["department_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("number > 1 AND closed_at IS NULL"),
    )
    op.create_index(
        "uq_rounds_one_open", "rounds", ["order_id"], unique=True, postgresql_where=sa.text("settled_at IS NULL")
    )
    op.create_table(
        "attempts",
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("disposition_id", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("recorded_at >= started_at", name=op.f("ck_attempts_recorded_after_started")),
        sa.ForeignKeyConstraint(["agent_id"], ["people.id"], name=op.f("fk_attempts_agent_id")),
        sa.ForeignKeyConstraint(["disposition_id"], ["dispositions.id"], name=op.f("fk_attempts_disposition_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_attempts_order_id")),
        sa.ForeignKeyConstraint(
            ["round_id", "department_id"],
            ["rounds.id", "rounds.department_id"],
            name=op.f("fk_attempts_round_id_department_id"),
        ),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name=op.f("fk_attempts_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sa.UniqueConstraint("id", "department_id", name=op.f("uq_attempts_id_department_id")),
        sa.UniqueConstraint("request_id", name=op.f("uq_attempts_request_id")),
    )
    op.create_index("ix_attempts_agent_recorded", "attempts", ["agent_id", "recorded_at"], unique=False)
    op.create_index(op.f("ix_attempts_department_id"), "attempts", ["department_id"], unique=False)
    op.create_index(op.f("ix_attempts_order_id"), "attempts", ["order_id"], unique=False)
    op.create_index(op.f("ix_attempts_round_id"), "attempts", ["round_id"], unique=False)
    op.create_table(
        "returns",
        sa.Column("reason_id", sa.BigInteger(), nullable=False),
        sa.Column("instruction", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("returned_by", sa.BigInteger(), nullable=False),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("length(instruction) >= 1", name=op.f("ck_returns_instruction")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_returns_order_id")),
        sa.ForeignKeyConstraint(["reason_id"], ["reasons.id"], name=op.f("fk_returns_reason_id")),
        sa.ForeignKeyConstraint(["returned_by"], ["people.id"], name=op.f("fk_returns_returned_by")),
        sa.ForeignKeyConstraint(
            ["round_id", "department_id"],
            ["rounds.id", "rounds.department_id"],
            name=op.f("fk_returns_round_id_department_id"),
        ),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name=op.f("fk_returns_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_returns")),
        sa.UniqueConstraint("request_id", name=op.f("uq_returns_request_id")),
        sa.UniqueConstraint("round_id", name=op.f("uq_returns_round_id")),
    )
    op.create_index(op.f("ix_returns_department_id"), "returns", ["department_id"], unique=False)
    op.create_index(op.f("ix_returns_order_id"), "returns", ["order_id"], unique=False)
    op.create_index(op.f("ix_returns_round_id"), "returns", ["round_id"], unique=False)
    op.create_table(
        "answers",
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("questionnaire_id", sa.BigInteger(), nullable=False),
        sa.Column("question", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id", "department_id"],
            ["attempts.id", "attempts.department_id"],
            name=op.f("fk_answers_attempt_id_department_id"),
        ),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_answers_attempt_id")),
        sa.ForeignKeyConstraint(["questionnaire_id"], ["questionnaires.id"], name=op.f("fk_answers_questionnaire_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
        sa.UniqueConstraint("attempt_id", "question", name=op.f("uq_answers_attempt_id_question")),
    )
    op.create_index(op.f("ix_answers_department_id"), "answers", ["department_id"], unique=False)
    op.create_table(
        "attempt_reasons",
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.Column("reason_id", sa.BigInteger(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["attempt_id", "department_id"],
            ["attempts.id", "attempts.department_id"],
            name=op.f("fk_attempt_reasons_attempt_id_department_id"),
        ),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_attempt_reasons_attempt_id")),
        sa.ForeignKeyConstraint(["reason_id"], ["reasons.id"], name=op.f("fk_attempt_reasons_reason_id")),
        sa.PrimaryKeyConstraint("attempt_id", "reason_id", name=op.f("pk_attempt_reasons")),
    )
    op.create_index(op.f("ix_attempt_reasons_department_id"), "attempt_reasons", ["department_id"], unique=False)
    op.create_index(op.f("ix_attempt_reasons_reason_id"), "attempt_reasons", ["reason_id"], unique=False)
    op.create_table(
        "findings",
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("contact_denied", name="findingkind", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_findings_attempt_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_findings_order_id")),
        sa.ForeignKeyConstraint(
            ["round_id", "department_id"],
            ["rounds.id", "rounds.department_id"],
            name=op.f("fk_findings_round_id_department_id"),
        ),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name=op.f("fk_findings_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
        sa.UniqueConstraint("attempt_id", "kind", name=op.f("uq_findings_attempt_id_kind")),
    )
    op.create_index(op.f("ix_findings_department_id"), "findings", ["department_id"], unique=False)
    op.create_index(op.f("ix_findings_order_id"), "findings", ["order_id"], unique=False)
    op.create_index(op.f("ix_findings_round_id"), "findings", ["round_id"], unique=False)
    op.create_table(
        "ratings",
        sa.Column(
            "source",
            sa.Enum("self", "callback", name="ratingsource", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("grade_id", sa.BigInteger(), nullable=False),
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
            nullable=False,
        ),
        sa.Column("rule_set_id", sa.BigInteger(), nullable=False),
        sa.Column("rated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt_id", sa.BigInteger(), nullable=True),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("round_id", sa.BigInteger(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(source = 'callback') = (attempt_id is not null)", name=op.f("ck_ratings_callback_has_an_attempt")
        ),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_ratings_attempt_id")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_ratings_channel_id")),
        sa.ForeignKeyConstraint(["grade_id"], ["grades.id"], name=op.f("fk_ratings_grade_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_ratings_order_id")),
        sa.ForeignKeyConstraint(
            ["round_id", "department_id"],
            ["rounds.id", "rounds.department_id"],
            name=op.f("fk_ratings_round_id_department_id"),
        ),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"], name=op.f("fk_ratings_round_id")),
        sa.ForeignKeyConstraint(["rule_set_id"], ["rule_sets.id"], name=op.f("fk_ratings_rule_set_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratings")),
        sa.UniqueConstraint("attempt_id", name=op.f("uq_ratings_attempt_id")),
        sa.UniqueConstraint(
            "order_id", "source", "rated_at", "grade_id", name=op.f("uq_ratings_order_id_source_rated_at_grade_id")
        ),
    )
    op.create_index(op.f("ix_ratings_department_id"), "ratings", ["department_id"], unique=False)
    op.create_index(op.f("ix_ratings_order_id"), "ratings", ["order_id"], unique=False)
    op.create_index(op.f("ix_ratings_round_id"), "ratings", ["round_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_ratings_round_id"), table_name="ratings")
    op.drop_index(op.f("ix_ratings_order_id"), table_name="ratings")
    op.drop_index(op.f("ix_ratings_department_id"), table_name="ratings")
    op.drop_table("ratings")
    op.drop_index(op.f("ix_findings_round_id"), table_name="findings")
    op.drop_index(op.f("ix_findings_order_id"), table_name="findings")
    op.drop_index(op.f("ix_findings_department_id"), table_name="findings")
    op.drop_table("findings")
    op.drop_index(op.f("ix_attempt_reasons_reason_id"), table_name="attempt_reasons")
    op.drop_index(op.f("ix_attempt_reasons_department_id"), table_name="attempt_reasons")
    op.drop_table("attempt_reasons")
    op.drop_index(op.f("ix_answers_department_id"), table_name="answers")
    op.drop_table("answers")
    op.drop_index(op.f("ix_returns_round_id"), table_name="returns")
    op.drop_index(op.f("ix_returns_order_id"), table_name="returns")
    op.drop_index(op.f("ix_returns_department_id"), table_name="returns")
    op.drop_table("returns")
    op.drop_index(op.f("ix_attempts_round_id"), table_name="attempts")
    op.drop_index(op.f("ix_attempts_order_id"), table_name="attempts")
    op.drop_index(op.f("ix_attempts_department_id"), table_name="attempts")
    op.drop_index("ix_attempts_agent_recorded", table_name="attempts")
    op.drop_table("attempts")
    op.drop_index("uq_rounds_one_open", table_name="rounds", postgresql_where=sa.text("settled_at IS NULL"))
    op.drop_index(
        "ix_rounds_rework_inbox", table_name="rounds", postgresql_where=sa.text("number > 1 AND closed_at IS NULL")
    )
    op.drop_index(op.f("ix_rounds_department_id"), table_name="rounds")
    op.drop_table("rounds")
    op.drop_index(op.f("ix_exclusions_department_id"), table_name="exclusions")
    op.drop_table("exclusions")
    op.drop_index(op.f("ix_contacts_department_id"), table_name="contacts")
    op.drop_table("contacts")
    op.drop_index("ix_orders_unassigned", table_name="orders", postgresql_where=sa.text("department_id IS NULL"))
    op.drop_index("ix_orders_status_accepted", table_name="orders")
    op.drop_index("ix_orders_place_accepted", table_name="orders")
    op.drop_index("ix_orders_open_due", table_name="orders", postgresql_where=sa.text("closed_at IS NULL"))
    op.drop_index("ix_orders_number", table_name="orders")
    op.drop_index("ix_orders_import_id", table_name="orders")
    op.drop_index("ix_orders_due_queue", table_name="orders", postgresql_where=sa.text("status = 'due'"))
    op.drop_index("ix_orders_department_status", table_name="orders")
    op.drop_index("ix_orders_department_accepted", table_name="orders")
    op.drop_index("ix_orders_counted", table_name="orders")
    op.drop_index("ix_orders_category_accepted", table_name="orders")
    op.drop_index("ix_orders_accepted", table_name="orders")
    op.drop_table("orders")
    op.drop_index(op.f("ix_import_problems_import_id"), table_name="import_problems")
    op.drop_table("import_problems")
    op.drop_index(op.f("ix_sign_ins_person_id"), table_name="sign_ins")
    op.drop_table("sign_ins")
    op.drop_index(
        "uq_role_grants_active",
        table_name="role_grants",
        postgresql_where=sa.text("active IS true"),
        postgresql_nulls_not_distinct=True,
    )
    op.drop_index(op.f("ix_role_grants_department_id"), table_name="role_grants")
    op.drop_table("role_grants")
    op.drop_index(op.f("ix_place_aliases_place_id"), table_name="place_aliases")
    op.drop_table("place_aliases")
    op.drop_table("imports")
    op.drop_table("grades")
    op.drop_index("ix_events_order", table_name="events", postgresql_where=sa.text("order_id IS NOT NULL"))
    op.drop_index("ix_events_department_at", table_name="events")
    op.drop_index("ix_events_at", table_name="events")
    op.drop_index("ix_events_actor_at", table_name="events")
    op.drop_index("ix_events_action_at", table_name="events")
    op.drop_table("events")
    op.drop_index(op.f("ix_department_aliases_department_id"), table_name="department_aliases")
    op.drop_table("department_aliases")
    op.drop_index("ix_daily_counts_department", table_name="daily_counts")
    op.drop_table("daily_counts")
    op.drop_index(op.f("ix_category_aliases_category_id"), table_name="category_aliases")
    op.drop_table("category_aliases")
    op.drop_table("rule_sets")
    op.drop_index(op.f("ix_reasons_parent_id"), table_name="reasons")
    op.drop_table("reasons")
    op.drop_table("rating_scales")
    op.drop_table("questionnaires")
    op.drop_index(op.f("ix_places_parent_id"), table_name="places")
    op.drop_table("places")
    op.drop_table("people")
    op.drop_table("order_types")
    op.drop_table("installation")
    op.drop_table("event_heads")
    op.drop_table("dispositions")
    op.drop_index(op.f("ix_departments_parent_id"), table_name="departments")
    op.drop_table("departments")
    op.drop_table("channels")
    op.drop_index(op.f("ix_categories_parent_id"), table_name="categories")
    op.drop_table("categories")
    op.drop_table("calendar_days")
