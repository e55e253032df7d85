"""One order: what was asked, every round of it, and what can be done now."""

import pandas as pd
import streamlit as st

from portal import cards, columns, filters, loop_forms, order_desk, page, screens
from portal.words import NOTHING, label, name, say
from services import orders
from services.orders import OrderStory

here = page.open("order_detail")


def draw_trail(story: OrderStory) -> None:
    """Draw the trail of the order as a table, for whoever wants to know exactly."""
    with st.expander(say("order_detail.trail", n=len(story.happenings)), icon=":material/history:"):
        if not story.happenings:
            st.caption(say("order_detail.trail_empty"))
            return
        rows = [
            {
                "at": one.at,
                "action": label(one.action),
                "actor": one.actor or NOTHING,
                "role": label(one.role),
                "department": name(one.department),
                "reason": one.reason or "",
            }
            for one in story.happenings
        ]
        config = {key: columns.text(f"order_detail.trail_{key}") for key in rows[0] if key != "at"}
        at = columns.moment("order_detail.trail_at", form=columns.WHOLE)
        st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=config | {"at": at}, key="order_detail_trail")


st.page_link(
    screens.screen("order_list").file,
    label=say("order_detail.back"),
    icon=":material/arrow_back:",
    query_params=filters.last_address(),
)
order_id = loop_forms.chosen()
if order_id is None:
    st.info(say("order_detail.choose"), icon=":material/arrow_back:")
    st.stop()
story = here.ask(orders.view, fresh=True, order_id=order_id)
left, right = st.columns([3, 1], gap="medium")
with left:
    cards.draw_header(story)
    cards.draw_facts(story)
    cards.draw_timeline(story)
    draw_trail(story)
with right, st.container(key="order_detail_actions"):
    st.markdown(f"**{say('order_detail.actions')}**")
    order_desk.draw_actions(here, story)
