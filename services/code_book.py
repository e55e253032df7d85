"""The code lists, edited by people: names, behaviour and last days. A code is retired, never deleted or renamed.

What a list allows to be edited stands in one table. Reference rows that a person has edited keep what the person wrote
when the portal loads its own again. Old rows go on carrying a retired code, and are read with its names.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import func, select

from db.reference import Channel, Disposition, Grade, OrderType, Reason, Skill
from db.vocabulary import Event, Refusal, SkillKind
from services.access import Access, Look, Work
from services.casework import refuse
from services.errors import Conflict, Fact
from services.rules.permissions import Permission
from services.views import Named

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.]{0,19}")
LONGEST = MappingProxyType({"name": 120, "name_en": 160})
LONGEST_WAIT = 7 * 24 * 60
"""Minutes that a disposition may hold back the next attempt: a week."""
GROUPS = ("I", "P", "R", "O", "NC", "UO")
"""The AAPOR groups that a new way for a call to end may belong to; a group is never changed afterwards, because counts
rest on it. Nothing is ever ineligible here: a citizen on the list of closed orders does not leave the base of a rate
through what one agent chooses."""

Value = str | int | bool | tuple[str, ...] | None


class CodeList(StrEnum):
    """The lists that can be edited."""

    REASONS = "reasons"
    DISPOSITIONS = "dispositions"
    ORDER_TYPES = "order_types"
    CHANNELS = "channels"
    SKILLS = "skills"


class FieldKind(StrEnum):
    """How a field is edited: yes or no, minutes, one of some words, or several codes (none of them: all)."""

    SWITCH = "switch"
    MINUTES = "minutes"
    WORD = "word"
    CODES = "codes"


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute of a list; `fixed` ones are given when a code is added and stay. `column` says where it is kept."""

    name: str
    kind: FieldKind
    words: tuple[str, ...] = ()
    fixed: bool = False
    needed: bool = False
    stored_as: str = ""

    @property
    def column(self) -> str:
        """The column of the list's table; most fields bear its name."""
        return self.stored_as or self.name


FIELDS: Mapping[CodeList, tuple[Field, ...]] = MappingProxyType(
    {
        CodeList.REASONS: (
            Field("heading", FieldKind.WORD, fixed=True, needed=True, stored_as="parent_id"),
            Field("attributable", FieldKind.SWITCH),
            Field("calls_for_rework", FieldKind.SWITCH),
            Field("needs_evidence", FieldKind.SWITCH),
            Field("needs_text", FieldKind.SWITCH),
            Field("order_types", FieldKind.CODES),
            Field("grades", FieldKind.CODES),
        ),
        CodeList.DISPOSITIONS: (
            Field("aapor_group", FieldKind.WORD, GROUPS, fixed=True, needed=True),
            Field("final", FieldKind.SWITCH),
            # Calls are counted by it, as by the group: a change would count the calls of earlier days otherwise.
            Field("is_contact", FieldKind.SWITCH, fixed=True, stored_as="contacted"),
            Field("note_required", FieldKind.SWITCH),
            Field("retry_minutes", FieldKind.MINUTES),
            Field("another_number", FieldKind.SWITCH),
            Field("refusal", FieldKind.WORD, tuple(one.value for one in Refusal)),
        ),
        CodeList.ORDER_TYPES: (),
        CodeList.CHANNELS: (),
        CodeList.SKILLS: (
            Field("kind", FieldKind.WORD, tuple(one.value for one in SkillKind), fixed=True, needed=True),
        ),
    }
)


@dataclass(frozen=True, slots=True)
class CodeLine:
    """One code with its names, its attributes by field, and its last day where it has one."""

    named: Named
    facts: Mapping[str, Value]
    active_to: date | None
    version: int


@dataclass(frozen=True, slots=True)
class CodeBook:
    """One list, and the codes that its fields are chosen from: `heading`, `order_types`, `grades`."""

    which: CodeList
    lines: tuple[CodeLine, ...]
    choices: Mapping[str, tuple[Named, ...]]


@dataclass(frozen=True, slots=True)
class CodeReceipt:
    """What a command on a code answers."""

    which: CodeList
    id: int
    code: str
    version: int
    repeated: bool = False


def list_codes(access: Access, *, which: CodeList) -> CodeBook:
    """Return the codes of a list in the order of their codes, retired ones too."""
    with access.read(Permission.REFERENCE_VIEW) as look:
        kind = _KINDS[which]
        rows = look.session.scalars(select(kind).order_by(kind.code)).all()
        return CodeBook(which, tuple(_line(which, row, rows) for row in rows), _choices(look, which))


