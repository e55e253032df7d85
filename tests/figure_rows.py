"""Calls and cases for tests of figures: what came of them is said outright, and the database counts them."""

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.callbacks import CallbackCase
from db.orders import Attempt, Order
from db.people import Person
from db.reference import Department, Disposition
from db.vocabulary import Satisfaction
from tests import builders

CLOSED = builders.at("2026-06-09", 16)
"""When the orders of these cases were closed, unless a test says otherwise."""


def case(
    session: Session,
    department: Department | None,
    group: str = "UH",
    *,
    agent: Person | None = None,
    satisfaction: Satisfaction | None = None,
    day_part: str | None = None,
    attempts: int | None = None,
    decided_on: date | None = None,
    **facts: Any,
) -> Order:
    """Add an order that was to be called, and what the case came to: `group` is AAPOR's."""
    order = builders.due_order(session, department, closed_at=facts.pop("closed_at", CLOSED), **facts)
    found = session.scalars(select(CallbackCase).where(CallbackCase.order_id == order.id)).one()
    found.aapor_group = group
    if agent is not None:
        found.agent_id = agent.id
        found.day_part = day_part or "morning"
        found.attempts = 1 if attempts is None else attempts
        found.decided_on = decided_on or date(2026, 6, 10)
        found.satisfaction = satisfaction
    session.commit()
    return order


def call(session: Session, order: Order, agent: Person, disposition: str = "1.1", **facts: Any) -> Attempt:
    """Add a call as the desk writes it down: `settled`, `on_time`, `hands_ms`, `satisfaction`, `corrects_id`."""
    of_round = builders.current_round(session, order)
    when = facts.pop("recorded_at", builders.at("2026-06-15", 9))
    known = session.scalars(select(Disposition.id).where(Disposition.code == disposition)).one()
    made = Attempt(
        order_id=order.id,
        round_id=of_round.id,
        department_id=of_round.department_id,
        agent_id=agent.id,
        disposition_id=known,
        started_at=when,
        recorded_at=when,
        request_id=f"call-{order.id}-{when.isoformat()}-{facts.get('corrects_id', 0)}",
        **facts,
    )
    session.add(made)
    session.commit()
    return made
