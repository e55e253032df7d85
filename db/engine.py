"""Engines: how the portal connects, and what it refuses to connect as."""

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL, make_url


class UnsafeLogin(RuntimeError):
    """The login role could see or change more than the policies allow; the message says which and what to do."""


def as_driver(url: str | URL) -> URL:
    """Return the URL with psycopg 3 as the driver, whichever way it was written."""
    return make_url(url).set(drivername="postgresql+psycopg")


def connect(url: str | URL, *, pool_size: int = 8, max_overflow: int = 4) -> Engine:
    """Return an engine with limits: nothing waits for ever for a lock, a statement or a forgotten transaction.

    What a statement was given is no part of its errors: they are logged, and citizens' numbers are not.
    """
    return create_engine(
        as_driver(url),
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_pre_ping=True,
        pool_recycle=1800,
        pool_timeout=10,
        hide_parameters=True,
        connect_args={
            "connect_timeout": 5,
            "application_name": "huixiang",
            "options": "-c statement_timeout=120000 -c lock_timeout=5000"
            " -c idle_in_transaction_session_timeout=300000 -c timezone=UTC",
        },
    )


def refuse_unsafe_login(engine: Engine) -> None:
    """Raise UnsafeLogin where the role is a superuser, bypasses policies, inherits roles or owns tables."""
    with engine.connect() as connection:
        row = connection.exec_driver_sql(
            "select rolsuper, rolbypassrls, rolinherit,"
            " exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            "         where n.nspname = 'public' and c.relkind = 'r' and c.relowner = r.oid)"
            " from pg_roles r where rolname = current_user"
        ).one()
    faults = ("SUPERUSER", "BYPASSRLS", "INHERIT", "owner of the tables")
    found = [fault for fault, present in zip(faults, row, strict=True) if present]
    if found:
        raise UnsafeLogin(
            f"the login role is {', '.join(found)}: row-level security would not hold. "
            "Give PORTAL_DATABASE_URL a role made with: CREATE ROLE portal_login LOGIN NOINHERIT"
        )
