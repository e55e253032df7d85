"""Names in a file become rows of the code lists: found, made, left waiting or refused, as the profile says."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert

from db.reference import (
    Category,
    CategoryAlias,
    Channel,
    Department,
    DepartmentAlias,
    Grade,
    OrderType,
    Place,
    PlaceAlias,
    RatingScale,
    Skill,
)
from db.vocabulary import DepartmentKind, PlaceKind, SkillKind
from services.access import Look, Work
from services.intake.cleaning import same_name
from services.intake.problems import Code
from services.intake.profile import Lookup, Sheet, Unknown

UNKNOWN: Mapping[str, Code] = {
    "department": Code.UNKNOWN_DEPARTMENT,
    "order_type": Code.UNKNOWN_ORDER_TYPE,
    "channel": Code.UNKNOWN_CHANNEL,
    "category": Code.UNKNOWN_CATEGORY,
    "place": Code.UNKNOWN_PLACE,
    "language": Code.UNKNOWN_LANGUAGE,
    "grade": Code.UNKNOWN_GRADE,
}
TABLES: Mapping[str, type[Department | Channel | Category | Place]] = {
    "department": Department,
    "channel": Channel,
    "category": Category,
    "place": Place,
}
"""The lists to which a profile may add; order types and grades are the rule set's and never made here."""

_BEGINNING = date(2000, 1, 1)
_PLAIN_CODE = re.compile(r"[A-Za-z0-9_.-]{1,18}")

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a name leads to: a row's id (negative: a row still to be made), and what is to be said about it."""

    id: int | None
    code: Code | None = None
    rejects: bool = False


@dataclass(slots=True)
class _List:
    """One code list: ids by path of folded names, and by a single name where only one row has it."""

    by_path: dict[Path, int] = field(default_factory=dict)
    by_name: dict[str, int | None] = field(default_factory=dict)
    above: dict[int, int | None] = field(default_factory=dict)

    def put(self, path: Path, number: int) -> None:
        self.by_path.setdefault(path, number)
        name = path[-1]
        self.by_name[name] = None if self.by_name.get(name, number) != number else number

    def find(self, path: Path) -> int | None:
        """Find a row by its full path, by its only name, or by another spelling below the same row."""
        number = self.by_path.get(path)
        if number is None:
            number = self.by_name.get(path[-1])
            if len(path) > 1 and (number is None or not self._is_below(number, self.find(path[:-1]))):
                return None
        return number

    def _is_below(self, number: int, wider: int | None) -> bool:
        at = self.above.get(number)
        while at is not None and at != wider:
            at = self.above.get(at)
        return at is not None


class Names:
    """Everything that names can lead to, read once for an import; answers are kept, so that a row costs a look-up."""

    def __init__(
        self,
        part: Sheet,
        lists: Mapping[str, _List],
        scales: Mapping[str, _List],
        codes: Mapping[str, Mapping[int, str]],
    ) -> None:
        self.part = part
        self._lists = lists
        self._scales = scales
        self._codes = codes
        self._kept: dict[tuple[str, Path], Found] = {}
        self._made: dict[int, tuple[str, Path, int | None]] = {}

    def find(self, name: str, path: Path) -> Found:
        """Find what the value of a field leads to, level by level where it has levels."""
        if not path:
            return Found(None)
        key = (name, path)
        if key not in self._kept:
            self._kept[key] = self._find(name, path)
        return self._kept[key]

    def code(self, name: str, number: int | None) -> str | None:
        """Give the code of a row of the order types, the languages or the grades."""
        return None if number is None else self._codes[name][number]

    def graded(self, scale: str, word: str) -> str | None:
        """Give the code of a grade by its code or by its name in either language; None where the scale has none."""
        return self.code("grade", self._scales[scale].by_name.get(same_name(word)))

    def made(self, number: int) -> tuple[str, Path, int | None]:
        """Give the list, the path of names and the parent of a row that is still to be made."""
        return self._made[number]

    def _find(self, name: str, path: Path) -> Found:
        lookup = self.part.lookups.get(name, Lookup())
        path = tuple(lookup.aliases.get(same_name(part), part) for part in path)
        folded = tuple(map(same_name, path))
        known = self._lists[name]
        number = known.find(folded)
        if number is not None:
            return Found(number)
        if name in TABLES and (lookup.unknown == Unknown.CREATE or path[0] in lookup.known):
            return Found(self._make(name, path, folded))
        if lookup.unknown == Unknown.MAP and lookup.to is not None:
            target = known.by_name.get(same_name(lookup.to))
            return Found(target, None if target else UNKNOWN[name], target is None)
        if lookup.unknown == Unknown.WAIT:
            wider = next(filter(None, map(known.find, _wider(folded))), None)
            return Found(wider, UNKNOWN[name])
        return Found(None, UNKNOWN[name], True)

    def _make(self, name: str, path: Path, folded: Path) -> int:
        """Reserve a row, and the rows above it; the narrowest level is the one that is found."""
        known, parent = self._lists[name], None
        for depth in range(1, len(path) + 1):
            number = known.find(folded[:depth])
            if number is None:
                number = -1 - len(self._made)
                self._made[number] = (name, path[:depth], parent)
                # Not by its single name: what a name leads to must not depend on the order of the rows.
                known.by_path[folded[:depth]] = number
            parent = number
        assert parent is not None
        return parent


