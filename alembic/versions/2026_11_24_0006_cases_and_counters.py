"""Cases kept open and closed by a trigger on orders, counters kept by triggers on attempts and cases, and what was there.

Revision ID: 0006
Revises: 0005

The functions run as the owner, with a fixed search path, because the working roles may not write counters and a
department that answers a rework may not touch the queue that its answer enters.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CITY = "'Asia/Shanghai'"

CASE = f"""
    n.id, n.round, n.department_id, n.order_type_id,
    n.round = 1 and n.satisfaction is not distinct from 'dissatisfied',
    coalesce(n.round_closed_at, n.closed_at),
    (coalesce(n.round_closed_at, n.closed_at) at time zone {CITY})::date,
    date_trunc('day', coalesce(n.round_closed_at, n.closed_at) at time zone {CITY}) at time zone {CITY},
    (hashint8extended(n.id, n.round) & 2147483647)::int,
    case when n.language is null then '{{}}' else array[n.language] end
"""
"""What a case is made of; `ready_at` is the beginning of the day on which its round was closed, so that all the cases of
one day stand in the order of their draw."""

INTO = """
    insert into callback_cases as kept
        (order_id, round, department_id, order_type_id, urgent, closed_at, closed_on, ready_at, draw, needs)
"""

OF_ATTEMPT = """
    select (a.recorded_at at time zone 'Asia/Shanghai')::date as day, a.agent_id, {sign} as calls,
        {sign} * d.contacted::int as contacted,
        {sign} * (d.aapor_group = 'I')::int as complete,
        {sign} * (d.aapor_group = 'P')::int as partial,
        {sign} * (d.aapor_group = 'R')::int as refused,
        {sign} * (d.aapor_group = 'O')::int as other,
        {sign} * (d.aapor_group = 'NC')::int as noncontact,
        {sign} * (d.aapor_group not in ('I', 'P', 'R', 'O', 'NC'))::int as unknown,
        {sign} * (a.satisfaction is not distinct from 'satisfied')::int as satisfied,
        {sign} * (a.satisfaction is not distinct from 'neutral')::int as neutral,
        {sign} * (a.satisfaction is not distinct from 'dissatisfied')::int as dissatisfied,
        {sign} * a.settled::int as settled,
        {sign} * (a.on_time is true)::int as on_time,
        {sign} * coalesce(a.hands_ms, 0)::bigint as hands_ms,
        {sign} * (a.hands_ms is not null)::int as timed
    from {source} join dispositions d on d.id = a.disposition_id
