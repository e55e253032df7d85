"""Imports every table, so that the metadata is whole for Alembic and for the tests."""

from db import callbacks, orders, people, records, reference
from db.base import Base

metadata = Base.metadata

__all__ = ["callbacks", "metadata", "orders", "people", "records", "reference"]
