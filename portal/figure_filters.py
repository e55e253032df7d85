"""The filters of the callback figures: a period of days, what it is told apart by, a unit, and a family of rates."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

import streamlit as st

from portal import address, words
from portal.page import Page
from portal.words import say
from services.agent_figures import Compared
from services.callback_figures import FigureChoices, Segment
from services.rules.permissions import Permission

AGENT = "agent"
"""Told apart by agent: for those alone who may see agents."""

FAMILIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "response": ("RR1", "RR2", "RR3", "RR4", "RR5", "RR6"),
        "cooperation": ("COOP1", "COOP2", "COOP3", "COOP4"),
        "refusal": ("REF1", "REF2", "REF3"),
        "contact": ("CON1", "CON2", "CON3"),
    }
)
"""AAPOR's rates by what they are about."""

_PERIODS = ("days_7", "days_30", "days_90", "days_365", "this_month", "last_month", "chosen")
_USUAL = "days_30"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for; `unit` is a code, or nothing for all of them."""

    first: date
    last: date
    by: str
    unit: str | None
    family: str
    compared: Compared


def draw(here: Page, offered: FigureChoices) -> Asked:
    """Draw the filters in one row, and return what they mean."""
    apart = [segment.value for segment in Segment] + ([AGENT] if here.may(Permission.AGENTS_VIEW) else [])
    units = {one.code: words.name(one) for one in offered.units}
    with st.container(horizontal=True, vertical_alignment="bottom", key="figures_filters"):
        first, last = _period(offered)
        with st.container(width=140):
            by = address.choose(
                "figures_by", say("figures.by"), apart, names=lambda code: say(f"figures.by.{code}"), default="whole"
            )
        unit = ""
        if by != AGENT and len(units) > 1:
            with st.container(width=200):
                unit = address.choose(
                    "figures_unit", say("figures.unit"), ["", *units], names=lambda code: units.get(code, _all())
                )
        family = "response"
        if by != Segment.WHOLE:
            with st.container(width=140):
                names = {code: say(f"figures.family.{code}") for code in FAMILIES}
                family = address.choose(
                    "figures_family", say("figures.family"), [*names], names=lambda code: names[code], default=family
                )
        compared = Compared.COMPLETION.value
        if by == AGENT:
            with st.container(width=160):
                compared = address.choose(
                    "figures_compared",
                    say("figures.compared"),
                    [one.value for one in Compared],
                    names=lambda code: say(f"figures.compared.{code}"),
                    default=compared,
                )
    return Asked(first, last, by, unit or None, family, Compared(compared))


def period_of(code: str, today: date) -> tuple[date, date]:
    """Return the first and the last day that a period's name means today."""
    month = today.replace(day=1)
    if code == "this_month":
        return month, today
    if code == "last_month":
        end = month - timedelta(days=1)
        return end.replace(day=1), end
    days = int(code.removeprefix("days_"))
    return today - timedelta(days=days - 1), today


# ---------------------------------------------------------------------------------------------------------------------


def _period(offered: FigureChoices) -> tuple[date, date]:
    with st.container(width=140):
        code = address.choose(
            "figures_period",
            say("figures.period"),
            _PERIODS,
            names=lambda one: say(f"figures.period.{one}"),
            default=_USUAL,
        )
    usual = period_of(_USUAL, offered.today)
    if code != "chosen":
        return period_of(code, offered.today)
    earliest = min(offered.first or usual[0], usual[0])
    with st.container(width=130):
        first = address.day("figures_from", say("figures.from"), earliest=earliest, latest=offered.today)
    with st.container(width=130):
        last = address.day("figures_to", say("figures.to"), earliest=earliest, latest=offered.today)
    first, last = first or usual[0], last or usual[1]
    # A period turned round is read as what was meant.
    return min(first, last), max(first, last)


def _all() -> str:
    return say("figures.all")
