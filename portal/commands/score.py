"""`python -m portal score`: the scores of the departments, and a recount of everything that they rest on."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta

import click

from portal.words import NOTHING, name, number, say
from services import callback_counters, scores
from services.callback_counters import CounterCheck
from services.environment import Settings
from services.installation import as_system, opened
from services.scores import Basis, Figure, Score, ScoreFilter, ScoreTable, Verification


@click.command(help=say("command.score.help"))
@click.option("--from", "first", metavar="YYYY-MM", help=say("command.score.from"))
@click.option("--to", "last", metavar="YYYY-MM", help=say("command.score.to"))
@click.option("--group", metavar="CODE", help=say("command.score.group"))
@click.option("--type", "order_type", metavar="CODE", help=say("command.score.type"))
@click.option("--below", is_flag=True, help=say("command.score.below"))
@click.option("--verify", is_flag=True, help=say("command.score.verify"))
@click.option("--json", "as_json", is_flag=True, help=say("command.json"))
def command(
    first: str | None,
    last: str | None,
    group: str | None,
    order_type: str | None,
    below: bool,
    verify: bool,
    as_json: bool,
) -> int:
    """Print one line a department; with --verify count all orders again, and answer 1 where a count differs."""
    begin, end = _month(first, "--from"), _month(last, "--to")
    with opened(Settings.read()) as environment:
        access = as_system(environment)
        if verify:
            found, counters = scores.verify(access), callback_counters.verify_counters(access)
            _report_verification(found, counters, as_json)
            return 1 if found.differences or counters.differences else 0
        offered = scores.choices(access)
        _refuse_unknown(group, offered.groups, "--group")
        _refuse_unknown(order_type, [one.code for one in offered.order_types], "--type")
        if offered.first is None or offered.last is None:
            click.echo(json.dumps({"lines": []}) if as_json else say("scores.empty"))
            return 0
        where = ScoreFilter(
            begin or offered.first, _end(end or offered.last), group=group, order_type=order_type, below=below
        )
        _report(where, scores.table(access, where=where), as_json)
        return 0


# ---------------------------------------------------------------------------------------------------------------------


def _month(written: str | None, option: str) -> date | None:
    if written is None:
        return None
    try:
        return date.fromisoformat(f"{written}-01")
    except ValueError:
        raise click.BadParameter(say("command.score.not_a_month", written=written), param_hint=option) from None


def _refuse_unknown(code: str | None, known: Sequence[str], option: str) -> None:
    if code is not None and code not in known:
        told = say("command.score.unknown_code", written=code, known=", ".join(known))
        raise click.BadParameter(told, param_hint=option)


def _end(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _report_verification(found: Verification, counters: CounterCheck, as_json: bool) -> None:
    if as_json:
        differences = [
            {
                "day": one.day.isoformat(),
                "department": one.department,
                "order_type": one.order_type,
                "measure": one.measure,
                "kept": one.kept,
                "recounted": one.recounted,
            }
            for one in found.differences
        ]
        told = {"cells": found.cells, "closed": found.closed, "differences": differences}
        click.echo(json.dumps(told | {"callbacks": asdict(counters)}))
        return
    for one in found.differences:
        cell = {"day": one.day, "department": one.department, "type": one.order_type, "measure": one.measure}
        click.echo(say("command.score.difference", kept=one.kept, recounted=one.recounted, **cell))
    facts = {"cells": number(found.cells), "closed": number(found.closed)}
    if found.differences:
        click.echo(say("command.score.differs", n=len(found.differences), **facts))
    else:
        click.echo(say("command.score.agrees", **facts))
    _report_counters(counters)


def _report_counters(counters: CounterCheck) -> None:
    for one in counters.differences:
        click.echo(say("command.score.counter_difference", **asdict(one)))
    facts = {"cells": number(counters.cells), "calls": number(counters.calls), "cases": number(counters.cases)}
    if counters.differences:
        click.echo(say("command.score.counters_differ", n=len(counters.differences), **facts))
    else:
        click.echo(say("command.score.counters_agree", **facts))


def _report(where: ScoreFilter, found: ScoreTable, as_json: bool) -> None:
    if as_json:
        lines = [{"department": line.unit.named.code, **_plain(line.score)} for line in found.lines]
        period = {"from": f"{where.first:%Y-%m}", "to": f"{where.last:%Y-%m}", "rules": found.basis.rules}
        click.echo(json.dumps(period | {"total": _plain(found.total), "lines": lines}, ensure_ascii=False))
        return
    rows = [(say("scores.all"), found.total), *((name(line.unit.named), line.score) for line in found.lines)]
    for told, score in rows:
        figures = "  ".join(
            f"{say(f'scores.rate.{one.rate.measure.value}')} {_printed(one, found.basis)}" for one in score.figures[:3]
        )
        click.echo(f"{told}  {say('scores.column.closed')} {number(score.tally.closed)}  {figures}")


def _printed(figure: Figure, basis: Basis) -> str:
    if figure.percent is None:
        return NOTHING
    return f"{number(figure.percent, basis.places)}% ({figure.rate.numerator}/{figure.rate.denominator})"


def _plain(score: Score) -> dict[str, object]:
    """Return every count as it is and every rate as text, so that no digit is lost on the way."""
    counts: dict[str, object] = {column: getattr(score.tally, column) for column in scores.COUNTS}
    rates = {
        one.rate.measure.value: {
            "numerator": one.rate.numerator,
            "denominator": one.rate.denominator,
            "excluded": one.rate.excluded,
            "percent": None if one.percent is None else str(one.percent),
            "interval": None if one.interval is None else [str(one.interval.low), str(one.interval.high)],
            "too_few": one.too_few,
        }
        for one in score.figures
    }
    return {"counts": counts, "rates": rates}
