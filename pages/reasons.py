"""Reasons of dissatisfaction: ranked for a period and a unit, each with its calls; and how far two readings differ."""

import streamlit as st

from portal import page, reason_views
from portal.words import say
from services import reasons
from services.orders import choices
from services.rules.permissions import Permission

here = page.open("reasons")
first, last, unit = reason_views.filters(here.ask(choices))
ranked = here.ask(reasons.ranked, first=first, last=last, department=unit or None)
if ranked:
    reason_views.ranking(here, ranked, first, last, unit)
else:
    st.info(say("reasons.none"), icon=":material/filter_alt_off:")
if here.may(Permission.FIGURES_VIEW) and not unit:
    reason_views.disagreement(here.ask(reasons.disagreement, first=first, last=last))
