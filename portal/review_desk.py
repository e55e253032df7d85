"""The decision about a dissatisfied order: what the rules advise, and the two ways in which it can go on."""

import streamlit as st

from db.vocabulary import Status
from portal import case_view, forms, loop_forms, page
from portal.case_view import text_of
from portal.deadline_sentence import deadline_sentence
from portal.page import Page
from portal.words import joined, label, name, plain, say
from services import reasons, reviews
from services.reasons import LONGEST_NOTE
from services.reviews import MOST_DAYS, UNDECIDED, ReviewCase
from services.rules.permissions import Permission
from services.views import Receipt

RETURN, ARCHIVE = "return", "archive"


def draw_advice(case: ReviewCase) -> None:
    """Draw what the rules make of the reasons, and what else speaks for rework; nothing once it is decided."""
    if case.order.status not in UNDECIDED:
        return
    given = joined([plain(name(reason)) for reason in case.reasons])
    if case.calls_for_rework:
        st.markdown(f":orange[:material/gavel: {say('dissatisfied_review.calls_for_rework', reasons=given)}]")
    elif case.reasons:
        st.markdown(f":gray[:material/gavel: {say('dissatisfied_review.no_rework_needed', reasons=given)}]")
    else:
        st.markdown(f":gray[:material/phone_missed: {say('dissatisfied_review.no_reasons')}]")
    stand = [call for call in case.order.calls if call.corrected_at is None]
    words = [call.words for call in stand if call.round == case.order.round and call.words]
    if words:
        st.markdown(say("case.quote", words=text_of(words[-1])))
    if case.contact_denied:
        st.markdown(f":orange[:material/report: {say('dissatisfied_review.contact_denied')}]")
    if case.order.status == Status.ESCALATED:
        told = say("dissatisfied_review.escalated", rounds=case.order.round, allowed=case.max_rounds)
        st.markdown(f":red[:material/priority_high: {told}]")


def draw_reading(here: Page, case: ReviewCase) -> None:
    """Draw the supervisor's own reading of the citizen's words: what the agent wrote down stays beside it."""
    call = next((one for one in reversed(case.order.calls) if one.reasons and one.corrected_at is None), None)
    if call is None or not here.may(Permission.REASON_RECODE):
        return
    form = f"reading_{call.id}"
    token = forms.token(form)
    known = {choice.named.code: choice for choice in case.choices}
    with st.expander(say("dissatisfied_review.reading"), icon=":material/fact_check:", expanded=False):
        wrote = joined([plain(name(reason)) for reason in call.reasons])
        st.markdown(f":small[{say('dissatisfied_review.agent_wrote', reasons=wrote)}]")
        if call.reading is not None:
            st.markdown(case_view.reading_told(call.reading))
        seen = forms.up_to_date(form, case.order.version)
        st.pills(
            say("dissatisfied_review.your_reading"),
            list(known),
            selection_mode="multi",
            key=_key(token, "reading"),
            format_func=lambda code: plain(name(known[code].named)),
            wrap=True,
            help=say("dissatisfied_review.reading_help"),
        )
        st.text_input(say("field.note"), key=_key(token, "reading_note"), max_chars=LONGEST_NOTE)
        loop_forms.draw_not_saved(token)
        st.button(
            say("dissatisfied_review.save_reading"),
            key=_key(token, "send_reading"),
            icon=":material/fact_check:",
            on_click=_read,
            args=(here, call.id, form, token, seen),
        )


def draw_decision(here: Page, case: ReviewCase) -> None:
    """Draw the choice between the two ways, and the form of the one that is chosen."""
    form = f"review_{case.order.id}"
    token = forms.token(form)
    allowed = [
        way
        for way, permission in ((RETURN, Permission.ORDER_RETURN), (ARCHIVE, Permission.ORDER_ARCHIVE))
        if here.may(permission)
    ]
    begun = any(loop_forms.written(_key(token, field)) for field in ("instruction", "archive_reason"))
    if case.order.status not in UNDECIDED and not begun:
        st.info(say("dissatisfied_review.decided", status=label(case.order.status)), icon=":material/info:")
        return
    if not allowed:
        st.caption(say("dissatisfied_review.read_only"))
        return
    seen = forms.up_to_date(form, case.order.version)
    way = st.segmented_control(
        say("dissatisfied_review.decision"),
        allowed,
        key=_key(token, "way"),
        format_func=lambda code: say(f"move.{code}"),
    )
    if way == RETURN:
        _draw_return(here, case, token, seen)
    elif way == ARCHIVE:
        _draw_archive(here, case, token, seen)


