"""Stories stand on the same database, environment and clock as the tests of single use cases."""

from tests.services.conftest import clock, database, environment, owner

__all__ = ["clock", "database", "environment", "owner"]
