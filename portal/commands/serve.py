"""`python -m portal serve`: open the portal."""

import click

from db.vocabulary import InstallationKind
from portal import app, runtime, telephony
from portal.options import streamlit_options
from portal.words import say
from services import demo as demo_rows
from services import setup
from services.environment import Environment, Settings
from services.errors import PortalError
from services.installation import as_system, kind_of, opened


@click.command(help=say("command.serve.help"))
@click.option("--demo", is_flag=True, help=say("command.serve.demo"))
@click.option("--port", type=click.IntRange(1, 65535), help=say("command.serve.port"))
def command(demo: bool, port: int | None) -> None:
    """Start the server on the settings' database, and stay until it is told to stop."""
    settings = Settings.read()
    telephony.check()
    if demo:
        refuse_server(settings)
    else:
        runtime.check_secrets()
    options = streamlit_options(demo=demo, port=port)
    with opened(settings, migrated=demo) as environment:
        if demo:
            prepare_demonstration(environment)
            refuse_real_orders(environment)
        runtime.start(environment, demo=demo)
        click.echo(say("command.serve.open", address=f"http://{options['server.address']}:{options['server.port']}"))
        app.build(demo=demo).run(config=options)


def prepare_demonstration(environment: Environment) -> None:
    """Load the reference rows, fill an empty database with a made-up year, and say who can sign in."""
    access = as_system(environment)
    setup.load_reference(access)
    click.echo(say("command.serve.preparing"))
    filled = demo_rows.fill(demo_rows.Wanted(orders=5000, seed=1), access, if_empty=True)
    if filled.sign_ins:
        click.echo(say("command.demo.sign_ins", people=", ".join(filled.sign_ins)))


def refuse_server(settings: Settings) -> None:
    """The demonstration runs on the embedded database and on no other; raises PortalError."""
    if settings.database_url is not None:
        raise PortalError("error.demo_on_server")


def refuse_real_orders(environment: Environment) -> None:
    """The demonstration runs on a database that says it is one, and on no other; raises PortalError."""
    if kind_of(as_system(environment)) != InstallationKind.DEMO:
        raise PortalError("error.demo_on_production")
