"""What the demo is made of: the units, places and matters of the database, weighed."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from importlib.resources import files
from random import Random
from typing import Any

from sqlalchemy import select

from db.reference import (
    Category,
    Channel,
    Department,
    Disposition,
    Grade,
    OrderType,
    Place,
    RatingScale,
    Reason,
    Skill,
)
from db.vocabulary import DepartmentKind, PlaceKind
from services.access import Look
from services.code_lists import CodeLists
from services.demo.hours import Hours
from services.effective import InForce, calendar_around, policy_on, questions_on, rules_on
from services.rules.callback_policy import CallbackPolicy
from services.rules.deadlines import CITY, Calendar, due_at
from services.rules.dispositions import Disposition as Ending

_DISTRICT_SIZES = {
    "440111": 20, "440106": 19, "440113": 15, "440105": 12, "440112": 9, "440103": 9,
    "440118": 9, "440104": 8, "440114": 8, "440115": 6, "440117": 4,
}  # fmt: skip
"""How much of the city's requests come from each district; roughly by population, made up."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A handling unit, with how often it is late and how often its work displeases (made up, fixed by its code)."""

    code: str
    name: str
    kind: DepartmentKind
    late: float
    displeases: float


@dataclass(frozen=True, slots=True)
class Street:
    """A street or town with its district."""

    code: str
    name: str
    stem: str
    district: str
    district_name: str


@dataclass(frozen=True, slots=True)
class Matter:
    """A category of the third level, the clause that tells of it, and who handles it."""

    code: str
    name: str
    clause: str
    handlers: tuple[str, ...]
    weights: tuple[int, ...]

    @property
    def is_question(self) -> bool:
        """Whether citizens ask about it rather than complain of it."""
        return self.clause.startswith("?")


@dataclass(frozen=True, slots=True)
class World:
    """Everything that stories are told with. `ids` holds the number of each code, by kind of code list; after `end`
    nothing has happened yet."""

    units: Mapping[str, Unit]
    subunits: Mapping[str, tuple[str, ...]]
    streets: tuple[Street, ...]
    street_weights: tuple[float, ...]
    matters: tuple[Matter, ...]
    matter_weights: tuple[float, ...]
    flood: Matter
    rework_reasons: frozenset[str]
    in_force: InForce
    policy: CallbackPolicy
    endings: Mapping[str, Ending]
    questionnaire_id: int
    end: datetime
    calendar: Calendar
    hours: Hours
    ids: Mapping[str, Mapping[str, int]]
    deadlines: dict[tuple[date, int], Any]

    def due(self, day: date, working_days: int) -> Any:
        """Return the deadline; remembered, because many orders share it."""
        key = (day, working_days)
        if key not in self.deadlines:
            self.deadlines[key] = due_at(day, working_days, self.calendar)
        return self.deadlines[key]


def build(look: Look, first: date, last: date) -> World:
    """Read the world for a demo of these days from the database; raises PortalError where no rules are in force."""
    calendar = calendar_around(look, first - timedelta(days=7), last + timedelta(days=75))
    units = {unit.code: unit for unit in _units(look, last)}
    streets = _streets(look, last, units)
    matters, weights = _matters(look)
    return World(
        units=units,
        subunits=_subunits(look, units),
        streets=tuple(streets),
        street_weights=_street_weights(streets),
        matters=tuple(matters),
        matter_weights=tuple(weights),
        flood=next(matter for matter in matters if matter.code == _FLOOD),
        rework_reasons=frozenset(look.session.scalars(select(Reason.code).where(Reason.calls_for_rework))),
        in_force=rules_on(look, last),
        policy=policy_on(look, last).policy,
        endings=CodeLists.read(look).book.dispositions,
        questionnaire_id=questions_on(look, last).id,
        end=datetime.combine(last + timedelta(days=1), time(), CITY),
        calendar=calendar,
        hours=Hours(calendar),
        ids=_ids(look),
        deadlines={},
    )


