"""Files into rows of text: CSV, workbooks, JSON and JSON lines, one row at a time."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from db.vocabulary import ImportKind
from services.intake.cleaning import clean, find_encoding
from services.intake.problems import Code, FileRefused, Refusal
from services.intake.profile import FileFormat, Profile
from services.intake.workbook import read_workbook

UPLOAD_LIMIT = 50 * 1024 * 1024
"""The size of a file that is taken without being asked for more."""

FINDING_COLUMNS = ("problem_row", "problem_field", "problem_code", "problem_value")
"""The columns that a correction file carries behind the original ones; reading ignores them."""

_LONGEST_CELL = 200_000
_LONGEST_OBJECT = 1_000_000
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class RawRow:
    """The cells of one row under the header's columns; `broken` says why it cannot be read at all."""

    number: int
    cells: Sequence[str]
    broken: Code | None = None


@dataclass(frozen=True, slots=True)
class RawFile:
    """One opened file: its columns and its rows."""

    format: FileFormat
    columns: tuple[str, ...]
    rows: Iterator[RawRow]


def list_files(paths: Sequence[Path], limit: int = UPLOAD_LIMIT) -> tuple[Path, ...]:
    """Give the files to read: a folder stands for all files below it, in the order of their names."""
    files: list[Path] = []
    for path in paths:
        found = sorted(one for one in path.rglob("*") if _is_data(one)) if path.is_dir() else [path]
        if not found or not found[0].is_file():
            raise FileRefused(Refusal.FILE_MISSING, file=str(path))
        files += found
    for file in files:
        size = file.stat().st_size
        if size > limit:
            raise FileRefused(Refusal.FILE_TOO_LARGE, file=file.name, size=size, limit=limit)
        if size == 0:
            raise FileRefused(Refusal.FILE_EMPTY, file=file.name)
    return tuple(files)


def open_file(path: Path, profile: Profile, kind: ImportKind) -> RawFile:
    """Open one file in the format that its content shows; its name is not believed."""
    form = _find_format(path)
    if form not in profile.formats:
        raise FileRefused(
            Refusal.FORMAT_NOT_ACCEPTED, file=path.name, found=form.value, accepted=", ".join(profile.formats)
        )
    if form in (FileFormat.JSON, FileFormat.JSONL):
        columns = _named_columns(profile, kind)
        return RawFile(form, columns, _json_rows(path, columns))
    if form == FileFormat.XLSX:
        return _with_header(form, path, profile, kind, read_workbook(path, profile.sheet))
    encoding = find_encoding(path, profile.encodings)
    for separator in profile.separators:
        try:
            return _with_header(form, path, profile, kind, _csv_rows(path, encoding, separator))
        except FileRefused as refusal:
            if refusal.why != Refusal.COLUMNS_MISSING or separator == profile.separators[-1]:
                raise
    raise AssertionError("a profile has at least one separator")


# ----------------------------------------------------------------------------------------------------------


