"""The form of a call: the questions with their keys, and the reasons and words of the dissatisfied.

Nothing is chosen beforehand. At the end of every run stands a mark for the script of the desk: the number of the run,
whose form it is, and what is missing first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import streamlit as st

from db.vocabulary import Satisfaction
from portal import keys, questions
from portal.keys import keyed
from portal.words import joined, name, plain, say
from services.callback_case import Case
from services.code_lists import Question, ReasonChoice
from services.rules import suggestions, survey
from services.rules.questions import NOTE, REASONS, WORDS, Answer, Kind, met
from services.rules.questions import chosen as chosen_of
from services.rules.scripts import Called
from services.rules.survey import LONGEST_WORDS, NOT_CONTACTED, Visit

REWORK_ICON = ":material/replay:"
NOTHING_MISSING = "none"
SUGGESTED = "suggested"


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

    def written(self, field: str) -> str:
        """Return what is written in a field."""
        return str(st.session_state.get(self.key(field)) or "")

    @property
    def answers(self) -> dict[str, Answer]:
        """The answers given so far, to the questions that are asked now."""
        return questions.answers_of(self.case.questions, self.key)

    @property
    def asked(self) -> tuple[Question, ...]:
        """The questions that are asked now."""
        return questions.open_now(self.case.questions, self.key)

    @property
    def open_question(self) -> Question | None:
        """The first question that has no answer yet."""
        answers = self.answers
        return next((one for one in self.asked if not answers.get(one.code)), None)

    @property
    def dissatisfied(self) -> bool:
        """Whether the grade that was given counts as dissatisfied."""
        return questions.counts_as(self.case.questions, self.answers) == Satisfaction.DISSATISFIED

    @property
    def offered(self) -> dict[str, list[ReasonChoice]]:
        """The reasons that go with the grade, by the code of their heading, in their order."""
        grade = next((self.answers.get(one.code) for one in self.case.questions if one.decides), None)
        found: dict[str, list[ReasonChoice]] = {}
        for reason in sorted(self.case.reasons, key=lambda one: one.heading.code if one.heading else ""):
            if reason.fits(grade):
                found.setdefault(reason.heading.code if reason.heading else "", []).append(reason)
        return found

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons that are chosen."""
        chosen: list[str] = []
        for heading in self.offered:
            chosen += st.session_state.get(self.key(f"{REASONS}_{heading}")) or ()
        return tuple(chosen)

    @property
    def letters(self) -> dict[str, str | None]:
        """The key of each reason that is offered."""
        free = iter(keys.REASONS)
        return {reason.named.code: next(free, None) for reasons in self.offered.values() for reason in reasons}

    @property
    def chosen_keys(self) -> str:
        """The keys of everything that is chosen, in the order in which it stands on the screen."""
        pressed: list[str | None] = []
        for question in self.asked:
            chosen = chosen_of(self.answers.get(question.code)) if question.choices else ()
            pressed += [
                keys.key_of(keys.CHOICES, place)
                for place, choice in enumerate(question.choices)
                if choice.code in chosen
            ]
        if self.dissatisfied:
            chosen = self.reasons
            pressed += [letter for code, letter in self.letters.items() if code in chosen]
        return "".join(key for key in pressed if key)

    @property
    def body(self) -> dict[str, str | list[str]]:
        """What stands in the fields, by their names: empty where nothing has been written."""
        found: dict[str, str | list[str]] = {}
        for question in self.case.questions:
            if answer := questions.answer_of(question, self.key(question.code)):
                found[question.code] = answer if isinstance(answer, str) else list(answer)
        for heading in self.offered:
            if chosen := st.session_state.get(self.key(f"{REASONS}_{heading}")):
                found[f"{REASONS}_{heading}"] = list(chosen)
        if suggested := st.session_state.get(self._suggested_key):
            found[SUGGESTED] = list(suggested)
        return found | {field: text for field in (WORDS, NOTE) if (text := self.written(field))}

    def fill(self, body: Mapping[str, str | Sequence[str]]) -> None:
        """Put back what stood in the fields."""
        days = {question.code for question in self.case.questions if question.kind == Kind.DATE}
        for field, value in body.items():
            typed = value if isinstance(value, str) else list(value)
            st.session_state[self.key(field)] = date.fromisoformat(str(typed)) if field in days else typed

    @property
    def started_key(self) -> str:
        """The key of the moment at which the form was opened."""
        return f"_started_{self.token}"

    @property
    def started_at(self) -> datetime:
        """When the form was opened."""
        opened: datetime = st.session_state.setdefault(self.started_key, self.case.looked_at)
        return opened

    @property
    def suggested(self) -> tuple[str, ...]:
        """The reasons that were suggested before they were chosen."""
        shown = st.session_state.get(self._suggested_key) or ()
        return tuple(code for code in self.reasons if code in shown)

    def remember_suggested(self, codes: Iterable[str]) -> None:
        """Keep which reasons were suggested while they were not chosen."""
        shown = st.session_state.get(self._suggested_key) or ()
        st.session_state[self._suggested_key] = tuple(sorted({*shown, *codes}))

    @property
    def _suggested_key(self) -> str:
        return self.key(SUGGESTED)

    def visit(self, disposition: str) -> Visit:
        """Return the answered call as it is written down so far."""
        if not self.dissatisfied:
            return Visit(disposition, self.answers)
        return Visit(disposition, self.answers, self.reasons, self.written(WORDS), suggested=self.suggested)

    def missing(self) -> str:
        """Return the first thing without which the call is not complete."""
        answers = self.answers
        for question in self.asked:
            needed = question.needed or (bool(question.required_if) and met(question.required_if, answers))
            if needed and not answers.get(question.code):
                return question.code
        if self.dissatisfied and not self.reasons:
            return REASONS
        if self.dissatisfied and len(self.written(WORDS).strip()) < self.least_words():
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


