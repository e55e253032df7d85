"""What somebody can do with an order: go on to the screen of the work, show the number, give the order away."""

from datetime import datetime, timedelta

import streamlit as st

from portal import forms, page
from portal.loop_forms import written
from portal.page import Page
from portal.words import name, plain, say
from services import callbacks, orders
from services.orders import Branch, OrderStory
from services.rules.permissions import Permission

SHOWN = timedelta(seconds=60)
"""How long a telephone number stays on the screen."""

REASONS = ("call", "verify", "urge")
"""Why somebody needs the number; the words are what is written down."""

_WORK = {
    Permission.CALLBACK_RECORD: ("callback_record", ":material/call:"),
    Permission.ORDER_RETURN: ("dissatisfied_review", ":material/rule:"),
    Permission.REWORK_SUBMIT: ("rework_board", ":material/replay:"),
}
"""The screen on which a move is made; returning and archiving are decided on one."""


def draw_actions(here: Page, story: OrderStory) -> None:
    """Draw the ways on that are open to the reader at this moment, or say that there are none."""
    ways = [way for permission, way in _WORK.items() if permission in story.actions]
    for screen, icon in ways:
        told = say(f"order_detail.go.{screen}")
        if st.button(told, key=f"order_detail_go_{screen}", icon=icon, type="primary", width="stretch"):
            here.go(screen, order=story.id)
    if Permission.CONTACT_REVEAL in story.actions:
        draw_reveal(here, story)
    if Permission.ORDER_ASSIGN in story.actions:
        draw_assign(here, story)
    if not story.actions:
        st.caption(say("order_detail.no_actions"))


def draw_reveal(here: Page, story: OrderStory) -> None:
    """Draw the telephone number for a minute, or the way to see it: a reason, and a button that says it is recorded."""
    shown = st.session_state.get(_shown_key(story.id))
    if shown is not None:
        _draw_number(here, story.id)
        return
    with st.popover(
        say("order_detail.reveal"), icon=":material/visibility:", width="stretch", key="order_detail_reveal"
    ):
        key = f"order_detail_reason_{forms.token(_reveal_form(story.id))}"
        st.selectbox(
            say("order_detail.reveal_reason"),
            REASONS,
            index=None,
            format_func=lambda code: say(f"order_detail.reveal.{code}"),
            placeholder=say("order_detail.reveal_choose"),
            key=key,
        )
        st.caption(say("order_detail.reveal_recorded"))
        reason = st.session_state.get(key)
        st.button(
            say("order_detail.reveal_now"),
            key=f"{key}_go",
            disabled=reason is None,
            on_click=_reveal,
            args=(here, story.id, reason),
        )


def draw_assign(here: Page, story: OrderStory) -> None:
    """Draw the form that gives the order to a department."""
    form = f"assign_{story.id}"
    token = forms.token(form)
    branches = {branch.named.id: branch for branch in here.ask(orders.choices).departments if not branch.retired}
    with st.container(border=True, key="order_detail_assign"):
        st.markdown(f"**{say('order_detail.assign')}**")
        seen = forms.up_to_date(form, story.version)
        st.selectbox(
            say("field.department"),
            list(branches),
            index=None,
            format_func=lambda number: _indented(branches[number]),
            placeholder=say("order_detail.assign_choose"),
            key=f"assign_department_{token}",
        )
        key = f"assign_reason_{token}"
        st.text_input(say("field.assign_reason"), key=key, max_chars=200, placeholder=say("order_detail.assign_why"))
        st.button(
            say("order_detail.assign_now"),
            key=f"assign_go_{token}",
            icon=":material/assignment_ind:",
            width="stretch",
            on_click=_assign,
            args=(here, story, token, seen),
        )


# ----------------------------------------------------------------------------------------------------------------------


def _shown_key(order_id: int) -> str:
    return f"_order_phone_{order_id}"


def _reveal_form(order_id: int) -> str:
    return f"order_reveal_{order_id}"


def _now(here: Page) -> datetime:
    return here.access.environment.clock()


@st.fragment(run_every=timedelta(seconds=5))
def _draw_number(here: Page, order_id: int) -> None:
    """Show the number until its minute is over, and then forget it without a click."""
    shown = st.session_state.get(_shown_key(order_id))
    if shown is None:
        return
    phone, until = shown
    if _now(here) >= until:
        del st.session_state[_shown_key(order_id)]
        st.rerun()
    with st.container(border=True, key="order_detail_phone"):
        st.caption(say("order_detail.phone"))
        st.code(phone, language=None)
        st.caption(say("order_detail.phone_until", n=max(0, int((until - _now(here)).total_seconds()))))


def _reveal(here: Page, order_id: int, reason: str | None) -> None:
    form = _reveal_form(order_id)
    token = forms.token(form)
    told = say(f"order_detail.reveal.{reason}") if reason else ""
    revealed = here.act(callbacks.reveal_contact, order_id=order_id, reason=told, request_id=token)
    if revealed is not None:
        forms.renew(form, token)
        st.session_state[_shown_key(order_id)] = (revealed.phone or "", _now(here) + SHOWN)


def _assign(here: Page, story: OrderStory, token: str, seen: int) -> None:
    """Give the order away. What was chosen stays where it is refused."""
    receipt = here.act(
        orders.assign,
        order_id=story.id,
        seen=seen,
        department_id=st.session_state.get(f"assign_department_{token}") or 0,
        reason=written(f"assign_reason_{token}"),
        request_id=token,
    )
    if receipt is not None:
        forms.renew(f"assign_{story.id}", token)
        page.notice("order_detail.assigned", number=plain(receipt.number))


def _indented(branch: Branch) -> str:
    return "\u3000" * branch.depth + name(branch.named)
