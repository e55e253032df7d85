"""Why citizens are dissatisfied: read again by supervisors, compared with what agents wrote down, and ranked.

Three things stay apart: the citizen's own words, the agent's codes, and the supervisor's. A reading never changes what
the agent wrote; the last reading of a call is the supervisor's answer.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from db.callbacks import Notice, ReasonCount, Recode, RecodeReason
from db.orders import Attempt, AttemptReason, Order
from db.reference import Department, Reason
from db.vocabulary import Event, NoticeKind
from services import casework
from services.access import Access, Look, Work
from services.casework import refuse
from services.code_lists import CodeLists
from services.errors import Conflict, NotFound
from services.history import stands
from services.order_filter import below
from services.rules.deadlines import start_of
from services.rules.permissions import Permission
from services.views import Named, Receipt

LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """How often agents wrote one reason where supervisors read another; None stands for "no such reason"."""

    agent: Named | None
    supervisor: Named | None
    calls: int


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Of the calls that supervisors read again in a period, those whose reasons they found to be others."""

    read: int
    differing: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Ranked:
    """One reason with its heading: how often agents wrote it down, and how often supervisors read it."""

    named: Named
    heading: Named | None
    attributable: bool
    given: int
    recoded: int


def recode(
    access: Access, *, attempt_id: int, seen: int, reasons: Sequence[str], note: str, request_id: str
) -> Receipt:
    """Write down which reasons a supervisor reads in a dissatisfied citizen's words; the agent's codes stay.

    `seen` is the version of the order that the form was drawn from. The agent is told, where the reasons differ.
    Raises NotFound, Stale, Conflict where the call was corrected since, or Invalid.
    """
    with access.write(Permission.REASON_RECODE) as work:
        attempt = work.one(Attempt, attempt_id)
        order = work.lock(Order, attempt.order_id)
        earlier = work.already(Recode, request_id)
        if earlier is not None:
            if earlier.attempt_id != attempt_id:
                raise Conflict()
            return casework.receipt(work, order)
        work.unchanged(order, seen)
        if work.session.scalar(select(~stands()).where(Attempt.id == attempt_id)):
            raise Conflict("error.call_corrected")
        given = _codes(work, attempt_id)
        if not given:
            raise NotFound(kind="attempt_reasons")
        chosen = _chosen(work, reasons, note)
        reading = work.add(
            Recode(
                order_id=order.id,
                round_id=attempt.round_id,
                department_id=attempt.department_id,
                attempt_id=attempt.id,
                agrees={row.code for row in chosen} == given,
                note=note.strip() or None,
                recoded_by=casework.acting_person(work),
                recoded_at=work.now,
                request_id=request_id,
            )
        )
        for row in chosen:
            of_reading = {"recode_id": reading.id, "department_id": attempt.department_id}
            work.session.add(RecodeReason(**of_reading, reason_id=row.id))
        if not reading.agrees:
            _tell(work, attempt)
        work.record(
            Event.REASON_RECODED,
            order,
            before={"reasons": ",".join(sorted(given))},
            after={"reasons": ",".join(sorted(row.code for row in chosen)), "attempt": attempt.id},
            request_id=request_id,
        )
        return casework.receipt(work, order)


def disagreement(access: Access, *, first: date, last: date) -> Disagreement:
    """Return how often supervisors read other reasons than agents wrote, by the day of the reading, both ends included.

    Of each call the last reading within the period counts. A difference pairs reasons that only one of the two named;
    where their numbers differ, the rest stands alone.
    """
    with access.read(Permission.FIGURES_VIEW) as look:
        readings = _last_readings(look, first, last)
        agents = _reasons_of(look, AttemptReason.attempt_id, AttemptReason, [one.attempt_id for one in readings])
        supervisors = _reasons_of(look, RecodeReason.recode_id, RecodeReason, [one.id for one in readings])
        pairs: dict[tuple[str, str], int] = defaultdict(int)
        named: dict[str, Named] = {}
        for one in readings:
            wrote, read = agents[one.attempt_id], supervisors[one.id]
            named |= {row.code: Named.of(row) for row in (*wrote, *read)}
            for pair in _pairs({row.code for row in wrote}, {row.code for row in read}):
                pairs[pair] += 1
        return Disagreement(
            read=len(readings),
            differing=sum(not one.agrees for one in readings),
            differences=tuple(
                Difference(named.get(wrote), named.get(read), calls)
                for (wrote, read), calls in sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
            ),
        )


