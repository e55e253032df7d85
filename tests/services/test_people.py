"""Who is known, who is let in, and in which role."""

import pytest
from sqlalchemy.orm import Session

from db.people import Person
from db.vocabulary import Role
from services import people
from services.access import Access
from services.environment import Environment
from services.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from services.people import Claims, PersonLine
from tests import builders


@pytest.fixture
def admin(owner: Session, environment: Environment) -> Access:
    """The door of an administrator."""
    return builders.access(owner, environment, Role.ADMIN)


def _line(admin: Access, whom: Person) -> PersonLine:
    return next(line for line in people.list_people(admin) if line.id == whom.id)


def test_everybody_is_listed_with_the_role_that_counts(admin: Access, owner: Session) -> None:
    unit = builders.department(owner)
    whom = builders.person(owner, Role.UNIT, at=unit)
    line = _line(admin, whom)
    assert (line.role, line.active) == (Role.UNIT, True)
    assert line.department is not None
    assert line.department.code == unit.code


def test_a_disabled_person_is_out_at_the_next_click_and_an_enabled_one_in(
    admin: Access, owner: Session, environment: Environment
) -> None:
    whom = builders.person(owner)
    builders.door(environment, whom)
    line = people.set_active(admin, person_id=whom.id, seen=_line(admin, whom).version, active=False)
    with pytest.raises(NotAllowed, match=r"sign_in\.disabled"):
        builders.door(environment, whom)
    people.set_active(admin, person_id=whom.id, seen=line.version, active=True)
    assert builders.door(environment, whom).actor.role == Role.AGENT


def test_another_role_takes_the_place_of_the_earlier_one(
    admin: Access, owner: Session, environment: Environment
) -> None:
    whom = builders.person(owner, Role.SUPERVISOR)
    unit = builders.department(owner)
    seen = _line(admin, whom).version
    people.change_role(admin, person_id=whom.id, seen=seen, role=Role.UNIT, department_code=unit.code)
    assert builders.door(environment, whom).actor.departments == {unit.id}


def test_two_administrators_do_not_overwrite_each_other(admin: Access, owner: Session) -> None:
    whom = builders.person(owner)
    seen = _line(admin, whom).version
    people.change_role(admin, person_id=whom.id, seen=seen, role=Role.VIEWER)
    with pytest.raises(Stale):
        people.change_role(admin, person_id=whom.id, seen=seen, role=Role.ADMIN)
    with pytest.raises(Stale):
        people.set_active(admin, person_id=whom.id, seen=seen, active=False)


def test_nobody_changes_what_they_may_do_themselves(admin: Access) -> None:
    own = next(line for line in people.list_people(admin) if line.id == admin.actor.id)
    with pytest.raises(Conflict, match=r"error\.own_role"):
        people.change_role(admin, person_id=own.id, seen=own.version, role=Role.VIEWER)
    with pytest.raises(Conflict, match=r"error\.own_role"):
        people.set_active(admin, person_id=own.id, seen=own.version, active=False)


def test_a_person_is_added_once_and_signs_in_with_the_provider(admin: Access, environment: Environment) -> None:
    facts = {"issuer": "https://sso.test", "subject": "u7", "name": "测试·甲"}
    first = people.add_person(admin, **facts, role=Role.AGENT)
    assert people.add_person(admin, **facts, role=Role.AGENT).id == first.id
    assert people.sign_in(environment, Claims("https://sso.test", "u7")).actor.role == Role.AGENT


def test_what_is_wrong_with_a_new_person_is_named(admin: Access) -> None:
    with pytest.raises(Invalid) as wrong:
        people.add_person(admin, issuer=" ", subject="u", name="", role=Role.AGENT)
    assert wrong.value.problems == {"issuer": "required", "name": "required"}


@pytest.mark.parametrize(
    ("role", "code", "field"),
    [(Role.UNIT, None, "department"), (Role.UNIT, "T-NOWHERE", "department"), (Role.AGENT, "GZ", "department")],
)
def test_a_role_and_its_department_have_to_fit(admin: Access, role: Role, code: str | None, field: str) -> None:
    with pytest.raises(Invalid) as wrong:
        people.add_person(admin, issuer="i", subject="s", name="n", role=role, department_code=code)
    assert list(wrong.value.problems) == [field]


def test_nobody_becomes_the_system(admin: Access) -> None:
    with pytest.raises(Invalid):
        people.add_person(admin, issuer="i", subject="s", name="n", role=Role.SYSTEM)


def test_an_unknown_person_is_not_found(admin: Access) -> None:
    with pytest.raises(NotFound):
        people.set_active(admin, person_id=987, seen=1, active=False)


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.ADMIN, Role.SYSTEM)])
def test_only_administrators_see_and_change_people(owner: Session, environment: Environment, role: Role) -> None:
    unit = builders.department(owner) if role == Role.UNIT else None
    access = builders.access(owner, environment, role, at=unit)
    with pytest.raises(NotAllowed):
        people.list_people(access)
    with pytest.raises(NotAllowed):
        people.add_person(access, issuer="i", subject="s", name="n", role=Role.ADMIN)
    with pytest.raises(NotAllowed):
        people.set_active(access, person_id=1, seen=1, active=False)


def test_a_language_is_kept_for_the_person(owner: Session, environment: Environment) -> None:
    whom = builders.person(owner)
    people.choose_language(builders.door(environment, whom), language="en")
    assert builders.door(environment, whom).actor.language == "en"