def read_names(look: Look, source: str, part: Sheet) -> Names:
    """Read the lists that the names of a part are looked up in, the source's own aliases before the general ones."""
    lists = {
        "department": _flat(look, Department, DepartmentAlias, DepartmentAlias.department_id, source),
        "place": _tree(look, Place, PlaceAlias, PlaceAlias.place_id, source),
        "category": _tree(look, Category, CategoryAlias, CategoryAlias.category_id, source),
        "channel": _codes(look, Channel),
        "order_type": _codes(look, OrderType),
        "language": _codes(look, Skill, Skill.kind == SkillKind.LANGUAGE),
    }
    used = {part.scale, *(one.scale for one in part.answers.values())}
    scales = {scale: _grades(look, scale) for scale in used if scale is not None}
    lists["grade"] = scales[part.scale]
    codes = {
        name: {number: code for number, code in look.session.execute(select(table.id, table.code))}
        for name, table in (("order_type", OrderType), ("language", Skill), ("grade", Grade))
    }
    return Names(part, lists, scales, codes)


def make_names(work: Work, names: Names, source: str, wanted: Iterable[int]) -> dict[int, int]:
    """Make the rows that were reserved and are needed, parents first; give the real id of each."""
    real: dict[int, int] = {}
    for number in sorted(_with_parents(names, wanted), reverse=True):
        name, path, parent = names.made(number)
        table = TABLES[name]
        row = _row(name, path, source) | (
            {} if name in ("channel", "department") else {"parent_id": real.get(parent, parent) if parent else None}
        )
        statement = insert(table).values(row).on_conflict_do_nothing(index_elements=["code"]).returning(table.id)
        made = work.session.scalar(statement)
        if made is None:
            made = work.session.scalars(select(table.id).where(table.code == row["code"])).one()
        real[number] = made
    return real


# ----------------------------------------------------------------------------------------------------------------------


def _wider(path: Path) -> Iterator[Path]:
    return (path[:depth] for depth in range(len(path) - 1, 0, -1))


def _with_parents(names: Names, wanted: Iterable[int]) -> set[int]:
    """Give the reserved rows with all reserved rows above them."""
    needed: set[int] = set()
    for number in wanted:
        at: int | None = number
        while at is not None and at < 0 and at not in needed:
            needed.add(at)
            at = names.made(at)[2]
    return needed


def _row(name: str, path: Path, source: str) -> dict[str, object]:
    """Describe a row to be made; its code tells the source it came from."""
    own = path[-1]
    digest = hashlib.sha256("\x1f".join(path).encode()).hexdigest()[:12]
    code = f"{source[:20]}.{own if len(path) == 1 and _PLAIN_CODE.fullmatch(own) else digest}"
    row: dict[str, object] = {"code": code, "name": own[:120]}
    if name == "department":
        return row | {"kind": DepartmentKind.DEPARTMENT, "active_from": _BEGINNING, "sample": False, "version": 1}
    if name == "place":
        kind = PlaceKind.DISTRICT if len(path) == 1 else PlaceKind.STREET
        return row | {"kind": kind, "active_from": _BEGINNING}
    return row | {"level": len(path)} if name == "category" else row


