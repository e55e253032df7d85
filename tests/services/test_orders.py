"""Orders are found, read and given to a department; nobody finds or reads what is out of reach."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from db.orders import Contact, Order, Round
from db.records import DailyCount, EventRow
from db.reference import Category, Department, Place
from db.scope import Scope
from db.vocabulary import Event, Outcome, Role, Satisfaction, Solved, Status
from services import orders
from services.access import Access
from services.environment import Environment
from services.errors import Invalid, NotAllowed, NotFound, PortalError, Stale
from services.order_filter import Count, Lateness, OrderFilter
from services.orders import finding
from services.rules.permissions import Permission, reach
from tests import builders
from tests.builders import at

ALL = OrderFilter()


def found(access: Access, where: OrderFilter = ALL, **options: object) -> list[str]:
    """Return the numbers of the orders on the first page."""
    return [row.number for row in orders.search(access, where=where, **options).rows]  # type: ignore[arg-type]


@pytest.fixture
def supervisor(owner: Session, environment: Environment) -> Access:
    """Somebody who sees the whole city."""
    return builders.access(owner, environment, Role.SUPERVISOR)


# Filters --------------------------------------------------------------------------------------------------------------


def test_a_list_stands_newest_first_and_pages_without_gap_or_repetition(owner: Session, supervisor: Access) -> None:
    unit = builders.department(owner)
    same = at("2026-05-07")
    for day in ("2026-05-06", "2026-05-07", "2026-05-07", "2026-05-07", "2026-05-08"):
        builders.order(owner, unit, accepted_at=at(day))
    first = orders.search(supervisor, where=ALL, limit=2)
    second = orders.search(supervisor, where=ALL, limit=2, after=first.following)
    third = orders.search(supervisor, where=ALL, limit=2, after=second.following)

    times = [row.accepted_at for page in (first, second, third) for row in page.rows]
    assert times == sorted(times, reverse=True)
    assert times.count(same) == 3
    assert len({row.id for page in (first, second, third) for row in page.rows}) == 5
    assert (first.total, first.more, third.following) == (5, False, None)


def test_a_department_stands_for_everything_below_it(owner: Session, supervisor: Access) -> None:
    district = builders.department(owner, "测试区", code="T-DISTRICT")
    street = builders.department(owner, "测试街", parent=district, code="T-STREET")
    other = builders.department(owner, "别的局", code="T-OTHER")
    for unit, number in ((district, "A1"), (street, "A2"), (other, "A3")):
        builders.order(owner, unit, number=number)

    assert set(found(supervisor, OrderFilter(department="T-DISTRICT"))) == {"A1", "A2"}
    assert found(supervisor, OrderFilter(department="T-STREET")) == ["A2"]
    assert found(supervisor, OrderFilter(department="no such code")) == []


def test_places_and_categories_stand_for_what_is_below_them(owner: Session, supervisor: Access) -> None:
    builders.order(owner, number="P1", place="440111", category="010101")
    builders.order(owner, number="P2", place=None, category=None)
    assert found(supervisor, OrderFilter(place="440100")) == ["P1"]
    assert found(supervisor, OrderFilter(category="01")) == ["P1"]
    assert found(supervisor, OrderFilter(category="02")) == []


def test_each_filter_narrows_the_list(owner: Session, supervisor: Access) -> None:
    unit = builders.department(owner)
    builders.order(owner, unit, number="OPEN", order_type="consult", accepted_at=at("2026-06-12"))
    builders.order(owner, number="NOBODY", accepted_at=at("2026-06-11"))
    builders.due_order(owner, unit, number="DUE", accepted_at=at("2026-05-11"))
    builders.archived_order(owner, unit, Satisfaction.SATISFIED, number="GOOD", accepted_at=at("2026-05-12"))
    builders.archived_order(owner, unit, number="SILENT", accepted_at=at("2026-05-13"))

    cases: Sequence[tuple[OrderFilter, list[str]]] = (
        (OrderFilter(status=(Status.DUE,)), ["DUE"]),
        (OrderFilter(status=(Status.DUE, Status.ARCHIVED)), ["SILENT", "GOOD", "DUE"]),
        (OrderFilter(order_type="consult"), ["OPEN"]),
        (OrderFilter(unassigned=True), ["NOBODY"]),
        (OrderFilter(outcome=Outcome.SATISFIED), ["GOOD"]),
        (OrderFilter(outcome=Outcome.UNASKED), ["SILENT"]),
        (OrderFilter(accepted_from=date(2026, 5, 12), accepted_to=date(2026, 5, 12)), ["GOOD"]),
        (OrderFilter(closed_from=date(2026, 5, 20)), ["SILENT"]),
        (OrderFilter(closed_to=date(2026, 5, 18)), ["DUE"]),
        (OrderFilter(month="2026-05"), ["SILENT", "GOOD", "DUE"]),
    )
    for where, expected in cases:
        assert found(supervisor, where) == expected, where


def test_a_day_is_the_citys_day(owner: Session, supervisor: Access) -> None:
    builders.order(owner, number="LATE-EVENING", accepted_at=at("2026-05-12", 23, 59))
    builders.order(owner, number="NEXT-DAY", accepted_at=at("2026-05-13", 0, 0))
    day = date(2026, 5, 12)
    assert found(supervisor, OrderFilter(accepted_from=day, accepted_to=day)) == ["LATE-EVENING"]


def test_lateness_goes_by_the_deadline_and_the_clock(owner: Session, supervisor: Access) -> None:
    unit = builders.department(owner)
    builders.closed_order(owner, unit, number="IN-TIME")
    builders.closed_order(owner, unit, number="CLOSED-LATE", due_at=at("2026-05-07"), due_days=2)
    builders.order(owner, unit, number="OPEN-LATE", due_at=at("2026-06-14"))
    builders.order(owner, unit, number="SOON", due_at=at("2026-06-17"))
    builders.order(owner, unit, number="LATER", due_at=at("2026-06-30"))
    builders.order(owner, unit, number="NONE", due_days=None)
    builders.returned_order(owner, unit, number="REWORK-LATE")

    def by(lateness: Lateness) -> set[str]:
        return set(found(supervisor, OrderFilter(lateness=lateness)))

    assert by(Lateness.LATE) == {"CLOSED-LATE", "OPEN-LATE"}
    assert by(Lateness.DUE_SOON) == {"SOON"}
    assert by(Lateness.ON_TIME) == {"IN-TIME", "REWORK-LATE"}
    assert by(Lateness.NO_DEADLINE) == {"NONE"}
    assert by(Lateness.REWORK_LATE) == {"REWORK-LATE"}
    for row in orders.search(supervisor, where=ALL).rows:
        assert row.lateness is None or row.number in by(row.lateness)
        assert row.rework_late == (row.number in by(Lateness.REWORK_LATE))


def test_a_month_that_is_none_is_refused(supervisor: Access) -> None:
    with pytest.raises(Invalid) as refused:
        orders.search(supervisor, where=OrderFilter(month="2026-13"))
    assert refused.value.problems == {"month": "not_a_month"}


# Words ----------------------------------------------------------------------------------------------------------------


def test_two_characters_and_more_are_found_exactly(owner: Session, supervisor: Access) -> None:
    builders.order(owner, number="W1", title="道路积水", text="机场路下雨后积水严重")
    builders.order(owner, number="W2", title="路灯不亮", text="机场路 50% 的路灯不亮, LED 灯")
    builders.order(owner, number="W3", title="水路积", text="积了水的道")

    assert found(supervisor, OrderFilter(words="积水")) == ["W1"]
    assert set(found(supervisor, OrderFilter(words="机场路"))) == {"W1", "W2"}
    assert found(supervisor, OrderFilter(words="机场路  路灯")) == ["W2"]
    assert found(supervisor, OrderFilter(words="led")) == ["W2"]
    assert found(supervisor, OrderFilter(words="50%")) == ["W2"]
    assert found(supervisor, OrderFilter(words="5_%")) == []
    assert found(supervisor, OrderFilter(words="机场路积")) == []


def test_a_whole_number_leads_to_the_order_whatever_else_is_chosen(owner: Session, supervisor: Access) -> None:
    builders.order(owner, number="GZ2026-0528")
    builders.order(owner, number="GZ2026-0529", text="与 GZ2026-0528 重复")
    assert found(supervisor, OrderFilter(words=" gz2026-0528 ", status=(Status.ARCHIVED,))) == ["GZ2026-0528"]
    assert set(found(supervisor, OrderFilter(words="2026-05"))) == {"GZ2026-0528", "GZ2026-0529"}


def test_one_character_asks_for_a_department_and_a_short_time(owner: Session, supervisor: Access) -> None:
    unit = builders.department(owner, code="T-1")
    builders.order(owner, unit, number="C1", title="积水")
    with pytest.raises(Invalid) as refused:
        found(supervisor, OrderFilter(words="水"))
    assert refused.value.problems == {"search": "one_character"}
    narrow = OrderFilter(words="水", department="T-1", accepted_from=date(2026, 5, 1))
    assert found(supervisor, narrow) == ["C1"]
    with pytest.raises(Invalid):
        found(supervisor, replace(narrow, accepted_from=date(2026, 1, 1)))
    assert found(supervisor, OrderFilter(words="水 积水")) == ["C1"]


def test_words_without_end_are_refused(supervisor: Access) -> None:
    for words in ("长" * 201, "甲乙 " * 9):
        with pytest.raises(Invalid) as refused:
            found(supervisor, OrderFilter(words=words))
        assert refused.value.problems == {"search": "too_long"}


def test_very_common_words_are_found_exactly_by_either_way(
    owner: Session, supervisor: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(owner, 1_200)
    assert (orders.search(supervisor, where=ALL).total, orders.search(supervisor, where=ALL).more) == (1_000, True)
    containing = select(Order).where(Order.text.contains("积水"), Order.text.contains("机场路"))
    expected = [row.number for row in owner.scalars(containing.order_by(Order.accepted_at.desc(), Order.id.desc()))]
    where = OrderFilter(words="积水 机场路")
    for walk in (finding.WALK, 10):
        monkeypatch.setattr(finding, "WALK", walk)
        seen: list[str] = []
        page = orders.search(supervisor, where=where, limit=200)
        assert (page.total, page.more) == (1_000, True)
        while page.following:
            seen += [row.number for row in page.rows]
            page = orders.search(supervisor, where=where, limit=200, after=page.following)
        assert seen + [row.number for row in page.rows] == expected


# The orders behind a score --------------------------------------------------------------------------------------------


def _every_kind(owner: Session, unit: object) -> None:
    """Orders that differ in everything that is counted."""
    for month in ("2026-04-07", "2026-05-11"):
        facts = {"accepted_at": at(month)}
        builders.closed_order(owner, unit, **facts, due_at=at("2026-04-08"), due_days=1)
        builders.due_order(owner, unit, **facts, due_days=None)
        builders.archived_order(owner, unit, **facts)
        for satisfaction in Satisfaction:
            builders.archived_order(owner, unit, satisfaction, **facts, solved=Solved.SOLVED)
        builders.archived_order(owner, unit, **facts, called=True, attempts=3, order_type="help")
        builders.dissatisfied_order(owner, unit, **facts)
        builders.returned_order(owner, unit, **facts)
        builders.excluded(owner, builders.archived_order(owner, unit, Satisfaction.DISSATISFIED, **facts))
        builders.order(owner, unit, **facts)
        builders.closed_order(owner, None, **facts)


@pytest.mark.parametrize("role", [Role.ASSESSOR, Role.UNIT])
def test_a_measure_finds_exactly_the_orders_that_are_counted(
    owner: Session, environment: Environment, role: Role
) -> None:
    unit, other = builders.department(owner, code="T-1"), builders.department(owner, code="T-2")
    _every_kind(owner, unit)
    _every_kind(owner, other)
    access = builders.access(owner, environment, role, at=unit if role == Role.UNIT else None)

    for measure in Count:
        for first, month in ((date(2026, 4, 1), "2026-04"), (date(2026, 5, 1), "2026-05")):
            column = getattr(DailyCount, measure.value)
            kept = owner.scalar(
                select(func.sum(column)).where(
                    DailyCount.department_id == unit.id,
                    DailyCount.day.between(first, first.replace(day=30)),
                )
            )
            where = OrderFilter(measure=measure, month=month, counted="T-1")
            assert orders.search(access, where=where).total == kept > 0, (measure, month)
        everything = owner.scalar(select(func.sum(column)).where(DailyCount.department_id.in_([unit.id, other.id])))
        seen = orders.search(access, where=OrderFilter(measure=measure)).total
        assert seen == (everything if role == Role.ASSESSOR else everything // 2), measure


def test_a_counted_department_is_itself_or_with_everything_below(owner: Session, supervisor: Access) -> None:
    district = builders.department(owner, code="T-DISTRICT")
    street = builders.department(owner, parent=district, code="T-STREET")
    builders.closed_order(owner, district, number="D")
    builders.closed_order(owner, street, number="S")
    assert found(supervisor, OrderFilter(counted="T-DISTRICT")) == ["D"]
    assert set(found(supervisor, OrderFilter(counted="T-DISTRICT", counted_below=True))) == {"D", "S"}


# One order ------------------------------------------------------------------------------------------------------------


def test_an_order_is_told_in_rounds_with_everything_that_happened(owner: Session, environment: Environment) -> None:
    unit = builders.department(owner, "市水务局")
    agent = builders.person(owner, Role.AGENT, name="林回访")
    made = builders.returned_order(owner, unit, agent=agent, phone="138-0000-0000", unit_contacted=True)
    builders.event(owner, made, Event.ORDER_RETURNED, by=agent, role=Role.SUPERVISOR, reason="积水仍在")

    story = orders.view(builders.access(owner, environment, Role.SUPERVISOR), order_id=made.id)

    first, second = story.chapters
    assert (story.status, story.round, story.last) == (Status.RETURNED, 2, second)
    assert story.phone == "138****0000"
    assert [named.zh for named in story.category] == ["市政设施", "道路设施", "道路积水"]
    call = first.calls[0]
    assert (call.agent, call.words) == ("林回访", "积水仍在,没人来看过。")
    assert [(one.question, one.value, [named.zh for named in one.said]) for one in call.answers] == [
        ("contacted", "no", []),
        ("solved", "unsolved", []),
        ("result", "dissatisfied", ["不满意"]),
        ("attitude", "dissatisfied", ["不满意"]),
    ]
    assert [reason.code for reason in call.reasons] == ["R03"]
    assert [rated.satisfaction for rated in first.ratings] == [Satisfaction.DISSATISFIED]
    assert second.sent_back is not None
    assert second.sent_back.reason.code == "R03"
    assert second.late
    assert [(line.action, line.actor, line.reason) for line in story.happenings] == [
        (Event.ORDER_RETURNED, "林回访", "积水仍在")
    ]


def test_a_deadline_accounts_for_every_day(owner: Session, supervisor: Access) -> None:
    made = builders.order(owner, accepted_at=at("2026-05-28"), due_days=5)
    deadline = orders.view(supervisor, order_id=made.id).last.deadline
    assert deadline is not None
    assert (deadline.start, deadline.working_days, deadline.due) == (date(2026, 5, 28), 5, date(2026, 6, 3))
    assert [(one.first.day, one.last.day, one.why) for one in deadline.skipped] == [(30, 31, "weekend")]


def test_a_deadline_that_does_not_follow_from_working_days_is_not_explained(owner: Session, supervisor: Access) -> None:
    elsewhere = builders.order(owner, due_days=5, due_at=at("2026-07-01"))
    unknown = builders.order(owner, due_days=5, due_at=at("2031-07-01"), accepted_at=at("2026-06-01"))
    without = builders.order(owner, due_days=None)
    for made in (elsewhere, unknown, without):
        assert orders.view(supervisor, order_id=made.id).last.deadline is None


def test_the_rating_that_counts_is_the_last_of_the_last_round(owner: Session, supervisor: Access) -> None:
    made = builders.archived_order(owner, None, Satisfaction.DISSATISFIED)
    assert [rated.counts for rated in orders.view(supervisor, order_id=made.id).last.ratings] == [True]
    builders.rating(owner, made, Satisfaction.SATISFIED, rated_at=at("2026-05-20"))
    made.satisfaction = Satisfaction.SATISFIED
    owner.commit()
    assert [rated.counts for rated in orders.view(supervisor, order_id=made.id).last.ratings] == [False, True]


def test_a_rating_that_no_longer_counts_is_not_marked(owner: Session, supervisor: Access) -> None:
    made = builders.archived_order(owner, None, Satisfaction.DISSATISFIED)
    made.satisfaction, made.rated, made.outcome = None, False, Outcome.UNREACHED
    owner.commit()
    assert [rated.counts for rated in orders.view(supervisor, order_id=made.id).last.ratings] == [False]


def test_what_can_be_done_follows_from_the_status_and_the_role(owner: Session, environment: Environment) -> None:
    unit = builders.department(owner)
    due, bad = builders.due_order(owner, unit), builders.dissatisfied_order(owner, unit)
    back, nobody = builders.returned_order(owner, unit), builders.closed_order(owner, phone=None)
    reveal = {Permission.CONTACT_REVEAL}
    expected = {
        (Role.AGENT, due): reveal | {Permission.CALLBACK_RECORD},
        (Role.AGENT, bad): reveal,
        (Role.SUPERVISOR, bad): reveal | {Permission.ORDER_RETURN, Permission.ORDER_ARCHIVE},
        (Role.SUPERVISOR, nobody): {Permission.ORDER_ASSIGN},
        (Role.UNIT, back): reveal | {Permission.REWORK_SUBMIT},
        (Role.ADMIN, nobody): {Permission.ORDER_ASSIGN},
        (Role.VIEWER, bad): set(),
    }
    for (role, made), actions in expected.items():
        access = builders.access(owner, environment, role, at=unit if role == Role.UNIT else None)
        assert orders.view(access, order_id=made.id).actions == actions, role


def test_there_is_no_whole_phone_number_in_any_answer(owner: Session, supervisor: Access) -> None:
    made = builders.due_order(owner, phone="13800001234")
    assert orders.view(supervisor, order_id=made.id).phone == "138****1234"
    assert "13800001234" not in repr(orders.view(supervisor, order_id=made.id))
    assert "13800001234" not in repr(orders.search(supervisor, where=ALL))
    assert orders.view(supervisor, order_id=builders.due_order(owner, phone="12345").id).phone == "****45"


# Reach ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def two(owner: Session, environment: Environment) -> SimpleNamespace:
    """A unit's user, an order of that unit and one of another."""
    mine, theirs = builders.department(owner, code="T-MINE"), builders.department(owner, code="T-THEIRS")
    return SimpleNamespace(
        user=builders.access(owner, environment, Role.UNIT, at=mine),
        mine=builders.returned_order(owner, mine, number="MINE"),
        theirs=builders.returned_order(owner, theirs, number="THEIRS"),
        unassigned=builders.order(owner, number="NOBODYS"),
    )


