"""Portals and providers as processes of their own, the way they run in a city."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import httpx
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from db import embedded
from db.reference import CalendarDay
from db.vocabulary import InstallationKind
from services import setup
from services.demo import any_hour
from services.environment import Settings
from services.installation import DATABASE, as_system, declare, opened
from tests.servers import short_directory

ROOT = Path(__file__).resolve().parents[2]
PROVIDER = ROOT / "tests" / "oidc"


@dataclass(slots=True)
class Portal:
    """A running portal. It can be killed in the midst of its work, and started again under the same address."""

    address: str
    log: Path
    start: Callable[[], subprocess.Popen[bytes]]
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End the process without a word: nothing of it is put down or tidied up."""
        self.process.kill()
        self.process.wait()

    def start_again(self) -> None:
        """Start it once more, and wait until it answers."""
        self.process = self.start()
        _wait_for(f"{self.address}/readyz", self.log)


def free_port() -> int:
    """Answer with a port of this machine that nobody uses at the moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextmanager
def portal(folder: Path, *arguments: str, port: int | None = None, **variables: str) -> Iterator[Portal]:
    """Run `python -m portal serve` with these arguments and variables for the length of a block."""
    port = port or free_port()
    log = folder / "portal.log"
    command = [sys.executable, "-m", "portal", "serve", "--port", str(port), *arguments]

    def start() -> subprocess.Popen[bytes]:
        return _start(command, log, cwd=ROOT, variables=variables)

    running = Portal(f"http://127.0.0.1:{port}", log, start, start())
    try:
        _wait_for(f"{running.address}/readyz", log)
        yield running
    finally:
        _end(running.process)


@contextmanager
def demonstration(cast: Callable[[Session], None]) -> Iterator[Portal]:
    """Run a small demonstration on an embedded server of its own for the length of a block.

    `cast` adds its people, and an order at least: an empty database would be filled with a made-up year.
    """
    with short_directory() as data:
        settings = Settings(database_url=None, owner_url=None, data=data)
        with opened(settings, migrated=True) as environment:
            setup.load_reference(as_system(environment))
            declare(as_system(environment), kind=InstallationKind.DEMO)
            with embedded.running(data / "postgres") as server:
                engine = create_engine(server.url(embedded.OWNER, DATABASE))
                with Session(engine) as session:
                    _know_the_years_ahead(session)
                    # The journeys run at any hour of the machine's clock.
                    session.add(any_hour.policy_of(date(2011, 1, 2)))
                    cast(session)
                engine.dispose()
                with portal(data, "--demo", PORTAL_DATA=str(data)) as running:
                    yield running


@contextmanager
def provider(folder: Path, people: Mapping[str, Mapping[str, object]], app: str) -> Iterator[str]:
    """Run an OpenID provider that knows these people, for an app at this address, for the length of a block."""
    node = shutil.which("node")
    if node is None or not (PROVIDER / "node_modules").exists():
        raise RuntimeError("the provider of the tests is not installed: run `make test`, or `npm ci` in tests/oidc")
    port = free_port()
    log = folder / "provider.log"
    variables = {"OIDC_PORT": str(port), "APP_ORIGIN": app, "OIDC_PEOPLE": json.dumps(people)}
    with _running([node, "server.mjs"], log, cwd=PROVIDER, variables=variables):
        _wait_for(f"http://127.0.0.1:{port}/.well-known/openid-configuration", log)
        yield f"http://127.0.0.1:{port}"


# ---


def _know_the_years_ahead(session: Session) -> None:
    """Let the calendar of the tests go on where the shipped one ends, without a holiday.

    The journeys run by the clock of the machine; at the end of a year the portal rightly refuses deadlines in the next
    one until its calendar is there, which would stop them.
    """
    last = session.scalars(select(func.max(CalendarDay.day))).one()
    for day in (last + timedelta(days=n) for n in range(1, 1500)):
        worked = day.weekday() < 5
        session.add(CalendarDay(day=day, is_workday=worked, kind="workday" if worked else "weekend"))
    session.commit()


@contextmanager
def _running(command: list[str], log: Path, *, cwd: Path, variables: Mapping[str, str]) -> Iterator[None]:
    process = _start(command, log, cwd=cwd, variables=variables)
    try:
        yield
    finally:
        _end(process)


def _start(command: list[str], log: Path, *, cwd: Path, variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PORTAL_", "STREAMLIT_"))}
    with log.open("ab") as output:
        return subprocess.Popen(command, cwd=cwd, env=kept | dict(variables), stdout=output, stderr=output)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_for(address: str, log: Path) -> None:
    # Each failed try waits twice as long as the one before; ten of them are four minutes.
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=9), timeout=30) as client:
            client.get(address).raise_for_status()
    except httpx.HTTPError as failed:
        raise RuntimeError(f"{address}: {failed}\n{log.read_text(errors='replace')}") from failed
