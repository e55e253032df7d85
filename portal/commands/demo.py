"""`python -m portal demo`: fill an empty database with one year of made-up orders."""

import json
from datetime import datetime

import click

from portal.words import day, say
from services import demo
from services.environment import Settings
from services.errors import Invalid, PortalError
from services.installation import as_system, opened

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command(help=say("command.demo.help"))
@click.option("--orders", type=click.IntRange(1, demo.MOST), default=5000, help=say("command.demo.orders"))
@click.option("--seed", type=int, default=1, help=say("command.demo.seed"))
@click.option("--until", type=_DAY, metavar="YYYY-MM-DD", help=say("command.demo.until"))
@click.option("--if-empty", is_flag=True, help=say("command.demo.if_empty"))
@click.option("--json", "as_json", is_flag=True, help=say("command.json"))
def command(orders: int, seed: int, until: datetime | None, if_empty: bool, as_json: bool) -> None:
    """Fill the database, and say what was written and who can sign in."""
    wanted = demo.Wanted(orders, seed, until.date() if until else None)
    with opened(Settings.read()) as environment:
        try:
            filled = demo.fill(wanted, as_system(environment), if_empty=if_empty)
        except Invalid as wrong:
            raise PortalError(f"command.demo.{next(iter(wrong.problems.values()))}") from wrong
    if as_json:
        click.echo(json.dumps(_plain(filled), ensure_ascii=False))
        return
    if filled.orders:
        days = {"first": day(filled.first), "last": day(filled.last), "flood": day(filled.flood)}
        click.echo(say("command.demo.done", n=filled.orders, **days))
    else:
        click.echo(say("command.demo.nothing"))
    click.echo(say("command.demo.sign_ins", people=", ".join(filled.sign_ins)))


# ---------------------------------------------------------------------------------------------------------------------


def _plain(filled: demo.Filled) -> dict[str, object]:
    return {
        "orders": filled.orders,
        "people": filled.people,
        "first": filled.first.isoformat() if filled.first else None,
        "last": filled.last.isoformat() if filled.last else None,
        "flood": filled.flood.isoformat() if filled.flood else None,
        "sign_ins": list(filled.sign_ins),
    }
