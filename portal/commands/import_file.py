"""`python -m portal import`: take orders or ratings in from files."""

import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from db.vocabulary import ImportKind
from portal.import_tables import field_name
from portal.words import say
from services import exchange
from services.access import Access
from services.environment import Settings
from services.errors import PortalError
from services.installation import as_system, opened
from services.intake.reading import UPLOAD_LIMIT, list_files
from services.intake.views import Incoming

_KINDS = tuple(kind.value for kind in ImportKind)
_MEGABYTE = 1024 * 1024
_PROBLEMS_TOLD = 20
_COUNTS = ("rows", "inserted", "updated", "unchanged", "rejected", "warnings")


@click.command(help=say("command.import.help"))
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--profile", required=True, metavar="NAME", help=say("command.import.profile"))
@click.option(
    "--kind", type=click.Choice([k.value for k in ImportKind]), default="orders", help=say("command.import.kind")
)
@click.option("--dry-run", is_flag=True, help=say("command.import.dry_run"))
@click.option("--rejected", type=click.Path(path_type=Path, dir_okay=False), help=say("command.import.rejected"))
@click.option(
    "--limit",
    type=click.IntRange(1, 4096),
    default=UPLOAD_LIMIT // _MEGABYTE,
    metavar="MB",
    help=say("command.import.limit"),
)
@click.option("--json", "as_json", is_flag=True, help=say("command.json"))
def command(
    paths: Sequence[Path], profile: str, kind: str, dry_run: bool, rejected: Path | None, limit: int, as_json: bool
) -> None:
    """Import the files as one, and report; a trial tells what the import would do and takes everything back."""
    files = list_files(paths, limit * _MEGABYTE)
    of, room = ImportKind(kind), limit * _MEGABYTE
    with opened(Settings.read()) as environment, ExitStack() as stack:
        access = as_system(environment)
        incoming = [Incoming(path.name, stack.enter_context(path.open("rb"))) for path in files]
        if dry_run:
            report = exchange.try_import(access, files=incoming, profile=profile, kind=of, limit=room).as_json()
        else:
            report = _import(access, incoming, profile, of, room, rejected)
    click.echo(json.dumps(report, ensure_ascii=False)) if as_json else _tell(report, dry_run)


# ---------------------------------------------------------------------------------------------------------------------


def _import(
    access: Access, files: Sequence[Incoming], profile: str, kind: ImportKind, limit: int, rejected: Path | None
) -> dict[str, Any]:
    """Carry an import out and give its report; raises the refusal that ended it."""
    request = access.environment.new_id()
    started = exchange.start_import(access, files=files, profile=profile, kind=kind, request_id=request, limit=limit)
    watched = sys.stderr.isatty()
    for step in exchange.run_import(access, import_id=started.import_id):
        if watched:
            click.echo("\r" + say("command.import.progress", n=step.done), nl=step.merging, err=True)
    status = exchange.import_status(access, import_id=started.import_id)
    if status.report is None:
        raise PortalError(status.error or exchange.Cancelled.code, **status.facts)
    if rejected is not None and (rows := exchange.rejected_rows(access, import_id=started.import_id)):
        rejected.write_bytes(rows)
    return dict(status.report)


def _tell(report: dict[str, Any], dry_run: bool) -> None:
    """Say what happened, and what to do about the first problems."""
    click.echo(say("command.import.tried" if dry_run else "command.import.done", **{k: report[k] for k in _COUNTS}))
    problems = report["problems"]
    for found in problems[:_PROBLEMS_TOLD]:
        facts = {
            "row": found["row"],
            "field": field_name(found["field"]),
            "problem": say(f"exchange.problem.{found['code']}"),
            "value": found["value"],
            "remedy": say(f"exchange.remedy.{found['code']}"),
        }
        click.echo(say("command.import.problem", **facts))
    if len(problems) > _PROBLEMS_TOLD:
        click.echo(say("command.import.more", n=len(problems) - _PROBLEMS_TOLD))
