"""The parts of the home screen: figures that wait, reworks with their days, months, and who moved most."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from portal import columns
from portal.rework_desk import SOON
from portal.tables import LATE_MARK, ROW, SOON_MARK, mark_colour, signal
from portal.words import NOTHING, label, month, name, number, say, share
from services.home import ImportLine, Line, Mover, Period, Rework
from services.order_filter import Count, OrderFilter

_COMPARED = (
    (Count.CLOSED, None),
    (Count.ON_TIME, "due"),
    (Count.SATISFIED, "rated"),
    (Count.DISSATISFIED, "rated"),
    (Count.REWORKED, "counted"),
)
"""What a department compares with its last month, and of what each is a share."""


def draw_line(line: Line) -> None:
    """Draw one figure: how many, of what, and in red where it should not be there."""
    value = say("home.more_than", total=number(line.n)) if line.more else number(line.n)
    if line.urgent and line.n:
        value = f":red[{LATE_MARK} {value}]"
    st.markdown(f":small[:gray[{say(f'home.line.{line.code}')}]]", help=say(f"home.help.{line.code}"))
    st.markdown(f"### {value}")


def draw_reworks(reworks: Sequence[Rework]) -> int | None:
    """Draw the next reworks with the working days that are left, and return the one that was clicked."""
    st.subheader(say("home.reworks"), anchor=False)
    if not reworks:
        st.caption(f":material/task_alt: {say('home.reworks_none')}")
        return None
    rows = [
        {"left": _left(one), "number": one.number, "title": one.title, "round": one.round, "due": one.due_at}
        for one in reworks
    ]
    config = {
        "left": columns.text("home.left", 120),
        "number": columns.text("orders.number", 150),
        "title": columns.text("orders.title", "large"),
        "round": columns.whole("orders.round", 60),
        "due": columns.moment("orders.due", 110),
    }
    clicked = _table(pd.DataFrame(rows).style.map(mark_colour, subset=["left"]), config, len(rows), "home_reworks")
    return reworks[clicked[0]].order_id if clicked else None


def draw_so_far(now: Period, before: Period) -> None:
    """Draw this month so far beside as many days of the month before."""
    st.subheader(say("home.so_far", month=month(now.first)), anchor=False)
    for column, (count, of) in zip(st.columns(len(_COMPARED)), _COMPARED, strict=True):
        figures = [getattr(period.tally, count.value) for period in (now, before)]
        bases = [getattr(period.tally, of) if of else 0 for period in (now, before)]
        with column:
            st.metric(
                label(count),
                number(figures[0]),
                delta=say("home.change", difference=f"{figures[0] - figures[1]:+,d}", before=number(figures[1])),
                delta_color="off",
                delta_arrow="off",
                help=say(f"home.count.{count.value}"),
            )
            if of:
                st.caption(say("home.share", now=share(figures[0], bases[0]), before=share(figures[1], bases[1])))


def draw_months(months: Sequence[Period]) -> OrderFilter | None:
    """Draw the last months; a figure that was clicked opens its orders."""
    st.subheader(say("home.months"), anchor=False)
    counts = (
        Count.CLOSED,
        Count.TO_CALL,
        Count.CALLED,
        Count.REACHED,
        Count.RATED,
        Count.SATISFIED,
        Count.DISSATISFIED,
    )
    rows = [
        {"month": _month_of(period)}
        | {count.value: getattr(period.tally, count.value) for count in counts}
        | {"coverage": share(period.tally.reached, period.tally.to_call)}
        | {"satisfaction": share(period.tally.satisfied, period.tally.rated)}
        for period in months
    ]
    config: dict[str, Any] = {"month": columns.text("home.month")}
    config |= {count.value: st.column_config.NumberColumn(label(count), format="localized") for count in counts}
    config |= {
        rate: st.column_config.TextColumn(say(f"home.{rate}"), help=say(f"home.{rate}_help"), alignment="right")
        for rate in ("coverage", "satisfaction")
    }
    clicked = _table(pd.DataFrame(rows), config, len(rows), "home_months")
    if clicked is None or clicked[1] not in {count.value for count in counts}:
        return None
    return OrderFilter(measure=Count(clicked[1]), month=f"{months[clicked[0]].first:%Y-%m}")


def draw_movers(movers: Sequence[Mover], window: tuple[date, date]) -> OrderFilter | None:
    """Draw the departments whose share of satisfied ratings moved most; one that was clicked opens its orders."""
    first, last = window
    st.subheader(say("home.movers", first=month(first), last=month(last)), anchor=False)
    if not movers:
        st.caption(say("home.movers_none"))
        return None
    rows = [
        {
            "department": name(one.department),
            "before": share(one.satisfied_before, one.rated_before),
            "now": share(one.satisfied, one.rated),
            "change": _points(one),
            "n": one.rated,
        }
        for one in movers
    ]
    config: dict[str, Any] = {
        key: st.column_config.TextColumn(say(f"home.mover_{key}"), alignment="left" if key == "department" else "right")
        for key in ("department", "before", "now", "change")
    }
    config["n"] = st.column_config.NumberColumn(say("home.mover_n"), help=say("home.mover_n_help"))
    styled = pd.DataFrame(rows).style.map(_change_colour, subset=["change"])
    clicked = _table(styled, config, len(rows), "home_movers")
    if clicked is None:
        return None
    department = movers[clicked[0]].department.code
    return OrderFilter(measure=Count.RATED, closed_from=first, closed_to=last, counted=department)


def draw_imports(imports: Sequence[ImportLine]) -> None:
    """Draw the last sheets that were taken in."""
    st.subheader(say("home.imports"), anchor=False)
    if not imports:
        st.caption(say("home.imports_none"))
        return
    rows = [
        {"at": one.started_at, "kind": label(one.kind), "file": one.file_name, "state": label(one.state)}
        for one in imports
    ]
    config: dict[str, Any] = {key: columns.text(f"home.import_{key}") for key in ("kind", "file", "state")}
    config["at"] = columns.moment("home.import_at")
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=config, row_height=ROW, key="home_imports")


# ----------------------------------------------------------------------------------------------------------------------


def _month_of(period: Period) -> str:
    """Return the month, and that it still runs: its dissatisfied are counted while others are still to be called."""
    over = (period.last + timedelta(days=1)).day == 1
    return month(period.first) if over else say("home.running_month", month=month(period.first))


def _table(frame: Any, columns: dict[str, Any], rows: int, key: str) -> tuple[int, str] | None:
    """Draw a small table and return the cell that was clicked."""
    picked = st.dataframe(
        frame,
        hide_index=True,
        column_config=columns,
        on_select="rerun",
        selection_mode="single-cell",
        row_height=ROW,
        height="content",
        key=key,
    )
    cells = picked["selection"]["cells"]
    return cells[0] if cells and cells[0][0] < rows else None


def _left(rework: Rework) -> str:
    if rework.late:
        return f"{LATE_MARK} {say('home.late')}"
    if rework.days_left is None:
        return NOTHING
    told = say("home.days_left", n=rework.days_left)
    return f"{SOON_MARK} {told}" if rework.days_left <= SOON else told


def _points(mover: Mover) -> str:
    change = mover.change * 100
    points = Decimal(change.numerator) / Decimal(change.denominator)
    return f"{'▼' if points < 0 else '▲'} {number(abs(points), 1)}"


def _change_colour(told: str) -> str:
    return f"color: {signal('red')}" if told.startswith("▼") else f"color: {signal('green')}"
