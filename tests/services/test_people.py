"""Who signs in keeps a language of their own; who is let in, and in which role, stands in test_staff."""

from sqlalchemy.orm import Session

from services import people
from services.environment import Environment
from tests import builders


def test_a_language_is_kept_for_the_person(owner: Session, environment: Environment) -> None:
    whom = builders.person(owner)
    people.choose_language(builders.door(environment, whom), language="en")
    assert builders.door(environment, whom).actor.language == "en"
