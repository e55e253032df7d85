"""The embedded server starts, is found again, is shared, stops with its last user, and never meets the network."""

import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from db import embedded, embedded_home
from db.embedded import PROJECT, Server, postmaster, release, running, start
from db.embedded_home import EmbeddedServerError, owning_account
from tests.servers import short_directory

PATIENCE = 30


@pytest.fixture
def bare_home() -> Iterator[Path]:
    """A home where no server has ever been; whatever the test starts there is gone by the end."""
    with short_directory() as directory:
        yield directory / "postgres"
        if process := postmaster(directory / "postgres"):
            process.kill()


@pytest.fixture(scope="session")
def example() -> Iterator[Path]:
    """A home whose server was created and has stopped: copying it is quicker than creating one."""
    with short_directory() as directory:
        with running(directory / "postgres", durable=False):
            pass
        yield directory / "postgres"


@pytest.fixture
def home(example: Path, bare_home: Path) -> Path:
    """A home of this test's own, whose server has been created."""
    subprocess.run(["cp", "-a", str(example), str(bare_home)], check=True)
    return bare_home


class Someone:
    """Another process that uses the server of a home, until it is told to leave or is killed."""

    def __init__(self, home: Path) -> None:
        program = (
            "import sys; from pathlib import Path; from db.embedded import running\n"
            "with running(Path(sys.argv[1]), durable=False) as server:\n"
            "    print(server.url(), flush=True); sys.stdin.readline()\n"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, str(home)],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def arrives(self) -> str:
        """Wait until the server serves this process."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leaves(self) -> None:
        """End the use in an orderly way."""
        self.process.communicate("\n", timeout=PATIENCE)
        assert self.process.returncode == 0

    def is_killed(self) -> None:
        """Die without a word."""
        self.process.kill()
        self.process.communicate()


@contextmanager
def acting_as(name: str) -> Iterator[None]:
    """Be another account of this machine for a while; the kernel tells a server's socket about that one."""
    os.seteuid(pwd.getpwnam(name).pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


def ask(server: Server, query: str) -> object:
    """Ask the server one thing."""
    with psycopg.connect(server.url().replace("+psycopg", ""), autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def tell(server: Server, statement: str) -> None:
    """Have the server do one thing."""
    with psycopg.connect(server.url().replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(statement.encode())


def test_it_starts_as_postgresql_18_owned_by_postgres_and_forgets_nothing(bare_home: Path) -> None:
    with running(bare_home) as server:
        assert str(ask(server, "show server_version")).startswith("18.")
        assert ask(server, "select current_user || ' ' || session_user") == "postgres postgres"
        assert [ask(server, f"show {name}") for name in ("fsync", "full_page_writes", "synchronous_commit")] == [
            "on"
        ] * 3
    assert postmaster(bare_home) is None


def test_what_was_committed_is_there_at_the_next_start(home: Path) -> None:
    with running(home) as server:
        tell(server, "create table kept as select 7 as n")
    with running(home) as server:
        assert ask(server, "select n from kept") == 7


def test_it_never_listens_on_a_network_address(home: Path) -> None:
    with running(home) as server:
        process = postmaster(home)
        assert process is not None
        family = [process, *process.children(recursive=True)]
        assert [each.net_connections("inet") for each in family] == [[]] * len(family)
        assert ask(server, "show listen_addresses") == ""
        with pytest.raises(psycopg.errors.FeatureNotSupported):
            tell(server, "alter system set listen_addresses = '*'")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try the door as somebody else")
def test_another_account_of_the_machine_does_not_come_in(home: Path) -> None:
    with running(home) as server:
        with pytest.raises(psycopg.OperationalError, match="Permission denied"), acting_as("nobody"):
            ask(server, "select 1")
        server.socket.chmod(0o755)
        (server.socket / ".s.PGSQL.5432").chmod(0o777)
        with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"), acting_as("nobody"):
            ask(server, "select 1")


def test_a_killed_server_is_found_and_started_again_with_all_that_was_committed(home: Path) -> None:
    first = start(home)
    tell(first, "create table kept as select 7 as n")
    process = postmaster(home)
    assert process is not None
    process.send_signal(signal.SIGKILL)
    with running(home) as second:
        assert ask(second, "select n from kept") == 7
        assert postmaster(home) != process
        release(first)
        assert ask(second, "select n from kept") == 7
    assert postmaster(home) is None


def test_a_busy_child_of_a_killed_server_does_not_keep_the_next_one_from_starting(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "SILENT_SECONDS", 0.2)
    first = start(home)
    with psycopg.connect(first.url().replace("+psycopg", "")) as busy:
        child = psutil.Process(busy.info.backend_pid)
        child.suspend()
        process = postmaster(home)
        assert process is not None
        process.send_signal(signal.SIGKILL)
        with running(home) as second:
            assert ask(second, "select 1") == 1
    release(first)


def test_the_last_of_two_processes_stops_it(home: Path) -> None:
    portal, command = Someone(home), Someone(home)
    assert portal.arrives() == command.arrives()
    process = postmaster(home)
    assert process is not None
    command.leaves()
    assert postmaster(home) == process
    portal.leaves()
    assert postmaster(home) is None


def test_a_process_may_use_it_twice_and_release_each_use_twice(home: Path) -> None:
    first, second = start(home), start(home)
    release(first)
    release(first)
    assert ask(second, "select 1") == 1
    release(second)
    assert postmaster(home) is None


def test_a_killed_user_counts_no_longer(home: Path) -> None:
    killed = Someone(home)
    killed.arrives()
    with running(home):
        killed.is_killed()
        assert postmaster(home) is not None
    assert postmaster(home) is None


def test_it_stops_when_its_only_user_is_killed(home: Path) -> None:
    killed = Someone(home)
    killed.arrives()
    process = postmaster(home)
    assert process is not None
    killed.is_killed()
    process.wait(timeout=PATIENCE)
    assert postmaster(home) is None


def test_processes_that_start_at_once_share_one_server(bare_home: Path) -> None:
    crowd = [Someone(bare_home) for _ in range(4)]
    assert len({each.arrives() for each in crowd}) == 1
    process = postmaster(bare_home)
    for each in crowd[1:]:
        each.leaves()
        assert postmaster(bare_home) == process
    crowd[0].leaves()
    assert postmaster(bare_home) is None


def test_a_stale_process_id_that_now_belongs_to_somebody_else_is_seen_through(home: Path) -> None:
    with running(home):
        before = (home / "cluster" / "postmaster.pid").read_text().splitlines()
    account = owning_account()
    root = os.geteuid() == 0
    with subprocess.Popen(
        ["/bin/cat"], stdin=subprocess.PIPE, user=account.user if root else None, extra_groups=[] if root else None
    ) as innocent:
        stale = home / "cluster" / "postmaster.pid"
        stale.write_text("\n".join([str(innocent.pid), *before[1:]]) + "\n")
        account.give(stale)
        assert postmaster(home) is None
        with running(home) as server:
            assert ask(server, "select 1") == 1
        assert innocent.poll() is None
        innocent.communicate()


def test_a_cluster_that_was_left_half_made_is_made_anew(bare_home: Path) -> None:
    half = bare_home / "cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with running(bare_home) as server:
        assert ask(server, "select 1") == 1
    assert not half.exists()


def test_a_long_path_gets_its_socket_elsewhere_but_as_private(bare_home: Path) -> None:
    deep = bare_home.with_name("a" * 60) / ("b" * 60)
    with running(deep) as server:
        assert len(str(server.socket)) < 60
        assert server.socket.stat().st_mode & 0o777 == 0o700
        assert ask(server, "select 1") == 1
    server.socket.rmdir()


def test_variables_of_another_server_do_not_move_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGDATA", "/nowhere")
    with running(home) as server:
        assert ask(server, "show port") == "5432"


def test_a_cluster_of_another_version_is_refused_by_name(bare_home: Path) -> None:
    cluster = bare_home / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedServerError, match="PostgreSQL 16"):
        start(bare_home)


def test_a_start_that_fails_says_why_and_leaves_no_user_behind(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(embedded_home._SETTINGS, "shared_buffers", "many")
    with pytest.raises(EmbeddedServerError, match="shared_buffers"):
        start(home)
    monkeypatch.undo()
    with running(home) as server:
        assert ask(server, "select 1") == 1
    assert postmaster(home) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server under another account")
def test_programs_that_the_account_cannot_reach_are_copied_for_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_home, "_may_run", lambda program, account: False)
    with running(home) as server:
        assert ask(server, "select 1") == 1
        process = postmaster(home)
        assert process is not None
        assert Path(process.exe()).is_relative_to(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server under another account")
def test_a_folder_that_the_account_cannot_enter_is_refused_and_left_as_it_is(bare_home: Path) -> None:
    bare_home.mkdir(mode=0o700)
    with pytest.raises(EmbeddedServerError, match="PORTAL_DATA"):
        start(bare_home / "inside" / "postgres")
    assert bare_home.stat().st_mode & 0o777 == 0o700
