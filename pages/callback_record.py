"""Callback: take the next order, read it, call, and write down what came of it."""

import streamlit as st

from portal import callback_desk, callback_strip, columns, loop_forms, page
from portal.words import label, name, say
from services import callbacks
from services.callbacks import Queue

here = page.open("callback_record", at_work=loop_forms.chosen() is not None)


def draw_queue(queue: Queue) -> None:
    """Draw who waits, in the order in which they are called."""
    if not queue.rows:
        st.info(say("callback_record.nobody"), icon=":material/task_alt:")
        return
    table = {
        "number": [row.number for row in queue.rows],
        "title": [row.title for row in queue.rows],
        "type": [name(row.order_type) for row in queue.rows],
        "department": [name(row.department) for row in queue.rows],
        "standing": [label(row.standing) if row.standing else say("callback_record.unrated") for row in queue.rows],
        "round": [row.round for row in queue.rows],
        "attempts": [row.attempts for row in queue.rows],
        "closed": [row.closed_at for row in queue.rows],
    }
    config = {
        "number": columns.text("field.number", 130),
        "title": columns.text("field.title", 175),
        "type": columns.text("field.order_type", 60),
        "department": columns.text("field.department", 162),
        "standing": columns.text("callback_record.standing", 76),
        "round": columns.whole("field.round", 52),
        "attempts": columns.whole("callback_record.tried", 76),
        "closed": columns.moment("field.closed_at", 100),
    }
    ids = [row.order_id for row in queue.rows]
    loop_forms.pick_from(table, ids, screen="callback_record", columns=config, more=queue.more)


found = here.ask(callbacks.queue, fresh=True, after=loop_forms.chosen(loop_forms.AFTER))
with st.container(key="callback_desk", gap="xsmall"):
    callback_strip.draw(here, found)
    order = loop_forms.chosen()
    if order is None:
        draw_queue(found)
    else:
        callback_desk.draw(here, order)
