"""Scores are sums of the kept counts, and the kept counts are what the orders say."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from db.orders import Order
from db.records import DailyCount
from db.reference import Department
from db.vocabulary import DepartmentKind, Role, Satisfaction
from services import scores
from services.environment import Environment
from services.errors import Invalid, NotAllowed, NotFound
from services.scores import ScoreFilter
from tests import builders

MAY = ScoreFilter(date(2026, 5, 1), date(2026, 5, 31))


def test_every_measure_of_a_line_is_what_the_builders_made(owner: Session, environment: Environment) -> None:
    unit = builders.department(owner)
    builders.order(owner, unit)
    builders.due_order(owner, unit, accepted_at=builders.ACCEPTED)
    builders.archived_order(owner, unit)
    for _ in range(3):
        builders.archived_order(owner, unit, Satisfaction.SATISFIED)
    builders.dissatisfied_order(owner, unit)
    builders.returned_order(owner, unit)
    builders.excluded(owner, builders.archived_order(owner, unit))

    found = scores.table(builders.access(owner, environment, Role.ASSESSOR), where=MAY)

    assert [line.unit.named.code for line in found.lines] == [unit.code]
    tally = found.lines[0].score.tally
    assert (tally.closed, tally.excluded, tally.counted, tally.pending) == (8, 1, 7, 1)
    assert (tally.rated, tally.satisfied, tally.dissatisfied, tally.silent) == (5, 3, 2, 1)
    assert (tally.to_call, tally.called, tally.reached, tally.solved, tally.reworked) == (3, 2, 2, 0, 1)
    score = found.lines[0].score
    assert score.satisfaction.percent == Decimal("60.00")
    assert score.legacy.percent == Decimal("66.67")
    assert score.coverage.percent == Decimal("66.67")
    assert score.satisfaction.too_few
    assert found.basis.rules == "guangzhou/2"


def test_a_unit_without_orders_has_dashes_and_no_noughts(owner: Session, environment: Environment) -> None:
    unit = builders.department(owner)
    found = scores.table(builders.access(owner, environment, Role.UNIT, at=unit), where=MAY)
    assert [figure.percent for figure in found.lines[0].score.figures] == [None] * 6
    assert [figure.interval for figure in found.total.figures] == [None] * 6


def test_silence_never_raises_the_satisfaction(owner: Session, environment: Environment) -> None:
    unit = builders.department(owner)
    builders.archived_order(owner, unit, Satisfaction.SATISFIED)
    builders.dissatisfied_order(owner, unit)
    access = builders.access(owner, environment, Role.ASSESSOR)
    before = scores.table(access, where=MAY).total
    builders.archived_order(owner, unit)
    after = scores.table(access, where=MAY).total
    assert before.satisfaction.percent == after.satisfaction.percent == Decimal("50.00")
    assert (before.legacy.percent, after.legacy.percent) == (Decimal("50.00"), Decimal("66.67"))


def test_a_district_is_itself_or_the_sum_with_its_streets_and_the_total_counts_nobody_twice(
    owner: Session, environment: Environment
) -> None:
    district = builders.department(owner, "测试区", kind=DepartmentKind.DISTRICT)
    street = builders.department(owner, "测试街", parent=district, kind=DepartmentKind.STREET)
    builders.archived_order(owner, district, Satisfaction.SATISFIED)
    builders.archived_order(owner, street, Satisfaction.SATISFIED)
    builders.archived_order(owner, street)
    access = builders.access(owner, environment, Role.VIEWER)

    alone = _closed(scores.table(access, where=MAY))
    both = scores.table(access, where=ScoreFilter(MAY.first, MAY.last, below=True))

    assert alone == {district.code: 1, street.code: 2}
    assert _closed(both) == {district.code: 3, street.code: 2}
    assert both.total.tally.closed == 3


def test_a_unit_user_sees_its_own_lines_months_and_choices_only(owner: Session, environment: Environment) -> None:
    mine, other = builders.department(owner, "甲局"), builders.department(owner, "乙局")
    for unit in (mine, other, other):
        builders.archived_order(owner, unit, Satisfaction.SATISFIED)
    access = builders.access(owner, environment, Role.UNIT, at=mine)

    found = scores.table(access, where=MAY)
    assert _closed(found) == {mine.code: 1}
    assert found.total.tally.closed == 1
    assert scores.trend(access, where=MAY).total.tally.closed == 1
    assert [unit.named.code for unit in scores.choices(access).units] == [mine.code]
    with pytest.raises(NotFound):
        scores.trend(access, where=MAY, department=other.code)


def test_a_district_user_sees_its_streets(owner: Session, environment: Environment) -> None:
    district = builders.department(owner, "测试区", kind=DepartmentKind.DISTRICT)
    street = builders.department(owner, "测试街", parent=district, kind=DepartmentKind.STREET)
    builders.archived_order(owner, street)
    access = builders.access(owner, environment, Role.UNIT, at=district)
    assert _closed(scores.table(access, where=MAY)) == {district.code: 0, street.code: 1}


def test_months_without_orders_stand_in_the_trend(owner: Session, environment: Environment) -> None:
    unit = builders.department(owner)
    builders.archived_order(owner, unit, Satisfaction.SATISFIED)
    access = builders.access(owner, environment, Role.VIEWER)
    year = ScoreFilter(date(2026, 1, 1), date(2026, 12, 31))
    found = scores.trend(access, where=year, department=unit.code)
    assert [(one.month.month, one.score.tally.closed) for one in found.months] == [
        (month, int(month == 5)) for month in range(1, 13)
    ]
    assert found.total.tally.closed == 1


def test_the_change_is_since_the_equal_period_before(owner: Session, environment: Environment) -> None:
    unit = builders.department(owner)
    _rated(owner, unit, "2026-02-10", "satisfied", 10)
    _rated(owner, unit, "2026-03-10", "dissatisfied", 10)
    _rated(owner, unit, "2026-05-10", "satisfied", 20)
    access = builders.access(owner, environment, Role.VIEWER)
    two_months = ScoreFilter(date(2026, 4, 1), date(2026, 5, 31))
    moved = scores.table(access, where=two_months).moved
    assert [one and one.points for one in moved] == [
        None,
        Decimal("50.00"),
        Decimal("50.00"),
        Decimal("0.00"),
        None,
        Decimal("0.00"),
    ]
    assert moved[1] is not None
    assert moved[1].clear
    assert scores.trend(access, where=two_months, department=unit.code).moved == moved
    four_months = ScoreFilter(date(2026, 4, 1), date(2026, 7, 31))
    assert set(scores.table(access, where=four_months).moved) == {None}


def test_no_change_is_told_where_either_period_rests_on_too_few(owner: Session, environment: Environment) -> None:
    unit = builders.department(owner)
    _rated(owner, unit, "2026-04-10", "satisfied", 2)
    _rated(owner, unit, "2026-05-10", "dissatisfied", 20)
    access = builders.access(owner, environment, Role.VIEWER)
    assert set(scores.table(access, where=MAY).moved) == {None}


def test_order_type_and_group_narrow_the_table(owner: Session, environment: Environment) -> None:
    unit = builders.department(owner)
    builders.archived_order(owner, unit, order_type="help")
    builders.archived_order(owner, unit, order_type="complaint")
    access = builders.access(owner, environment, Role.VIEWER)
    of_type = scores.table(access, where=ScoreFilter(MAY.first, MAY.last, order_type="help"))
    assert _closed(of_type) == {unit.code: 1}
    assert scores.table(access, where=ScoreFilter(MAY.first, MAY.last, group="streets")).lines == ()
    assert scores.table(access, where=ScoreFilter(MAY.first, MAY.last, kind=DepartmentKind.COMPANY)).lines == ()


@pytest.mark.parametrize("period", [(date(2026, 5, 1), date(2026, 4, 30)), (date(2016, 1, 1), date(2026, 4, 30))])
def test_a_period_that_is_none_or_too_long_is_refused(
    owner: Session, environment: Environment, period: tuple[date, date]
) -> None:
    access = builders.access(owner, environment, Role.VIEWER)
    with pytest.raises(Invalid) as refused:
        scores.table(access, where=ScoreFilter(*period))
    assert refused.value.problems == {"period": "not_a_period"}


def test_the_choices_are_what_has_counts(owner: Session, environment: Environment) -> None:
    unit = builders.department(owner)
    access = builders.access(owner, environment, Role.VIEWER)
    assert (scores.choices(access).first, scores.choices(access).units) == (None, ())
    builders.archived_order(owner, unit)
    found = scores.choices(access)
    assert (found.first, found.last, found.groups) == (date(2026, 5, 1), date(2026, 5, 1), ("departments",))


def test_a_recount_agrees_and_names_every_count_that_was_tampered_with(
    owner: Session, environment: Environment
) -> None:
    unit = builders.department(owner)
    builders.archived_order(owner, unit, Satisfaction.SATISFIED)
    builders.excluded(owner, builders.dissatisfied_order(owner, unit))
    access = builders.access(owner, environment, Role.ASSESSOR)
    found = scores.verify(access)
    assert (found.cells, found.closed, found.differences) == (1, 2, ())

    owner.execute(update(DailyCount).values(satisfied=5))
    owner.commit()
    changed = scores.verify(access).differences
    assert [(one.department, one.measure, one.kept, one.recounted) for one in changed] == [
        (unit.code, "satisfied", 5, 1)
    ]


@pytest.mark.every_server
def test_a_recount_finds_a_cell_that_is_missing_and_one_too_many(owner: Session, environment: Environment) -> None:
    unit = builders.department(owner)
    builders.archived_order(owner, unit)
    owner.execute(update(DailyCount).values(day=date(2026, 1, 1)))
    owner.commit()
    found = scores.verify(builders.access(owner, environment, Role.ASSESSOR)).differences
    assert {(one.day, one.kept, one.recounted) for one in found if one.measure == "closed"} == {
        (date(2026, 1, 1), 1, 0),
        (date(2026, 5, 13), 0, 1),
    }


def test_only_those_who_see_the_whole_city_recount(owner: Session, environment: Environment) -> None:
    unit = builders.department(owner)
    with pytest.raises(NotAllowed):
        scores.verify(builders.access(owner, environment, Role.UNIT, at=unit))


def test_an_order_that_moves_takes_its_counts_with_it(owner: Session, environment: Environment) -> None:
    first, second = builders.department(owner, "甲局"), builders.department(owner, "乙局")
    order = builders.archived_order(owner, first, Satisfaction.SATISFIED)
    owner.execute(update(Order).where(Order.id == order.id).values(counted_department_id=second.id))
    owner.commit()
    access = builders.access(owner, environment, Role.ASSESSOR)
    assert _closed(scores.table(access, where=MAY)) == {second.code: 1}
    assert scores.verify(access).differences == ()


def _closed(found: scores.ScoreTable) -> dict[str, int]:
    return {line.unit.named.code: line.score.tally.closed for line in found.lines}


def _rated(owner: Session, unit: Department, closed: str, satisfaction: str, many: int) -> None:
    accepted = builders.at(closed) - timedelta(days=2)
    for _ in range(many):
        builders.archived_order(
            owner, unit, Satisfaction(satisfaction), accepted_at=accepted, closed_at=builders.at(closed)
        )
