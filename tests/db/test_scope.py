"""A session sees what its scope lets it see, whatever the statement; without a scope it sees nothing at all."""

import random
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import create_engine, func, insert, literal_column, select, update
from sqlalchemy.exc import DBAPIError, ProgrammingError

from db.engine import connect
from db.orders import Contact, Order, Rating, Round
from db.records import DailyCount, EventRow, Import
from db.reference import Department, OrderType
from db.scope import Scope, ScopedSession, ScopeMissing
from db.vocabulary import DepartmentKind, Event, Role, Status

pytestmark = pytest.mark.every_server

NOON = datetime(2026, 5, 4, 4, tzinfo=UTC)


@pytest.fixture
def engine(login_url):
    engine = connect(login_url, pool_size=4)
    yield engine
    engine.dispose()


@pytest.fixture
def two_departments(owner_url):
    """Return the numbers of two departments with three orders each, one of them closed."""
    engine = create_engine(owner_url)
    with engine.begin() as connection:
        kind = connection.scalar(insert(OrderType).values(code="help", name="求助").returning(OrderType.id))
        numbers = []
        for code in ("A", "B"):
            department = connection.scalar(
                insert(Department)
                .values(code=code, name=code, kind=DepartmentKind.DEPARTMENT, active_from=date(2011, 1, 1))
                .returning(Department.id)
            )
            numbers.append(department)
            for n in range(3):
                closed = NOON if n == 0 else None
                order = connection.scalar(
                    insert(Order)
                    .values(
                        source="test",
                        number=f"{code}{n}",
                        department_id=department,
                        counted_department_id=department if closed else None,
                        order_type_id=kind,
                        title="道路积水",
                        text="机场路道路积水",
                        accepted_at=NOON,
                        closed_at=closed,
                        closed_on=date(2026, 5, 4) if closed else None,
                        status=Status.DUE if closed else Status.OPEN,
                        created_at=NOON,
                    )
                    .returning(Order.id)
                )
                connection.execute(
                    insert(Contact).values(order_id=order, department_id=department, phone="10000000000")
                )
                connection.execute(
                    insert(Round).values(
                        order_id=order, number=1, department_id=department, opened_at=NOON, closed_at=closed
                    )
                )
    engine.dispose()
    return numbers


def test_a_session_without_a_scope_raises_before_its_first_statement(engine):
    with ScopedSession(engine) as session, pytest.raises(ScopeMissing):
        session.scalar(select(func.count()).select_from(Order))


def test_the_bare_login_reads_no_table(engine, two_departments):
    with engine.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(select(Order.id))


def test_staff_see_all_departments(engine, two_departments):
    with ScopedSession(engine, scope=Scope(None)) as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 6


def test_a_department_without_a_number_sees_nothing(engine, two_departments):
    with ScopedSession(engine, scope=Scope(frozenset())) as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 0