"""
AGENT_DAY = (
    "calls",
    "contacted",
    "complete",
    "partial",
    "refused",
    "other",
    "noncontact",
    "unknown",
    "satisfied",
    "neutral",
    "dissatisfied",
    "settled",
    "on_time",
    "hands_ms",
    "timed",
)


def upgrade() -> None:
    op.create_index(op.f("ix_contacts_phone"), "contacts", ["phone"])
    op.execute(
        "update orders set round_closed_at = rounds.closed_at from rounds"
        " where rounds.order_id = orders.id and rounds.number = orders.round and orders.round > 1"
    )
    op.create_check_constraint(
        op.f("ck_orders_due_since"), "orders", "status <> 'due' or round = 1 or round_closed_at is not null"
    )
    _cases()
    _agent_days()
    _outcomes()
    op.execute(f"{INTO} select {CASE} from orders n where n.status = 'due'")
    op.execute(_add_agent_days(OF_ATTEMPT.format(sign="1", source="attempts a")))


def downgrade() -> None:
    for verb in ("insert", "update"):
        op.execute(f"drop trigger keep_cases_after_{verb} on orders")
        op.execute(f"drop function keep_cases_after_{verb}()")
        op.execute(f"drop trigger count_cases_after_{verb} on callback_cases")
        op.execute(f"drop function count_cases_after_{verb}()")
    op.execute("drop trigger count_attempts_after_insert on attempts")
    op.execute("drop function count_attempts_after_insert()")
    op.drop_constraint(op.f("ck_orders_due_since"), "orders", type_="check")
    op.drop_index(op.f("ix_contacts_phone"), table_name="contacts")


# ---------------------------------------------------------------------------------------------------------------------


def _function(name: str, body: str) -> None:
    op.execute(
        f"""
        create function {name}() returns trigger
        language plpgsql security definer set search_path = public, pg_temp as $$
        begin
            {body}
            return null;
        end
        $$
        """
    )


def _cases() -> None:
    """An order that becomes due opens a case; one that goes on closes it; what is said of it meanwhile is kept."""
    _function(
        "keep_cases_after_insert", f"{INTO} select {CASE} from new_orders n where n.status = 'due' order by n.id;"
    )
    op.execute(
        "create trigger keep_cases_after_insert after insert on orders referencing new table as new_orders"
        " for each statement execute function keep_cases_after_insert()"
    )
    _function(
        "keep_cases_after_update",
        f"""
            update callback_cases c
            set open = false, held_by = null, held_since = null, held_until = null,
                appointment_at = null, appointment_for = null, referred = false
            from new_orders n
            where c.order_id = n.id and c.open and (n.status <> 'due' or c.round <> n.round);

            {INTO}
            select {CASE}
            from new_orders n join old_orders o on o.id = n.id
            where n.status = 'due' and (
                o.status <> 'due' or o.round <> n.round
                or o.department_id is distinct from n.department_id
                or o.order_type_id <> n.order_type_id
                or o.satisfaction is distinct from n.satisfaction
                or o.language is distinct from n.language
                or coalesce(o.round_closed_at, o.closed_at) <> coalesce(n.round_closed_at, n.closed_at))
            order by n.id
            on conflict (order_id, round) do update set
                open = true, department_id = excluded.department_id, order_type_id = excluded.order_type_id,
                urgent = excluded.urgent, closed_at = excluded.closed_at, closed_on = excluded.closed_on,
                ready_at = case when kept.attempts = 0 then excluded.ready_at else kept.ready_at end,
                needs = case when kept.attempts = 0 then excluded.needs else kept.needs end,
                done_at = null, done_as = null;
        """,
    )
    op.execute(
        "create trigger keep_cases_after_update after update on orders"
        " referencing old table as old_orders new table as new_orders"
        " for each statement execute function keep_cases_after_update()"
    )


def _add_agent_days(rows: str) -> str:
    columns = ", ".join(AGENT_DAY)
    return f"""
        insert into agent_days as kept (day, agent_id, {columns})
        select day, agent_id, {", ".join(f"sum({name})" for name in AGENT_DAY)}
        from ({rows}) as change
        group by day, agent_id
        order by day, agent_id
        on conflict (day, agent_id)
        do update set {", ".join(f"{name} = kept.{name} + excluded.{name}" for name in AGENT_DAY)}
    """


def _agent_days() -> None:
    """Attempts are only ever added; a correction takes back what it corrects."""
    added = OF_ATTEMPT.format(sign="1", source="new_attempts a")
    taken_back = OF_ATTEMPT.format(sign="(-1)", source="new_attempts n join attempts a on a.id = n.corrects_id")
    _function("count_attempts_after_insert", _add_agent_days(f"{added} union all {taken_back}") + ";")
    op.execute(
        "create trigger count_attempts_after_insert after insert on attempts referencing new table as new_attempts"
        " for each statement execute function count_attempts_after_insert()"
    )


def _outcomes() -> None:
    """Cases are counted by the difference between the rows before and after each statement, in the order of the keys."""
    for verb, sides in {"insert": ("new",), "update": ("old", "new")}.items():
        cases, agents = [], []
        for side in sides:
            sign = "-1" if side == "old" else "1"
            cases.append(
                f"select closed_on as day, department_id, coalesce(day_part, '') as day_part, aapor_group, attempts,"
                f" {sign} as cases from {side}_cases where department_id is not null"
            )
            agents.append(
                f"select decided_on as day, agent_id, order_type_id, urgent, aapor_group,"
                f" coalesce(satisfaction, '') as satisfaction, {sign} as cases"
                f" from {side}_cases where decided_on is not null and agent_id is not null"
            )
        _function(
            f"count_cases_after_{verb}",
            _count("outcome_counts", ("day", "department_id", "day_part", "aapor_group", "attempts"), cases)
            + _count(
                "agent_outcomes",
                ("day", "agent_id", "order_type_id", "urgent", "aapor_group", "satisfaction"),
                agents,
            ),
        )
        tables = " ".join(f"{side} table as {side}_cases" for side in sides)
        op.execute(
            f"create trigger count_cases_after_{verb} after {verb} on callback_cases referencing {tables}"
            f" for each statement execute function count_cases_after_{verb}()"
        )


def _count(table: str, key: tuple[str, ...], parts: list[str]) -> str:
    listed = ", ".join(key)
    return f"""
            insert into {table} as kept ({listed}, cases)
            select {listed}, sum(cases) from ({" union all ".join(parts)}) as change
            group by {listed} having sum(cases) <> 0
            order by {listed}
            on conflict ({listed}) do update set cases = kept.cases + excluded.cases;
    """
