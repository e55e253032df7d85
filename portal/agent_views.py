"""What the screen of callback figures draws of agents: their rates, their time of hands, and the funnel.

Everything here is for a supervisor's review and says so: a point outside the limits asks for a look, not for a verdict.
"""

from collections.abc import Sequence
from decimal import Decimal

import pandas as pd
import streamlit as st

from portal import charts, outcome_tables, words
from portal.figure_filters import Asked
from portal.outcome_tables import GREY, ROW, Told
from portal.words import plain, say
from services.agent_figures import AgentTable, Funnel, FunnelPoint, Hands
from services.outcome_figures import FigureBasis
from services.rules.funnel import Place
from services.rules.interviewer_effect import Effect

OUTSIDE = (Place.VERY_LOW, Place.VERY_HIGH)
"""The places that ask for a look."""


def agents(asked: Asked, found: AgentTable) -> None:
    """Draw one row an agent with the rates of the cases that their calls decided, and the time of hands."""
    st.info(say("figures.for_review"), icon=":material/balance:")
    if not found.lines:
        st.info(say("figures.no_agents"), icon=":material/filter_alt_off:")
        return
    compared = next(one for one in found.funnels if one.compared == asked.compared)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _funnel(compared, found.basis)
    with right:
        _hands(found.hands)
        _in_words(compared, found.basis)
    marked = say("figures.few_marked", n=found.basis.too_few, mark=outcome_tables.FEW_MARK)
    st.caption(f"{say('figures.agents_note', n=len(found.lines))} · {marked}")
    told = [Told(line.name, line.figures, {"hands": _seconds(line.hands)}) for line in found.lines]
    outcome_tables.lines(
        told, found.basis, family=asked.family, title=say("figures.by.agent"), key=f"figures_agents_{asked.family}"
    )


# ---------------------------------------------------------------------------------------------------------------------


def _hands(hands: Hands) -> None:
    seconds = _seconds(hands)
    told = words.NOTHING if seconds is None else say("figures.seconds", seconds=words.number(Decimal(str(seconds)), 1))
    with st.container(gap=None):
        st.metric(say("figures.hands"), told, help=say("figures.hands_help"))
        st.caption(say("figures.hands_of", n=hands.timed, calls=words.number(hands.calls)))


def _seconds(hands: Hands) -> float | None:
    """Return the mean time of hands in seconds, with one decimal; None where no call was timed."""
    return round(hands.milliseconds / hands.timed / 1000, 1) if hands.timed else None


def _funnel(found: Funnel, basis: FigureBasis) -> None:
    placed = [one for one in found.points if one.point is not None]
    if not placed or not found.overall.n:
        st.info(say("figures.funnel_none", n=basis.too_few), icon=":material/filter_alt_off:")
        _table(found, basis)
        return
    whole = found.overall.events / found.overall.n * 100
    rows: list[dict[str, object]] = [
        {"n": n, **_limits(inner, outer), "whole": whole} for n, inner, outer in found.lines
    ]
    for one in placed:
        point = one.point
        assert point is not None
        rows.append(
            {
                "n": one.n,
                **_limits(point.inner, point.outer),
                "whole": whole,
                "percent": float(point.of.rate or 0) * 100,
                "label": one.name if point.place in OUTSIDE else "",
                "said": _sentence(one, basis),
                "outside": point.place in OUTSIDE,
            }
        )
    rows.sort(key=lambda row: int(str(row["n"])))
    outside = [one.name for one in placed if one.point and one.point.place in OUTSIDE]
    key = "figures.finding_outside" if outside else "figures.finding_inside"
    finding = say(key, n=len(placed), outside=len(outside))
    charts.funnel(rows, finding=finding, table=_frame(found, basis))


def _table(found: Funnel, basis: FigureBasis) -> None:
    if found.points:
        frame = _frame(found, basis)
        grey = frame.style.apply(lambda row: [f"color: {GREY}"] * len(row), axis=1)
        st.dataframe(grey, hide_index=True, width="stretch", row_height=ROW, placeholder=words.NOTHING)


def _frame(found: Funnel, basis: FigureBasis) -> pd.DataFrame:
    """Return the funnel as a table: what was observed, what was to be expected, and the place."""
    points = [one.point for one in found.points]
    return pd.DataFrame(
        {
            say("figures.by.agent"): [one.name for one in found.points],
            say("figures.column.of"): [f"{words.number(one.events)}/{words.number(one.n)}" for one in found.points],
            say("figures.column.expected"): [
                words.NOTHING if point is None else words.number(Decimal(float(point.of.expected)), 1)
                for point in points
            ],
            say("figures.column.adjusted"): [
                None if point is None else round(float(point.of.rate or 0) * 100, basis.places) for point in points
            ],
            say("figures.low"): [None if point is None else round(point.outer[0] * 100, 2) for point in points],
            say("figures.high"): [None if point is None else round(point.outer[1] * 100, 2) for point in points],
            say("figures.column.place"): [
                say("figures.too_few") if one.point is None else say(f"figures.place.{one.point.place.value}")
                for one in found.points
            ],
        }
    )


def _limits(inner: Sequence[float], outer: Sequence[float]) -> dict[str, float]:
    return {
        "low": inner[0] * 100,
        "high": inner[1] * 100,
        "very_low": outer[0] * 100,
        "very_high": outer[1] * 100,
    }


def _sentence(one: FunnelPoint, basis: FigureBasis) -> str:
    point = one.point
    if point is None:
        return say("figures.too_few_said", n=basis.too_few)
    return say(
        "figures.point_said",
        name=one.name,
        of=f"{words.number(one.events)}/{words.number(one.n)}",
        expected=words.number(Decimal(float(point.of.expected)), 1),
        adjusted=words.percent(Decimal(float(point.of.rate or 0)), basis.places),
        low=words.percent(Decimal(point.outer[0])),
        high=words.percent(Decimal(point.outer[1])),
        place=say(f"figures.place.{point.place.value}"),
    )


def _in_words(found: Funnel, basis: FigureBasis) -> None:
    """Say what the limits are, whether agents differ beyond chance, and how much goes with who asked."""
    facts = {"n": found.overall.n, "events": words.number(found.overall.events)}
    overall = words.share(found.overall.events, found.overall.n, basis.places)
    st.markdown(say(f"figures.overall.{found.compared.value}", overall=overall, **facts))
    st.markdown(say("figures.adjusted_note"))
    if found.spread is not None:
        key = "figures.spread_wide" if found.spread.tau2 else "figures.spread_none"
        st.markdown(say(key, phi=words.number(Decimal(found.spread.phi), 2)))
    st.markdown(_effect_words(found.effect))
    outside = [plain(one.name) for one in found.points if one.point and one.point.place in OUTSIDE]
    if outside:
        st.markdown(f":material/visibility: {say('figures.look_at', names=words.joined(outside))}")


def _effect_words(effect: Effect | None) -> str:
    if effect is None:
        return say("figures.effect_unknown")
    facts = {
        "icc": words.percent(Decimal(effect.icc)),
        "factor": words.number(Decimal(effect.design_effect), 2),
        "agents": words.number(effect.agents),
    }
    return say(f"figures.effect.{effect.size.value}", n=effect.answers, **facts)
