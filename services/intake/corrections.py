"""Files that people open in a spreadsheet: the rejected rows to be corrected, and the empty template."""

import csv
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import xlsxwriter

from db.vocabulary import ImportKind
from services.intake.problems import Problem
from services.intake.profile import Profile
from services.intake.reading import FINDING_COLUMNS, RawRow

_RISKY = re.compile(r"\s*[=+\-@\t\r＝＋－＠]")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


def disarm(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would take for a formula; reading takes it off again."""
    return "'" + text if _RISKY.match(text) and not _PLAIN_NUMBER.fullmatch(text) else text


class CorrectionFile:
    """The rejected rows of an import as CSV: the file's own columns, and behind them what is wrong.

    A source without a header gets none here either, so that the same profile reads the corrected file. The columns are
    those of the first rejected row; rows of files with others are laid out under them by name.
    """

    def __init__(self, path: Path, *, header: bool) -> None:
        self._path, self._header = path, header
        self._columns: tuple[str, ...] = ()
        self._file: io.TextIOWrapper | None = None

    def __enter__(self) -> "CorrectionFile":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        if self._file is not None:
            self._file.close()

    def add(self, columns: Sequence[str], raw: RawRow, problems: Sequence[Problem]) -> None:
        """Write one rejected row; the file comes into being with the first."""
        self._columns = self._columns or tuple(columns)
        cells = raw.cells
        if tuple(columns) != self._columns and raw.broken is None:
            by_name = dict(zip(columns, raw.cells, strict=False))
            cells = [by_name.get(name, "") for name in self._columns]
        width = len(self._columns)
        body = [*cells[:width], *[""] * (width - len(cells))]
        first = next((found for found in problems if found.rejects), problems[0])
        facts = [
            str(raw.number),
            first.field,
            "; ".join(found.code for found in problems if found.rejects),
            first.value,
        ]
        if self._file is None:
            self._file = self._path.open("w", encoding="utf-8-sig", newline="")
            if self._header:
                csv.writer(self._file).writerow([disarm(cell) for cell in (*self._columns, *FINDING_COLUMNS)])
        csv.writer(self._file).writerow([disarm(cell) for cell in (*body, *facts)])


def template_csv(profile: Profile, kind: ImportKind) -> bytes:
    """Give the empty template of a profile as CSV that every spreadsheet program opens in the right encoding."""
    out = io.StringIO(newline="")
    csv.writer(out).writerow(template_columns(profile, kind))
    return out.getvalue().encode("utf-8-sig")


def template_xlsx(profile: Profile, kind: ImportKind, explain: Callable[[str], str] | None = None) -> bytes:
    """Give the empty template as a workbook whose cells are text, so that no number or date is rounded or reread.

    `explain` gives a note in a person's language for a field; it is shown when the column's head is touched.
    """
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet()
    text, head = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "bottom": 1, "num_format": "@"})
    fields = {str(name): field for field, column in profile.of(kind).fields.items() for name in column.names}
    for position, name in enumerate(template_columns(profile, kind)):
        sheet.set_column(position, position, max(12, 2 * len(name) + 4), text)
        sheet.write_string(0, position, name, head)
        if explain is not None:
            sheet.write_comment(0, position, explain(fields[name]))
    sheet.freeze_panes(1, 0)
    book.close()
    return out.getvalue()


def template_columns(profile: Profile, kind: ImportKind) -> tuple[str, ...]:
    """Give the columns of a profile's template in the order of its fields."""
    return tuple(dict.fromkeys(str(name) for column in profile.of(kind).fields.values() for name in column.names))
