"""The tables of the scores: which columns they have, what a cell says, and which orders stand behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler
from streamlit.elements.lib.column_types import ColumnConfig

from portal import filters, words
from portal.words import say
from services.order_filter import Count, OrderFilter
from services.rules.measures import Measure
from services.scores import Basis, Figure, MonthScore, Score, ScoreFilter, ScoreLine

RATES: Mapping[str, tuple[Measure, str]] = {
    "coverage_rate": (Measure.COVERAGE, "to_call"),
    "satisfaction_rate": (Measure.SATISFACTION, "rated"),
    "interval": (Measure.SATISFACTION, "rated"),
    "legacy_rate": (Measure.LEGACY, "silent"),
    "on_time_rate": (Measure.ON_TIME, "due"),
    "solved_rate": (Measure.SOLVED, "reached"),
    "rework_rate": (Measure.REWORK, "reworked"),
}
"""Each column of a rate, and the counted orders that a click opens: those it is a rate of, or that set it apart."""

COUNTS = (
    "closed",
    "excluded",
    "due",
    "on_time",
    "to_call",
    "called",
    "reached",
    "rated",
    "satisfied",
    "neutral",
    "dissatisfied",
    "solved",
    "silent",
    "reworked",
)
"""Every count, in the order of an order's life."""

_SHOWN = ("closed", "rated")
"""The counts that stand beside the rates."""


def figure_words(figure: Figure, basis: Basis) -> str:
    """Return how a rate was computed, with its figures, as sentences."""
    rate = figure.rate
    if figure.percent is None or figure.interval is None:
        return f"{definition(rate.measure)} {say('scores.formula_none')}"
    sentence = say(
        f"scores.formula.{rate.measure.value}",
        numerator=words.number(rate.numerator),
        denominator=words.number(rate.denominator),
        percent=percent(figure, basis),
    )
    interval = say(
        "scores.formula_interval",
        confidence=words.number(basis.confidence * 100),
        interval=interval_words(figure, basis),
        excluded=words.number(rate.excluded),
    )
    few = [say("scores.formula_too_few", n=basis.too_few)] if figure.too_few else []
    return " ".join([definition(rate.measure), sentence, interval, *few])


def definition(measure: Measure) -> str:
    """Return what a rate is, without figures."""
    return say(f"scores.definition.{measure.value}")


def percent(figure: Figure, basis: Basis) -> str:
    """Return a rate as it is printed; a dash of nothing."""
    return words.NOTHING if figure.percent is None else f"{words.number(figure.percent, basis.places)}%"


def interval_words(figure: Figure, basis: Basis) -> str:
    """Return an interval as it is printed, with one decimal; a dash of nothing."""
    if figure.interval is None:
        return words.NOTHING
    return f"{words.number(figure.interval.low, 1)}–{words.number(figure.interval.high, 1)}%"


def of_units(lines: Sequence[ScoreLine], basis: Basis, *, counts: bool, key: str) -> tuple[int, str] | None:
    """Draw one row a unit; return the row and the column of the cell that was clicked, or None."""
    names = [{"unit": words.name(line.unit.named)} for line in lines]
    return _draw(names, [line.score for line in lines], basis, counts=counts, key=key)


def of_months(months: Sequence[MonthScore], basis: Basis, *, counts: bool, key: str) -> tuple[int, str] | None:
    """Draw one row a month; return the row and the column of the cell that was clicked, or None."""
    names = [{"month": f"{one.month:%Y-%m}"} for one in months]
    return _draw(names, [one.score for one in months], basis, counts=counts, key=key)


def columns(*, counts: bool) -> tuple[str, ...]:
    """Return the columns that a table has beside its names."""
    return COUNTS if counts else ("closed", "rated", *RATES, "note")


def orders_behind(
    where: ScoreFilter, column: str, *, unit: str | None = None, month: date | None = None
) -> dict[str, str] | None:
    """Return the address of the orders behind a cell, or None where the cell is no figure."""
    measure = RATES[column][1] if column in RATES else column
    if measure not in COUNTS:
        return None
    meant = OrderFilter(
        measure=Count(measure),
        counted=unit,
        counted_below=where.below and unit is not None,
        order_type=where.order_type,
    )
    if month is not None:
        return filters.address(replace(meant, month=f"{month:%Y-%m}"))
    return filters.address(replace(meant, closed_from=where.first, closed_to=where.last))


# ---------------------------------------------------------------------------------------------------------------------


def _draw(
    names: Sequence[Mapping[str, object]], scores: Sequence[Score], basis: Basis, *, counts: bool, key: str
) -> tuple[int, str] | None:
    rows = [{**name, **_row(score, basis, counts=counts)} for name, score in zip(names, scores, strict=True)]
    frame = pd.DataFrame(rows, columns=[*names[0], *columns(counts=counts)])
    event = st.dataframe(
        _greyed(frame, scores),
        key=key,
        hide_index=True,
        width="stretch",
        height=min(34 + 35 * len(rows), 594),
        row_height=35,
        placeholder=words.NOTHING,
        on_select="rerun",
        selection_mode="single-cell",
        column_config=_config(list(frame.columns), basis),
    )
    cells = event["selection"].get("cells", [])
    return (int(cells[0][0]), str(cells[0][1])) if cells else None


def _row(score: Score, basis: Basis, *, counts: bool) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(score.tally, name) for name in (COUNTS if counts else _SHOWN)}
    if counts:
        return row
    for figure in score.figures:
        row[f"{figure.rate.measure.value}_rate"] = None if figure.percent is None else float(figure.percent)
    row["interval"] = None if score.satisfaction.interval is None else interval_words(score.satisfaction, basis)
    row["note"] = say("scores.too_few") if score.satisfaction.too_few else ""
    return row


def _greyed(frame: pd.DataFrame, scores: Sequence[Score]) -> Styler:
    """Rows that rest on too few answers are grey: to be read, not to be compared."""
    small = [score.satisfaction.too_few for score in scores]
    return frame.style.apply(lambda row: ["color: #8A9694" if small[row.name] else ""] * len(row), axis=1)


_WIDTHS = {"unit": 138, "month": 84, "closed": 54, "rated": 72, "interval": 98, "legacy_rate": 88, "note": 74}
"""Columns are no wider than their figures, so that all of them stand side by side at 1280 pixels."""


def _config(names: Sequence[str], basis: Basis) -> dict[str, ColumnConfig]:
    config: dict[str, Any] = {}
    counts_alone = set(COUNTS) <= set(names)
    for name in names:
        said = say(f"scores.column.{name}")
        width = _narrow(name, said) if counts_alone else _WIDTHS.get(name, 70)
        if name == "unit":
            config[name] = st.column_config.TextColumn(said, width=width, help=say("scores.unit_help"))
        elif name == "interval":
            config[name] = st.column_config.TextColumn(said, width=width, alignment="right")
        elif name in RATES:
            help = definition(RATES[name][0])
            config[name] = st.column_config.NumberColumn(said, format=f"%.{basis.places}f%%", width=width, help=help)
        elif name in COUNTS:
            config[name] = st.column_config.NumberColumn(said, format="localized", width=width)
        else:
            config[name] = st.column_config.TextColumn(said, width=width)
    return config


def _narrow(name: str, said: str) -> int:
    """Return the width of a column where all counts stand side by side: that of its heading, in either script."""
    if name in ("unit", "month"):
        return 127
    return max(50, 16 + sum(13 if ord(letter) > 0x2E7F else 8 for letter in said))
