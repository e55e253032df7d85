"""The way of one import: read and check the files into a spool, then stage, classify and merge in one transaction.

Reading needs no transaction and can be watched and cancelled at any row; the spool on disk keeps memory bounded however
long the files are. Only the merge holds locks, and it is all or nothing.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import IO

from sqlalchemy import Table, false, func, select

from db.reference import CalendarDay
from db.reference import RuleSet as RuleSetRow
from db.vocabulary import ImportKind
from services.access import Look, Work
from services.effective import calendar_around, policy_on
from services.intake import merge_orders, merge_ratings
from services.intake.corrections import CorrectionFile
from services.intake.names import Names, make_names, read_names
from services.intake.problems import FileRefused, Problem
from services.intake.profile import Profile
from services.intake.reading import RawFile, RawRow, open_file
from services.intake.rows import OrderRow, RatingRow, RowReader
from services.intake.staging import (
    ORDER_COLUMNS,
    RATING_COLUMNS,
    STAGED_ORDERS,
    STAGED_RATINGS,
    Rules,
    Staged,
    Stager,
    blocks,
)
from services.rules.ruleset import parse

PROBLEMS_KEPT = 10_000
"""Findings that are kept one by one; beyond that they are counted, and rejected rows are in the correction file."""

BATCH = 2_000
"""Rows between two signs of life."""


@dataclass(slots=True)
class Tally:
    """What is known of an import so far."""

    rows: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    warnings: int = 0
    problems: list[Problem] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)

    def take(self, found: Sequence[Problem]) -> None:
        """Count findings, and keep them as long as there is room."""
        for one in found:
            self.codes[one.code] += 1
            self.warnings += not one.rejects
        if room := PROBLEMS_KEPT - len(self.problems):
            self.problems += found[:room]


@dataclass(frozen=True, slots=True)
class References:
    """What the rows are judged by, read once; `own` is for the orders that answers make for themselves."""

    names: Names
    own: Names | None
    rules: Rules
    now: datetime

    def stager(self) -> Stager:
        """Give what turns rows into lines of a spool."""
        return Stager(self.names, self.rules, self.own)


@dataclass(frozen=True, slots=True)
class Intake:
    """One import on its way: the files with the names that people know them by, and the spools of good rows."""

    profile: Profile
    kind: ImportKind
    files: Sequence[tuple[Path, str]]
    references: References
    spool: IO[str]
    orders: IO[str]
    corrections: CorrectionFile
    tally: Tally


def read_references(look: Look, profile: Profile, kind: ImportKind) -> References:
    """Read the code lists, the rule sets and the calendar."""
    sets = [
        (row.effective_from, row.id, parse(row.document))
        for row in look.session.scalars(select(RuleSetRow).order_by(RuleSetRow.effective_from))
    ]
    first, last = look.session.execute(select(func.min(CalendarDay.day), func.max(CalendarDay.day))).one()
    calendar = calendar_around(look, first or date.min, last or date.min)
    part = profile.of(kind)
    own = read_names(look, profile.source, part.order) if part.order is not None else None
    return References(read_names(look, profile.source, part), own, Rules(sets, calendar), look.now)


@contextmanager
def begun(
    profile: Profile,
    kind: ImportKind,
    files: Sequence[tuple[Path, str]],
    references: References,
    corrections: Path,
) -> Iterator[Intake]:
    """Open the spools and the correction file of an import.

    The spools have no name in the file system, so that nothing is left behind, however the process ends.
    """
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n", dir=corrections.parent) as spool,
        tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n", dir=corrections.parent) as orders,
        CorrectionFile(corrections, header=profile.header) as rejected,
    ):
        yield Intake(profile, kind, files, references, spool, orders, rejected, Tally())


def read_rows(intake: Intake) -> Iterator[int]:
    """Read every row of every file into the spool; yields the number of rows now and then."""
    stager, tally = intake.references.stager(), intake.tally
    for columns, raw, made, problems in parsed(intake.files, intake.profile, intake.kind, intake.references.now):
        tally.rows += 1
        staged = stager.stage(made) if made is not None else Staged(None, [])
        problems += staged.problems
        tally.take(problems)
        if staged.line is None:
            tally.rejected += 1
            intake.corrections.add(columns, raw, problems)
        else:
            intake.spool.write(staged.line)
            intake.orders.write(staged.order or "")
        if tally.rows % BATCH == 0:
            yield tally.rows
    yield tally.rows


def parsed(
    files: Sequence[tuple[Path, str]], profile: Profile, kind: ImportKind, now: datetime
) -> Iterator[tuple[tuple[str, ...], RawRow, OrderRow | RatingRow | None, list[Problem]]]:
    """Give every row of every file with what it says and what is wrong with it; several files are numbered through."""
    seen: set[str] = set()
    offset = 0
    for file in files:
        raw_file = opened(file, profile, kind)
        reader = RowReader(profile, kind, raw_file.columns, now, seen)
        last = 0
        try:
            for raw in raw_file.rows:
                last = raw.number
                numbered = RawRow(offset + raw.number, raw.cells, raw.broken)
                made, problems = reader.read(numbered)
                yield raw_file.columns, numbered, made, problems
        except FileRefused as refusal:
            raise _named(refusal, file) from None
        offset += last


def opened(file: tuple[Path, str], profile: Profile, kind: ImportKind) -> RawFile:
    """Open a file, and name it in a refusal as people know it."""
    try:
        return open_file(file[0], profile, kind)
    except FileRefused as refusal:
        raise _named(refusal, file) from None


def classify(work: Work, intake: Intake, *, holding: bool, import_id: int | None = None) -> None:
    """Copy the spool into a temporary table and count what would become of it; with `holding`, for writing it next.

    The orders that answers make for themselves are written here, so that each answer finds its own; a trial takes them
    back with its transaction.
    """
    tally, source = intake.tally, intake.profile.source
    names, own = intake.references.names, intake.references.own
    merge_orders.prepare(work)
    if intake.kind == ImportKind.ORDERS:
        _copy(work, source, names, intake.spool, STAGED_ORDERS)
        counts = merge_orders.classify(work, source, holding=holding)
        warned, notes = merge_orders.notes(work, PROBLEMS_KEPT)
        tally.take(notes)
        tally.warnings += warned - len(notes)
    else:
        if own is not None:
            _copy(work, source, own, intake.orders, STAGED_ORDERS)
            merge_orders.classify(work, source, holding=holding)
            merge_orders.merge(work, source, import_id, false())
        _copy(work, source, names, intake.spool, STAGED_RATINGS)
        rules = intake.references.rules
        counts = merge_ratings.classify_ratings(work, source, rules, names.part.scale, holding=holding)
        refused = merge_ratings.refusals(work)
        tally.take(refused)
        tally.rejected += len(refused)
        _correct(intake, refused)
    tally.inserted, tally.updated, tally.unchanged = counts.inserted, counts.updated, counts.unchanged


def merge(work: Work, intake: Intake, import_id: int) -> None:
    """Write what the classification found to be new."""
    if intake.kind == ImportKind.RATINGS:
        merge_ratings.merge_ratings(work, import_id)
        return
    source, rules = intake.profile.source, intake.references.rules.on(work.today)
    asks = rules is not None and rules[1].call_unrated.value
    called = merge_orders.in_share(source, policy_on(work, work.today).policy) if asks else false()
    merge_orders.merge(work, source, import_id, called)


# ----------------------------------------------------------------------------------------------------------------------


def _copy(work: Work, source: str, names: Names, spool: IO[str], table: Table) -> None:
    """Make the rows of code lists that are needed, then copy the spool with their ids."""
    columns, ids = (ORDER_COLUMNS, range(2, 7)) if table is STAGED_ORDERS else (RATING_COLUMNS, range(2, 3))
    wanted: set[int] = set()
    spool.seek(0)
    for line in spool:
        cells = line.split("\t", ids.stop)
        wanted.update(int(cells[at]) for at in ids if cells[at][0] == "-")
    real = make_names(work, names, source, wanted)
    merge_orders.make_staging(work, table)
    work.copy_in(table, columns, blocks(spool, real, ids))
    merge_orders.index_staging(work, table)


def _correct(intake: Intake, refused: Sequence[Problem]) -> None:
    """Write the rows that only the stored orders refused into the correction file, reading the files again."""
    wanted = {one.row: one for one in refused}
    if wanted:
        for columns, raw, _, _ in parsed(intake.files, intake.profile, intake.kind, intake.references.now):
            if raw.number in wanted:
                intake.corrections.add(columns, raw, [wanted[raw.number]])


def _named(refusal: FileRefused, file: tuple[Path, str]) -> FileRefused:
    """Give the refusal with the file's own name instead of the one it is stored under."""
    facts = dict(refusal.facts)
    if facts.get("file") == file[0].name:
        facts["file"] = file[1]
    return FileRefused(refusal.why, **facts)
