"""The tree of handling units: who is in it, under which name, and until when. Codes are retired, never deleted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select

from db.people import RoleGrant
from db.reference import Department
from db.vocabulary import DepartmentKind, Event
from services.access import Access, Work
from services.errors import Conflict, Invalid
from services.rules.permissions import Permission
from services.views import Named

LONGEST = {"name": 120, "name_en": 160, "ranking_group": 40}


@dataclass(frozen=True, slots=True)
class DepartmentLine:
    """One unit in the order of the tree; `depth` says how far below the root it stands."""

    named: Named
    kind: DepartmentKind
    parent_id: int | None
    depth: int
    ranking_group: str | None
    active_from: date
    active_to: date | None
    sample: bool
    version: int
    people: int

    @property
    def id(self) -> int:
        """The number of the unit."""
        return self.named.id


@dataclass(frozen=True, slots=True)
class DepartmentReceipt:
    """What a command on a unit answers; `repeated` when the same form had been sent before."""

    department_id: int
    code: str
    version: int
    repeated: bool = False


def list_departments(access: Access) -> tuple[DepartmentLine, ...]:
    """Return every unit, each below the one that it belongs to, with how many people hold a role for it."""
    with access.read(Permission.REFERENCE_VIEW) as look:
        rows = look.session.scalars(select(Department).order_by(Department.code)).all()
        counted = look.session.execute(
            select(RoleGrant.department_id, func.count(RoleGrant.person_id.distinct()))
            .where(RoleGrant.active, RoleGrant.department_id.is_not(None))
            .group_by(RoleGrant.department_id)
        )
        return tuple(_in_tree_order(rows, {number: people for number, people in counted if number is not None}))


def change_department(
    access: Access,
    *,
    department_id: int,
    seen: int,
    name: str,
    name_en: str,
    ranking_group: str,
    request_id: str,
) -> DepartmentReceipt:
    """Give a unit another name or ranking group; its code stays. Raises NotFound, Stale or Invalid."""
    after: dict[str, str | None] = {"name": name.strip(), "name_en": name_en.strip() or None}
    after["ranking_group"] = ranking_group.strip() or None
    with access.write(Permission.REFERENCE_MANAGE) as work:
        department = work.lock(Department, department_id)
        if work.sent_before(department, request_id):
            return _receipt(work, department, repeated=True)
        work.unchanged(department, seen)
        problems = {key: "too_long" for key, value in after.items() if len(value or "") > LONGEST[key]}
        if not after["name"]:
            problems["name"] = "required"
        before = {key: getattr(department, key) for key in after}
        changed = [key for key in after if before[key] != after[key]]
        if not problems and not changed:
            problems["name"] = "unchanged"
        if problems:
            raise Invalid(problems)
        for key in changed:
            setattr(department, key, after[key])
        work.record(
            Event.DEPARTMENT_CHANGED,
            department,
            before={key: before[key] for key in changed},
            after={key: after[key] for key in changed},
            request_id=request_id,
            department_id=department.id,
        )
        return _receipt(work, department)


def retire_department(
    access: Access, *, department_id: int, seen: int, last_day: date | None, reason: str, request_id: str
) -> DepartmentReceipt:
    """Set the last day on which a unit takes orders, or take it away again with None; nothing is deleted.

    A unit with units below it that outlast it is refused. Raises NotFound, Stale, Invalid or Conflict.
    """
    with access.write(Permission.REFERENCE_MANAGE) as work:
        department = work.lock(Department, department_id)
        if work.sent_before(department, request_id):
            return _receipt(work, department, repeated=True)
        work.unchanged(department, seen)
        problems = {} if reason.strip() else {"reason": "required"}
        if last_day is not None and last_day < department.active_from:
            problems["last_day"] = "before_first_day"
        if last_day == department.active_to:
            problems["last_day"] = "unchanged"
        if problems:
            raise Invalid(problems)
        if last_day is not None:
            _refuse_orphans(work, department, last_day)
        before, department.active_to = department.active_to, last_day
        work.record(
            Event.DEPARTMENT_CHANGED,
            department,
            before={"active_to": before.isoformat() if before else None},
            after={"active_to": last_day.isoformat() if last_day else None},
            reason=reason.strip(),
            request_id=request_id,
            department_id=department.id,
        )
        return _receipt(work, department)


# ---------------------------------------------------------------------------------------------------------------------


def _in_tree_order(rows: Sequence[Department], people: Mapping[int, int]) -> list[DepartmentLine]:
    below: dict[int | None, list[Department]] = {}
    for row in rows:
        below.setdefault(row.parent_id, []).append(row)
    lines: list[DepartmentLine] = []
    waiting = [(row, 0) for row in reversed(below.get(None, []))]
    while waiting:
        row, depth = waiting.pop()
        lines.append(
            DepartmentLine(
                named=Named.of(row),
                kind=row.kind,
                parent_id=row.parent_id,
                depth=depth,
                ranking_group=row.ranking_group,
                active_from=row.active_from,
                active_to=row.active_to,
                sample=row.sample,
                version=row.version,
                people=people.get(row.id, 0),
            )
        )
        waiting += [(child, depth + 1) for child in reversed(below.get(row.id, []))]
    return lines


def _refuse_orphans(work: Work, department: Department, last_day: date) -> None:
    outlasting = work.session.scalar(
        select(func.count())
        .select_from(Department)
        .where(
            Department.parent_id == department.id,
            (Department.active_to.is_(None)) | (Department.active_to > last_day),
        )
    )
    if outlasting:
        raise Conflict("error.units_below", n=outlasting)


def _receipt(work: Work, department: Department, *, repeated: bool = False) -> DepartmentReceipt:
    work.session.flush()
    return DepartmentReceipt(department.id, department.code, department.version, repeated)
