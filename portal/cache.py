"""The one place where answers are kept, and the key that says everything that may change one.

Streamlit leaves arguments whose names start with an underscore out of its key, and can confuse two lists of arguments
with each other; so there is one kept function with one argument of fixed length, made here of the question, its
arguments and what the actor may see.
"""

import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any, TypeVar

import streamlit as st

from services.access import Access

T = TypeVar("T")


def key(access: Access, query: Callable[..., object], arguments: Mapping[str, object], last_event: int) -> str:
    """Return everything that may change the answer, as one word of fixed length."""
    actor = access.actor
    who = [actor.role, sorted(actor.permissions), sorted(actor.departments), actor.id, last_event]
    database = str(access.environment.engine.url)
    question = [query.__module__, query.__qualname__, database, who, dict(arguments)]
    return hashlib.sha256(json.dumps(question, default=_plain, sort_keys=True).encode()).hexdigest()


def kept(access: Access, query: Callable[..., T], arguments: Mapping[str, object], last_event: int) -> T:
    """Return the answer to a question, asked once a minute at most while nothing happens that an event records."""
    digest = key(access, query, arguments, last_event)
    answer: T = _keeper()(digest, lambda: query(access, **arguments))
    return answer


def forget() -> None:
    """Forget every kept answer: from now on another database is asked."""
    if _keeper.cache_info().currsize:
        _keeper().clear()


# ---------------------------------------------------------------------------------------------------------------------


@functools.cache
def _keeper() -> Any:
    """Return the kept function, made at its first use: before the server runs, Streamlit has nowhere to keep."""

    @st.cache_data(ttl=60, max_entries=512, show_spinner=False)
    def _kept(digest: str, _run: Callable[[], Any]) -> Any:
        return _run()

    return _kept


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [type(value).__qualname__, dataclasses.asdict(value)]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (set, frozenset, tuple)):
        return sorted(value, key=repr) if isinstance(value, (set, frozenset)) else list(value)
    raise TypeError(f"{type(value).__name__} cannot be part of a kept question")
