"""Scores of the units: three satisfaction numbers side by side, and every number opens the orders behind it."""

import streamlit as st

from portal import page, score_views
from portal.words import say
from services import scores

here = page.open("scores")
offered = here.ask(scores.choices)
if offered.first is None or offered.last is None:
    st.info(say("scores.empty"), icon=":material/info:")
    st.stop()

where, unit, counts = score_views.filters(offered, offered.first, offered.last)
if unit:
    found = here.ask(scores.trend, where=where, department=unit)
    whole = here.ask(scores.trend, where=where) if len(offered.units) > 1 else None
    if found.unit is not None:
        score_views.heading(found.unit)
    score_views.figures(found.total.figures, found.moved, found.basis)
    score_views.one_unit(here, where, found, whole, counts=counts)
    score_views.definitions(found.basis)
else:
    table = here.ask(scores.table, where=where)
    score_views.figures(table.total.figures, table.moved, table.basis)
    if table.lines:
        score_views.units(here, where, table, counts=counts)
    else:
        st.info(say("scores.none"), icon=":material/filter_alt_off:")
    score_views.definitions(table.basis)
