"""The builders make rows that the database's own checks and counts agree with."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.orders import Order
from db.records import DailyCount
from db.vocabulary import Event, Role, Satisfaction, Status
from services import trail
from services.environment import Environment
from tests import builders


def test_orders_of_every_kind_can_be_made_and_are_counted(owner: Session, environment: Environment) -> None:
    unit = builders.department(owner)
    builders.order(owner, unit)
    builders.closed_order(owner, unit)
    builders.due_order(owner)
    builders.archived_order(owner, unit)
    builders.archived_order(owner, unit, Satisfaction.SATISFIED)
    rated = builders.dissatisfied_order(owner, unit)
    builders.event(owner, rated, Event.CALLBACK_RECORDED)
    returned = builders.returned_order(owner, unit)
    builders.excluded(owner, builders.archived_order(owner, unit))

    count = owner.scalars(select(DailyCount)).one()
    assert (count.closed, count.rated, count.dissatisfied, count.silent, count.excluded, count.reworked) == (
        6,
        3,
        2,
        1,
        1,
        1,
    )
    assert owner.scalars(select(Order.status).where(Order.id == returned.id)).one() == Status.RETURNED
    assert trail.last_event(builders.access(owner, environment, Role.UNIT, at=unit)) >= 2
