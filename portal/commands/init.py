"""`python -m portal init`: bring the database to the newest schema and store the reference rows."""

import json

import click

from db.vocabulary import InstallationKind
from portal.words import say
from services import setup
from services.environment import Settings
from services.errors import PortalError
from services.installation import as_system, declare, opened


@click.command(help=say("command.init.help"))
@click.option("--production", is_flag=True, help=say("command.init.production"))
@click.option("--json", "as_json", is_flag=True, help=say("command.json"))
def command(production: bool, as_json: bool) -> None:
    """Migrate, load what is missing of the reference rows, and say what was done."""
    with opened(Settings.read(), migrated=True) as environment:
        access = as_system(environment)
        prepared = setup.load_reference(access)
        kind = declare(access, kind=InstallationKind.PRODUCTION) if production else None
    if kind == InstallationKind.DEMO:
        raise PortalError("error.production_on_demo")
    rows = {name: count for name, count in prepared.rows.items() if count}
    if as_json:
        click.echo(json.dumps({"rows": rows, "kind": kind}, ensure_ascii=False))
    elif rows:
        click.echo(say("command.init.done", n=sum(rows.values())))
    else:
        click.echo(say("command.init.nothing"))
    if kind is not None and not as_json:
        click.echo(say("command.init.marked"))
