"""Callback: take the next order, read it, call, and write down what came of it."""

import streamlit as st

from portal import (
    callback_correction,
    callback_dashboard,
    callback_desk,
    callback_strip,
    case_table,
    keys,
    loop_forms,
    page,
)
from portal.words import say
from services import callback_waiting
from services.callback_waiting import MyCases

here = page.open("callback_record", at_work=loop_forms.chosen() is not None)


def draw_own(mine: MyCases) -> None:
    """Draw what is an agent's own: in hand, agreed with them by name, put aside."""
    rows = {row.order_id: row for row in (*mine.held, *mine.appointments, *mine.put_aside)}
    if rows:
        case_table.draw(tuple(rows.values()), screen="callback_record", more=False)
    else:
        st.info(say("callback_queue.nothing_of_mine"), icon=":material/task_alt:")


strip = here.ask(callback_waiting.strip, fresh=True)
with st.container(key="callback_desk", gap="xsmall"):
    callback_strip.draw(here, strip)
    order = loop_forms.chosen()
    if order is None:
        callback_correction.draw_recent(here)
        callback_dashboard.draw_dashboard(here)
        draw_own(here.ask(callback_waiting.my_cases, fresh=True))
        keys.leave_run()
    else:
        callback_desk.draw(here, order)
