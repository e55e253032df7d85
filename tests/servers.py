"""The PostgreSQL servers that the tests run on: the embedded one, and a PostgreSQL 15 where one is installed.

Each lives in a directory of its own under /tmp, listens on a socket in it, and ends with the test run, even with one
that is killed. None keeps what it was told beyond that, so that none waits for the disk.
"""

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg

from db.embedded import running
from db.embedded_home import owning_account

OLDEST = "15"
OLDEST_PROGRAMS = Path(f"/usr/lib/postgresql/{OLDEST}/bin")
EMBEDDED = "pg18"
INSTALLED = f"pg{OLDEST}"


def available() -> list[str]:
    """Name the servers that this machine can run, the embedded one first."""
    return [EMBEDDED, INSTALLED] if (OLDEST_PROGRAMS / "postgres").exists() else [EMBEDDED]


@dataclass(slots=True)
class TestServer:
    """A running server, and fresh databases in it."""

    __test__ = False

    name: str
    url: Callable[[str, str], str]
    _templates: dict[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def address(self, database: str = "postgres", role: str = "postgres") -> str:
        """Answer with the address of a database; without a role, as the superuser that owns it."""
        return self.url(role, database)

    def empty_database(self) -> str:
        """Create a database without a single table, and answer with its name."""
        return self._create("template0")

    def fresh_database(self, recipe: str, prepare: Callable[[str], None]) -> str:
        """Create a database that was prepared as the recipe says, and answer with its name.

        The preparation happens once, in a template; its files are copied for each database after it. The databases
        are not dropped one by one, which would take longer than all the rest: they end with the server.
        """
        if recipe not in self._templates:
            template = self._create("template0")
            prepare(self.address(template))
            self._templates[recipe] = template
        return self._create(self._templates[recipe])

    def _create(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        # Names of this class's own making only.
        statement = f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"
        plain = self.address().replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(statement.encode())
        return name


class Servers:
    """The servers of one test run, each started when the first test asks for it."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._started: dict[str, TestServer] = {}

    def get(self, name: str) -> TestServer:
        """Answer with the server of this name."""
        if name not in self._started:
            open_server = {EMBEDDED: embedded, INSTALLED: installed}[name]
            self._started[name] = self._stack.enter_context(open_server())
        return self._started[name]

    def close(self) -> None:
        """Stop whatever was started."""
        self._stack.close()


@contextmanager
def short_directory() -> Iterator[Path]:
    """Make a directory that the account of the server can enter; pytest's own are closed to all but one."""
    directory = Path(tempfile.mkdtemp(prefix="huixiang-test-", dir="/tmp"))
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


@contextmanager
def embedded() -> Iterator[TestServer]:
    """Run the embedded server in a directory of its own."""
    with short_directory() as directory, running(directory, durable=False) as server:
        yield TestServer(EMBEDDED, server.url)


@contextmanager
def installed() -> Iterator[TestServer]:
    """Run the installed PostgreSQL 15 in a directory of its own."""
    account = owning_account()
    with short_directory() as directory:
        cluster = directory / "cluster"
        cluster.mkdir(mode=0o700)
        account.give(cluster)

        def run(program: str, *options: str) -> None:
            code, said = account.run([str(OLDEST_PROGRAMS / program), *options], directory)
            if code != 0:
                raise RuntimeError(f"{program}: {said}")

        run("initdb", f"--pgdata={cluster}", "--username=postgres", "--auth=trust", "--no-sync", *_LOCALE)
        with (cluster / "postgresql.conf").open("a") as settings:
            settings.writelines(f"{line}\n" for line in [*_SETTINGS, f"unix_socket_directories = '{cluster}'"])
        run("pg_ctl", f"--pgdata={cluster}", f"--log={cluster}/log", "--wait", "start")
        with _stopped_with_this_process(cluster):
            yield TestServer(INSTALLED, _addresses(cluster))


# ---

_LOCALE = ("--encoding=UTF8", "--locale=C")
_SETTINGS = ("listen_addresses = ''", "port = 5432", "fsync = off", "full_page_writes = off", "timezone = 'UTC'")


def _addresses(socket: Path) -> Callable[[str, str], str]:
    def address(role: str, database: str) -> str:
        return f"postgresql+psycopg://{role}@/{database}?host={quote(str(socket))}&port=5432"

    return address


@contextmanager
def _stopped_with_this_process(cluster: Path) -> Iterator[None]:
    """Have a shell wait for the end of this process, orderly or not, and stop the server then."""
    account = owning_account()
    stop = f'read -r _; "{OLDEST_PROGRAMS}/pg_ctl" --pgdata="$0" --mode=immediate --wait stop'
    with subprocess.Popen(
        ["/bin/sh", "-c", stop, str(cluster)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd="/",
        user=account.user if os.geteuid() == 0 else None,
        group=account.group if os.geteuid() == 0 else None,
        extra_groups=[] if os.geteuid() == 0 else None,
        start_new_session=True,
    ) as guard:
        yield
        guard.communicate()
