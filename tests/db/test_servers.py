"""Every test gets a migrated database of its own, on each server that it asks for."""

import pytest
from sqlalchemy import create_engine, inspect, make_url

from db.migrate import at_head
from db.models import metadata
from tests.servers import EMBEDDED, TestServer, available


@pytest.mark.every_server
def test_a_fresh_database_is_migrated_and_empty(server: TestServer, owner_url: str) -> None:
    assert at_head(owner_url)
    engine = create_engine(owner_url)
    with engine.connect() as connection:
        tables = set(inspect(connection).get_table_names()) - {"alembic_version"}
        version = str(connection.exec_driver_sql("show server_version").scalar_one())
    engine.dispose()
    assert tables == set(metadata.tables)
    assert f"pg{version.split('.')[0]}" == server.name


@pytest.mark.every_server
def test_what_one_database_holds_is_not_in_the_next(server: TestServer, owner_url: str) -> None:
    first = create_engine(owner_url)
    with first.begin() as connection:
        connection.exec_driver_sql("create table left_behind (n int)")
    first.dispose()
    second = create_engine(server.address(server.empty_database()))
    with second.connect() as connection:
        assert not inspect(connection).has_table("left_behind")
    second.dispose()


@pytest.mark.every_server
def test_the_portal_signs_in_as_a_role_that_owns_nothing(login_url: str) -> None:
    engine = create_engine(login_url)
    with engine.connect() as connection:
        row = connection.exec_driver_sql(
            "select current_user, rolsuper or rolbypassrls or rolinherit from pg_roles where rolname = current_user"
        ).one()
    engine.dispose()
    assert tuple(row) == ("portal_login", False)


def test_the_embedded_server_is_always_there(server: TestServer) -> None:
    assert server.name == EMBEDDED == available()[0]
    assert make_url(server.address()).host is None
