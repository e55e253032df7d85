"""The ways in which a call ends without answers, each with what it will do: one key records one of them."""

from collections.abc import Mapping

import streamlit as st

from db.vocabulary import OptOutKind, Refusal
from portal import callback_correction, callback_draft, keys
from portal.callback_form import Form
from portal.callback_sending import draw_hands, leave_window_when_done, send
from portal.keys import keyed
from portal.page import Page
from portal.words import label, name, plain, say, short_moment
from services.callback_prospects import Prospect, Prospects
from services.code_lists import DispositionChoice
from services.rules.questions import NOTE
from services.rules.survey import LONGEST_NOTE

USUAL = ("3.13", "3.12", "2.35", "2.11", "2.112", "2.111", "4.31", "4.32", "2.20")
"""What ends most calls has the digits, whatever follows, so that hands learn them; the others come by their code."""

_OPT_OUT_KEYS = {OptOutKind.DO_NOT_CALL: "D", OptOutKind.NO_SURVEY: "S"}


def open_window(here: Page, form: Form, found: Prospects) -> None:
    """Open the window of the endings."""
    title = say("callback_record.unanswered_title")
    st.dialog(title, width="large", icon=":material/phone_missed:")(_draw)(here, form, found)


# ---------------------------------------------------------------------------------------------------------------------


def _draw(here: Page, form: Form, found: Prospects) -> None:
    leave_window_when_done()
    case = form.case
    note, wishes = st.columns([5, 4], vertical_alignment="bottom")
    left = max(case.attempts_allowed - case.attempts_made, 0)
    with note:
        st.text_input(keyed(say("field.note"), keys.WORDS), key=form.key(NOTE), max_chars=LONGEST_NOTE)
    with wishes:
        corrects = callback_correction.attempt_of(case.order.id) is not None
        st.segmented_control(
            say("callback_record.opt_out"),
            list(_OPT_OUT_KEYS),
            key=form.key("opt_out"),
            format_func=lambda kind: keyed(label(kind), _OPT_OUT_KEYS[kind]),
            help=say("callback_record.opt_out_help"),
            disabled=corrects,
        )
    callback_draft.keep(here, form)
    choices = _in_order(form)
    shortcuts = {one.named.code: keys.key_of(keys.ENDINGS, place) for place, one in enumerate(choices)}
    for place, (what, members) in enumerate(_by_prospect(choices, found.endings).items()):
        with st.container(key=f"callback_unanswered_{place}", gap="xxsmall"):
            st.markdown(f":small[**{what}**]")
            with st.container(horizontal=True, gap="xsmall"):
                for choice in members:
                    _draw_ending(here, form, choice, shortcuts[choice.named.code])
    st.caption(say("callback_record.tries", made=case.attempts_made, n=left))
    draw_hands(form, window=True)
    keys.leave_run()


def _draw_ending(here: Page, form: Form, choice: DispositionChoice, shortcut: str | None) -> None:
    told = plain(name(choice.named))
    st.button(
        keyed(say("callback_record.with_note", disposition=told) if choice.note_required else told, shortcut),
        key=form.key(f"end_{choice.named.code.replace('.', '_')}"),
        on_click=_send,
        args=(here, form, choice),
    )


def _in_order(form: Form) -> list[DispositionChoice]:
    choices = {one.named.code: one for one in form.case.dispositions if not one.answered}
    usual = [choices.pop(code) for code in USUAL if code in choices]
    return [*usual, *choices.values()]


def _by_prospect(
    choices: list[DispositionChoice], endings: Mapping[str, Prospect]
) -> dict[str, list[DispositionChoice]]:
    """Return the endings by what they will do: what leads to another call first, then what ends the round."""
    known = [(endings[one.named.code], one) for one in choices if one.named.code in endings]
    known.sort(key=lambda one: (one[0].over, not one[0].another, one[0].next_at.timestamp() if one[0].next_at else 0))
    found: dict[str, list[DispositionChoice]] = {}
    for prospect, choice in known:
        found.setdefault(_told(prospect), []).append(choice)
    return found


def _told(prospect: Prospect) -> str:
    if prospect.next_at is None:
        return say("callback_record.will_end")
    if prospect.another:
        return say("callback_record.will_change_number", at=short_moment(prospect.next_at))
    return say("callback_record.will_call_again", at=short_moment(prospect.next_at))


def _send(here: Page, form: Form, choice: DispositionChoice) -> None:
    """Record how the call ended; a wish not to be called is one where the citizen refused for good."""
    wish = st.session_state.get(form.key("opt_out"))
    opt_out = OptOutKind(wish) if wish and choice.refusal == Refusal.HARD else None
    send(here, form, choice.named.code, opt_out=opt_out)
