"""Who signs in keeps a language of their own; who is let in, and in which role, stands in test_staff."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.people import Person
from db.vocabulary import Role
from services import people, sign_ins
from services.environment import Environment
from tests import builders
from tests.services.conftest import Clock


def test_a_language_is_kept_for_the_person(owner: Session, environment: Environment) -> None:
    whom = builders.person(owner)
    people.choose_language(builders.door(environment, whom), language="en")
    assert builders.door(environment, whom).actor.language == "en"


def test_somebody_of_a_department_keeps_a_language_and_signs_out_like_everybody(
    owner: Session, environment: Environment, clock: Clock
) -> None:
    """The cut by department holds for everybody's data, not for the row of the person who acts."""
    unit = builders.department(owner)
    whom, colleague = (builders.person(owner, Role.UNIT, at=unit) for _ in range(2))
    people.choose_language(builders.door(environment, whom), language="en")
    sign_ins.leave(builders.door(environment, whom), issued_at=clock.now)
    owner.expire_all()
    assert (whom.language, whom.auth_epoch is not None) == ("en", True)
    untouched = owner.execute(select(Person.language, Person.auth_epoch).where(Person.id == colleague.id)).one()
    assert tuple(untouched) == ("zh_CN", None)
