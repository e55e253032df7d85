"""Who signs in, and as what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import aliased
from sqlalchemy.orm.attributes import flag_modified

from db.people import Person, RoleGrant
from db.reference import Department
from db.vocabulary import Event, Role
from services.access import SYSTEM, Access, Actor, Look, Work
from services.environment import Environment
from services.errors import Conflict, Invalid, NotAllowed, Stale
from services.rules.permissions import SCOPED, Permission, least
from services.views import Named


@dataclass(frozen=True, slots=True)
class Claims:
    """What a sign-in provider vouches for: who it is, and when the sign-in was issued."""

    issuer: str
    subject: str
    issued_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody as the list of people shows them; `role` is the one that counts, None where there is none."""

    id: int
    name: str
    issuer: str
    subject: str
    active: bool
    role: Role | None
    department: Named | None
    version: int


def sign_in(environment: Environment, claims: Claims) -> Access:
    """Return the door for the person whom the claims name, in the role that the database gives at this moment.

    Called at every rerun: a disabled person or a changed role takes effect at the next click. Raises NotAllowed with
    the code `sign_in.unknown`, `sign_in.disabled`, `sign_in.ended` (signed in before all sign-ins were ended) or
    `sign_in.no_role`. Where somebody holds several roles, the least powerful one is taken.
    """
    with Access(environment, SYSTEM).read(Permission.SIGN_IN_VIEW) as look:
        person = look.session.scalars(
            select(Person).where(Person.issuer == claims.issuer, Person.subject == claims.subject)
        ).one_or_none()
        if person is None:
            raise NotAllowed("sign_in.unknown")
        if not person.active:
            raise NotAllowed("sign_in.disabled", name=person.name)
        if person.auth_epoch and (claims.issued_at is None or claims.issued_at < person.auth_epoch):
            raise NotAllowed("sign_in.ended", name=person.name)
        return Access(environment, _actor(look, person))


def choose_language(access: Access, *, language: str) -> str:
    """Keep the language in which somebody wants to read the portal, and return it."""
    with access.write(Permission.SELF_MANAGE) as work:
        person = work.one(Person, work.actor.id or 0)
        if person.language == language:
            work.repeated = True
            return language
        work.record(Event.PERSON_CHANGED, person, before={"language": person.language}, after={"language": language})
        person.language = language
        return language


def list_people(access: Access) -> tuple[PersonLine, ...]:
    """Return everybody who is known, those who can sign in first, each with the role that counts."""
    with access.read(Permission.PERSON_VIEW) as look:
        rows = look.session.execute(
            select(Person, RoleGrant.role, Department)
            .outerjoin(RoleGrant, and_(RoleGrant.person_id == Person.id, RoleGrant.active))
            .outerjoin(Department, Department.id == RoleGrant.department_id)
            .order_by(Person.active.desc(), Person.id, RoleGrant.id)
        ).all()
        held: dict[int, list[tuple[Role, Department | None]]] = {}
        for person, role, department in rows:
            held.setdefault(person.id, []).extend([(Role(role), department)] if role else [])
        people = {person.id: person for person, _, _ in rows}
        return tuple(_line(person, held[number]) for number, person in people.items())


def add_person(
    access: Access, *, issuer: str, subject: str, name: str, role: Role, department_code: str | None = None
) -> PersonLine:
    """Make somebody known who will sign in with the provider, in a role; for one who is known already the same as a
    new role. Raises Invalid.
    """
    with access.write(Permission.PERSON_MANAGE) as work:
        facts = {"issuer": issuer.strip(), "subject": subject.strip(), "name": name.strip()}
        missing = {key: "required" for key, value in facts.items() if not value}
        if missing:
            raise Invalid(missing)
        department = _department_for(work, role, department_code)
        person = work.session.scalars(
            select(Person).where(Person.issuer == facts["issuer"], Person.subject == facts["subject"]).with_for_update()
        ).one_or_none()
        if person is None:
            person = work.add(Person(**facts))
            work.record(Event.PERSON_ADDED, person, after={"name": person.name})
        _give(work, person, role, department)
        return _line(person, [(role, department)])


