"""The two ways in: what a provider vouches for becomes a role here, and demo sign-ins live on the server."""

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.people import Person, RoleGrant, SignIn
from db.records import EventRow
from db.reference import Department
from db.vocabulary import DepartmentKind, Event, InstallationKind, Role
from services import installation, people, sign_ins, trail
from services.access import Access
from services.environment import Environment
from services.errors import NotAllowed, NotFound, PortalError
from services.people import Claims
from services.sign_ins import Vouched
from tests import builders
from tests.services.conftest import Clock

ISSUER = "https://sso.test"


def _vouched(clock: Clock, *roles: Role, department: str | None = None) -> Vouched:
    return Vouched(ISSUER, "u1", clock.now, "测试·甲", frozenset(roles), department)


def _signed_in(environment: Environment, clock: Clock) -> Access:
    return people.sign_in(environment, Claims(ISSUER, "u1", clock.now))


def _refusal(environment: Environment, clock: Clock) -> str:
    with pytest.raises(NotAllowed) as refused:
        _signed_in(environment, clock)
    return refused.value.code


def test_a_person_vouched_for_with_a_role_is_enrolled_and_signed_in(environment: Environment, clock: Clock) -> None:
    assert sign_ins.enrol(environment, _vouched(clock, Role.AGENT)).role == Role.AGENT
    actor = _signed_in(environment, clock).actor
    assert (actor.name, actor.role) == ("测试·甲", Role.AGENT)


def test_of_several_roles_the_least_powerful_counts(environment: Environment, clock: Clock) -> None:
    assert sign_ins.enrol(environment, _vouched(clock, Role.ADMIN, Role.VIEWER)).role == Role.VIEWER


def test_a_stranger_without_a_known_group_leaves_no_person_behind(
    environment: Environment, clock: Clock, owner: Session
) -> None:
    assert sign_ins.enrol(environment, _vouched(clock)).role is None
    assert _refusal(environment, clock) == "sign_in.unknown"
    assert owner.scalars(select(Person)).all() == []


def test_a_user_of_a_unit_is_bound_to_the_department_of_the_claim(
    environment: Environment, clock: Clock, owner: Session
) -> None:
    unit = builders.department(owner, code="T-WATER")
    below = builders.department(owner, parent=unit, kind=DepartmentKind.SUBUNIT)
    sign_ins.enrol(environment, _vouched(clock, Role.UNIT, department="T-WATER"))
    assert _signed_in(environment, clock).actor.departments == {unit.id, below.id}


@pytest.mark.parametrize("code", [None, "T-NOWHERE"])
def test_a_user_of_an_unknown_unit_has_no_role(environment: Environment, clock: Clock, code: str | None) -> None:
    assert sign_ins.enrol(environment, _vouched(clock, Role.UNIT, department=code)).role is None


def test_a_new_sign_in_takes_over_the_new_role_and_the_same_one_does_not(
    environment: Environment, clock: Clock, owner: Session
) -> None:
    sign_ins.enrol(environment, _vouched(clock, Role.SUPERVISOR))
    # The same sign-in in a second tab, after an administrator took the role away here.
    owner.query(RoleGrant).update({"active": False})
    owner.commit()
    assert sign_ins.enrol(environment, _vouched(clock, Role.SUPERVISOR)).role is None
    assert _refusal(environment, clock) == "sign_in.no_role"
    clock.now += timedelta(hours=1)
    assert sign_ins.enrol(environment, _vouched(clock, Role.AGENT)).role == Role.AGENT


def test_a_group_taken_away_at_the_provider_takes_the_role_away_here(environment: Environment, clock: Clock) -> None:
    sign_ins.enrol(environment, _vouched(clock, Role.AGENT))
    clock.now += timedelta(hours=1)
    sign_ins.enrol(environment, _vouched(clock))
    assert _refusal(environment, clock) == "sign_in.no_role"


def test_without_a_table_of_roles_the_roles_given_here_count(
    environment: Environment, clock: Clock, owner: Session
) -> None:
    whom = builders.person(owner, Role.ASSESSOR)
    vouched = Vouched(whom.issuer, whom.subject, clock.now, "another name", None)
    assert sign_ins.enrol(environment, vouched).role == Role.ASSESSOR
    assert people.sign_in(environment, Claims(whom.issuer, whom.subject)).actor.name == whom.name


def test_a_disabled_person_stays_out_whatever_the_provider_says(
    environment: Environment, clock: Clock, owner: Session
) -> None:
    sign_ins.enrol(environment, _vouched(clock, Role.AGENT))
    owner.query(Person).update({"active": False})
    owner.commit()
    clock.now += timedelta(hours=1)
    sign_ins.enrol(environment, _vouched(clock, Role.ADMIN))
    assert _refusal(environment, clock) == "sign_in.disabled"


def test_signing_out_ends_what_the_provider_issued_until_then(environment: Environment, clock: Clock) -> None:
    sign_ins.enrol(environment, _vouched(clock, Role.AGENT))
    sign_ins.leave(_signed_in(environment, clock), issued_at=clock.now)
    assert _refusal(environment, clock) == "sign_in.ended"
    clock.now += timedelta(seconds=2)
    assert _signed_in(environment, clock).actor.role == Role.AGENT


