"""What every test may ask for: a server, a database of its own, and the address of each."""

from collections.abc import Iterator

import pytest

from db.migrate import upgrade
from tests.servers import EMBEDDED, INSTALLED, Servers, TestServer, available


def pytest_report_header() -> list[str]:
    """Say on which servers the run runs, so that nobody takes one for two."""
    names = available()
    lines = [f"PostgreSQL servers: {', '.join(names)}"]
    if INSTALLED not in names:
        lines.append("PostgreSQL 15 is not installed: the tests marked every_server run on the embedded one only.")
    return lines


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test that is marked every_server each server in turn; every other test gets the embedded one."""
    marked = metafunc.definition.get_closest_marker("every_server") is not None
    if marked and "server" in metafunc.fixturenames:
        metafunc.parametrize("server", available(), indirect=True, scope="session")


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """The servers of this run."""
    every = Servers()
    yield every
    every.close()


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, servers: Servers) -> TestServer:
    """A PostgreSQL server: the embedded one, and under the mark every_server each one in turn."""
    return servers.get(getattr(request, "param", EMBEDDED))


@pytest.fixture
def empty_database(server: TestServer) -> str:
    """The name of a database without tables."""
    return server.empty_database()


@pytest.fixture
def database(server: TestServer) -> str:
    """The name of a migrated database of this test's own, without rows."""
    return server.fresh_database("migrated", upgrade)


@pytest.fixture
def owner_url(server: TestServer, database: str) -> str:
    """The address of this test's database for the owner of its tables."""
    return server.address(database)


@pytest.fixture
def login_url(server: TestServer, database: str) -> str:
    """The address of this test's database for the role that the portal signs in with."""
    return server.address(database, "portal_login")
