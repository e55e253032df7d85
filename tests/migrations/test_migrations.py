"""Migrations go up, down and up again, on every server, and leave nothing that the models do not know."""

import alembic
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect

from db.engine import as_driver
from db.migrate import at_head, configuration, downgrade, upgrade

pytestmark = pytest.mark.every_server


def test_the_folder_of_migrations_does_not_hide_the_library():
    assert alembic.__version__


def test_there_is_one_newest_revision(server):
    script = ScriptDirectory.from_config(configuration(as_driver(server.address())))
    assert len(script.get_heads()) == 1


def test_an_empty_database_goes_up_and_down_and_up_again(server, empty_database):
    url = server.address(empty_database)
    upgrade(url)
    downgrade(url)
    left = set(_tables(url)) - {"alembic_version"}
    assert left == set()
    upgrade(url)
    assert at_head(url)


def test_the_models_and_the_migrations_agree(server, database):
    command.check(configuration(as_driver(server.address(database))))


def test_going_up_twice_changes_nothing(server, database):
    url = server.address(database)
    upgrade(url)
    assert at_head(url)


def _tables(url: str) -> list[str]:
    engine = create_engine(as_driver(url))
    try:
        return inspect(engine).get_table_names()
    finally:
        engine.dispose()
