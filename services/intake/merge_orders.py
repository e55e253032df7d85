"""Staged orders meet the stored ones: what is missing is inserted, what has news is updated, set by set.

What counts as news, in the order in which it is asked:

* An older telling changes nothing: its time of update is earlier than the stored one; or, where either has none, it
  does not know of a close that is stored, or tells an earlier one.
* An empty cell is no news, never an erasure.
* A close is the first one of an open order; or, for an order that was returned and closed after that, the end of the
  rework; or the correction of a first close that nobody has rated or called about yet. Any other close is left alone.
* A department is filled in where there was none, and changed only while nobody has rated or called, and only where no
  person has assigned the order since: a rating belongs to the department that was responsible when it was given.
* Deadline, reply and contact belong to their round: those of the first round change only as long as it is fresh.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Table,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.schema import CreateIndex, CreateTable

from db.base import Base
from db.orders import Order, Round
from db.records import EventRow
from db.vocabulary import Event, Status
from services.access import Work
from services.intake.merge_contacts import contact_news, store_contacts
from services.intake.problems import Code, Problem, problem
from services.intake.staging import STAGED_ORDERS
from services.rules.callback_policy import CallbackPolicy
from services.rules.deadlines import CITY
from services.rules.lifecycle import REDO, after_closing

_PATIENCE = "900000"
"""Milliseconds that one statement of a merge may take; the search index of a hundred thousand texts needs minutes."""

_LOCK = 7_212_346
"""The advisory lock that lets one import merge at a time."""

_S = STAGED_ORDERS.c
_ORDERS, _ROUNDS = (Base.metadata.tables[kind.__tablename__] for kind in (Order, Round))
_O, _R = _ORDERS.c, _ROUNDS.c

_FACTS = ("order_type_id", "channel_id", "category_id", "place_id", "place_text", "address", "title", "text",
          "requester", "language", "confidential", "official_late")  # fmt: skip
"""The facts of an order that news may change at any time: they judge nobody."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the staged rows."""

    inserted: int
    updated: int
    unchanged: int


def prepare(work: Work) -> None:
    """Let this transaction take its time, and wait for another import to end first."""
    for name in ("statement_timeout", "lock_timeout"):
        work.session.execute(select(func.set_config(name, _PATIENCE, True)))
    work.session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def make_staging(work: Work, table: Table) -> None:
    """Make a temporary table; it is gone with the transaction."""
    work.session.execute(CreateTable(table))


def index_staging(work: Work, table: Table) -> None:
    """Index the filled table."""
    for index in table.indexes:
        work.session.execute(CreateIndex(index))


def classify(work: Work, source: str, *, holding: bool) -> Counts:
    """Match the staged rows with the stored orders and decide about each what is to be done.

    With `holding` the orders that have news are locked and looked at once more, so that nobody's callback or decision
    comes between the look and the writing.
    """
    matched = [_O.source == source, _O.number == _S.number, _R.order_id == _O.id, _R.number == _O.round]
    _decide(work, *matched)
    if holding:
        lock_orders(work, STAGED_ORDERS, _S.verdict == "changed")
        _decide(work, *matched, _S.verdict == "changed")
    verdicts = select(_S.verdict, func.count()).group_by(_S.verdict)
    found: dict[str | None, int] = {verdict: count for verdict, count in work.session.execute(verdicts)}
    return Counts(found.get(None, 0), found.get("changed", 0), found.get("same", 0) + found.get("older", 0))


def lock_orders(work: Work, staged: Table, *which: ColumnElement[bool]) -> None:
    """Hold stored orders against other writers, in the order of their ids, without fetching them."""
    held = select(_O.id).where(_O.id == staged.c.order_id, *which).order_by(_O.id).with_for_update(of=_ORDERS)
    work.session.execute(select(func.count()).select_from(held.cte("held")))


def notes(work: Work, limit: int) -> tuple[int, list[Problem]]:
    """Give the warnings that only the stored orders could tell: their number, and the first of them."""
    told = case((_S.note.is_not(None), _S.note), (_S.verdict == "older", Code.OLDER_THAN_STORED.value))
    rows = select(_S.row, _S.number, told.label("code")).where(told.is_not(None))
    total = work.session.scalar(select(func.count()).select_from(rows.subquery())) or 0
    return total, [
        problem(row, _FIELD_OF[Code(code)], Code(code), number, rejects=False)
        for row, number, code in work.session.execute(rows.order_by(_S.row).limit(limit))
    ]


def merge(work: Work, source: str, import_id: int | None, called: ColumnElement[bool]) -> None:
    """Insert the missing orders and update the changed ones, with their rounds and contacts.

    Of the orders that are closed now and have no rating, those that are `called` go to the queue of callbacks; the
    others wait for the citizen's own rating.
    """
    _insert(work, source, import_id, called)
    _update(work, import_id, called)


