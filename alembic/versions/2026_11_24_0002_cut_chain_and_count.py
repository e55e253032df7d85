"""What the database itself keeps: the cut by department, the chained trail, the counts, and search by pairs of characters.

Revision ID: 0002
Revises: 0001

The login role of the portal is given the two working roles by db.migrate, outside the migrations, because its name is a
setting. Functions that write where the working roles may not (`chain_event`, `count_orders`) run as the owner, with a fixed
search path.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CODE_LISTS = [
    "departments",
    "department_aliases",
    "places",
    "place_aliases",
    "categories",
    "category_aliases",
    "order_types",
    "channels",
    "reasons",
    "dispositions",
    "rating_scales",
    "grades",
    "calendar_days",
]
DOCUMENTS = ("rule_sets", "questionnaires")
APPEND_ONLY = ("attempts", "ratings", "answers", "attempt_reasons", "findings", "returns", "exclusions")
BY_DEPARTMENT = (*APPEND_ONLY, "orders", "contacts", "rounds", "role_grants", "events", "daily_counts")
NOT_FOR_DEPARTMENTS = ("sign_ins", "imports", "import_problems")
CUT = (*BY_DEPARTMENT, "people", *NOT_FOR_DEPARTMENTS)

REACHED = "(select string_to_array(current_setting('app.departments', true), ',')::bigint[])::bigint[]"

MEASURES = {
    "closed": "1",
    "due": "(not excluded and on_time is not null)::int",
    "on_time": "(not excluded and on_time is true)::int",
    "rated": "(not excluded and rated)::int",
    "to_call": "(not excluded and (called or status = 'due'))::int",
    "called": "(not excluded and called)::int",
    "reached": "(not excluded and reached)::int",
    "satisfied": "(not excluded and satisfaction is not distinct from 'satisfied')::int",
    "neutral": "(not excluded and satisfaction is not distinct from 'neutral')::int",
    "dissatisfied": "(not excluded and satisfaction is not distinct from 'dissatisfied')::int",
    "solved": "(not excluded and solved is not distinct from 'solved')::int",
    "silent": "(not excluded and status = 'archived' and not rated)::int",
    "excluded": "excluded::int",
    "reworked": "(not excluded and reworked)::int",
}


def upgrade() -> None:
    _search()
    _trail()
    _counts()
    _cut()


def downgrade() -> None:
    for table in CUT:
        op.execute(f"drop policy if exists staff on {table}")
        op.execute(f"drop policy if exists department on {table}")
        op.execute(f"drop policy if exists owner on {table}")
        op.execute(f"alter table {table} no force row level security")
        op.execute(f"alter table {table} disable row level security")
    for table in (*CUT, *CODE_LISTS, *DOCUMENTS, "installation", "event_heads"):
        op.execute(f"revoke all on {table} from portal_staff, portal_department")
    op.execute("revoke usage on schema public from portal_staff, portal_department")
    op.execute("drop view order_counts")
    for verb in ("insert", "update", "delete"):
        op.execute(f"drop trigger count_after_{verb} on orders")
        op.execute(f"drop function count_orders_after_{verb}()")
    op.execute("drop trigger chain on events")
    op.execute("drop trigger never_edit on events")
    op.execute("drop trigger never_truncate on events")
    op.execute("drop function chain_event()")
    op.execute("drop function refuse_to_edit()")
    op.execute("delete from event_heads")
    op.execute("drop index ix_orders_bigrams")
    op.execute("drop function bigrams(text)")


# ---------------------------------------------------------------------------------------------------------------------


def _search() -> None:
    """Search Chinese by pairs of characters: exact for two characters and more, and served by an ordinary GIN index."""
    op.execute(
        """
        create function bigrams(value text) returns text[]
        language sql immutable strict parallel safe as $$
            select coalesce(array_agg(distinct pair), '{}')
            from (
                select letter || lead(letter) over (order by position) as pair
                from unnest(string_to_array(lower(value), null)) with ordinality as letters(letter, position)
            ) as pairs
            where pair is not null and pair !~ '\\s'
        $$
        """
    )
    op.execute("create index ix_orders_bigrams on orders using gin (bigrams(number || ' ' || title || ' ' || text))")


def _trail() -> None:
    """Chain every event to the one before it in its shard, and refuse every edit, by whomever it is tried."""
    op.execute("insert into event_heads (shard, seq, hash) select n, 0, '\\x'::bytea from generate_series(0, 7) as n")
    op.execute(
        """
        create function chain_event() returns trigger
        language plpgsql security definer set search_path = public, pg_temp as $$
        declare
            head event_heads%rowtype;
        begin
            select * into strict head from event_heads where shard = new.shard for update;
            new.seq := head.seq + 1;
            new.previous := head.hash;
            new.hash := sha256(head.hash || convert_to(new.body, 'UTF8'));
            update event_heads set seq = new.seq, hash = new.hash where shard = new.shard;
            return new;
        end
        $$
        """
    )
    op.execute(
        """
        create function refuse_to_edit() returns trigger language plpgsql as $$
        begin
            raise exception 'the trail cannot be edited (% on %)', tg_op, tg_table_name;
        end
        $$
        """
    )
    op.execute("create trigger chain before insert on events for each row execute function chain_event()")
    op.execute(
        "create trigger never_edit before update or delete on events for each row execute function refuse_to_edit()"
    )
    op.execute(
        "create trigger never_truncate before truncate on events for each statement execute function refuse_to_edit()"
    )
    for trigger in ("chain", "never_edit", "never_truncate"):
        op.execute(f"alter table events enable always trigger {trigger}")


def _counts() -> None:
    """Keep `daily_counts` by the difference between the rows before and after each statement on orders.

    One definition of each measure serves single writes and imports of a hundred thousand rows alike, and cannot be
    forgotten by a writer. Cells are taken in the order of their key, so that two writers never wait for each other.
    """
    columns = ", ".join(MEASURES)
    counted = "closed_on is not null and counted_department_id is not null"
    for verb, sides in {"insert": ("new",), "update": ("old", "new"), "delete": ("old",)}.items():
        parts = " union all ".join(
            "select closed_on as day, counted_department_id as department_id, order_type_id, "
            + ", ".join(
                f"{'-' if side == 'old' else ''}({expression}) as {name}" for name, expression in MEASURES.items()
            )
            + f" from {side}_orders where {counted}"
            for side in sides
        )
        op.execute(
            f"""
            create function count_orders_after_{verb}() returns trigger
            language plpgsql security definer set search_path = public, pg_temp as $$
            begin
                insert into daily_counts as kept (day, department_id, order_type_id, {columns})
                select day, department_id, order_type_id, {", ".join(f"sum({name})" for name in MEASURES)}
                from ({parts}) as change
                group by day, department_id, order_type_id
                having {" or ".join(f"sum({name}) <> 0" for name in MEASURES)}
                order by day, department_id, order_type_id
                on conflict (day, department_id, order_type_id)
                do update set {", ".join(f"{name} = kept.{name} + excluded.{name}" for name in MEASURES)};
                return null;
            end
            $$
            """
        )
        tables = " ".join(f"{side} table as {side}_orders" for side in sides)
        op.execute(
            f"create trigger count_after_{verb} after {verb} on orders referencing {tables}"
            f" for each statement execute function count_orders_after_{verb}()"
        )
    measures = ", ".join(f"{expression} as {name}" for name, expression in MEASURES.items())
    op.execute(
        "create view order_counts with (security_invoker = true) as"
        f" select id, closed_on as day, counted_department_id as department_id, order_type_id, {measures}"
        f" from orders where {counted}"
    )


def _cut() -> None:
    """Grant what each role needs and no more, and cut every table of people's data by department."""
    op.execute("grant usage on schema public to portal_staff, portal_department")
    for table in CODE_LISTS:
        op.execute(f"grant select, insert, update on {table} to portal_staff")
        op.execute(f"grant select on {table} to portal_department")
    for table in (*DOCUMENTS, "installation"):
        op.execute(f"grant select, insert on {table} to portal_staff")
        op.execute(f"grant select on {table} to portal_department")
    op.execute("grant update on installation to portal_staff")
    op.execute("grant select on event_heads, order_counts to portal_staff, portal_department")

    for table in APPEND_ONLY:
        op.execute(f"grant select, insert on {table} to portal_staff")
        op.execute(f"grant select on {table} to portal_department")
    op.execute("grant select, insert on events to portal_staff, portal_department")
    op.execute("grant select, insert, update on orders, rounds, contacts, people, role_grants to portal_staff")
    op.execute("grant select, update on orders, rounds to portal_department")
    op.execute("grant select on contacts, people, role_grants to portal_department")
    op.execute("grant select, insert, update on sign_ins, imports to portal_staff")
    op.execute("grant select, insert on import_problems to portal_staff")
    op.execute("grant select on daily_counts to portal_staff, portal_department")

    for table in CUT:
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy staff on {table} to portal_staff using (true) with check (true)")
    for table in BY_DEPARTMENT:
        condition = f"department_id = any ({REACHED})"
        op.execute(
            f"create policy department on {table} to portal_department using ({condition}) with check ({condition})"
        )
    # A unit user sees the colleagues who hold a role in the same departments, and nobody else. The sub-select is itself
    # cut by the policy on role_grants.
    op.execute(
        "create policy department on people for select to portal_department"
        " using (id in (select person_id from role_grants))"
    )
    # The owner migrates and keeps counts through functions that run as the owner; where the owner is no superuser, the
    # forced policies would stop these too.
    for table in CUT:
        op.execute(f"create policy owner on {table} to current_user using (true) with check (true)")
