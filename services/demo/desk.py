"""What the desk of the demo finds in the morning: appointments, a question to a supervisor, citizens who opted out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from sqlalchemy import select, update

from db.callbacks import Appointment, CallbackCase, Notice, OptOut, Referral
from db.orders import Attempt, Contact, Order, Round
from db.reference import Disposition
from db.vocabulary import Event, NoticeKind, OptOutKind, Role
from services.access import Work
from services.demo.prose import Prose
from services.demo.rows import Player, Row, event, put
from services.demo.world import World
from services.errors import Fact
from services.rules import attempts

_AGREED = ((1, 9, 30, False), (1, 16, 0, True), (0, 10, 30, True), (0, 15, 0, False), (0, 18, 30, True))
"""Appointments: days from the first morning, hour, minute, and whether the agent who agreed it is to call. Those that
fit the fewest cases come first."""

_KINDS = (OptOutKind.NO_SURVEY, OptOutKind.DO_NOT_CALL)


@dataclass(frozen=True, slots=True)
class _Tried:
    """An open case that was called about, and its last call."""

    case: int
    order_id: int
    round: int
    department_id: int | None
    last_day: date | None
    agent: Player
    at: datetime


def dress(work: Work, world: World, players: Mapping[str, Player], seed: int) -> None:
    """Add what the first morning after the story finds: as much of it as there are cases to hang it on."""
    rng, prose = Random(f"{seed}/desk"), Prose()
    people = {player.id: player for player in players.values()}
    tried = list(_tried(work, world, people))
    rng.shuffle(tried)
    if tried:
        soonest = min(tried, key=lambda case: case.last_day or date.max)
        _refer(work, soonest, players, prose, rng)
        tried.remove(soonest)
    _book(work, tried, world.end, prose, rng)
    _opt_out(work, people)


# ---------------------------------------------------------------------------------------------------------------------


def _tried(work: Work, world: World, people: Mapping[int, Player]) -> Iterator[_Tried]:
    """Yield the open cases with a call that may have another one, in the order of their numbers."""
    last = (
        select(Attempt.agent_id, Attempt.recorded_at)
        .join(Round, Round.id == Attempt.round_id)
        .where(Round.order_id == CallbackCase.order_id, Round.number == CallbackCase.round)
        .order_by(Attempt.recorded_at.desc())
        .limit(1)
        .lateral()
    )
    found = work.session.execute(
        select(CallbackCase, last.c.agent_id, last.c.recorded_at)
        .join(last, last.c.agent_id.is_not(None))
        .join(Order, Order.id == CallbackCase.order_id)
        .where(CallbackCase.open)
        .order_by(Order.number)
    )
    for case, agent, at in found:
        last_day = attempts.last_day_of(world.policy, case.closed_at, world.calendar)
        yield _Tried(case.id, case.order_id, case.round, case.department_id, last_day, people[agent], at)


def _book(work: Work, tried: Sequence[_Tried], morning: datetime, prose: Prose, rng: Random) -> None:
    """Agree on appointments, each before the last day of its case."""
    left, rows = list(tried), dict[int, Row]()
    for days, hour, minute, named in _AGREED:
        at = morning + timedelta(days=days, hours=hour, minutes=minute)
        one = next((case for case in left if case.last_day is None or at.date() <= case.last_day), None)
        if one is None:
            continue
        left.remove(one)
        agent = one.agent.id if named else None
        rows[one.order_id] = {
            "order_id": one.order_id,
            "round": one.round,
            "at": at,
            "agent_id": agent,
            "note": prose.agreed(rng),
            **_by(one, "booked"),
            "request_id": f"demo appointment {one.order_id}",
        }
        work.session.execute(
            update(CallbackCase)
            .where(CallbackCase.id == one.case)
            .values(appointment_at=at, appointment_for=agent, ready_at=at)
        )
    made = put(work, Appointment, list(rows.values()), ("order_id", "id"))
    for one in (case for case in tried if case.order_id in made):
        row, number = rows[one.order_id], made[one.order_id]
        facts: dict[str, Fact] = {"at": row["at"].isoformat(), "agent": row["agent_id"], "round": one.round}
        work.session.add(
            event(Event.APPOINTMENT_BOOKED, Appointment, number, one.agent, one.at, facts, one.department_id)
        )


def _refer(work: Work, one: _Tried, players: Mapping[str, Player], prose: Prose, rng: Random) -> None:
    """Let an agent ask a supervisor: the case rests, and the supervisors are told."""
    row: Row = {"order_id": one.order_id, "round": one.round, "department_id": one.department_id}
    row |= _by(one, "asked") | {"question": prose.question(rng), "request_id": f"demo referral {one.order_id}"}
    made = put(work, Referral, [row], ("order_id", "id"))
    work.session.execute(update(CallbackCase).where(CallbackCase.id == one.case).values(referred=True))
    told = {"kind": NoticeKind.CASE_REFERRED, "order_id": one.order_id, "at": one.at}
    supervisors = [player for player in players.values() if player.role == Role.SUPERVISOR]
    put(work, Notice, [{"person_id": player.id} | told for player in supervisors])
    asked: dict[str, Fact] = {"referral": made[one.order_id]}
    work.session.add(event(Event.CASE_REFERRED, Order, one.order_id, one.agent, one.at, asked, one.department_id))


def _opt_out(work: Work, people: Mapping[int, Player]) -> None:
    """Let the last two citizens who refused for good be left in peace."""
    refused = (
        select(Attempt, Contact.phone)
        .join(Disposition, Disposition.id == Attempt.disposition_id)
        .join(Contact, Contact.order_id == Attempt.order_id)
        .where(Disposition.refusal == "hard", Contact.phone.is_not(None))
        .order_by(Attempt.recorded_at.desc(), Attempt.id)
        .limit(len(_KINDS))
    )
    for kind, (attempt, phone) in zip(_KINDS, work.session.execute(refused).all(), strict=False):
        row: Row = {"phone": phone, "kind": kind, "order_id": attempt.order_id, "recorded_by": attempt.agent_id}
        row |= {"recorded_at": attempt.recorded_at, "request_id": f"demo opt-out {attempt.order_id}"}
        made = put(work, OptOut, [row], ("order_id", "id"))
        facts: dict[str, Fact] = {"kind": kind.value}
        agent, number = people[attempt.agent_id], made[attempt.order_id]
        work.session.add(
            event(Event.OPT_OUT_RECORDED, OptOut, number, agent, attempt.recorded_at, facts, attempt.department_id)
        )


def _by(one: _Tried, verb: str) -> Row:
    return {f"{verb}_by": one.agent.id, f"{verb}_at": one.at}
