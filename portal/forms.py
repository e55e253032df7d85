"""Forms that are sent once: the token in every key, replaced only after an acknowledged save.

A double click runs a callback twice, at once and in two threads. Both carry the token that was drawn with the form; the
unique column of the command's row lets one of them through and answers the other with the same receipt.
"""

import streamlit as st

from portal.words import say
from services.environment import random_id


def token(form: str) -> str:
    """Return the request id of a form on this screen; it stays until `renew` is called with it."""
    drawn: str = st.session_state.setdefault(f"_token_{form}", random_id())
    return drawn


def drawn(form: str) -> bool:
    """Say whether this session has drawn the form before."""
    return f"_token_{form}" in st.session_state


def adopt(form: str, token: str) -> None:
    """Go on with a form that was begun elsewhere: under its id, so that it is sent once, whoever sends it."""
    st.session_state[f"_token_{form}"] = token


def renew(form: str, used: str) -> None:
    """Give the form a new id, and so empty fields, once what was sent is saved."""
    if st.session_state.get(f"_token_{form}") == used:
        st.session_state[f"_token_{form}"] = random_id()


def seen(form: str, version: int) -> int:
    """Return the version of the row that this form was first drawn from, through every rerun of the same form."""
    drawn: int = st.session_state.setdefault(f"_seen_{form}_{token(form)}", version)
    return drawn


def see_again(form: str, version: int) -> None:
    """Accept what changed meanwhile: the typed text stays, and the form now goes by the row as it is."""
    st.session_state[f"_seen_{form}_{token(form)}"] = version


def up_to_date(form: str, version: int, *, changed: str = "loop.changed_meanwhile", go_on: str = "loop.go_on") -> int:
    """Return the version that the form goes by; where the row has changed since, say so and offer to go on."""
    drawn = seen(form, version)
    if drawn != version:
        st.warning(say(changed), icon=":material/sync_problem:")
        st.button(say(go_on), key=f"see_{token(form)}", on_click=see_again, args=(form, version))
    return drawn
