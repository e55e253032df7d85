"""The callback desk: the order on the left, which never disappears, and the form of the call on the right."""

import streamlit as st

from db.vocabulary import Status
from portal import (
    callback_correction,
    callback_draft,
    callback_endings,
    callback_form,
    callback_hold,
    callback_numbers,
    callback_order,
    forms,
    keys,
    page,
    questions,
)
from portal.callback_form import Form
from portal.page import Page
from portal.words import label, say
from services import callback_prospects, callbacks
from services.callback_case import Case


def draw(here: Page, order_id: int) -> None:
    """Draw one case to call about."""
    case = here.ask(callbacks.case, fresh=True, order_id=order_id)
    left, right = st.columns([3, 5], gap="medium")
    with left:
        callback_order.draw(here, case)
    with right:
        _draw_form(here, case)


# ---------------------------------------------------------------------------------------------------------------------


def _draw_form(here: Page, case: Case) -> None:
    """Draw the form; where no call may be made, why not, unless something has been written into it already."""
    token = callback_draft.restore(here, case)
    form, corrects = Form(case, token, case.order.version), callback_correction.attempt_of(case.order.id)
    if corrects is not None:
        callback_correction.draw_head(case, corrects)
    elif case.order.status != Status.DUE and not form.body:
        st.info(say("callback_record.not_due", status=label(case.order.status)), icon=":material/info:")
        keys.leave_run()
        return
    number = callback_numbers.called(case.order.id)
    found = here.ask(
        callback_prospects.prospects, fresh=True, order_id=case.order.id, number=number, instead_of=corrects
    )
    if found.blocked is not None and not form.body:
        st.warning(page.worded(found.blocked), icon=":material/block:")
        keys.leave_run()
        return
    with st.container(key="callback_form", gap="xsmall"):
        page.name_fields(questions.field_words(case.questions))
        # A warning has its place beforehand: what is drawn below it must not move while somebody types.
        with st.container():
            if found.blocked is not None:
                st.warning(page.worded(found.blocked), icon=":material/block:")
            form = Form(case, token, forms.up_to_date(callback_form.name_of(case), case.order.version))
        _draw_answers(here, form)
        callback_endings.draw(here, form, found)


@st.fragment
def _draw_answers(here: Page, form: Form) -> None:
    """Draw what is asked, as a fragment: an answer draws the form again, not the order beside it."""
    callback_form.draw(form)
    callback_hold.renew(here, form.case)
    callback_draft.keep(here, form)
    callback_form.leave_mark(form, callback_draft.told(form))
