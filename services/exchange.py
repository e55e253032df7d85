"""Orders and ratings in: preview, start, run, watch and cancel an import, and fetch what it could not take."""

import json
import shutil
import tempfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, or_, select

from db.people import Person
from db.records import Import, ImportProblem
from db.vocabulary import Event, ImportKind, JobState
from services.access import Access, Look
from services.errors import Fact, PortalError
from services.intake import run
from services.intake.corrections import template_csv, template_xlsx
from services.intake.profile import FileFormat
from services.intake.profile_file import SHIPPED, load_profile, shipped_profiles
from services.intake.reading import UPLOAD_LIMIT
from services.intake.rows import OrderRow, RatingRow
from services.intake.uploads import estimate_rows, held, store_files, stored_name
from services.intake.views import ImportStatus, Incoming, Preview, PreviewLine, ProblemLine, Report, Started, Step
from services.rules.permissions import Permission

PROBLEMS_REPORTED = 1_000
"""Findings that a report lists; all of them are in `problem_rows` and, where rejected, in the correction file."""

ABANDONED = timedelta(minutes=15)
"""After this long without a sign of life a running import is taken up again; running it twice changes nothing."""

_REJECTED = "rejected.csv"


class Cancelled(PortalError):
    """The import was cancelled before it wrote anything."""

    code = "error.import.cancelled"


def preview_import(
    access: Access, *, files: Sequence[Incoming], profile: str, kind: ImportKind, rows: int = 20
) -> Preview:
    """Read the first rows as an import would, without storing anything; raises FileRefused."""
    chosen = load_profile(profile)
    with access.read(Permission.IMPORT_VIEW) as look, tempfile.TemporaryDirectory() as folder:
        stored, _ = store_files(Path(folder), files, UPLOAD_LIMIT)
        stager = run.read_references(look, chosen, kind).stager()
        first = run.opened(stored[0], chosen, kind)
        lines: list[PreviewLine] = []
        for _, raw, made, problems in run.parsed(stored, chosen, kind, look.now):
            if len(lines) == rows:
                break
            if made is not None:
                problems += stager.stage(made).problems
            rejected = made is None or any(found.rejects for found in problems)
            lines.append(PreviewLine(raw.number, _values(made), tuple(problems), rejected))
        return Preview(first.format, first.columns, tuple(lines))


def try_import(
    access: Access, *, files: Sequence[Incoming], profile: str, kind: ImportKind, limit: int = UPLOAD_LIMIT
) -> Report:
    """Do everything that an import does and take it back: the report is the one that the import would give."""
    chosen = load_profile(profile)
    report: Report | None = None
    with tempfile.TemporaryDirectory() as folder:
        stored, _ = store_files(Path(folder), files, limit)
        references = import_references(access, profile, kind)
        with run.begun(chosen, kind, stored, references, Path(folder) / _REJECTED) as intake:
            for _ in run.read_rows(intake):
                pass
            try:
                with access.write(Permission.ORDER_IMPORT) as work:
                    run.classify(work, intake, holding=False)
                    report = _report(intake.tally)
                    raise _TakenBack
            except _TakenBack:
                pass
    assert report is not None
    return report


def start_import(
    access: Access,
    *,
    files: Sequence[Incoming],
    profile: str,
    kind: ImportKind,
    request_id: str,
    limit: int = UPLOAD_LIMIT,
) -> Started:
    """Keep the files under a random name and queue their import; raises FileRefused."""
    chosen = load_profile(profile)
    chosen.of(kind)
    folder = _imports(access) / access.environment.new_id()
    folder.mkdir(mode=0o700)
    kept = False
    try:
        stored, digest = store_files(folder, files, limit)
        (folder / "names.json").write_text(json.dumps([name for _, name in stored]), "utf-8")
        source = SHIPPED / f"{profile}.toml" if profile in shipped_profiles() else Path(profile)
        shutil.copyfile(source, folder / "profile.toml")
        run.opened(stored[0], chosen, kind)
        with access.write(Permission.ORDER_IMPORT) as work:
            if access.actor.id is not None:
                work.lock(Person, access.actor.id)  # The second of two clicks at once waits here, and finds the first.
            if (earlier := work.already(Import, request_id)) is not None:
                return Started(earlier.id, True)
            row = work.add(
                Import(
                    kind=kind,
                    profile=chosen.name[:80],
                    file_name=", ".join(name for _, name in stored)[:200],
                    stored_as=folder.name,
                    file_sha256=digest,
                    state=JobState.QUEUED,
                    total=estimate_rows(stored),
                    started_by=access.actor.id,
                    started_at=work.now,
                    request_id=request_id,
                )
            )
            facts: dict[str, Fact] = {"kind": kind.value, "profile": chosen.name, "sha256": digest}
            work.record(Event.IMPORT_STARTED, row, after=facts, request_id=request_id)
            started = Started(row.id, False)
        kept = True
        return started
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


