"""The demo: the same for the same arguments, shaped as published numbers are, and true down to the last column."""

import hashlib
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import column as named
from sqlalchemy import create_engine, func, select, table
from sqlalchemy.orm import Session

from db import migrate
from db.callbacks import CallbackCase
from db.engine import connect
from db.orders import (
    Answer,
    Attempt,
    AttemptReason,
    Contact,
    Exclusion,
    Finding,
    Order,
    Rating,
    Return,
    Round,
)
from db.people import Person, RoleGrant
from db.records import DailyCount, EventHead, EventRow
from db.reference import (
    Department,
    Disposition,
    Grade,
    Installation,
    Place,
    Questionnaire,
    RatingScale,
    Reason,
    RuleSet,
)
from db.vocabulary import DepartmentKind, InstallationKind, Outcome, RatingSource, Role, Satisfaction, Status
from services import demo, setup
from services.access import SYSTEM, Access
from services.demo.cast import CAST, UNITS
from services.environment import Environment
from services.errors import Conflict, Invalid
from services.rules import attempts, callback_policy, survey
from services.rules.attempts import Step
from services.rules.deadlines import CITY
from services.rules.dispositions import Disposition as Ending
from services.rules.dispositions import Tried
from services.rules.questionnaire import WORDS
from services.rules.questionnaire import parse as parse_questions
from services.rules.ruleset import parse as parse_rules
from tests import servers

UNTIL = date(2026, 6, 14)
END = datetime(2026, 6, 15, tzinfo=CITY)
ORDERS = 600
NOW = datetime(2026, 6, 15, 9, tzinfo=CITY)


def fill_demo(login_url: str, *, if_empty: bool = False, **arguments: Any) -> demo.Filled:
    engine = connect(login_url)
    try:
        access = Access(Environment(engine, Path(), clock=lambda: NOW), SYSTEM)
        wanted = demo.Wanted(**({"orders": ORDERS, "seed": 1, "until": UNTIL} | arguments))
        return demo.fill(wanted, access, if_empty=if_empty)
    finally:
        engine.dispose()


@pytest.fixture(scope="module")
def filled(server: servers.TestServer) -> Iterator[Session]:
    """A session of the owner on a database that holds the demo; it is only read."""
    name = server.fresh_database("reference", prepare)
    fill_demo(server.address(name, "portal_login"))
    engine = create_engine(server.address(name))
    with Session(engine) as session:
        yield session
    engine.dispose()


def prepare(url: str) -> None:
    migrate.upgrade(url)
    engine = connect(url)
    setup.load_reference(Access(Environment(engine, Path()), SYSTEM))
    engine.dispose()


# What the columns of an order say -------------------------------------------------------------------------------------


def test_the_outcome_columns_of_every_order_agree_with_its_rounds_ratings_and_attempts(filled: Session) -> None:
    rounds, ratings, calls, said = _by_order(filled, Round), _by_order(filled, Rating), _by_order(filled, Attempt), {}
    for order_id, value in filled.execute(
        select(Attempt.order_id, Answer.value)
        .join(Attempt, Attempt.id == Answer.attempt_id)
        .where(Answer.question == "solved")
        .order_by(Attempt.recorded_at)
    ):
        said[order_id] = value
    answered = set(filled.scalars(select(Rating.attempt_id).where(Rating.attempt_id.is_not(None))))
    returned, left = _by_order(filled, Return), set(filled.scalars(select(Exclusion.order_id)))
    for order in filled.scalars(select(Order)):
        turns, given = rounds[order.id], sorted(ratings.get(order.id, []), key=lambda one: one.rated_at)
        made = calls.get(order.id, [])
        assert [turn.number for turn in turns] == list(range(1, order.round + 1))
        assert len(returned.get(order.id, [])) == order.round - 1
        assert (order.closed_at, order.due_at) == (turns[0].closed_at, turns[0].due_at)
        assert order.on_time == (order.closed_at <= order.due_at if order.closed_at else None)
        assert order.satisfaction == (given[-1].satisfaction if given else None)
        assert order.solved == said.get(order.id)
        assert order.attempts == len(made)
        assert order.reached == any(call.id in answered for call in made)
        assert order.reworked == (order.round > 1)
        assert order.excluded == (order.id in left)
        assert order.counted_department_id == order.department_id
        for turn in turns:
            of_round = [rating for rating in given if rating.round_id == turn.id]
            assert turn.satisfaction == (of_round[-1].satisfaction if of_round else None)
            assert turn.department_id == order.department_id
        if order.status == Status.ARCHIVED:
            silent = Outcome.UNREACHED if made else Outcome.UNASKED
            assert order.outcome == (Outcome(given[-1].satisfaction.value) if given else silent)


