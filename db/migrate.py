"""Bring a database to the newest schema: roles, migrations, and nothing else."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.engine import URL

from db.engine import as_driver
from db.policies import DEPARTMENT, LOGIN, STAFF

ROOT = Path(__file__).resolve().parent.parent
_LOCK = 7_212_345
"""The advisory lock that keeps two starting servers from migrating together."""


def configuration(url: URL) -> Config:
    """Return Alembic's configuration (it stands in pyproject.toml) for one database."""
    config = Config(toml_file=ROOT / "pyproject.toml")
    config.attributes["url"] = url
    return config


def upgrade(owner_url: str | URL, *, login: str = LOGIN, revision: str = "head") -> None:
    """Make the roles that are missing, migrate, and let the login role take the two working roles.

    `owner_url` connects as the owner of the tables. The login role is made where it is missing (without a password:
    the embedded server trusts its private socket); on a server of your own make it first.
    """
    url = as_driver(owner_url)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("select pg_advisory_lock(%s)", (_LOCK,))
            for name, options in ((STAFF, "NOLOGIN"), (DEPARTMENT, "NOLOGIN"), (login, "LOGIN NOINHERIT")):
                known = connection.exec_driver_sql("select 1 from pg_roles where rolname = %s", (name,))
                if known.first() is None:
                    connection.exec_driver_sql(f'create role "{_plain(name)}" {options}')
            command.upgrade(configuration(url), revision)
            # The portal asks at its start whether the schema is current, before it takes either of the roles.
            connection.exec_driver_sql("grant select on alembic_version to public")
            connection.exec_driver_sql(f'grant {STAFF}, {DEPARTMENT} to "{_plain(login)}"')
    finally:
        engine.dispose()


def downgrade(owner_url: str | URL, *, revision: str = "base") -> None:
    """Take the schema back to a revision; data of later tables are lost."""
    command.downgrade(configuration(as_driver(owner_url)), revision)


def at_head(url: str | URL) -> bool:
    """Say whether the schema is the newest one that this code knows."""
    engine = create_engine(as_driver(url))
    try:
        with engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_heads()
        return set(current) == set(ScriptDirectory.from_config(configuration(as_driver(url))).get_heads())
    finally:
        engine.dispose()


# ---------------------------------------------------------------------------------------------------------------------


def _plain(name: str) -> str:
    """Refuse a role name that would need quoting; it comes from a setting, not from a person."""
    if not name.replace("_", "").isalnum():
        raise ValueError(f"a role name of letters, digits and underscores is needed, not {name!r}")
    return name
