"""Staged rows: the order that a file tells, as one line of COPY on its way to a temporary table."""

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Index, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from services.errors import PortalError
from services.intake.names import Names
from services.intake.problems import Code, Problem, problem
from services.intake.rows import OrderRow, RatingRow
from services.rules.deadlines import Calendar, NotCovered, due_at, local_day
from services.rules.masking import masked_name
from services.rules.ruleset import RuleSet

TITLE_FROM_TEXT = 40
"""How much of the text stands for a title where the source has none."""

_TIME = DateTime(timezone=True)
_METADATA = MetaData()

STAGED_ORDERS = Table(
    "staged_orders",
    _METADATA,
    Column("row", Integer),
    Column("number", Text),
    *(Column(name, BigInteger) for name in ("department_id", "order_type_id", "channel_id", "category_id", "place_id")),
    *(Column(name, Text) for name in ("place_text", "address", "title", "text", "requester", "name", "phone")),
    Column("accepted_at", _TIME),
    Column("due_at", _TIME),
    Column("due_days", Integer),
    Column("due_rule", Text),
    Column("rule_set_id", BigInteger),
    Column("closed_at", _TIME),
    Column("reply", Text),
    Column("unit_contacted", Boolean),
    Column("unit_contacted_at", _TIME),
    Column("confidential", Boolean),
    Column("official_late", Boolean),
    Column("source_updated_at", _TIME),
    Column("language", Text),
    Column("phone_2", Text),
    Column("phone_3", Text),
    # From here on the columns are filled in by the merge.
    Column("order_id", BigInteger),
    Column("round_id", BigInteger),
    Column("verdict", Text),
    Column("closing", Text),
    Column("moves", Boolean),
    Column("fresh", Boolean),
    Column("note", Text),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)
Index("ix_staged_orders_number", STAGED_ORDERS.c.number)
ORDER_COLUMNS = tuple(column.name for column in STAGED_ORDERS.columns)[:29]

STAGED_RATINGS = Table(
    "staged_ratings",
    _METADATA,
    Column("row", Integer),
    Column("number", Text),
    Column("channel_id", BigInteger),
    Column("grade_id", BigInteger),
    Column("rated_at", _TIME),
    Column("answers", JSONB),
    Column("order_id", BigInteger),
    Column("round_id", BigInteger),
    Column("department_id", BigInteger),
    Column("satisfaction", Text),
    Column("rule_set_id", BigInteger),
    Column("verdict", Text),
    Column("moves", Boolean),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)
Index("ix_staged_ratings_number", STAGED_RATINGS.c.number)
Index("ix_staged_ratings_order", STAGED_RATINGS.c.order_id, STAGED_RATINGS.c.rated_at)
RATING_COLUMNS = tuple(column.name for column in STAGED_RATINGS.columns)[:6]

_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\x00": None})


@dataclass(frozen=True, slots=True)
class Rules:
    """The rule sets by the day from which they hold, and the calendar that their deadlines are counted on."""

    sets: Sequence[tuple[date, int, RuleSet]]
    calendar: Calendar

    def on(self, day: date) -> tuple[int, RuleSet] | None:
        """Give the rule set in force on a day, if there was one."""
        position = bisect_right(self.sets, day, key=lambda held: held[0]) - 1
        return self.sets[position][1:] if position >= 0 else None


@dataclass(frozen=True, slots=True)
class Staged:
    """The lines of one row, and what is to be said about it; a row that is kept out has no line.

    `order` is the line of the order that an answer without one makes for itself.
    """

    line: str | None
    problems: list[Problem]
    order: str | None = None


