"""The claim: one statement that finds the case whose turn it is and holds it for whoever asks.

It is an UPDATE of the first row that a row of branches finds, and the branches stand in the order of turns. PostgreSQL
asks one branch after the other and stops at the first that answers; each goes along an index made for it
(db/callbacks.py), takes one row at most, and steps over rows that another claim has locked in the same instant. So two
agents never share a case, nobody waits for anybody, and what a claim costs does not depend on how many cases wait.

Within a branch the cases of one closing day come in the order of their draw, which is chance: who gets which case does
not depend on what the case is about.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Select,
    Subquery,
    and_,
    any_,
    bindparam,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.types import String

from db.callbacks import CallbackCase
from services.access import Look, Work
from services.rules.callback_policy import CallbackPolicy, Priority
from services.rules.deadlines import start_of
from services.rules.windows import Windows

C = CallbackCase
_NEEDS = ARRAY(String(40))
_ONE = literal(1, literal_execute=True)
"""Written out: of a limit that is a parameter, a plan that is kept knows nothing."""
MOST_LEASES = 4
"""A case is held for so many leases at most. The policy judges a call by the moment at which its case was taken: a hold
without an end would keep a case from everybody, and carry a call into the night and past its last day."""
_TURN = (C.ready_at, C.draw)


@dataclass(frozen=True, slots=True)
class _Class:
    """A class of cases: what parts it from the rest, and what of its index stands before what it needs."""

    where: ColumnElement[bool]
    before: tuple[InstrumentedAttribute[Any], ...] = ()


_CLASSES: Mapping[Priority | None, _Class] = MappingProxyType(
    {
        Priority.DISSATISFIED: _Class(and_(true(), C.urgent)),
        Priority.REWORKED: _Class(C.round > _ONE),
        Priority.EXPIRING: _Class(C.closed_on == any_(bindparam("days", type_=ARRAY(Date))), (C.closed_on,)),
        None: _Class(true()),
    }
)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the statement looks like: the classes before the rest, and what there is to ask.

    `skilled`: whoever asks has a skill that a case may need. `bounded`: the first closing day that may still be called
    about is known. `delayed`: the policy lets time pass between the close and the first call.
    """

    priorities: tuple[Priority, ...]
    skilled: bool
    bounded: bool
    delayed: bool


def claim(
    work: Work, person: int, *, skills: Sequence[str], policy: CallbackPolicy, windows: Windows
) -> CallbackCase | None:
    """Hold the case whose turn it is for a person, and return it; None where none may be called about now."""
    shape, facts = _asked(work, skills, policy, windows)
    facts |= {
        "me": person,
        "until": lease_end(policy, work.now),
        "lead": work.now + timedelta(minutes=policy.appointment_lead_minutes.value),
        "grace": work.now - timedelta(minutes=policy.appointment_grace_minutes.value),
    }
    return work.session.scalars(_statement(shape), facts).one_or_none()


def count_ready(
    look: Look, *, skills: Sequence[str], policy: CallbackPolicy, windows: Windows, most: int
) -> dict[Priority | None, int]:
    """Count the cases that would be handed out now to somebody with these skills: of each class, and None for all.

    Counting stops one beyond `most`.
    """
    shape, facts = _asked(look, skills, policy, windows)
    facts["most"] = most + 1
    counted = look.session.execute(_counts(shape), facts).one()
    return dict(zip((*shape.priorities, None), map(int, counted), strict=True))


def lease_end(policy: CallbackPolicy, now: datetime, since: datetime | None = None) -> datetime:
    """Return until when a case is held that is taken now, or that was taken at a moment and is held for longer now."""
    lease = timedelta(minutes=policy.lease_minutes.value)
    return min(now + lease, (since or now) + MOST_LEASES * lease)


def _asked(
    look: Look, skills: Sequence[str], policy: CallbackPolicy, windows: Windows
) -> tuple[_Shape, dict[str, object]]:
    """Return what a statement about cases that are ready looks like, and what is put into it."""
    shape = _Shape(
        priorities=policy.priorities.value,
        skilled=bool(skills),
        bounded=windows.first is not None,
        delayed=policy.delay_hours.value > 0,
    )
    facts: dict[str, object] = {"now": look.now, "nothing": [], "days": list(windows.expiring)}
    if shape.skilled:
        facts["skills"] = list(skills)
    if windows.first is not None:
        facts |= {"first_day": windows.first, "first": start_of(windows.first)}
    if shape.delayed:
        facts["ripe"] = look.now - timedelta(hours=policy.delay_hours.value)
    return shape, facts


# The statements ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _statement(shape: _Shape) -> ReturningUpdate[CallbackCase]:
    turns = union_all(*_branches(shape)).subquery("turns")
    return (
        update(C)
        .where(C.id == select(turns.c.id).limit(_ONE).scalar_subquery())
        .values(
            held_by=bindparam("me"),
            held_since=bindparam("now"),
            held_until=bindparam("until"),
            picked=False,
        )
        .returning(C)
        .execution_options(synchronize_session=False, populate_existing=True)
    )