def _is_data(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in (".csv", ".xlsx", ".json", ".jsonl")


def _find_format(path: Path) -> FileFormat:
    """Tell the format by the first bytes."""
    with path.open("rb") as file:
        start = file.read(4096)
        if start.startswith(b"PK"):
            return FileFormat.XLSX
        if start.startswith(b"\xd0\xcf\x11\xe0"):
            raise FileRefused(Refusal.WORKBOOK_OLD, file=path.name)
        text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
        if text.startswith(b"["):
            return FileFormat.JSON
        if text.startswith(b"{"):
            file.seek(0)
            line = file.readline(_LONGEST_OBJECT).removeprefix(b"\xef\xbb\xbf")
            try:
                json.loads(line)
            except (ValueError, RecursionError):
                return FileFormat.JSON
            return FileFormat.JSONL
    if b"\x00" in start:
        raise FileRefused(Refusal.FORMAT_UNKNOWN, file=path.name)
    return FileFormat.CSV


def _named_columns(profile: Profile, kind: ImportKind) -> tuple[str, ...]:
    """Give every column that the profile names, once."""
    return tuple(dict.fromkeys(str(name) for column in profile.of(kind).columns for name in column.names))


def _csv_rows(path: Path, encoding: str, separator: str) -> Iterator[list[str]]:
    """Read a CSV file; a cell of absurd length is an unclosed quotation mark, not a cell."""
    csv.field_size_limit(_LONGEST_CELL)
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(file, delimiter=separator)
        try:
            yield from reader
        except csv.Error as error:
            raise FileRefused(Refusal.CSV_MALFORMED, file=path.name, line=reader.line_num, why=str(error)) from None


def _with_header(
    form: FileFormat, path: Path, profile: Profile, kind: ImportKind, lines: Iterator[list[str]]
) -> RawFile:
    """Take the header off, or number the columns where the profile reads by position."""
    if not profile.header:
        columns = tuple(str(position) for position in range(1, profile.columns + 1))
        return RawFile(form, columns, _rows(lines, len(columns), first=1, exact=True))
    header: list[str] = []
    first = 1
    for line in lines:
        first += 1
        if any(cell.strip() for cell in line):
            header = [" ".join(clean(cell).split()) for cell in line]
            break
    while header and not header[-1]:
        header.pop()
    if not header:
        raise FileRefused(Refusal.FILE_EMPTY, file=path.name)
    sheet = profile.of(kind)
    absent = (str(column.names[0]) for column in sheet.columns if not set(column.names) & set(header))
    missing = list(dict.fromkeys(absent))
    essential = {str(sheet.fields[name].names[0]) for name in ("number", "accepted_at") if name in sheet.fields}
    if essential & set(missing) or (missing and kind == ImportKind.RATINGS):
        raise FileRefused(
            Refusal.COLUMNS_MISSING, file=path.name, missing=", ".join(missing), found=", ".join(header)[:300]
        )
    named = [name for name in header if name in _named_columns(profile, kind)]
    if twice := sorted({name for name in named if named.count(name) > 1}):
        raise FileRefused(Refusal.COLUMN_TWICE, file=path.name, columns=", ".join(twice))
    return RawFile(form, tuple(header), _rows(lines, len(header), first=first, exact=False))


def _rows(lines: Iterator[list[str]], width: int, *, first: int, exact: bool) -> Iterator[RawRow]:
    """Number the rows as a spreadsheet does, leave blank ones out, and bring each to the header's width.

    A row with more filled cells than there are columns has slipped (a comma without quotation marks) and is
    not to be trusted; a shorter one lacks its last, empty cells, except where columns are told by position.
    """
    for number, cells in enumerate(lines, first):
        if len(cells) != width:
            over = [cell for cell in cells[width:] if cell.strip()]
            if not any(cell.strip() for cell in cells):
                continue
            if exact and len(cells) == width + len(FINDING_COLUMNS):
                over = []
            if over or (exact and len(cells) < width):
                yield RawRow(number, cells, Code.COLUMN_COUNT)
                continue
            cells = [*cells[:width], *[""] * (width - len(cells))]
        elif not any(cells):
            continue
        yield RawRow(number, cells)


def _json_rows(path: Path, columns: Sequence[str]) -> Iterator[RawRow]:
    """Read an array of objects, or objects one behind the other, never holding more than one of them.

    In JSON lines a line that is no object is one broken row; a broken array cannot be read past the break.
    """
    encoding = find_encoding(path, ("utf-8",))
    if _find_format(path) == FileFormat.JSONL:
        with path.open(encoding=encoding) as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _json_row(number, _parsed(line), columns)
        return
    for number, one in enumerate(_objects(path, encoding), 1):
        yield _json_row(number, one, columns)


_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=lambda _: None)


def _parsed(line: str) -> object:
    """Parse one line; None where it is no JSON."""
    try:
        found: object = _DECODER.decode(line.strip())
    except (ValueError, RecursionError):
        return None
    return found


def _objects(path: Path, encoding: str) -> Iterator[object]:
    """Walk through an array, or a sequence, of objects piece by piece."""
    with path.open(encoding=encoding) as file:
        text, ended, started = "", False, False
        while True:
            text = text.lstrip(" \t\r\n,")
            if not started and text.startswith("["):
                text, started = text[1:], True
                continue
            if text.startswith("{"):
                try:
                    found, end = _DECODER.raw_decode(text)
                except RecursionError:
                    raise FileRefused(Refusal.JSON_MALFORMED, file=path.name, near=text[:80]) from None
                except ValueError:
                    end = 0
                if end:
                    yield found
                    text, started = text[end:], True
                    continue
            elif text.startswith("]") or (text and not ended):
                if text[0] == "]" and not text[1:].strip():
                    return
                raise FileRefused(Refusal.JSON_MALFORMED, file=path.name, near=text[:80])
            if ended:
                if text.strip():
                    raise FileRefused(Refusal.JSON_MALFORMED, file=path.name, near=text[:80])
                return
            if len(text) > _LONGEST_OBJECT:
                raise FileRefused(Refusal.JSON_MALFORMED, file=path.name, near=text[:80])
            piece = file.read(_PIECE)
            text, ended = text + piece, not piece


def _json_row(number: int, found: object, columns: Sequence[str]) -> RawRow:
    """Lay an object out under the columns; a column with dots goes down into nested objects."""
    if not isinstance(found, Mapping):
        return RawRow(number, (), Code.MALFORMED_ROW)
    return RawRow(number, [_plain(found.get(name) if name in found else _inside(found, name)) for name in columns])


def _inside(found: Mapping[str, object], name: str) -> object:
    """Follow a dotted name; nothing there is the same as empty."""
    value: object = found
    for part in name.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


def _plain(value: object) -> str:
    """Write a JSON value as a cell: empty objects, lists and null are empty cells."""
    if value is None or value == {} or value == []:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
