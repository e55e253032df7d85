"""A questionnaire as the desk draws it, answered on trial: the verdict is shown, and nothing is stored."""

import streamlit as st

from db.vocabulary import Satisfaction
from portal import page, questions
from portal.page import Page
from portal.words import joined, label, name, plain, say, titled
from services import questionnaires
from services.questionnaires import Opened
from services.rules.questions import chosen
from services.rules.scripts import Called
from services.rules.survey import LONGEST_WORDS, Verdict, Visit


def draw(here: Page, opened: Opened) -> None:
    """Draw the questions, the ends of a call and the verdict."""
    if not opened.questions:
        st.info(say("questionnaires.mend_first"), icon=":material/build:")
        return
    page.name_fields(questions.field_words(opened.questions))
    st.info(say("questionnaires.trial_note"), icon=":material/science:")
    left, right = st.columns([8, 4], gap="medium")
    with right, st.container(border=True):
        _draw_order(opened)
        _draw_verdict(opened)
    with left:
        _draw_script(opened)
        with st.container(key="questionnaire_trial", gap="xsmall"):
            for place, question in enumerate(questions.open_now(opened.questions, _keys(opened)), 1):
                questions.draw(question, _key(opened, question.code), place)
        _draw_why(opened)
        with st.container(horizontal=True):
            for one in (ending for ending in opened.dispositions if ending.answered):
                st.button(
                    plain(name(one.named)),
                    key=_key(opened, f"end_{one.named.code.replace('.', '_')}"),
                    type="primary" if one.complete else "secondary",
                    on_click=_judge,
                    args=(here, opened, one.named.code),
                )
            clear = say("questionnaires.trial_again")
            st.button(clear, key=_key(opened, "again"), icon=":material/restart_alt:", on_click=_again, args=(opened,))


# ---------------------------------------------------------------------------------------------------------------------


def _round_of(opened: Opened) -> str:
    return f"_trial_{opened.line.id}"


def _key(opened: Opened, field: str) -> str:
    """Return the key of a field: another edit of the draft, or another trial, begins with nothing answered."""
    return f"trial_{field}_{opened.line.id}_{opened.line.edits}_{st.session_state.get(_round_of(opened), 0)}"


def _keys(opened: Opened) -> questions.Key:
    return lambda code: _key(opened, code)


def _draw_order(opened: Opened) -> None:
    """Draw the made-up order that is asked about, as far as questions and reasons depend on it."""
    st.markdown(f"**{say('questionnaires.sample')}** · {say('questionnaires.sample_title')}")
    types = {one.code: one for one in opened.order_types}
    st.selectbox(
        say("field.order_type"), list(types), key=_key(opened, "type"), format_func=lambda code: name(types[code])
    )
    claims = {"": "case.claims_nothing", "yes": "case.claims_contact", "no": "case.claims_no_contact"}
    st.selectbox(
        say("questionnaires.unit_says"),
        list(claims),
        key=_key(opened, "claim"),
        format_func=lambda code: say(claims[code]),
    )
    st.toggle(say("case.confidential"), key=_key(opened, "confidential"))


def _draw_script(opened: Opened) -> None:
    if not questions.has_script(opened.opening, opened.questions):
        return
    called = Called(
        number=say("questionnaires.sample_number"),
        title=say("questionnaires.sample_title"),
        department=say("questionnaires.sample_department"),
        name=say("questionnaires.sample_name"),
        confidential=bool(st.session_state.get(_key(opened, "confidential"))),
    )
    with st.expander(say("questions.script"), icon=":material/record_voice_over:"):
        questions.draw_script(opened.opening, questions.open_now(opened.questions, _keys(opened)), called)


def _dissatisfied(opened: Opened) -> bool:
    given = questions.answers_of(opened.questions, _keys(opened))
    return questions.counts_as(opened.questions, given) == Satisfaction.DISSATISFIED


def _draw_why(opened: Opened) -> None:
    """Draw reasons and words where the citizen is dissatisfied, as the desk does."""
    if not _dissatisfied(opened):
        return
    given = questions.answers_of(opened.questions, _keys(opened))
    grade = next((given.get(question.code) for question in opened.questions if question.decides), None)
    known = {reason.named.code: reason for reason in opened.reasons if reason.fits(grade)}
    st.pills(
        say("callback_record.reasons"),
        list(known),
        selection_mode="multi",
        key=_key(opened, "reasons"),
        format_func=lambda code: plain(name(known[code].named)),
        wrap=True,
    )
    st.text_area(say("field.words"), key=_key(opened, "words"), max_chars=LONGEST_WORDS, height=68)


def _draw_verdict(opened: Opened) -> None:
    verdict: Verdict | None = st.session_state.get(_key(opened, "verdict"))
    if verdict is None:
        st.caption(say("questionnaires.no_verdict"))
        return
    told = label(verdict.satisfaction) if verdict.satisfaction else say("questionnaires.nothing_decided")
    colour = "red" if verdict.satisfaction == Satisfaction.DISSATISFIED else "green"
    lines = [titled(say("questionnaires.verdict"), f":{colour}[**{told}**]")]
    if verdict.calls_for_rework:
        lines.append(f":material/replay: {say('questionnaires.rework_called_for')}")
    if verdict.finding is not None:
        lines.append(f":red-badge[:material/report: {label(verdict.finding)}]")
    words = questions.field_words(opened.questions) | {"words": say("field.words")}
    lines += [f":small[:gray[{words[code]}] {_told(opened, code, value)}]" for code, value in verdict.answers.items()]
    for line in [*lines, f":small[{say('questionnaires.not_stored')}]"]:
        st.markdown(line)


def _told(opened: Opened, code: str, value: str) -> str:
    """Return an answer in the words in which it was chosen, or as it was typed."""
    question = next((one for one in opened.questions if one.code == code), None)
    known = {one.code: questions.choice_words(question, one) for one in question.choices} if question else {}
    return joined([known.get(part, plain(part)) for part in chosen(value)]) if known else plain(value)


def _judge(here: Page, opened: Opened, disposition: str) -> None:
    """Ask what the call would amount to; a refusal is worded at the top, as the desk does."""
    dissatisfied = _dissatisfied(opened)
    state = st.session_state
    visit = Visit(
        disposition,
        questions.answers_of(opened.questions, _keys(opened)),
        tuple(state.get(_key(opened, "reasons")) or ()) if dissatisfied else (),
        str(state.get(_key(opened, "words")) or "") if dissatisfied else None,
    )
    state[_key(opened, "verdict")] = here.act(
        questionnaires.try_out,
        questionnaire_id=opened.line.id,
        visit=visit,
        order_type=state.get(_key(opened, "type")),
        unit_contacted={"yes": True, "no": False}.get(str(state.get(_key(opened, "claim")) or "")),
    )


def _again(opened: Opened) -> None:
    st.session_state[_round_of(opened)] = st.session_state.get(_round_of(opened), 0) + 1
