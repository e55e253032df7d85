"""Staged ratings meet the orders: each goes to the round that was closed when it was given, and moves what waits.

A rating is never changed or erased. The last rating of the last round counts: an earlier one that arrives late is kept
as history. An order that has been settled by its last rating or by a call takes no later one: it is refused by name.
"""

from typing import Any

from sqlalchemy import CTE, ColumnElement, and_, case, cast, exists, func, insert, literal, or_, select, update
from sqlalchemy import Text as TextType

from db.base import Base
from db.orders import Order, Rating, RatingAnswer, Round
from db.reference import Grade, RatingScale
from db.vocabulary import RatingSource, Satisfaction
from services.access import Work
from services.errors import PortalError
from services.intake.merge_orders import Counts, lock_orders
from services.intake.problems import Code, Problem, problem
from services.intake.staging import STAGED_RATINGS, Rules
from services.rules import lifecycle
from services.rules.deadlines import CITY

_S = STAGED_RATINGS.c
_ORDERS, _ROUNDS, _RATINGS, _ANSWERS = (
    Base.metadata.tables[kind.__tablename__] for kind in (Order, Round, Rating, RatingAnswer)
)
_O, _R, _G = _ORDERS.c, _ROUNDS.c, _RATINGS.c

_FIELD_OF = {
    Code.UNKNOWN_ORDER: "number",
    Code.ORDER_NOT_CLOSED: "number",
    Code.ORDER_SETTLED: "rated_at",
    Code.RATED_BEFORE_CLOSED: "rated_at",
    Code.RATING_DIFFERS: "grade",
    Code.UNKNOWN_GRADE: "grade",
}
_KEPT = ("inserted", "same")


def classify_ratings(work: Work, source: str, rules: Rules, scale: str, *, holding: bool) -> Counts:
    """Match the staged ratings with orders and rounds, and decide about each."""
    session = work.session
    session.execute(
        update(STAGED_RATINGS).where(_O.source == source, _O.number == _S.number).values(order_id=_O.id)
    )  # fmt: skip
    if holding:
        # Only what waits can be moved; a callback that is being recorded for it is let finish first.
        lock_orders(work, STAGED_RATINGS, _waits())
    inner = _ROUNDS.alias("closed_before")
    last = (
        select(func.max(inner.c.number))
        .where(inner.c.order_id == _S.order_id, inner.c.closed_at <= _S.rated_at)
        .scalar_subquery()
    )
    session.execute(
        update(STAGED_RATINGS)
        .where(_R.order_id == _S.order_id, _R.number == last)
        .values(round_id=_R.id, department_id=_R.department_id)
    )
    meant, under = _meaning(work, rules, scale)
    session.execute(update(STAGED_RATINGS).values(satisfaction=meant, rule_set_id=under))
    session.execute(update(STAGED_RATINGS).values(verdict=_alone()))
    session.execute(
        update(STAGED_RATINGS)
        .where(_S.verdict.is_(None), _O.id == _S.order_id, _R.id == _S.round_id)
        .values(verdict=_against_order(), moves=and_(_waits(), _R.number == _O.round, ~_later_rating()))
    )
    verdicts = select(_S.verdict, func.count()).group_by(_S.verdict)
    found: dict[str | None, int] = {verdict: count for verdict, count in session.execute(verdicts)}
    return Counts(found.get("inserted", 0), 0, found.get("same", 0))


def refusals(work: Work) -> list[Problem]:
    """Give the ratings that the stored orders refuse, row by row."""
    rows = select(_S.row, _S.number, _S.verdict).where(_S.verdict.not_in(_KEPT)).order_by(_S.row)
    return [
        problem(row, _FIELD_OF[Code(verdict)], Code(verdict), number, rejects=True)
        for row, number, verdict in work.session.execute(rows)
    ]


def merge_ratings(work: Work, import_id: int) -> None:
    """Store the new ratings, and move the orders whose last rating is among them."""
    session, new = work.session, _S.verdict == "inserted"
    columns = (
        "order_id",
        "round_id",
        "department_id",
        "channel_id",
        "grade_id",
        "satisfaction",
        "rule_set_id",
        "rated_at",
    )
    rows = select(literal(RatingSource.SELF.value), *(_S[name] for name in columns)).where(new).order_by(_S.row)
    written = insert(_RATINGS).from_select(["source", *columns], rows, include_defaults=False)
    _store_answers(work, written.returning(_G.id, _G.order_id, _G.rated_at, _G.grade_id).cte("written"))
    moves = and_(new, _S.moves)
    dissatisfied = _S.satisfaction == Satisfaction.DISSATISFIED.value
    session.execute(
        update(_ROUNDS)
        .where(moves, _R.id == _S.round_id)
        .values(satisfaction=_S.satisfaction, settled_at=case((dissatisfied, _R.settled_at), else_=work.now))
    )
    session.execute(
        update(_ORDERS)
        .where(moves, _O.id == _S.order_id)
        .values(
            satisfaction=_S.satisfaction,
            rated=True,
            counted_department_id=_S.department_id,
            status=case((dissatisfied, lifecycle.COMPLAIN.after.value), else_=lifecycle.CONTENT.after.value),
            outcome=case((dissatisfied, cast(_O.outcome, TextType)), else_=_S.satisfaction),
            import_id=import_id,
            version=_O.version + 1,
        )
    )


