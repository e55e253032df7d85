"""The editor of a draft: its questions on the left, the one that is written on the right, and what is wrong with it.

Whoever goes on to another question, moves one or adds one keeps what was written before: every step saves the draft.
"""

import copy
import json
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from portal import drawer, forms, page, question_form, questionnaire_words
from portal.page import Page
from portal.question_form import Entry
from portal.questionnaire_words import HEAD
from portal.words import plain, say
from services import questionnaires
from services.errors import PortalError
from services.questionnaires import Opened
from services.rules import question_format, questionnaire
from services.rules.questions import Kind

LARGEST_FILE = questionnaires.LARGEST_DOCUMENT
Change = Callable[[Entry, int], int]
"""What a button does to a document, given the place that is open; it returns the place that is open afterwards."""


def draw(here: Page, opened: Opened) -> None:
    """Draw the editor of a draft."""
    form = f"questionnaire_{opened.line.id}"
    token = forms.token(form)
    seen = drawer.up_to_date(form, opened.line.edits)
    place = min(int(st.session_state.get(_place(opened), HEAD)), len(_questions(opened.document)) - 1)
    wrong = questionnaire_words.problems_by_place(opened.problems)
    left, right = st.columns([5, 9], gap="medium")
    with left:
        _draw_places(here, opened, token, seen, place, wrong)
    with right, st.container(key="questionnaire_fields", gap="xsmall"):
        if sentences := wrong.get(place):
            st.warning("  \n".join(plain(one) for one in sentences), icon=":material/error:")
        if place == HEAD:
            _draw_whole(here, opened, token, seen)
        else:
            listed = _questions(opened.document)
            earlier = [_entry(one) for one in listed[:place]]
            question_form.draw(_entry(listed[place]), earlier, opened, _of_place(token, place))
        st.button(
            say("questionnaires.save"),
            key=f"save_{token}",
            type="primary",
            icon=":material/save:",
            shortcut="Ctrl+Enter",
            on_click=_step,
            args=(here, opened, token, seen, place, _stay),
        )


# ---------------------------------------------------------------------------------------------------------------------


def _place(opened: Opened) -> str:
    return f"_place_{opened.line.id}"


def _of_place(token: str, place: int) -> str:
    """Return what the keys of one question's fields carry: those of another question are others."""
    return f"{token}_{place}"


def _questions(document: Mapping[str, Any]) -> list[Any]:
    listed = document.get("questions")
    return list(listed) if isinstance(listed, list | tuple) else []


def _entry(one: object) -> Entry:
    return dict(one) if isinstance(one, Mapping) else {}


def _draw_places(here: Page, opened: Opened, token: str, seen: int, place: int, wrong: Mapping[int, list[str]]) -> None:
    """Draw the questions in their order, with a mark where something is wrong, and what can be done with the order."""
    listed = _questions(opened.document)
    places = [HEAD, *range(len(listed))]

    def told(one: int) -> str:
        words = say("questionnaires.whole") if one == HEAD else questionnaire_words.ask_of(listed[one], one)
        return f"{plain(words)} :red-badge[{len(wrong[one])}]" if one in wrong else plain(words)

    key = f"place_{token}_{place}"
    st.radio(
        say("questionnaires.questions"),
        places,
        places.index(place),
        key=key,
        format_func=told,
        label_visibility="collapsed",
        on_change=_open,
        args=(here, opened, token, seen, place, key),
    )
    buttons: dict[str, tuple[str, Change, bool]] = {
        "add": (":material/add:", _add, len(listed) < questionnaire.MOST_QUESTIONS),
        "up": (":material/arrow_upward:", _up, place > 0),
        "down": (":material/arrow_downward:", _down, HEAD < place < len(listed) - 1),
        "remove": (":material/delete:", _remove, place != HEAD),
    }
    with st.container(horizontal=True, gap="xsmall"):
        for one, (icon, change, possible) in buttons.items():
            st.button(
                say(f"questionnaires.{one}"),
                key=f"{one}_{token}",
                icon=icon,
                disabled=not possible,
                on_click=_step,
                args=(here, opened, token, seen, place, change),
            )


def _draw_whole(here: Page, opened: Opened, token: str, seen: int) -> None:
    """Draw what concerns the questionnaire as a whole: its name, the first words, and the question that decides."""
    document = opened.document
    question_form.texts(document, "title", token, say("form_part.title"), questionnaire.LONGEST_TITLE)
    question_form.texts(document, "script", token, say("form_part.opening"), question_format.LONGEST_SCRIPT, lines=True)
    st.caption(say("questionnaires.variables"))
    graded = {
        str(one.get("code")): number
        for number, one in enumerate(_questions(document))
        if isinstance(one, Mapping) and one.get("kind") == Kind.GRADE
    }
    written = str(document.get("satisfaction") or "")
    known = list(dict.fromkeys([*graded, *([written] if written else [])]))
    listed = _questions(document)
    st.selectbox(
        say("form_part.satisfaction"),
        known,
        known.index(written) if written in known else None,
        key=f"satisfaction_{token}",
        format_func=lambda code: (
            questionnaire_words.ask_of(listed[graded[code]], graded[code]) if code in graded else code
        ),
        help=say("questionnaires.satisfaction_help"),
    )
    st.text_input(
        say("form_part.source"),
        str(document.get("source") or ""),
        key=f"source_{token}",
        max_chars=questionnaire.LONGEST_SOURCE,
    )
    st.file_uploader(
        say("questionnaires.upload"),
        ["toml", "json"],
        key=f"upload_{token}",
        max_upload_size=1,
        on_change=_take_file,
        args=(here, opened, token, seen),
    )


