"""In whose hands a case is, and for how long: kept by whoever works on it, given back by one key."""

from datetime import datetime, timedelta

import streamlit as st

from portal import forms, keys, loop_forms, page, runtime
from portal.keys import keyed
from portal.page import Page
from portal.words import NOTHING, clock, plain, say
from services import callback_queue
from services.callback_case import Case, Hold

RENEW_AFTER = timedelta(minutes=1)
"""A case in use is kept for longer at most so often."""
EVERY = "20s"
"""How often the time that is left is told anew while nobody touches the screen."""


def draw(here: Page, case: Case) -> None:
    """Draw in whose hands the case is, and the button that takes it or gives it back."""
    held = case.hold
    if held is not None and held.mine:
        st.session_state[_until_key(case)] = held.until
        _draw_mine(here, case)
    elif held is None:
        with st.container(horizontal=True, vertical_alignment="center", key="callback_hold"):
            st.markdown(f":small[:gray[{say('callback_record.not_held')}]]", width="stretch")
            told = keyed(say("callback_record.take"), keys.HOLD)
            key = f"callback_take_{case.order.id}"
            st.button(told, key=key, type="tertiary", icon=":material/back_hand:", on_click=_take, args=(here, case))
    else:
        told = say("callback_record.held_by", name=plain(held.name or NOTHING), until=clock(held.until))
        st.markdown(f":orange[:material/lock_clock: {told}]")


def renew(here: Page, case: Case) -> None:
    """Keep my case for longer: somebody works on it."""
    until: datetime | None = st.session_state.get(_until_key(case))
    now = runtime.environment().clock()
    if until is None or now - st.session_state.get(_renewed_key(case), case.looked_at) < RENEW_AFTER:
        return
    st.session_state[_renewed_key(case)] = now
    kept = here.act(callback_queue.renew_hold, order_id=case.order.id)
    if isinstance(kept, Hold):
        st.session_state[_until_key(case)] = kept.until


# ---------------------------------------------------------------------------------------------------------------------


def _until_key(case: Case) -> str:
    return f"_held_until_{case.order.id}"


def _renewed_key(case: Case) -> str:
    return f"_renewed_{case.order.id}"


@st.fragment(run_every=EVERY)
def _draw_mine(here: Page, case: Case) -> None:
    until: datetime = st.session_state.get(_until_key(case), case.looked_at)
    left = int((until - runtime.environment().clock()).total_seconds() // 60)
    with st.container(horizontal=True, vertical_alignment="center", key="callback_hold"):
        told = say("callback_record.held", until=clock(until)[:5], n=max(left, 0))
        if left < 0:
            told = f":orange[:material/lock_clock: {say('callback_record.lapsed')}]"
        st.markdown(f":small[:gray[{told}]]", width="stretch")
        release = keyed(say("callback_record.release"), keys.HOLD)
        key = f"callback_release_{case.order.id}"
        st.button(release, key=key, type="tertiary", icon=":material/undo:", on_click=_release, args=(here, case))
    if st.session_state.pop(_RELEASED, False):
        st.rerun()


_RELEASED = "_callback_released"


def _take(here: Page, case: Case) -> None:
    form = f"take_{case.order.id}"
    token = forms.token(form)
    if here.act(callback_queue.take_case, order_id=case.order.id, request_id=token) is not None:
        forms.renew(form, token)


def _release(here: Page, case: Case) -> None:
    if here.act(callback_queue.release_case, order_id=case.order.id) is None:
        return
    loop_forms.choose(None)
    st.session_state[_RELEASED] = True
    page.notice("callback_record.released", "info", number=plain(case.order.number))
