"""Orders as a table: one line an order, words with a mark where something is late, one click to open."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zlib import crc32

import pandas as pd
import streamlit as st

from db.vocabulary import Outcome, Satisfaction, Status
from portal import columns
from portal.words import label, language, name, say
from services.order_filter import Lateness
from services.orders import OrderRow

ROW = 34
"""Height of a line, so that fifteen and more stand on a small screen."""

TALLEST = 17
"""Lines that are shown before the table scrolls in itself."""

STATUS_MARKS: Mapping[Status, str] = MappingProxyType(
    {
        Status.OPEN: "○",
        Status.CLOSED: "◌",
        Status.DUE: "◇",
        Status.DISSATISFIED: "◆",
        Status.RETURNED: "↻",
        Status.ESCALATED: "▲",
        Status.ARCHIVED: "●",
    }
)
"""A mark before the word: no meaning rests on colour alone, and a canvas knows no icons."""

LATE_MARK, SOON_MARK = "▲", "△"


def orders(rows: Sequence[OrderRow], *, now: datetime, key: str) -> OrderRow | None:
    """Draw the lines and return the one that was clicked."""
    frame = pd.DataFrame([_line(row, now) for row in rows], columns=list(_columns()))
    shown = frame.style.map(_late_colour, subset=["late"]).map(_outcome_colour, subset=["outcome"])
    # The key follows the rows, so that a cell chosen in one list never points into another.
    drawn = f"{key}_{crc32(repr([row.id for row in rows]).encode())}"
    picked = st.dataframe(
        shown,
        key=drawn,
        hide_index=True,
        column_config=_columns(),
        on_select="rerun",
        selection_mode="single-cell",
        row_height=ROW,
        height="content" if len(rows) <= TALLEST else ROW * (TALLEST + 1),
    )
    cells = picked["selection"]["cells"]
    return rows[cells[0][0]] if cells and cells[0][0] < len(rows) else None


def status_word(status: Status) -> str:
    """Return the name of a status with its mark."""
    return f"{STATUS_MARKS[status]} {label(status)}"


def signal(colour: str) -> str:
    """Return a signal colour of the theme that the reader looks at."""
    theme = "dark" if st.context.theme.type == "dark" else "light"
    return str(st.get_option(f"theme.{theme}.{colour}Color") or colour)


def mark_colour(told: str) -> str:
    """Return the look of a word that begins with a mark: red for late, amber for soon, none for any other."""
    if told.startswith(LATE_MARK):
        return f"color: {signal('red')}; font-weight: 600"
    return f"color: {signal('orange')}" if told.startswith(SOON_MARK) else ""


# ----------------------------------------------------------------------------------------------------------------------


def _line(row: OrderRow, now: datetime) -> dict[str, Any]:
    return {
        "number": row.number,
        "status": _status_word(row),
        "late": _late_word(row, now),
        "title": row.title,
        "order_type": name(row.order_type),
        "department": name(row.department) if row.department else say("orders.unassigned"),
        "accepted": row.accepted_at,
        "due": row.due_at,
        "outcome": _outcome_word(row),
    }


# Together they fit beside the menu at a width of 1280; an English word is longer than a Chinese one.
_WIDTHS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "zh_CN": {
            "number": 124,
            "status": 96,
            "late": 88,
            "title": 170,
            "order_type": 50,
            "department": 112,
            "accepted": 88,
            "due": 88,
            "outcome": 58,
        },
        "en": {
            "number": 120,
            "status": 112,
            "late": 88,
            "title": 120,
            "order_type": 80,
            "department": 96,
            "accepted": 88,
            "due": 88,
            "outcome": 82,
        },
    }
)


def _columns() -> dict[str, Any]:
    return {
        key: (columns.moment if key in ("accepted", "due") else columns.text)(f"orders.{key}", width)
        for key, width in _WIDTHS[language()].items()
    }


def _status_word(row: OrderRow) -> str:
    told = status_word(row.status)
    return told if row.round == 1 else say("orders.status_round", status=told, round=row.round)


def _late_word(row: OrderRow, now: datetime) -> str:
    if row.lateness == Lateness.LATE:
        days = ((row.closed_at or now) - row.due_at).days if row.due_at else 0
        told = say("orders.late_by", n=days) if days else label(Lateness.LATE)
        return f"{LATE_MARK} {told}"
    if row.rework_late:
        return f"{LATE_MARK} {label(Lateness.REWORK_LATE)}"
    if row.lateness == Lateness.DUE_SOON:
        return f"{SOON_MARK} {say('orders.soon')}"
    return "" if row.lateness is None else label(row.lateness)


def _outcome_word(row: OrderRow) -> str:
    if row.satisfaction is not None:
        return label(row.satisfaction)
    return label(row.outcome) if row.outcome is not None else ""


def _late_colour(told: str) -> str:
    return mark_colour(told) or f"color: {signal('gray')}"


def _outcome_colour(told: str) -> str:
    if told in (label(Satisfaction.DISSATISFIED), label(Outcome.DISSATISFIED)):
        return f"color: {signal('red')}"
    return ""
