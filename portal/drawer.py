"""A list whose rows open a drawer by one click, and what every form in a drawer says when it has gone stale."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from portal import forms, words
from portal.words import say

_CHOSEN = "_drawer_chosen"
_DRAWN = "_drawer_drawn"


def pick(key: str, rows: Sequence[Mapping[str, object]], columns: Mapping[str, Any]) -> int | None:
    """Draw a list; return the row that was just clicked, or None.

    Only the run of the click opens the drawer; a later one finds the row still marked and opens nothing.
    """
    chosen = st.dataframe(
        pd.DataFrame(rows, columns=list(columns)),
        key=f"{key}_{st.session_state.get(_DRAWN, 0)}",
        hide_index=True,
        width="stretch",
        height=min(36 + 35 * len(rows), 596),
        row_height=35,
        placeholder=words.NOTHING,
        on_select=partial(_choose, key),
        selection_mode="single-row",
        column_config=dict(columns),
    )
    if st.session_state.get(_CHOSEN) != key:
        return None
    del st.session_state[_CHOSEN]
    marked = chosen["selection"].get("rows", [])
    return int(marked[0]) if marked and marked[0] < len(rows) else None


def close() -> None:
    """Forget which row was clicked once its drawer is closed, so that the same row opens again by one click."""
    st.session_state[_DRAWN] = st.session_state.get(_DRAWN, 0) + 1


def up_to_date(form: str, version: int) -> int:
    """Return the version that the form in the drawer goes by; where the row has changed since, offer to go on."""
    return forms.up_to_date(form, version, changed="drawer.changed_meanwhile", go_on="drawer.go_on")


def save(token: str, on_click: Callable[..., None], args: tuple[object, ...]) -> None:
    """Draw the button that keeps what was changed in the drawer."""
    key, icon = f"save_{token}", ":material/save:"
    st.button(say("people.save"), key=key, type="primary", icon=icon, on_click=on_click, args=args)


# ---------------------------------------------------------------------------------------------------------------------


def _choose(key: str) -> None:
    st.session_state[_CHOSEN] = key
