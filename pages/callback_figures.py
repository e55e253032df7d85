"""Figures of the callbacks: what became of the cases of a period, by unit, part of the day and agent."""

import streamlit as st

from portal import agent_views, figure_filters, outcome_views, page
from portal.figure_filters import AGENT
from portal.words import say
from services import agent_figures, callback_figures, reasons
from services.callback_figures import Segment

here = page.open("callback_figures")
offered = here.ask(callback_figures.figure_choices)
if offered.first is None:
    st.info(say("figures.empty"), icon=":material/info:")
    st.stop()

asked = figure_filters.draw(here, offered)
if asked.by == AGENT:
    st.caption(say("figures.basis_agents", first=asked.first, last=asked.last))
    agents = here.ask(agent_figures.agent_figures, first=asked.first, last=asked.last)
    outcome_views.headline(agents.total, agents.basis)
    agent_views.agents(asked, agents)
    outcome_views.definitions(agents.basis)
else:
    st.caption(say("figures.basis_rounds", first=asked.first, last=asked.last))
    found = here.ask(
        callback_figures.outcome_figures, first=asked.first, last=asked.last, by=Segment(asked.by), unit=asked.unit
    )
    if asked.by == Segment.WHOLE:
        read = here.ask(reasons.disagreement, first=asked.first, last=asked.last)
        outcome_views.every_rate(found.total, found.basis, read)
        outcome_views.attempts(found)
    else:
        outcome_views.headline(found.total, found.basis)
        outcome_views.lines(here, asked, found)
        outcome_views.attempts(found)
    outcome_views.definitions(found.basis)
