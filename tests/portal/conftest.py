"""What tests of the portal may ask for: the database, the clock and the environment of the use cases' tests."""

from tests.services.conftest import clock, database, environment, owner

__all__ = ["clock", "database", "environment", "owner"]
