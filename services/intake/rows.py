"""A row of text becomes an order or a rating, or a list of what is wrong with it."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from db.vocabulary import ImportKind
from services.intake.cleaning import clean, fold
from services.intake.moments import Moment, NotADate, read_moment
from services.intake.problems import Code, Problem, problem, rejected
from services.intake.profile import Closing, Column, Profile, Sheet
from services.intake.reading import RawRow
from services.rules import phones

LONGEST: Mapping[str, int] = {
    "number": 60, "department": 120, "order_type": 40, "channel": 40, "category": 360, "place": 200, "address": 400,
    "title": 300, "text": 20_000, "requester": 80, "phone": 40, "phone_2": 40, "phone_3": 40, "language": 40,
    "reply": 20_000, "grade": 60,
}  # fmt: skip
"""The longest value of each field, in characters; for levels, of all levels together."""

LONGEST_ANSWER = 200
"""The longest further answer of a rating."""

LONGEST_LEVEL = 120
"""The longest name of one level of a category or place."""

SOON = timedelta(minutes=10)
"""How far the clocks of two machines may stand apart before a time lies in the future."""

_WHOLE = re.compile(r"(-?[0-9]{1,9})(?:\.0{1,9})?")
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]{1,3}")
_PHONE = re.compile(r"\+?[0-9]{5,20}(?:[-,#*x转][0-9]{1,6})?")
_YES = frozenset({"yes", "true", "1", "y", "是", "有", "已联系", "保密", "√"})
_NO = frozenset({"no", "false", "0", "n", "否", "无", "未联系", "不保密", "公开", "×"})
_ONE_LINE = frozenset(LONGEST) - {"text", "reply"}


@dataclass(slots=True)
class OrderRow:
    """One order as a source tells it; names are still names, and None means that the source says nothing."""

    row: int
    number: str
    accepted_at: datetime
    department: str | None
    order_type: str | None
    channel: str | None
    category: tuple[str, ...]
    place: tuple[str, ...]
    address: str | None
    title: str | None
    text: str | None
    requester: str | None
    phone: str | None
    phone_2: str | None
    phone_3: str | None
    language: str | None
    due_at: datetime | None
    closed_at: datetime | None
    reply: str | None
    unit_contacted: bool | None
    unit_contacted_at: datetime | None
    confidential: bool | None
    official_late: bool | None
    updated_at: datetime | None


@dataclass(slots=True)
class RatingRow:
    """One rating by a citizen as a channel delivers it, with its raw grade and its further answers by question.

    An answer that names no order brings the one that it makes for itself, where this import has not met it before.
    """

    row: int
    number: str
    channel: str
    grade: str
    rated_at: datetime
    answers: Mapping[str, str] = field(default_factory=dict)
    order: OrderRow | None = None


class RowReader:
    """Reads the rows of one file under one profile; knows every number it has seen in this import."""

    def __init__(
        self,
        profile: Profile,
        kind: ImportKind,
        columns: Sequence[str],
        now: datetime,
        seen: set[str],
        part: Sheet | None = None,
    ) -> None:
        self._profile = profile
        self._sheet = part or profile.of(kind)
        self._latest = now + SOON
        self._seen = seen
        position = {name: index for index, name in enumerate(columns)}
        place = {name: _positions(column, position) for name, column in self._sheet.fields.items()}
        self._single = {n: _picker(at) for n, at in place.items() if not self._sheet.fields[n].levels}
        self._levels = {n: at for n, at in place.items() if self._sheet.fields[n].levels}
        closing = self._sheet.closing
        self._status = _picker(_positions(closing.column, position)) if closing else None
        self._empty = {name: profile.empty | self._sheet.empty.get(name, frozenset()) for name in self._sheet.fields}
        answers = self._sheet.answers.items()
        self._answer = {question: _picker(_positions(one.column, position)) for question, one in answers}
        self._cells = [position[name] for name in _names(self._sheet) if name in position]
        self._met: Counter[str] = Counter()
        own = self._sheet.order
        self._own = RowReader(profile, ImportKind.ORDERS, columns, now, seen, own) if own else None
        self._make: Callable[[_Row], OrderRow | RatingRow | None]
        self._make = self._order if kind == ImportKind.ORDERS else self._rating

    def read(self, raw: RawRow) -> tuple[OrderRow | RatingRow | None, list[Problem]]:
        """Give the row with its warnings, or None with everything that is wrong with it."""
        if raw.broken is not None:
            return None, [problem(raw.number, "row", raw.broken, str(len(raw.cells)), rejects=True)]
        row = _Row(raw.number, raw.cells, [])
        made = self._make(row)
        return (None if rejected(row.problems) else made), row.problems

    def _order(self, row: "_Row") -> OrderRow | None:
        number = self._number(row)
        if number:
            if number in self._seen:
                row.refuse("number", Code.DUPLICATE_NUMBER, number)
            self._seen.add(number)
        return self._order_of(row, number)

    def _order_of(self, row: "_Row", number: str) -> OrderRow:
        """Give the order that a row tells, under its number."""
        accepted = self._moment(row, "accepted_at")
        closed, updated = self._moment(row, "closed_at"), self._moment(row, "updated_at")
        closed = self._closed(row, closed)
        second, third = (_bare(self._phone(row, name)) for name in ("phone_2", "phone_3"))
        due, contacted = self._moment(row, "due_at"), self._moment(row, "unit_contacted_at")
        if accepted is not None:
            self._check_sequence(row, accepted, closed, due, contacted)
        elif not any(found.field == "accepted_at" for found in row.problems):
            row.refuse("accepted_at", Code.MISSING, "")
        return OrderRow(
            row=row.number, number=number, accepted_at=accepted.at if accepted else self._latest,
            department=self._text(row, "department"), order_type=self._text(row, "order_type"),
            channel=self._text(row, "channel"), category=self._path(row, "category"), place=self._path(row, "place"),
            address=self._text(row, "address"), title=self._text(row, "title"), text=self._text(row, "text"),
            requester=self._text(row, "requester"), phone=self._phone(row, "phone"),
            phone_2=second, phone_3=third if third != second else None,
            language=self._text(row, "language"), due_at=_end(due), closed_at=_end(closed),
            reply=self._text(row, "reply"), unit_contacted=self._choice(row, "unit_contacted"),
            unit_contacted_at=_end(contacted), confidential=self._choice(row, "confidential"),
            official_late=self._choice(row, "official_late"), updated_at=updated.at if updated else None,
        )  # fmt: skip

    def _rating(self, row: "_Row") -> RatingRow | None:
        rated = self._moment(row, "rated_at")
        values = {name: self._text(row, name) for name in ("channel", "grade")}
        number = self._number(row) if self._own is None else ""
        for name, value in values.items():
            if value is None:
                row.refuse(name, Code.MISSING, "")
        answers = dict(self._answers(row))
        if rated is None:
            if not any(found.field == "rated_at" for found in row.problems):
                row.refuse("rated_at", Code.MISSING, "")
            return None
        if rated.at > self._latest:
            row.refuse("rated_at", Code.IN_FUTURE, self._raw(row, "rated_at"))
        made = RatingRow(row.number, number, values["channel"] or "", values["grade"] or "", rated.at, answers)
        return made if self._own is None else self._with_order(row, made, self._own)

    def _with_order(self, row: "_Row", rating: RatingRow, own: "RowReader") -> RatingRow:
        """Give the rating with the closed order that it makes for itself.

        The number is told from the cells that the profile reads, and from how often this file has held them before: the
        same file leads to the same numbers, and so does a file that repeats some of its rows.
        """
        digest = hashlib.sha256("\x1f".join(clean(row.cells[at]) for at in self._cells).encode()).hexdigest()[:24]
        self._met[digest] += 1
        rating.number = digest if self._met[digest] == 1 else f"{digest}-{self._met[digest]}"
        order = own._order_of(row, rating.number)
        if order.closed_at is None:
            row.refuse("closed_at", Code.MISSING, "")
        elif rating.rated_at < order.closed_at:
            row.refuse("rated_at", Code.RATED_BEFORE_CLOSED, self._raw(row, "rated_at"))
        if rating.number not in self._seen:
            rating.order = order
        self._seen.add(rating.number)
        return rating

    def _answers(self, row: "_Row") -> Iterator[tuple[str, str]]:
        """Give what a rating says besides its grade; an empty cell is no answer."""
        for question, one in self._sheet.answers.items():
            text = next((text for cell in self._answer[question](row.cells) if (text := clean(cell))), "")
            if text in self._profile.empty:
                continue
            called = str(one.column.names[0])
            if len(text) > LONGEST_ANSWER:
                row.refuse(called, Code.TOO_LONG, text)
            if one.limits is not None:
                whole = _WHOLE.fullmatch(fold(text))
                if whole is None or not one.limits[0] <= int(whole[1]) <= one.limits[1]:
                    row.refuse(called, Code.OFF_SCALE, text)
                    continue
                text = str(int(whole[1]))
            yield question, text

    def _raw(self, row: "_Row", name: str) -> str:
        """Give a field's cleaned text; words that mean nothing are nothing; a constant fills what is empty."""
        pick = self._single.get(name)
        if pick is not None:
            for cell in pick(row.cells):
                if cell and cell not in self._empty[name] and (text := clean(cell)) not in self._empty[name]:
                    values = self._sheet.values.get(name)
                    return values.get(text, text) if values else text
        return self._sheet.constants.get(name, "")

    def _text(self, row: "_Row", name: str) -> str | None:
        """Give a text that is not too long."""
        text = self._raw(row, name)
        if not text:
            return None
        if name in _ONE_LINE and ("\n" in text or "\t" in text):
            text = " ".join(text.split())
        if len(text) > LONGEST[name]:
            row.refuse(name, Code.TOO_LONG, text)
        return text

    def _path(self, row: "_Row", name: str) -> tuple[str, ...]:
        """Give the levels of a category or place, down to the last that is filled."""
        positions = self._levels.get(name)
        if positions is None:
            text = self._text(row, name)
            return (text,) if text else ()
        empty, path = self._empty[name], []
        values = self._sheet.values.get(name, {})
        for position in positions:
            text = clean(row.cells[position]) if position is not None else ""
            if text and text not in empty:
                path.append(values.get(text, text))
        if any(len(level) > LONGEST_LEVEL for level in path) or sum(map(len, path)) > LONGEST[name]:
            row.refuse(name, Code.TOO_LONG, " / ".join(path))
        return tuple(path)

    def _number(self, row: "_Row") -> str:
        """Give the order's number, which must be there and must not have been rounded by a spreadsheet."""
        number = fold(self._text(row, "number") or "")
        if not number:
            row.refuse("number", Code.MISSING, "")
        elif _SCIENTIFIC.fullmatch(number):
            row.refuse("number", Code.DAMAGED_BY_SPREADSHEET, number)
        return number

    def _phone(self, row: "_Row", name: str) -> str | None:
        """Give a telephone number without blanks; a rounded one is refused, an odd one is kept and reported."""
        text = self._text(row, name)
        if not text:
            return None
        phone = "".join(fold(text).replace("-", "").split())
        if _SCIENTIFIC.fullmatch(phone):
            row.refuse(name, Code.DAMAGED_BY_SPREADSHEET, phone)
        elif not _PHONE.fullmatch(phone):
            row.warn(name, Code.ODD_PHONE, phone)
        return phone

    def _choice(self, row: "_Row", name: str) -> bool | None:
        """Give yes or no; anything else is reported and counts as not said."""
        text = self._raw(row, name)
        if not text:
            return None
        word = fold(text).casefold()
        if word in _YES or word in _NO:
            return word in _YES
        row.warn(name, Code.BAD_CHOICE, text)
        return None

    def _moment(self, row: "_Row", name: str) -> Moment | None:
        """Give a moment that exists."""
        text = self._raw(row, name)
        if not text:
            return None
        try:
            return read_moment(text, self._profile.zone, self._profile.dates)
        except NotADate as refusal:
            row.refuse(name, refusal.code, text)
            return None

    def _closed(self, row: "_Row", closed: Moment | None) -> Moment | None:
        """Give the closing time if the source's own status agrees that the order is closed."""
        closing: Closing | None = self._sheet.closing
        if closing is None or self._status is None:
            return closed
        status = next((text for cell in self._status(row.cells) if (text := clean(cell))), "")
        if status in closing.closed:
            if closed is None:
                row.warn("closed_at", Code.CLOSED_WITHOUT_TIME, status)
            return closed
        if status not in closing.open and status not in self._profile.empty:
            row.warn("status", Code.UNKNOWN_STATUS, status)
        return None

    def _check_sequence(self, row: "_Row", accepted: Moment, closed: Moment | None, due: Moment | None,
                        contacted: Moment | None) -> None:  # fmt: skip
        """Hold the moments of one order against each other and against the clock."""
        if accepted.at > self._latest:
            row.refuse("accepted_at", Code.IN_FUTURE, self._raw(row, "accepted_at"))
        if closed is not None:
            if closed.at > self._latest:
                row.refuse("closed_at", Code.IN_FUTURE, self._raw(row, "closed_at"))
            if _last(closed) < accepted.at:
                row.refuse("closed_at", Code.CLOSED_BEFORE_ACCEPTED, self._raw(row, "closed_at"))
        if due is not None and _last(due) < accepted.at:
            row.find("due_at", Code.DUE_BEFORE_ACCEPTED, self._raw(row, "due_at"), self._sheet.reject_early_deadline)
        if contacted is not None and _last(contacted) < accepted.at:
            row.warn("unit_contacted_at", Code.CONTACTED_BEFORE_ACCEPTED, self._raw(row, "unit_contacted_at"))


# ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Row:
    """A row being read, and what has been found in it so far."""

    number: int
    cells: Sequence[str]
    problems: list[Problem]

    def find(self, name: str, code: Code, value: str, rejects: bool) -> None:
        self.problems.append(problem(self.number, name, code, value, rejects=rejects))

    def refuse(self, name: str, code: Code, value: str) -> None:
        self.find(name, code, value, True)

    def warn(self, name: str, code: Code, value: str) -> None:
        self.find(name, code, value, False)


def _positions(column: Column, position: Mapping[str, int]) -> list[int | None]:
    """Find where the columns of a field stand in this file; a column that is not there is None."""
    return [position.get(str(name)) for name in column.names]


def _names(sheet: Sheet) -> list[str]:
    """Name the columns that a part of a profile reads, each once."""
    return list(dict.fromkeys(str(name) for column in sheet.columns for name in column.names))


def _picker(positions: Sequence[int | None]) -> Callable[[Sequence[str]], Sequence[str]]:
    """Make the function that takes a field's cells, best first, out of a row."""
    found = [position for position in positions if position is not None]
    if len(found) == 1:
        (only,) = found
        return lambda cells: (cells[only],)
    return lambda cells: [cells[position] for position in found]


def _bare(phone: str | None) -> str | None:
    """Give a further number as the desk writes it down, so that one number is not kept twice; an odd one as it is."""
    return phones.bare(phone) if phone is not None and phones.problem_of(phone) is None else phone


def _last(moment: Moment) -> datetime:
    """Give the moment, or for a day without a time the last second of that day: nobody was late before it was over."""
    return moment.at + timedelta(hours=23, minutes=59, seconds=59) if moment.day_only else moment.at


def _end(moment: Moment | None) -> datetime | None:
    """Give the last second that a moment may mean, if there is one."""
    return None if moment is None else _last(moment)