def _flat(look: Look, table: type[Department], alias: type[DepartmentAlias], target: object, source: str) -> _List:
    """Read the departments: codes and names of either language; a name in force goes before a retired one."""
    rows = look.session.execute(
        select(table.id, table.code, table.name, table.name_en, table.active_to)
    ).all()  # fmt: skip
    found = _List()
    for retired in (False, True):
        level = _List()
        for number, code, name, name_en, active_to in rows:
            if (active_to is not None) == retired:
                for word in filter(None, (code, name, name_en)):
                    level.put((same_name(word),), number)
        _fill(found, level)
    return _with_aliases(look, found, alias, target, source)


def _tree(look: Look, table: type[Place | Category], alias: type[PlaceAlias | CategoryAlias], target: object,
          source: str) -> _List:  # fmt: skip
    """Read a tree: paths from the top, and single names where only one row in force has them."""
    rows = {
        number: (name, name_en, parent, code, active_to)
        for number, name, name_en, parent, code, active_to in look.session.execute(
            select(table.id, table.name, table.name_en, table.parent_id, table.code, table.active_to)
        )
    }
    found = _List(above={number: row[2] for number, row in rows.items()})
    for retired in (False, True):
        level = _List()
        for number, (name, name_en, _, code, active_to) in rows.items():
            if (active_to is not None) == retired:
                for path in _paths(rows, number):
                    level.put(path, number)
                level.by_path.setdefault((same_name(code),), number)
                for word in filter(None, (name, name_en)):
                    folded = same_name(word)
                    level.by_name[folded] = number if level.by_name.get(folded, number) == number else None
        _fill(found, level)
    return _with_aliases(look, found, alias, target, source)


def _paths(rows: Mapping[int, tuple[str, str | None, int | None, str, date | None]], number: int) -> Sequence[Path]:
    """Give the paths under which a row is found: from the very top, and without a city above its districts."""
    path: list[str] = []
    at: int | None = number
    while at is not None:
        path.insert(0, same_name(rows[at][0]))
        at = rows[at][2]
    return [tuple(path[start:]) for start in range(max(1, len(path) - 1))] if len(path) > 1 else [tuple(path)]


def _fill(found: _List, level: _List) -> None:
    """Add what was not there before; a name that is ambiguous stays unfound."""
    for path, number in level.by_path.items():
        found.by_path.setdefault(path, number)
    for name, only in level.by_name.items():
        found.by_name.setdefault(name, only)


def _with_aliases(look: Look, found: _List, alias: type[DepartmentAlias | PlaceAlias | CategoryAlias], target: object,
                  source: str) -> _List:  # fmt: skip
    """Add the aliases: the source's own, then those for everybody."""
    # The three tables of aliases name their column differently, so that `target` has no type that select could know.
    rows = look.session.execute(
        select(alias.source, alias.alias, target).where(alias.source.in_(("", source)))  # type: ignore[call-overload]
    ).all()
    for own in (True, False):
        for of, word, number in rows:
            if (of == source) == own:
                folded = same_name(word)
                if found.by_name.get(folded) is None:
                    found.by_name[folded] = number
                found.by_path.setdefault((folded,), number)
    return found


def _codes(look: Look, table: type[Channel | OrderType | Skill], *which: ColumnElement[bool]) -> _List:
    """Read a plain code list: code and both names."""
    found = _List()
    for number, *words in look.session.execute(select(table.id, table.code, table.name, table.name_en).where(*which)):
        for word in filter(None, words):
            found.put((same_name(word),), number)
    return found


def _grades(look: Look, scale: str) -> _List:
    """Read the grades of one scale."""
    found = _List()
    grades = select(Grade.id, Grade.code, Grade.name, Grade.name_en).join(RatingScale).where(RatingScale.code == scale)
    for number, *words in look.session.execute(grades):
        for word in filter(None, words):
            found.put((same_name(word),), number)
    return found
