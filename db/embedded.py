"""The embedded PostgreSQL: started with its first user, found again after a crash, stopped with its last user.

It serves one machine. Its home directory holds everything:

    cluster/    what PostgreSQL stores
    socket/     the only way in; there is no network address
    log/        what the server said
    start.lock  held by whoever starts or stops the server
    users.lock  held, shared, by everybody who uses the server
    watch.lock  held by the watcher, which stops a server whose last user died without a word

All locks are `flock` locks: the kernel lets go of them when their holder dies, so nothing on the disk ever tells of
a user that is no more.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGQUIT
from urllib.parse import quote

import psutil

from db.embedded_home import (
    MAJOR_VERSION,
    PORT,
    Account,
    EmbeddedServerError,
    configure,
    make_home,
    owning_account,
    programs,
    socket_directory,
)

PROJECT = Path(__file__).resolve().parents[1]
OWNER = "postgres"
START_SECONDS = 120
SILENT_SECONDS = 5


@dataclass(slots=True)
class Server:
    """One use of a running server; `release` ends it, and the last one to end stops the server."""

    home: Path
    socket: Path
    users: int | None

    def url(self, role: str = OWNER, database: str = "postgres") -> str:
        """Answer with the address of a database, as SQLAlchemy reads it."""
        return f"postgresql+psycopg://{quote(role)}@/{quote(database)}?host={quote(str(self.socket))}&port={PORT}"


def start(home: Path, *, durable: bool = True) -> Server:
    """Use the server of this home, starting it where it does not run yet.

    `durable=False` lets a power cut lose what was committed: it is for tests, and counts for the one who finds the
    server stopped. Raises EmbeddedServerError with the reason.
    """
    home = home.resolve()
    account = owning_account()
    make_home(home, account)
    for name in _LOCKS:
        (home / f"{name}.lock").touch(mode=0o600)
    with _alone(home):
        users = _lock_file(home, "users")
        try:
            fcntl.flock(users, fcntl.LOCK_SH)
            place = _Place(home, socket_directory(home, account), programs(home, account), account)
            if _ping(place) != _READY:
                _bring_up(place, durable=durable)
            _set_watcher(home)
        except BaseException:
            os.close(users)
            raise
    return Server(home, place.socket, users)


def release(server: Server) -> None:
    """End this use of the server, and stop the server if nobody else uses it. Releasing twice is harmless."""
    if server.users is None:
        return
    with _alone(server.home):
        os.close(server.users)
        server.users = None
        _stop_if_unused(server.home)


@contextmanager
def running(home: Path, *, durable: bool = True) -> Iterator[Server]:
    """Use the server of this home for the length of a `with` block."""
    server = start(home, durable=durable)
    try:
        yield server
    finally:
        release(server)


def postmaster(home: Path) -> psutil.Process | None:
    """Answer with the process of this home's server, or with nothing where it does not run.

    What the file of the process id says is only believed of a living process that serves this very cluster: after
    a crash or a restart of the machine the number may belong to anybody.
    """
    cluster = home.resolve() / "cluster"
    try:
        process = psutil.Process(int((cluster / "postmaster.pid").read_text().split("\n")[0]))
        serves = str(cluster) in process.cmdline()
    except (FileNotFoundError, ValueError, psutil.Error):
        return None
    return process if serves and _lives(process) else None


def watch(home: Path) -> None:
    """Wait until nobody uses the server of this home, and stop it then: the work of the watcher."""
    watcher = _lock_file(home, "watch")
    if not _take(watcher):
        return
    users = _lock_file(home, "users")
    stopped = False
    while not stopped:
        # Whoever starts the server holds start.lock while waiting for users.lock; so the watcher lets go of the
        # second before it asks for the first.
        fcntl.flock(users, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_UN)
        with _alone(home):
            stopped = _stop_if_unused(home)
            if stopped:
                os.close(watcher)


# --- locks


_LOCKS = ("start", "users", "watch")


def _lock_file(home: Path, name: str) -> int:
    return os.open(home / f"{name}.lock", os.O_RDWR | os.O_CLOEXEC)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Keep everybody else from starting or stopping the server of this home."""
    lock = _lock_file(home, "start")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _take(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _stop_if_unused(home: Path) -> bool:
    """Stop the server unless somebody uses it, and say whether nobody does; the caller holds start.lock."""
    users = _lock_file(home, "users")
    try:
        if not _take(users):
            # The watcher may hold this lock for an instant. Sharing it waits for that instant to pass; after it the
            # watcher stands before start.lock, so that the second answer is about users alone.
            fcntl.flock(users, fcntl.LOCK_SH)
            fcntl.flock(users, fcntl.LOCK_UN)
            if not _take(users):
                return False
        if process := postmaster(home):
            _stop(process)
        return True
    finally:
        os.close(users)


def _set_watcher(home: Path) -> None:
    """Leave a process behind that outlives this one, and stops the server when its last user is gone."""
    watcher = _lock_file(home, "watch")
    try:
        if not _take(watcher):
            return
    finally:
        os.close(watcher)
    # The shell ends at once: the watcher is then nobody's child, and no dead child remains of it.
    shell = ["/bin/sh", "-c", '"$0" "$@" </dev/null >/dev/null 2>&1 &']
    module = [sys.executable, "-m", "db.embedded", str(home)]
    subprocess.run([*shell, *module], check=True, cwd=PROJECT, start_new_session=True)


# --- the server


@dataclass(frozen=True, slots=True)
class _Place:
    """All that it takes to start a server."""

    home: Path
    socket: Path
    programs: Path
    account: Account

    @property
    def cluster(self) -> Path:
        return self.home / "cluster"

    def run(self, program: str, *options: str) -> tuple[int, str]:
        return self.account.run([str(self.programs / program), *options], Path("/"))


# The exit codes of pg_isready.
_READY, _BUSY = 0, 1


def _ping(place: _Place) -> int:
    return place.run("pg_isready", "-q", "-t", "3", "-h", str(place.socket), "-p", str(PORT), "-d", "postgres")[0]


def _bring_up(place: _Place, *, durable: bool) -> None:
    if (process := postmaster(place.home)) is not None:
        if _becomes_ready(place, process):
            return
        _stop(process)
    _create(place)
    _clear_remains(place)
    configure(place.home, place.socket, place.account, durable=durable)
    log = place.home / "log" / "postgres.log"
    patience = ["-w", "-t", str(START_SECONDS)]
    code, said = place.run("pg_ctl", "-D", str(place.cluster), "-l", str(log), *patience, "start")
    if code != 0:
        last_words = " ".join(log.read_text(errors="replace").splitlines()[-3:]) if log.exists() else said
        raise EmbeddedServerError(f"The embedded database in {place.home} did not start. {last_words}")


def _becomes_ready(place: _Place, process: psutil.Process) -> bool:
    """Wait for a server whose starter died: it may be recovering, which takes as long as it takes.

    One that does not answer at all has lost its socket, and is of no use to anybody.
    """
    silent_since = started = time.monotonic()
    while process.is_running() and time.monotonic() - started < START_SECONDS:
        answer = _ping(place)
        if answer == _READY:
            return True
        if answer == _BUSY:
            silent_since = time.monotonic()
        elif time.monotonic() - silent_since > SILENT_SECONDS:
            return False
        time.sleep(0.05)
    return False


def _create(place: _Place) -> None:
    """Create the cluster where there is none, under another name first: half a cluster is never taken for one."""
    version = place.cluster / "PG_VERSION"
    if version.exists():
        found = version.read_text().strip()
        if found != MAJOR_VERSION:
            raise EmbeddedServerError(f"{place.cluster} is of PostgreSQL {found}; this is {MAJOR_VERSION}.")
        return
    fresh = place.home / "cluster.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    place.account.give(fresh)
    # The built-in locale sorts and compares alike on every machine, whatever its C library.
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    code, said = place.run("initdb", f"--pgdata={fresh}", f"--username={OWNER}", "--auth=peer", *locale)
    if code != 0:
        raise EmbeddedServerError(f"The embedded database could not be created in {place.home}. {said}")
    fresh.rename(place.cluster)


def _clear_remains(place: _Place) -> None:
    """Clear away what a killed server left: children that have not ended yet, and two files with its process id.

    PostgreSQL would take any living process with that number for a server, and refuse to start.
    """
    remains = [place.cluster / "postmaster.pid", place.socket / f".s.PGSQL.{PORT}.lock"]
    if not any(path.exists() for path in remains):
        return
    orphans = [process for process in psutil.process_iter() if _works_in(process, place.cluster)]
    if not _all_end(orphans, SILENT_SECONDS):
        for process in orphans:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        _all_end(orphans, SILENT_SECONDS)
    for path in remains:
        path.unlink(missing_ok=True)


def _works_in(process: psutil.Process, cluster: Path) -> bool:
    try:
        return process.name() == "postgres" and Path(process.cwd()) == cluster
    except psutil.Error:
        return False


def _stop(process: psutil.Process) -> None:
    """Stop the server as PostgreSQL wants it: at once for its users, after writing everything down (SIGINT).

    One that does not end in time is told to leave the rest to recovery (SIGQUIT), and at last killed.
    """
    for word, patience in ((SIGINT, START_SECONDS), (SIGQUIT, SILENT_SECONDS), (SIGKILL, SILENT_SECONDS)):
        with suppress(psutil.NoSuchProcess):
            process.send_signal(word)
        if _all_end([process], patience):
            return


def _all_end(processes: Sequence[psutil.Process], seconds: float) -> bool:
    """Wait for processes to end. A dead one that nobody has asked after yet has ended too."""
    until = time.monotonic() + seconds
    while any(_lives(process) for process in processes):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


if __name__ == "__main__":
    # Where somebody removed the whole home meanwhile, nothing is left to be watched.
    with suppress(FileNotFoundError):
        watch(Path(sys.argv[1]))
