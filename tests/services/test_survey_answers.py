"""Survey answers that name no order: each is the rating of a closed order of its own, and nothing is guessed."""

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.callbacks import CallbackCase
from db.orders import Order, Rating, RatingAnswer, Round
from db.reference import Department, Grade
from db.vocabulary import ImportKind, Outcome, RatingSource, Satisfaction, Status
from services import exchange
from services.access import SYSTEM, Access
from services.environment import Environment
from services.intake.views import Incoming
from services.rules.promoters import recommended
from tests.services.test_exchange import bring, told

SLICE = Path(__file__).parents[1] / "intake" / "data" / "nyc_csat_made_up.csv"
"""Made-up answers in the form of New York's: two alike, a wrong year, days between start and end, and mistakes."""


@pytest.fixture
def access(environment: Environment) -> Access:
    """The door of the command line."""
    return Access(environment, SYSTEM)


def answers(access: Access, *bodies: bytes) -> dict[str, object]:
    return bring(access, bodies or SLICE.read_bytes(), profile="nyc_csat", kind=ImportKind.RATINGS)


def test_every_answer_is_the_first_rating_of_a_closed_order_of_its_own(access: Access, owner: Session) -> None:
    assert told(answers(access)) == (13, 6, 0, 0, 7)
    rows = owner.execute(
        select(Order, Round, Rating, Grade.code)
        .join(Round, Round.order_id == Order.id)
        .join(Rating, Rating.round_id == Round.id)
        .join(Grade, Grade.id == Rating.grade_id)
        .order_by(Order.id)
    ).all()
    grades = ["strongly_agree", "strongly_agree", "agree", "neutral", "disagree", "strongly_disagree"]
    assert [code for *_, code in rows] == grades
    department = owner.scalars(select(Department).where(Department.name == "NYC311 Call Center")).one()
    for order, only, rating, _ in rows:
        assert (order.source, order.department_id, order.rated) == ("nyc_csat", department.id, True)
        assert order.closed_at == only.closed_at <= rating.rated_at
        assert rating.source == RatingSource.SELF
        assert order.satisfaction == rating.satisfaction
    assert len({order.number for order, *_ in rows}) == 6


def test_agreement_is_satisfied_and_the_middle_is_neither(access: Access, owner: Session) -> None:
    answers(access)
    found = Counter(owner.scalars(select(Order.satisfaction)))
    assert found == {Satisfaction.SATISFIED: 3, Satisfaction.NEUTRAL: 1, Satisfaction.DISSATISFIED: 2}
    ended = Counter(tuple(row) for row in owner.execute(select(Order.status, Order.outcome)))
    assert ended == {
        (Status.ARCHIVED, Outcome.SATISFIED): 3,
        (Status.ARCHIVED, Outcome.NEUTRAL): 1,
        (Status.DUE, None): 2,
    }
    cases = owner.scalars(select(CallbackCase)).all()
    assert [(case.open, case.urgent) for case in cases] == [(True, True)] * 2


def test_what_is_off_the_scale_is_rejected_by_row_field_and_value(access: Access) -> None:
    report = answers(access)
    lines = exchange.problem_rows(access, import_id=int(str(report["id"])))
    assert [(line.row, line.field, line.code, line.value) for line in lines] == [
        (8, "grade", "unknown_grade", "Agree+I1030"),
        (9, "grade", "unknown_grade", "SATISFACTORIO"),
        (10, "grade", "missing", ""),
        (11, "Wait Time", "off_scale", "SATISFACTORIO"),
        (12, "NPS", "off_scale", "11"),
        (13, "rated_at", "rated_before_closed", "2022-04-06 16:02:00"),
        (14, "grade", "unknown_grade", "Agree"),
    ]
    assert all(line.rejected for line in lines)


def test_no_order_is_made_for_an_answer_that_is_rejected(access: Access, owner: Session) -> None:
    answers(access)
    assert len(owner.scalars(select(Order.id)).all()) == len(owner.scalars(select(Rating.id)).all()) == 6


def test_a_blank_counts_as_nothing_and_never_as_a_promoter(access: Access, owner: Session) -> None:
    answers(access)
    said: dict[int, dict[str, str]] = {rating: {} for rating in owner.scalars(select(Rating.id).order_by(Rating.id))}
    for row in owner.scalars(select(RatingAnswer)):
        said[row.rating_id][row.question] = row.value
    scores = [int(one["nps"]) if "nps" in one else None for one in said.values()]
    assert scores == [10, 10, 8, None, 5, 0]
    found = recommended(scores)
    assert (found.promoters, found.passives, found.detractors, found.blank) == (2, 1, 2, 1)
    fourth = list(said.values())[3]
    assert fourth == {
        "wait_time": "neutral",
        "agent_service": "neutral",
        "job_knowledge": "neutral",
        "answer_satisfaction": "neutral",
        "language": "Chinese (Simplified)",
    }


def test_the_same_answers_again_change_nothing_whatever_else_the_file_holds(access: Access, owner: Session) -> None:
    body = SLICE.read_bytes()
    head, *rows = body.splitlines(keepends=True)
    assert told(answers(access, head + rows[2])) == (1, 1, 0, 0, 0)
    assert told(answers(access, body)) == (13, 5, 0, 1, 7)
    assert told(answers(access, body)) == (13, 0, 0, 6, 7)
    assert told(answers(access, body, head + rows[0] + rows[1])) == (15, 0, 0, 8, 7)
    assert len(owner.scalars(select(Order.id)).all()) == 6


def test_two_files_that_overlap_are_one_set_of_answers(access: Access) -> None:
    head, *rows = SLICE.read_bytes().splitlines(keepends=True)
    assert told(answers(access, head + rows[0] + rows[2], head + rows[0] + rows[1])) == (4, 3, 0, 1, 0)


def test_a_trial_tells_the_same_and_leaves_no_order_behind(access: Access, owner: Session) -> None:
    with SLICE.open("rb") as file:
        tried = exchange.try_import(
            access, files=[Incoming("a.csv", file)], profile="nyc_csat", kind=ImportKind.RATINGS
        )
    assert (tried.rows, tried.inserted, tried.rejected) == (13, 6, 7)
    assert owner.scalars(select(Order.id)).all() == []


def test_a_preview_shows_the_further_answers(access: Access) -> None:
    with SLICE.open("rb") as file:
        shown = exchange.preview_import(
            access, files=[Incoming("a.csv", file)], profile="nyc_csat", kind=ImportKind.RATINGS
        )
    values = dict(shown.lines[0].values)
    assert (values["grade"], values["nps"], values["language"]) == ("Strongly Agree", "10", "English")
    assert [line.rejected for line in shown.lines] == [False] * 6 + [True] * 7
