"""Telephone numbers and calls: a requester's numbers, dialling one, who is not to be called, what a call was like."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import aliased

from db.callbacks import OptOut, OtherNumber, TelephoneCall
from db.orders import Order
from db.people import Person
from db.vocabulary import Event, OptOutKind
from services import calling, numbers
from services.access import Access, Work
from services.callback_case import hold_of
from services.callback_claim import lease_end
from services.casework import acting_person, refuse, text_problem
from services.code_lists import CodeLists
from services.errors import Conflict, Fact, Invalid, NotFound
from services.numbers import NumberLine
from services.rules import lifecycle, phones
from services.rules.masking import masked_phone
from services.rules.permissions import Permission
from services.rules.phones import DialTemplate

MOST_NUMBERS = 9
LONGEST_NUMBER_NOTE = 200
LONGEST_RECORDING = 500
PAGE = 50
_LONGEST_CALL = timedelta(days=1)
_CLOCKS_DIFFER = timedelta(minutes=5)
"""By so much the clock of the telephone system may be off."""


@dataclass(frozen=True, slots=True)
class NumberReceipt:
    """What adding a number answers: at which position it stands."""

    order_id: int
    position: int
    repeated: bool


@dataclass(frozen=True, slots=True)
class Dialled:
    """A number that is being called: in full, with the link that calls it and the name under which the telephone
    system may tell of the call."""

    order_id: int
    position: int
    phone: str
    link: str
    reference: str
    repeated: bool


@dataclass(frozen=True, slots=True)
class OptOutLine:
    """A number that is not to be called, masked, and how that came about; `ended_at` is None while it is in force."""

    id: int
    masked: str | None
    kind: OptOutKind
    order_id: int | None
    number: str | None
    recorded_by: str
    recorded_at: datetime
    ended_by: str | None
    ended_at: datetime | None
    ended_why: str | None


@dataclass(frozen=True, slots=True)
class OptOutPage:
    """Some opt-outs, the newest first; `next` is where the following page begins."""

    lines: tuple[OptOutLine, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class OptOutReceipt:
    """What ending an opt-out answers."""

    opt_out_id: int
    repeated: bool


@dataclass(frozen=True, slots=True)
class CallReceipt:
    """What the telephone system is answered."""

    reference: str
    repeated: bool


def list_numbers(access: Access, *, order_id: int) -> tuple[NumberLine, ...]:
    """Return the numbers of an order's requester, masked, in the order in which they are tried; raises NotFound."""
    with access.read(Permission.CALLBACK_VIEW) as look:
        return numbers.numbers_of(look, look.one(Order, order_id))


def add_number(access: Access, *, order_id: int, phone: str, note: str | None, request_id: str) -> NumberReceipt:
    """Add a number at which the requester can be reached, after those that are known; the trail learns not which.

    Raises NotFound, IllegalMove where the order is not to be called about, or Invalid.
    """
    with access.write(Permission.CALLBACK_RECORD) as work:
        order = work.lock(Order, order_id)
        earlier = work.already(OtherNumber, request_id)
        if earlier is not None:
            if earlier.order_id != order_id:
                raise Conflict()
            return NumberReceipt(order_id, earlier.position, repeated=True)
        lifecycle.advance(order.status, lifecycle.RETRY)
        known = numbers.phones_of(work, order_id)
        said = (note or "").strip()
        refuse(
            {
                "phone": _phone_problem(phone, known),
                "number_note": "too_long" if len(said) > LONGEST_NUMBER_NOTE else None,
            }
        )
        position = max([1, *known]) + 1
        work.add(
            OtherNumber(
                order_id=order_id,
                department_id=order.department_id,
                position=position,
                phone=phones.bare(phone),
                note=said or None,
                added_by=acting_person(work),
                added_at=work.now,
                request_id=request_id,
            )
        )
        work.record(Event.NUMBER_ADDED, order, after={"number": position}, request_id=request_id)
        return NumberReceipt(order_id, position, repeated=False)


def dial(access: Access, *, order_id: int, number: int, template: DialTemplate, request_id: str) -> Dialled:
    """Return one number of the requester in full, with the link that calls it; that it was dialled is in the trail.

    Whoever dials has the case, so that nobody else is given it while the telephone rings. Raises NotFound, IllegalMove
    where the order is not to be called about, and MayNotCall where somebody else holds the case, where it waits for a
    supervisor, where the citizen does not want to be called, or not now.
    """
    with access.write(Permission.CALLBACK_RECORD) as work:
        order = work.lock(Order, order_id)
        known = numbers.phones_of(work, order_id)
        if number not in known:
            raise NotFound(kind="contacts")
        # A form that is sent twice makes one call: its reference follows from who sends it and the id of the form.
        of_form = f"{order_id} {number} {acting_person(work)} {request_id}"
        reference = hashlib.sha256(of_form.encode()).hexdigest()[:24]
        dialled = select(TelephoneCall.id).where(TelephoneCall.reference == reference)
        work.repeated = work.session.scalars(dialled).one_or_none() is not None
        if not work.repeated:
            lifecycle.advance(order.status, lifecycle.RETRY)
            _hold_to_call(work, order, number)
            work.add(
                TelephoneCall(
                    reference=reference,
                    order_id=order_id,
                    round=order.round,
                    agent_id=acting_person(work),
                    number=number,
                    dialled_at=work.now,
                )
            )
            after: dict[str, Fact] = {"number": number, "reference": reference}
            work.record(Event.NUMBER_DIALLED, order, after=after, request_id=request_id)
        facts = {
            "number": known[number],
            "reference": reference,
            "extension": numbers.extension_of(work),
            "order": order.number,
        }
        return Dialled(order_id, number, known[number], template.link(facts), reference, work.repeated)


