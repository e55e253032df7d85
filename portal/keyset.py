"""Pages of a list that goes on from a position: where each page that was looked at began, so that one can go back."""

from typing import Any, TypeVar

import streamlit as st

from portal.words import say

P = TypeVar("P")


def start(key: str, where: object, first: P) -> P:
    """Return where the page that is looked at begins; under another filter that is the beginning again."""
    kept: dict[str, Any] | None = st.session_state.get(_name(key))
    if kept is None or kept["where"] != where:
        kept = {"where": where, "starts": [first]}
        st.session_state[_name(key)] = kept
    begin: P = kept["starts"][-1]
    return begin


def page_number(key: str) -> int:
    """Return which page is looked at, counted from one."""
    return len(st.session_state[_name(key)]["starts"])


def draw(key: str, following: object | None, rows: int) -> None:
    """Draw the way to the page before and the one that begins at `following`; nothing where there is only one."""
    number = page_number(key)
    if number == 1 and following is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}_paging"):
        back, on = say("keyset.back"), say("keyset.on")
        st.button(
            back, icon=":material/chevron_left:", key=f"{key}_back", disabled=number == 1, on_click=_back, args=(key,)
        )
        st.button(
            on,
            icon=":material/chevron_right:",
            key=f"{key}_on",
            disabled=following is None,
            on_click=_on,
            args=(key, number, following),
        )
        st.caption(say("keyset.page", page=number, n=rows))


# ---------------------------------------------------------------------------------------------------------------------


def _name(key: str) -> str:
    return f"_keyset_{key}"


def _back(key: str) -> None:
    starts = st.session_state[_name(key)]["starts"]
    if len(starts) > 1:
        starts.pop()


def _on(key: str, number: int, following: object) -> None:
    """Go on from the page on which the button was drawn: a double click goes on once."""
    starts = st.session_state[_name(key)]["starts"]
    if len(starts) == number:
        starts.append(following)
