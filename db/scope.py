"""The cut: a session carries a scope, and the scope becomes a database role and a list of departments.

The login role of the portal owns nothing and inherits nothing. Without the `SET LOCAL ROLE` of this module it reads no
row of any table, and without the list of departments the department role reads none either: it fails closed twice. Both
settings end with the transaction, so that a pooled connection never carries one person's scope to the next.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, event, func, select
from sqlalchemy.orm import Session, SessionTransaction

from db.policies import DEPARTMENT, STAFF


class ScopeMissing(RuntimeError):
    """A statement was about to run in a session without a scope."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a session may see: the whole city (`departments` is None), or these departments and no other."""

    departments: frozenset[int] | None
    read_only: bool = False

    @property
    def role(self) -> str:
        """The database role that this scope works under."""
        return STAFF if self.departments is None else DEPARTMENT


class ScopedSession(Session):
    """A session that refuses to begin without a scope."""

    def __init__(self, *args: Any, scope: Scope | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.scope = scope


def written(departments: Iterable[int]) -> str:
    """Return the departments as the policies read them; none at all is a word that matches no row."""
    return ",".join(str(number) for number in sorted(departments)) or "0"


@event.listens_for(ScopedSession, "after_begin")
def _cut(session: ScopedSession, transaction: SessionTransaction, connection: Connection) -> None:
    if session.scope is None:
        raise ScopeMissing("open a session with a scope (services.access does)")
    if session.scope.read_only:
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
    # The role is one of two constants of this package, never input; SET takes no bound parameter.
    connection.exec_driver_sql(f"SET LOCAL ROLE {session.scope.role}")
    reached = written(session.scope.departments or ())
    connection.execute(select(func.set_config("app.departments", reached, True)))
