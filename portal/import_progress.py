"""Imports under way: how far each is, asked every second, and the button that stops it."""

from datetime import timedelta

import streamlit as st

from db.vocabulary import JobState
from portal import import_tables, page, runtime, signin, words
from portal.page import Page
from portal.words import label, plain, say
from services import exchange
from services.errors import NotAllowed
from services.intake.views import ImportStatus
from services.rules.permissions import Permission


def draw(status: ImportStatus, *, chosen: bool) -> None:
    """Show an import that waits or runs. Its end is told in a notice, unless it is `chosen` and its report follows."""
    with st.container(border=True):
        st.subheader(say("exchange.active"), anchor=False)
        st.markdown(f"**{plain(status.file_name)}**  \n:small[:gray[{import_tables.about(status)}]]")
        _progress(status.id, chosen)


# ---------------------------------------------------------------------------------------------------------------------


@st.fragment(run_every=timedelta(seconds=1))
def _progress(number: int, chosen: bool) -> None:
    """How far an import is, asked every second for whoever is signed in at that moment."""
    try:
        at = Page("exchange", signin.current_access(at_work=False))
    except NotAllowed:
        st.rerun()
    status = at.ask(exchange.import_status, fresh=True, import_id=number)
    if status.state not in import_tables.ACTIVE:
        if not chosen:
            page.notice("exchange.ended_notice", file=plain(status.file_name), state=label(status.state))
        st.rerun()
    merging = runtime.imports().merging(number)
    if status.state == JobState.QUEUED:
        st.progress(0.0, _queue_words(at, number))
    elif merging:
        st.progress(1.0, say("exchange.merging", done=words.number(status.progress)))
    else:
        st.progress(_share(status), _progress_words(status))
    with st.container(horizontal=True, vertical_alignment="center"):
        if at.may(Permission.ORDER_IMPORT) and not merging:
            st.button(
                say("exchange.cancel"),
                icon=":material/close:",
                key=f"exchange_cancel_{number}",
                disabled=status.cancel_requested,
                on_click=_cancel,
                args=(at, number),
            )
        st.caption(say("exchange.cancelling") if status.cancel_requested else say("exchange.leave_note"))


def _queue_words(at: Page, number: int) -> str:
    recent = at.ask(exchange.recent_imports, fresh=True)
    before = sum(one.state in import_tables.ACTIVE and one.id < number for one in recent)
    return say("exchange.queued_behind", n=before) if before else say("exchange.queued_first")


def _progress_words(status: ImportStatus) -> str:
    done = words.number(status.progress)
    if status.total is None:
        return say("exchange.progress_open", done=done)
    return say("exchange.progress", done=done, total=words.number(status.total))


def _share(status: ImportStatus) -> float:
    return min(1.0, status.progress / status.total) if status.total else 0.0


def _cancel(at: Page, number: int) -> None:
    at.act(exchange.cancel_import, import_id=number)
