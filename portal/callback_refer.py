"""Ask the supervisors during the call: the case rests until they answer, and what was typed is kept for then."""

import streamlit as st

from portal import callback_numbers, forms, keys, loop_forms, page
from portal.keys import keyed
from portal.page import Page
from portal.words import plain, say
from services import referrals
from services.callback_case import Case
from services.casework import LONGEST_TEXT
from services.rules.permissions import Permission

_DONE = "_callback_referred"


def draw(here: Page, case: Case) -> None:
    """Draw the button behind which the question is written; only who holds the case may refer it."""
    if not here.may(Permission.CASE_REFER) or case.hold is None or not case.hold.mine:
        return
    told = keyed(say("callback_refer.ask"), keys.REFER)
    if st.button(told, key="callback_refer", icon=":material/support_agent:", type="tertiary"):
        st.dialog(say("callback_refer.title"), icon=":material/support_agent:")(_draw_question)(here, case)


# ---------------------------------------------------------------------------------------------------------------------


def _draw_question(here: Page, case: Case) -> None:
    if st.session_state.pop(_DONE, False):
        st.rerun()
    page.show_notices()
    form = f"refer_{case.order.id}"
    token = forms.token(form)
    st.caption(say("callback_refer.help"))
    with (
        st.container(key=f"callback_write_question_{token}"),
        st.form(f"callback_refer_form_{token}", border=False, enter_to_submit=False),
    ):
        hint = say("callback_refer.hint")
        st.text_area(say("field.question"), key=f"refer_{token}", max_chars=LONGEST_TEXT, height=110, placeholder=hint)
        st.form_submit_button(
            say("callback_refer.send"),
            key=f"refer_send_{token}",
            type="primary",
            icon=":material/send:",
            shortcut="Ctrl+Enter",
            on_click=_send,
            args=(here, case, form, token),
        )


def _send(here: Page, case: Case, form: str, token: str) -> None:
    receipt = here.act(
        referrals.refer,
        order_id=case.order.id,
        question=loop_forms.written(f"refer_{token}"),
        request_id=token,
    )
    if receipt is None:
        return
    forms.renew(form, token)
    callback_numbers.forget(case.order.id)
    loop_forms.choose(None)
    st.session_state[_DONE] = True
    page.notice("callback_refer.sent", number=plain(receipt.number))
