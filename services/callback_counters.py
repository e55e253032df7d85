"""The counters of the callback desk, counted again from the rows they stand for: every difference is named.

The database keeps the counters by triggers; this says in other words what they should hold, and compares cell by cell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Date, FromClause, and_, case, cast, func, literal, or_, select
from sqlalchemy.orm import aliased

from db.callbacks import AgentDay, AgentOutcome, CallbackCase, OutcomeCount, ReasonCount, Recode, RecodeReason
from db.orders import Attempt, AttemptReason
from db.reference import Disposition
from db.vocabulary import Satisfaction
from services.access import Access, Look
from services.history import stands
from services.rules.deadlines import CITY
from services.rules.permissions import Permission


@dataclass(frozen=True, slots=True)
class CounterDifference:
    """One count that is not what the rows say: the counter, the cell by its key, and the two numbers."""

    counter: str
    cell: str
    measure: str
    kept: int
    recounted: int


@dataclass(frozen=True, slots=True)
class CounterCheck:
    """What a recount found, over how many cells; without differences the counters are what the rows say."""

    cells: int
    calls: int
    cases: int
    differences: tuple[CounterDifference, ...]


def verify_counters(access: Access) -> CounterCheck:
    """Count all calls and cases again and name every difference. Only who sees the whole city can do that."""
    with access.read(Permission.TRAIL_VIEW) as look:
        cells, differences = 0, []
        for counter, keys, measures, recounted in _recounts():
            found, rows = _differing(look, counter, keys, measures, recounted)
            differences += found
            cells += rows
        calls = look.session.scalar(select(func.sum(AgentDay.calls))) or 0
        cases = look.session.scalar(select(func.sum(OutcomeCount.cases))) or 0
        return CounterCheck(cells, int(calls), int(cases), tuple(differences))


# ---------------------------------------------------------------------------------------------------------------------

_CALL_COUNTS = (
    "calls",
    "contacted",
    "complete",
    "partial",
    "refused",
    "other",
    "noncontact",
    "unknown",
    "satisfied",
    "neutral",
    "dissatisfied",
    "settled",
    "on_time",
    "hands_ms",
    "timed",
)

_Recount = tuple[Any, tuple[str, ...], tuple[str, ...], FromClause]


def _recounts() -> Sequence[_Recount]:
    """Return each counter with its key, its counts, and the statement that counts it again."""
    of_case = ("day", "department_id", "day_part", "aapor_group", "attempts")
    of_agent = ("day", "agent_id", "order_type_id", "urgent", "aapor_group", "satisfaction")
    return (
        (AgentDay, ("day", "agent_id"), _CALL_COUNTS, _agent_days()),
        (OutcomeCount, of_case, ("cases",), _outcome_counts()),
        (AgentOutcome, of_agent, ("cases",), _agent_outcomes()),
        (ReasonCount, ("day", "department_id", "reason_id"), ("given", "recoded"), _reason_counts()),
    )


def _differing(
    look: Look, counter: Any, keys: Sequence[str], measures: Sequence[str], again: FromClause
) -> tuple[list[CounterDifference], int]:
    """Compare a counter with its recount, in one statement and so of one moment."""
    kept = counter.__table__
    joined = kept.outerjoin(again, and_(*(kept.c[key] == again.c[key] for key in keys)), full=True)
    cell = [func.coalesce(kept.c[key], again.c[key]) for key in keys]
    pairs = [func.coalesce(side.c[name], 0) for name in measures for side in (kept, again)]
    query = select(*cell, *pairs).select_from(joined).where(or_(*(one != 0 for one in pairs))).order_by(*cell)
    differences, rows = [], 0
    for row in look.session.execute(query):
        rows += 1
        told = " ".join(str(value) for value in row[: len(keys)])
        counts = row[len(keys) :]
        for name, had, has in zip(measures, counts[::2], counts[1::2], strict=True):
            if had != has:
                differences.append(CounterDifference(kept.name, told, name, int(had), int(has)))
    return differences, rows


def _agent_days() -> FromClause:
    """Count every call once for its agent and its day, and take back the calls that a correction corrects."""
    made, corrected = aliased(Attempt), aliased(Attempt)
    corrections = select(literal(-1).label("sign"), *_of_call(corrected)).select_from(
        Attempt.__table__.join(corrected, corrected.id == Attempt.corrects_id)
    )
    calls = select(literal(1).label("sign"), *_of_call(made)).union_all(corrections).subquery()
    ended = Disposition.aapor_group
    counted: dict[str, ColumnElement[Any]] = {
        "calls": literal(1),
        "contacted": _one(Disposition.contacted),
        "complete": _one(ended == "I"),
        "partial": _one(ended == "P"),
        "refused": _one(ended == "R"),
        "other": _one(ended == "O"),
        "noncontact": _one(ended == "NC"),
        "unknown": _one(ended.not_in(("I", "P", "R", "O", "NC"))),
        **{one.value: _one(calls.c.satisfaction == one.value) for one in Satisfaction},
        "settled": _one(calls.c.settled),
        "on_time": _one(calls.c.on_time.is_(True)),
        "hands_ms": cast(func.coalesce(calls.c.hands_ms, 0), BigInteger),
        "timed": _one(calls.c.hands_ms.is_not(None)),
    }
    return (
        select(
            calls.c.day,
            calls.c.agent_id,
            *(func.sum(calls.c.sign * counted[name]).label(name) for name in _CALL_COUNTS),
        )
        .join(Disposition, Disposition.id == calls.c.disposition_id)
        .group_by(calls.c.day, calls.c.agent_id)
        .subquery()
    )


def _of_call(call: Any) -> list[ColumnElement[Any]]:
    day = cast(func.timezone(CITY.key, call.recorded_at), Date).label("day")
    return [
        day,
        call.agent_id,
        call.disposition_id,
        call.satisfaction,
        call.settled,
        call.on_time,
        call.hands_ms,
    ]


def _one(condition: ColumnElement[bool] | Any) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _outcome_counts() -> FromClause:
    of_case = (
        CallbackCase.closed_on.label("day"),
        CallbackCase.department_id,
        func.coalesce(CallbackCase.day_part, "").label("day_part"),
        CallbackCase.aapor_group,
        CallbackCase.attempts,
    )
    return (
        select(*of_case, func.count().label("cases"))
        .where(CallbackCase.department_id.is_not(None))
        .group_by(*of_case)
        .subquery()
    )


def _agent_outcomes() -> FromClause:
    satisfaction = func.coalesce(CallbackCase.satisfaction, literal("")).label("satisfaction")
    of_case = (
        CallbackCase.decided_on.label("day"),
        CallbackCase.agent_id,
        CallbackCase.order_type_id,
        CallbackCase.urgent,
        CallbackCase.aapor_group,
        satisfaction,
    )
    return (
        select(*of_case, func.count().label("cases"))
        .where(CallbackCase.decided_on.is_not(None), CallbackCase.agent_id.is_not(None))
        .group_by(*of_case)
        .subquery()
    )


def _reason_counts() -> FromClause:
    """Count the reasons of every call that stands, and of the last reading of each call that was read again."""
    day = cast(func.timezone(CITY.key, Attempt.recorded_at), Date).label("day")
    later = aliased(Recode)
    read_again = select(later.id).where(later.attempt_id == Recode.attempt_id, later.id > Recode.id).exists()
    given = (
        select(
            day,
            AttemptReason.department_id,
            AttemptReason.reason_id,
            literal(1).label("given"),
            literal(0).label("recoded"),
        )
        .join(Attempt, Attempt.id == AttemptReason.attempt_id)
        .where(stands(), AttemptReason.department_id.is_not(None))
    )
    recoded = (
        select(day, RecodeReason.department_id, RecodeReason.reason_id, literal(0), literal(1))
        .join(Recode, Recode.id == RecodeReason.recode_id)
        .join(Attempt, Attempt.id == Recode.attempt_id)
        .where(~read_again, RecodeReason.department_id.is_not(None))
    )
    rows = given.union_all(recoded).subquery()
    key = (rows.c.day, rows.c.department_id, rows.c.reason_id)
    sums = (func.sum(rows.c[name]).label(name) for name in ("given", "recoded"))
    return select(*key, *sums).group_by(*key).subquery()
