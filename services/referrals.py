"""Ask a supervisor about a case during the call: the case rests until it is answered, then goes back to who asked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from db.callbacks import Appointment, CallbackCase, Notice, Referral
from db.orders import Order
from db.people import Person, RoleGrant
from db.reference import Department
from db.vocabulary import Event, NoticeKind, Role
from services import casework
from services.access import Access, Work
from services.callback_case import hold_of, kept_case
from services.casework import OrderFacts, acting_person, refuse, text_problem
from services.errors import Conflict, NotFound
from services.rules.permissions import Permission, least
from services.views import Named

SHORTEST_TEXT = 2
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class ReferralLine:
    """A question that waits for an answer."""

    id: int
    order_id: int
    number: str
    title: str
    department: Named | None
    round: int
    asked_by: str
    asked_at: datetime
    question: str


@dataclass(frozen=True, slots=True)
class Referrals:
    """The questions that wait, the oldest first, and how many there are."""

    lines: tuple[ReferralLine, ...]
    waiting: int


@dataclass(frozen=True, slots=True)
class ReferredCase:
    """A question with the order that it is about; `answer` is there once somebody answered."""

    line: ReferralLine
    order: OrderFacts
    answer: str | None


@dataclass(frozen=True, slots=True)
class ReferralReceipt:
    """What asking and answering answer."""

    referral_id: int
    order_id: int
    number: str
    repeated: bool


def refer(access: Access, *, order_id: int, question: str, request_id: str) -> ReferralReceipt:
    """Put a question about the case that the actor holds to the supervisors; the case rests until it is answered.

    Raises NotFound, Invalid, and Conflict where the actor does not hold the case any more.
    """
    with access.write(Permission.CASE_REFER) as work:
        order = work.lock(Order, order_id)
        earlier = work.already(Referral, request_id)
        if earlier is not None:
            if earlier.order_id != order_id:
                raise Conflict()
            return ReferralReceipt(earlier.id, order_id, order.number, repeated=True)
        case = _case(work, order)
        hold = hold_of(work, case) if case is not None else None
        if case is None or hold is None or not hold.mine:
            raise Conflict("error.not_held")
        refuse({"question": text_problem(question, SHORTEST_TEXT)})
        referral = work.add(
            Referral(
                order_id=order_id,
                round=order.round,
                department_id=order.department_id,
                asked_by=acting_person(work),
                asked_at=work.now,
                question=question.strip(),
                request_id=request_id,
            )
        )
        case.referred = True
        case.held_by = case.held_since = case.held_until = None
        _tell(work, _supervisors(work), NoticeKind.CASE_REFERRED, order)
        work.record(Event.CASE_REFERRED, order, after={"referral": referral.id}, request_id=request_id)
        return ReferralReceipt(referral.id, order_id, order.number, repeated=False)


def open_referrals(access: Access, *, limit: int = MOST_SHOWN) -> Referrals:
    """Return the questions that wait for an answer, the oldest first."""
    with access.read(Permission.REFERRAL_VIEW) as look:
        waiting = Referral.answered_at.is_(None)
        found = look.session.execute(
            select(Referral, Order, Department, Person.name)
            .join(Order, Order.id == Referral.order_id)
            .join(Person, Person.id == Referral.asked_by)
            .outerjoin(Department, Department.id == Order.department_id)
            .where(waiting)
            .order_by(Referral.asked_at, Referral.id)
            .limit(limit)
        )
        lines = tuple(_line(*row) for row in found)
        counted = look.session.scalar(select(func.count()).select_from(Referral).where(waiting))
        return Referrals(lines, counted or 0)


def referred_case(access: Access, *, order_id: int) -> ReferredCase:
    """Return the last question about an order, beside the order itself; raises NotFound where there was none."""
    with access.read(Permission.REFERRAL_VIEW) as look:
        order = look.one(Order, order_id)
        newest = select(Referral).where(Referral.order_id == order_id).order_by(Referral.id.desc()).limit(1)
        referral = look.session.scalars(newest).one_or_none()
        if referral is None:
            raise NotFound(kind=Referral.__tablename__)
        department = look.session.get(Department, order.department_id) if order.department_id else None
        asked_by = look.one(Person, referral.asked_by).name
        line = _line(referral, order, department, asked_by)
        return ReferredCase(line, casework.facts_of(look, order), referral.answer)


def answer_referral(access: Access, *, referral_id: int, answer: str, request_id: str) -> ReferralReceipt:
    """Answer a question: the case is free again, and handed to whoever asked before anybody else.

    An appointment that the citizen agreed to stays as it is: then the case is handed out at its time. Raises NotFound,
    Invalid, and Conflict where somebody else has answered.
    """
    with access.write(Permission.REFERRAL_ANSWER) as work:
        number = work.one(Referral, referral_id).order_id
        order = work.lock(Order, number)
        referral = work.lock(Referral, referral_id)
        if work.sent_before(order, request_id):
            return ReferralReceipt(referral_id, order.id, order.number, repeated=True)
        if referral.answered_at is not None:
            raise Conflict("error.referral_answered")
        refuse({"answer": text_problem(answer, SHORTEST_TEXT)})
        referral.answered_by, referral.answered_at = acting_person(work), work.now
        referral.answer = answer.strip()
        _give_back(work, order, referral)
        _tell(work, [referral.asked_by], NoticeKind.REFERRAL_ANSWERED, order)
        work.record(Event.REFERRAL_ANSWERED, order, after={"referral": referral.id}, request_id=request_id)
        return ReferralReceipt(referral_id, order.id, order.number, repeated=False)


# ---------------------------------------------------------------------------------------------------------------------


def _case(work: Work, order: Order) -> CallbackCase | None:
    """Return the case of an order where it still waits to be called about."""
    case = kept_case(work, order, lock=True)
    return case if case is not None and case.open else None


def _give_back(work: Work, order: Order, referral: Referral) -> None:
    """Let the case be called about again where it still waits: ready now, for the one who asked."""
    case = _case(work, order)
    if case is None or case.round != referral.round:
        return
    case.referred = False
    case.ready_at = min(case.ready_at, work.now)
    agreed = work.session.scalars(
        select(Appointment.id).where(Appointment.order_id == order.id, Appointment.ended_at.is_(None))
    ).first()
    if agreed is None:
        case.appointment_at, case.appointment_for = work.now, referral.asked_by


def _supervisors(work: Work) -> list[int]:
    """Return the people who act as supervisors: of several roles the least powerful one counts."""
    rows = work.session.execute(
        select(RoleGrant.person_id, RoleGrant.role)
        .join(Person, Person.id == RoleGrant.person_id)
        .where(RoleGrant.active, Person.active)
        .order_by(RoleGrant.person_id)
    )
    held: dict[int, set[Role]] = {}
    for person, role in rows:
        held.setdefault(person, set()).add(role)
    return [person for person, roles in held.items() if least(roles) == Role.SUPERVISOR]


def _tell(work: Work, people: Iterable[int], kind: NoticeKind, order: Order) -> None:
    work.session.add_all(Notice(person_id=one, kind=kind, order_id=order.id, at=work.now) for one in people)


def _line(referral: Referral, order: Order, department: Department | None, asked_by: str) -> ReferralLine:
    return ReferralLine(
        id=referral.id,
        order_id=order.id,
        number=order.number,
        title=order.title,
        department=Named.of(department) if department else None,
        round=referral.round,
        asked_by=asked_by,
        asked_at=referral.asked_at,
        question=referral.question,
    )