def test_a_unit_finds_its_own_orders_whatever_it_asks_for(two: SimpleNamespace) -> None:
    for where in (
        ALL,
        OrderFilter(words="积水"),
        OrderFilter(words="THEIRS"),
        OrderFilter(department="T-THEIRS"),
        OrderFilter(counted="T-THEIRS"),
        OrderFilter(unassigned=True),
        OrderFilter(measure=Count.DISSATISFIED),
        OrderFilter(lateness=Lateness.REWORK_LATE),
    ):
        page = orders.search(two.user, where=where)
        assert {row.number for row in page.rows} <= {"MINE"}, where
        assert page.total <= 1, where
    assert found(two.user) == ["MINE"]


def test_another_units_order_looks_as_if_it_did_not_exist(two: SimpleNamespace) -> None:
    assert orders.view(two.user, order_id=two.mine.id).number == "MINE"
    for number in (two.theirs.id, two.unassigned.id, 999_999):
        with pytest.raises(NotFound) as refused:
            orders.view(two.user, order_id=number)
        assert refused.value.facts == {"kind": "orders"}


def test_a_unit_is_offered_its_own_departments_only(two: SimpleNamespace, supervisor: Access) -> None:
    assert [branch.named.code for branch in orders.choices(two.user).departments] == ["T-MINE"]
    assert {"T-MINE", "T-THEIRS"} <= {branch.named.code for branch in orders.choices(supervisor).departments}
    assert orders.choices(two.user).places == orders.choices(supervisor).places