def in_share(source: str, policy: CallbackPolicy) -> ColumnElement[bool]:
    """The orders that the policy's share takes: the same ones however often and in whichever file they come.

    The draw is the SHA-256 of the policy's version, the source and the number, so that a new version draws anew.
    """
    drawn = func.sha256(func.convert_to(literal(f"{policy.name}\x1f{source}\x1f").op("||")(_S.number), "UTF8"))
    place = sum(
        (cast(func.get_byte(drawn, at), BigInteger) * 256 ** (3 - at) for at in range(4)), literal(0, BigInteger)
    )
    return place * 100 < policy.share_percent.value * 256**4


# ----------------------------------------------------------------------------------------------------------------------

_FIELD_OF = {
    Code.OLDER_THAN_STORED: "updated_at",
    Code.CLOSE_SETTLED: "closed_at",
    Code.DEPARTMENT_SETTLED: "department",
}


def _decide(work: Work, *which: ColumnElement[bool]) -> None:
    """Write down for each matched row what it is to the order that is stored."""
    work.session.execute(
        update(STAGED_ORDERS)
        .where(*which)
        .values(
            order_id=_O.id,
            round_id=_R.id,
            fresh=_fresh(),
            closing=case((_older(), null()), else_=_closing()),
            moves=and_(~_older(), _moves()),
            note=_note(),
            verdict=case((_older(), "older"), (_has_news(), "changed"), else_="same"),
        )
    )


def _fresh() -> ColumnElement[bool]:
    """Nobody has rated the order or called about it."""
    early = _O.status.in_((Status.OPEN, Status.CLOSED, Status.DUE))
    return and_(early, _O.round == 1, _O.attempts == 0, ~_O.rated)


def _older() -> ColumnElement[bool]:
    """The file tells an older state than the one that is stored."""
    by_update = and_(_S.source_updated_at.is_not(None), _O.source_updated_at.is_not(None))
    by_close = and_(_O.closed_at.is_not(None), or_(_S.closed_at.is_(None), _S.closed_at < _O.closed_at))
    return case((by_update, _S.source_updated_at < _O.source_updated_at), else_=func.coalesce(by_close, False))


def _closing() -> ColumnElement[Any]:
    """Which close of the order this is, if it is one."""
    later = or_(_S.closed_at > _O.closed_at, _S.source_updated_at > _O.source_updated_at)
    return case(
        (_S.closed_at.is_(None), null()),
        (_O.status == Status.OPEN, "first"),
        (and_(_O.status == Status.RETURNED, _S.closed_at > _R.opened_at), "redo"),
        (and_(_fresh(), _S.closed_at != _O.closed_at, later), "correct"),
        else_=null(),
    )


def _differs_department() -> ColumnElement[bool]:
    return and_(_S.department_id.is_not(None), _S.department_id.is_distinct_from(_O.department_id))


def _moves() -> ColumnElement[bool]:
    """The order goes to another department than the stored one."""
    assigned = exists().where(EventRow.order_id == _O.id, EventRow.action == Event.ORDER_ASSIGNED)
    return and_(_differs_department(), or_(_O.department_id.is_(None), and_(_fresh(), ~assigned)))


def _note() -> ColumnElement[Any]:
    """What a person should know about news that was not taken."""
    known = func.greatest(_O.closed_at, _R.closed_at)
    settled = and_(_O.status != Status.RETURNED, _closing().is_(None), _S.closed_at > known)
    return case(
        (_older(), null()),
        (settled, Code.CLOSE_SETTLED.value),
        (and_(_differs_department(), ~_moves()), Code.DEPARTMENT_SETTLED.value),
        else_=null(),
    )


def _news(staged: ColumnElement[Any], stored: ColumnElement[Any]) -> ColumnElement[bool]:
    return and_(staged.is_not(None), staged.is_distinct_from(stored))


def _accepted_is_news() -> ColumnElement[bool]:
    """Another time of acceptance is taken as long as it does not lie after the close."""
    close = func.coalesce(_O.closed_at, _S.closed_at)
    return and_(_S.accepted_at != _O.accepted_at, or_(close.is_(None), _S.accepted_at <= close))


def _has_news() -> ColumnElement[bool]:
    """Something about the order is to be written."""
    of_round = [_news(_S[name], _R[name]) for name in ("reply", "unit_contacted", "unit_contacted_at")]
    return or_(
        _closing().is_not(None),
        func.coalesce(_moves(), False),
        _accepted_is_news(),
        func.coalesce(_S.source_updated_at > _O.source_updated_at, _S.source_updated_at.is_not(None)),
        *(_news(_S[name], _O[name]) for name in _FACTS),
        and_(_fresh(), or_(_news(_S.due_at, _O.due_at), *of_round)),
        contact_news(),
    )


def _day(moment: ColumnElement[Any]) -> ColumnElement[Any]:
    """The city's day of a moment."""
    return cast(func.timezone(CITY.key, moment), Date)


