"""What was asked wrongly on the command line, in the reader's language: the parser's own words are English only."""

import re

import click

from portal.words import say


def worded(wrong: click.ClickException) -> str:
    """Return the refusal as one sentence."""
    if isinstance(wrong, click.NoSuchOption):
        return say("command.no_such", name=wrong.option_name)
    if isinstance(wrong, click.exceptions.NoSuchCommand):
        return say("command.no_such", name=wrong.command_name)
    if isinstance(wrong, click.MissingParameter):
        return say("command.missing", name=_name(wrong))
    if isinstance(wrong, click.BadParameter) and _name(wrong):
        return say("command.bad_value", name=_name(wrong), why=_why(wrong))
    return wrong.format_message()


# ---------------------------------------------------------------------------------------------------------------------


def _name(wrong: click.BadParameter) -> str:
    hint = wrong.param_hint
    if hint is None and wrong.param is not None:
        hint = wrong.param.get_error_hint(wrong.ctx)
    return (hint if isinstance(hint, str) else " / ".join(hint or ())).replace("'", "")


def _why(wrong: click.BadParameter) -> str:
    """Return what would be right, where the kind of the value says it; else what whoever refused it said."""
    kind = wrong.param.type if wrong.param is not None else None
    value = _value(wrong.message)
    if isinstance(kind, click.Choice):
        return say("command.one_of", value=value, choices=", ".join(str(one) for one in kind.choices))
    if isinstance(kind, click.IntRange):
        return say("command.between", value=value, least=kind.min, most=kind.max)
    if isinstance(kind, type(click.INT)):
        return say("command.whole_number", value=value)
    if isinstance(kind, click.DateTime):
        return say("command.a_day", value=value)
    if isinstance(kind, click.Path):
        return say("command.no_file", value=value)
    return wrong.message


def _value(message: str) -> str:
    """Return the value that a sentence of the parser is about: what it quotes first, or begins with."""
    quoted = re.search(r"'([^']*)'", message)
    return quoted.group(1) if quoted else message.split()[0]
