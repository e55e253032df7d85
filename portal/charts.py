"""Charts: one look for all of them, drawn from specifications that are kept as plain dictionaries.

Grey is context, the accent is the one thing meant, and what is meant stands in the title as a sentence. Bars begin at
nought, intervals are drawn, values are written beside their marks; differences of brightness and shape carry the
message in greyscale too. Every chart has its figures under it as a table. Building a chart with Altair costs some
milliseconds, so that each shape is built once for each look and language and given its rows when it is drawn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from portal.words import language, say

Row = Mapping[str, object]
Spec = dict[str, Any]

FONT = "'Noto Sans CJK SC', 'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', 'Helvetica Neue', Arial, sans-serif"


_ROWS = "rows"


@dataclass(frozen=True, slots=True)
class Look:
    """The colours of a chart on a light or a dark page."""

    accent: str
    context: str
    text: str
    muted: str
    grid: str
    page: str


LOOKS: Mapping[str, Look] = {
    "light": Look("#0F766E", "#8A9694", "#1B2524", "#5C6967", "#E2E8E7", "#FFFFFF"),
    "dark": Look("#5EC4B6", "#8A9694", "#E6ECEB", "#9AA8A5", "#2A3634", "#101716"),
}
"""The same colours as in streamlit_config/config.toml; a test compares the two."""


def trend(rows: Sequence[Row], *, finding: str, table: pd.DataFrame, height: int = 260) -> None:
    """Draw a rate by month with the band of its interval, and the whole as grey context.

    Rows: month ("2026-05"), percent, low, high, few, label, all and whole_label (the context), said (the tooltip).
    """
    _draw(_trend(_theme(), language()), rows, finding, table, height=height)


def intervals(rows: Sequence[Row], *, finding: str, table: pd.DataFrame) -> None:
    """Draw one line a unit: the rate as a point in its interval, with its words beside it, best first.

    Rows: unit, percent, low, high, label, clear (whether the interval leaves the whole's rate out), whole, said.
    """
    _draw(_intervals(_theme(), language()), rows, finding, table, height=max(120, 24 * len(rows) + 60))


def volumes(rows: Sequence[Row], *, finding: str, table: pd.DataFrame) -> None:
    """Draw counts by month as bars from nought; the highest one is meant. Rows: month, n, label, highest, said."""
    _draw(_volumes(_theme(), language()), rows, finding, table, height=200)


def ranking(rows: Sequence[Row], *, finding: str, table: pd.DataFrame) -> None:
    """Draw counts as bars from nought; what is `meant` bears the accent. Rows: what, n, label, meant, said."""
    _draw(_ranking(_theme(), language()), rows, finding, table, height=max(120, 26 * len(rows) + 30))


def funnel(rows: Sequence[Row], *, finding: str, table: pd.DataFrame) -> None:
    """Draw rates by the number of cases, within limits that chance alone reaches.

    Rows, by n: n, low, high, very_low, very_high (the limits at n), whole; and for a point also percent, label, said
    and outside (whether somebody should look).
    """
    _draw(_funnel(_theme(), language()), rows, finding, table, height=300)


def shape(name: str, theme: str, of_language: str) -> Spec:
    """Return the specification of a chart without its rows, for tests."""
    shapes = {"trend": _trend, "intervals": _intervals, "volumes": _volumes, "ranking": _ranking, "funnel": _funnel}
    return shapes[name](theme, of_language)


# ---------------------------------------------------------------------------------------------------------------------


def _theme() -> str:
    return "dark" if st.context.theme.type == "dark" else "light"


def _draw(spec: Spec, rows: Sequence[Row], finding: str, table: pd.DataFrame, *, height: int) -> None:
    st.markdown(f"**{finding}**")
    filled = spec | {"height": height, "datasets": {_ROWS: pd.DataFrame(rows)}}
    st.vega_lite_chart(None, filled, theme=None, width="stretch", alt=finding)
    if any(row.get("few") for row in rows):
        st.caption(say("charts.hollow"))
    with st.expander(say("charts.table"), icon=":material/table:"):
        percents = table.select_dtypes("float").columns
        config = {column: st.column_config.NumberColumn(format="%.2f%%") for column in percents}
        st.dataframe(table, hide_index=True, width="stretch", placeholder="—", column_config=config)


@cache
def _trend(theme: str, _language: str) -> Spec:
    look = LOOKS[theme]
    month = alt.X("month:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True))
    rate = _percent_scale(alt.Y, "percent")
    said = alt.Tooltip("said:N", title=say("charts.figures"))
    base = alt.Chart()
    band = base.mark_area(color=look.accent, opacity=0.16).encode(month, _percent_scale(alt.Y, "low"), alt.Y2("high:Q"))
    whole = base.mark_line(color=look.context, strokeDash=[5, 4], strokeWidth=1.5).encode(
        month, _percent_scale(alt.Y, "all")
    )
    line = base.mark_line(color=look.accent, strokeWidth=2.5).encode(month, rate)
    # A month with too few answers is an empty ring: it is there, and nothing may be read into it.
    fill = alt.condition("datum.few", alt.value(look.page), alt.value(look.accent))
    points = base.mark_point(stroke=look.accent, size=60, opacity=1).encode(month, rate, fill=fill, tooltip=said)
    text = base.mark_text(color=look.text, dy=-12, fontWeight=600).encode(month, rate, alt.Text("label:N"))
    named = base.mark_text(color=look.muted, align="left", dx=8).encode(
        month, _percent_scale(alt.Y, "all"), alt.Text("whole_label:N")
    )
    return _finished(alt.layer(band, whole, line, points, text, named), look)


@cache
def _intervals(theme: str, _language: str) -> Spec:
    look = LOOKS[theme]
    unit = alt.Y("unit:N", sort=None, title=None, axis=alt.Axis(labelLimit=220, ticks=False, domain=False))
    colour = alt.condition("datum.clear", alt.value(look.accent), alt.value(look.context))
    said = alt.Tooltip("said:N", title=say("charts.figures"))
    base = alt.Chart()
    whole = base.mark_rule(color=look.muted, strokeDash=[4, 4]).encode(_percent_scale(alt.X, "whole"))
    span = base.mark_bar(height=5, cornerRadius=2, opacity=0.45).encode(
        _percent_scale(alt.X, "low"), alt.X2("high:Q"), unit, color=colour
    )
    points = base.mark_point(filled=True, size=90, opacity=1).encode(
        _percent_scale(alt.X, "percent"), unit, color=colour, tooltip=said
    )
    text = base.mark_text(color=look.text, align="left", dx=8).encode(
        _percent_scale(alt.X, "high"), unit, alt.Text("label:N")
    )
    return _finished(alt.layer(whole, span, points, text), look)


@cache
def _volumes(theme: str, _language: str) -> Spec:
    look = LOOKS[theme]
    month = alt.X("month:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True))
    count = alt.Y("n:Q", title=None, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=4, tickMinStep=1, format=",d"))
    colour = alt.condition("datum.highest", alt.value(look.accent), alt.value(look.context))
    said = alt.Tooltip("said:N", title=say("charts.figures"))
    base = alt.Chart()
    bars = base.mark_bar(cornerRadiusEnd=2).encode(month, count, color=colour, tooltip=said)
    text = base.mark_text(color=look.text, dy=-7).encode(month, count, alt.Text("label:N"))
    return _finished(alt.layer(bars, text), look)


@cache
def _ranking(theme: str, _language: str) -> Spec:
    look = LOOKS[theme]
    what = alt.Y("what:N", sort=None, title=None, axis=alt.Axis(labelLimit=260, ticks=False, domain=False))
    count = alt.X("n:Q", title=None, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=4, tickMinStep=1, format=",d"))
    colour = alt.condition("datum.meant", alt.value(look.accent), alt.value(look.context))
    said = alt.Tooltip("said:N", title=say("charts.figures"))
    base = alt.Chart()
    bars = base.mark_bar(cornerRadiusEnd=2).encode(count, what, color=colour, tooltip=said)
    text = base.mark_text(color=look.text, align="left", dx=6).encode(count, what, alt.Text("label:N"))
    return _finished(alt.layer(bars, text), look)


@cache
def _funnel(theme: str, _language: str) -> Spec:
    look = LOOKS[theme]
    cases = alt.X("n:Q", title=say("charts.cases"), scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=6, format=",d"))
    said = alt.Tooltip("said:N", title=say("charts.figures"))
    base = alt.Chart()
    layers = [base.mark_line(color=look.muted, strokeWidth=1).encode(cases, _percent_scale(alt.Y, "whole"))]
    for field, dash in (("low", [2, 3]), ("high", [2, 3]), ("very_low", [6, 3]), ("very_high", [6, 3])):
        line = base.mark_line(color=look.context, strokeDash=dash, strokeWidth=1.5)
        layers.append(line.encode(cases, _percent_scale(alt.Y, field)))
    colour = alt.condition("datum.outside", alt.value(look.accent), alt.value(look.context))
    form = alt.condition("datum.outside", alt.value("diamond"), alt.value("circle"))
    rate = _percent_scale(alt.Y, "percent")
    points = base.mark_point(filled=True, size=80, opacity=1)
    layers.append(points.encode(cases, rate, color=colour, shape=form, tooltip=said))
    text = base.mark_text(color=look.text, align="left", dx=9)
    layers.append(text.encode(cases, rate, alt.Text("label:N")))
    return _finished(alt.layer(*layers), look)


def _percent_scale(channel: Any, field: str) -> Any:
    axis = alt.Axis(tickCount=5, labelExpr="datum.value + '%'", orient="top" if channel is alt.X else "left")
    return channel(f"{field}:Q", title=None, scale=alt.Scale(zero=False, nice=True, clamp=True), axis=axis)


def _finished(chart: Any, look: Look) -> Spec:
    """Return the chart as a dictionary in the one look."""
    spec: Spec = chart.configure(
        background="transparent",
        font=FONT,
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(
            labelColor=look.muted,
            labelFontSize=12,
            gridColor=look.grid,
            domainColor=look.grid,
            tickColor=look.grid,
            titleColor=look.muted,
        ),
        text=alt.MarkConfig(fontSize=12),
    ).to_dict(validate=False)
    # The rows are given when the chart is drawn; a layer with data of its own, even none, would not see them.
    for part in spec["layer"]:
        part.pop("data", None)
    # Without a padding of its own the screen gives it one that cuts what is written beside the last point.
    return spec | {
        "data": {"name": _ROWS},
        "autosize": {"type": "fit-x", "contains": "padding"},
        "padding": {"left": 4, "right": 14, "top": 8, "bottom": 16},
    }