# ---------------------------------------------------------------------------------------------------------------------


def _key(token: str, field: str) -> str:
    return f"review_{field}_{token}"


def _draw_return(here: Page, case: ReviewCase, token: str, seen: int) -> None:
    known = {choice.named.code: choice for choice in case.choices}
    given = [reason.code for reason in case.reasons if reason.code in known]
    narrow, wide = st.columns([1, 3], vertical_alignment="center")
    days = narrow.number_input(
        say("field.days"), min_value=1, max_value=MOST_DAYS, value=case.proposed_days, key=_key(token, "days")
    )
    with wide:
        st.caption(deadline_sentence(here.ask(reviews.explain_deadline, days=int(days))))
    with st.form(_key(token, "return"), border=False, enter_to_submit=False):
        st.selectbox(
            say("field.return_reason"),
            [*given, *(code for code in known if code not in given)],
            index=None,
            key=_key(token, "reason"),
            format_func=lambda code: name(known[code].named),
            placeholder=say("dissatisfied_review.choose_reason"),
        )
        loop_forms.long_text(
            "field.instruction", _key(token, "instruction"), height=90, hint=say("dissatisfied_review.instruction_hint")
        )
        loop_forms.send(
            "dissatisfied_review.return",
            _key(token, "send_return"),
            token=token,
            icon=":material/undo:",
            on_click=_return,
            args=(here, case, token, seen),
        )


def _draw_archive(here: Page, case: ReviewCase, token: str, seen: int) -> None:
    hint = say("dissatisfied_review.archive_hint")
    if case.calls_for_rework:
        hint = say("dissatisfied_review.archive_against", n=case.text_length)
    with st.form(_key(token, "archive"), border=False, enter_to_submit=False):
        loop_forms.long_text("field.archive_reason", _key(token, "archive_reason"), height=90, hint=hint)
        st.caption(say("dissatisfied_review.archive_counts"))
        loop_forms.send(
            "dissatisfied_review.archive",
            _key(token, "send_archive"),
            token=token,
            icon=":material/inventory_2:",
            on_click=_archive,
            args=(here, case, token, seen),
        )


def _return(here: Page, case: ReviewCase, token: str, seen: int) -> None:
    receipt = here.act(
        reviews.return_for_rework,
        order_id=case.order.id,
        seen=seen,
        reason=loop_forms.written(_key(token, "reason")),
        instruction=loop_forms.written(_key(token, "instruction")),
        days=int(st.session_state.get(_key(token, "days")) or 0),
        request_id=token,
    )
    _decided(case, token, "dissatisfied_review.returned", receipt)


def _read(here: Page, call_id: int, form: str, token: str, seen: int) -> None:
    receipt = here.act(
        reasons.recode,
        attempt_id=call_id,
        seen=seen,
        reasons=tuple(st.session_state.get(_key(token, "reading")) or ()),
        note=loop_forms.written(_key(token, "reading_note")),
        request_id=token,
    )
    if receipt is None:
        loop_forms.not_saved(token)
        return
    forms.renew(form, token)
    page.notice("dissatisfied_review.read", number=plain(receipt.number))


def _archive(here: Page, case: ReviewCase, token: str, seen: int) -> None:
    receipt = here.act(
        reviews.archive,
        order_id=case.order.id,
        seen=seen,
        reason=loop_forms.written(_key(token, "archive_reason")),
        request_id=token,
    )
    _decided(case, token, "dissatisfied_review.archived", receipt)


def _decided(case: ReviewCase, token: str, sentence: str, receipt: Receipt | None) -> None:
    """Go on to the next order once the decision is saved; keep what was typed where it is refused."""
    if receipt is None:
        loop_forms.not_saved(token)
        return
    forms.renew(f"review_{case.order.id}", token)
    loop_forms.choose(None)
    page.notice(sentence, number=plain(receipt.number))
