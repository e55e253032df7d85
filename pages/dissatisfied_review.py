"""Dissatisfied review: the orders that wait for a decision, and the decision about one of them."""

import streamlit as st

from portal import case_view, columns, loop_forms, page, review_desk
from portal.words import joined, label, name, number, say
from services import reviews
from services.reviews import MOST_COUNTED, Reviews
from services.rules.permissions import Permission

here = page.open("dissatisfied_review")


def draw_list(found: Reviews) -> None:
    """Draw the orders that wait, escalated ones first."""
    waiting = number(found.waiting) if found.waiting is not None else f"{number(MOST_COUNTED)}+"
    st.markdown(say("dissatisfied_review.waiting", waiting=waiting))
    table = {
        "number": [row.number for row in found.rows],
        "advice": [_advice(row.calls_for_rework, row.contact_denied) for row in found.rows],
        "reasons": [joined([name(reason) for reason in row.reasons]) for row in found.rows],
        "department": [name(row.department) for row in found.rows],
        "status": [label(row.status) for row in found.rows],
        "round": [row.round for row in found.rows],
        "since": [row.since for row in found.rows],
        "title": [row.title for row in found.rows],
    }
    config = {
        "number": columns.text("field.number", 124),
        "advice": columns.text("dissatisfied_review.advice", 88),
        "reasons": columns.text("field.reasons", 158),
        "department": columns.text("field.department", 112),
        "status": columns.text("field.status", 76),
        "round": columns.whole("field.round", 52),
        "since": columns.moment("dissatisfied_review.since", 92),
        "title": columns.text("field.title", 140),
    }
    ids = [row.order_id for row in found.rows]
    if not ids:
        return
    loop_forms.pick_from(table, ids, screen="dissatisfied_review", columns=config, more=found.more)


def draw_case(order_id: int) -> None:
    """Draw one order, what the rules advise, and the decision."""
    case = here.ask(reviews.review_case, fresh=True, order_id=order_id)
    with st.container(key="dissatisfied_review_heading", gap="xsmall"):
        case_view.draw_heading(case.order)
    with st.container(border=True, gap="small", key="dissatisfied_review_case"):
        review_desk.draw_advice(case)
        review_desk.draw_reading(here, case)
        review_desk.draw_decision(here, case)
    with st.container(key="dissatisfied_review_order", gap="xsmall"):
        case_view.draw_matter(case.order)
        case_view.draw_story(case.order)


def _advice(rework: bool, denied: bool) -> str:
    if rework:
        return say("dissatisfied_review.advice_rework")
    return say("dissatisfied_review.advice_denied") if denied else say("dissatisfied_review.advice_free")


found = here.ask(reviews.review_list, fresh=True, after=loop_forms.chosen(loop_forms.AFTER))
order = loop_forms.chosen()
if order is None:
    if found.rows:
        acts = here.may(Permission.ORDER_RETURN) or here.may(Permission.ORDER_ARCHIVE)
        st.caption(say("dissatisfied_review.choose" if acts else "loop.choose_to_read"))
        draw_list(found)
    else:
        st.info(say("dissatisfied_review.nothing"), icon=":material/task_alt:")
else:
    left, right = st.columns([6, 5], gap="medium")
    with right:
        draw_case(order)
    with left:
        draw_list(found)
