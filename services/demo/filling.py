"""Fill a database with the demo: its people, and one year of orders that ends on a given day."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from db.orders import Order
from db.people import Person, PersonSkill, RoleGrant
from db.reference import CalendarDay, Department, Installation, Skill
from db.vocabulary import Event, InstallationKind
from services.access import Access, Work
from services.demo import any_hour, desk, store
from services.demo.arrivals import YEAR, arrivals, flood_day
from services.demo.cast import CAST, HABITS, ISSUER
from services.demo.prose import Prose
from services.demo.rows import Player
from services.demo.story import Story
from services.demo.teller import Arrival, Teller
from services.demo.world import World, build
from services.errors import Conflict, Fact, Invalid
from services.rules.permissions import Permission

MOST = 2_000_000
_A_TRANSACTION = 5_000
_ROOM = timedelta(days=26)
"""The deadlines of the last orders reach this far beyond the last day: fifteen working days, and a holiday."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What was written; nothing where the database was not empty and was to be left alone."""

    orders: int
    people: int
    first: date | None
    last: date | None
    flood: date | None
    sign_ins: tuple[str, ...] = tuple(part.subject for part in CAST)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; `until` is the last day, by default the day before the clock's."""

    orders: int
    seed: int
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """The world and the people of the demo, ready to be written about."""

    world: World
    players: Mapping[str, Player]
    added: int


def fill(wanted: Wanted, access: Access, *, if_empty: bool = False) -> Filled:
    """Write the demo that is wanted. With `if_empty`, a database that holds any order is left as it is.

    Five thousand orders are one transaction; a larger demo is written in several. Raises Invalid for impossible numbers
    and for days that the calendar does not cover, and Conflict on a database of real orders or one that holds orders.
    """
    first, last, present = check_demo(access, wanted=wanted)
    if present and if_empty:
        return Filled(0, 0, None, None, None)
    if present:
        raise Conflict("error.orders_present", orders=present)
    stage = stage_demo(access, first=first, last=last)
    teller = Teller(stage.world, Prose())
    come = arrivals(stage.world, teller, first, last, orders=wanted.orders, seed=wanted.seed)
    for stories in _told(teller, come):
        write_stories(access, stage=stage, stories=stories)
    write_desk(access, stage=stage, seed=wanted.seed)
    return Filled(len(come), stage.added, first, last, flood_day(first, last, wanted.seed))


def check_demo(access: Access, *, wanted: Wanted) -> tuple[date, date, int]:
    """Return the first and last day of what is wanted, and how many orders are there already; raises as `fill` does."""
    with access.read(Permission.SETUP_VIEW) as look:
        installation = look.session.get(Installation, 1)
        if installation is not None and installation.kind == InstallationKind.PRODUCTION:
            raise Conflict("error.demo_on_production")
        covered = look.session.execute(select(func.min(CalendarDay.day), func.max(CalendarDay.day))).one()
        if covered[0] is None:
            raise Conflict("error.no_reference_rows")
        latest = covered[1] - _ROOM
        last = wanted.until or min(look.today - timedelta(days=1), latest)
        first = last - timedelta(days=YEAR - 1)
        problems = {}
        if not 1 <= wanted.orders <= MOST:
            problems["orders"] = "out_of_range"
        if last > latest or first - timedelta(days=7) < covered[0]:
            problems["until"] = "calendar_not_covered"
        if problems:
            raise Invalid(problems)
        return first, last, look.session.scalar(select(func.count()).select_from(Order)) or 0


def stage_demo(access: Access, *, first: date, last: date) -> Stage:
    """Read the world, let the people of the demo in, and mark the database as one of made-up orders."""
    with access.write(Permission.SETUP) as work:
        world = build(work, first, last)
        installation = work.session.get(Installation, 1)
        if installation is None:
            installation = work.add(Installation(id=1, kind=InstallationKind.DEMO))
        work.session.add(any_hour.policy_of(last + timedelta(days=1)))
        added = _add_people(work)
        work.record(Event.DEMO_LOADED, installation, after={"people": added})
        return Stage(world, _players(work), added)


def write_stories(access: Access, *, stage: Stage, stories: Sequence[Story]) -> None:
    """Write some of the orders, with everything that happened to them, in one transaction."""
    with access.write(Permission.SETUP) as work:
        store.write(work, stage.world, stage.players, stories)
        after: dict[str, Fact] = {"orders": len(stories), "from": stories[0].number}
        work.record(Event.DEMO_LOADED, work.one(Installation, 1), after=after)


def write_desk(access: Access, *, stage: Stage, seed: int) -> None:
    """Add what the callback desk finds on the first morning after the last order."""
    with access.write(Permission.SETUP) as work:
        desk.dress(work, stage.world, stage.players, seed)
        work.record(Event.DEMO_LOADED, work.one(Installation, 1))


# ---------------------------------------------------------------------------------------------------------------------


def _add_people(work: Work) -> int:
    """Add the demo people and their roles where they are missing, and say so in the trail."""
    departments = {code: key for code, key in work.session.execute(select(Department.code, Department.id))}
    added = 0
    for part in CAST:
        facts = {"issuer": ISSUER, "subject": part.subject, "name": part.name, "language": part.language}
        key = work.session.scalar(
            insert(Person)
            .values(**facts, active=True, version=1)
            .on_conflict_do_nothing(index_elements=["issuer", "subject"])
            .returning(Person.id)
        )
        if key is None:
            continue
        added += 1
        person = work.one(Person, key)
        department = departments[part.department] if part.department else None
        work.record(Event.PERSON_ADDED, person, after={"subject": part.subject})
        work.add(RoleGrant(person_id=key, role=part.role, department_id=department, active=True))
        work.record(Event.ROLE_GRANTED, person, after={"role": part.role.value}, department_id=department)
        if part.subject in HABITS:
            _equip(work, person, HABITS[part.subject].skills, f"8{added:03d}")
    return added


def _equip(work: Work, person: Person, skills: Sequence[str], extension: str) -> None:
    """Give an agent a telephone and what they can do besides."""
    person.extension = extension
    known = {code: key for code, key in work.session.execute(select(Skill.code, Skill.id))}
    for code in skills:
        work.add(PersonSkill(person_id=person.id, skill_id=known[code], active=True))
    if skills:
        work.record(Event.SKILLS_CHANGED, person, after={"skills": ", ".join(skills), "extension": extension})


def _players(work: Work) -> dict[str, Player]:
    people = select(Person.subject, Person.id, Person.name, RoleGrant.role, RoleGrant.department_id).join(
        RoleGrant, RoleGrant.person_id == Person.id
    )
    found = work.session.execute(people.where(Person.issuer == ISSUER).order_by(RoleGrant.id))
    return {subject: Player(key, name, role, department) for subject, key, name, role, department in found}


def _told(teller: Teller, come: Sequence[Arrival]) -> Iterator[list[Story]]:
    """Tell the stories in the order of time, number them by day, and hand them over in portions."""
    today: dict[date, int] = {}
    for start in range(0, len(come), _A_TRANSACTION):
        chunk = []
        for index, arrival in enumerate(come[start : start + _A_TRANSACTION], start=start):
            story = teller.tell(arrival)
            story.index = index
            day = story.accepted_at.date()
            today[day] = today.get(day, 0) + 1
            story.number = f"GZ{day:%Y%m%d}{today[day]:05d}"
            chunk.append(story)
        yield chunk
