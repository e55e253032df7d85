"""The people of the portal: added, renamed, disabled, and given roles. How they sign in stands in services.people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm.attributes import flag_modified

from db.people import Person, PersonSkill, RoleGrant
from db.reference import Department, Skill
from db.vocabulary import Event, Role
from services.access import Access, Look, Work
from services.errors import Conflict, Fact, Invalid
from services.rules.permissions import PRECEDENCE, SCOPED, Permission, least
from services.views import Named

PAGE = 50
"""People on one page of the list."""

LANGUAGES = ("zh_CN", "en")


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """Who is looked for: words of the name or the subject, a role, a department, and whether they may sign in."""

    words: str = ""
    role: Role | None = None
    department_id: int | None = None
    active: bool | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that somebody holds, for a department where the role needs one."""

    id: int
    role: Role
    department: Named | None


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody with the roles and skills they hold; `acts_as` is the role that counts, the least powerful of them."""

    id: int
    issuer: str
    subject: str
    name: str
    active: bool
    language: str
    version: int
    grants: tuple[Grant, ...]
    acts_as: Role | None
    extension: str | None
    skills: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Some people in the order in which they were added; `next` is where the following page begins."""

    lines: tuple[PersonLine, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class PersonReceipt:
    """What a command on a person answers; `repeated` when the same form had been sent before."""

    person_id: int
    name: str
    version: int
    repeated: bool = False


def list_people(access: Access, *, where: PeopleFilter, after: int = 0, size: int = PAGE) -> PeoplePage:
    """Return the people whom a filter finds, from the one after a number on."""
    with access.read(Permission.PERSON_VIEW) as look:
        query = select(Person).where(Person.id > after)
        if words := where.words.strip():
            query = query.where(
                or_(Person.name.contains(words, autoescape=True), Person.subject.contains(words, autoescape=True))
            )
        if where.active is not None:
            query = query.where(Person.active == where.active)
        held = select(RoleGrant.person_id).where(RoleGrant.active)
        if where.role is not None:
            query = query.where(Person.id.in_(held.where(RoleGrant.role == where.role)))
        if where.department_id is not None:
            query = query.where(Person.id.in_(held.where(RoleGrant.department_id == where.department_id)))
        found = look.session.scalars(query.order_by(Person.id).limit(size + 1)).all()
        shown = found[:size]
        return PeoplePage(_lines(look, shown), shown[-1].id if len(found) > size else None)


def get_person(access: Access, *, person_id: int) -> PersonLine:
    """Return one person with their roles; raises NotFound."""
    with access.read(Permission.PERSON_VIEW) as look:
        return _lines(look, [look.one(Person, person_id)])[0]


def add_person(
    access: Access,
    *,
    issuer: str,
    subject: str,
    name: str,
    language: str,
    role: Role | None,
    department: str | None,
    request_id: str,
) -> PersonReceipt:
    """Add somebody known to the sign-in provider by (issuer, subject), with a first role where one is given.

    `department` is the code of the unit that a unit's user works for.

    Raises Invalid: every wrong field, or `taken` where the provider's name is known here already.
    """
    issuer, subject, name = issuer.strip(), subject.strip(), name.strip()
    with access.write(Permission.PERSON_MANAGE) as work:
        known = work.session.scalars(
            select(Person).where(Person.issuer == issuer, Person.subject == subject)
        ).one_or_none()
        if known is not None and work.sent_before(known, request_id):
            return PersonReceipt(known.id, known.name, known.version, repeated=True)
        problems = _wrong(name=name, language=language, issuer=issuer, subject=subject)
        problems |= _wrong_role(work, role, department) if role is not None else {}
        if known is not None:
            problems["subject"] = "taken"
        if problems:
            raise Invalid(problems)
        person = work.add(Person(issuer=issuer, subject=subject, name=name, language=language))
        stated: dict[str, Fact] = {"issuer": issuer, "subject": subject, "name": name, "language": language}
        work.record(Event.PERSON_ADDED, person, after=stated, request_id=request_id)
        if role is not None:
            _grant(work, person, role, department, request_id)
        return _receipt(work, person)


def change_person(
    access: Access, *, person_id: int, seen: int, name: str, language: str, request_id: str
) -> PersonReceipt:
    """Write down another name or language for somebody; raises NotFound, Stale or Invalid."""
    with access.write(Permission.PERSON_MANAGE) as work:
        person = work.lock(Person, person_id)
        if work.sent_before(person, request_id):
            return PersonReceipt(person.id, person.name, person.version, repeated=True)
        work.unchanged(person, seen)
        problems = _wrong(name=name.strip(), language=language)
        if problems:
            raise Invalid(problems)
        before = {"name": person.name, "language": person.language}
        after = {"name": name.strip(), "language": language}
        if before == after:
            raise Invalid({"name": "unchanged"})
        person.name, person.language = after["name"], language
        changed = [key for key in before if before[key] != after[key]]
        work.record(
            Event.PERSON_CHANGED,
            person,
            before={key: before[key] for key in changed},
            after={key: after[key] for key in changed},
            request_id=request_id,
        )
        return _receipt(work, person)


def disable_person(access: Access, *, person_id: int, seen: int, reason: str, request_id: str) -> PersonReceipt:
    """Shut somebody out from their next click on; whatever sign-in they hold never opens anything again.

    Nobody disables themselves. Raises NotFound, Stale, Invalid or Conflict.
    """
    with access.write(Permission.PERSON_MANAGE) as work:
        person = work.lock(Person, person_id)
        if work.sent_before(person, request_id):
            return PersonReceipt(person.id, person.name, person.version, repeated=True)
        work.unchanged(person, seen)
        if person.id == work.actor.id:
            raise Conflict("error.not_yourself")
        if not reason.strip():
            raise Invalid({"reason": "required"})
        if not person.active:
            raise Conflict("error.already_disabled", name=person.name)
        person.active, person.auth_epoch = False, work.now
        work.record(
            Event.PERSON_DISABLED,
            person,
            before={"active": True},
            after={"active": False},
            reason=reason.strip(),
            request_id=request_id,
        )
        return _receipt(work, person)


def enable_person(access: Access, *, person_id: int, seen: int, request_id: str) -> PersonReceipt:
    """Let somebody in again, by a fresh sign-in; raises NotFound, Stale or Conflict."""
    with access.write(Permission.PERSON_MANAGE) as work:
        person = work.lock(Person, person_id)
        if work.sent_before(person, request_id):
            return PersonReceipt(person.id, person.name, person.version, repeated=True)
        work.unchanged(person, seen)
        if person.active:
            raise Conflict("error.already_enabled", name=person.name)
        person.active, person.auth_epoch = True, work.now
        work.record(
            Event.PERSON_ENABLED, person, before={"active": False}, after={"active": True}, request_id=request_id
        )
        return _receipt(work, person)


def grant_role(
    access: Access, *, person_id: int, seen: int, role: Role, department: str | None, request_id: str
) -> PersonReceipt:
    """Give somebody a role, a unit user's for one department; it counts from their next click on.

    Of several roles the least powerful one counts, so an administrator cannot take another one beside it without
    ceasing to be one: that is refused. Raises NotFound, Stale, Invalid or Conflict.
    """
    with access.write(Permission.PERSON_MANAGE) as work:
        person = work.lock(Person, person_id)
        if work.sent_before(person, request_id):
            return PersonReceipt(person.id, person.name, person.version, repeated=True)
        work.unchanged(person, seen)
        problems = _wrong_role(work, role, department)
        held = {(grant.role, _code(work, grant.department_id)) for grant in _grants(work, [person.id])}
        if not problems and (role, department) in held:
            problems["role"] = "already_held"
        if problems:
            raise Invalid(problems)
        if person.id == work.actor.id:
            raise Conflict("error.own_role")
        _grant(work, person, role, department, request_id)
        return _receipt(work, person)


def revoke_role(access: Access, *, person_id: int, seen: int, grant_id: int, request_id: str) -> PersonReceipt:
    """Take a role from somebody, from their next click on. Nobody takes the administrator's role from themselves.

    Raises NotFound, Stale or Conflict.
    """
    with access.write(Permission.PERSON_MANAGE) as work:
        person = work.lock(Person, person_id)
        if work.sent_before(person, request_id):
            return PersonReceipt(person.id, person.name, person.version, repeated=True)
        work.unchanged(person, seen)
        grant = work.one(RoleGrant, grant_id)
        if grant.person_id != person.id or not grant.active:
            raise Conflict("error.role_not_held")
        if person.id == work.actor.id and grant.role == Role.ADMIN:
            raise Conflict("error.own_admin")
        grant.active = False
        flag_modified(person, "name")
        work.record(
            Event.ROLE_REVOKED,
            person,
            before={"role": grant.role.value, "department": _code(work, grant.department_id)},
            request_id=request_id,
            department_id=grant.department_id,
        )
        return _receipt(work, person)


# ---------------------------------------------------------------------------------------------------------------------


def _lines(look: Look, people: Sequence[Person]) -> tuple[PersonLine, ...]:
    grants: dict[int, list[Grant]] = {person.id: [] for person in people}
    rows = _grants(look, list(grants))
    numbers = {row.department_id for row in rows} - {None}
    departments = {
        one.id: Named.of(one) for one in look.session.scalars(select(Department).where(Department.id.in_(numbers)))
    }
    skills = _skills(look, list(grants))
    for row in rows:
        grants[row.person_id].append(Grant(row.id, row.role, departments.get(row.department_id or 0)))
    return tuple(
        PersonLine(
            id=person.id,
            issuer=person.issuer,
            subject=person.subject,
            name=person.name,
            active=person.active,
            language=person.language,
            version=person.version,
            grants=tuple(grants[person.id]),
            acts_as=least(grant.role for grant in grants[person.id]),
            extension=person.extension,
            skills=tuple(skills[person.id]),
        )
        for person in people
    )


def _skills(look: Look, people: Sequence[int]) -> Mapping[int, list[Named]]:
    rows = look.session.execute(
        select(PersonSkill.person_id, Skill)
        .join(Skill, Skill.id == PersonSkill.skill_id)
        .where(PersonSkill.person_id.in_(people), PersonSkill.active)
        .order_by(Skill.id)
    )
    held: dict[int, list[Named]] = {person: [] for person in people}
    for person, skill in rows:
        held[person].append(Named.of(skill))
    return held


def _grants(look: Look, people: Sequence[int]) -> Sequence[RoleGrant]:
    query = select(RoleGrant).where(RoleGrant.person_id.in_(people), RoleGrant.active).order_by(RoleGrant.id)
    return look.session.scalars(query).all()


def _wrong(**fields: str) -> dict[str, str]:
    longest = {"name": 80, "issuer": 200, "subject": 200, "language": 8}
    problems = {field: "required" for field, value in fields.items() if not value}
    problems |= {field: "too_long" for field, value in fields.items() if len(value) > longest[field]}
    if "language" not in problems and fields["language"] not in LANGUAGES:
        problems["language"] = "unknown"
    return problems


def _wrong_role(work: Work, role: Role, code: str | None) -> dict[str, str]:
    if role not in PRECEDENCE:
        return {"role": "role_not_for_people"}
    if role not in SCOPED:
        return {"department": "department_not_for_role"} if code else {}
    if not code:
        return {"department": "required"}
    department = _department(work, code)
    if department is None:
        return {"department": "department_unknown"}
    retired = department.active_to is not None and department.active_to < work.today
    return {"department": "retired"} if retired else {}


def _department(work: Work, code: str) -> Department | None:
    return work.session.scalars(select(Department).where(Department.code == code)).one_or_none()


def _grant(work: Work, person: Person, role: Role, code: str | None, request_id: str) -> None:
    department = _department(work, code) if code else None
    number = department.id if department else None
    work.add(RoleGrant(person_id=person.id, role=role, department_id=number))
    # The grant is part of what a form on this person shows, so the person's version moves with it.
    flag_modified(person, "name")
    stated: dict[str, Fact] = {"role": role.value, "department": code or None}
    work.record(Event.ROLE_GRANTED, person, after=stated, request_id=request_id, department_id=number)


def _code(work: Work, department_id: int | None) -> str | None:
    return None if department_id is None else work.one(Department, department_id).code


def _receipt(work: Work, person: Person) -> PersonReceipt:
    work.session.flush()
    return PersonReceipt(person.id, person.name, person.version)