def _insert(work: Work, source: str, import_id: int | None, called: ColumnElement[bool]) -> None:
    """Insert the orders that are not stored yet, each with its first round and its contact."""
    missing = _S.verdict.is_(None)
    closed = _S.closed_at.is_not(None)
    values: dict[str, ColumnElement[Any]] = {
        "source": literal(source),
        "number": _S.number,
        "counted_department_id": case((closed, _S.department_id)),
        "title": func.coalesce(_S.title, _S.number),
        "text": func.coalesce(_S.text, ""),
        "confidential": func.coalesce(_S.confidential, False),
        "closed_on": _day(_S.closed_at),
        "status": case((closed, _after_close(called)), else_=literal(Status.OPEN.value)),
        "on_time": _S.closed_at <= _S.due_at,
        "import_id": literal(import_id),
        "created_at": literal(work.now),
        "round": literal(1),
        "attempts": literal(0),
        "version": literal(1),
    }
    values |= dict.fromkeys(("called", "reached", "rated", "reworked", "escalated", "excluded"), literal(False))
    plain = ("department_id", "order_type_id", "channel_id", "category_id", "place_id", "place_text", "address",
             "requester", "language", "accepted_at", "due_at", "due_days", "due_rule", "rule_set_id", "closed_at",
             "official_late", "source_updated_at")  # fmt: skip
    values |= {name: _S[name] for name in plain}
    rows = select(*values.values()).where(missing).order_by(_S.row)
    # One statement, so that the ids come from the rows just written and not from a search for them: what the planner
    # knows of the table is from before the import.
    into_orders = insert(_ORDERS).from_select(list(values), rows, include_defaults=False)
    written = into_orders.returning(_O.id, _O.number).cte("written")
    work.session.execute(
        update(STAGED_ORDERS)
        .where(written.c.number == _S.number)
        .values(order_id=written.c.id, verdict="inserted")
        .add_cte(written)
    )
    inserted = _S.verdict == "inserted"
    columns = ("order_id", "department_id", "due_at", "due_days", "closed_at", "reply", "unit_contacted",
               "unit_contacted_at")  # fmt: skip
    rounds = select(literal(1), _S.accepted_at, *(_S[name] for name in columns)).where(inserted).order_by(_S.row)
    work.session.execute(insert(_ROUNDS).from_select(["number", "opened_at", *columns], rounds, include_defaults=False))
    store_contacts(work, inserted)


def _update(work: Work, import_id: int | None, called: ColumnElement[bool]) -> None:
    """Write the news: contacts and rounds first, then the orders with what is counted."""
    changed = _S.verdict == "changed"
    store_contacts(work, changed)
    takes = _S.fresh
    closes = _S.closing.is_not(None)
    of_round = or_(takes, _S.closing == "redo")
    work.session.execute(
        update(_ROUNDS)
        .where(changed, _R.id == _S.round_id)
        .values(
            department_id=case((_S.moves, _S.department_id), else_=_R.department_id),
            opened_at=case((and_(_R.number == 1, _accepted_or_kept()), _S.accepted_at), else_=_R.opened_at),
            due_at=case((takes, func.coalesce(_S.due_at, _R.due_at)), else_=_R.due_at),
            due_days=case((and_(takes, _S.due_at.is_not(None)), _S.due_days), else_=_R.due_days),
            closed_at=case((closes, _S.closed_at), else_=_R.closed_at),
            **{
                name: case((of_round, func.coalesce(_S[name], _R[name])), else_=_R[name])
                for name in ("reply", "unit_contacted", "unit_contacted_at")
            },
        )
    )
    first = _S.closing.in_(("first", "correct"))
    closed_at = case((first, _S.closed_at), else_=_O.closed_at)
    accepted_at = case((or_(closed_at.is_(None), _S.accepted_at <= closed_at), _S.accepted_at), else_=_O.accepted_at)
    due_at = case((takes, func.coalesce(_S.due_at, _O.due_at)), else_=_O.due_at)
    department = case((_S.moves, _S.department_id), else_=_O.department_id)
    work.session.execute(
        update(_ORDERS)
        .where(changed, _O.id == _S.order_id)
        .values(
            department_id=department,
            counted_department_id=case((or_(first, and_(_S.moves, _O.closed_at.is_not(None))), department),
                                       else_=_O.counted_department_id),
            accepted_at=accepted_at,
            due_at=due_at,
            due_days=case((and_(takes, _S.due_at.is_not(None)), _S.due_days), else_=_O.due_days),
            due_rule=case((and_(takes, _S.due_at.is_not(None)), _S.due_rule), else_=_O.due_rule),
            closed_at=closed_at,
            closed_on=_day(closed_at),
            round_closed_at=case((_S.closing == "redo", _S.closed_at), else_=_O.round_closed_at),
            status=case((_S.closing == "first", _after_close(called)),
                        (_S.closing == "redo", literal(REDO.after.value)), else_=cast(_O.status, Text)),
            on_time=closed_at <= due_at,
            source_updated_at=func.greatest(_S.source_updated_at, _O.source_updated_at),
            import_id=import_id,
            version=_O.version + 1,
            **{name: func.coalesce(_S[name], _O[name]) for name in _FACTS},
        )
    )  # fmt: skip


def _after_close(called: ColumnElement[bool]) -> ColumnElement[str]:
    """Where an order without a rating goes when it is closed."""
    asked, waits = (after_closing(call_unrated=asks).value for asks in (True, False))
    return case((called, asked), else_=waits)


def _accepted_or_kept() -> ColumnElement[bool]:
    return or_(_R.closed_at.is_(None), _S.accepted_at <= _R.closed_at)
