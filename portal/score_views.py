"""What the screen of the scores draws: its filters, the sum with its changes, the units, and one unit opened."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

import pandas as pd
import streamlit as st

from portal import address, charts, score_tables, words
from portal.page import Page
from portal.words import say
from services.rules.measures import Change
from services.scores import Basis, Choices, Figure, ScoreFilter, ScoreLine, ScoreTable, Trend, Unit

MOST_IN_CHART = 30
"""Lines of one chart that can still be read."""


def filters(offered: Choices, first: date, last: date) -> tuple[ScoreFilter, str, bool]:
    """Draw the filters; return what they mean, the unit chosen ("" for all of them), and whether counts are wanted."""
    months = _months(first, last)
    names = {unit.named.code: words.name(unit.named) for unit in offered.units}
    types = {one.code: words.name(one) for one in offered.order_types}
    with st.container(horizontal=True, vertical_alignment="bottom", key="scores_filters"):
        with st.container(width=120):
            begin = address.choose("scores_from", say("scores.from"), months, names=str, default=months[-6:][0])
        with st.container(width=120):
            end = address.choose("scores_to", say("scores.to"), months, names=str, default=months[-1])
        with st.container(width=150):
            group = address.choose("scores_group", say("scores.group"), ["", *offered.groups], names=_group)
        with st.container(width=130):
            order_type = address.choose(
                "scores_type", say("scores.type"), ["", *types], names=lambda code: types.get(code, say("scores.all"))
            )
        with st.container(width=220):
            unit = address.choose(
                "scores_unit", say("scores.unit"), ["", *names], names=lambda code: names.get(code, say("scores.all"))
            )
    with st.container(horizontal=True, key="scores_options", gap="medium"):
        below = address.switch("scores_below", say("scores.below"), help=say("scores.below_help"))
        counts = address.switch("scores_counts", say("scores.counts"), help=say("scores.counts_help"))
    # A period turned round is read as what was meant.
    begin, end = min(begin, end), max(begin, end)
    where = ScoreFilter(
        date.fromisoformat(f"{begin}-01"),
        _end(date.fromisoformat(f"{end}-01")),
        group=group or None,
        order_type=order_type or None,
        below=below,
    )
    return where, unit, counts


def figures(shown: Sequence[Figure], moved: Sequence[Change | None], basis: Basis) -> None:
    """Draw the rates of a sum side by side: value, change, n, and how each was computed."""
    nothing = words.NOTHING if any(moved) else None
    for column, figure, change in zip(st.columns(len(shown)), shown, moved, strict=True):
        with column:
            st.metric(
                say(f"scores.rate.{figure.rate.measure.value}"),
                score_tables.percent(figure, basis),
                say("scores.moved", points=_signed(change.points, basis)) if change else nothing,
                delta_color="off",
                delta_arrow="auto" if change and change.points else "off",
                help="  \n".join([score_tables.figure_words(figure, basis), *_change_words(change, basis)]),
            )
            st.caption(say("scores.n", n=figure.rate.denominator))


def units(here: Page, where: ScoreFilter, found: ScoreTable, *, counts: bool) -> None:
    """Draw the table of the units and the chart of their intervals."""
    lines = sorted(found.lines, key=_standing)
    st.caption(_notes(found, counts=counts))
    clicked = score_tables.of_units(lines, found.basis, counts=counts, key="scores_units")
    if clicked is not None:
        row, column = clicked
        code = lines[row].unit.named.code
        orders = score_tables.orders_behind(where, column, unit=code)
        if orders is not None:
            here.go("order_list", **orders)
        here.go("scores", **_address(where, counts=counts), scores_unit=code)
    if not counts:
        _intervals(lines, found)


def one_unit(here: Page, where: ScoreFilter, found: Trend, whole: Trend | None, *, counts: bool) -> None:
    """Draw one unit: its months as a table, each figure of which opens, and its trend."""
    months = list(reversed(found.months))
    st.caption(say("scores.open_help"))
    clicked = score_tables.of_months(months, found.basis, counts=counts, key="scores_months")
    if clicked is not None and found.unit is not None:
        row, column = clicked
        chosen = months[row].month
        orders = score_tables.orders_behind(where, column, unit=found.unit.named.code, month=chosen)
        if orders is not None:
            here.go("order_list", **orders)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _trend(found, whole)
    with right:
        _volumes(found)


def heading(unit: Unit) -> None:
    """Say which unit is open and where it stands, with the way back to all of them."""
    with st.container(horizontal=True, vertical_alignment="center", key="scores_heading"):
        st.button(
            say("scores.back"),
            icon=":material/arrow_back:",
            key="scores_back",
            on_click=address.put,
            args=({"scores_unit": ""},),
        )
        st.subheader(words.plain(words.name(unit.named)), anchor=False, width="content")
        kind = say(f"department_kind.{unit.kind.value}")
        above = f" · {words.plain(words.name(unit.parent))}" if unit.parent else ""
        st.caption(f"{kind}{above} · {words.plain(unit.named.code)}", width="content")


def definitions(basis: Basis) -> None:
    """Say what each rate is, and which rules the figures go by."""
    with st.expander(say("scores.definitions"), icon=":material/menu_book:"):
        lines = [
            f"- **{say(f'scores.rate.{measure.value}')}** — {score_tables.definition(measure)}"
            for measure in dict.fromkeys(measure for measure, _ in score_tables.RATES.values())
        ]
        st.markdown("\n".join(lines))
        facts = {"rules": words.plain(basis.rules), "confidence": words.number(basis.confidence * 100)}
        st.caption(say("scores.basis", n=basis.too_few, places=basis.places, **facts))


# ---------------------------------------------------------------------------------------------------------------------


def _address(where: ScoreFilter, *, counts: bool) -> dict[str, str]:
    chosen = {"scores_from": f"{where.first:%Y-%m}", "scores_to": f"{where.last:%Y-%m}"}
    chosen |= {"scores_type": where.order_type} if where.order_type else {}
    chosen |= {"scores_below": "1"} if where.below else {}
    return chosen | ({"scores_counts": "1"} if counts else {})


def _group(code: str) -> str:
    if not code:
        return say("scores.all")
    return say(f"ranking_group.{code}") if words.says(f"ranking_group.{code}") else code


def _months(first: date, last: date) -> list[str]:
    months = []
    at = first
    while at <= last:
        months.append(f"{at:%Y-%m}")
        at = (at + timedelta(days=32)).replace(day=1)
    return months


def _end(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _change_words(change: Change | None, basis: Basis) -> list[str]:
    if change is None:
        return []
    facts = {"low": _signed(change.interval.low, basis), "high": _signed(change.interval.high, basis)}
    key = "scores.moved_clearly" if change.clear else "scores.moved_unclearly"
    return [say(key, points=_signed(change.points, basis), **facts)]


def _signed(points: Decimal, basis: Basis) -> str:
    """The sign stands first and is the plain one, by which Streamlit knows which way its arrow points."""
    sign = "+" if points > 0 else "-" if points < 0 else ""
    return f"{sign}{words.number(abs(points), basis.places)}"


def _standing(line: ScoreLine) -> tuple[bool, float, str]:
    """Units with enough answers first, the best of them on top; nobody is ranked by a handful of answers."""
    figure = line.score.satisfaction
    return (figure.too_few, -float(figure.percent or 0), line.unit.named.code)


def _notes(found: ScoreTable, *, counts: bool) -> str:
    said = [say("scores.units", n=len(found.lines)), say("scores.open_help")]
    small = sum(line.score.satisfaction.too_few for line in found.lines)
    if small and not counts:
        said.append(say("scores.small_units", n=small, least=found.basis.too_few))
    return " · ".join(said)


def _intervals(lines: Sequence[ScoreLine], found: ScoreTable) -> None:
    """Draw the units with enough answers; where they are too many, those with the most of them."""
    enough = [line for line in lines if not line.score.satisfaction.too_few]
    whole = found.total.satisfaction
    if len(enough) < 2 or whole.percent is None:
        return
    most = sorted(enough, key=lambda line: -line.score.satisfaction.rate.denominator)[:MOST_IN_CHART]
    drawn = [line for line in enough if line in most]
    rows = []
    for line in drawn:
        figure = line.score.satisfaction
        if figure.percent is None or figure.interval is None:
            continue
        clear = not figure.interval.low <= whole.percent <= figure.interval.high
        rows.append(
            {
                "unit": words.name(line.unit.named),
                "percent": float(figure.percent),
                "low": float(figure.interval.low),
                "high": float(figure.interval.high),
                "label": f"{score_tables.percent(figure, found.basis)}  n={words.number(figure.rate.denominator)}",
                "clear": clear,
                "whole": float(whole.percent),
                "said": score_tables.figure_words(figure, found.basis),
            }
        )
    better = sum(bool(row["clear"]) and float(str(row["percent"])) > whole.percent for row in rows)
    worse = sum(bool(row["clear"]) and float(str(row["percent"])) < whole.percent for row in rows)
    facts = {"whole": score_tables.percent(whole, found.basis), "better": better, "worse": worse}
    charts.intervals(rows, finding=say("scores.finding_units", n=len(rows), **facts), table=_as_table(rows, "unit"))


def _trend(found: Trend, whole: Trend | None) -> None:
    context = {one.month: one.score.satisfaction.percent for one in whole.months} if whole else {}
    rows = []
    for one in found.months:
        figure, around = one.score.satisfaction, context.get(one.month)
        interval = figure.interval
        rows.append(
            {
                "month": f"{one.month:%Y-%m}",
                "percent": None if figure.percent is None else float(figure.percent),
                "low": None if interval is None else float(interval.low),
                "high": None if interval is None else float(interval.high),
                "few": figure.too_few,
                "label": "",
                "all": None if around is None else float(around),
                "whole_label": "",
                "said": score_tables.figure_words(figure, found.basis),
            }
        )
    if not any(row["percent"] is not None for row in rows):
        st.info(say("scores.no_ratings"), icon=":material/info:")
        return
    rows[-1]["whole_label"] = say("scores.all") if rows[-1]["all"] is not None else ""
    enough = [row for row in rows if not row["few"]]
    if enough:
        first, last = enough[0], enough[-1]
        for row in (first, last):
            row["label"] = f"{row['percent']:.{found.basis.places}f}%"
        facts = {"first": first["month"], "last": last["month"], "begun": first["label"], "ended": last["label"]}
        finding = say("scores.finding_trend", **facts)
    else:
        finding = say("scores.finding_too_few", least=found.basis.too_few)
    charts.trend(rows, finding=finding, table=_as_table(rows, "month"))


def _volumes(found: Trend) -> None:
    counts = [one.score.tally.closed for one in found.months]
    most = max(counts)
    rows = [
        {
            "month": f"{one.month:%Y-%m}",
            "n": one.score.tally.closed,
            "label": words.number(one.score.tally.closed) if one.score.tally.closed == most else "",
            "highest": one.score.tally.closed == most,
            "said": say("scores.closed_said", n=one.score.tally.closed),
        }
        for one in found.months
    ]
    month = rows[counts.index(most)]["month"]
    table = pd.DataFrame(
        {say("scores.column.month"): [row["month"] for row in rows], say("scores.column.closed"): counts}
    )
    charts.volumes(rows, finding=say("scores.finding_volumes", n=most, month=month), table=table)


def _as_table(rows: Sequence[Mapping[str, object]], name: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            say(f"scores.column.{name}"): [row[name] for row in rows],
            say("scores.rate.satisfaction"): [row["percent"] for row in rows],
            say("scores.low"): [row["low"] for row in rows],
            say("scores.high"): [row["high"] for row in rows],
        }
    )
