"""Whatever asks the trail about one object does so along an index, however long the trail has grown."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from db.scope import Scope
from db.vocabulary import Role
from services import callbacks, sign_ins, staff
from services.environment import Environment
from services.errors import Stale
from services.sign_ins import Vouched
from tests import builders
from tests.services.conftest import Clock


def test_a_number_that_is_asked_for_is_looked_up_by_its_order(owner: Session, environment: Environment) -> None:
    order = builders.due_order(owner, phone="10000000001")
    agent = builders.access(owner, environment, Role.AGENT)

    def reveal() -> None:
        callbacks.reveal_contact(agent, order_id=order.id, reason="回访", request_id="form-1")

    assert _plans(environment, reveal)


def test_a_stale_form_about_a_person_is_told_by_that_person(owner: Session, environment: Environment) -> None:
    admin = builders.access(owner, environment, Role.ADMIN)
    person = builders.person(owner)

    def disable() -> None:
        with pytest.raises(Stale):
            staff.disable_person(
                admin, person_id=person.id, seen=person.version + 1, reason="离职", request_id="form-2"
            )

    assert _plans(environment, disable)


def test_a_sign_in_is_looked_up_by_its_person(environment: Environment, clock: Clock) -> None:
    vouched = Vouched("https://sso.test", "u1", clock.now, "测试·甲", frozenset({Role.AGENT}), None)
    sign_ins.enrol(environment, vouched)
    assert _plans(environment, lambda: sign_ins.enrol(environment, vouched))


def _plans(environment: Environment, act: Callable[[], Any]) -> list[str]:
    """Return how the database answers each question about events of an object; each must go by the index for it."""
    asked: list[tuple[str, Any]] = []

    def keep(_c: Any, _k: Any, statement: str, parameters: Any, _x: Any, _m: Any) -> None:
        if statement.startswith("SELECT") and "events.object_id =" in statement:
            asked.append((statement, parameters))

    event.listen(environment.engine, "before_cursor_execute", keep)
    act()
    event.remove(environment.engine, "before_cursor_execute", keep)
    with environment.reading(Scope(None)) as session:
        connection = session.connection()
        connection.exec_driver_sql("set local enable_seqscan = off")
        plans = ["\n".join(connection.exec_driver_sql(f"explain {one}", facts).scalars()) for one, facts in asked]
    assert [plan for plan in plans if "ix_events_object" not in plan] == []
    return plans
