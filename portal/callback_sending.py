"""Sending the form of a call: once, with everything that was agreed; what is refused stays as it was typed."""

import streamlit as st

from db.vocabulary import OptOutKind, Status
from portal import callback_correction, callback_numbers, callback_order, forms, loop_forms, page
from portal.callback_form import Form
from portal.page import Page
from portal.words import label, plain, say, short_moment
from services import callbacks
from services.bookings import Booking
from services.rules.questions import NOTE
from services.rules.survey import Visit

_HANDS, _HANDS_IN_WINDOW = "hands", "hands_window"
_DONE = "_callback_done"
_DIGITS = 12
"""More digits are no time that anybody measured."""


def send(
    here: Page,
    form: Form,
    disposition: str,
    *,
    appointment: Booking | None = None,
    opt_out: OptOutKind | None = None,
) -> None:
    """Write the call down. What was typed stays where it is refused, and the form is new once it is saved."""
    answered = any(one.answered for one in form.case.dispositions if one.named.code == disposition)
    hands = form.written(_HANDS_IN_WINDOW) or form.written(_HANDS)
    visit = form.visit(disposition) if answered else Visit(disposition, note=form.written(NOTE))
    sent = {"seen": form.seen, "visit": visit, "request_id": form.token}
    corrects = callback_correction.attempt_of(form.case.order.id)
    if corrects is not None:
        receipt = here.act(callbacks.correct_callback, attempt_id=corrects, **sent)
    else:
        receipt = here.act(
            callbacks.record_callback,
            order_id=form.case.order.id,
            started_at=form.started_at,
            hands_ms=int(hands) if hands.isdecimal() and len(hands) < _DIGITS else None,
            number=callback_numbers.called(form.case.order.id),
            appointment=appointment,
            opt_out=opt_out,
            **sent,
        )
    if receipt is None:
        loop_forms.not_saved(form.token)
        return
    forms.renew(form.name, form.token)
    callback_order.forget_phone(form.case.order.id)
    callback_correction.end(form.case.order.id)
    loop_forms.choose(None)
    st.session_state[_DONE] = True
    number = plain(receipt.number)
    if appointment is not None:
        page.notice("callback_record.booked", number=number, at=short_moment(appointment.at))
    else:
        page.notice("callback_record.saved", number=number, status=label(Status(receipt.status)))


def draw_hands(form: Form, *, window: bool) -> None:
    """Draw the field, seen by nobody, into which the script of the desk writes the time of hands before it sends.

    A window has its own: what changes outside of it would shut it.
    """
    key = form.key(_HANDS_IN_WINDOW if window else _HANDS)
    st.text_input(say("callback_record.hands"), key=key, label_visibility="collapsed", width=1)


def leave_window_when_done() -> None:
    """Draw the whole screen again where what a window was opened for is done; else say what was refused."""
    if st.session_state.pop(_DONE, False):
        st.rerun()
    page.show_notices()


def forget_done() -> None:
    """Forget that something was done: no window was open for it."""
    st.session_state.pop(_DONE, None)