class Stager:
    """Resolves the names of a row, counts its deadline where the source has none, and writes it down."""

    def __init__(self, names: Names, rules: Rules, own: Names | None = None) -> None:
        self._names = names
        self._rules = rules
        self._own = Stager(own, rules) if own is not None else None
        self._due: dict[tuple[date, int, int], datetime | None] = {}

    def stage(self, row: OrderRow | RatingRow) -> Staged:
        """Give the lines of an order or of a rating."""
        if isinstance(row, OrderRow):
            line, problems = self.order(row)
            return Staged(line, problems)
        line, problems = self.rating(row)
        order = None
        if self._own is not None and row.order is not None and line is not None:
            order, more = self._own.order(row.order)
            line, problems = (line if order is not None else None), problems + more
        return Staged(line, problems, order)

    def order(self, row: OrderRow) -> tuple[str | None, list[Problem]]:
        """Give the staged line of an order with its warnings, or None with the names that keep it out."""
        problems: list[Problem] = []
        department = self._find(row.row, "department", row.department, problems)
        kind = self._find(row.row, "order_type", row.order_type, problems)
        if row.order_type is None:
            problems.append(problem(row.row, "order_type", Code.MISSING, "", rejects=True))
        channel = self._find(row.row, "channel", row.channel, problems)
        language = self._names.code("language", self._find(row.row, "language", row.language, problems))
        category, place = (self._path(row.row, name, getattr(row, name), problems) for name in ("category", "place"))
        if any(found.rejects for found in problems):
            return None, problems
        day = local_day(row.accepted_at)
        rules = self._rules.on(day)
        due, days = (
            (row.due_at, None)
            if row.due_at or not self._names.part.compute_deadline
            else self._deadline(row, day, kind, problems)
        )
        title = row.title or (row.text or "").split("\n", 1)[0][:TITLE_FROM_TEXT] or None
        place_text = " ".join(row.place)[:200] or None
        contacted = True if row.unit_contacted is None and row.unit_contacted_at else row.unit_contacted
        line = (
            row.row, row.number, department, kind, channel, category, place, place_text, row.address,
            title, row.text, masked_name(row.requester), row.requester, row.phone, row.accepted_at, due, days,
            rules[1].name if days and rules else None, rules[0] if rules else None, row.closed_at, row.reply, contacted,
            row.unit_contacted_at if contacted else None, row.confidential, row.official_late, row.updated_at,
            language, row.phone_2, row.phone_3,
        )  # fmt: skip
        return _line(line), problems

    def rating(self, row: RatingRow) -> tuple[str | None, list[Problem]]:
        """Give the staged line of a rating, or None with the names that keep it out."""
        problems: list[Problem] = []
        channel = self._find(row.row, "channel", row.channel, problems)
        grade = self._find(row.row, "grade", row.grade, problems)
        if self._own is not None and not self._counts(self._names.code("grade", grade), row.rated_at):
            # Told here and not by the merge, so that no order is made for a rating that is not taken.
            problems.append(problem(row.row, "grade", Code.UNKNOWN_GRADE, row.grade, rejects=True))
        answers = dict(self._answers(row, problems))
        if any(found.rejects for found in problems):
            return None, problems
        told = json.dumps(answers, ensure_ascii=False) if answers else None
        return _line((row.row, row.number, channel, grade, row.rated_at, told)), problems

    def _counts(self, grade: str | None, rated_at: datetime) -> bool:
        """Whether a grade counts as something by the rules of the day; an unknown one has been refused already."""
        rules = self._rules.on(local_day(rated_at))
        scale = self._names.part.scale
        known = rules[1].scales.get(scale) if rules is not None else None
        return grade is None or (known is not None and any(one.code == grade for one in known.value))

    def _answers(self, row: RatingRow, problems: list[Problem]) -> Iterator[tuple[str, str]]:
        """Give the further answers, those on a scale as the codes of their grades."""
        for question, text in row.answers.items():
            column = self._names.part.answers[question]
            if column.scale is None:
                yield question, text
            elif (grade := self._names.graded(column.scale, text)) is not None:
                yield question, grade
            else:
                problems.append(problem(row.row, str(column.column.names[0]), Code.OFF_SCALE, text, rejects=True))

    def _find(self, row: int, name: str, value: str | None, problems: list[Problem]) -> int | None:
        return self._path(row, name, (value,) if value else (), problems)

    def _path(self, row: int, name: str, path: tuple[str, ...], problems: list[Problem]) -> int | None:
        found = self._names.find(name, path)
        if found.code is not None:
            problems.append(problem(row, name, found.code, " / ".join(path), rejects=found.rejects))
        return found.id

    def _deadline(
        self, row: OrderRow, day: date, kind: int | None, problems: list[Problem]
    ) -> tuple[datetime | None, int | None]:
        """Count the deadline by the rules of the day; a year that the calendar does not know gives none."""
        rules = self._rules.on(day)
        if rules is None or kind is None:
            problems.append(problem(row.row, "due_at", Code.DEADLINE_NOT_COVERED, day.isoformat(), rejects=False))
            return None, None
        try:
            days = rules[1].deadline(self._names.code("order_type", kind) or "").value
        except PortalError:
            return None, None
        key = (day, rules[0], days)
        if key not in self._due:
            try:
                self._due[key] = due_at(day, days, self._rules.calendar)
            except NotCovered:
                self._due[key] = None
        if self._due[key] is None:
            problems.append(problem(row.row, "due_at", Code.DEADLINE_NOT_COVERED, day.isoformat(), rejects=False))
            return None, None
        return self._due[key], days


def blocks(spool: IO[str], real: Mapping[int, int], columns: Sequence[int], size: int = 1 << 20) -> Iterator[str]:
    """Give the spooled lines in blocks; ids that were reserved become those of the rows that were made."""
    spool.seek(0)
    while lines := spool.readlines(size):
        yield "".join(_with_real_ids(lines, real, columns)) if real else "".join(lines)


# ----------------------------------------------------------------------------------------------------------------------


def _with_real_ids(lines: Iterable[str], real: Mapping[int, int], columns: Sequence[int]) -> Iterator[str]:
    """Replace the reserved ids in the given columns."""
    known = {str(number): str(made) for number, made in real.items()}
    for line in lines:
        cells = line.split("\t", columns[-1] + 1)
        for column in columns:
            cells[column] = known.get(cells[column], cells[column])
        yield "\t".join(cells)


def _line(values: Iterable[object]) -> str:
    """Write values as one line of PostgreSQL's COPY text format."""
    return "\t".join(map(_cell, values)) + "\n"


def _cell(value: object) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.translate(_ESCAPES) if not value.isalnum() else value
    if isinstance(value, bool):
        return "t" if value else "f"
    return value.isoformat() if isinstance(value, datetime) else str(value)
