"""What tests of use cases may ask for: a database with the reference rows, an environment with its clock held still."""

from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from db import migrate
from db.engine import connect
from services import setup
from services.access import SYSTEM, Access
from services.environment import Environment
from tests import builders, servers


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return the moment at which it stands."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The clock of the test's environment: a Monday morning in June 2026."""
    return Clock(builders.at("2026-06-15"))


@pytest.fixture
def database(server: servers.TestServer) -> str:
    """The name of a database of this test's own, with the reference rows and nothing else."""
    return server.fresh_database("reference", prepare)


@pytest.fixture
def owner(owner_url: str) -> Iterator[Session]:
    """A session of the owner of the tables, for the builders: no cut applies to it."""
    engine = create_engine(owner_url)
    with Session(engine, expire_on_commit=False) as session:
        yield session
    engine.dispose()


@pytest.fixture
def environment(login_url: str, clock: Clock, tmp_path: Path) -> Iterator[Environment]:
    """What the portal runs in, on this test's database, as the login role that owns nothing."""
    engine = connect(login_url, pool_size=4)
    numbers = count(1)
    yield Environment(engine, tmp_path, clock=clock, new_id=lambda: f"id-{next(numbers)}")
    engine.dispose()


def prepare(url: str) -> None:
    migrate.upgrade(url)
    engine = connect(url)
    setup.load_reference(Access(Environment(engine, Path()), SYSTEM))
    engine.dispose()
