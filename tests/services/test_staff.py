"""People are added, renamed, disabled and given roles; what they may do changes at their next click."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from db.vocabulary import Event, Role
from services import people, staff, trail
from services.access import SYSTEM, Access
from services.environment import Environment
from services.errors import Conflict, Invalid, NotAllowed, NotFound, Stale
from services.people import Claims
from services.staff import PeopleFilter
from services.trail import TrailFilter
from tests import builders
from tests.services.conftest import Clock


@pytest.fixture
def admin(owner: Session, environment: Environment) -> Access:
    """The door of an administrator."""
    return builders.access(owner, environment, Role.ADMIN)


def test_a_person_is_added_with_a_role_and_can_sign_in(admin: Access, owner: Session) -> None:
    unit = builders.department(owner)
    made = _added(admin, role=Role.UNIT, department=unit.code)
    line = staff.get_person(admin, person_id=made.person_id)
    assert (line.name, line.active, line.acts_as, line.version) == ("新人", True, Role.UNIT, made.version)
    assert [(grant.role, grant.department and grant.department.code) for grant in line.grants] == [
        (Role.UNIT, unit.code)
    ]
    door = people.sign_in(admin.environment, Claims(builders.ISSUER, "new"))
    assert door.actor.departments == {unit.id}
    assert _actions(admin, made.person_id) == [Event.ROLE_GRANTED, Event.PERSON_ADDED]


def test_the_same_form_sent_twice_is_answered_with_the_same_receipt_and_recorded_once(admin: Access) -> None:
    made = _added(admin)
    again = _added(admin)
    assert (again.person_id, again.repeated) == (made.person_id, True)
    renamed = _renamed(admin, made, "甲")
    assert _renamed(admin, made, "甲").repeated
    assert staff.get_person(admin, person_id=made.person_id).version == renamed.version
    assert _actions(admin, made.person_id) == [Event.PERSON_CHANGED, Event.PERSON_ADDED]


def test_a_subject_that_is_known_already_is_taken(admin: Access) -> None:
    _added(admin)
    with pytest.raises(Invalid) as refused:
        _added(admin, request_id="another form")
    assert refused.value.problems == {"subject": "taken"}


def test_every_wrong_field_of_a_new_person_is_named_at_once(admin: Access) -> None:
    with pytest.raises(Invalid) as refused:
        _added(admin, subject=" ", name="名" * 81, language="fr", role=Role.UNIT)
    assert refused.value.problems == {
        "subject": "required",
        "name": "too_long",
        "language": "unknown",
        "department": "required",
    }


@pytest.mark.parametrize(
    ("role", "with_unit", "problem"),
    [
        (Role.SYSTEM, False, {"role": "role_not_for_people"}),
        (Role.AGENT, True, {"department": "department_not_for_role"}),
        (Role.UNIT, False, {"department": "required"}),
    ],
)
def test_a_role_that_nobody_can_be_given_is_refused(
    admin: Access, owner: Session, role: Role, with_unit: bool, problem: dict[str, str]
) -> None:
    unit = builders.department(owner)
    made = _added(admin)
    with pytest.raises(Invalid) as refused:
        _granted(admin, made, role, unit.code if with_unit else None)
    assert refused.value.problems == problem


def test_a_form_drawn_before_somebody_elses_change_is_stale_and_says_what_changed(
    admin: Access, owner: Session
) -> None:
    made = _added(admin)
    other = builders.access(owner, admin.environment, Role.ADMIN)
    _renamed(other, made, "甲")
    with pytest.raises(Stale) as refused:
        _renamed(admin, made, "乙", request_id="second")
    assert [(change.action, change.actor) for change in refused.value.changes] == [
        (Event.PERSON_CHANGED, other.actor.name)
    ]
    assert staff.get_person(admin, person_id=made.person_id).name == "甲"


def test_a_granted_or_revoked_role_makes_older_forms_stale(admin: Access) -> None:
    made = _added(admin, role=Role.AGENT)
    granted = _granted(admin, made, Role.VIEWER)
    assert granted.version > made.version
    with pytest.raises(Stale):
        _renamed(admin, made, "甲")


def test_disabling_shuts_out_at_the_next_click_and_ends_older_sign_ins(admin: Access, clock: Clock) -> None:
    made = _added(admin, role=Role.AGENT)
    issued = Claims(builders.ISSUER, "new", clock.now)
    people.sign_in(admin.environment, issued)
    clock.now = builders.at("2026-06-16")
    gone = staff.disable_person(admin, person_id=made.person_id, seen=made.version, reason="离职", request_id="disable")
    with pytest.raises(NotAllowed, match=r"sign_in\.disabled"):
        people.sign_in(admin.environment, issued)
    staff.enable_person(admin, person_id=made.person_id, seen=gone.version, request_id="enable")
    with pytest.raises(NotAllowed, match=r"sign_in\.ended"):
        people.sign_in(admin.environment, issued)
    people.sign_in(admin.environment, Claims(builders.ISSUER, "new", clock.now))


def test_disabling_needs_a_reason_and_somebody_who_is_not_disabled_yet(admin: Access) -> None:
    made = _added(admin)
    with pytest.raises(Invalid):
        staff.disable_person(admin, person_id=made.person_id, seen=made.version, reason=" ", request_id="1")
    gone = staff.disable_person(admin, person_id=made.person_id, seen=made.version, reason="离职", request_id="2")
    with pytest.raises(Conflict, match="already_disabled"):
        staff.disable_person(admin, person_id=made.person_id, seen=gone.version, reason="离职", request_id="3")


def test_an_administrator_cannot_stop_being_one_by_their_own_hand(admin: Access, owner: Session) -> None:
    assert admin.actor.id is not None
    me = staff.get_person(admin, person_id=admin.actor.id)
    attempts: tuple[tuple[str, Callable[[], object]], ...] = (
        (
            "error.own_admin",
            lambda: staff.revoke_role(
                admin, person_id=me.id, seen=me.version, grant_id=me.grants[0].id, request_id="1"
            ),
        ),
        (
            "error.own_role",
            lambda: staff.grant_role(
                admin, person_id=me.id, seen=me.version, role=Role.VIEWER, department=None, request_id="2"
            ),
        ),
        (
            "error.not_yourself",
            lambda: staff.disable_person(admin, person_id=me.id, seen=me.version, reason="x", request_id="3"),
        ),
    )
    for code, attempt in attempts:
        with pytest.raises(Conflict) as refused:
            attempt()
        assert refused.value.code == code
    assert staff.get_person(admin, person_id=me.id) == me


def test_another_administrator_can_take_the_role_away(admin: Access, owner: Session) -> None:
    other = builders.person(owner, Role.ADMIN)
    line = staff.get_person(admin, person_id=other.id)
    staff.revoke_role(admin, person_id=other.id, seen=line.version, grant_id=line.grants[0].id, request_id="1")
    with pytest.raises(NotAllowed, match=r"sign_in\.no_role"):
        builders.door(admin.environment, other)


def test_a_role_can_be_given_again_after_it_was_taken_but_not_twice(admin: Access) -> None:
    made = _added(admin, role=Role.AGENT)
    with pytest.raises(Invalid) as refused:
        _granted(admin, made, Role.AGENT)
    assert refused.value.problems == {"role": "already_held"}
    grant = staff.get_person(admin, person_id=made.person_id).grants[0]
    taken = staff.revoke_role(
        admin, person_id=made.person_id, seen=made.version, grant_id=grant.id, request_id="revoke"
    )
    with pytest.raises(Conflict, match="role_not_held"):
        staff.revoke_role(admin, person_id=made.person_id, seen=taken.version, grant_id=grant.id, request_id="again")
    _granted(admin, taken, Role.AGENT)
    assert staff.get_person(admin, person_id=made.person_id).acts_as == Role.AGENT


def test_of_several_roles_the_least_powerful_one_counts(admin: Access) -> None:
    made = _added(admin, role=Role.ADMIN)
    _granted(admin, made, Role.VIEWER)
    assert staff.get_person(admin, person_id=made.person_id).acts_as == Role.VIEWER


def test_people_are_found_by_words_role_unit_and_whether_they_may_sign_in(admin: Access, owner: Session) -> None:
    unit = builders.department(owner)
    first = _added(admin, role=Role.UNIT, department=unit.code)
    second = _added(admin, subject="second", name="李四", role=Role.AGENT, request_id="second")
    staff.disable_person(admin, person_id=second.person_id, seen=second.version, reason="x", request_id="gone")

    def found(**wanted: object) -> list[int]:
        where = PeopleFilter(**wanted)
        return [line.id for line in staff.list_people(admin, where=where).lines]

    assert found(words="新") == found(words="new") == found(department_id=unit.id) == [first.person_id]
    assert found(role=Role.AGENT) == found(active=False) == [second.person_id]
    assert found(words="100%") == []


def test_pages_of_people_meet_without_gap_or_overlap(admin: Access) -> None:
    for number in range(4):
        _added(admin, subject=str(number), request_id=str(number))
    first = staff.list_people(admin, where=PeopleFilter(), size=3)
    second = staff.list_people(admin, where=PeopleFilter(), after=first.next or 0, size=3)
    assert [len(page.lines) for page in (first, second)] == [3, 2]
    assert second.next is None


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.ADMIN, Role.SYSTEM, Role.UNIT)])
def test_people_are_for_administrators_only(owner: Session, environment: Environment, role: Role) -> None:
    access = builders.access(owner, environment, role)
    with pytest.raises(NotAllowed):
        staff.list_people(access, where=PeopleFilter())
    with pytest.raises(NotAllowed):
        _added(access)


def test_an_unknown_person_is_not_found(admin: Access) -> None:
    with pytest.raises(NotFound):
        staff.get_person(admin, person_id=10**6)


def _added(access: Access, **facts: object) -> staff.PersonReceipt:
    given: dict[str, object] = {
        "issuer": builders.ISSUER,
        "subject": "new",
        "name": "新人",
        "language": "zh_CN",
        "role": None,
        "department": None,
        "request_id": "add",
    }
    return staff.add_person(access, **(given | facts))


def _renamed(access: Access, of: staff.PersonReceipt, name: str, request_id: str = "rename") -> staff.PersonReceipt:
    return staff.change_person(
        access, person_id=of.person_id, seen=of.version, name=name, language="zh_CN", request_id=request_id
    )


def _granted(access: Access, of: staff.PersonReceipt, role: Role, department: str | None = None) -> staff.PersonReceipt:
    return staff.grant_role(
        access, person_id=of.person_id, seen=of.version, role=role, department=department, request_id="grant"
    )


def _actions(access: Access, person_id: int) -> list[Event]:
    where = TrailFilter(object_type="people", object_id=person_id)
    return [line.action for line in trail.search(Access(access.environment, SYSTEM), where=where).lines]
