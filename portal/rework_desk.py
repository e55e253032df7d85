"""A department's answer to a return: reply, contact and evidence, with the deadline told as a sentence."""

from datetime import datetime, timedelta

import streamlit as st

from portal import forms, loop_forms, page
from portal.deadline_sentence import deadline_sentence
from portal.page import Page
from portal.tables import LATE_MARK, SOON_MARK
from portal.words import moment, number, plain, say
from services import rework
from services.rework import ReworkCase, ReworkLine
from services.rules.deadlines import CITY
from services.rules.permissions import Permission

SOON = 1
"""So many working days left, and fewer, are shown as due soon."""


def urgency(line: ReworkLine) -> str:
    """Return how a return stands against its deadline, as a word with a mark: late, due soon, or days left."""
    if line.late:
        if not line.late_days:
            return f"{LATE_MARK} {say('rework_board.late')}"
        return f"{LATE_MARK} {say('rework_board.late_by', n=line.late_days)}"
    if line.days_left is None:
        return say("rework_board.in_time")
    left = say("rework_board.days_left", n=line.days_left)
    return f"{SOON_MARK} {left}" if line.days_left <= SOON else left


def draw_deadline(case: ReworkCase) -> None:
    """Draw the deadline of the order and how it is counted."""
    line = case.line
    told = say("rework_board.due", due=moment(line.due_at), urgency=urgency(line))
    if line.late:
        st.error(told, icon=":material/alarm:")
    elif line.days_left is not None and line.days_left <= SOON:
        st.warning(told, icon=":material/hourglass_bottom:")
    else:
        st.info(told, icon=":material/event:")
    if case.deadline is not None:
        st.caption(deadline_sentence(case.deadline))


def draw_answer(here: Page, case: ReworkCase) -> None:
    """Draw the form of the answer; nothing in it is filled in beforehand."""
    if not here.may(Permission.REWORK_SUBMIT):
        st.caption(say("rework_board.read_only"))
        return
    form = f"rework_{case.order.id}"
    token = forms.token(form)
    seen = forms.up_to_date(form, case.order.version)
    contacted = st.segmented_control(
        say("field.unit_contacted"),
        ["yes", "no"],
        key=_key(token, "contacted"),
        format_func=lambda code: say(f"rework_board.contacted_{code}"),
    )
    if contacted == "yes":
        st.datetime_input(
            say("field.unit_contacted_at"),
            value=None,
            key=_key(token, "contacted_at"),
            step=timedelta(minutes=5),
            format="YYYY-MM-DD",
        )
    with st.form(_key(token, "answer"), border=False, enter_to_submit=False):
        loop_forms.long_text(
            "field.reply",
            _key(token, "reply"),
            height=120,
            hint=say("rework_board.reply_hint", n=rework.SHORTEST_REPLY),
        )
        loop_forms.long_text(
            "rework_board.evidence_needed" if case.needs_evidence else "field.evidence_note",
            _key(token, "evidence"),
            height=80,
            hint=say("rework_board.evidence_hint"),
        )
        loop_forms.send(
            "rework_board.submit",
            _key(token, "send"),
            token=token,
            icon=":material/send:",
            on_click=_submit,
            args=(here, case, token, seen),
        )


def counts_of(waiting: int, late: int) -> str:
    """Return the line over the list: how many, and how many of them late."""
    mark = f":red[:material/alarm: {say('rework_board.late_count', n=late)}]" if late else say("rework_board.none_late")
    return f"{say('rework_board.count', count=number(waiting))} · {mark}"


# ---------------------------------------------------------------------------------------------------------------------


def _key(token: str, field: str) -> str:
    return f"rework_{field}_{token}"


def _contacted_at(token: str) -> datetime | None:
    """Return the moment that was entered; people enter it by the city's clock."""
    entered = st.session_state.get(_key(token, "contacted_at"))
    return entered.replace(tzinfo=CITY) if isinstance(entered, datetime) else None


def _submit(here: Page, case: ReworkCase, token: str, seen: int) -> None:
    contacted = st.session_state.get(_key(token, "contacted"))
    receipt = here.act(
        rework.submit_rework,
        order_id=case.order.id,
        seen=seen,
        reply=loop_forms.written(_key(token, "reply")),
        unit_contacted=None if contacted is None else contacted == "yes",
        unit_contacted_at=_contacted_at(token),
        evidence_note=loop_forms.written(_key(token, "evidence")),
        request_id=token,
    )
    if receipt is None:
        loop_forms.not_saved(token)
    else:
        forms.renew(f"rework_{case.order.id}", token)
        loop_forms.choose(None)
        page.notice("rework_board.submitted", number=plain(receipt.number))
