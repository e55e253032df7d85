"""The trail: who did what to which order, when and why, in a chain that nobody edits unnoticed."""

import streamlit as st

from portal import drawer, page, trail_view
from portal.words import say
from services import trail

here = page.open("trail")


@st.dialog(say("trail.event"), width=560, position="right", on_dismiss=drawer.close)
def opened(line: trail.TrailLine) -> None:
    """Draw one event in the drawer."""
    trail_view.event(here, line)


where = trail_view.filters()
found = here.ask(trail.search, where=where, after=trail_view.position(where))
if found.lines:
    chosen = trail_view.events(found)
    if chosen is not None:
        opened(chosen)
else:
    st.info(say("trail.none"), icon=":material/filter_alt_off:")
trail_view.check(here)
