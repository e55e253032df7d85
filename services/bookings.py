"""Appointments with citizens: what may be agreed, writing one down, and ending the one that is open.

An appointment is agreed during a call or made at the desk; either way one order has one at a time.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from db.callbacks import Appointment, CallbackCase, Notice
from db.orders import Order
from db.people import Person, RoleGrant
from db.vocabulary import AppointmentEnd, Event, NoticeKind, Role
from services import casework
from services.access import Look, Work
from services.rules import attempts
from services.rules.callback_policy import CallbackPolicy
from services.rules.deadlines import local_day
from services.rules.survey import LONGEST_NOTE


@dataclass(frozen=True, slots=True)
class Booking:
    """When a citizen asked to be called again, by whom (None: by anybody), and what to know then."""

    at: datetime
    agent_id: int | None = None
    note: str | None = None


def problems_of(look: Look, booking: Booking, policy: CallbackPolicy, last_day: date | None) -> dict[str, str]:
    """Return what is wrong with an appointment, by field."""
    found: dict[str, str] = {}
    day = local_day(booking.at)
    if booking.at <= look.now:
        found["appointment_at"] = "not_in_the_future"
    elif last_day is not None and day > last_day:
        found["appointment_at"] = "past_last_day"
    elif day.isoweekday() not in policy.weekdays.value:
        found["appointment_at"] = "not_a_calling_day"
    elif attempts.day_part(policy, booking.at) is None:
        found["appointment_at"] = "outside_hours"
    if booking.agent_id is not None and not _is_agent(look, booking.agent_id):
        found["appointment_agent"] = "unknown"
    if len(_note(booking) or "") > LONGEST_NOTE:
        found["appointment_note"] = "too_long"
    return found


def book(work: Work, order: Order, case: CallbackCase, booking: Booking, request_id: str) -> Appointment:
    """Write an appointment down, in place of the one that was open; its agent is told by a notice."""
    end(work, order, case, AppointmentEnd.REPLACED)
    made = work.add(
        Appointment(
            order_id=order.id,
            round=order.round,
            at=booking.at,
            agent_id=booking.agent_id,
            note=_note(booking),
            booked_by=casework.acting_person(work),
            booked_at=work.now,
            request_id=request_id,
        )
    )
    case.appointment_at, case.appointment_for = booking.at, booking.agent_id
    if booking.agent_id is not None and booking.agent_id != work.actor.id:
        told = {"person_id": booking.agent_id, "kind": NoticeKind.APPOINTMENT_GIVEN}
        work.session.add(Notice(**told, order_id=order.id, at=work.now))
    work.record(
        Event.APPOINTMENT_BOOKED,
        made,
        after={"at": booking.at.isoformat(), "agent": booking.agent_id, "round": order.round},
        request_id=request_id,
        department_id=order.department_id,
    )
    return made


def end(work: Work, order: Order, case: CallbackCase, how: AppointmentEnd) -> Appointment | None:
    """End the order's open appointment, and return it; None where there is none."""
    row = work.session.scalars(
        select(Appointment).where(Appointment.order_id == order.id, Appointment.ended_at.is_(None))
    ).one_or_none()
    case.appointment_at = case.appointment_for = None
    if row is not None:
        row.ended_at, row.ended_as = work.now, how
        work.session.flush()  # The database allows one open appointment: this one ends before the next is added.
    return row


# ---------------------------------------------------------------------------------------------------------------------


def _note(booking: Booking) -> str | None:
    return (booking.note or "").strip() or None


def _is_agent(look: Look, person_id: int) -> bool:
    granted = select(RoleGrant.id).where(
        RoleGrant.person_id == Person.id, RoleGrant.role == Role.AGENT, RoleGrant.active
    )
    found = select(Person.id).where(Person.id == person_id, Person.active, granted.exists())
    return look.session.scalars(found).one_or_none() is not None