def _whole_in(document: Entry, token: str) -> Entry:
    """Return the document with what stands in the fields that concern the whole, where they are drawn."""
    state = st.session_state
    if f"source_{token}" not in state:
        return document
    found = document | {
        "title": question_form.text_in("title", token) or {"zh": "", "en": ""},
        "satisfaction": str(state.get(f"satisfaction_{token}") or ""),
    }
    optional = {"script": question_form.text_in("script", token), "source": str(state[f"source_{token}"]).strip()}
    kept = {part: value for part, value in found.items() if part not in optional}
    return kept | {part: value for part, value in optional.items() if value}


def _written(opened: Opened, token: str, place: int) -> Entry:
    """Return the document with what stands in the fields of the place that is open."""
    document: Entry = copy.deepcopy(dict(opened.document))
    if place == HEAD:
        return _whole_in(document, token)
    listed = _questions(document)
    before = str(_entry(listed[place]).get("code") or "")
    listed[place] = question_form.collected(_entry(listed[place]), _of_place(token, place))
    document["questions"] = listed
    after = str(listed[place].get("code") or "")
    if before and after and before != after:
        _rename(document, before, after)
    return document


def _rename(document: Entry, before: str, after: str) -> None:
    """Let everything that goes by a question go by its new code."""
    if document.get("satisfaction") == before:
        document["satisfaction"] = after
    for one in _questions(document):
        if not isinstance(one, dict):
            continue
        for condition in (*(one.get("asked_if") or ()), *(one.get("required_if") or ())):
            if isinstance(condition, dict) and condition.get("question") == before:
                condition["question"] = after
        limits = one.get("validation")
        for part in ("not_before", "not_after"):
            if isinstance(limits, dict) and limits.get(part) == before:
                limits[part] = after


def _open(here: Page, opened: Opened, token: str, seen: int, place: int, key: str) -> None:
    chosen = st.session_state[key]
    _step(here, opened, token, seen, place, lambda document, open_now: int(chosen))


def _step(here: Page, opened: Opened, token: str, seen: int, place: int, change: Change) -> None:
    """Keep what was written, do what was asked for, and open the place that follows."""
    document = _written(opened, token, place)
    following = change(document, place)
    if document == dict(opened.document):
        st.session_state[_place(opened)] = following
        return
    if _save(here, opened, token, seen, document):
        st.session_state[_place(opened)] = following


def _save(here: Page, opened: Opened, token: str, seen: int, document: Mapping[str, object]) -> bool:
    receipt = here.act(
        questionnaires.save_draft,
        questionnaire_id=opened.line.id,
        seen=seen,
        document=document,
        request_id=token,
    )
    if receipt is None:
        return False
    forms.renew(f"questionnaire_{opened.line.id}", token)
    return True


def _take_file(here: Page, opened: Opened, token: str, seen: int) -> None:
    """Put the document of a file in the place of the draft's; what is wrong with it is named like anything else."""
    file = st.session_state.get(f"upload_{token}")
    if file is None:
        return
    try:
        if file.size > LARGEST_FILE:
            raise ValueError(file.size)
        text = file.getvalue().decode("utf-8-sig")
        document = json.loads(text) if file.name.lower().endswith(".json") else tomllib.loads(text)
        if not isinstance(document, dict):
            raise TypeError(document)
    except (ValueError, TypeError, RecursionError):
        page.notice(PortalError("error.no_document"))
        return
    if _save(here, opened, token, seen, document):
        page.notice("questionnaires.taken")


def _stay(document: Entry, place: int) -> int:
    return place


def _add(document: Entry, place: int) -> int:
    listed = _questions(document)
    codes = {_entry(one).get("code") for one in listed}
    code = next(f"q{number}" for number in range(1, len(listed) + 2) if f"q{number}" not in codes)
    words = {"zh": "", "en": ""}
    listed.insert(place + 1, {"code": code, "kind": Kind.SINGLE.value, "needed": False, "ask": words, "choices": []})
    document["questions"] = listed
    return place + 1


def _up(document: Entry, place: int) -> int:
    return _swap(document, place, place - 1)


def _down(document: Entry, place: int) -> int:
    return _swap(document, place, place + 1)


def _swap(document: Entry, place: int, other: int) -> int:
    listed = _questions(document)
    listed[place], listed[other] = listed[other], listed[place]
    document["questions"] = listed
    return other


def _remove(document: Entry, place: int) -> int:
    listed = _questions(document)
    del listed[place]
    document["questions"] = listed
    return place - 1
