"""What agents can do that a case may need, languages among it, and the telephone on which each of them is called."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm.attributes import flag_modified

from db.people import Person, PersonSkill
from db.reference import Skill
from db.vocabulary import Event, SkillKind
from services.access import Access, Work
from services.casework import refuse
from services.errors import Fact, Invalid
from services.rules.permissions import Permission
from services.views import Named

_EXTENSION = re.compile(r"[0-9A-Za-z.*#@_-]{1,20}")


@dataclass(frozen=True, slots=True)
class SkillLine:
    """A skill that somebody may have."""

    named: Named
    kind: SkillKind


@dataclass(frozen=True, slots=True)
class SkillReceipt:
    """What a change of somebody's skills answers; `repeated` when the same form had been sent before."""

    person_id: int
    name: str
    version: int
    repeated: bool = False


def list_skills(access: Access) -> tuple[SkillLine, ...]:
    """Return the languages and skills that somebody may have today, the languages first."""
    with access.read(Permission.REFERENCE_VIEW) as look:
        current = or_(Skill.active_to.is_(None), Skill.active_to >= look.today)
        rows = look.session.scalars(select(Skill).where(current).order_by(Skill.kind, Skill.id))
        return tuple(SkillLine(Named.of(row), row.kind) for row in rows)


def change_skills(
    access: Access, *, person_id: int, seen: int, skills: Sequence[str], extension: str, request_id: str
) -> SkillReceipt:
    """Write down which languages and skills somebody has, by code, and at which extension they telephone.

    A skill that is left out is taken back. Raises NotFound, Stale or Invalid.
    """
    with access.write(Permission.PERSON_MANAGE) as work:
        person = work.lock(Person, person_id)
        if work.sent_before(person, request_id):
            return SkillReceipt(person.id, person.name, person.version, repeated=True)
        work.unchanged(person, seen)
        known = {row.code: row for row in work.session.scalars(select(Skill))}
        wanted, told = set(skills), extension.strip()
        held = _held(work, person)
        retired = {code for code, row in known.items() if row.active_to is not None and row.active_to < work.today}
        problem = "retired" if (wanted & retired) - held.keys() else None
        refuse(
            {
                "skills": "unknown" if not wanted <= known.keys() else problem,
                "extension": "not_an_extension" if told and not _EXTENSION.fullmatch(told) else None,
            }
        )
        before = _facts({code for code, row in held.items() if row.active}, person.extension)
        after = _facts(wanted, told or None)
        if before == after:
            raise Invalid({"skills": "unchanged"})
        for code in wanted - held.keys():
            work.session.add(PersonSkill(person_id=person.id, skill_id=known[code].id))
        for code, row in held.items():
            row.active = code in wanted
        person.extension = told or None
        # The skills are part of what a form on this person shows, so the person's version moves with them.
        flag_modified(person, "name")
        work.record(Event.SKILLS_CHANGED, person, before=before, after=after, request_id=request_id)
        work.session.flush()
        return SkillReceipt(person.id, person.name, person.version)


# ---------------------------------------------------------------------------------------------------------------------


def _held(work: Work, person: Person) -> dict[str, PersonSkill]:
    """Return the skills that somebody has or once had, by code."""
    rows = work.session.execute(
        select(Skill.code, PersonSkill)
        .join(PersonSkill, PersonSkill.skill_id == Skill.id)
        .where(PersonSkill.person_id == person.id)
    )
    return {code: row for code, row in rows}


def _facts(skills: set[str], extension: str | None) -> dict[str, Fact]:
    return {"skills": ",".join(sorted(skills)) or None, "extension": extension}
