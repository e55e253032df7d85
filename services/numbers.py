"""The telephone numbers of a requester: which was tried with what result, which is in turn, which may not be called.

Shared by what calls, records and hands out cases; the numbers themselves leave this module masked, or by `phones_of`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from db.callbacks import OptOut, OtherNumber, TelephoneCall
from db.orders import Attempt, Contact, Order, Round
from db.people import Person
from db.reference import Disposition
from db.vocabulary import Event, OptOutKind
from services.access import Look, Work
from services.errors import Fact
from services.rules import dispositions
from services.rules.dispositions import Tried
from services.rules.masking import masked_phone
from services.rules.phones import bare
from services.views import Named


@dataclass(frozen=True, slots=True)
class NumberLine:
    """One number of a requester, masked, with what came of it in this round; `position` 1 is the order's own.

    `dialled`: whoever looks has dialled it last, and nothing is recorded of that call yet.
    """

    position: int
    masked: str | None
    note: str | None
    tries: int
    last: Named | None
    last_at: datetime | None
    dead: bool
    opted_out: OptOutKind | None
    in_turn: bool
    dialled: bool


def phones_of(look: Look, order_id: int) -> dict[int, str]:
    """Return the numbers of a requester as they are dialled, by position, in the order in which they are tried."""
    contact = look.session.get(Contact, order_id)
    found = {1: bare(contact.phone)} if contact is not None and contact.phone and bare(contact.phone) else {}
    others = look.session.scalars(
        select(OtherNumber).where(OtherNumber.order_id == order_id).order_by(OtherNumber.position)
    )
    return found | {row.position: row.phone for row in others}


def opt_outs_of(look: Look, phones: Iterable[str]) -> dict[str, OptOutKind]:
    """Return which of the numbers are not to be called; a wish not to be asked at all goes before the other."""
    wanted = {bare(phone) for phone in phones}
    rows = look.session.execute(
        select(OptOut.phone, OptOut.kind).where(OptOut.phone.in_(wanted), OptOut.ended_at.is_(None))
    )
    found: dict[str, OptOutKind] = {}
    for phone, kind in rows:
        if found.get(phone) != OptOutKind.NO_SURVEY:
            found[phone] = kind
    return found


def is_opted_out(look: Look, phones: Iterable[str]) -> bool:
    """Say whether a requester with these numbers is not to be called: by all of them, or because they are not to be
    asked at all. A requester without any number has not opted out."""
    wanted = {bare(phone) for phone in phones}
    said = opt_outs_of(look, wanted)
    return OptOutKind.NO_SURVEY in said.values() or (bool(wanted) and wanted <= said.keys())


def numbers_of(look: Look, order: Order) -> tuple[NumberLine, ...]:
    """Return the numbers of an order's requester, in the order in which they are tried."""
    phones = phones_of(look, order.id)
    notes: dict[int, str | None] = {
        row.position: row.note
        for row in look.session.scalars(select(OtherNumber).where(OtherNumber.order_id == order.id))
    }
    tried = _tried(look, order)
    said = opt_outs_of(look, phones.values())
    turn = None if is_opted_out(look, phones.values()) else _in_turn([one for _, one in tried], phones, said)
    dialled = _dialled(look, order)
    lines = []
    for position, phone in phones.items():
        made = [(row, one) for row, one in tried if one.number == position]
        lines.append(
            NumberLine(
                position=position,
                masked=masked_phone(phone),
                note=notes.get(position),
                tries=len(made),
                last=Named.of(made[-1][0]) if made else None,
                last_at=made[-1][1].at if made else None,
                dead=any(one.disposition.dead_number for _, one in made),
                opted_out=said.get(phone),
                in_turn=position == turn,
                dialled=position == dialled,
            )
        )
    return tuple(lines)


def opt_out(work: Work, order: Order, phone: str, kind: OptOutKind, request_id: str) -> None:
    """Write down that a citizen does not want to be called or asked any more, inside the visit that heard it.

    One that is in force already stays as it is. The trail learns that it was said, never the number.
    """
    said = insert(OptOut).values(
        phone=bare(phone),
        kind=kind,
        order_id=order.id,
        recorded_by=work.actor.id,
        recorded_at=work.now,
        request_id=request_id,
    )
    # Two agents may hear it at once about two orders of one citizen: neither call may be lost for that.
    once = said.on_conflict_do_nothing(
        index_elements=[OptOut.phone, OptOut.kind], index_where=OptOut.ended_at.is_(None)
    ).returning(OptOut)
    row = work.session.scalars(once).one_or_none()
    if row is not None:
        facts: dict[str, Fact] = {"kind": kind.value}
        work.record(Event.OPT_OUT_RECORDED, row, after=facts, request_id=request_id)


def belong_to(work: Work, attempt: Attempt, round_number: int) -> None:
    """Let the calls that the agent dialled for this round, as far as no record has claimed them, be an attempt's."""
    work.session.execute(
        update(TelephoneCall)
        .where(
            TelephoneCall.order_id == attempt.order_id,
            TelephoneCall.round == round_number,
            TelephoneCall.agent_id == attempt.agent_id,
            TelephoneCall.attempt_id.is_(None),
        )
        .values(attempt_id=attempt.id)
    )


def extension_of(look: Look) -> str:
    """Return the telephone extension of whoever acts, empty where they have none."""
    person = look.session.get(Person, look.actor.id) if look.actor.id is not None else None
    return (person.extension if person is not None else None) or ""


# ---------------------------------------------------------------------------------------------------------------------


def _tried(look: Look, order: Order) -> list[tuple[Disposition, Tried]]:
    """Return how the calls of the order's present round ended, oldest first; corrected ones by what corrected them."""
    corrected = select(Attempt.corrects_id).where(Attempt.order_id == order.id, Attempt.corrects_id.is_not(None))
    rows = look.session.execute(
        select(Disposition, Attempt.recorded_at, Attempt.number)
        .join(Attempt, Attempt.disposition_id == Disposition.id)
        .join(Round, Round.id == Attempt.round_id)
        .where(Attempt.order_id == order.id, Round.number == order.round, Attempt.id.not_in(corrected))
        .order_by(Attempt.recorded_at, Attempt.id)
    )
    return [(row, Tried(_ending(row), at, number)) for row, at, number in rows]


def _dialled(look: Look, order: Order) -> int | None:
    """Return the number that whoever looks has dialled last, where no record has claimed the call."""
    return look.session.scalars(
        select(TelephoneCall.number)
        .where(
            TelephoneCall.order_id == order.id,
            TelephoneCall.round == order.round,
            TelephoneCall.agent_id == look.actor.id,
            TelephoneCall.attempt_id.is_(None),
        )
        .order_by(TelephoneCall.id.desc())
        .limit(1)
    ).one_or_none()


def _ending(row: Disposition) -> dispositions.Disposition:
    return dispositions.Disposition(
        code=row.code,
        group=row.aapor_group,
        final=row.final,
        contacted=row.contacted,
        another_number=row.another_number,
    )


def _in_turn(tried: list[Tried], phones: Mapping[int, str], said: Mapping[str, OptOutKind]) -> int | None:
    """Return the position that is dialled next: the rule's, among the numbers that may be called."""
    open_ones = [position for position, phone in phones.items() if phone not in said]
    place = {position: index for index, position in enumerate(open_ones, start=1)}
    known = [Tried(one.disposition, one.at, place[one.number]) for one in tried if one.number in place]
    chosen = dispositions.next_number(known, len(open_ones))
    return open_ones[chosen - 1] if chosen is not None else None
