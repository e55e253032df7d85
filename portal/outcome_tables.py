"""Outcome rates as they are told: their names and definitions, a rate with its figures, and the table of many lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pandas as pd
import streamlit as st
from pandas.io.formats.style import Styler

from portal import words
from portal.figure_filters import FAMILIES
from portal.words import say
from services.outcome_figures import FigureBasis, OutcomeFigure, OutcomeFigures, Part

SAME: Mapping[str, str] = MappingProxyType({"RR3": "RR1", "RR4": "RR2", "REF2": "REF1", "CON2": "CON1"})
"""Rates that equal another one as long as every unknown case is taken to be eligible (e = 1)."""

GREY = "#8A9694"
FEW_MARK = "※"
"""Before the name of a line that rests on too few cases: grey alone would not say so on paper."""

ROW = 35


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a table: its name, and the figures that it tells."""

    name: str
    figures: OutcomeFigures
    more: Mapping[str, object]


def percent(part: Part, basis: FigureBasis) -> str:
    """Return a share as it is printed; a dash of nothing."""
    return words.NOTHING if part.percent is None else f"{words.number(part.percent, basis.places)}%"


def of_what(part: Part) -> str:
    """Return the numerator over the denominator."""
    return f"{words.number(part.numerator)}/{words.number(part.denominator)}"


def interval(part: Part) -> str:
    """Return an interval as it is printed, with one decimal; a dash of nothing."""
    if part.interval is None:
        return words.NOTHING
    return f"{words.number(part.interval.low, 1)}–{words.number(part.interval.high, 1)}%"


def definition(name: str) -> str:
    """Return what a rate is, without figures: in words that need no handbook."""
    return say(f"figures.rate.{name}")


def sentences(figure: OutcomeFigure, basis: FigureBasis) -> str:
    """Return how a rate was computed, with its figures."""
    part = figure.part
    if part.percent is None:
        return f"{definition(figure.name)} {say('figures.none_to_count')}"
    facts = {
        "percent": percent(part, basis),
        "of": of_what(part),
        "interval": interval(part),
        "confidence": words.number(basis.confidence * 100),
        "excluded": words.number(figure.excluded),
    }
    few = [say("figures.too_few_said", n=basis.too_few)] if part.too_few else []
    return " ".join([definition(figure.name), say("figures.computed", **facts), *few])


def lines(told: Sequence[Told], basis: FigureBasis, *, family: str, title: str, key: str) -> int | None:
    """Draw one row a line with the rates of a family; return the row that was clicked, or None."""
    names = [name for name in FAMILIES[family] if name not in SAME]
    rows = [_row(one, names) for one in told]
    frame = pd.DataFrame(rows)
    event = st.dataframe(
        _greyed(frame, [one.figures[names[0]].part.too_few for one in told]),
        key=key,
        hide_index=True,
        width="stretch",
        height=min(34 + ROW * len(rows), 34 + ROW * 11),
        row_height=ROW,
        placeholder=words.NOTHING,
        on_select="rerun",
        selection_mode="single-cell",
        column_config=_config(names, basis, title, told[0].more if told else {}),
    )
    cells = event["selection"].get("cells", [])
    return int(cells[0][0]) if cells and int(cells[0][0]) < len(rows) else None


# ---------------------------------------------------------------------------------------------------------------------


def _row(one: Told, names: Sequence[str]) -> dict[str, object]:
    few = one.figures[names[0]].part.too_few
    row: dict[str, object] = {"name": f"{FEW_MARK} {one.name}" if few else one.name}
    row["cases"] = one.figures.outcomes.cases
    row |= {"not_eligible": one.figures.outcomes.not_eligible, **one.more}
    for name in names:
        part = one.figures[name].part
        row[name] = None if part.percent is None else float(part.percent)
        row[f"{name}_of"] = of_what(part)
    return row


def _greyed(frame: pd.DataFrame, few: Sequence[bool]) -> Styler:
    """Rows that rest on too few cases are grey: to be read, not to be compared."""
    return frame.style.apply(lambda row: [f"color: {GREY}" if few[row.name] else ""] * len(row), axis=1)


def _config(names: Sequence[str], basis: FigureBasis, title: str, more: Mapping[str, object]) -> dict[str, Any]:
    column = st.column_config
    config: dict[str, Any] = {
        "name": column.TextColumn(title, width=116),
        "cases": column.NumberColumn(say("figures.column.cases"), format="localized", width=54),
        "not_eligible": column.NumberColumn(
            say("figures.column.not_eligible"), format="localized", width=52, help=say("figures.not_eligible_help")
        ),
    }
    for name in names:
        heading = "=".join([name, *(other[-1] for other, of in SAME.items() if of == name)])
        format_ = f"%.{basis.places}f%%"
        config[name] = column.NumberColumn(heading, format=format_, width=66, help=definition(name))
        config[f"{name}_of"] = column.TextColumn(say("figures.column.of"), width=80, alignment="right")
    for name in more:
        told, of = say(f"figures.column.{name}"), say(f"figures.{name}_help")
        config[name] = column.NumberColumn(told, format="%.1f", width=64, help=of)
    return config