def ranked(access: Access, *, first: date, last: date, department: str | None = None) -> tuple[Ranked, ...]:
    """Return the reasons of a period by how often they were given, by the day of the call, both ends included.

    `department` is the code of a unit and means everything below it too. Reads counters only.
    """
    with access.read(Permission.SCORE_VIEW) as look:
        where: list[ColumnElement[bool]] = [ReasonCount.day.between(first, last)]
        if department is not None:
            where.append(ReasonCount.department_id.in_(below(look, Department, department)))
        given, recoded = func.sum(ReasonCount.given), func.sum(ReasonCount.recoded)
        rows = look.session.execute(
            select(Reason, given, recoded)
            .join(ReasonCount, ReasonCount.reason_id == Reason.id)
            .where(*where)
            .group_by(Reason.id)
            .having((given > 0) | (recoded > 0))
            .order_by(given.desc(), Reason.code)
        ).all()
        return tuple(
            Ranked(
                named=Named.of(reason),
                heading=Named.of(look.one(Reason, reason.parent_id)) if reason.parent_id else None,
                attributable=reason.attributable,
                given=int(times),
                recoded=int(read),
            )
            for reason, times, read in rows
        )


# ---------------------------------------------------------------------------------------------------------------------


def _codes(look: Look, attempt_id: int) -> set[str]:
    of_attempt = select(Reason.code).join(AttemptReason, AttemptReason.reason_id == Reason.id)
    return set(look.session.scalars(of_attempt.where(AttemptReason.attempt_id == attempt_id)))


def _chosen(work: Work, codes: Sequence[str], note: str) -> list[Reason]:
    lists = CodeLists.read(work)
    known = {choice.named.code for choice in lists.reason_choices()}
    unknown = [code for code in codes if code not in known]
    refuse(
        {
            "reasons": "unknown" if unknown else None if codes else "required",
            "note": "too_long" if len(note.strip()) > LONGEST_NOTE else None,
        }
    )
    return [lists.reasons[code] for code in dict.fromkeys(codes)]


def _tell(work: Work, attempt: Attempt) -> None:
    """Let the agent know that somebody read the words otherwise: so that both learn from it."""
    work.session.add(
        Notice(person_id=attempt.agent_id, kind=NoticeKind.REASON_RECODED, order_id=attempt.order_id, at=work.now)
    )


def _last_readings(look: Look, first: date, last: date) -> list[Recode]:
    within = (Recode.recoded_at >= start_of(first), Recode.recoded_at < start_of(last + timedelta(days=1)))
    later = aliased(Recode)
    again = exists().where(
        later.attempt_id == Recode.attempt_id,
        later.id > Recode.id,
        later.recoded_at < start_of(last + timedelta(days=1)),
    )
    return list(look.session.scalars(select(Recode).where(*within, ~again).order_by(Recode.recoded_at, Recode.id)))


def _reasons_of(
    look: Look, key: InstrumentedAttribute[int], table: type[AttemptReason] | type[RecodeReason], numbers: Sequence[int]
) -> Mapping[int, list[Reason]]:
    rows = look.session.execute(select(key, Reason).join(table, table.reason_id == Reason.id).where(key.in_(numbers)))
    found: dict[int, list[Reason]] = defaultdict(list)
    for number, reason in rows:
        found[number].append(reason)
    return found


def _pairs(wrote: set[str], read: set[str]) -> list[tuple[str, str]]:
    """Pair what only one of the two named, in the order of the codes; what is left over is paired with nothing."""
    only_wrote, only_read = sorted(wrote - read), sorted(read - wrote)
    longest = max(len(only_wrote), len(only_read))
    filled = [(*side, *([""] * (longest - len(side)))) for side in (only_wrote, only_read)]
    return list(zip(*filled, strict=True))