def test_the_kept_counts_are_those_of_the_orders(filled: Session) -> None:
    measures = [one.key for one in DailyCount.__table__.c if not one.primary_key]
    view = table("order_counts", *(named(name) for name in measures))
    counted = filled.execute(select(*(func.sum(view.c[name]) for name in measures))).one()
    kept = filled.execute(select(*(func.sum(getattr(DailyCount, name)) for name in measures))).one()
    assert tuple(kept) == tuple(counted)
    assert sum(kept) > 0


def test_everything_happens_in_the_order_of_time_and_nothing_in_the_future(filled: Session) -> None:
    calls = _by_order(filled, Attempt)
    rounds, returned = _by_order(filled, Round), {one.round_id: one for one in filled.scalars(select(Return))}
    for order_id, turns in rounds.items():
        for before, after in pairwise(turns):
            assert before.closed_at < before.settled_at <= returned[after.id].returned_at == after.opened_at
        for turn in turns:
            moments = [turn.opened_at, turn.unit_contacted_at, turn.closed_at]
            for call in (one for one in calls.get(order_id, []) if one.round_id == turn.id):
                moments += [call.started_at, call.recorded_at]
            known = [moment for moment in moments if moment is not None]
            assert known == sorted(known)
            assert max(known) <= END
            assert (turn.settled_at or END) <= END
    assert filled.scalar(select(func.max(Exclusion.approved_at))) <= END


def test_departments_speak_with_citizens_by_day_and_close_in_office_hours(filled: Session) -> None:
    spoken = [at.astimezone(CITY) for at in filled.scalars(select(Round.unit_contacted_at)) if at is not None]
    closed = [at.astimezone(CITY) for at in filled.scalars(select(Round.closed_at)) if at is not None]
    assert spoken
    assert {at.hour for at in spoken} <= set(range(8, 20))
    assert {at.hour for at in closed} <= set(range(8, 18))


def test_every_callback_would_have_been_accepted_by_the_rules_of_the_callback(filled: Session) -> None:
    book = _book(filled)
    answers: dict[int, dict[str, str]] = {}
    for row in filled.scalars(select(Answer)):
        answers.setdefault(row.attempt_id, {})[row.question] = row.value
    codes = {row.id: row.code for row in filled.scalars(select(Reason))}
    reasons: dict[int, list[str]] = {}
    for row in filled.scalars(select(AttemptReason)):
        reasons.setdefault(row.attempt_id, []).append(codes[row.reason_id])
    found = set(filled.scalars(select(Finding.attempt_id)))
    rated = {row.attempt_id: row.satisfaction for row in filled.scalars(select(Rating)) if row.attempt_id}
    claims = {row.id: row.unit_contacted for row in filled.scalars(select(Round))}
    dispositions = {row.id: row.code for row in filled.scalars(select(Disposition))}
    for call in filled.scalars(select(Attempt)):
        told = dict(answers.get(call.id, {}))
        visit = survey.Visit(
            dispositions[call.disposition_id], told, reasons.get(call.id, ()), told.pop(WORDS, None), call.note
        )
        verdict = survey.judge(visit, book, unit_contacted=claims[call.round_id])
        assert verdict.satisfaction == rated.get(call.id)
        assert (verdict.finding is not None) == (call.id in found)


def test_nobody_is_called_again_after_the_attempt_policy_is_used_up(filled: Session) -> None:
    book = _book(filled)
    dispositions = {row.id: book.dispositions[row.code] for row in filled.scalars(select(Disposition))}
    by_round: dict[int, list[Tried]] = {}
    for call in filled.scalars(select(Attempt).order_by(Attempt.recorded_at)):
        by_round.setdefault(call.round_id, []).append(Tried(dispositions[call.disposition_id], call.started_at))
    shipped = files("services.rules").joinpath("callback_policy.toml").read_text("utf-8")
    policy = callback_policy.parse(tomllib.loads(shipped))
    steps = [attempts.after_attempt(history[:-1], history[-1], policy).step for history in by_round.values()]
    assert Counter(steps)[Step.ASKED] > 100
    assert Counter(steps)[Step.UNREACHED] > 20