def test_a_unit_reads_what_was_done_but_not_which_agent_did_it(owner: Session, two: SimpleNamespace) -> None:
    agent = builders.person(owner, Role.AGENT, name="林回访")
    builders.event(owner, two.mine, Event.CALLBACK_RECORDED, by=agent, role=Role.AGENT)
    story = orders.view(two.user, order_id=two.mine.id)
    assert story.chapters[0].calls[0].agent is None
    assert story.chapters[1].sent_back is not None
    assert story.chapters[1].sent_back.by is None
    assert [(line.role, line.actor) for line in story.happenings] == [(Role.AGENT, None)]
    assert "林回访" not in repr(story)


# Assigning ------------------------------------------------------------------------------------------------------------


def test_an_order_without_a_department_is_given_to_one(owner: Session, supervisor: Access) -> None:
    unit, made = builders.department(owner), builders.closed_order(owner)
    receipt = orders.assign(supervisor, order_id=made.id, seen=1, department_id=unit.id, reason="", request_id="r1")
    owner.expire_all()
    assert (receipt.version, receipt.repeated) == (2, False)
    assert (made.department_id, made.counted_department_id) == (unit.id, unit.id)
    assert owner.scalars(select(Round.department_id).where(Round.order_id == made.id)).all() == [unit.id]
    assert owner.get_one(Contact, made.id).department_id == unit.id
    assert owner.scalars(select(DailyCount.department_id)).all() == [unit.id]
    (said,) = _assigned(owner)
    assert (said.order_id, said.department_id) == (made.id, unit.id)


