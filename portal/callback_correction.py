"""Correcting a call that was just recorded: the list of those that may be, and the form that corrects."""

import streamlit as st

from portal import keys, loop_forms
from portal.keys import keyed
from portal.page import Page
from portal.words import clock, name, plain, say
from services import callbacks
from services.callback_case import Case

SHOWN = 3


def draw_recent(here: Page) -> None:
    """Draw the calls that whoever is at the desk may still correct; each opens by one click."""
    found = here.ask(callbacks.correctable_calls, fresh=True)
    if not found:
        return
    with st.container(key="callback_correctable", horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown(f":small[:gray[:material/edit: {say('callback_record.correctable')}]]", width="content")
        for place, one in enumerate(found[:SHOWN]):
            told = f"{plain(one.number)} · {plain(name(one.ended))}"
            st.button(
                told if place else keyed(told, keys.CORRECT),
                key=f"callback_correct_{one.attempt_id}",
                type="tertiary",
                help=say("callback_record.correct_help", until=clock(one.until)),
                on_click=_begin,
                args=(one.order_id, one.attempt_id),
            )


def attempt_of(order_id: int) -> int | None:
    """Return the call that the form about an order corrects, None where the form is one of a new call."""
    found: int | None = st.session_state.get(_key(order_id))
    return found


def draw_head(case: Case, attempt_id: int) -> None:
    """Say which call is corrected, and offer to leave it as it is."""
    call = next((one for one in case.order.calls if one.id == attempt_id), None)
    if call is None:
        return
    with st.container(key="callback_correction", horizontal=True, vertical_alignment="center"):
        told = say("callback_record.correcting", at=clock(call.recorded_at), ended=plain(name(call.disposition)))
        st.markdown(f":orange[:material/edit: {told}]", width="stretch")
        leave = say("callback_record.leave_correction")
        key = f"callback_leave_correction_{case.order.id}"
        st.button(leave, key=key, type="tertiary", icon=":material/close:", on_click=_leave, args=(case.order.id,))


def end(order_id: int) -> None:
    """Let the next form about an order be one of a new call."""
    st.session_state.pop(_key(order_id), None)


# ---------------------------------------------------------------------------------------------------------------------


def _key(order_id: int) -> str:
    return f"_callback_corrects_{order_id}"


def _begin(order_id: int, attempt_id: int) -> None:
    st.session_state[_key(order_id)] = attempt_id
    loop_forms.choose(order_id)


def _leave(order_id: int) -> None:
    end(order_id)
    loop_forms.choose(None)
