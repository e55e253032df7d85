"""What became of an import: its figures, its findings, and the rows that can be corrected and sent again."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from db.vocabulary import JobState
from portal import import_tables, words
from portal.page import Page
from portal.words import say
from services import exchange
from services.intake.run import PROBLEMS_KEPT
from services.intake.views import ImportStatus

PAGE = 50
"""Findings on one page."""


def draw(here: Page, status: ImportStatus) -> None:
    """Show how an import ended: in a sentence, in figures, and finding by finding."""
    if status.state == JobState.FAILED:
        st.error(say("exchange.failed", why=import_tables.why_failed(status)), icon=":material/error:")
    elif status.state == JobState.CANCELLED:
        st.info(say("exchange.cancelled"), icon=":material/cancel:")
    if status.report is None:
        return
    report = status.report
    if report["rejected"]:
        st.warning(say("exchange.done_with_rejects", n=report["rejected"]), icon=":material/warning:")
    elif report["unchanged"] == report["rows"]:
        st.success(say("exchange.done_unchanged"), icon=":material/check_circle:")
    else:
        st.success(say("exchange.done"), icon=":material/check_circle:")
    for column, name in zip(st.columns(len(import_tables.FIGURES)), import_tables.FIGURES, strict=True):
        told = say(f"exchange.figure_help.{name}")
        column.metric(say(f"exchange.figure.{name}"), words.number(report[name]), help=told)
    if status.has_corrections:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.download_button(
                say("exchange.rejected_csv"),
                here.later(exchange.rejected_rows, import_id=status.id),
                file_name=say("exchange.rejected_file", id=status.id),
                mime="text/csv",
                icon=":material/download:",
                on_click="ignore",
                key="exchange_rejected",
            )
            st.caption(say("exchange.rejected_note"))
    _problems(here, status)


def problem_table(problems: Sequence[import_tables.Finding], key: str) -> None:
    """Show findings as a table under the given key."""
    st.dataframe(
        import_tables.problem_table(problems),
        hide_index=True,
        height="auto" if len(problems) <= 8 else 320,
        column_config={
            say("exchange.column.row"): st.column_config.NumberColumn(width=60, format="%d"),
            say("exchange.column.effect"): st.column_config.TextColumn(width=85),
            say("exchange.column.field"): st.column_config.TextColumn(width=100),
            say("exchange.column.value"): st.column_config.TextColumn(width=130),
            say("exchange.column.reason"): st.column_config.TextColumn(width=190),
        },
        key=key,
    )


# ---------------------------------------------------------------------------------------------------------------------


def _problems(here: Page, status: ImportStatus) -> None:
    """The findings, a page at a time; the numbers at which the earlier pages begin are kept for the way back."""
    st.markdown(f"**{say('exchange.problems')}**")
    starts: list[int] = st.session_state.setdefault(f"exchange_pages_{status.id}", [0])
    found = here.ask(exchange.problem_rows, fresh=True, import_id=status.id, after=starts[-1], limit=PAGE + 1)
    if not found:
        st.caption(say("exchange.problems_none"))
        return
    if status.report and status.report["rejected"] + status.report["warnings"] > PROBLEMS_KEPT:
        st.caption(say("exchange.problems_cut", n=PROBLEMS_KEPT))
    shown = found[:PAGE]
    problem_table(shown, f"exchange_problems_{status.id}_{len(starts)}")
    if len(starts) == 1 and len(found) <= PAGE:
        return
    first = (len(starts) - 1) * PAGE + 1
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            say("exchange.newer"), key="exchange_newer", disabled=len(starts) == 1, on_click=partial(_turn_back, starts)
        )
        at_end = len(found) <= PAGE
        turn = partial(starts.append, shown[-1].id)
        st.button(say("exchange.older"), key="exchange_older", disabled=at_end, on_click=turn)
        last = first + len(shown) - 1
        st.caption(say("exchange.problems_range", first=words.number(first), last=words.number(last)))


def _turn_back(starts: list[int]) -> None:
    starts.pop()