# ---------------------------------------------------------------------------------------------------------------------

_FLOOD = "050203"


def _units(look: Look, day: date) -> Iterator[Unit]:
    statement = select(Department).where(Department.active_from <= day).order_by(Department.id)
    for row in look.session.scalars(statement):
        if row.active_to is None and row.kind != DepartmentKind.CITY:
            character = Random(f"unit {row.code}")
            yield Unit(
                code=row.code,
                name=row.name,
                kind=row.kind,
                late=0.015 + 0.11 * character.random() ** 2,
                displeases=0.55 + 0.9 * character.random(),
            )


def _subunits(look: Look, units: Mapping[str, Unit]) -> dict[str, tuple[str, ...]]:
    below: dict[str, tuple[str, ...]] = {}
    for code, unit in units.items():
        parent = code.rsplit("-", 1)[0]
        if unit.kind == DepartmentKind.SUBUNIT and parent in units:
            below[parent] = (*below.get(parent, ()), code)
    return below


def _streets(look: Look, day: date, units: Mapping[str, Unit]) -> list[Street]:
    districts = {row.id: row for row in look.session.scalars(select(Place).where(Place.kind == PlaceKind.DISTRICT))}
    rows = look.session.scalars(select(Place).where(Place.kind == PlaceKind.STREET).order_by(Place.code))
    return [
        Street(
            code=row.code,
            name=row.name,
            stem=row.name.removesuffix("街道").removesuffix("镇"),
            district=districts[row.parent_id].code,
            district_name=districts[row.parent_id].name,
        )
        for row in rows
        if row.active_to is None and row.active_from <= day and row.code in units and row.parent_id is not None
    ]


def _street_weights(streets: Sequence[Street]) -> tuple[float, ...]:
    """Give each district its share, and its streets unequal parts of it."""
    shares = [0.4 + 1.6 * Random(f"street {one.code}").random() for one in streets]
    totals: dict[str, float] = {}
    for one, share in zip(streets, shares, strict=True):
        totals[one.district] = totals.get(one.district, 0.0) + share
    return tuple(
        _DISTRICT_SIZES.get(one.district, 5) * share / totals[one.district]
        for one, share in zip(streets, shares, strict=True)
    )


def _matters(look: Look) -> tuple[list[Matter], list[float]]:
    names = {row.code: row.name for row in look.session.scalars(select(Category).where(Category.level == 3))}
    above: dict[str, tuple[tuple[str, ...], tuple[int, ...], int]] = {}
    matters: list[Matter] = []
    weights: list[float] = []
    for row in _rows("matters.csv"):
        code = row["category"]
        if row["units"]:
            handlers = [part.split(":") for part in row["units"].split()]
            above[code] = (
                tuple(one[0] for one in handlers),
                tuple(int(one[1]) for one in handlers),
                int(row["weight"]),
            )
        else:
            who, often, weight = above[code[:4]]
            matters.append(Matter(code, names[code], row["clause"], who, often))
            weights.append(weight * (1.0 if row["clause"].startswith("?") else 0.8))
    return matters, weights


def _ids(look: Look) -> dict[str, dict[str, int]]:
    kinds: dict[str, Any] = {
        "departments": Department,
        "places": Place,
        "categories": Category,
        "order_types": OrderType,
        "channels": Channel,
        "reasons": Reason,
        "dispositions": Disposition,
        "skills": Skill,
    }
    ids = {
        name: {code: key for code, key in look.session.execute(select(kind.code, kind.id))}
        for name, kind in kinds.items()
    }
    grades = select(RatingScale.code, Grade.code, Grade.id).join(Grade, Grade.scale_id == RatingScale.id)
    return ids | {"grades": {f"{scale}.{grade}": key for scale, grade, key in look.session.execute(grades)}}


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files("services.demo").joinpath(name).read_text("utf-8")
    yield from csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
