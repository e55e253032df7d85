"""The rows that every installation starts with: units, places, categories, code lists and the calendar.

They are read from the files in db/reference, each of which names its source. Loading again changes nothing; a file with
news inserts or updates by code, and nothing is ever deleted: a code is retired by its last day, `active_to`.
"""

import csv
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.reference import (
    CalendarDay,
    Category,
    Channel,
    Department,
    DepartmentAlias,
    Disposition,
    Grade,
    OrderType,
    Place,
    PlaceAlias,
    RatingScale,
    Reason,
    Skill,
)

FOLDER = Path(__file__).parent / "reference"

Row = dict[str, Any]

_STATEMENT_ROWS = 2000
_BEGINNING = date(2000, 1, 1)


def load(session: Session) -> dict[str, int]:
    """Insert or update every reference row and return how many rows of each table were new or had news.

    A department or reason that a person has edited (its version says so) keeps what the person wrote.
    """
    written = {
        "places": _places(session),
        "departments": _departments(session),
        "place_aliases": _place_aliases(session),
        "department_aliases": _department_aliases(session),
        "categories": _categories(session),
        "reasons": _reasons(session),
        "dispositions": _store(session, Disposition.__table__, list(_dispositions())),
        "calendar_days": _store(session, CalendarDay.__table__, list(calendar()), key=("day",)),
    }
    lists = _code_lists()
    for name, table in (("order_types", OrderType.__table__), ("channels", Channel.__table__)):
        written[name] = _store(session, table, [_plain(entry) for entry in lists[name]])
    skills = [_plain(entry) | {"kind": entry["kind"]} for entry in lists["skills"]]
    written["skills"] = _store(session, Skill.__table__, skills)
    return written | _scales(session, lists["rating_scales"])


def calendar() -> Iterator[Row]:
    """Every day of the calendar, told from the list of exceptions; it covers whole years, first to last named one."""
    exceptions: dict[date, tuple[str, str]] = {}
    for row in _rows("calendar.csv"):
        first, last = date.fromisoformat(row["first"]), date.fromisoformat(row["last"])
        exceptions |= {day: (row["kind"], row["holiday"]) for day in _days(first, last)}
    for day in _days(date(min(exceptions).year, 1, 1), date(max(exceptions).year, 12, 31)):
        usual = "weekend" if day.isoweekday() > 5 else "workday"
        kind, holiday = exceptions.get(day, (usual, ""))
        workday = kind in ("workday", "adjusted_workday")
        yield {"day": day, "is_workday": workday, "kind": kind, "holiday": holiday or None}


# ----------------------------------------------------------------------------------------------------------------------


def _places(session: Session) -> int:
    rows = [
        {
            **_placed(row),
            "active_from": date.fromisoformat(row["active_from"]),
            "active_to": _day(row["active_to"]),
            "note": row["note"] or None,
        }
        for row in _rows("places.csv")
    ]
    return _store_tree(session, Place.__table__, rows)


def _departments(session: Session) -> int:
    rows = [
        {
            **_placed(row),
            "ranking_group": {"district": "districts", "street": "streets"}.get(row["kind"]),
            "active_from": date.fromisoformat(row["active_from"]),
            "active_to": _day(row["active_to"]),
            "sample": False,
        }
        for row in _rows("places.csv")
        if row["unit"] == "yes"
    ]
    rows += [
        {
            **_placed(row),
            "ranking_group": row["ranking_group"] or None,
            "active_from": _BEGINNING,
            "active_to": None,
            "sample": True,
        }
        for row in _rows("departments.csv")
    ]
    return _store_tree(session, Department.__table__, rows)


def _place_aliases(session: Session) -> int:
    aliases = {row["alias"]: row["code"] for row in _rows("place_aliases.csv")} | _spellings()
    ids = _ids(session, Place.__table__)
    rows = [{"source": "", "alias": alias, "place_id": ids[code]} for alias, code in aliases.items()]
    return _keep(session, PlaceAlias.__table__, rows)


def _department_aliases(session: Session) -> int:
    aliases = {row["alias"]: row["code"] for row in _rows("place_aliases.csv")} | _spellings(office=True)
    for row in _rows("departments.csv"):
        aliases |= {alias: row["code"] for alias in row["aliases"].split(";") if alias}
    ids = _ids(session, Department.__table__)
    rows = [
        {"source": "", "alias": alias, "department_id": ids[code]}
        for alias, code in aliases.items()
        if code in ids  # two of the places are no handling units
    ]
    return _keep(session, DepartmentAlias.__table__, rows)


