"""Workbooks: a gate that counts before anything is parsed, and a jailed child process that parses."""

import json
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.intake.problems import FileRefused, Refusal

MOST_ENTRIES = 2_000
MOST_DIRECTORY = 1024 * 1024
MOST_BYTES = 600 * 1024 * 1024
MOST_RATIO = 200
RATIO_FROM = 1024 * 1024
MOST_COLUMNS = 200
MOST_CELLS = 60_000_000

_END, _END_64 = b"PK\x05\x06", b"PK\x06\x07"
_END_SIZE = 22
_END_SEARCHED = 66_000

_CHILD = Path(__file__).with_name("workbook_child.py")
_SECONDS = 120
_PIECE = 1 << 20
_OVERLAP = 64
_CELL = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,3})([0-9]{1,7})["']""")
_DOCTYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_SHEET = re.compile(r"xl/worksheets/[^/]+\.(?:xml|bin)", re.IGNORECASE)


@dataclass(slots=True)
class _Extent:
    """The box around the cells that really are in a sheet; the size that it claims for itself is not read."""

    columns: int = 0
    rows: int = 0

    def take_in(self, piece: bytes) -> None:
        """Widen the box by the cells named in a piece of the sheet."""
        for letters, digits in set(_CELL.findall(piece)):
            self.rows = max(self.rows, int(digits))
            if letters:
                self.columns = max(self.columns, _column_number(letters))


def check_workbook(path: Path) -> None:
    """Refuse what is broken, too large, or made to do harm; nothing is written and no XML is parsed."""
    try:
        _check_directory(path)
        with zipfile.ZipFile(path) as archive:
            _check_names(path, archive.infolist())
            total = 0
            for entry in archive.infolist():
                total = _check_entry(path, archive, entry, total)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise FileRefused(Refusal.WORKBOOK_BROKEN, file=path.name, why=type(error).__name__) from None
    except zipfile.LargeZipFile:
        raise FileRefused(Refusal.WORKBOOK_TOO_LARGE, file=path.name, what="bytes", limit=MOST_BYTES) from None


def read_workbook(path: Path, sheet: str | None) -> Iterator[list[str]]:
    """Give the rows of the named sheet, or of the first one, as text.

    Formulas are never worked out: the value that the spreadsheet program saved is read.
    """
    check_workbook(path)
    command = [sys.executable, "-I", str(_CHILD), str(path), sheet or ""]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={"LC_ALL": "C.UTF-8"}
    ) as child:
        alarm = threading.Timer(_SECONDS, child.kill)
        alarm.start()
        try:
            finished = False
            for line in child.stdout or ():
                found = json.loads(line)
                if isinstance(found, list):
                    yield found
                    continue
                finished = True
                if found["state"] == "no_sheet":
                    raise FileRefused(
                        Refusal.SHEET_MISSING,
                        file=path.name,
                        sheet=sheet or "1",
                        found=", ".join(found["sheets"])[:200],
                    )
                if found["state"] != "done":
                    raise FileRefused(Refusal.WORKBOOK_BROKEN, file=path.name, why=found["state"])
            if not finished:
                raise FileRefused(Refusal.WORKBOOK_TOO_LARGE, file=path.name, what="memory_or_time", limit=_SECONDS)
        except ValueError:
            raise FileRefused(Refusal.WORKBOOK_BROKEN, file=path.name, why="output") from None
        finally:
            alarm.cancel()
            child.kill()


# ----------------------------------------------------------------------------------------------------------


def _check_directory(path: Path) -> None:
    """Refuse a table of contents that would not fit into memory, before the library reads it whole."""
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - _END_SEARCHED))
        tail = file.read()
    if _END_64 in tail:
        raise FileRefused(Refusal.WORKBOOK_TOO_LARGE, file=path.name, what="parts", limit=MOST_ENTRIES)
    for start in (len(tail) - _END_SIZE, tail.rfind(_END)):
        if start >= 0 and tail.startswith(_END, start) and len(tail) >= start + _END_SIZE:
            size = int.from_bytes(tail[start + 12 : start + 16], "little")
            if size > MOST_DIRECTORY:
                raise FileRefused(Refusal.WORKBOOK_TOO_LARGE, file=path.name, what="parts", limit=MOST_ENTRIES)


def _check_names(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    """Refuse archives whose table of contents is not that of an honest workbook."""
    names = [entry.filename for entry in entries]
    if len(names) > MOST_ENTRIES:
        raise FileRefused(Refusal.WORKBOOK_TOO_LARGE, file=path.name, what="parts", limit=MOST_ENTRIES)
    folded = [name.casefold() for name in names]
    if "[content_types].xml" not in folded or not any(name.startswith("xl/") for name in folded):
        raise FileRefused(Refusal.WORKBOOK_BROKEN, file=path.name, why="no_workbook")
    if len(set(folded)) != len(folded):
        raise FileRefused(Refusal.WORKBOOK_UNSAFE, file=path.name, what="part_twice")
    for entry, name in zip(entries, folded, strict=True):
        if name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) or ":" in name:
            raise FileRefused(Refusal.WORKBOOK_UNSAFE, file=path.name, what="path")
        if "vbaproject" in name or "macrosheets" in name:
            raise FileRefused(Refusal.WORKBOOK_UNSAFE, file=path.name, what="macros")
        if entry.flag_bits & 0x1:
            raise FileRefused(Refusal.WORKBOOK_UNSAFE, file=path.name, what="encryption")


def _check_entry(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, total: int) -> int:
    """Unpack one part into nothing, counting what really comes out; give the running total."""
    extent = _Extent() if _SHEET.fullmatch(entry.filename) else None
    is_text = entry.filename.lower().endswith((".xml", ".rels", ".vml"))
    size, kept = 0, b""
    with archive.open(entry) as part:
        while piece := part.read(_PIECE):
            size += len(piece)
            if total + size > MOST_BYTES:
                raise FileRefused(Refusal.WORKBOOK_TOO_LARGE, file=path.name, what="bytes", limit=MOST_BYTES)
            if size > RATIO_FROM and size > MOST_RATIO * max(entry.compress_size, 1):
                raise FileRefused(Refusal.WORKBOOK_TOO_LARGE, file=path.name, what="packing", limit=MOST_RATIO)
            joined = kept + piece
            kept = joined[-_OVERLAP:]
            if is_text and _DOCTYPE.search(joined.replace(b"\x00", b"")):
                raise FileRefused(Refusal.WORKBOOK_UNSAFE, file=path.name, what="doctype")
            if extent is not None:
                extent.take_in(joined.replace(b"\x00", b""))
    if extent is not None:
        if extent.columns > MOST_COLUMNS:
            raise FileRefused(Refusal.WORKBOOK_TOO_LARGE, file=path.name, what="columns", limit=MOST_COLUMNS)
        if extent.columns * extent.rows > MOST_CELLS:
            raise FileRefused(Refusal.WORKBOOK_TOO_LARGE, file=path.name, what="cells", limit=MOST_CELLS)
    return total + size


def _column_number(letters: bytes) -> int:
    """Read a column's letters: A is 1, Z 26, AA 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
