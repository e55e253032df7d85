"""The callback form: nothing is chosen beforehand, reasons and words only where a citizen is dissatisfied."""

import streamlit as st

from db.vocabulary import Satisfaction, Status
from portal import forms, loop_forms, page, questions
from portal.page import Page
from portal.words import label, name, number, plain, say
from services import callbacks
from services.callbacks import Case, Queue
from services.code_lists import DispositionChoice, ReasonChoice
from services.rules.permissions import Permission
from services.rules.scripts import Called
from services.rules.survey import LONGEST_NOTE, LONGEST_WORDS, Visit

REWORK_ICON = ":material/replay:"
MOST_CALLED = 1000


def draw_strip(here: Page, queue: Queue) -> None:
    """Draw my day so far, how many wait, and the one button."""
    with st.container(horizontal=True, vertical_alignment="center", key="callback_strip"):
        waiting = number(queue.waiting) if queue.waiting is not None else f"{number(MOST_CALLED)}+"
        st.markdown(say("callback_record.my_day", calls=queue.calls_today, answered=queue.answered_today))
        st.markdown(say("callback_record.waiting", waiting=waiting))
        st.space("stretch")
        if loop_forms.chosen() is not None:
            back = say("callback_record.back")
            st.button(back, key="callback_back", icon=":material/list:", on_click=loop_forms.choose, args=(None,))
        st.button(
            say("callback_record.next"),
            key="callback_next",
            type="primary" if loop_forms.chosen() is None else "secondary",
            icon=":material/phone_forwarded:",
            shortcut="Alt+N",
            disabled=queue.waiting == 0,
            on_click=_take_next,
            args=(here,),
        )


def draw_phone(here: Page, case: Case) -> None:
    """Draw the masked number, and the button that shows it in full and says so in the trail."""
    shown = st.session_state.get(_phone_key(case.order.id))
    with st.container(horizontal=True, vertical_alignment="center", key="callback_phone"):
        phone = shown or case.order.phone or say("callback_record.no_phone")
        who = plain(case.order.requester or "")
        st.markdown(f":material/call: **{plain(phone)}** :small[:gray[{who}]]")
        if shown is None and case.order.phone and here.may(Permission.CONTACT_REVEAL):
            st.button(
                say("callback_record.reveal"),
                key=f"reveal_{case.order.id}",
                icon=":material/visibility:",
                help=say("callback_record.reveal_help"),
                shortcut="Alt+D",
                on_click=_reveal,
                args=(here, case.order.id),
            )


def draw_form(here: Page, case: Case) -> None:
    """Draw the questions, the reasons where they are needed, and the ways to end the call."""
    form = f"callback_{case.order.id}"
    token = forms.token(form)
    if case.order.status != Status.DUE and not _begun(case, token):
        st.info(say("callback_record.not_due", status=label(case.order.status)), icon=":material/info:")
        return
    seen = forms.up_to_date(form, case.order.version)
    st.session_state.setdefault(f"_started_{token}", case.looked_at)
    page.name_fields(questions.field_words(case.questions))
    _draw_script(case)
    with st.container(horizontal=True, gap="small", key="callback_questions"):
        for place, question in enumerate(questions.open_now(case.questions, _keys(token)), 1):
            questions.draw(question, _key(token, question.code), place)
    if _dissatisfied(case, token):
        _ask_reasons(case, token)
    with st.bottom, st.container(key="callback_endings"):
        loop_forms.draw_not_saved(token)
        answered, unanswered = st.columns([4, 5], gap="medium", vertical_alignment="bottom")
        with answered:
            _draw_answered(here, case, token, seen)
        with unanswered:
            _draw_unanswered(here, case, token, seen)


# ---------------------------------------------------------------------------------------------------------------------


def _key(token: str, field: str) -> str:
    return f"callback_{field}_{token}"


def _phone_key(order_id: int) -> str:
    return f"_phone_{order_id}"


def _begun(case: Case, token: str) -> bool:
    fields = [*(question.code for question in case.questions), "words", "note"]
    return any(st.session_state.get(_key(token, field)) for field in fields)


def _keys(token: str) -> questions.Key:
    return lambda code: _key(token, code)


def _draw_script(case: Case) -> None:
    """Draw what the agent says, out of the way until it is wanted."""
    if not questions.has_script(case.opening, case.questions):
        return
    order = case.order
    called = Called(order.number, order.title, name(order.department), order.requester, order.confidential)
    with st.popover(say("questions.script"), icon=":material/record_voice_over:"):
        questions.draw_script(case.opening, case.questions, called)


def _dissatisfied(case: Case, token: str) -> bool:
    given = questions.answers_of(case.questions, _keys(token))
    return questions.counts_as(case.questions, given) == Satisfaction.DISSATISFIED