def _spellings(*, office: bool = False) -> dict[str, str]:
    """Return the regular spellings of districts and streets, and with `office` those of their governments.

    A street never goes by its bare stem: 白云 is the district, although 越秀区 has a 白云街道, and 新塘 could be the
    street in 天河区 or the town in 增城区.
    """
    places = {row["code"]: row for row in _rows("places.csv")}
    spellings: dict[str, str] = {}
    for code, place in places.items():
        name, above = place["name"], places.get(place["parent"])
        if place["kind"] == "city":
            spellings |= {name.removesuffix("市"): code} | ({f"{name}人民政府": code} if office else {})
        elif place["kind"] == "district":
            spellings |= {name.removesuffix("区"): code, f"广州市{name}": code}
            spellings |= {f"{name}政府": code, f"{name}人民政府": code} if office else {}
        elif above is not None:
            spellings[f"{above['name']}{name}"] = code
            if name.endswith("街道"):
                spellings |= {name.removesuffix("道"): code, f"{name}办事处": code, f"{name}办": code}
            elif office:
                spellings |= {f"{name}政府": code, f"{name}人民政府": code}
    return spellings


def _categories(session: Session) -> int:
    rows = [
        {
            "code": row["code"],
            "name": row["name"],
            "name_en": row["name_en"] or None,
            "level": len(row["code"]) // 2,
            "parent": row["code"][:-2],
        }
        for row in _rows("categories.csv")
    ]
    return _store_tree(session, Category.__table__, rows)


def _reasons(session: Session) -> int:
    rows = [
        {
            "code": entry["code"],
            "name": entry["name"],
            "name_en": entry["name_en"],
            "parent": entry.get("parent", ""),
            "attributable": entry.get("attributable", True),
            "calls_for_rework": entry.get("calls_for_rework", False),
            "needs_evidence": entry.get("needs_evidence", False),
            "needs_text": entry.get("needs_text", False),
            "active_to": entry.get("active_to"),
        }
        for entry in _code_lists()["reasons"]
    ]
    return _store_tree(session, Reason.__table__, rows)


def _dispositions() -> Iterator[Row]:
    for row in _rows("dispositions.csv"):
        flags = ("final", "contacted", "eligible", "note_required", "another_number")
        yield (
            {name: row[name] for name in ("code", "name", "name_en", "aapor_group")}
            | {name: row[name] == "yes" for name in flags}
            | {
                "retry_minutes": int(row["retry_minutes"]) if row["retry_minutes"] else None,
                "refusal": row["refusal"] or None,
            }
        )


def _scales(session: Session, entries: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    scales = _store(session, RatingScale.__table__, [_plain(entry) for entry in entries])
    ids = _ids(session, RatingScale.__table__)
    grades = [
        {"scale_id": ids[entry["code"]], "position": position, **grade}
        for entry in entries
        for position, grade in enumerate(entry["grades"], start=1)
    ]
    return {
        "rating_scales": scales,
        "grades": _store(session, Grade.__table__, grades, key=("scale_id", "code")),
    }


def _placed(row: Mapping[str, str]) -> Row:
    """Return what every row of a tree says: its code, its names, its kind, and what it stands below."""
    return {name: row[name] for name in ("code", "name", "name_en", "kind", "parent")}


def _plain(entry: Mapping[str, Any]) -> Row:
    return {name: entry.get(name) for name in ("code", "name", "name_en", "active_to")}


def _store_tree(session: Session, table: Any, rows: Sequence[Row]) -> int:
    """Store rows that name a parent of the same list, one level after the other."""
    written, level = 0, [row for row in rows if not row["parent"]]
    while level:
        ids = _ids(session, table)
        ready = [
            {name: value for name, value in row.items() if name != "parent"}
            | {"parent_id": ids[row["parent"]] if row["parent"] else None}
            for row in level
        ]
        written += _store(session, table, ready)
        above = {row["code"] for row in level}
        level = [row for row in rows if row["parent"] in above]
    return written


def _store(session: Session, table: Any, rows: Sequence[Row], key: Sequence[str] = ("code",)) -> int:
    """Insert the rows, or update those whose stored facts differ; return how many that were."""
    written = 0
    for chunk in _chunks(rows):
        statement = insert(table).values(chunk)
        facts = [name for name in chunk[0] if name not in key]
        news = or_(*(table.c[name].is_distinct_from(statement.excluded[name]) for name in facts))
        if "version" in table.c:
            news = news & (table.c.version == 1)
        statement = statement.on_conflict_do_update(
            index_elements=list(key), set_={name: statement.excluded[name] for name in facts}, where=news
        )
        written += _count(session, table, statement)
    return written


def _keep(session: Session, table: Any, rows: Sequence[Row]) -> int:
    """Insert the aliases that are not there yet; one that a person gave another meaning keeps it."""
    return sum(_count(session, table, insert(table).values(chunk).on_conflict_do_nothing()) for chunk in _chunks(rows))


def _count(session: Session, table: Table, statement: Any) -> int:
    written = statement.returning(next(iter(table.primary_key)))
    return len(session.execute(written).all())


def _ids(session: Session, table: Any) -> dict[str, int]:
    return {code: key for code, key in session.execute(select(table.c.code, table.c.id))}


def _chunks(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), _STATEMENT_ROWS):
        yield rows[start : start + _STATEMENT_ROWS]


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(line for line in lines if not line.startswith("#"))


def _code_lists() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads((FOLDER / "code_lists.toml").read_text(encoding="utf-8"))


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _days(first: date, last: date) -> Iterator[date]:
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)
