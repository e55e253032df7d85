"""Imports every table, so that the metadata is whole for Alembic and for the tests."""

from db import orders, people, records, reference
from db.base import Base

metadata = Base.metadata

__all__ = ["metadata", "orders", "people", "records", "reference"]