def _ask_reasons(case: Case, token: str) -> None:
    given = questions.answers_of(case.questions, _keys(token))
    grade = next((given.get(question.code) for question in case.questions if question.decides), None)
    known = {reason.named.code: reason for reason in case.reasons if reason.fits(grade)}
    st.pills(
        say("callback_record.reasons"),
        list(known),
        selection_mode="multi",
        key=_key(token, "reasons"),
        format_func=lambda code: _reason(known[code]),
        wrap=True,
        help=say("callback_record.reasons_help", icon=REWORK_ICON),
    )


def _reason(reason: ReasonChoice) -> str:
    mark = f" {REWORK_ICON}" if reason.calls_for_rework else ""
    return f"{plain(name(reason.named))}{mark}"


def _draw_answered(here: Page, case: Case, token: str, seen: int) -> None:
    """Draw the citizen's words where they are needed, and the ways in which an answered call ends.

    Words and buttons are one form: a shortcut pressed while typing sends what was typed. The shortcut is not
    Ctrl+Enter, because a choice that has the focus keeps Enter for itself.
    """
    with st.form(_key(token, "answered"), border=False, enter_to_submit=False):
        if _dissatisfied(case, token):
            st.text_area(
                _words_label(case, token),
                key=_key(token, "words"),
                max_chars=LONGEST_WORDS,
                height=68,
                placeholder=say("callback_record.words_hint"),
            )
        with st.container(horizontal=True):
            for choice in (one for one in case.dispositions if one.answered):
                st.form_submit_button(
                    plain(name(choice.named)),
                    key=_key(token, f"end_{choice.named.code.replace('.', '_')}"),
                    type="primary" if choice.complete else "secondary",
                    icon=":material/check:" if choice.complete else None,
                    shortcut="Alt+S" if choice.complete else None,
                    help=say("callback_record.complete_help" if choice.complete else "callback_record.partial_help"),
                    on_click=_send,
                    args=(here, case, token, seen, choice.named.code),
                )


def _words_label(case: Case, token: str) -> str:
    chosen = st.session_state.get(_key(token, "reasons")) or []
    if any(reason.needs_text for reason in case.reasons if reason.named.code in chosen):
        return say("callback_record.words_at_least", n=case.text_length)
    return say("field.words")


def _draw_unanswered(here: Page, case: Case, token: str, seen: int) -> None:
    """Draw the other way in which a call ends: nobody answered the questions."""
    known = {choice.named.code: choice for choice in case.dispositions if not choice.answered}
    left = max(case.attempts_allowed - case.attempts_made, 0)
    with st.form(_key(token, "unanswered"), border=False, enter_to_submit=False):
        how, note, end = st.columns([10, 8, 9], vertical_alignment="bottom")
        how.selectbox(
            say("callback_record.unanswered", made=case.attempts_made, n=left),
            list(known),
            index=None,
            key=_key(token, "disposition"),
            format_func=lambda code: _disposition(known[code]),
            placeholder=say("callback_record.choose_disposition"),
        )
        note.text_input(say("field.note"), key=_key(token, "note"), max_chars=LONGEST_NOTE)
        end.form_submit_button(
            say("callback_record.record_unanswered"),
            key=_key(token, "end_unanswered"),
            icon=":material/phone_missed:",
            shortcut="Alt+X",
            width="stretch",
            on_click=_send,
            args=(here, case, token, seen, None),
        )


def _disposition(choice: DispositionChoice) -> str:
    told = name(choice.named)
    return say("callback_record.with_note", disposition=told) if choice.note_required else told


def _take_next(here: Page) -> None:
    found = here.act(callbacks.next_case)
    if found is not None:
        loop_forms.choose(found.order.id)


def _reveal(here: Page, order_id: int) -> None:
    shown = here.act(
        callbacks.reveal_contact,
        order_id=order_id,
        reason=say("callback_record.reveal_reason"),
        request_id=forms.token(f"reveal_{order_id}"),
    )
    if shown is not None:
        st.session_state[_phone_key(order_id)] = shown.phone or ""


def _send(here: Page, case: Case, token: str, seen: int, disposition: str | None) -> None:
    """Write the call down. What was typed stays where it is refused, and the form is new once it is saved."""
    order = case.order
    if disposition is None:
        said = st.session_state.get(_key(token, "disposition"))
        visit = Visit(said, note=loop_forms.written(_key(token, "note")))
    else:
        dissatisfied = _dissatisfied(case, token)
        visit = Visit(
            disposition,
            questions.answers_of(case.questions, _keys(token)),
            tuple(st.session_state.get(_key(token, "reasons")) or ()) if dissatisfied else (),
            loop_forms.written(_key(token, "words")) if dissatisfied else None,
        )
    receipt = here.act(
        callbacks.record_callback,
        order_id=order.id,
        seen=seen,
        visit=visit,
        request_id=token,
        started_at=st.session_state.get(f"_started_{token}"),
    )
    if receipt is None:
        loop_forms.not_saved(token)
    else:
        forms.renew(f"callback_{order.id}", token)
        st.session_state.pop(_phone_key(order.id), None)
        loop_forms.choose(None)
        page.notice("callback_record.saved", number=plain(receipt.number), status=label(Status(receipt.status)))
