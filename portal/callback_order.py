"""The left side of the desk: the order that the call is about, and the telephone numbers of the citizen."""

import streamlit as st

from db.vocabulary import Status
from portal import callback_hold, callback_numbers, callback_refer, case_view, forms, keys
from portal.keys import keyed
from portal.page import Page
from portal.words import plain, say
from services import callbacks
from services.callback_case import Case
from services.rules.permissions import Permission


def draw(here: Page, case: Case) -> None:
    """Draw the order with its story; it scrolls in itself and never disappears."""
    with st.container(key="callback_order", gap="xsmall"):
        case_view.draw_heading(case.order)
        if case.order.status == Status.DUE:
            callback_hold.draw(here, case)
        _draw_phone(here, case)
        callback_numbers.draw(here, case)
        case_view.draw_matter(case.order)
        case_view.draw_story(case.order)


def forget_phone(order_id: int) -> None:
    """Forget the number that was shown in full or dialled."""
    callback_numbers.forget(order_id)
    st.session_state.pop(_phone_key(order_id), None)


# ---------------------------------------------------------------------------------------------------------------------


def _phone_key(order_id: int) -> str:
    return f"_phone_{order_id}"


def _draw_phone(here: Page, case: Case) -> None:
    """Draw whom to ask for, and the ways to their first number in full, to one more number, and to help."""
    shown = st.session_state.get(_phone_key(case.order.id))
    with st.container(horizontal=True, vertical_alignment="center", key="callback_phone", gap="small"):
        who = plain(case.order.requester or "")
        st.markdown(f":material/person: {who}" + (f" **{plain(shown)}**" if shown else ""), width="stretch")
        if shown is None and case.order.phone and here.may(Permission.CONTACT_REVEAL):
            st.button(
                keyed(say("callback_record.reveal"), keys.REVEAL),
                key=f"reveal_{case.order.id}",
                icon=":material/visibility:",
                type="tertiary",
                help=say("callback_record.reveal_help"),
                on_click=_reveal,
                args=(here, case.order.id),
            )
        callback_numbers.draw_more(here, case)
        callback_refer.draw(here, case)


def _reveal(here: Page, order_id: int) -> None:
    shown = here.act(
        callbacks.reveal_contact,
        order_id=order_id,
        reason=say("callback_record.reveal_reason"),
        request_id=forms.token(f"reveal_{order_id}"),
    )
    if shown is not None:
        st.session_state[_phone_key(order_id)] = shown.phone or ""
