"""The home screen says what waits for whom; each number is that of the list behind it."""

from datetime import date, timedelta

from sqlalchemy.orm import Session

from db.people import Person
from db.vocabulary import Role, Satisfaction, Status
from services import home, orders
from services.access import Access
from services.environment import Environment
from tests import builders
from tests.builders import at


def numbers(access: Access) -> dict[str, int]:
    """Return the lines of the home screen, after checking that each is the length of its own list."""
    lines = home.today(access).lines
    for line in lines:
        page = orders.search(access, where=line.where)
        assert (line.n, line.more) == (page.total, page.more), line.code
    return {line.code: line.n for line in lines}


def test_each_role_is_told_what_waits_for_it(owner: Session, environment: Environment) -> None:
    unit, other = builders.department(owner), builders.department(owner)
    agent = builders.person(owner, Role.AGENT)
    builders.due_order(owner, unit)
    builders.due_order(owner, other)
    builders.order(owner)
    builders.order(owner, unit, due_at=at("2026-06-16"))
    builders.order(owner, unit, due_at=at("2026-06-10"))
    builders.dissatisfied_order(owner, unit)
    builders.dissatisfied_order(owner, other, status=Status.ESCALATED)
    builders.returned_order(owner, unit)
    builders.sent_back(owner, builders.dissatisfied_order(owner, unit), returned_at=at("2026-06-12"))
    called = builders.due_order(owner, other)
    for hour in (9, 10):
        builders.attempt(owner, called, agent, disposition="3.13", recorded_at=at("2026-06-15", hour))
    builders.attempt(owner, builders.due_order(owner, other), agent, recorded_at=at("2026-06-14"), disposition="3.13")

    assert numbers(builders.door(environment, agent)) == {"due": 4, "called": 1}
    assert numbers(builders.access(owner, environment, Role.SUPERVISOR)) == {
        "dissatisfied": 1,
        "escalated": 1,
        "rework_late": 1,
        "unassigned": 1,
    }
    assert numbers(builders.access(owner, environment, Role.UNIT, at=unit)) == {
        "returned": 2,
        "rework_late": 1,
        "late": 1,
        "due_soon": 1,
    }
    assert numbers(builders.access(owner, environment, Role.UNIT, at=other)) == dict.fromkeys(
        ("returned", "rework_late", "late", "due_soon"), 0
    )
    assert numbers(builders.access(owner, environment, Role.ADMIN)) == {"unassigned": 1}
    assert numbers(builders.access(owner, environment, Role.ASSESSOR)) == {}


def test_a_unit_sees_its_reworks_nearest_deadline_first_with_the_working_days_left(
    owner: Session, environment: Environment
) -> None:
    unit, other = builders.department(owner), builders.department(owner)
    builders.returned_order(owner, other)
    for number, day in (("LATE", "2026-05-20"), ("FRIDAY", "2026-06-12"), ("MONDAY", "2026-06-15")):
        made = builders.dissatisfied_order(owner, unit, number=number)
        builders.sent_back(owner, made, returned_at=at(day, 9))
    today = home.today(builders.access(owner, environment, Role.UNIT, at=unit))
    # Friday to Thursday, and Monday to the Monday after the holiday of 2026-06-19.
    assert [(one.number, one.late, one.days_left) for one in today.reworks] == [
        ("LATE", True, 0),
        ("FRIDAY", False, 4),
        ("MONDAY", False, 5),
    ]


def test_a_unit_compares_this_month_so_far_with_as_many_days_of_the_last(
    owner: Session, environment: Environment
) -> None:
    unit = builders.department(owner)
    for day in ("2026-05-01", "2026-05-15", "2026-05-16", "2026-06-01", "2026-06-15"):
        builders.closed_order(owner, unit, accepted_at=at("2026-04-27"), closed_at=at(day, 9))
    builders.closed_order(owner, builders.department(owner), accepted_at=at("2026-06-01"))
    so_far = home.today(builders.access(owner, environment, Role.UNIT, at=unit)).so_far
    assert so_far is not None
    now, before = so_far
    assert (now.first, now.last, now.tally.closed) == (date(2026, 6, 1), date(2026, 6, 15), 2)
    assert (before.first, before.last, before.tally.closed) == (date(2026, 5, 1), date(2026, 5, 15), 2)


def test_a_longer_month_is_compared_with_the_whole_of_a_shorter_one(owner: Session, environment: Environment) -> None:
    unit = builders.department(owner)
    later = Environment(environment.engine, environment.data, clock=lambda: at("2026-07-31"))
    so_far = home.today(builders.access(owner, later, Role.UNIT, at=unit)).so_far
    assert so_far is not None
    assert so_far[1].last == date(2026, 6, 30)


def test_who_oversees_sees_months_and_who_moved_most(owner: Session, environment: Environment) -> None:
    units = {name: builders.department(owner, name) for name in ("上升局", "下降局", "不变局", "样本少局")}
    shares = {"上升局": (12, 18), "下降局": (20, 10), "不变局": (15, 15)}
    for name, both in shares.items():
        for first, satisfied in zip((at("2026-01-05"), at("2026-05-06")), both, strict=True):
            for n in range(20):
                satisfaction = Satisfaction.SATISFIED if n < satisfied else Satisfaction.DISSATISFIED
                builders.archived_order(owner, units[name], satisfaction, accepted_at=first + timedelta(hours=n))
    builders.archived_order(owner, units["样本少局"], Satisfaction.SATISFIED, accepted_at=at("2026-01-05"))
    builders.archived_order(owner, units["样本少局"], Satisfaction.DISSATISFIED, accepted_at=at("2026-05-06"))

    today = home.today(builders.access(owner, environment, Role.VIEWER))

    assert [(month.first, month.tally.closed) for month in today.months] == [
        (date(2026, 6, 1), 0),
        (date(2026, 5, 1), 61),
        (date(2026, 4, 1), 0),
        (date(2026, 3, 1), 0),
        (date(2026, 2, 1), 0),
        (date(2026, 1, 1), 61),
    ]
    assert today.moved_in == (date(2026, 3, 1), date(2026, 5, 31))
    assert [(mover.department.zh, mover.satisfied_before, mover.satisfied) for mover in today.movers] == [
        ("下降局", 20, 10),
        ("上升局", 12, 18),
    ]


def test_an_administrator_sees_imports_and_who_has_no_role_yet(owner: Session, environment: Environment) -> None:
    owner.add(Person(issuer=builders.ISSUER, subject="nobody", name="无角色"))
    owner.add(Person(issuer=builders.ISSUER, subject="gone", name="已停用", active=False))
    owner.commit()
    today = home.today(builders.access(owner, environment, Role.ADMIN))
    assert (today.without_role, today.imports) == (1, ())
    others = home.today(builders.access(owner, environment, Role.AGENT))
    assert (others.without_role, others.imports) == (None, None)
