"""Open the database that the settings name, and bring it to the state in which the portal can work.

Without PORTAL_DATABASE_URL that is the embedded server: started with its first user, stopped with its last. With it,
any PostgreSQL 15 or newer: the URL is that of the login role, and PORTAL_OWNER_URL that of the owner, needed only for
`init`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from db import embedded, migrate
from db.engine import UnsafeLogin, as_driver
from db.policies import LOGIN
from db.reference import Installation
from db.vocabulary import Event, InstallationKind
from services.access import SYSTEM, Access
from services.environment import Environment, Settings
from services.errors import PortalError
from services.rules.permissions import Permission

DATABASE = "huixiang"


@contextmanager
def opened(settings: Settings, *, migrated: bool = False) -> Iterator[Environment]:
    """Open the settings' database for the length of a block.

    With `migrated` the schema is brought up to date first, which needs the owner. Raises PortalError:
    `error.database_unreachable`, `error.owner_url_needed`, `error.schema_not_current` or `error.unsafe_login`.
    """
    if settings.database_url is None:
        with embedded.running(settings.data / "postgres") as server:
            _make_database(server.url())
            owner_url = server.url(embedded.OWNER, DATABASE)
            with _environment(settings, server.url(LOGIN, DATABASE), owner_url, migrated=migrated) as environment:
                yield environment
        return
    if migrated and settings.owner_url is None:
        raise PortalError("error.owner_url_needed")
    with _environment(settings, settings.database_url, settings.owner_url, migrated=migrated) as environment:
        yield environment


def declare(access: Access, *, kind: InstallationKind) -> InstallationKind:
    """Say once what a database is for, made-up or real orders; one that already says so is left as it is."""
    with access.write(Permission.SETUP) as work:
        installation = work.session.get(Installation, 1)
        if installation is not None:
            work.repeated = True
            return installation.kind
        installation = work.add(Installation(id=1, kind=kind))
        work.record(Event.REFERENCE_LOADED, installation, after={"kind": kind.value})
        return kind


def kind_of(access: Access) -> InstallationKind | None:
    """Return what the database is for, or None where nothing was installed yet."""
    with access.read(Permission.SETUP_VIEW) as look:
        installation = look.session.get(Installation, 1)
        return installation.kind if installation else None


def as_system(environment: Environment) -> Access:
    """Return the door for the program itself: the command line and the start of the server."""
    return Access(environment, SYSTEM)


# ---------------------------------------------------------------------------------------------------------------------


def _make_database(url: str) -> None:
    engine = create_engine(as_driver(url), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            known = connection.exec_driver_sql("select 1 from pg_database where datname = %s", (DATABASE,)).first()
            if known is None:
                connection.exec_driver_sql(f"create database {DATABASE}")
    finally:
        engine.dispose()


@contextmanager
def _environment(settings: Settings, url: str, owner_url: str | None, *, migrated: bool) -> Iterator[Environment]:
    try:
        if migrated and owner_url is not None:
            migrate.upgrade(owner_url, login=make_url(url).username or LOGIN)
        elif not _has_login(url) or not migrate.at_head(url):
            raise PortalError("error.schema_not_current")
        environment = Environment.of(url, data=settings.data)
    except UnsafeLogin as unsafe:
        raise PortalError("error.unsafe_login", what=str(unsafe)) from unsafe
    except OperationalError as failed:
        raise PortalError("error.database_unreachable", what=str(failed.orig).strip().splitlines()[0]) from failed
    try:
        yield environment
    finally:
        environment.engine.dispose()


def _has_login(url: str) -> bool:
    """Say whether the login role exists yet: a fresh embedded server knows only its owner."""
    engine = create_engine(as_driver(url))
    try:
        with engine.connect():
            return True
    except OperationalError as failed:
        if "does not exist" in str(failed.orig):
            return False
        raise
    finally:
        engine.dispose()
