"""What an import answers: frozen shapes for screens, the command line and the database."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, BinaryIO

from db.vocabulary import ImportKind, JobState
from services.errors import Fact
from services.intake.problems import Problem
from services.intake.profile import FileFormat


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file on its way in: the name that people know it by, and its bytes."""

    name: str
    content: BinaryIO


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did, or would have done."""

    rows: int
    inserted: int
    updated: int
    unchanged: int
    rejected: int
    warnings: int
    problems: tuple[Problem, ...]

    def as_json(self) -> dict[str, Any]:
        """Give the report as the command line prints it and the database keeps it."""
        counts = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "problems"}
        found = [{"row": p.row, "field": p.field, "code": p.code.value, "value": p.value} for p in self.problems]
        return counts | {"problems": found}


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """One row of a preview: what was understood, field by field, and what is wrong with it."""

    row: int
    values: tuple[tuple[str, str | datetime | bool | None], ...]
    problems: tuple[Problem, ...]
    rejected: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of a file as an import would take them."""

    format: FileFormat
    columns: tuple[str, ...]
    lines: tuple[PreviewLine, ...]


@dataclass(frozen=True, slots=True)
class Started:
    """An import that waits for its turn."""

    import_id: int
    repeated: bool


@dataclass(frozen=True, slots=True)
class Step:
    """How far an import is: rows read, and the rows that there will be, where that can be told."""

    done: int
    total: int | None
    merging: bool = False


@dataclass(frozen=True, slots=True)
class ImportStatus:
    """One import as a screen shows it."""

    id: int
    kind: ImportKind
    profile: str
    file_name: str
    state: JobState
    progress: int
    total: int | None
    cancel_requested: bool
    report: Mapping[str, Any] | None
    error: str | None
    facts: Mapping[str, Fact]
    started_by: str | None
    started_at: datetime
    finished_at: datetime | None
    has_corrections: bool


@dataclass(frozen=True, slots=True)
class ProblemLine:
    """One kept finding of an import."""

    id: int
    row: int
    field: str
    code: str
    value: str
    rejected: bool
