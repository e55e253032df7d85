"""The strip of the desk: my day so far, who waits, and the one button."""

from datetime import datetime

import streamlit as st

from portal import callback_dashboard, keys, loop_forms, page, runtime
from portal.keys import keyed
from portal.page import Page
from portal.words import clock, moment, number, say
from services import callback_queue
from services.access import Access
from services.callback_case import Case
from services.callback_waiting import Strip


def draw(here: Page, strip: Strip) -> None:
    """Draw my day so far, how many could be called now, and the one button."""
    with st.container(horizontal=True, vertical_alignment="center", key="callback_strip"):
        waiting = f"{number(strip.ready.n)}+" if strip.ready.more else number(strip.ready.n)
        st.markdown(say("callback_record.my_day", calls=strip.calls, answered=strip.answered))
        st.markdown(say("callback_record.waiting", waiting=waiting))
        if strip.due:
            st.markdown(f":orange[:material/event_upcoming: {say('callback_record.appointments_due', n=strip.due)}]")
        elif strip.next_appointment is not None:
            _draw_countdown(strip.next_appointment)
        if strip.opens_at is not None:
            st.markdown(say("callback_queue.closed", at=moment(strip.opens_at)))
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
            on_click=_take_next,
            args=(here,),
        )


# ---------------------------------------------------------------------------------------------------------------------


@st.fragment(run_every="30s")
def _draw_countdown(at: datetime) -> None:
    """Draw how long it is until my next appointment, told anew while nobody touches the screen."""
    left = callback_dashboard.countdown(at, runtime.environment().clock())
    st.markdown(say("callback_record.next_appointment", at=clock(at)[:5], left=left))


def _take_next(here: Page) -> None:
    found = here.act(_asked)
    if found is None:
        return
    if found[0] is None:
        page.notice("callback_queue.nobody_now", "info")
    else:
        loop_forms.choose(found[0].order.id)


def _asked(access: Access) -> tuple[Case | None]:
    """Ask for the next case; in a tuple, because None is what a refusal comes back as."""
    return (callback_queue.next_case(access),)