@lru_cache(maxsize=64)
def _counts(shape: _Shape) -> Select[Any]:
    """Return one number for each class, in the policy's order, and one for all of them together."""
    needs = _needs_met() if shape.skilled else None
    numbers: list[Any] = [_count(shape, needs, _CLASSES[one].where) for one in (*shape.priorities, None)]
    return select(*numbers)


def _count(shape: _Shape, needs: CTE | None, where: ColumnElement[bool]) -> ColumnElement[int]:
    none = C.needs == bindparam("nothing", type_=_NEEDS)
    found = select(C.id).where(_waiting(), where, *_ready(shape))
    some = [found.where(none)] if needs is None else [found.where(none), found.join(needs, C.needs == needs.c.needs)]
    counted = union_all(*some).limit(bindparam("most")).subquery()
    return select(func.count()).select_from(counted).scalar_subquery()


def _branches(shape: _Shape) -> list[Select[int]]:
    """Return the branches in the order of turns.

    What a case needs is the same for all rows of a branch, and stands in their order all the same: under row-level
    security the planner does not conclude from an equality of arrays that the index is in the order of what follows.
    """
    within = [C.closed_on >= bindparam("first_day")] if shape.bounded else []
    left_off = and_(C.held_by == bindparam("me"), C.held_by.is_not(None))
    mine = C.appointment_for == bindparam("me")
    anybody = or_(C.appointment_for.is_(None), C.appointment_at <= bindparam("grace"))
    due = C.appointment_at <= bindparam("lead")
    branches = [
        _first(_open(), left_off, *within, order=(C.held_since,)),
        _first(_open(), mine, C.appointment_for.is_not(None), due, *within, order=(C.appointment_at,)),
        _first(
            _open(),
            C.appointment_at.is_not(None),
            due,
            anybody,
            C.needs.contained_by(bindparam("skills" if shape.skilled else "nothing", type_=_NEEDS)),
            *within,
            order=(C.appointment_at, C.id),
        ),
    ]
    needs = _needs_met() if shape.skilled else None
    for one in (*shape.priorities, None):
        where, before = _CLASSES[one].where, _CLASSES[one].before
        if needs is not None:
            branches.append(_first_with_needs(needs, where, *_ready(shape), before=before))
        none = C.needs == bindparam("nothing", type_=_NEEDS)
        branches.append(_first(_waiting(), none, where, *_ready(shape), order=(*before, C.needs, *_TURN)))
    return branches


def _first(*where: ColumnElement[bool], order: Sequence[InstrumentedAttribute[Any]]) -> Select[int]:
    return select(_locked(select(C.id).where(*where), order).c.id)


def _locked(found: Select[int], order: Sequence[InstrumentedAttribute[Any]]) -> Subquery:
    return found.order_by(*order).limit(_ONE).with_for_update(skip_locked=True).subquery()


def _first_with_needs(
    needs: CTE, *where: ColumnElement[bool], before: Sequence[InstrumentedAttribute[Any]]
) -> Select[int]:
    """Return the first of the cases that need something that whoever asks can do: the first of each need, and of these
    the first. So each is found along the index, however many cases wait for skills of others."""
    each = select(C.id, C.closed_on, *_TURN).where(_waiting(), C.needs == needs.c.needs, *where).correlate(needs)
    ordered = each.order_by(*before, C.needs, *_TURN)
    one = ordered.limit(_ONE).with_for_update(skip_locked=True).lateral()
    turn = [one.c[column.key] for column in (*before, *_TURN)]
    first = select(one.c.id).select_from(needs).join(one, true()).order_by(*turn).limit(_ONE)
    return select(first.subquery().c.id)


def _needs_met() -> CTE:
    """Return what cases need and whoever asks can do: from one need to the next along the index, not case by case."""
    first = select(func.min(C.needs, type_=_NEEDS).label("needs")).where(
        _waiting(), C.needs > bindparam("nothing", type_=_NEEDS)
    )
    every = first.cte("every_need", recursive=True)
    other = aliased(C)
    after = select(func.min(other.needs, type_=_NEEDS)).where(_waiting(other), other.needs > every.c.needs)
    every = every.union_all(
        select(after.correlate(every).scalar_subquery()).where(every.c.needs.is_not(None)),
    )
    met = every.c.needs.contained_by(bindparam("skills", type_=_NEEDS))
    return select(every.c.needs).where(every.c.needs.is_not(None), met).cte("needs_met")


def _free() -> ColumnElement[bool]:
    return or_(C.held_until.is_(None), C.held_until < bindparam("now"))


def _open() -> ColumnElement[bool]:
    return and_(C.open, ~C.referred, _free())


def _waiting(of: type[CallbackCase] = C) -> ColumnElement[bool]:
    """Return what the indexes of the classes are cut to; a case with an appointment waits for that."""
    return and_(of.open, ~of.referred, of.appointment_at.is_(None))


def _ready(shape: _Shape) -> list[ColumnElement[bool]]:
    ready = [_free(), C.ready_at <= bindparam("now")]
    if shape.bounded:
        # What was closed later is ready later: the index is entered where it begins to matter.
        ready += [C.ready_at >= bindparam("first"), C.closed_on >= bindparam("first_day")]
    if shape.delayed:
        ready.append(or_(C.attempts > 0, C.closed_at <= bindparam("ripe")))
    return ready