def test_each_rating_counts_as_the_rule_set_says(filled: Session) -> None:
    rules = _book(filled).rules
    grades = select(Rating.satisfaction, RatingScale.code, Grade.code, Rating.source).join(
        Grade, Grade.id == Rating.grade_id
    )
    rows = filled.execute(grades.join(RatingScale, RatingScale.id == Grade.scale_id)).all()
    assert all(rules.satisfaction(scale, grade) == counted for counted, scale, grade, _ in rows)
    assert {source for *_, source in rows} == set(RatingSource)


# What the demo looks like ---------------------------------------------------------------------------------------------


def test_the_shares_are_near_the_published_ones(filled: Session) -> None:
    closed = list(filled.scalars(select(Order).where(Order.closed_on.is_not(None))))
    called = [order for order in closed if order.called]
    reached = [order for order in called if order.reached]
    satisfied = sum(order.satisfaction == Satisfaction.SATISFIED for order in reached)
    assert 0.84 <= satisfied / len(reached) <= 0.93
    assert 0.14 <= 1 - len(reached) / len(called) <= 0.22
    assert 0.015 <= sum(order.excluded for order in closed) / len(closed) <= 0.045
    assert 0.04 <= sum(order.reworked for order in closed) / len(closed) <= 0.11
    assert 0.02 <= sum(order.on_time is False for order in closed) / len(closed) <= 0.09


def test_one_day_stands_out_and_weekdays_are_busier_than_weekends(filled: Session) -> None:
    days = Counter(at.astimezone(CITY).date() for at in filled.scalars(select(Order.accepted_at)))
    (flood, most), (_, second) = days.most_common(2)
    assert flood.month in (5, 6)
    assert most >= 20 > 2 * second
    del days[flood]
    weekdays = sum(count for day, count in days.items() if day.isoweekday() < 6) / 5
    assert weekdays > 1.2 * sum(count for day, count in days.items() if day.isoweekday() > 5) / 2
    first, last = UNTIL - timedelta(days=364), UNTIL
    assert first <= min(days) <= max(days) <= last


def test_every_status_of_the_loop_is_there_and_some_orders_are_in_later_rounds(filled: Session) -> None:
    statuses = Counter(filled.scalars(select(Order.status)))
    assert set(statuses) == set(Status)
    assert {2, 3} <= set(filled.scalars(select(Order.round).distinct()))
    assert filled.scalar(select(func.count()).where(Order.closed_at.is_(None), Order.due_at < END)) is not None


def test_every_unit_of_the_cast_finds_rework_to_do(filled: Session) -> None:
    inbox = Counter(
        filled.scalars(
            select(Department.code)
            .join(Round, Round.department_id == Department.id)
            .where(Round.number > 1, Round.closed_at.is_(None))
        )
    )
    assert sum(part.department in inbox for part in UNITS) >= 8


def test_texts_name_their_place_and_citizens_are_recognisably_made_up(filled: Session) -> None:
    places = {row.id: row.name for row in filled.scalars(select(Place))}
    orders = list(filled.scalars(select(Order)))
    for order in orders:
        assert order.place_id is not None
        assert places[order.place_id] in order.text
        assert 25 <= len(order.text) <= 140
        assert "{" not in f"{order.text}{order.title}"
    assert len({order.text for order in orders}) > 0.95 * len(orders)
    for contact in filled.scalars(select(Contact)):
        assert contact.name is not None
        assert contact.name.startswith("测试·")
        assert contact.phone is not None
        assert contact.phone.startswith("1000000")
    assert all("{" not in reply for reply in filled.scalars(select(Round.reply).where(Round.reply.is_not(None))))


def test_there_is_somebody_for_every_role_and_two_people_decided_each_exclusion(filled: Session) -> None:
    people = filled.execute(
        select(Person.issuer, RoleGrant.role).join(RoleGrant, RoleGrant.person_id == Person.id)
    ).all()
    assert {issuer for issuer, _ in people} == {"demo"}
    assert {role for _, role in people} == set(Role) - {Role.SYSTEM}
    assert len(people) == len(CAST)
    decided = {(row.order_id, row.returned_by) for row in filled.scalars(select(Return))}
    called = {(row.order_id, row.agent_id) for row in filled.scalars(select(Attempt))}
    for row in filled.scalars(select(Exclusion)):
        assert row.proposed_by != row.approved_by
        assert not {(row.order_id, row.proposed_by), (row.order_id, row.approved_by)} & (decided | called)


