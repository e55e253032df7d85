"""What the screen of the reasons draws: the period and the unit, the ranking, and where two readings differ."""

from collections.abc import Sequence
from datetime import date, timedelta

import pandas as pd
import streamlit as st

from portal import address, charts, drawer
from portal import filters as order_filters
from portal.page import Page
from portal.words import NOTHING, name, number, plain, say
from services.environment import wall_clock
from services.order_filter import OrderFilter
from services.orders import Choices
from services.reasons import Disagreement, Ranked
from services.rules.deadlines import local_day

_EARLIEST = date(2011, 1, 1)
_USUAL = timedelta(days=29)
_SHOWN = 12
"""Reasons of one chart; the table has them all."""


def filters(offered: Choices) -> tuple[date, date, str]:
    """Draw the filters; return the period, both ends included, and the unit ("" for all of them)."""
    today = local_day(wall_clock())
    names = {branch.named.code: "\u3000" * branch.depth + name(branch.named) for branch in offered.departments}
    with st.container(horizontal=True, vertical_alignment="bottom", key="reasons_filters"):
        with st.container(width=150):
            first = address.day("reasons_from", say("reasons.from"), earliest=_EARLIEST, latest=today)
        with st.container(width=150):
            last = address.day("reasons_to", say("reasons.to"), earliest=_EARLIEST, latest=today)
        with st.container(width=260):
            unit = address.choose(
                "reasons_unit", say("scores.unit"), ["", *names], names=lambda code: names.get(code, say("scores.all"))
            )
    end = last or today
    begin = first or end - _USUAL
    begin, end = min(begin, end), max(begin, end)
    st.caption(say("reasons.period", first=begin.isoformat(), last=end.isoformat()))
    return begin, end, unit


def ranking(here: Page, ranked: Sequence[Ranked], first: date, last: date, unit: str) -> None:
    """Draw the reasons, the most frequent first; a click opens the orders whose citizens gave one."""
    given = sum(one.given for one in ranked)
    st.caption(say("reasons.open_help", n=given))
    rows = [
        {
            "reason": name(one.named),
            "heading": name(one.heading),
            "given": one.given,
            "share": one.given / given * 100 if given else None,
            "recoded": one.recoded,
            "whose": say("reasons.unit_s" if one.attributable else "reasons.not_unit_s"),
        }
        for one in ranked
    ]
    columns = {
        "reason": st.column_config.TextColumn(say("reasons.column.reason"), width=286),
        "heading": st.column_config.TextColumn(say("reasons.column.heading"), width=176),
        "given": st.column_config.NumberColumn(say("reasons.column.given"), width=88, format="localized"),
        "share": st.column_config.NumberColumn(say("reasons.column.share"), width=70, format="%.2f%%"),
        "recoded": st.column_config.NumberColumn(
            say("reasons.column.recoded"), width=110, format="localized", help=say("reasons.recoded_help")
        ),
        "whose": st.column_config.TextColumn(say("reasons.column.whose"), width=106),
    }
    chosen = drawer.pick("reasons_list", rows, columns)
    if chosen is not None:
        drawer.close()
        where = OrderFilter(
            reason=ranked[chosen].named.code, reasoned_from=first, reasoned_to=last, department=unit or None
        )
        here.go("order_list", **order_filters.address(where))
    _chart(ranked, given)


def disagreement(found: Disagreement) -> None:
    """Draw how often supervisors read other reasons than agents wrote down: a figure of the work, not of a person."""
    st.subheader(say("reasons.disagreement"), anchor=False)
    if not found.read:
        st.caption(say("reasons.nobody_read"))
        return
    share = f"{found.differing / found.read * 100:.2f}%"
    st.markdown(say("reasons.differing", differing=found.differing, read=found.read, share=share))
    if found.differences:
        table = pd.DataFrame(
            {
                say("reasons.column.agent"): [name(one.agent) if one.agent else NOTHING for one in found.differences],
                say("reasons.column.supervisor"): [
                    name(one.supervisor) if one.supervisor else NOTHING for one in found.differences
                ],
                say("reasons.column.calls"): [one.calls for one in found.differences],
            }
        )
        st.dataframe(table, hide_index=True, width="stretch", height=min(31 * (len(table) + 1) + 4, 400))


# ---------------------------------------------------------------------------------------------------------------------


def _chart(ranked: Sequence[Ranked], given: int) -> None:
    shown = [one for one in ranked if one.given > 0][:_SHOWN]
    if not shown:
        return
    first = shown[0]
    rows = [
        {
            "what": name(one.named),
            "n": one.given,
            "label": number(one.given),
            "meant": one is first,
            "said": number(one.given),
        }
        for one in shown
    ]
    share = f"{first.given / given * 100:.1f}%"
    table = pd.DataFrame(
        {
            say("reasons.column.reason"): [name(one.named) for one in ranked],
            say("reasons.column.given"): [one.given for one in ranked],
            say("reasons.column.recoded"): [one.recoded for one in ranked],
        }
    )
    charts.ranking(rows, finding=say("reasons.finding", reason=plain(name(first.named)), share=share), table=table)
