"""What the three working screens share: the order in the address, the row that was chosen, the form gone stale."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from zlib import crc32

import pandas as pd
import streamlit as st

from portal.words import say
from services.casework import LONGEST_TEXT

ORDER = "order"
"""The parameter of the address that names the order being worked on."""
AFTER = "after"
"""The parameter of the address that names the order which ended the page before."""

NO_STYLES: Mapping[str, Callable[[str], str]] = MappingProxyType({})


def chosen(parameter: str = ORDER) -> int | None:
    """Return the number that stands in the address, or None."""
    raw = st.query_params.get(parameter, "")
    return int(raw) if raw.isdecimal() and len(raw) < 19 else None


def choose(number: int | None, parameter: str = ORDER) -> None:
    """Put a number into the address, or take it out."""
    if number is None:
        st.query_params.pop(parameter, None)
    else:
        st.query_params[parameter] = str(number)


def pick_from(
    table: Mapping[str, object],
    ids: Sequence[int],
    *,
    screen: str,
    columns: Mapping[str, Any],
    more: bool,
    styles: Mapping[str, Callable[[str], str]] = NO_STYLES,
) -> None:
    """Draw a list of which one row is worked on, and the way to its other pages.

    Choosing a row puts its order into the address.

    `styles` gives a column the look that belongs to the words in it.

    The key changes with the rows, so that a position chosen in one list never points into another.
    """
    key = f"{screen}_list_{crc32(repr(ids).encode())}"
    current = chosen()
    rows = [ids.index(current)] if current in ids else []
    frame = pd.DataFrame(table)
    styled = frame.style
    for column, style in styles.items():
        styled = styled.map(style, subset=[column])
    st.dataframe(
        styled if styles else frame,
        key=key,
        hide_index=True,
        column_config=columns,
        on_select=lambda: _picked(key, ids),
        selection_mode="single-row",
        selection_default={"selection": {"rows": rows}},
        height=min(36 * (len(ids) + 1), 36 * 14),
        row_height=36,
    )
    _turn_pages(ids[-1], more=more, screen=screen)


def long_text(label_key: str, key: str, *, height: int, hint: str) -> None:
    """Draw a field for a text of several lines; nothing stands in it beforehand."""
    st.text_area(say(label_key), key=key, max_chars=LONGEST_TEXT, height=height, placeholder=hint)


def send(
    label_key: str, key: str, *, token: str, icon: str, on_click: Callable[..., None], args: tuple[object, ...]
) -> None:
    """Draw the button that sends a form, and beside it, once, that the form was refused."""
    draw_not_saved(token)
    st.form_submit_button(
        say(label_key), key=key, type="primary", icon=icon, shortcut="Ctrl+Enter", on_click=on_click, args=args
    )


def not_saved(token: str) -> None:
    """Remember that a form was refused: the reasons stand at the top of the screen, which may be out of sight."""
    st.session_state[f"_refused_{token}"] = True


def draw_not_saved(token: str) -> None:
    """Say beside the buttons, once, that the form was refused."""
    if st.session_state.pop(f"_refused_{token}", False):
        st.markdown(f":red[:material/error: {say('loop.not_saved')}]")


def written(key: str) -> str:
    """Return what stands in a text field, or nothing where it is not drawn."""
    return str(st.session_state.get(key) or "")


# ---------------------------------------------------------------------------------------------------------------------


def _picked(key: str, ids: Sequence[int]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    choose(ids[rows[0]] if rows else None)


def _turn_pages(last: int | None, *, more: bool, screen: str) -> None:
    """Draw the way to the next rows and back to the first ones, where there are any."""
    if not more and chosen(AFTER) is None:
        return
    with st.container(horizontal=True):
        first, following = say("loop.first_page"), say("loop.next_page")
        st.button(first, key=f"{screen}_first", disabled=chosen(AFTER) is None, on_click=choose, args=(None, AFTER))
        st.button(following, key=f"{screen}_next", disabled=not more, on_click=choose, args=(last, AFTER))