def change_role(
    access: Access, *, person_id: int, seen: int, role: Role, department_code: str | None = None
) -> PersonLine:
    """Give somebody another role, which takes the place of every earlier one; it counts from the next click.

    Raises NotFound, Stale, Invalid, or Conflict `error.own_role`: nobody changes what they may do themselves.
    """
    with access.write(Permission.PERSON_MANAGE) as work:
        person = _another(work, person_id, seen)
        department = _department_for(work, role, department_code)
        _give(work, person, role, department)
        return _line(person, [(role, department)])


def set_active(access: Access, *, person_id: int, seen: int, active: bool) -> PersonLine:
    """Let somebody in, or out at the next click. Raises NotFound, Stale, or Conflict `error.own_role`."""
    with access.write(Permission.PERSON_MANAGE) as work:
        person = _another(work, person_id, seen)
        if person.active == active:
            work.repeated = True
        else:
            person.active = active
            work.record(Event.PERSON_ENABLED if active else Event.PERSON_DISABLED, person)
            work.session.flush()
        grants = _active_grants(work, person)
        return _line(person, [(Role(grant.role), _of(work, grant)) for grant in grants])


# ---------------------------------------------------------------------------------------------------------------------


def _actor(look: Look, person: Person) -> Actor:
    grants = _active_grants(look, person)
    role = least(grant.role for grant in grants)
    if role is None:
        raise NotAllowed("sign_in.no_role", name=person.name)
    granted = [grant.department_id for grant in grants if grant.role == role and grant.department_id is not None]
    return Actor(
        id=person.id,
        name=person.name,
        role=role,
        departments=_below(look, granted),
        home_department=granted[0] if granted else None,
        language=person.language,
    )


def _below(look: Look, departments: list[int]) -> frozenset[int]:
    """Return the departments and everything below them in the tree."""
    if not departments:
        return frozenset()
    tree = select(Department.id).where(Department.id.in_(departments)).cte(recursive=True)
    child = aliased(Department)
    tree = tree.union(select(child.id).join(tree, child.parent_id == tree.c.id))
    return frozenset(look.session.scalars(select(tree.c.id)))


def _active_grants(look: Look, person: Person) -> Sequence[RoleGrant]:
    return look.session.scalars(
        select(RoleGrant).where(RoleGrant.person_id == person.id, RoleGrant.active).order_by(RoleGrant.id)
    ).all()


def _of(look: Look, grant: RoleGrant) -> Department | None:
    return look.one(Department, grant.department_id) if grant.department_id is not None else None


def _another(work: Work, person_id: int, seen: int) -> Person:
    """Return somebody other than the actor, as the actor saw them."""
    person = work.lock(Person, person_id)
    if person.id == work.actor.id:
        raise Conflict("error.own_role")
    if person.version != seen:
        raise Stale()
    return person


def _department_for(work: Work, role: Role, code: str | None) -> Department | None:
    """Return the department of a unit's user; every other role works for the whole city and has none."""
    if role == Role.SYSTEM:
        raise Invalid({"role": "role_not_for_people"})
    if role not in SCOPED:
        if code:
            raise Invalid({"department": "department_not_for_role"})
        return None
    found = work.session.scalars(
        select(Department).where(Department.code == (code or ""), Department.active_to.is_(None))
    ).one_or_none()
    if found is None:
        raise Invalid({"department": "department_unknown"})
    return found


def _give(work: Work, person: Person, role: Role, department: Department | None) -> None:
    number = department.id if department else None
    kept = False
    for grant in _active_grants(work, person):
        if (grant.role, grant.department_id) == (role, number):
            kept = True
            continue
        grant.active = False
        work.record(
            Event.ROLE_REVOKED, person, before={"role": Role(grant.role).value, "department": grant.department_id}
        )
    if kept:
        work.repeated = work.repeated or not work.events
        return
    # The grant is another row; the person's version moves with it, so that two administrators notice each other.
    flag_modified(person, "name")
    work.add(RoleGrant(person_id=person.id, role=role, department_id=number))
    work.record(Event.ROLE_GRANTED, person, after={"role": role.value, "department": number})


def _line(person: Person, held: Sequence[tuple[Role, Department | None]]) -> PersonLine:
    role = least(one for one, _ in held)
    department = next((of for one, of in held if one == role and of is not None), None)
    named = department and Named(department.id, department.code, department.name, department.name_en or department.name)
    return PersonLine(
        id=person.id,
        name=person.name,
        issuer=person.issuer,
        subject=person.subject,
        active=person.active,
        role=role,
        department=named or None,
        version=person.version,
    )
