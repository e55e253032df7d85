"""The strip of the desk: my day so far, who waits, and the one button."""

import streamlit as st

from portal import keys, loop_forms
from portal.keys import keyed
from portal.page import Page
from portal.words import number, say
from services import callback_queue
from services.callbacks import Queue

MOST_CALLED = 1000


def draw(here: Page, queue: Queue) -> None:
    """Draw my day so far, how many wait, and the one button."""
    with st.container(horizontal=True, vertical_alignment="center", key="callback_strip"):
        waiting = number(queue.waiting) if queue.waiting is not None else f"{number(MOST_CALLED)}+"
        st.markdown(say("callback_record.my_day", calls=queue.calls_today, answered=queue.answered_today))
        st.markdown(say("callback_record.waiting", waiting=waiting))
        st.space("stretch")
        keys.draw_sheet_button()
        if loop_forms.chosen() is not None:
            back = keyed(say("callback_record.back"), keys.BACK)
            st.button(back, key="callback_back", icon=":material/list:", on_click=loop_forms.choose, args=(None,))
        st.button(
            keyed(say("callback_record.next"), keys.NEXT),
            key="callback_next",
            type="primary" if loop_forms.chosen() is None else "secondary",
            icon=":material/phone_forwarded:",
            disabled=queue.waiting == 0,
            on_click=_take_next,
            args=(here,),
        )


# ---------------------------------------------------------------------------------------------------------------------


def _take_next(here: Page) -> None:
    found = here.act(callback_queue.next_case)
    if found is not None:
        loop_forms.choose(found.order.id)