def test_every_way_in_and_out_is_in_the_trail(environment: Environment, clock: Clock, owner: Session) -> None:
    before = trail.last_event(builders.access(owner, environment, Role.ADMIN))
    sign_ins.enrol(environment, _vouched(clock, Role.AGENT))
    sign_ins.leave(_signed_in(environment, clock), issued_at=clock.now)
    assert trail.last_event(builders.access(owner, environment, Role.ADMIN)) == before + 4


def test_the_trail_names_who_signed_in_and_the_role(environment: Environment, clock: Clock, owner: Session) -> None:
    sign_ins.enrol(environment, _vouched(clock, Role.AGENT))
    event = owner.scalars(select(EventRow).where(EventRow.action == Event.SIGNED_IN)).one()
    assert (event.actor_name, event.actor_role) == ("测试·甲", Role.AGENT)
    added = owner.scalars(select(EventRow).where(EventRow.action == Event.PERSON_ADDED)).one()
    assert added.actor_role == Role.SYSTEM


# The demonstration ----------------------------------------------------------------------------------------------------


@pytest.fixture
def demo(environment: Environment) -> Environment:
    """An environment whose database says that it is a demonstration."""
    installation.declare(installation.as_system(environment), kind=InstallationKind.DEMO)
    return environment


def _resumed(environment: Environment, token: str = "token", *, at_work: bool = True) -> str:
    try:
        return sign_ins.resume_demo_sign_in(environment, token=token, at_work=at_work).subject
    except PortalError as refusal:
        return refusal.code


def test_a_demo_person_is_chosen_resumed_and_signed_out(demo: Environment, owner: Session) -> None:
    whom = builders.person(owner, Role.AGENT)
    assert [person.id for person in sign_ins.list_demo_people(demo)] == [whom.id]
    sign_ins.start_demo_sign_in(demo, person_id=whom.id, token="token")
    assert _resumed(demo) == whom.subject
    assert _resumed(demo, "another") == "sign_in.ended"
    sign_ins.end_demo_sign_in(demo, token="token")
    assert _resumed(demo) == "sign_in.ended"


def test_only_the_hash_of_a_token_is_kept(demo: Environment, owner: Session) -> None:
    sign_ins.start_demo_sign_in(demo, person_id=builders.person(owner).id, token="token")
    assert "token" not in owner.scalars(select(SignIn.token_hash)).one()


def test_a_disabled_person_cannot_be_chosen(demo: Environment, owner: Session) -> None:
    whom = builders.person(owner)
    whom.active = False
    owner.commit()
    assert sign_ins.list_demo_people(demo) == ()
    with pytest.raises(NotAllowed):
        sign_ins.start_demo_sign_in(demo, person_id=whom.id, token="token")
    with pytest.raises(NotFound):
        sign_ins.start_demo_sign_in(demo, person_id=987, token="token")


def test_a_sign_in_ends_after_fifteen_idle_minutes_and_a_click_puts_that_off(
    demo: Environment, owner: Session, clock: Clock
) -> None:
    whom = builders.person(owner)
    sign_ins.start_demo_sign_in(demo, person_id=whom.id, token="token")
    for at_work in (True, False):
        clock.now += timedelta(minutes=14)
        assert _resumed(demo, at_work=at_work) == whom.subject
    clock.now += timedelta(minutes=2)
    assert _resumed(demo) == "sign_in.ended"


def test_a_sign_in_ends_after_eight_hours_however_busy(demo: Environment, owner: Session, clock: Clock) -> None:
    whom = builders.person(owner)
    sign_ins.start_demo_sign_in(demo, person_id=whom.id, token="token")
    for _ in range(48):
        clock.now += timedelta(minutes=10)
        assert _resumed(demo) == whom.subject
    clock.now += timedelta(minutes=1)
    assert _resumed(demo) == "sign_in.ended"


@pytest.mark.parametrize("kind", [InstallationKind.PRODUCTION, None])
def test_on_a_database_that_is_no_demonstration_nobody_is_a_demo_person(
    environment: Environment, owner: Session, kind: InstallationKind | None
) -> None:
    if kind is not None:
        installation.declare(installation.as_system(environment), kind=kind)
    whom = builders.person(owner)
    owner.add(
        SignIn(
            token_hash=hashlib.sha256(b"token").hexdigest(),
            person_id=whom.id,
            created_at=environment.clock(),
            seen_at=environment.clock(),
        )
    )
    owner.commit()
    assert _resumed(environment) == "sign_in.no_demo"
    with pytest.raises(NotAllowed):
        sign_ins.list_demo_people(environment)
    with pytest.raises(NotAllowed):
        sign_ins.start_demo_sign_in(environment, person_id=whom.id, token="another")


def test_the_departments_of_the_demonstration_are_named(demo: Environment, owner: Session) -> None:
    unit = builders.department(owner, "测试水务局", name_en=None)
    builders.person(owner, Role.UNIT, at=unit)
    listed = sign_ins.list_demo_people(demo)[0].department
    assert listed is not None
    assert (listed.zh, listed.en) == ("测试水务局", "")
    assert owner.get(Department, listed.id) == unit