def draw(form: Form) -> None:
    """Draw what is said and asked, and the reasons and words where the citizen is dissatisfied."""
    with st.container(key="callback_asked", gap="xsmall"):
        _draw_script(form)
        with st.container(key="callback_questions", gap="xsmall"):
            for place, question in enumerate(form.asked, 1):
                questions.draw(question, form.key(question.code), place, shortcuts=keys.CHOICES)
        if form.dissatisfied:
            _ask_reasons(form)
            _ask_words(form)


def leave_mark(form: Form, told: str) -> None:
    """Say what is told of the draft, and leave the mark for the script of the desk.

    It holds the number of the run, the token, what is missing first, and what this run has seen: the keys of all that
    is chosen and the length of the words. By these the script knows whether its last stroke has been answered.
    """
    seen = f"{form.chosen_keys}_{len(form.written(WORDS))}"
    with st.container(key=f"callback_mark_{keys.next_run()}_{form.token}_missing_{form.missing()}_seen_{seen}"):
        st.caption(told)


# ---------------------------------------------------------------------------------------------------------------------


def _draw_script(form: Form) -> None:
    """Draw what the agent says now: how the call is opened, then the question that comes next."""
    case, order = form.case, form.case.order
    if not questions.has_script(case.opening, case.questions):
        return
    called = Called(order.number, order.title, name(order.department), order.requester, order.confidential)
    answers = form.answers
    told = questions.spoken(name(case.opening), called) if case.opening and not any(answers.values()) else None
    if told is None and form.open_question is not None:
        told = questions.script_of(form.open_question, called)
    # What is not to be seen any more stays in its place: a field that moves would lose what is being typed into it.
    over = "callback_script_gone" if form.dissatisfied else "callback_script_over"
    with st.container(key="callback_script" if told else over):
        st.markdown(f":small[:material/record_voice_over: {told}]" if told else " ")


def _ask_reasons(form: Form) -> None:
    offered, letter_of = form.offered, form.letters
    with st.container(key="callback_reasons", gap=None):
        with st.container(key="callback_reasons_title", horizontal=True, vertical_alignment="center"):
            st.markdown(
                say("callback_record.reasons"),
                help=say("callback_record.reasons_help", icon=REWORK_ICON),
                width="content",
            )
            if told := _suggestions(form, letter_of):
                st.markdown(f":small[{told}]", width="content")
        for code, reasons in offered.items():
            labels = {one.named.code: keyed(_reason(one), letter_of[one.named.code]) for one in reasons}
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


def _suggestions(form: Form, letter_of: Mapping[str, str | None]) -> str | None:
    """Return what the words and answers so far point to; what is shown is remembered, and chosen by nobody."""
    words = form.written(WORDS)
    found = suggestions.suggest(words, suggestions.shipped(), among=letter_of.keys()) if words else ()
    because = {one.code: plain(one.because) for one in found}
    if survey.denies_contact(form.answers, form.case.order.current.unit_contacted) and NOT_CONTACTED in letter_of:
        because.setdefault(NOT_CONTACTED, say("callback_record.contact_denied"))
    fresh = {code: why for code, why in because.items() if code not in form.reasons}
    form.remember_suggested(fresh)
    names = {one.named.code: one.named for one in form.case.reasons}
    told = [
        say(
            "callback_record.suggested_because",
            reason=keyed(plain(name(names[code])), letter_of[code]),
            because=why,
        )
        for code, why in fresh.items()
    ]
    return say("callback_record.suggested", reasons=joined(told)) if told else None


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