def list_opt_outs(access: Access, *, ended: bool = False, before: int | None = None, limit: int = PAGE) -> OptOutPage:
    """Return the numbers that are not to be called, or with `ended` those that were, the newest first."""
    with access.read(Permission.OPT_OUT_VIEW) as look:
        ended_by = aliased(Person)
        query = (
            select(OptOut, Order.number, Person.name, ended_by.name)
            .join(Person, Person.id == OptOut.recorded_by)
            .outerjoin(ended_by, ended_by.id == OptOut.ended_by)
            .outerjoin(Order, Order.id == OptOut.order_id)
            .where(OptOut.ended_at.is_not(None) if ended else OptOut.ended_at.is_(None))
        )
        if before is not None:
            query = query.where(OptOut.id < before)
        found = look.session.execute(query.order_by(OptOut.id.desc()).limit(limit + 1)).all()
        lines = tuple(_opt_out_line(*row) for row in found[:limit])
        return OptOutPage(lines, lines[-1].id if len(found) > limit else None)


def end_opt_out(access: Access, *, opt_out_id: int, reason: str, request_id: str) -> OptOutReceipt:
    """Let a number be called again, with a reason; raises NotFound, Invalid, or Conflict where it has ended."""
    with access.write(Permission.OPT_OUT_END) as work:
        row = work.lock(OptOut, opt_out_id)
        if work.sent_before(row, request_id):
            return OptOutReceipt(row.id, repeated=True)
        if row.ended_at is not None:
            raise Conflict("error.opt_out_ended")
        why = reason.strip()
        refuse({"opt_out_reason": "too_long" if len(why) > 500 else text_problem(why, 2)})
        row.ended_by, row.ended_at, row.ended_why = acting_person(work), work.now, why
        work.record(Event.OPT_OUT_ENDED, row, before={"kind": row.kind.value}, reason=why, request_id=request_id)
        return OptOutReceipt(row.id, repeated=False)


def report_call(
    access: Access,
    *,
    reference: str,
    started_at: datetime | None,
    seconds: int | None,
    recording: str | None,
) -> CallReceipt:
    """Write down what the telephone system says of a call that was dialled here: its start, length and recording.

    What is missing may follow in a later report; the same again changes nothing, and something else than what was said
    before is refused. Raises NotFound for a reference that was never given out, Invalid and Conflict.
    """
    with access.write(Permission.CALL_REPORT) as work:
        call = work.session.scalars(
            select(TelephoneCall).where(TelephoneCall.reference == reference).with_for_update()
        ).one_or_none()
        if call is None:
            raise NotFound(kind="telephone_calls")
        refuse(_report_problems(call, started_at, seconds, recording, work.now))
        told = {"started_at": started_at, "seconds": seconds, "recording": recording}
        news = {name: value for name, value in told.items() if value is not None and getattr(call, name) != value}
        if any(getattr(call, name) is not None for name in news):
            raise Conflict("error.call_told_otherwise")
        if not news:
            work.quiet()
            return CallReceipt(reference, repeated=True)
        for name, value in news.items():
            setattr(call, name, value)
        facts: dict[str, Fact] = {"call": call.id, "seconds": call.seconds, "recorded": call.recording is not None}
        if call.started_at is not None:
            facts["started_at"] = call.started_at.isoformat()
        order = work.one(Order, call.order_id)
        work.record(Event.CALL_REPORTED, order, after=facts)
        return CallReceipt(reference, repeated=False)


# ---------------------------------------------------------------------------------------------------------------------


def _phone_problem(phone: str, known: dict[int, str]) -> str | None:
    if phones.bare(phone) in known.values():
        return "already_there"
    return phones.problem_of(phone) or ("too_many" if len(known) >= MOST_NUMBERS else None)


def _hold_to_call(work: Work, order: Order, number: int) -> None:
    """Refuse to dial for somebody who may not be called now; and hold the case where it is in nobody's hands."""
    calls = calling.calls_of(work, order, CodeLists.read(work))
    calling.refuse_blocked(calls, number, calling.called_at(work, calls))
    held = hold_of(work, calls.case)
    if held is None:
        calls.case.held_by, calls.case.held_since, calls.case.picked = acting_person(work), work.now, True
        calls.case.held_until = lease_end(calls.policy, work.now)


def _opt_out_line(row: OptOut, number: str | None, recorded_by: str, ended_by: str | None) -> OptOutLine:
    return OptOutLine(
        id=row.id,
        masked=masked_phone(row.phone),
        kind=row.kind,
        order_id=row.order_id,
        number=number,
        recorded_by=recorded_by,
        recorded_at=row.recorded_at,
        ended_by=ended_by,
        ended_at=row.ended_at,
        ended_why=row.ended_why,
    )


def _report_problems(
    call: TelephoneCall, started_at: datetime | None, seconds: int | None, recording: str | None, now: datetime
) -> dict[str, str | None]:
    if started_at is None and seconds is None and recording is None:
        raise Invalid({"call": "required"})
    earliest, latest = call.dialled_at - _CLOCKS_DIFFER, now + _CLOCKS_DIFFER
    return {
        "started_at": "out_of_range" if started_at is not None and not earliest <= started_at <= latest else None,
        "seconds": "out_of_range"
        if seconds is not None and not 0 <= seconds <= _LONGEST_CALL.total_seconds()
        else None,
        "recording": None if recording is None or _safe_link(recording) else "not_a_link",
    }


def _safe_link(url: str) -> bool:
    """Whether a link may be opened by whoever hears the call: https, to a host, without password or odd characters."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and not set(url) & set(" \"'<>\\`")
    return (
        plain and len(url) <= LONGEST_RECORDING and parts.scheme == "https" and bool(host) and "@" not in parts.netloc
    )
