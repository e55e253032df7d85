"""The ways in which a call ends: answered in full or in part, not answered at all, or put off by appointment."""

import streamlit as st

from portal import callback_appointment, callback_correction, callback_sending, callback_unanswered, keys, loop_forms
from portal.callback_form import Form
from portal.keys import keyed
from portal.page import Page
from portal.words import name, plain, say
from services.callback_prospects import Prospects


def draw(here: Page, form: Form, found: Prospects) -> None:
    """Draw the buttons that end the call, and the field into which the script of the desk writes the time of hands."""
    callback_sending.forget_done()
    with st.container(key="callback_endings", horizontal=True, gap="small", vertical_alignment="center"):
        for choice in (one for one in form.case.dispositions if one.answered):
            st.button(
                keyed(plain(name(choice.named)), keys.COMPLETE if choice.complete else keys.PARTIAL),
                key=form.key(f"end_{choice.named.code.replace('.', '_')}"),
                type="primary" if choice.complete else "secondary",
                help=say("callback_record.complete_help" if choice.complete else "callback_record.partial_help"),
                on_click=callback_sending.send,
                args=(here, form, choice.named.code),
            )
        unanswered = keyed(say("callback_record.unanswered"), keys.UNANSWERED)
        if st.button(unanswered, key=form.key("unanswered"), icon=":material/phone_missed:"):
            callback_unanswered.open_window(here, form, found)
        appointment = keyed(say("callback_record.appointment"), keys.APPOINTMENT)
        # What was agreed in a call stands by itself: it is changed where appointments are kept, not by a correction.
        corrects = callback_correction.attempt_of(form.case.order.id) is not None
        if not corrects and st.button(appointment, key=form.key("appointment"), icon=":material/event:"):
            callback_appointment.open_window(here, form, found)
        callback_sending.draw_hands(form, window=False)
        loop_forms.draw_not_saved(form.token)
