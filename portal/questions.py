"""One question as it is asked: a function for each kind, and nothing answered beforehand.

The desk, the preview and the dry run of the editor draw questions by these same functions. What was chosen is kept
under the key of the caller's choosing; `answer_of` gives it back as the judgement wants it: codes, several codes, a
text, a number or a day as it is written.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal

import streamlit as st

from db.vocabulary import Satisfaction
from portal.keys import key_of, keyed
from portal.words import name, number, plain, say, says
from services.code_lists import Choice, Question
from services.rules import questions, scripts
from services.rules.questions import Answer, Kind
from services.rules.scripts import Called
from services.views import Named

LONG_TEXT = 120
"""A text that may be longer than this is written in a field of several lines."""
FIRST_DAY = date(2000, 1, 1)
LAST_DAY = date(2099, 12, 31)

Key = Callable[[str], str]
"""From the code of a question to the key of its widget."""


def heading(question: Question, place: int | None = None) -> str:
    """Return the question in words, with its place in front where it is given."""
    key = f"question.{question.code}"
    if question.ask is None and says(key):
        return say(key)
    asked = plain(name(question.ask)) if question.ask else plain(question.code)
    return asked if place is None else f"{place} {asked}"


def choice_words(question: Question, choice: Choice) -> str:
    """Return the words of one answer that can be chosen."""
    if choice.named is not None:
        return plain(name(choice.named))
    key = f"{question.code}.{choice.code}"
    return say(key) if says(key) else plain(choice.code)


def draw(question: Question, key: str, place: int | None = None, *, shortcuts: Sequence[str] = ()) -> None:
    """Draw one question of any kind; choices show the key that chooses them, where there are shortcuts."""
    _DRAWN[question.kind](question, key, heading(question, place), shortcuts)


def draw_single(question: Question, key: str, title: str, shortcuts: Sequence[str]) -> None:
    """Draw the answers of which one is chosen: fixed ones, or the grades of a scale."""
    labels = _labels(question, shortcuts)
    st.segmented_control(
        title,
        list(labels),
        key=key,
        format_func=labels.__getitem__,
        wrap=True,
        help=_help(question),
    )


def draw_several(question: Question, key: str, title: str, shortcuts: Sequence[str]) -> None:
    """Draw the answers of which several can be chosen."""
    labels = _labels(question, shortcuts)
    most = question.limits.most_choices
    told = title if most is None else say("questions.most_choices", question=title, n=most)
    st.pills(
        told,
        list(labels),
        selection_mode="multi",
        key=key,
        format_func=labels.__getitem__,
        wrap=True,
        help=_help(question),
    )


def draw_text(question: Question, key: str, title: str, _: Sequence[str]) -> None:
    """Draw a field for a text: of one line where it is short."""
    room = question.limits.room
    if room <= LONG_TEXT:
        st.text_input(title, key=key, max_chars=room, help=_help(question))
    else:
        st.text_area(title, key=key, max_chars=room, height=68, help=_help(question))


def draw_number(question: Question, key: str, title: str, _: Sequence[str]) -> None:
    """Draw a field for a number; it is typed as text, so that what was typed is what is judged."""
    low, high = question.limits.least, question.limits.most
    bounds = [number(bound, question.limits.decimals) if isinstance(bound, Decimal) else "" for bound in (low, high)]
    st.text_input(title, key=key, max_chars=24, help=_help(question), placeholder=_between(bounds))


def draw_date(question: Question, key: str, title: str, _: Sequence[str]) -> None:
    """Draw a field for a day."""
    low, high = question.limits.least, question.limits.most
    st.date_input(
        title,
        value=None,
        min_value=low if isinstance(low, date) else FIRST_DAY,
        max_value=high if isinstance(high, date) else LAST_DAY,
        key=key,
        format="YYYY-MM-DD",
        help=_help(question),
    )


def answer_of(question: Question, key: str) -> Answer:
    """Return what stands in the field of a question, or nothing."""
    value = st.session_state.get(key)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return tuple(str(code) for code in value) or None
    return str(value).strip() or None if value is not None else None


def answers_of(asked: Sequence[Question], key: Key) -> dict[str, Answer]:
    """Return what was answered, for the questions that are asked now: what a closed branch hides is not said."""
    given = {question.code: answer_of(question, key(question.code)) for question in asked}
    return {question.code: given[question.code] for question in questions.asked(asked, given)}


def open_now(all_of_them: Sequence[Question], key: Key) -> tuple[Question, ...]:
    """Return the questions that are asked now, given what stands in the fields."""
    given = {question.code: answer_of(question, key(question.code)) for question in all_of_them}
    return questions.asked(all_of_them, given)


def counts_as(all_of_them: Sequence[Question], answers: Mapping[str, Answer]) -> Satisfaction | None:
    """Return what the answer that decides counts as, or nothing while it is open."""
    for question in all_of_them:
        if question.decides:
            given = answers.get(question.code)
            return next((one.counts_as for one in question.choices if one.code == given), None)
    return None


def script_of(question: Question, called: Called) -> str | None:
    """Return what the agent says, its blanks filled, as Markdown that shows it letter by letter."""
    return spoken(name(question.script), called) if question.script else None


def spoken(script: str, called: Called) -> str:
    """Return a script with the facts of the order; a requester who may not be named is called so."""
    return plain(scripts.filled(script, called, nameless=say("questions.nameless")))


def draw_script(opening: Named | None, asked: Sequence[Question], called: Called) -> None:
    """Draw what the agent says, from the first word to the last question, where the questionnaire has a script."""
    parts = [spoken(name(opening), called)] if opening else []
    parts += [said for question in asked if (said := script_of(question, called))]
    for part in parts:
        st.markdown(part)


def has_script(opening: Named | None, asked: Sequence[Question]) -> bool:
    """Say whether there is anything to be said."""
    return opening is not None or any(question.script for question in asked)


def field_words(all_of_them: Sequence[Question]) -> dict[str, str]:
    """Return the questions as the names of their fields, for sentences about what is wrong with them."""
    return {question.code: heading(question).rstrip("？?") for question in all_of_them}


# ---------------------------------------------------------------------------------------------------------------------


def _labels(question: Question, shortcuts: Sequence[str]) -> dict[str, str]:
    return {
        choice.code: keyed(choice_words(question, choice), key_of(shortcuts, place))
        for place, choice in enumerate(question.choices)
    }


def _help(question: Question) -> str | None:
    return plain(name(question.help)) if question.help else None


def _between(bounds: Sequence[str]) -> str | None:
    return " – ".join(bounds) if any(bounds) else None


_DRAWN: Mapping[Kind, Callable[[Question, str, str, Sequence[str]], None]] = {
    Kind.SINGLE: draw_single,
    Kind.GRADE: draw_single,
    Kind.SEVERAL: draw_several,
    Kind.TEXT: draw_text,
    Kind.NUMBER: draw_number,
    Kind.DATE: draw_date,
}