READS = {
    "entities": lambda a, b: select(Order.department_id),
    "by key of a foreign row": lambda a, b: select(Order.department_id).where(Order.number == "B0"),
    "filter that asks for the other": lambda a, b: select(Order.department_id).where(Order.department_id == b),
    "or true": lambda a, b: select(Order.department_id).where((Order.department_id == b) | literal_column("true")),
    "join": lambda a, b: select(Round.department_id).join(Order, Order.id == Round.order_id),
    "outer join": lambda a, b: select(Round.department_id).outerjoin(Order, Order.id == Round.order_id),
    "sub-select": lambda a, b: select(Order.department_id).where(Order.id.in_(select(Round.order_id))),
    "exists": lambda a, b: select(Order.department_id).where(
        select(Contact.order_id).where(Contact.order_id == Order.id).exists()
    ),
    "common table": lambda a, b: select(select(Order.department_id).cte().c.department_id),
    "union": lambda a, b: select(Order.department_id).union_all(select(Round.department_id)),
    "group": lambda a, b: select(Order.department_id).group_by(Order.department_id),
    "window": lambda a, b: select(func.max(Order.department_id).over()),
    "aggregate": lambda a, b: select(func.min(Order.department_id)).union_all(select(func.max(Order.department_id))),
    "search": lambda a, b: select(Order.department_id).where(Order.text.contains("积水")),
    "contacts": lambda a, b: select(Contact.department_id),
    "ratings": lambda a, b: select(Rating.department_id),
    "counts": lambda a, b: select(DailyCount.department_id),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_no_shape_of_statement_reads_a_row_of_another_department(engine, two_departments, read):
    ours, theirs = two_departments
    with ScopedSession(engine, scope=Scope(frozenset({ours}))) as session:
        assert set(session.scalars(read(ours, theirs))) <= {ours}


def test_text_sent_past_the_mapper_is_cut_as_well(engine, two_departments):
    ours, _ = two_departments
    with ScopedSession(engine, scope=Scope(frozenset({ours}))) as session:
        connection = session.connection()
        for table in ("orders", "rounds", "contacts", "daily_counts", "order_counts"):
            rows = connection.exec_driver_sql(f"select department_id from {table}").scalars().all()  # noqa: S608
            assert rows
            assert set(rows) == {ours}


def test_a_department_cannot_write_to_a_row_that_it_cannot_read(engine, two_departments):
    ours, theirs = two_departments
    with ScopedSession(engine, scope=Scope(frozenset({ours}))) as session:
        assert session.execute(update(Order).where(Order.department_id == theirs).values(title="x")).rowcount == 0
        with pytest.raises(DBAPIError, match="row-level security"):
            session.execute(update(Order).where(Order.department_id == ours).values(department_id=theirs))


def test_a_department_cannot_record_an_event_for_another(engine, two_departments):
    ours, theirs = two_departments
    event = {
        "shard": 0,
        "at": NOON,
        "actor_name": "x",
        "actor_role": Role.UNIT,
        "action": Event.REWORK_SUBMITTED,
        "object_type": "orders",
        "object_id": 1,
        "body": "{}",
    }
    with ScopedSession(engine, scope=Scope(frozenset({ours}))) as session:
        session.execute(insert(EventRow).values(department_id=ours, **event))
        with pytest.raises(DBAPIError, match="row-level security"):
            session.execute(insert(EventRow).values(department_id=theirs, **event))


def test_imports_are_kept_from_departments(engine, two_departments):
    ours, _ = two_departments
    with (
        ScopedSession(engine, scope=Scope(frozenset({ours}))) as session,
        pytest.raises(ProgrammingError, match="permission denied"),
    ):
        session.scalars(select(Import.id)).all()


def test_a_reading_session_cannot_write(engine, two_departments):
    with (
        ScopedSession(engine, scope=Scope(None, read_only=True)) as session,
        pytest.raises(DBAPIError, match="read-only"),
    ):
        session.execute(update(Order).values(title="x"))


def test_nine_hundred_pooled_sessions_never_carry_a_scope_over(engine, two_departments):
    ours, theirs = two_departments
    chance = random.Random(7)
    for _ in range(900):
        department = chance.choice((ours, theirs, None))
        scope = Scope(None if department is None else frozenset({department}))
        with ScopedSession(engine, scope=scope) as session:
            seen = set(session.scalars(select(Order.department_id)))
            assert seen == ({ours, theirs} if department is None else {department})
            ending = chance.choice(("commit", "rollback", "close", "error"))
            if ending == "commit":
                session.commit()
            elif ending == "rollback":
                session.rollback()
            elif ending == "error":
                with pytest.raises(DBAPIError):
                    session.connection().exec_driver_sql("select 1/0")


def test_the_cut_is_served_by_an_index(engine, two_departments):
    ours, _ = two_departments
    with ScopedSession(engine, scope=Scope(frozenset({ours}))) as session:
        connection = session.connection()
        connection.exec_driver_sql("set local enable_seqscan = off")
        plan = "\n".join(connection.exec_driver_sql("explain select * from orders").scalars())
    assert "ix_orders_department" in plan
