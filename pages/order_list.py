"""Orders: find them by any filter, and open one."""

from datetime import date

import streamlit as st

from portal import filters, page, tables
from portal.words import number, say
from services import orders
from services.orders import Cursor, Found

here = page.open("order_list")

PAGE = 50

_PATH = "_order_list_path"


def draw_count(found: Found) -> None:
    """Say how many orders there are; beyond a thousand only that there are more."""
    if found.more:
        st.caption(say("order_list.more_than", total=number(found.total)))
    else:
        st.caption(say("order_list.found", n=found.total))


def draw_pages(found: Found, begins: Cursor | None) -> None:
    """Draw the ways to newer and older orders, where there are any."""
    if begins is None and found.following is None:
        return
    path: list[Cursor | None] = st.session_state.setdefault(_PATH, [])
    with st.container(horizontal=True, horizontal_alignment="right", key="order_list_pages"):
        first, back, on = (say(f"order_list.{way}") for way in ("newest", "newer", "older"))
        st.button(first, key="order_list_first", icon=":material/first_page:", disabled=begins is None, on_click=turn)
        st.button(back, key="order_list_back", icon=":material/chevron_left:", disabled=not path, on_click=turn_back)
        icon = ":material/chevron_right:"
        st.button(
            on,
            key="order_list_on",
            icon=icon,
            disabled=found.following is None,
            on_click=turn,
            args=(found.following, begins),
        )


def turn(to: Cursor | None = None, begins: Cursor | None = None) -> None:
    """Go on to older orders, remembering the way back; or to the newest ones."""
    path: list[Cursor | None] = st.session_state.setdefault(_PATH, [])
    path[:] = [*path, begins] if to is not None else []
    filters.go_to(to)


def turn_back() -> None:
    """Go back to the page that one came from."""
    path: list[Cursor | None] = st.session_state.setdefault(_PATH, [])
    filters.go_to(path.pop() if path else None)


def _backwards(first: date | None, last: date | None) -> bool:
    return first is not None and last is not None and first > last


choices = here.ask(orders.choices)
where = filters.read(choices)
filters.draw(where, choices)
filters.remember()
begins = filters.after()
if begins is None:
    st.session_state.pop(_PATH, None)
found = here.ask(orders.search, where=where, after=begins, limit=PAGE)
draw_count(found)
if found.rows:
    clicked = tables.orders(found.rows, now=found.as_of, key="order_list_table")
    if clicked is not None:
        here.go("order_detail", order=clicked.id)
    draw_pages(found, begins)
elif where.empty:
    st.info(say("order_list.none_yet"), icon=":material/inbox:")
else:
    backwards = _backwards(where.accepted_from, where.accepted_to) or _backwards(where.closed_from, where.closed_to)
    st.info(say("order_list.dates_backwards" if backwards else "order_list.none_found"), icon=":material/search_off:")
    st.button(say("filter.clear"), key="order_list_clear_all", icon=":material/filter_alt_off:", on_click=filters.clear)
