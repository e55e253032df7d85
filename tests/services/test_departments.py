"""Units are renamed and retired; their codes stay, and nothing is deleted."""

from datetime import date

import pytest
from sqlalchemy.orm import Session

from db.reference import Department
from db.vocabulary import DepartmentKind, Event, Role
from services import departments, trail
from services.access import Access
from services.environment import Environment
from services.errors import Conflict, Invalid, NotAllowed, Stale
from services.trail import TrailFilter
from tests import builders

LAST_DAY = date(2026, 6, 30)


@pytest.fixture
def admin(owner: Session, environment: Environment) -> Access:
    """The door of an administrator."""
    return builders.access(owner, environment, Role.ADMIN)


def test_every_unit_stands_below_the_one_it_belongs_to(admin: Access, owner: Session) -> None:
    lines = departments.list_departments(admin)
    above: list[int] = []
    for line in lines:
        del above[line.depth :]
        assert line.parent_id == (above[-1] if above else None)
        above.append(line.id)
    assert len(lines) == owner.query(Department).count()


def test_people_of_a_unit_are_counted_once(admin: Access, owner: Session) -> None:
    unit = builders.department(owner)
    builders.person(owner, Role.UNIT, at=unit)
    builders.person(owner, Role.UNIT, at=unit)
    assert _line(admin, unit).people == 2


def test_a_unit_is_renamed_and_the_trail_says_what_changed(admin: Access, owner: Session) -> None:
    unit = builders.department(owner, "旧名")
    receipt = _renamed(admin, unit, 1, "新名")
    assert (_line(admin, unit).named.zh, receipt.version, receipt.code) == ("新名", 2, unit.code)
    line = trail.search(admin, where=TrailFilter(action=Event.DEPARTMENT_CHANGED)).lines[0]
    assert (line.before, line.after) == ((("name", "旧名"),), (("name", "新名"),))
    assert _renamed(admin, unit, 1, "新名").repeated


def test_a_stale_or_empty_renaming_is_refused(admin: Access, owner: Session) -> None:
    unit = builders.department(owner, "旧名")
    for name, problem in (("", "required"), ("名" * 121, "too_long"), ("旧名", "unchanged")):
        with pytest.raises(Invalid) as refused:
            _renamed(admin, unit, 1, name)
        assert refused.value.problems == {"name": problem}
    _renamed(admin, unit, 1, "新名")
    with pytest.raises(Stale) as stale:
        _renamed(admin, unit, 1, "别名", "second")
    assert [change.action for change in stale.value.changes] == [Event.DEPARTMENT_CHANGED]


def test_a_unit_is_retired_and_taken_back(admin: Access, owner: Session) -> None:
    unit = builders.department(owner)
    retired = _retired(admin, unit, 1, LAST_DAY)
    assert _line(admin, unit).active_to == LAST_DAY
    _retired(admin, unit, retired.version, None, "second")
    assert _line(admin, unit).active_to is None


def test_a_last_day_before_the_first_or_without_reason_is_refused(admin: Access, owner: Session) -> None:
    unit = builders.department(owner)
    with pytest.raises(Invalid) as refused:
        departments.retire_department(
            admin, department_id=unit.id, seen=1, last_day=date(1999, 12, 31), reason=" ", request_id="1"
        )
    assert refused.value.problems == {"reason": "required", "last_day": "before_first_day"}


def test_a_unit_with_units_below_that_outlast_it_is_not_retired(admin: Access, owner: Session) -> None:
    district = builders.department(owner, "测试区", kind=DepartmentKind.DISTRICT)
    street = builders.department(owner, "测试街", parent=district, kind=DepartmentKind.STREET)
    with pytest.raises(Conflict, match="units_below"):
        _retired(admin, district, 1, LAST_DAY)
    _retired(admin, street, 1, LAST_DAY)
    _retired(admin, district, 1, LAST_DAY)


def test_units_are_kept_by_administrators_only(owner: Session, environment: Environment) -> None:
    unit = builders.department(owner)
    with pytest.raises(NotAllowed):
        _renamed(builders.access(owner, environment, Role.SUPERVISOR), unit, 1, "新名")


def _line(access: Access, unit: Department) -> departments.DepartmentLine:
    return next(line for line in departments.list_departments(access) if line.id == unit.id)


def _renamed(
    access: Access, unit: Department, seen: int, name: str, request_id: str = "rename"
) -> departments.DepartmentReceipt:
    return departments.change_department(
        access,
        department_id=unit.id,
        seen=seen,
        name=name,
        name_en="",
        ranking_group="departments",
        request_id=request_id,
    )


def _retired(
    access: Access, unit: Department, seen: int, last_day: date | None, request_id: str = "retire"
) -> departments.DepartmentReceipt:
    return departments.retire_department(
        access, department_id=unit.id, seen=seen, last_day=last_day, reason="机构改革", request_id=request_id
    )
