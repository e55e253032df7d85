"""Rework: what was returned, by when it is due, and the department's answer."""

import streamlit as st

from portal import case_view, columns, loop_forms, page, rework_desk
from portal.tables import mark_colour
from portal.words import name, say
from services import rework
from services.rework import Reworks
from services.rules.permissions import Permission

here = page.open("rework_board")


def draw_list(found: Reworks) -> None:
    """Draw what was returned, the most urgent first; whoever sees several departments reads which one."""
    table = {
        "urgency": [rework_desk.urgency(row) for row in found.rows],
        "number": [row.number for row in found.rows],
        "department": [name(row.department) for row in found.rows],
        "reason": [name(row.reason) for row in found.rows],
        "round": [row.round for row in found.rows],
        "due": [row.due_at for row in found.rows],
        "title": [row.title for row in found.rows],
    }
    config = {
        "urgency": columns.text("rework_board.urgency", 160),
        "number": columns.text("field.number", 124),
        "department": columns.text("field.department", 112),
        "reason": columns.text("field.return_reason", 140),
        "round": columns.whole("field.round", 52),
        "due": columns.moment("field.due_at", 92),
        "title": columns.text("field.title", 160),
    }
    ids = [row.order_id for row in found.rows]
    if not ids:
        return
    if here.may(Permission.REWORK_SUBMIT) and len({row.department for row in found.rows}) == 1:
        del table["department"]
    styles = {"urgency": mark_colour}
    loop_forms.pick_from(table, ids, screen="rework_board", columns=config, more=found.more, styles=styles)


def draw_case(order_id: int) -> None:
    """Draw one return: the deadline, what is wanted, and the answer."""
    case = here.ask(rework.rework_case, fresh=True, order_id=order_id)
    with st.container(key="rework_board_heading", gap="xsmall"):
        case_view.draw_heading(case.order)
    with st.container(border=True, key="rework_board_case"):
        rework_desk.draw_deadline(case)
        rework_desk.draw_answer(here, case)
    with st.container(key="rework_board_order", gap="xsmall"):
        case_view.draw_matter(case.order)
        case_view.draw_story(case.order)


with st.container(horizontal=True, vertical_alignment="center", key="rework_board_strip"):
    counts = st.empty()
    late_only = st.toggle(say("rework_board.late_only"), key="rework_board_late", bind="query-params")
found = here.ask(rework.rework_list, fresh=True, late_only=late_only, after=loop_forms.chosen(loop_forms.AFTER))
counts.markdown(rework_desk.counts_of(found.waiting, found.late))
order = loop_forms.chosen()
if order is None:
    if found.rows:
        acts = here.may(Permission.REWORK_SUBMIT)
        st.caption(say("rework_board.choose" if acts else "loop.choose_to_read"))
        draw_list(found)
    else:
        mine = here.may(Permission.REWORK_SUBMIT)
        st.info(say("rework_board.nothing_mine" if mine else "rework_board.nothing"), icon=":material/task_alt:")
else:
    left, right = st.columns([6, 5], gap="medium")
    with right:
        draw_case(order)
    with left:
        draw_list(found)
