"""What supervisors do for the callback desk: answer what agents ask during a call, and let numbers be called again."""

import streamlit as st

from portal import address, case_view, columns, drawer, forms, keyset, loop_forms, page
from portal.case_view import text_of
from portal.page import Page
from portal.words import NOTHING, label, moment, name, plain, say, titled
from services import contacts, referrals
from services.contacts import OptOutLine, OptOutPage
from services.referrals import Referrals, ReferredCase
from services.rules.permissions import Permission

_KEY = "callback_help"


def draw_questions(found: Referrals) -> None:
    """Draw the questions that wait, the oldest first."""
    if not found.lines:
        st.info(say("callback_help.nothing"), icon=":material/task_alt:")
        return
    st.markdown(say("callback_help.waiting", n=found.waiting))
    table = {
        "asked": [line.asked_at for line in found.lines],
        "number": [line.number for line in found.lines],
        "question": [line.question for line in found.lines],
        "by": [line.asked_by for line in found.lines],
        "title": [line.title for line in found.lines],
        "department": [name(line.department) for line in found.lines],
        "round": [line.round for line in found.lines],
    }
    config = {
        "asked": columns.moment("callback_help.asked", 86),
        "number": columns.text("field.number", 124),
        "question": columns.text("field.question", 240),
        "by": columns.text("callback_help.by", 104),
        "title": columns.text("field.title", 140),
        "department": columns.text("field.department", 95),
        "round": columns.whole("field.round", 54),
    }
    ids = [line.order_id for line in found.lines]
    loop_forms.pick_from(table, ids, screen=_KEY, columns=config, more=False)


def draw_question(here: Page, order_id: int) -> None:
    """Draw one question with the form of its answer, and below it the order that it is about."""
    case = here.ask(referrals.referred_case, fresh=True, order_id=order_id)
    case_view.draw_heading(case.order)
    with st.container(border=True, gap="small", key="callback_help_case"):
        _draw_asked(case)
        _draw_answer(here, case)
    with st.container(key="callback_help_order", gap="xsmall"):
        case_view.draw_matter(case.order)
        case_view.draw_story(case.order)


def choose_ended() -> bool:
    """Draw the choice between what is in force and what has ended."""
    names = {"": say("callback_help.in_force"), "ended": say("callback_help.ended")}
    with st.container(width=180):
        return (
            address.choose("callback_help_state", say("callback_help.state"), list(names), names=names.__getitem__)
            != ""
        )


def draw_opt_outs(found: OptOutPage, *, ended: bool) -> OptOutLine | None:
    """Draw who is not to be called; return the one whose row was just clicked, or None."""
    if not found.lines:
        st.info(say("callback_help.no_opt_outs"), icon=":material/task_alt:")
        return None
    rows = [
        {
            "phone": line.masked,
            "kind": label(line.kind),
            "number": line.number,
            "by": line.recorded_by,
            "at": line.recorded_at,
            "ended_by": line.ended_by,
            "ended_at": line.ended_at,
            "why": line.ended_why,
        }
        for line in found.lines
    ]
    config = {
        "phone": columns.text("field.phone", 120),
        "kind": columns.text("callback_help.kind", 150),
        "number": columns.text("callback_help.from_order", 130),
        "by": columns.text("callback_help.recorded_by", 100),
        "at": columns.moment("callback_help.recorded_at", 110),
    }
    if ended:
        config |= {
            "ended_by": columns.text("callback_help.ended_by", 100),
            "ended_at": columns.moment("callback_help.ended_at", 110),
            "why": columns.text("field.opt_out_reason", 200),
        }
    kept = [{name: row[name] for name in config} for row in rows]
    chosen = drawer.pick(f"callback_help_list_{ended}_{keyset.page_number(_KEY)}", kept, config)
    keyset.draw(_KEY, found.next, len(found.lines))
    return None if chosen is None else found.lines[chosen]


def draw_opt_out(here: Page, line: OptOutLine) -> None:
    """Draw one opt-out in the drawer, and the form that ends it."""
    page.show_notices()
    form = f"opt_out_{line.id}"
    token = forms.token(form)
    st.markdown(f"**{plain(line.masked or NOTHING)}** · {label(line.kind)}")
    st.text(say("callback_help.recorded", name=line.recorded_by, at=moment(line.recorded_at)))
    if line.number is not None:
        st.text(titled(say("callback_help.from_order"), line.number))
    if line.ended_at is not None:
        st.text(say("callback_help.was_ended", name=line.ended_by or NOTHING, at=moment(line.ended_at)))
        st.text(line.ended_why or "")
        return
    if not here.may(Permission.OPT_OUT_END):
        return
    st.text_input(say("field.opt_out_reason"), key=f"why_{token}", max_chars=500)
    st.caption(say("callback_help.end_help"))
    st.button(
        say("callback_help.end"),
        key=f"end_{token}",
        type="primary",
        icon=":material/phone_enabled:",
        on_click=_end,
        args=(here, line, form, token),
    )


# ---------------------------------------------------------------------------------------------------------------------


def _draw_asked(case: ReferredCase) -> None:
    who = say("callback_help.asks", name=plain(case.line.asked_by), at=moment(case.line.asked_at))
    st.markdown(f":small[:gray[:material/support_agent: {who}]]  \n{text_of(case.line.question)}")
    if case.answer is not None:
        st.markdown(f":small[:gray[{say('field.answer')}]]  \n{text_of(case.answer)}")


def _draw_answer(here: Page, case: ReferredCase) -> None:
    form = f"referral_{case.line.id}"
    token = forms.token(form)
    if case.answer is not None:
        st.info(say("callback_help.answered"), icon=":material/info:")
        return
    if not here.may(Permission.REFERRAL_ANSWER):
        return
    with st.form(f"referral_form_{token}", border=False, enter_to_submit=False):
        hint = say("callback_help.answer_hint", name=plain(case.line.asked_by))
        loop_forms.long_text("field.answer", f"referral_answer_{token}", height=90, hint=hint)
        loop_forms.send(
            "callback_help.answer",
            f"referral_send_{token}",
            token=token,
            icon=":material/reply:",
            on_click=_answer,
            args=(here, case, form, token),
        )


def _answer(here: Page, case: ReferredCase, form: str, token: str) -> None:
    receipt = here.act(
        referrals.answer_referral,
        referral_id=case.line.id,
        answer=loop_forms.written(f"referral_answer_{token}"),
        request_id=token,
    )
    if receipt is None:
        loop_forms.not_saved(token)
        return
    forms.renew(form, token)
    loop_forms.choose(None)
    page.notice("callback_help.sent", number=plain(receipt.number), name=plain(case.line.asked_by))


def _end(here: Page, line: OptOutLine, form: str, token: str) -> None:
    receipt = here.act(
        contacts.end_opt_out, opt_out_id=line.id, reason=loop_forms.written(f"why_{token}"), request_id=token
    )
    if receipt is not None:
        forms.renew(form, token)
        page.notice("callback_help.ended_now", phone=plain(line.masked or NOTHING))
