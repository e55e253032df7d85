"""Appointments with citizens, made and looked at outside a call: booked, given away, cancelled, a week of them.

What may be agreed is judged in services.bookings, by which an appointment is also made during a call.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from db.callbacks import Appointment, CallbackCase
from db.orders import Order
from db.people import Person, RoleGrant
from db.vocabulary import AppointmentEnd, Event, Role, Status
from services import bookings
from services.access import Access, Look, Work
from services.bookings import Booking
from services.callback_case import hold_of, kept_case
from services.effective import last_day_after, policy_on
from services.errors import Conflict, IllegalMove, Invalid, MayNotCall
from services.rules import lifecycle
from services.rules.attempts import Block
from services.rules.deadlines import ONE_DAY, start_of
from services.rules.permissions import Permission
from services.rules.survey import LONGEST_NOTE

WEEK = 7
MOST_SHOWN = 500


@dataclass(frozen=True, slots=True)
class AgentChoice:
    """Somebody with whom an appointment can be made."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class AppointmentLine:
    """One appointment: about which order, when, with whom, made by whom; `ended_as` is empty while it is open."""

    id: int
    order_id: int
    number: str
    title: str
    at: datetime
    agent: AgentChoice | None
    note: str | None
    booked_by: str
    ended_as: AppointmentEnd | None
    mine: bool
    due: bool


@dataclass(frozen=True, slots=True)
class AppointmentWeek:
    """The appointments of seven days in the order of their times, and the agents who may be named."""

    first: date
    last: date
    rows: tuple[AppointmentLine, ...]
    agents: tuple[AgentChoice, ...]


@dataclass(frozen=True, slots=True)
class AppointmentReceipt:
    """What a command about an appointment answers; a form that was sent before gives the same again."""

    id: int
    order_id: int
    at: datetime
    repeated: bool


def appointment_week(access: Access, *, first: date, mine: bool = False) -> AppointmentWeek:
    """Return the appointments of the seven days from `first` on: all of them, or only those named for whoever asks."""
    with access.read(Permission.CALLBACK_VIEW) as look:
        agent, booker = aliased(Person), aliased(Person)
        found = (
            select(Appointment, Order.number, Order.title, agent.id, agent.name, booker.name)
            .join(Order, Order.id == Appointment.order_id)
            .join(booker, booker.id == Appointment.booked_by)
            .outerjoin(agent, agent.id == Appointment.agent_id)
            .where(Appointment.at >= start_of(first), Appointment.at < start_of(first + WEEK * ONE_DAY))
            .where(func.coalesce(Appointment.ended_as, "") != AppointmentEnd.REPLACED.value)
            .order_by(Appointment.at, Appointment.id)
            .limit(MOST_SHOWN)
        )
        if mine:
            found = found.where(Appointment.agent_id == look.actor.id)
        lead = timedelta(minutes=policy_on(look, look.today).policy.appointment_lead_minutes.value)
        rows = tuple(
            AppointmentLine(
                id=row.id,
                order_id=row.order_id,
                number=number,
                title=title,
                at=row.at,
                agent=AgentChoice(agent_id, agent_name) if row.agent_id is not None else None,
                note=row.note,
                booked_by=booked_by,
                ended_as=row.ended_as,
                mine=row.agent_id is not None and row.agent_id == look.actor.id,
                due=row.ended_at is None and row.at - lead <= look.now,
            )
            for row, number, title, agent_id, agent_name, booked_by in look.session.execute(found)
        )
        return AppointmentWeek(first, first + (WEEK - 1) * ONE_DAY, rows, _agents(look))


def book_appointment(
    access: Access, *, order_id: int, seen: int, booking: Booking, request_id: str
) -> AppointmentReceipt:
    """Agree a time with a citizen outside a call, in place of the one that was open; a case in my hands is given back.

    Raises NotFound, Stale, IllegalMove, Invalid, and MayNotCall where somebody else holds the case.
    """
    with access.write(Permission.APPOINTMENT_MANAGE) as work:
        order = work.lock(Order, order_id)
        made = work.already(Appointment, request_id)
        if made is not None:
            return _receipt(work, made)
        work.unchanged(order, seen)
        kept = _case_of(work, order)
        policy = policy_on(work, work.today).policy
        problems = bookings.problems_of(work, booking, policy, last_day_after(work, policy, kept.closed_at))
        if problems:
            raise Invalid(problems)
        kept.held_by = kept.held_since = kept.held_until = None
        return _receipt(work, bookings.book(work, order, kept, booking, request_id))