def run_import(access: Access, *, import_id: int) -> Generator[Step]:
    """Carry an import out, step by step; whoever walks through the steps decides about the pace.

    A refusal of the file ends it as failed, a cancel request before the merge as cancelled; neither raises. Anything
    else that goes wrong is kept as failed too, and raised. An import that another walker holds is left to it; one whose
    walker closes the walk before the merge waits again, with its files.
    """
    with access.read(Permission.IMPORT_VIEW) as look:
        row = look.one(Import, import_id)
        folder, kind, total = _imports(access) / str(row.stored_as), row.kind, row.total
    with held(folder) as free:
        if not free or not claim_import(access, import_id):
            return
        try:
            yield from _carry_out(access, import_id, folder, kind, total)
        except GeneratorExit:
            put_back_import(access, import_id)
            raise
        except Cancelled:
            end_import(access, import_id, JobState.CANCELLED, Event.IMPORT_CANCELLED, {})
        except PortalError as refusal:
            told: dict[str, Any] = {"error": refusal.code, "facts": refusal.facts}
            end_import(access, import_id, JobState.FAILED, Event.IMPORT_FAILED, told)
        except Exception:
            told = {"error": "error.unexpected", "facts": {}}
            end_import(access, import_id, JobState.FAILED, Event.IMPORT_FAILED, told)
            raise
        _clear(folder)


def recover_imports(access: Access) -> tuple[int, ...]:
    """Let imports wait again whose process ended while it carried them out: they run, and nobody holds their files."""
    with access.write(Permission.ORDER_IMPORT) as work:
        work.repeated = True  # What was started is carried out later; nobody decided anything.
        running = select(Import).where(Import.state == JobState.RUNNING).with_for_update(skip_locked=True)
        recovered = []
        for row in work.session.scalars(running):
            with held(_imports(access) / str(row.stored_as)) as free:
                if free:
                    row.state, row.progress, row.heartbeat_at = JobState.QUEUED, 0, None
                    recovered.append(row.id)
        return tuple(recovered)


def cancel_import(access: Access, *, import_id: int) -> ImportStatus:
    """Ask for an import to stop; one that waits stops at once, one that runs before it merges."""
    with access.write(Permission.ORDER_IMPORT) as work:
        row = work.lock(Import, import_id)
        if row.state in (JobState.QUEUED, JobState.RUNNING) and not row.cancel_requested:
            row.cancel_requested = True
            if row.state == JobState.QUEUED:
                row.state, row.finished_at = JobState.CANCELLED, work.now
                shutil.rmtree(_imports(access) / str(row.stored_as), ignore_errors=True)
            work.record(Event.IMPORT_CANCELLED, row)
        else:
            work.repeated = True
        return _status(access, work, row)


def import_status(access: Access, *, import_id: int) -> ImportStatus:
    """Show one import."""
    with access.read(Permission.IMPORT_VIEW) as look:
        return _status(access, look, look.one(Import, import_id))


def recent_imports(access: Access, *, limit: int = 20) -> tuple[ImportStatus, ...]:
    """Show the latest imports, newest first."""
    with access.read(Permission.IMPORT_VIEW) as look:
        rows = look.session.scalars(select(Import).order_by(Import.id.desc()).limit(limit)).all()
        return tuple(_status(access, look, row) for row in rows)


