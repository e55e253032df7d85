"""Help and opt-outs: the questions that agents put to their supervisors, and who is not to be called any more."""

import streamlit as st

from portal import drawer, help_desk, keyset, loop_forms, page
from portal.words import say
from services import contacts, referrals
from services.contacts import OptOutLine

here = page.open("callback_help")


@st.dialog(say("callback_help.opt_out"), width=480, position="right", on_dismiss=drawer.close)
def opt_out_drawer(line: OptOutLine) -> None:
    """Read one opt-out in the drawer, and end it."""
    help_desk.draw_opt_out(here, line)


asked_tab, opted_tab = st.tabs(
    [say("callback_help.questions"), say("callback_help.opt_outs")], on_change="rerun", key="callback_help_tab"
)
if asked_tab.open:
    with asked_tab:
        found = here.ask(referrals.open_referrals, fresh=True)
        chosen = loop_forms.chosen()
        if chosen is None:
            help_desk.draw_questions(found)
        else:
            left, right = st.columns([5, 6], gap="medium")
            with right:
                help_desk.draw_question(here, chosen)
            with left:
                help_desk.draw_questions(found)
if opted_tab.open:
    with opted_tab:
        ended = help_desk.choose_ended()
        before = keyset.start("callback_help", ended, None)
        opted = here.ask(contacts.list_opt_outs, ended=ended, before=before)
        clicked = help_desk.draw_opt_outs(opted, ended=ended)
        if clicked is not None:
            opt_out_drawer(clicked)