def give_appointment(
    access: Access, *, appointment_id: int, agent_id: int | None, request_id: str
) -> AppointmentReceipt:
    """Give an open appointment to another agent, or to nobody in particular; who is named is told.

    Raises NotFound, Conflict where it is over, Invalid, and MayNotCall where somebody holds the case already.
    """
    with access.write(Permission.APPOINTMENT_MANAGE) as work:
        row, order = _locked(work, appointment_id)
        made = work.already(Appointment, request_id)
        if made is not None:
            return _receipt(work, made)
        kept = _still_open(work, row, order)
        booking = Booking(row.at, agent_id, row.note)
        problems = bookings.problems_of(work, booking, policy_on(work, work.today).policy, None)
        if "appointment_agent" in problems:
            raise Invalid({"appointment_agent": problems["appointment_agent"]})
        return _receipt(work, bookings.book(work, order, kept, booking, request_id))


def cancel_appointment(access: Access, *, appointment_id: int, reason: str, request_id: str) -> AppointmentReceipt:
    """End an open appointment: the case is in the queue again, as if none had been made.

    Raises NotFound, Conflict where it is over, and MayNotCall where somebody holds the case already.
    """
    with access.write(Permission.APPOINTMENT_MANAGE) as work:
        row, order = _locked(work, appointment_id)
        if work.sent_before(row, request_id):
            return _receipt(work, row)
        kept = _still_open(work, row, order)
        why = reason.strip()
        if len(why) > LONGEST_NOTE:
            raise Invalid({"reason": "too_long"})
        bookings.end(work, order, kept, AppointmentEnd.CANCELLED)
        work.record(
            Event.APPOINTMENT_CANCELLED,
            row,
            before={"at": row.at.isoformat(), "agent": row.agent_id, "round": row.round},
            reason=why or None,
            request_id=request_id,
            department_id=order.department_id,
        )
        return _receipt(work, row)


# ---------------------------------------------------------------------------------------------------------------------


def _locked(work: Work, appointment_id: int) -> tuple[Appointment, Order]:
    """Return an appointment and its order, held in the order in which every command holds them."""
    order = work.lock(Order, work.one(Appointment, appointment_id).order_id)
    row = work.session.get_one(Appointment, appointment_id, populate_existing=True)
    return row, order


def _still_open(work: Work, row: Appointment, order: Order) -> CallbackCase:
    if row.ended_at is not None:
        raise Conflict("error.appointment_over")
    return _case_of(work, order)


def _case_of(work: Work, order: Order) -> CallbackCase:
    """Return the case of an order that is due, held against other writers; raises where somebody else works on it."""
    if order.status != Status.DUE:
        raise IllegalMove(lifecycle.RETRY.name, order.status)
    kept = kept_case(work, order, lock=True)
    assert kept is not None  # The database opens a case for every order that is due.
    held = hold_of(work, kept)
    if held is not None and not held.mine:
        raise MayNotCall(Block.HELD_BY_OTHER, until=held.until, who=held.name)
    return kept


def _agents(look: Look) -> tuple[AgentChoice, ...]:
    found = (
        select(Person.id, Person.name)
        .join(RoleGrant, RoleGrant.person_id == Person.id)
        .where(Person.active, RoleGrant.active, RoleGrant.role == Role.AGENT)
        .order_by(Person.name, Person.id)
    )
    return tuple(AgentChoice(number, name) for number, name in look.session.execute(found))


def _receipt(work: Work, row: Appointment) -> AppointmentReceipt:
    return AppointmentReceipt(row.id, row.order_id, row.at, work.repeated)
