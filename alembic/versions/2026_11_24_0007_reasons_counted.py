"""Reasons of dissatisfaction counted by day, department and reason: what agents wrote down, and what supervisors read.

Revision ID: 0007
Revises: 0006

Attempts, their reasons and recodes are only ever added. A correction takes back the reasons of what it corrects, and a
second reading of a call those of the first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

REACHED = "(select string_to_array(current_setting('app.departments', true), ',')::bigint[])::bigint[]"
DAY = "(a.recorded_at at time zone 'Asia/Shanghai')::date"
GIVEN = f"select {DAY} as day, r.department_id, r.reason_id, 1 as given, 0 as recoded from {{source}} r"
GIVEN += " join attempts a on a.id = r.attempt_id where r.department_id is not null"
TAKEN_BACK = f"""
    select {DAY} as day, r.department_id, r.reason_id, -1 as given, 0 as recoded
    from new_attempts n join attempts a on a.id = n.corrects_id join attempt_reasons r on r.attempt_id = a.id
    where r.department_id is not null
"""
FOUND = f"""
    select {DAY} as day, r.department_id, r.reason_id, 0 as given, 1 as recoded
    from new_reasons r join recodes c on c.id = r.recode_id join attempts a on a.id = c.attempt_id
    where r.department_id is not null
"""
READ_AGAIN = f"""
    select {DAY} as day, r.department_id, r.reason_id, 0 as given, -1 as recoded
    from new_recodes n
    cross join lateral (
        select max(id) as id from recodes where attempt_id = n.attempt_id and id < n.id
    ) as earlier
    join recode_reasons r on r.recode_id = earlier.id
    join attempts a on a.id = n.attempt_id
    where r.department_id is not null
"""


def upgrade() -> None:
    op.create_table(
        "reason_counts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=False),
        sa.Column("reason_id", sa.BigInteger(), nullable=False),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.Column("recoded", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["departments.id"], name=op.f("fk_reason_counts_department_id")),
        sa.ForeignKeyConstraint(["reason_id"], ["reasons.id"], name=op.f("fk_reason_counts_reason_id")),
        sa.PrimaryKeyConstraint("day", "department_id", "reason_id", name=op.f("pk_reason_counts")),
    )
    op.create_index("ix_reason_counts_department", "reason_counts", ["department_id", "day"])
    op.execute("grant select on reason_counts to portal_staff, portal_department")
    op.execute("alter table reason_counts enable row level security")
    op.execute("alter table reason_counts force row level security")
    op.execute("create policy staff on reason_counts to portal_staff using (true) with check (true)")
    op.execute("create policy owner on reason_counts to current_user using (true) with check (true)")
    condition = f"department_id = any ({REACHED})"
    op.execute(
        f"create policy department on reason_counts to portal_department using ({condition}) with check ({condition})"
    )
    _count_after("attempt_reasons", "new_reasons", GIVEN.format(source="new_reasons"))
    _count_after("attempts", "new_attempts", TAKEN_BACK, name="count_corrected_reasons")
    _count_after("recode_reasons", "new_reasons", FOUND)
    _count_after("recodes", "new_recodes", READ_AGAIN)
    op.execute(_add(GIVEN.format(source="attempt_reasons")))


def downgrade() -> None:
    for table, name in (
        ("attempt_reasons", "count_attempt_reasons"),
        ("attempts", "count_corrected_reasons"),
        ("recode_reasons", "count_recode_reasons"),
        ("recodes", "count_recodes"),
    ):
        op.execute(f"drop trigger {name} on {table}")
        op.execute(f"drop function {name}()")
    op.drop_table("reason_counts")


# ---------------------------------------------------------------------------------------------------------------------


def _add(rows: str) -> str:
    return f"""
        insert into reason_counts as kept (day, department_id, reason_id, given, recoded)
        select day, department_id, reason_id, sum(given), sum(recoded) from ({rows}) as change
        group by day, department_id, reason_id
        order by day, department_id, reason_id
        on conflict (day, department_id, reason_id)
        do update set given = kept.given + excluded.given, recoded = kept.recoded + excluded.recoded
    """


def _count_after(table: str, rows: str, change: str, *, name: str | None = None) -> None:
    function = name or f"count_{table}"
    op.execute(
        f"""
        create function {function}() returns trigger
        language plpgsql security definer set search_path = public, pg_temp as $$
        begin
            {_add(change)};
            return null;
        end
        $$
        """
    )
    op.execute(
        f"create trigger {function} after insert on {table} referencing new table as {rows}"
        f" for each statement execute function {function}()"
    )
