"""The ways in which a call ends: answered in full or in part, or not answered at all."""

import streamlit as st

from db.vocabulary import Status
from portal import callback_draft, callback_numbers, callback_order, forms, keys, loop_forms, page
from portal.callback_form import Form
from portal.keys import keyed
from portal.page import Page
from portal.words import label, name, plain, say
from services import callbacks
from services.code_lists import DispositionChoice
from services.rules.questions import NOTE
from services.rules.survey import LONGEST_NOTE, Visit

_DONE = "_callback_done"


def draw(here: Page, form: Form) -> None:
    """Draw the buttons that end the call, and the field into which the script of the desk writes the time of hands."""
    with st.container(key="callback_endings", horizontal=True, gap="small", vertical_alignment="center"):
        for choice in (one for one in form.case.dispositions if one.answered):
            st.button(
                keyed(plain(name(choice.named)), keys.COMPLETE if choice.complete else keys.PARTIAL),
                key=form.key(f"end_{_slug(choice.named.code)}"),
                type="primary" if choice.complete else "secondary",
                help=say("callback_record.complete_help" if choice.complete else "callback_record.partial_help"),
                on_click=_send,
                args=(here, form, choice.named.code),
            )
        if st.button(
            keyed(say("callback_record.unanswered"), keys.UNANSWERED),
            key=form.key("unanswered"),
            icon=":material/phone_missed:",
        ):
            title = say("callback_record.unanswered_title")
            st.dialog(title, width="medium", icon=":material/phone_missed:")(_draw_unanswered)(here, form)
        st.text_input(say("callback_record.hands"), key=form.key("hands"), label_visibility="collapsed", width=1)
        loop_forms.draw_not_saved(form.token)


# ---------------------------------------------------------------------------------------------------------------------


def _draw_unanswered(here: Page, form: Form) -> None:
    """Draw the ways in which a call ends without answers: one key records one of them."""
    if st.session_state.pop(_DONE, False):
        st.rerun()
    page.show_notices()
    case = form.case
    left = max(case.attempts_allowed - case.attempts_made, 0)
    st.caption(say("callback_record.tries", made=case.attempts_made, n=left))
    st.text_input(keyed(say("field.note"), keys.WORDS), key=form.key(NOTE), max_chars=LONGEST_NOTE)
    callback_draft.keep(here, form)
    choices = [one for one in case.dispositions if not one.answered]
    with st.container(key="callback_unanswered_endings", horizontal=True, gap="xsmall"):
        for place, choice in enumerate(choices):
            st.button(
                keyed(_disposition(choice), keys.key_of(keys.ENDINGS, place)),
                key=form.key(f"end_{_slug(choice.named.code)}"),
                on_click=_send,
                args=(here, form, choice.named.code),
                width="stretch",
            )
    keys.leave_run()


def _disposition(choice: DispositionChoice) -> str:
    told = plain(name(choice.named))
    return say("callback_record.with_note", disposition=told) if choice.note_required else told


def _slug(code: str) -> str:
    return code.replace(".", "_")


def _send(here: Page, form: Form, disposition: str) -> None:
    """Write the call down. What was typed stays where it is refused, and the form is new once it is saved."""
    answered = any(one.answered for one in form.case.dispositions if one.named.code == disposition)
    note = loop_forms.written(form.key("note"))
    receipt = here.act(
        callbacks.record_callback,
        order_id=form.case.order.id,
        seen=form.seen,
        visit=form.visit(disposition) if answered else Visit(disposition, note=note),
        request_id=form.token,
        started_at=form.started_at,
        number=callback_numbers.called(form.case.order.id),
    )
    if receipt is None:
        loop_forms.not_saved(form.token)
        return
    forms.renew(form.name, form.token)
    callback_order.forget_phone(form.case.order.id)
    loop_forms.choose(None)
    st.session_state[_DONE] = True
    page.notice("callback_record.saved", number=plain(receipt.number), status=label(Status(receipt.status)))
