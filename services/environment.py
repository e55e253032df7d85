"""Settings, clock, ids and sessions: what a use case needs of the world, put together once a process.

Everything that could change an answer (the time, fresh ids, the database) comes through here, so that tests can hold it
still.
"""

import os
import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from db.engine import connect, refuse_unsafe_login
from db.scope import Scope, ScopedSession
from services.errors import Busy

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment variables say; see README, "Settings"."""

    database_url: str | None
    owner_url: str | None
    data: Path

    @classmethod
    def read(cls, variables: "os._Environ[str] | dict[str, str]" = os.environ) -> "Settings":
        """Read PORTAL_DATABASE_URL, PORTAL_OWNER_URL and PORTAL_DATA; none of them is needed for the embedded database.

        As root the data stand in /var/lib/huixiang, because the embedded server runs as another user, who must be able
        to reach them; otherwise in `.data` beside the code.
        """
        root = Path(__file__).resolve().parent.parent
        default = Path("/var/lib/huixiang") if os.geteuid() == 0 else root / ".data"
        return cls(
            database_url=variables.get("PORTAL_DATABASE_URL") or None,
            owner_url=variables.get("PORTAL_OWNER_URL") or None,
            data=Path(variables.get("PORTAL_DATA") or default),
        )


def wall_clock() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.fromtimestamp(time.time(), UTC)


def random_id() -> str:
    """Return an id that nobody can guess or meet twice."""
    return uuid.UUID(bytes=os.urandom(16), version=4).hex


@dataclass(frozen=True, slots=True)
class Environment:
    """An engine with a clock and a source of ids; sessions are opened by services.access and nowhere else."""

    engine: Engine
    data: Path
    clock: Callable[[], datetime] = wall_clock
    new_id: Callable[[], str] = random_id

    @classmethod
    def of(cls, url: str, *, data: Path) -> "Environment":
        """Connect, and refuse a login role that the row-level policies would not hold."""
        engine = connect(url)
        refuse_unsafe_login(engine)
        return cls(engine, data)

    @contextmanager
    def reading(self, scope: Scope) -> Iterator[ScopedSession]:
        """Open a session that cannot write."""
        with ScopedSession(self.engine, scope=Scope(scope.departments, read_only=True)) as session:
            yield session

    @contextmanager
    def writing(self, scope: Scope) -> Iterator[ScopedSession]:
        """Open a session that may write; leaving it by an exception undoes everything."""
        with ScopedSession(self.engine, scope=scope, expire_on_commit=False) as session:
            yield session


_PASSING = frozenset({"40001", "40P01", "55P03", "57P01", "57P02", "57P03"})
"""SQLSTATEs that pass by themselves: serialisation, deadlock, lock timeout, and a server that restarts."""


def retrying(call: Callable[[], T], *, tries: int = 8, sleep: Callable[[float], None] = time.sleep) -> T:
    """Run a whole use case again while the database says that trying again may help; then raise Busy.

    Waits 50 ms to 1 s with full jitter between tries. Only safe for reads and for commands that carry a request id:
    where the outcome of a COMMIT is unknown, the id decides whether it happened.
    """
    for attempt in range(tries):
        try:
            return call()
        except (DBAPIError, PoolTimeout) as error:
            if not _passes(error):
                raise
            if attempt == tries - 1:
                raise Busy() from error
            sleep(random.uniform(0.0, min(1.0, 0.05 * 2**attempt)))
    raise Busy()


def _passes(error: Exception) -> bool:
    if isinstance(error, PoolTimeout):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", None)
    return error.connection_invalidated or state in _PASSING or (state is None and isinstance(error, OperationalError))