def test_orders_belong_to_units_of_every_kind_that_take_orders(filled: Session) -> None:
    kinds = Counter(filled.scalars(select(Department.kind).join(Order, Order.department_id == Department.id)))
    assert set(kinds) == set(DepartmentKind) - {DepartmentKind.CITY}
    assert filled.scalars(select(Installation.kind)).one() == InstallationKind.DEMO


def test_the_trail_of_the_demo_is_one_unbroken_chain_a_shard(filled: Session) -> None:
    heads = {head.shard: head for head in filled.scalars(select(EventHead))}
    ends: dict[int, bytes] = {}
    for row in filled.scalars(select(EventRow).order_by(EventRow.shard, EventRow.seq)):
        assert row.previous == ends.get(row.shard, b"")
        assert row.hash == hashlib.sha256(row.previous + row.body.encode()).digest()
        ends[row.shard] = row.hash
    assert ends == {shard: head.hash for shard, head in heads.items() if head.seq}


# How it is asked for --------------------------------------------------------------------------------------------------


def test_the_same_arguments_give_the_same_rows_and_another_seed_gives_others(server: servers.TestServer) -> None:
    def content(**arguments: Any) -> list[Any]:
        name = server.fresh_database("reference", prepare)
        fill_demo(server.address(name, "portal_login"), orders=120, **arguments)
        engine = create_engine(server.address(name))
        kinds = (
            Order,
            Contact,
            Round,
            Attempt,
            Answer,
            AttemptReason,
            Rating,
            Return,
            Finding,
            Exclusion,
            CallbackCase,
        )
        with engine.connect() as connection:
            rows = [
                tuple(row)
                for kind in kinds
                for row in connection.execute(select(kind.__table__).order_by(*kind.__table__.primary_key))
            ]
            rows += [
                tuple(row) for row in connection.execute(select(EventRow.body).where(EventRow.order_id.is_not(None)))
            ]
        engine.dispose()
        return rows

    once, again, other = content(seed=7), content(seed=7), content(seed=8)
    assert once == again
    assert once != other


def test_without_a_day_it_ends_yesterday_and_a_filled_database_is_left_alone(database: str, login_url: str) -> None:
    done = fill_demo(login_url, orders=30, until=None)
    assert (done.orders, done.last) == (30, NOW.date() - timedelta(days=1))
    assert fill_demo(login_url, orders=30, if_empty=True).orders == 0
    with pytest.raises(Conflict) as refused:
        fill_demo(login_url, orders=30)
    assert (refused.value.code, refused.value.facts) == ("error.orders_present", {"orders": 30})


def test_days_without_a_calendar_and_impossible_numbers_are_refused_together(database: str, login_url: str) -> None:
    with pytest.raises(Invalid) as refused:
        fill_demo(login_url, orders=0, until=date(2027, 3, 1))
    assert refused.value.problems == {"orders": "out_of_range", "until": "calendar_not_covered"}


def test_a_database_of_real_orders_is_never_filled(database: str, login_url: str, owner: Session) -> None:
    owner.add(Installation(id=1, kind=InstallationKind.PRODUCTION))
    owner.commit()
    with pytest.raises(Conflict) as refused:
        fill_demo(login_url, if_empty=True)
    assert refused.value.code == "error.demo_on_production"


# ----------------------------------------------------------------------------------------------------------------------


def _by_order(session: Session, kind: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in session.scalars(select(kind).order_by(kind.id)):
        found.setdefault(row.order_id, []).append(row)
    return found


def _book(session: Session) -> survey.Book:
    documents = {
        kind.__tablename__: session.scalars(
            select(kind.document)
            .where(kind.effective_from.is_not(None))
            .order_by(kind.effective_from.desc(), kind.version.desc())
        ).first()
        for kind in (RuleSet, Questionnaire)
    }
    return survey.Book(
        rules=parse_rules(documents["rule_sets"]),
        questionnaire=parse_questions(documents["questionnaires"]),
        reasons={
            row.code: survey.Reason(
                row.code,
                attributable=row.attributable,
                calls_for_rework=row.calls_for_rework,
                needs_text=row.needs_text,
                heading=row.parent_id is None,
            )
            for row in session.scalars(select(Reason))
        },
        dispositions={
            row.code: Ending(
                row.code, row.aapor_group, final=row.final, contacted=row.contacted, note_required=row.note_required
            )
            for row in session.scalars(select(Disposition))
        },
    )
