"""Who signs in, and as what; who may be signed in at all is the matter of services.staff."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import aliased

from db.people import Person, RoleGrant
from db.reference import Department
from db.vocabulary import Event
from services.access import SYSTEM, Access, Actor, Look
from services.environment import Environment
from services.errors import NotAllowed
from services.rules.permissions import Permission, least


@dataclass(frozen=True, slots=True)
class Claims:
    """What a sign-in provider vouches for: who it is, and when the sign-in was issued."""

    issuer: str
    subject: str
    issued_at: datetime | None = None


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
