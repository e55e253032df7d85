"""Choices that live in the address of a screen, by code: a link reopens them in whichever language it is read.

Streamlit's own binding writes the shown words of a choice into the address, which differ from language to language and
change with every renaming. Here the address carries codes, a choice at its default leaves it, and going back and forth
in the browser is followed.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

import streamlit as st

from portal.words import language

_SEEN = "_address_{key}"
_SPOKEN = "_spoken_{key}"


def choose(key: str, label: str, options: Sequence[str], *, names: Callable[[str], str], default: str = "") -> str:
    """Let one of some codes be chosen; the empty one stands for all of them."""
    _follow(key, lambda written: written if written in options else default, default)
    chosen: str = st.selectbox(label, options, format_func=names, key=key, on_change=_write, args=(key, default))
    return chosen


def switch(key: str, label: str, *, help: str | None = None) -> bool:
    """Let something be turned on."""
    _follow(key, lambda written: written == "1", False)
    return st.toggle(label, key=key, help=help, on_change=_write, args=(key, False))


def write(key: str, label: str, *, placeholder: str = "", width: str | int = "stretch") -> str:
    """Let words be written."""
    _follow(key, lambda written: written[:200], "")
    return st.text_input(label, key=key, placeholder=placeholder, on_change=_write, args=(key, "")).strip()


def day(key: str, label: str, *, earliest: date, latest: date) -> date | None:
    """Let a day be chosen, or none."""
    _follow(key, _a_day(earliest, latest), None)
    return st.date_input(
        label,
        None,
        key=key,
        min_value=earliest,
        max_value=latest,
        format="YYYY-MM-DD",
        on_change=_write,
        args=(key, None),
    )


def put(values: Mapping[str, str]) -> None:
    """Choose for the reader, from a callback: the widgets and the address say it at the next run."""
    for key, value in values.items():
        st.session_state[key] = value
        _say(key, value, "")


# ---------------------------------------------------------------------------------------------------------------------


def _follow(key: str, read: Callable[[str], object], default: object) -> None:
    """Take over what the address says when it says something new: a link, a reload, back and forth."""
    written = st.query_params.get(key)
    seen = _SEEN.format(key=key)
    if seen not in st.session_state or st.session_state[seen] != written or key not in st.session_state:
        st.session_state[seen] = written
        st.session_state[key] = default if written is None else read(written)
    elif st.session_state.get(_SPOKEN.format(key=key)) != language():
        # The browser keeps showing the words of the other language until it is told the choice again.
        st.session_state[key] = st.session_state[key]
    st.session_state[_SPOKEN.format(key=key)] = language()


def _write(key: str, default: object) -> None:
    """Put into the address what was chosen."""
    _say(key, st.session_state[key], default)


def _say(key: str, value: object, default: object) -> None:
    if value == default or value is None:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = "1" if value is True else str(value)
    st.session_state[_SEEN.format(key=key)] = st.query_params.get(key)


def _a_day(earliest: date, latest: date) -> Callable[[str], date | None]:
    def read(written: str) -> date | None:
        try:
            found = date.fromisoformat(written)
        except ValueError:
            return None
        return found if earliest <= found <= latest else None

    return read