def add_code(
    access: Access,
    *,
    which: CodeList,
    code: str,
    name: str,
    name_en: str,
    facts: Mapping[str, Value],
    request_id: str,
) -> CodeReceipt:
    """Add a code to a list. Raises Invalid with every problem by its field, or Conflict where the code is taken."""
    with access.write(Permission.REFERENCE_MANAGE) as work:
        kind, code = _KINDS[which], code.strip()
        work.session.execute(select(func.pg_advisory_xact_lock(_ADDING)))
        earlier = work.session.scalars(select(kind).where(kind.code == code)).one_or_none()
        if earlier is not None:
            if work.sent_before(earlier, request_id):
                return _receipt(work, which, earlier, repeated=True)
            raise Conflict("error.code_taken", taken=code)
        names = _names(name, name_en)
        wrong_code = None if CODE.fullmatch(code) else "not_a_code" if code else "required"
        refuse({"code": wrong_code} | _name_problems(names) | _fact_problems(work, which, facts, adding=True))
        values = _columns(work, which, facts, adding=True)
        row = work.add(kind(code=code, **names, **values, **_BORN_WITH.get(which, {})))
        _check_whole(which, row)
        work.record(
            Event.CODE_ADDED,
            row,
            after={"code": code, **names, **{key: _told(value) for key, value in facts.items()}},
            request_id=request_id,
        )
        return _receipt(work, which, row)


def change_code(
    access: Access,
    *,
    which: CodeList,
    code_id: int,
    seen: int,
    name: str,
    name_en: str,
    facts: Mapping[str, Value],
    request_id: str,
) -> CodeReceipt:
    """Give a code other names or another behaviour; the code itself stays, and so does what counts rest on.

    Fields that are left out of `facts` stay as they are. Raises NotFound, Stale or Invalid.
    """
    with access.write(Permission.REFERENCE_MANAGE) as work:
        row = work.lock(_KINDS[which], code_id)
        if work.sent_before(row, request_id):
            return _receipt(work, which, row, repeated=True)
        work.unchanged(row, seen)
        names = _names(name, name_en)
        refuse(_name_problems(names) | _fact_problems(work, which, facts, adding=False))
        wanted: dict[str, Any] = names | _columns(work, which, facts, adding=False)
        before = {key: getattr(row, key) for key in wanted if getattr(row, key) != wanted[key]}
        if not before:
            refuse({"name": "unchanged"})
        for key in before:
            setattr(row, key, wanted[key])
        _check_whole(which, row)
        work.record(
            Event.CODE_CHANGED,
            row,
            before={key: _told(value) for key, value in before.items()},
            after={key: _told(wanted[key]) for key in before},
            request_id=request_id,
        )
        return _receipt(work, which, row)


def retire_code(
    access: Access,
    *,
    which: CodeList,
    code_id: int,
    seen: int,
    last_day: date | None,
    reason: str,
    request_id: str,
) -> CodeReceipt:
    """Set the last day on which a code may be chosen, or take it away again with None; nothing is deleted.

    Raises NotFound, Stale or Invalid.
    """
    with access.write(Permission.REFERENCE_MANAGE) as work:
        row = work.lock(_KINDS[which], code_id)
        if work.sent_before(row, request_id):
            return _receipt(work, which, row, repeated=True)
        work.unchanged(row, seen)
        refuse(
            {
                "reason": None if reason.strip() else "required",
                "last_day": "unchanged" if last_day == row.active_to else None,
            }
        )
        before, row.active_to = row.active_to, last_day
        work.record(
            Event.CODE_CHANGED,
            row,
            before={"active_to": before.isoformat() if before else None},
            after={"active_to": last_day.isoformat() if last_day else None},
            reason=reason.strip(),
            request_id=request_id,
        )
        return _receipt(work, which, row)


# ---------------------------------------------------------------------------------------------------------------------

# A type cannot say "one of these tables"; they share the columns of every code list.
_KINDS: Mapping[CodeList, Any] = MappingProxyType(
    {
        CodeList.REASONS: Reason,
        CodeList.DISPOSITIONS: Disposition,
        CodeList.ORDER_TYPES: OrderType,
        CodeList.CHANNELS: Channel,
        CodeList.SKILLS: Skill,
    }
)

_ADDING = 7_212_347
"""The advisory lock that lets one code be added at a time: a form that is sent twice at once is one form."""

_BORN_WITH: Mapping[CodeList, Mapping[str, bool]] = MappingProxyType({CodeList.DISPOSITIONS: {"eligible": True}})


def _names(name: str, name_en: str) -> dict[str, str | None]:
    return {"name": name.strip(), "name_en": name_en.strip() or None}


