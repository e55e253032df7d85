"""The two ways in: what an OpenID provider vouches for, and the demonstration's own sign-ins.

Both end in the same Claims, which services.people.sign_in turns into a door at every rerun.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from db.people import Person, RoleGrant, SignIn
from db.records import EventRow
from db.reference import Department, Installation
from db.vocabulary import Event, InstallationKind, Role
from services.access import SYSTEM, Access, Actor, Look, Work
from services.environment import Environment
from services.errors import Fact, NotAllowed
from services.rules.permissions import Permission, least
from services.views import Named

LONGEST = timedelta(hours=8)
"""After this long everybody signs in again."""

IDLE = timedelta(minutes=15)
"""After this long without a click a sign-in ends."""

_TOUCHED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Vouched:
    """What the provider says of somebody who has just signed in, its words already mapped to ours.

    `roles` is None where the installation does not map roles from claims: then the roles kept here count.
    """

    issuer: str
    subject: str
    issued_at: datetime
    name: str
    roles: frozenset[Role] | None
    department_code: str | None = None


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody whom a visitor of the demonstration may be."""

    id: int
    name: str
    role: Role
    department: Named | None


@dataclass(frozen=True, slots=True)
class Held:
    """A demo sign-in that is still good: whose it is, and since when."""

    issuer: str
    subject: str
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The person as known after a sign-in, and the role that counts; None where there is none."""

    person_id: int
    role: Role | None


def enrol(environment: Environment, vouched: Vouched) -> Enrolled:
    """Write down a sign-in, and take the name and the role over from the provider, once for each sign-in.

    An unknown group gives no role; of several the least powerful counts; a unit's user without a department that is
    known here has no role. A disabled person stays disabled whatever the provider says.
    """
    with Access(environment, SYSTEM).write(Permission.SIGN_IN) as work:
        person = work.session.scalars(
            select(Person).where(Person.issuer == vouched.issuer, Person.subject == vouched.subject).with_for_update()
        ).one_or_none()
        wanted = _wanted(work, vouched)
        if person is None:
            if wanted is None:
                work.repeated = True  # Strangers leave no trace but a refusal: nothing was changed.
                return Enrolled(0, None)
            person = work.add(Person(issuer=vouched.issuer, subject=vouched.subject, name=vouched.name))
            work.record(Event.PERSON_ADDED, person, after={"name": person.name})
        elif _enrolled_before(work, person, vouched.issued_at):
            work.repeated = True
            return Enrolled(person.id, _role_of(work, person))
        if vouched.roles is not None:
            _take_over(work, person, vouched.name, wanted)
        work.record(
            Event.SIGNED_IN, person, after={"issued_at": vouched.issued_at.isoformat()}, by=_in_role(work, person)
        )
        return Enrolled(person.id, _role_of(work, person))


def leave(access: Access, *, issued_at: datetime) -> None:
    """Sign out for good: what the provider issued up to this sign-in opens nothing any more.

    The provider's own clock is the measure, so that signing in again at once works however the clocks differ.
    """
    with access.write(Permission.SELF_MANAGE) as work:
        person = work.one(Person, work.actor.id or 0)
        ended = issued_at + timedelta(seconds=1)
        person.auth_epoch = max(ended, person.auth_epoch or ended)
        work.record(Event.SIGNED_OUT, person)


def list_demo_people(environment: Environment) -> tuple[DemoPerson, ...]:
    """Return the people of the demonstration who can sign in; raises NotAllowed on any other installation."""
    with Access(environment, SYSTEM).read(Permission.SIGN_IN_VIEW) as look:
        _refuse_real_orders(look)
        rows = look.session.execute(
            select(Person, RoleGrant.role, Department)
            .join(RoleGrant, RoleGrant.person_id == Person.id)
            .outerjoin(Department, Department.id == RoleGrant.department_id)
            .where(Person.active, RoleGrant.active)
            .order_by(Person.id, RoleGrant.id)
        ).all()
        found: dict[int, DemoPerson] = {}
        for person, role, department in rows:
            found.setdefault(
                person.id, DemoPerson(person.id, person.name, Role(role), Named.of(department) if department else None)
            )
        return tuple(found.values())


def start_demo_sign_in(environment: Environment, *, person_id: int, token: str) -> None:
    """Sign a demo person in: from now on the token stands for that person. Raises NotAllowed or NotFound."""
    with Access(environment, SYSTEM).write(Permission.SIGN_IN) as work:
        _refuse_real_orders(work)
        person = work.one(Person, person_id)
        if not person.active:
            raise NotAllowed("sign_in.disabled", name=person.name)
        work.add(SignIn(token_hash=_hash(token), person_id=person.id, created_at=work.now, seen_at=work.now))
        work.record(Event.SIGNED_IN, person, after={"demo": True}, by=_in_role(work, person))


def resume_demo_sign_in(environment: Environment, *, token: str, at_work: bool) -> Held:
    """Return whose sign-in the token is; raises NotAllowed `sign_in.ended` where it is over.

    `at_work` tells a click of a person from a question that a screen asks by itself; only the first puts off the end
    of an idle sign-in.
    """
    with Access(environment, SYSTEM).write(Permission.SIGN_IN) as work:
        work.repeated = True  # That somebody is still there is no event; nothing else is written here.
        _refuse_real_orders(work)
        found = work.session.execute(
            select(SignIn, Person)
            .join(Person, Person.id == SignIn.person_id)
            .where(SignIn.token_hash == _hash(token), SignIn.ended_at.is_(None))
        ).one_or_none()
        if found is None:
            raise NotAllowed("sign_in.ended")
        held, person = found
        if work.now - held.created_at > LONGEST or work.now - held.seen_at > IDLE:
            raise NotAllowed("sign_in.ended")
        if at_work and work.now - held.seen_at > _TOUCHED_EVERY:
            held.seen_at = work.now
        return Held(person.issuer, person.subject, held.created_at)


def end_demo_sign_in(environment: Environment, *, token: str) -> None:
    """Sign out. A token that stands for nobody is no error: the wish is fulfilled already."""
    with Access(environment, SYSTEM).write(Permission.SIGN_IN) as work:
        held = work.session.scalars(
            select(SignIn).where(SignIn.token_hash == _hash(token), SignIn.ended_at.is_(None)).with_for_update()
        ).one_or_none()
        if held is None:
            work.repeated = True
            return
        held.ended_at = work.now
        person = work.one(Person, held.person_id)
        work.record(Event.SIGNED_OUT, person, after={"demo": True}, by=_in_role(work, person))


# ---------------------------------------------------------------------------------------------------------------------


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _refuse_real_orders(look: Look) -> None:
    if look.session.scalars(select(Installation.kind)).one_or_none() != InstallationKind.DEMO:
        raise NotAllowed("sign_in.no_demo")


def _wanted(work: Work, vouched: Vouched) -> tuple[Role, int | None] | None:
    """Return the role and department that the claims amount to here."""
    role = least(vouched.roles or ())
    if role != Role.UNIT:
        return None if role is None else (role, None)
    department = work.session.scalars(
        select(Department.id).where(Department.code == (vouched.department_code or ""))
    ).one_or_none()
    return None if department is None else (role, department)


def _enrolled_before(work: Work, person: Person, issued_at: datetime) -> bool:
    """Whether this very sign-in was written down already: a second tab, or a reload, is no new one."""
    latest = work.session.scalars(
        select(EventRow.body)
        .where(EventRow.action == Event.SIGNED_IN, EventRow.object_type == "people", EventRow.object_id == person.id)
        .order_by(EventRow.id.desc())
        .limit(1)
    ).one_or_none()
    return latest is not None and f'"issued_at":"{issued_at.isoformat()}"' in latest


def _active_grants(work: Work, person: Person) -> Sequence[RoleGrant]:
    return work.session.scalars(
        select(RoleGrant).where(RoleGrant.person_id == person.id, RoleGrant.active).order_by(RoleGrant.id)
    ).all()


def _role_of(work: Work, person: Person) -> Role | None:
    return least(Role(grant.role) for grant in _active_grants(work, person))


def _in_role(work: Work, person: Person) -> Actor:
    """Return the person in the role of this moment, as the one who acts; without a role the program acts alone."""
    role = _role_of(work, person)
    if role is None:
        return SYSTEM
    held = next(grant for grant in _active_grants(work, person) if grant.role == role)
    return Actor(id=person.id, name=person.name, role=role, home_department=held.department_id)


def _take_over(work: Work, person: Person, name: str, wanted: tuple[Role, int | None] | None) -> None:
    if name and person.name != name:
        work.record(Event.PERSON_CHANGED, person, before={"name": person.name}, after={"name": name})
        person.name = name
    kept = False
    for grant in _active_grants(work, person):
        if (grant.role, grant.department_id) == wanted:
            kept = True
            continue
        grant.active = False
        work.record(Event.ROLE_REVOKED, person, before=_facts(grant), reason="provider")
    if wanted is not None and not kept:
        grant = work.add(RoleGrant(person_id=person.id, role=wanted[0], department_id=wanted[1]))
        work.record(Event.ROLE_GRANTED, person, after=_facts(grant), reason="provider")


def _facts(grant: RoleGrant) -> dict[str, Fact]:
    return {"role": Role(grant.role).value, "department": grant.department_id}
