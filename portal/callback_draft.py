"""The draft of a form: kept at every answer and as words are typed, and given back after whatever went wrong.

A form that comes back has the token it had, so that a sending whose answer was lost is not written down twice.
"""

from datetime import datetime

import streamlit as st

from portal import forms
from portal.callback_form import Form, name_of
from portal.page import Page
from portal.words import clock, say
from services import callback_drafts
from services.callback_case import Case


def restore(here: Page, case: Case) -> str:
    """Return the token of the form about a case, with what the person had typed put back where the session is new."""
    name = name_of(case)
    if forms.drawn(name):
        return forms.token(name)
    draft = here.ask(callback_drafts.draft_of, fresh=True, order_id=case.order.id)
    if draft is None:
        return forms.token(name)
    forms.adopt(name, draft.token)
    form = Form(case, draft.token, case.order.version)
    body = dict(draft.body)
    st.session_state[form.started_key] = datetime.fromisoformat(str(body.pop(_STARTED)))
    form.fill(body)
    st.session_state[_kept_key(form)] = form.body
    st.session_state[_told_key(form)] = say("callback_record.draft_restored", at=clock(draft.saved_at))
    return draft.token


def keep(here: Page, form: Form) -> None:
    """Keep what stands in the form where it has changed since."""
    body = form.body
    if body == st.session_state.get(_kept_key(form), {}):
        return
    started = {_STARTED: form.started_at.isoformat()}
    order = form.case.order
    kept = here.act(
        callback_drafts.save_draft, order_id=order.id, round=order.round, token=form.token, body=body | started
    )
    if kept is None:
        st.session_state[_told_key(form)] = f":red[{say('callback_record.draft_not_saved')}]"
    elif kept.saved_at is not None:
        st.session_state[_kept_key(form)] = body
        st.session_state[_told_key(form)] = say("callback_record.draft_saved", at=clock(kept.saved_at))


def told(form: Form) -> str:
    """Return what is to be said of the draft."""
    return str(st.session_state.get(_told_key(form), " "))


# ---------------------------------------------------------------------------------------------------------------------

_STARTED = "started"


def _kept_key(form: Form) -> str:
    return f"_draft_{form.token}"


def _told_key(form: Form) -> str:
    return f"_draft_told_{form.token}"