def waiting_imports(access: Access) -> tuple[int, ...]:
    """Name the imports that want a runner: queued ones, and running ones that gave no sign of life for long."""
    with access.read(Permission.IMPORT_VIEW) as look:
        silent = (Import.state == JobState.RUNNING) & (Import.heartbeat_at < look.now - ABANDONED)
        wanted = select(Import.id).where(or_(Import.state == JobState.QUEUED, silent)).order_by(Import.id)
        return tuple(look.session.scalars(wanted))


def problem_rows(access: Access, *, import_id: int, after: int = 0, limit: int = 100) -> tuple[ProblemLine, ...]:
    """Page through the findings of an import; `after` is the id of the last one seen."""
    with access.read(Permission.IMPORT_VIEW) as look:
        found = select(ImportProblem).where(ImportProblem.import_id == import_id, ImportProblem.id > after)
        rows = look.session.scalars(found.order_by(ImportProblem.id).limit(limit))
        return tuple(ProblemLine(r.id, r.row, r.field, r.code, r.value or "", r.rejected) for r in rows)


def rejected_rows(access: Access, *, import_id: int) -> bytes:
    """Give the rejected rows as CSV, ready to be corrected and imported again; empty where there are none."""
    with access.read(Permission.IMPORT_VIEW) as look:
        path = _imports(access) / str(look.one(Import, import_id).stored_as) / _REJECTED
        return path.read_bytes() if path.is_file() else b""


def read_template(access: Access, *, kind: ImportKind, form: FileFormat) -> bytes:
    """Give the empty template of our own profile, as CSV or as a workbook."""
    with access.read(Permission.IMPORT_VIEW):
        profile = load_profile("huixiang")
        return template_xlsx(profile, kind) if form == FileFormat.XLSX else template_csv(profile, kind)


# The steps of a running import ----------------------------------------------------------------------------------------


def store_import(access: Access, import_id: int, intake: run.Intake) -> None:
    """Merge, and end the import, in one transaction; raises Cancelled."""
    with access.write(Permission.ORDER_IMPORT) as work:
        run.classify(work, intake, holding=True, import_id=import_id)
        row = work.lock(Import, import_id)
        if row.cancel_requested or row.state != JobState.RUNNING:
            raise Cancelled
        run.merge(work, intake, import_id)
        tally = intake.tally
        report = _report(tally)
        if tally.problems:
            work.session.execute(
                insert(ImportProblem),
                [
                    {"import_id": import_id, "row": p.row, "field": p.field, "code": p.code, "value": p.value[:200],
                     "rejected": p.rejects}
                    for p in tally.problems
                ],
            )  # fmt: skip
        row.state, row.finished_at, row.heartbeat_at = JobState.DONE, work.now, work.now
        row.progress = row.total = tally.rows
        row.report = report.as_json()
        event = Event.ORDERS_IMPORTED if intake.kind == ImportKind.ORDERS else Event.RATINGS_IMPORTED
        counts: dict[str, Fact] = {name: value for name, value in report.as_json().items() if name != "problems"}
        work.record(event, row, after=counts | {"started_by": row.started_by})


def claim_import(access: Access, import_id: int) -> bool:
    """Take a waiting or abandoned import; says no where it is somebody else's or over."""
    with access.write(Permission.ORDER_IMPORT) as work:
        row = work.lock(Import, import_id)
        work.repeated = True  # Taking up work that was recorded when it was started is no event of its own.
        silent = row.heartbeat_at is not None and row.heartbeat_at < work.now - ABANDONED
        if row.state != JobState.QUEUED and not (row.state == JobState.RUNNING and silent):
            return False
        row.state, row.heartbeat_at = JobState.RUNNING, work.now
        return True


def put_back_import(access: Access, import_id: int) -> None:
    """Let an import that was put down wait for its turn again."""
    with access.write(Permission.ORDER_IMPORT) as work:
        row = work.lock(Import, import_id)
        work.repeated = True  # Nobody decided anything: the import is where it was when it was started.
        if row.state == JobState.RUNNING:
            row.state, row.progress, row.heartbeat_at = JobState.QUEUED, 0, None


