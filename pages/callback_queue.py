"""Callback queue: who waits to be called, what makes their turn, and in whose hands they are."""

import streamlit as st

from portal import address, case_table, loop_forms, page
from portal.words import number, say
from services import callback_waiting
from services.callback_waiting import QueuePart

here = page.open("callback_queue")

chosen = loop_forms.chosen()
if chosen is not None:
    here.go("order_detail", order=chosen)

with st.container(width=220):
    parts = [part.value for part in QueuePart]
    part = address.choose(
        "callback_queue_part",
        say("callback_queue.part"),
        parts,
        names=lambda code: say(f"callback_queue.part.{code}"),
        default=QueuePart.ALL.value,
    )
found = here.ask(callback_waiting.queue, fresh=True, part=QueuePart(part), after=loop_forms.chosen(loop_forms.AFTER))
if found.rows:
    waiting = f"{number(found.waiting.n)}+" if found.waiting.more else number(found.waiting.n)
    st.markdown(say("callback_record.waiting", waiting=waiting))
    case_table.draw(found.rows, screen="callback_queue", more=found.more)
else:
    st.info(say("callback_record.nobody"), icon=":material/task_alt:")