def test_the_same_form_sent_twice_assigns_once(owner: Session, supervisor: Access) -> None:
    unit, made = builders.department(owner), builders.order(owner)
    sent = {"order_id": made.id, "seen": 1, "department_id": unit.id, "reason": "", "request_id": "r1"}
    first, again = (orders.assign(supervisor, **sent) for _ in range(2))  # type: ignore[arg-type]
    assert (first.version, again.version, again.repeated) == (2, 2, True)
    assert len(_assigned(owner)) == 1


def test_an_open_order_may_be_taken_from_a_department_with_a_reason(owner: Session, supervisor: Access) -> None:
    unit, other = builders.department(owner), builders.department(owner)
    made = builders.order(owner, unit)
    for reason, problems in (("", {"assign_reason": "required"}), ("  ", {"assign_reason": "required"})):
        with pytest.raises(Invalid) as refused:
            orders.assign(supervisor, order_id=made.id, seen=1, department_id=other.id, reason=reason, request_id="r1")
        assert refused.value.problems == problems
    orders.assign(supervisor, order_id=made.id, seen=1, department_id=other.id, reason="派单错误", request_id="r1")
    assert orders.view(supervisor, order_id=made.id).happenings[0].reason == "派单错误"


def test_what_cannot_be_assigned_is_refused_with_nothing_changed(
    owner: Session, supervisor: Access, environment: Environment
) -> None:
    unit, retired = builders.department(owner), builders.department(owner)
    retired.active_to = date(2026, 1, 1)
    owner.commit()
    answered, mine, waiting = (
        builders.closed_order(owner, unit),
        builders.order(owner, unit),
        builders.order(owner),
    )

    def give(made: Order, department_id: int, *, seen: int = 1, by: Access = supervisor) -> None:
        orders.assign(by, order_id=made.id, seen=seen, department_id=department_id, reason="派单错误", request_id="r1")

    for made, department, problem in (
        (mine, unit.id, "same_department"),
        (waiting, retired.id, "retired"),
        (waiting, 9_999, "unknown"),
    ):
        with pytest.raises(Invalid) as refused:
            give(made, department)
        assert refused.value.problems == {"department": problem}
    with pytest.raises(PortalError, match="answered_already"):
        give(answered, retired.id)
    with pytest.raises(Stale):
        give(waiting, unit.id, seen=0)
    with pytest.raises(NotAllowed):
        give(waiting, unit.id, by=builders.access(owner, environment, Role.AGENT))
    assert _assigned(owner) == []


