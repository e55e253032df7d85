"""`python -m portal COMMAND`: the command line."""

import importlib
import os
import sys
from collections.abc import Mapping

import click

from portal import words
from portal.commands import refusals
from portal.words import say
from services.errors import Invalid, PortalError

COMMANDS: Mapping[str, str] = {
    "serve": "portal.commands.serve",
    "init": "portal.commands.init",
    "import": "portal.commands.import_file",
    "demo": "portal.commands.demo",
    "score": "portal.commands.score",
    "people": "portal.commands.people",
}
"""Each command and the module that holds it, in a variable named `command`."""


class Commands(click.Group):
    """Loads a command only when it is asked for, so that one command does not wait for what another needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
        return command


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code. What was asked wrongly is answered in one line, with exit code 2."""
    with words.speaking(_terminal_language()):
        group = Commands(name="portal", help=say("command.help"), context_settings={"max_content_width": 100})
        try:
            result = group.main(arguments, prog_name="python -m portal", standalone_mode=False)
        except click.exceptions.NoArgsIsHelpError as asked:
            click.echo(asked.format_message())
            return 2
        except click.ClickException as wrong:
            return _complain(refusals.worded(wrong))
        except PortalError as refusal:
            return _complain(_worded(refusal))
        except click.Abort:
            return 130
        return result if isinstance(result, int) else 0


# ---------------------------------------------------------------------------------------------------------------------


def _terminal_language() -> str:
    """English where the terminal asks for it by its locale, else Chinese."""
    wanted = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "en" if wanted.startswith("en") else words.DEFAULT_LANGUAGE


def _worded(refusal: PortalError) -> str:
    problems = refusal.problems if isinstance(refusal, Invalid) else {}
    named = [f"{say(f'field.{field}')} — {say(f'problem.{code}')}" for field, code in problems.items()]
    return "; ".join(named) or say(refusal.code, **refusal.facts)


def _complain(message: str) -> int:
    click.echo(say("command.wrong", what=" ".join(message.split())), err=True)
    return 2


if __name__ == "__main__":
    sys.exit(main())
