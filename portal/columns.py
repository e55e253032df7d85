"""The columns that tables of several screens share: words, whole numbers, and moments by the city's clock."""

from typing import Any, Literal

import streamlit as st

from portal.words import say
from services.rules.deadlines import CITY

Width = Literal["small", "medium", "large"]
SHORT, WHOLE = "MM-DD HH:mm", "YYYY-MM-DD HH:mm:ss"


def text(key: str, width: Width | int | None = None) -> Any:
    """Return a column of words under a heading."""
    return st.column_config.TextColumn(say(key), width=width)


def whole(key: str, width: int | None = None) -> Any:
    """Return a column of whole numbers under a heading."""
    return st.column_config.NumberColumn(say(key), width=width)


def moment(key: str, width: int | None = None, *, form: str = SHORT) -> Any:
    """Return a column of moments under a heading, told by the city's clock wherever the reader sits."""
    return st.column_config.DatetimeColumn(say(key), format=form, timezone=CITY.key, width=width)