def _assigned(owner: Session) -> list[EventRow]:
    return list(owner.scalars(select(EventRow).where(EventRow.action == Event.ORDER_ASSIGNED)))


# Speed ----------------------------------------------------------------------------------------------------------------


_SHAPES: dict[str, tuple[Role, OrderFilter, set[str]]] = {
    "everything": (Role.SUPERVISOR, ALL, {"ix_orders_accepted"}),
    "a status": (Role.SUPERVISOR, OrderFilter(status=(Status.DISSATISFIED,)), {"ix_orders_status_accepted"}),
    "a department": (Role.SUPERVISOR, OrderFilter(department="T-1"), {"ix_orders_department_accepted"}),
    "a department's status": (
        Role.SUPERVISOR,
        OrderFilter(department="T-1", status=(Status.DISSATISFIED,)),
        {"ix_orders_department_status"},
    ),
    "a category": (Role.SUPERVISOR, OrderFilter(category="010101"), {"ix_orders_category_accepted"}),
    "a place": (Role.SUPERVISOR, OrderFilter(place="440111002"), {"ix_orders_place_accepted"}),
    "nobody's": (Role.SUPERVISOR, OrderFilter(unassigned=True), {"ix_orders_unassigned"}),
    "a day": (
        Role.SUPERVISOR,
        OrderFilter(accepted_from=date(2026, 5, 1), accepted_to=date(2026, 5, 1)),
        {"ix_orders_accepted"},
    ),
    "due soon": (Role.SUPERVISOR, OrderFilter(lateness=Lateness.DUE_SOON), {"ix_orders_open_due"}),
    "rare words": (Role.SUPERVISOR, OrderFilter(words="没有的字"), {"ix_orders_bigrams"}),
    "common words": (Role.SUPERVISOR, OrderFilter(words="积水"), {"ix_orders_accepted"}),
    "a number": (Role.SUPERVISOR, OrderFilter(words="N000123"), {"pk_orders"}),
    "a measure": (
        Role.SUPERVISOR,
        OrderFilter(measure=Count.DISSATISFIED, month="2026-05", counted="T-1"),
        {"ix_orders_counted", "ix_orders_discontent"},
    ),
    "a rare grade": (Role.SUPERVISOR, OrderFilter(outcome=Outcome.NEUTRAL), {"ix_orders_discontent"}),
    "silence": (Role.SUPERVISOR, OrderFilter(outcome=Outcome.UNREACHED), {"ix_orders_silent"}),
    "left out": (Role.SUPERVISOR, OrderFilter(measure=Count.EXCLUDED), {"ix_orders_excluded"}),
    "a unit's own": (Role.UNIT, ALL, {"ix_orders_department_accepted"}),
}


