"""Languages and skills of agents, and the extension at which they telephone."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.people import Person, PersonSkill
from db.records import EventRow
from db.vocabulary import Event, Role, SkillKind
from services import skills, staff
from services.access import Access
from services.environment import Environment
from services.errors import Invalid, NotAllowed, Stale
from tests import builders


@pytest.fixture
def admin(owner: Session, environment: Environment) -> Access:
    """Who keeps the people."""
    return builders.access(owner, environment, Role.ADMIN)


@pytest.fixture
def agent(owner: Session) -> Person:
    """Whose skills are changed."""
    return builders.person(owner, Role.AGENT)


def _change(admin: Access, agent: Person, *codes: str, extension: str = "", form: str = "s1") -> skills.SkillReceipt:
    seen = staff.get_person(admin, person_id=agent.id).version
    return skills.change_skills(
        admin, person_id=agent.id, seen=seen, skills=codes, extension=extension, request_id=form
    )


def test_the_shipped_list_has_languages_and_one_skill(admin: Access) -> None:
    listed = [(line.named.code, line.kind) for line in skills.list_skills(admin)]
    language, skill = SkillKind.LANGUAGE, SkillKind.SKILL
    assert listed == [("yue", language), ("en", language), ("refusal_conversion", skill)]


def test_skills_and_extension_are_written_down_and_taken_back_and_the_trail_tells(
    admin: Access, agent: Person, owner: Session
) -> None:
    first = _change(admin, agent, "yue", "en", extension="8012")
    assert not first.repeated
    line = staff.get_person(admin, person_id=agent.id)
    assert ([one.code for one in line.skills], line.extension) == (["yue", "en"], "8012")
    assert line.version == first.version > 1
    _change(admin, agent, "en", extension="8012", form="s2")
    _change(admin, agent, "en", "yue", form="s3")
    assert len(owner.scalars(select(PersonSkill.id)).all()) == 2
    line = staff.get_person(admin, person_id=agent.id)
    assert ([one.code for one in line.skills], line.extension) == (["yue", "en"], None)
    bodies = owner.scalars(
        select(EventRow.body).where(EventRow.action == Event.SKILLS_CHANGED).order_by(EventRow.id)
    ).all()
    assert len(bodies) == 3
    assert '"after":{"extension":"8012","skills":"en,yue"}' in bodies[0]


def test_the_same_form_changes_nothing_twice_and_an_older_one_is_refused(admin: Access, agent: Person) -> None:
    first = _change(admin, agent, "yue")
    again = _change(admin, agent, "yue")
    assert (again.version, again.repeated) == (first.version, True)
    with pytest.raises(Stale):
        skills.change_skills(admin, person_id=agent.id, seen=1, skills=[], extension="", request_id="s9")


def test_what_is_no_skill_or_no_extension_is_refused(admin: Access, agent: Person) -> None:
    with pytest.raises(Invalid) as refused:
        _change(admin, agent, "klingon", extension="8 0 1 2 {number}")
    assert refused.value.problems == {"skills": "unknown", "extension": "not_an_extension"}
    with pytest.raises(Invalid) as refused:
        _change(admin, agent)
    assert refused.value.problems == {"skills": "unchanged"}


def test_only_administrators_change_skills(owner: Session, environment: Environment, agent: Person) -> None:
    with pytest.raises(NotAllowed):
        _change(builders.access(owner, environment, Role.SUPERVISOR), agent, "yue")
