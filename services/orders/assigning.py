"""Say which department an order belongs to, while nobody has answered for it yet."""

from sqlalchemy import select

from db.orders import Contact, Order, Round
from db.reference import Department
from db.vocabulary import Event, Status
from services.access import Access, Work
from services.casework import receipt
from services.errors import Invalid, PortalError
from services.rules.permissions import Permission
from services.views import Receipt


def assign(access: Access, *, order_id: int, seen: int, department_id: int, reason: str, request_id: str) -> Receipt:
    """Give an order to a department: one that has none, or an open one that was sent to the wrong one.

    Raises Stale where somebody changed the order after it was shown, Invalid where the department takes no orders (or
    a reason is missing for taking it from another one), and PortalError for an order that was answered already.
    """
    with access.write(Permission.ORDER_ASSIGN) as work:
        order = work.lock(Order, order_id)
        if work.sent_before(order, request_id):
            return receipt(work, order)
        work.unchanged(order, seen)
        before = order.department_id
        if before is not None and order.status != Status.OPEN:
            raise PortalError("error.answered_already", number=order.number)
        _judge(work, order, department_id, reason.strip())
        _move(work, order, department_id)
        work.record(
            Event.ORDER_ASSIGNED,
            order,
            before={"department_id": before},
            after={"department_id": department_id},
            reason=reason.strip() or None,
            request_id=request_id,
        )
        return receipt(work, order)


# ----------------------------------------------------------------------------------------------------------------------


def _judge(work: Work, order: Order, department_id: int, reason: str) -> None:
    problems: dict[str, str] = {}
    department = work.session.get(Department, department_id)
    if department is None:
        problems["department"] = "unknown"
    elif department.active_to is not None and department.active_to < work.today:
        problems["department"] = "retired"
    elif department.id == order.department_id:
        problems["department"] = "same_department"
    if order.department_id is not None and not reason:
        problems["assign_reason"] = "required"
    if problems:
        raise Invalid(problems)


def _move(work: Work, order: Order, department_id: int) -> None:
    """Move the order with its open round and its contact; what was written under an earlier round stays."""
    order.department_id = order.counted_department_id = department_id
    for row in work.session.scalars(select(Round).where(Round.order_id == order.id, Round.number == order.round)):
        row.department_id = department_id
    contact = work.session.get(Contact, order.id)
    if contact is not None:
        contact.department_id = department_id