def _name_problems(names: Mapping[str, str | None]) -> dict[str, str | None]:
    problems: dict[str, str | None] = {
        key: "too_long" if len(names[key] or "") > most else None for key, most in LONGEST.items()
    }
    return problems | ({} if names["name"] else {"name": "required"})


def _fact_problems(look: Look, which: CodeList, facts: Mapping[str, Value], *, adding: bool) -> dict[str, str | None]:
    fields = {field.name: field for field in FIELDS[which] if adding or not field.fixed}
    choices = _choices(look, which)
    problems: dict[str, str | None] = {name: "unknown" for name in facts if name not in fields}
    for name, field in fields.items():
        if adding and field.needed and not facts.get(name):
            problems[name] = "required"
        elif name in facts and facts[name] is not None:
            known = field.words or tuple(one.code for one in choices.get(name, ()))
            problems[name] = _CHECKS[field.kind](facts[name], known)
    return problems


def _switch(value: Value, known: Sequence[str]) -> str | None:
    return None if isinstance(value, bool) else "not_yes_or_no"


def _minutes(value: Value, known: Sequence[str]) -> str | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return "not_a_number"
    return None if 1 <= value <= LONGEST_WAIT else "out_of_range"


def _word(value: Value, known: Sequence[str]) -> str | None:
    return None if value in known else "unknown"


def _several(value: Value, known: Sequence[str]) -> str | None:
    return None if isinstance(value, tuple) and set(value) <= set(known) else "unknown"


_CHECKS: Mapping[FieldKind, Callable[[Value, Sequence[str]], str | None]] = MappingProxyType(
    {
        FieldKind.SWITCH: _switch,
        FieldKind.MINUTES: _minutes,
        FieldKind.WORD: _word,
        FieldKind.CODES: _several,
    }
)


def _columns(look: Look, which: CodeList, facts: Mapping[str, Value], *, adding: bool) -> dict[str, Any]:
    """Return what the fields are in columns: a heading is a row, several codes are a list, and none of them is null."""
    values: dict[str, Any] = {}
    for field in FIELDS[which]:
        if not adding and (field.fixed or field.name not in facts):
            continue
        value = facts.get(field.name)
        if field.name == "heading":
            values[field.column] = look.session.scalars(select(Reason.id).where(Reason.code == value)).one()
        elif field.kind == FieldKind.CODES:
            values[field.column] = list(value) if isinstance(value, tuple) and value else None
        elif field.kind == FieldKind.SWITCH:
            values[field.column] = bool(value)
        else:
            values[field.column] = value
    return values


def _check_whole(which: CodeList, row: Any) -> None:
    """Refuse behaviour that contradicts itself: an answered call or a hard refusal is final, and both are contacts."""
    if which != CodeList.DISPOSITIONS:
        return
    answered = row.aapor_group in ("I", "P")
    hard = row.refusal == Refusal.HARD
    refuse(
        {
            "final": "must_be_final" if (answered or hard) and not row.final else None,
            "is_contact": "must_be_contacted" if (answered or row.refusal) and not row.contacted else None,
            "refusal": "not_a_refusal" if row.refusal and row.aapor_group != "R" else None,
            "another_number": "answered" if answered and row.another_number else None,
        }
    )


def _line(which: CodeList, row: Any, rows: Sequence[Any]) -> CodeLine:
    facts: dict[str, Value] = {}
    for field in FIELDS[which]:
        if field.name == "heading":
            facts["heading"] = next((one.code for one in rows if one.id == row.parent_id), None)
            continue
        value = getattr(row, field.column)
        facts[field.name] = tuple(value) if isinstance(value, list) else value
    return CodeLine(Named.of(row), facts, row.active_to, row.version)


def _choices(look: Look, which: CodeList) -> Mapping[str, tuple[Named, ...]]:
    if which != CodeList.REASONS:
        return {}
    headings = select(Reason).where(Reason.parent_id.is_(None), Reason.active_to.is_(None)).order_by(Reason.code)
    types = select(OrderType).order_by(OrderType.id)
    grades: dict[str, Named] = {}
    for grade in look.session.scalars(select(Grade).order_by(Grade.scale_id, Grade.position)):
        grades.setdefault(grade.code, Named.of(grade))
    return {
        "heading": tuple(Named.of(row) for row in look.session.scalars(headings)),
        "order_types": tuple(Named.of(row) for row in look.session.scalars(types)),
        "grades": tuple(grades.values()),
    }


def _told(value: Any) -> Fact:
    """Return a value as the trail tells it."""
    return ",".join(value) if isinstance(value, (list, tuple)) else value


def _receipt(work: Work, which: CodeList, row: Any, *, repeated: bool = False) -> CodeReceipt:
    work.session.flush()
    return CodeReceipt(which, row.id, row.code, row.version, repeated)
