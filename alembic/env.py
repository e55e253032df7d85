"""How Alembic reaches the database: as the owner of the tables, in one transaction, with a short wait for locks."""

from alembic import context
from sqlalchemy import create_engine, pool

from db.models import metadata


def include_object(thing: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    """Leave out the index over bigrams: PostgreSQL prints its expression differently from how it was written."""
    return not (kind == "index" and name == "ix_orders_bigrams")


def run() -> None:
    """Run the migrations on the connection that the caller configured."""
    engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("set lock_timeout = '5s'")
        connection.commit()
        context.configure(connection=connection, target_metadata=metadata, include_object=include_object)
        with context.begin_transaction():
            context.run_migrations()


run()