def note_progress(access: Access, import_id: int, done: int) -> None:
    """Leave a sign of life; raises Cancelled where somebody asked for an end."""
    with access.write(Permission.ORDER_IMPORT) as work:
        row = work.lock(Import, import_id)
        work.repeated = True  # A sign of life changes nothing that anybody decided.
        row.progress, row.heartbeat_at = done, work.now
        stop = row.cancel_requested
    if stop:
        raise Cancelled


def end_import(access: Access, import_id: int, state: JobState, event: Event, report: dict[str, Any]) -> None:
    """Close an import that wrote nothing."""
    with access.write(Permission.ORDER_IMPORT) as work:
        row = work.lock(Import, import_id)
        row.state, row.finished_at, row.report = state, work.now, report or None
        work.record(event, row, after={"error": report["error"]} if report else {})


def import_references(access: Access, profile: str, kind: ImportKind) -> run.References:
    """Return what the names of a file are looked up in; raises FileRefused for a profile that cannot be used."""
    with access.read(Permission.IMPORT_VIEW) as look:
        return run.read_references(look, load_profile(profile), kind)


# ----------------------------------------------------------------------------------------------------------------------


class _TakenBack(Exception):
    """Leaves the transaction of a trial."""


def _carry_out(access: Access, import_id: int, folder: Path, kind: ImportKind, total: int | None) -> Iterator[Step]:
    """Read, stage and merge."""
    profile = str(folder / "profile.toml")
    chosen = load_profile(profile)
    names = json.loads((folder / "names.json").read_text("utf-8"))
    files = [(folder / stored_name(position), name) for position, name in enumerate(names)]
    with run.begun(chosen, kind, files, import_references(access, profile, kind), folder / _REJECTED) as intake:
        for done in run.read_rows(intake):
            note_progress(access, import_id, done)
            yield Step(done, total)
        yield Step(intake.tally.rows, intake.tally.rows, merging=True)
        store_import(access, import_id, intake)


def _report(tally: run.Tally) -> Report:
    return Report(tally.rows, tally.inserted, tally.updated, tally.unchanged, tally.rejected, tally.warnings,
                  tuple(tally.problems[:PROBLEMS_REPORTED]))  # fmt: skip


def _imports(access: Access) -> Path:
    """The folder of uploads, which only the portal's own account may open."""
    folder = access.environment.data / "imports"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _clear(folder: Path) -> None:
    """Delete what was sent in: once an import is over, only its rejected rows are still needed."""
    for path in folder.iterdir():
        if path.name != _REJECTED:
            path.unlink()
    if not any(folder.iterdir()):
        folder.rmdir()


def _in_order(report: Mapping[str, Any]) -> dict[str, Any]:
    """Give a stored report with its keys in the order in which they are read; the database sorts them its own way."""
    found = [{name: one[name] for name in ("row", "field", "code", "value")} for one in report["problems"]]
    return {one.name: report[one.name] for one in fields(Report)} | {"problems": found}


def _values(made: object) -> tuple[tuple[str, str | datetime | bool | None], ...]:
    """Lay a row out by field; levels are written one behind the other."""
    if not isinstance(made, OrderRow | RatingRow):
        return ()
    found = {one.name: getattr(made, one.name) for one in fields(made) if one.name not in ("row", "answers", "order")}
    found |= made.answers if isinstance(made, RatingRow) else {}
    return tuple((name, " / ".join(value) if isinstance(value, tuple) else value) for name, value in found.items())


def _status(access: Access, look: Look, row: Import) -> ImportStatus:
    """Show an import with the name of the person who started it."""
    person = look.session.get(Person, row.started_by) if row.started_by is not None else None
    report = row.report or {}
    return ImportStatus(
        id=row.id, kind=row.kind, profile=row.profile, file_name=row.file_name, state=row.state, progress=row.progress,
        total=row.total, cancel_requested=row.cancel_requested, report=_in_order(report) if "rows" in report else None,
        error=report.get("error"), facts=report.get("facts", {}), started_by=person.name if person else None,
        started_at=row.started_at, finished_at=row.finished_at,
        has_corrections=(_imports(access) / str(row.stored_as) / _REJECTED).is_file(),
    )  # fmt: skip
