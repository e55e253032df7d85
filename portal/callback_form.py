"""The form of a call: the questions with their keys, and the reasons and words of the dissatisfied.

Nothing is chosen beforehand. At the end of every run stands a mark for the script of the desk: the number of the run,
whose form it is, and what is missing first.
"""

from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from db.vocabulary import Satisfaction
from portal import keys
from portal.keys import keyed
from portal.words import name, plain, say, says
from services.callbacks import Case
from services.code_lists import Choice, Question, ReasonChoice
from services.rules.questionnaire import NOTE, REASONS, RESULT, WORDS
from services.rules.survey import LONGEST_WORDS, Visit

REWORK_ICON = ":material/replay:"
NOTHING_MISSING = "none"

_RUNS = "_callback_runs"


@dataclass(frozen=True, slots=True)
class Form:
    """One form on the screen: the case it is about, its token, and the version of the order it was drawn from."""

    case: Case
    token: str
    seen: int

    @property
    def name(self) -> str:
        """The name under which the token is kept."""
        return name_of(self.case)

    def key(self, field: str) -> str:
        """Return the key of a field."""
        return f"callback_{field}_{self.token}"

    def value(self, field: str) -> str | None:
        """Return what stands in a field."""
        value = st.session_state.get(self.key(field))
        return str(value) if value else None

    @property
    def dissatisfied(self) -> bool:
        """Whether the grade that was given counts as dissatisfied."""
        given = self.value(RESULT)
        graded = next(question for question in self.case.questions if question.code == RESULT)
        return any(one.code == given and one.counts_as == Satisfaction.DISSATISFIED for one in graded.choices)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons that are chosen."""
        chosen: list[str] = []
        for heading in headings(self.case):
            chosen += st.session_state.get(self.key(f"{REASONS}_{heading}")) or ()
        return tuple(chosen)

    @property
    def body(self) -> dict[str, str | list[str]]:
        """What stands in the fields, by their names: empty where nothing has been written."""
        found: dict[str, str | list[str]] = {}
        for field in (*(question.code for question in self.case.questions), WORDS, NOTE):
            if value := self.value(field):
                found[field] = value
        for heading in headings(self.case):
            if chosen := st.session_state.get(self.key(f"{REASONS}_{heading}")):
                found[f"{REASONS}_{heading}"] = list(chosen)
        return found

    @property
    def started_key(self) -> str:
        """The key of the moment at which the form was opened."""
        return f"_started_{self.token}"

    @property
    def started_at(self) -> datetime:
        """When the form was opened."""
        opened: datetime = st.session_state.setdefault(self.started_key, self.case.looked_at)
        return opened

    def visit(self, disposition: str) -> Visit:
        """Return the call as it is written down so far."""
        answers = {question.code: self.value(question.code) for question in self.case.questions}
        if not self.dissatisfied:
            return Visit(disposition, answers)
        return Visit(disposition, answers, self.reasons, self.value(WORDS))

    def missing(self) -> str:
        """Return the first thing without which the call is not complete."""
        for question in self.case.questions:
            if question.needed and not self.value(question.code):
                return question.code
        if self.dissatisfied and not self.reasons:
            return REASONS
        if self.dissatisfied and len((self.value(WORDS) or "").strip()) < self.least_words():
            return WORDS
        return NOTHING_MISSING

    def least_words(self) -> int:
        """Return how many characters of the citizen's words are needed."""
        chosen = self.reasons
        told = any(reason.needs_text for reason in self.case.reasons if reason.named.code in chosen)
        return self.case.text_length if told else 1


def name_of(case: Case) -> str:
    """Return the name of the form about a case."""
    return f"callback_{case.order.id}"


def headings(case: Case) -> dict[str, list[ReasonChoice]]:
    """Return the reasons by the code of their heading, in their order."""
    found: dict[str, list[ReasonChoice]] = {}
    for reason in sorted(case.reasons, key=lambda one: one.heading.code if one.heading else ""):
        found.setdefault(reason.heading.code if reason.heading else "", []).append(reason)
    return found


def draw(form: Form) -> None:
    """Draw the questions, and the reasons and words where the citizen is dissatisfied."""
    with st.container(key="callback_asked", gap="xsmall"):
        with st.container(key="callback_questions", gap="xsmall"):
            for question in form.case.questions:
                _ask(question, form)
        if form.dissatisfied:
            _ask_reasons(form)
            _ask_words(form)


def leave_mark(form: Form, told: str) -> None:
    """Say what is told of the draft, and leave the mark for the script of the desk: this run is over."""
    run = st.session_state[_RUNS] = st.session_state.get(_RUNS, 0) + 1
    with st.container(key=f"callback_mark_{run}_{form.token}_missing_{form.missing()}"):
        st.caption(told)


# ---------------------------------------------------------------------------------------------------------------------


def _ask(question: Question, form: Form) -> None:
    labels = {
        choice.code: keyed(_answer(question, choice), keys.key_of(keys.CHOICES, place))
        for place, choice in enumerate(question.choices)
    }
    heading = say(f"question.{question.code}") if says(f"question.{question.code}") else plain(question.code)
    st.segmented_control(heading, list(labels), key=form.key(question.code), format_func=labels.__getitem__, wrap=True)


def _answer(question: Question, choice: Choice) -> str:
    if choice.named is not None:
        return plain(name(choice.named))
    key = f"{question.code}.{choice.code}"
    return say(key) if says(key) else plain(choice.code)


def _ask_reasons(form: Form) -> None:
    letters = iter(keys.REASONS)
    with st.container(key="callback_reasons", gap=None):
        st.markdown(f"**{say('callback_record.reasons')}**", help=say("callback_record.reasons_help", icon=REWORK_ICON))
        for code, reasons in headings(form.case).items():
            labels = {reason.named.code: keyed(_reason(reason), next(letters, None)) for reason in reasons}
            heading = reasons[0].heading
            st.pills(
                plain(name(heading)) if heading else say("callback_record.reasons"),
                list(labels),
                selection_mode="multi",
                key=form.key(f"{REASONS}_{code}"),
                format_func=labels.__getitem__,
                wrap=True,
                persist_state="page",
            )


def _reason(reason: ReasonChoice) -> str:
    mark = f" {REWORK_ICON}" if reason.calls_for_rework else ""
    return f"{plain(name(reason.named))}{mark}"


def _ask_words(form: Form) -> None:
    least = form.least_words()
    told = say("callback_record.words_at_least", n=least) if least > 1 else say("field.words")
    st.text_area(
        keyed(told, keys.WORDS),
        key=form.key(WORDS),
        max_chars=LONGEST_WORDS,
        height=76,
        placeholder=say("callback_record.words_hint"),
        persist_state="page",
    )