# ----------------------------------------------------------------------------------------------------------------------


def _store_answers(work: Work, written: CTE) -> None:
    """Write the ratings, and with each of them what it says besides its grade."""
    said = func.jsonb_each_text(_S.answers).table_valued("key", "value", joins_implicitly=True)
    its = and_(
        _S.verdict == "inserted",
        _S.order_id == written.c.order_id,
        _S.rated_at == written.c.rated_at,
        _S.grade_id == written.c.grade_id,
    )
    rows = select(written.c.id, _S.department_id, said.c.key, said.c.value).where(its).order_by(_S.row)
    work.session.execute(
        insert(_ANSWERS).from_select(["rating_id", "department_id", "question", "value"], rows, include_defaults=False)
    )


def _meaning(work: Work, rules: Rules, scale: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Say what each grade counts as under the rule set of the day on which it was given."""
    grades = select(Grade.id, Grade.code).join(RatingScale).where(RatingScale.code == scale)
    codes = work.session.execute(grades).all()
    day = func.date(func.timezone(CITY.key, _S.rated_at))
    meant, under = [], []
    for start, number, held in reversed(rules.sets):
        under.append((day >= start, number))
        for grade, code in codes:
            try:
                meant.append((and_(day >= start, _S.grade_id == grade), held.satisfaction(scale, code).value))
            except PortalError:
                continue
    return case(*meant, else_=None), case(*under, else_=None)


def _alone() -> ColumnElement[Any]:
    """Judge a rating by itself and by those before it in the file."""
    other = STAGED_RATINGS.alias("other")
    before = and_(other.c.order_id == _S.order_id, other.c.rated_at == _S.rated_at, other.c.row < _S.row)
    return case(
        (_S.order_id.is_(None), Code.UNKNOWN_ORDER.value),
        (_S.satisfaction.is_(None), Code.UNKNOWN_GRADE.value),
        (exists().where(before, other.c.grade_id == _S.grade_id), "same"),
        (exists().where(before, other.c.channel_id == _S.channel_id), Code.RATING_DIFFERS.value),
        (
            _S.round_id.is_(None),
            case((_never_closed(), Code.ORDER_NOT_CLOSED.value), else_=Code.RATED_BEFORE_CLOSED.value),
        ),
        else_=None,
    )


def _never_closed() -> ColumnElement[bool]:
    return exists().where(_O.id == _S.order_id, _O.closed_at.is_(None))


def _against_order() -> ColumnElement[Any]:
    """Judge a rating by what is stored."""
    self_rated = and_(_G.order_id == _S.order_id, _G.source == RatingSource.SELF, _G.rated_at == _S.rated_at)
    later = exists().where(_G.round_id == _S.round_id, _G.rated_at > _S.rated_at)
    return case(
        (exists().where(self_rated, _G.grade_id == _S.grade_id), "same"),
        (exists().where(self_rated, _G.channel_id == _S.channel_id), Code.RATING_DIFFERS.value),
        (or_(_R.number < _O.round, _waits(), later), "inserted"),
        else_=Code.ORDER_SETTLED.value,
    )


def _waits() -> ColumnElement[bool]:
    """The order is closed and nobody has settled it."""
    return _O.status.in_(sorted(lifecycle.CONTENT.before & lifecycle.COMPLAIN.before))


def _later_rating() -> ColumnElement[bool]:
    """There is a later rating of the same round, stored or staged."""
    other = STAGED_RATINGS.alias("later")
    later = or_(other.c.rated_at > _S.rated_at, and_(other.c.rated_at == _S.rated_at, other.c.row > _S.row))
    same_round = and_(other.c.order_id == _S.order_id, other.c.round_id == _S.round_id)
    staged = exists().where(same_round, other.c.verdict.is_(None), later)
    return or_(staged, exists().where(_G.round_id == _S.round_id, _G.rated_at > _S.rated_at))
