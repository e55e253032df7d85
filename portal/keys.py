"""The keys of the callback desk: which key does what, in every label and on one sheet.

A key stands in a label as code. The script of the desk (`static/desk_keys.js`) presses what shows the key that was
pressed, so that what a label says and what its key does cannot come apart.
"""

from collections.abc import Sequence
from string import ascii_lowercase, digits
from typing import Final

import streamlit as st

from portal.words import say

NEXT, BACK, SHEET, HOLD = "N", "Q", "?", "H"
DIAL, REVEAL, NUMBER = "D", "V", "K"
COMPLETE, PARTIAL, UNANSWERED, APPOINTMENT, REFER = "Enter", "S", "X", "P", "T"
WORDS: Final = "W"
CORRECT: Final = "C"
"""Where no form is open, and so no reason has this letter."""

DAY, TIME, AGENT = "D", "T", "A"
"""In the window of an appointment."""

_RUNS = "_callback_runs"

CHOICES = tuple(digits[1:])
"""The keys of the answers to a question."""
REASONS = tuple(
    letter
    for letter in ascii_lowercase
    if letter.upper() not in {NEXT, BACK, HOLD, DIAL, REVEAL, NUMBER, PARTIAL, UNANSWERED, APPOINTMENT, REFER, WORDS}
)
"""The letters of the reasons: those that do nothing else."""
ENDINGS = (*CHOICES, *REASONS, *"hknpqtvx")
"""The keys of the ways in which a call ends without answers: in their window most letters are free."""


def keyed(text: str, key: str | None) -> str:
    """Return a label with its key; where there are more choices than keys, the last ones have none."""
    return f"{text} `{key}`" if key else text


def key_of(keys: Sequence[str], place: int) -> str | None:
    """Return the key of what stands at this place, from nought; None where the keys have run out."""
    return keys[place] if place < len(keys) else None


def next_run() -> int:
    """Return the number of this run of the desk."""
    number: int = st.session_state.get(_RUNS, 0) + 1
    st.session_state[_RUNS] = number
    return number


def leave_run() -> None:
    """Tell the script of the desk that this run is over, where no form tells it."""
    with st.container(key=f"callback_run_{next_run()}"):
        st.markdown(" ")


def draw_sheet_button() -> None:
    """Draw the button that opens the sheet of keys."""
    if st.button(f"`{SHEET}`", key="callback_sheet", type="tertiary", help=say("desk_keys.title")):
        st.dialog(say("desk_keys.title"), width="medium", icon=":material/keyboard:")(_draw_sheet)()


# ---------------------------------------------------------------------------------------------------------------------

_LINES = (
    ("1 – 9", "answer"),
    ("↑ ↓", "question"),
    (f"{REASONS[0]}, {REASONS[1]} …", "reason"),
    (WORDS, "words"),
    ("Esc", "leave"),
    (COMPLETE, "complete"),
    ("Ctrl+Enter", "complete_writing"),
    (PARTIAL, "partial"),
    (UNANSWERED, "unanswered"),
    (APPOINTMENT, "appointment"),
    (REFER, "refer"),
    (DIAL, "dial"),
    (REVEAL, "reveal"),
    (NUMBER, "number"),
    (NEXT, "next"),
    (BACK, "back"),
    (HOLD, "hold"),
    (CORRECT, "correct"),
    (SHEET, "sheet"),
)


def _draw_sheet() -> None:
    # Side by side, so that the whole sheet stands in a window of 720 lines.
    half = (len(_LINES) + 1) // 2
    with st.container(key="callback_sheet_of_keys"):
        for column, lines in zip(st.columns([5, 3]), (_LINES[:half], _LINES[half:]), strict=True):
            rows = "\n".join(f"| `{key}` | {say(f'desk_keys.{what}')} |" for key, what in lines)
            column.markdown(f"| {say('desk_keys.key')} | {say('desk_keys.does')} |\n|---|---|\n{rows}")
        st.caption(say("desk_keys.writing"))
    leave_run()
