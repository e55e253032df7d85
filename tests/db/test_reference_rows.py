"""The reference rows: what the files say is what the database holds, and loading again changes nothing."""

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, select, update
from sqlalchemy.orm import Session

from db.reference import Category, Department, Place, PlaceAlias, Reason
from db.reference_rows import calendar, load
from db.vocabulary import DepartmentKind, PlaceKind

FULL_CALENDAR = Path(__file__).parent.parent / "vectors" / "cn_workdays_2011_2026.csv"


def test_the_calendar_told_from_its_exceptions_is_the_full_calendar_day_by_day() -> None:
    with FULL_CALENDAR.open(encoding="utf-8", newline="") as lines:
        full = [
            (row["date"], row["is_workday"] == "1", row["kind"], row["holiday"] or None)
            for row in csv.DictReader(line for line in lines if not line.startswith("#"))
        ]
    told = [(day["day"].isoformat(), day["is_workday"], day["kind"], day["holiday"]) for day in calendar()]
    assert len(told) == 5844
    assert told == full


@pytest.fixture
def session(owner_url: str) -> Iterator[Session]:
    """A session of the owner on a migrated database that holds the reference rows."""
    engine = create_engine(owner_url)
    with Session(engine) as session:
        load(session)
        session.commit()
        yield session
    engine.dispose()


def test_loading_again_changes_nothing(session: Session) -> None:
    assert set(load(session).values()) == {0}


def test_a_name_that_the_files_no_longer_agree_with_is_put_right_unless_a_person_wrote_it(session: Session) -> None:
    session.execute(update(Category).where(Category.code == "01").values(name="旧名"))
    session.execute(update(Department).where(Department.code == "D-WATER").values(name="市水务管理局", version=2))
    written = load(session)
    assert (written["categories"], written["departments"]) == (1, 0)
    names = select(Department.name).where(Department.code == "D-WATER")
    assert session.scalars(names).one() == "市水务管理局"


def test_districts_and_streets_are_places_and_handling_units_with_names_in_both_languages(session: Session) -> None:
    kinds = Counter(session.scalars(select(Department.kind).where(Department.active_to.is_(None))))
    assert (kinds[DepartmentKind.DISTRICT], kinds[DepartmentKind.STREET]) == (11, 176)
    assert session.scalar(select(func.count()).select_from(Place).where(Place.kind == PlaceKind.STREET)) == 180
    for kind in (Department, Place):
        assert session.scalars(select(kind.code).where(kind.name_en.is_(None))).all() == []


def test_orders_of_2018_can_still_be_read_by_the_names_of_their_time(session: Session) -> None:
    aliases = {alias: name for alias, name in session.execute(select(PlaceAlias.alias, Place.name).join(Place))}
    assert aliases["石基镇"] == "石碁镇"
    assert aliases["新华街道办事处"] == "新华街道"
    retired = select(Place.name, Place.active_to).where(Place.active_to.is_not(None))
    assert {name for name, _ in session.execute(retired)} == {"九龙镇", "沙湾镇"}


def test_the_short_name_of_a_district_is_never_taken_for_the_street_of_that_name(session: Session) -> None:
    aliases = {alias: code for alias, code in session.execute(select(PlaceAlias.alias, Place.code).join(Place))}
    assert aliases["白云"] == "440111"
    assert aliases["白云街"] == "440104020"
    assert aliases["越秀区白云街道"] == "440104020"
    assert "新塘" not in aliases


def test_the_fourteen_reasons_stand_below_headings_and_say_what_follows_from_them(session: Session) -> None:
    reasons = {row.code: row for row in session.scalars(select(Reason)) if row.parent_id is not None}
    assert sorted(reasons) == [*(f"R{n:02d}" for n in range(1, 14)), "R99"]
    assert {code for code, row in reasons.items() if not row.attributable} == {"R10", "R11", "R12", "R13"}
    assert {code for code, row in reasons.items() if row.calls_for_rework} == {"R01", "R02", "R04", "R05", "R06", "R09"}
    assert {code for code, row in reasons.items() if row.needs_text} == {"R99"}


def test_the_categories_have_three_levels_and_the_upper_two_english_names(session: Session) -> None:
    levels = Counter(session.scalars(select(Category.level)))
    assert levels == {1: 12, 2: 60, 3: 200}
    assert session.scalars(select(Category.code).where(Category.level < 3, Category.name_en.is_(None))).all() == []