def test_every_shape_of_list_and_its_count_is_served_by_an_index(owner: Session, environment: Environment) -> None:
    many(owner, 4_000)
    owner.connection().exec_driver_sql("analyze orders")
    owner.commit()
    unit = owner.scalars(select(Department).where(Department.code == "T-1")).one()
    doors = {role: builders.access(owner, environment, role) for role in (Role.SUPERVISOR,)}
    doors[Role.UNIT] = builders.access(owner, environment, Role.UNIT, at=unit)
    for shape, (role, where, indexes) in _SHAPES.items():
        count, page = _plans(doors[role], where)
        assert any(index in page for index in indexes), f"{shape}: {page}"
        for plan in (page, count):
            assert "Seq Scan on orders" not in plan, f"{shape}: {plan}"


def _plans(access: Access, where: OrderFilter) -> list[str]:
    """Return how the database would answer the two big questions of a search: the page, and the count."""
    asked: list[tuple[str, Any]] = []
    engine = access.environment.engine

    def keep(_c: Any, _k: Any, statement: str, parameters: Any, _x: Any, _m: Any) -> None:
        if ("LIMIT" in statement and "accepted_at" in statement) or "count(*)" in statement:
            asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", keep)
    orders.search(access, where=where)
    event.remove(engine, "before_cursor_execute", keep)
    scope = Scope(reach(access.actor.role, access.actor.departments))
    with access.environment.reading(scope) as session:
        connection = session.connection()
        connection.exec_driver_sql("set local enable_seqscan = off")
        return [
            "\n".join(connection.exec_driver_sql(f"explain {statement}", parameters).scalars())
            for statement, parameters in asked
        ]


def many(owner: Session, number: int) -> None:
    """Put in orders by the thousand, spread over departments, days and states."""
    units = [builders.department(owner, code=f"T-{n}").id for n in range(8)]
    model = builders.closed_order(owner)
    facts = {column.key: getattr(model, column.key) for column in Order.__mapper__.columns if column.key != "id"} | {
        "department_id": None
    }
    categories, places = (owner.scalars(select(kind.id).order_by(kind.code)).all() for kind in (Category, Place))
    statuses = [Status.DUE] * 6 + [Status.CLOSED] * 3 + [Status.DISSATISFIED]
    rows = []
    for n in range(number):
        accepted = builders.ACCEPTED - timedelta(minutes=7 * n)
        rows.append(
            facts
            | {
                "number": f"N{n:06d}",
                "status": statuses[n % 10],
                "department_id": units[n % 8] if n % 50 else None,
                "counted_department_id": units[n % 8] if n % 50 else None,
                "category_id": categories[n % len(categories)],
                "place_id": places[n % len(places)],
                "accepted_at": accepted,
                "text": f"第{n}件:机场路{n % 97}号门前积水。" if n % 13 else "路灯不亮,请派人维修。",
            }
        )
    owner.execute(Order.__table__.insert(), rows)
    owner.commit()
