"""What the screen of questionnaires draws: the versions, one of them opened, what it changes, how it is published."""

import json
from collections.abc import Sequence

import streamlit as st

from portal import columns, drawer, forms, loop_forms, page, questionnaire_words
from portal.page import Page
from portal.words import day, plain, say
from services import questionnaires
from services.questionnaires import Opened, VersionLine, VersionState
from services.rules.permissions import Permission

VERSION = "version"
"""The parameter of the address that names the version which is open."""


def draw_list(lines: Sequence[VersionLine]) -> None:
    """Draw every version; a click opens it."""
    st.caption(say("questionnaires.list_note"))
    rows = [
        {
            "title": questionnaire_words.title_of(line),
            "name": f"{line.code}/{line.version}",
            "state": questionnaire_words.state_of(line),
            "from": day(line.effective_from) if line.effective_from else None,
            "until": day(line.until) if line.until else None,
            "questions": line.questions,
            "answered": line.answered,
            "problems": line.problems or None,
        }
        for line in lines
    ]
    shown = {
        "title": columns.text("questionnaires.column.title", 214),
        "name": columns.text("questionnaires.column.name", 122),
        "state": columns.text("questionnaires.column.state", 64),
        "from": columns.text("questionnaires.column.from", 86),
        "until": columns.text("questionnaires.column.until", 86),
        "questions": columns.whole("questionnaires.column.questions", 72),
        "answered": columns.whole("questionnaires.column.answered", 108),
        "problems": columns.whole("questionnaires.column.problems", 64),
    }
    chosen = drawer.pick("questionnaires_list", rows, shown)
    if chosen is not None:
        drawer.close()
        loop_forms.choose(lines[chosen].id, VERSION)
        st.rerun()


def draw_head(here: Page, opened: Opened) -> bool:
    """Draw which version is open and what can be done with it; say whether it is to be published."""
    line = opened.line
    with st.container(horizontal=True, vertical_alignment="center", key="questionnaire_head"):
        st.button(
            say("questionnaires.back"),
            key="questionnaire_back",
            icon=":material/arrow_back:",
            on_click=loop_forms.choose,
            args=(None, VERSION),
        )
        title = plain(questionnaire_words.title_of(line))
        st.markdown(
            f"**{title}** :gray[{plain(line.code)}/{line.version}] {questionnaire_words.badge(line)}", width="content"
        )
        st.space("stretch")
        st.download_button(
            say("questionnaires.download"),
            json.dumps(opened.document, ensure_ascii=False, indent=2),
            file_name=f"{line.code}_{line.version}.json",
            mime="application/json",
            icon=":material/download:",
            key=f"questionnaire_download_{line.id}",
        )
        if not here.may(Permission.QUESTIONNAIRE_MANAGE):
            return False
        _draw_start(here, opened)
        if line.state != VersionState.DRAFT:
            return False
        return st.button(
            say("questionnaires.publish"),
            key=f"questionnaire_publish_{line.id}",
            type="primary",
            icon=":material/event_available:",
            disabled=bool(opened.problems),
            help=say("questionnaires.mend_first") if opened.problems else None,
        )


def draw_changes(opened: Opened) -> None:
    """Draw what the version changes against the one in force."""
    if opened.in_force is None or opened.line.id == opened.in_force.id:
        st.caption(say("questionnaires.is_in_force"))
        return
    if opened.problems:
        st.info(say("questionnaires.mend_first"), icon=":material/build:")
        return
    told = questionnaire_words.changes_in_words(opened.changes)
    against = plain(questionnaire_words.against(opened))
    st.markdown(say("questionnaires.against", name=against))
    st.markdown("\n".join(f"- {sentence}" for sentence in told or [say("questionnaires.no_changes")]))


def draw_publishing(here: Page, opened: Opened) -> None:
    """Draw the dialog in which a draft gets its day."""
    if st.session_state.pop(_published(opened), False):
        st.rerun()
    page.show_notices()
    form = f"publish_{opened.line.id}"
    token = forms.token(form)
    st.warning(say("questionnaires.publish_note"), icon=":material/lock:")
    draw_changes(opened)
    st.date_input(
        say("field.effective_from"),
        None,
        key=f"from_{token}",
        min_value=opened.today,
        format="YYYY-MM-DD",
        help=say("questionnaires.from_help"),
    )
    st.button(
        say("questionnaires.publish_now"),
        key=f"publish_{token}",
        type="primary",
        icon=":material/event_available:",
        on_click=_publish,
        args=(here, opened, token),
    )


# ---------------------------------------------------------------------------------------------------------------------


def _published(opened: Opened) -> str:
    return f"_published_{opened.line.id}"


def _draw_start(here: Page, opened: Opened) -> None:
    """Draw how a draft begins with the questions of this version: as its next one, or under a code of its own."""
    token = forms.token(f"draft_{opened.line.id}")
    # With the token in its key, the popover is another one, and shut, once the draft is there.
    with st.popover(say("questionnaires.start"), icon=":material/edit_document:", key=f"begin_{token}"):
        st.caption(say("questionnaires.start_note"))
        st.text_input(say("field.code"), key=f"code_{token}", max_chars=40, placeholder=opened.line.code)
        st.button(
            say("questionnaires.start_now"),
            key=f"start_{token}",
            type="primary",
            on_click=_start,
            args=(here, opened, token),
        )


def _start(here: Page, opened: Opened, token: str) -> None:
    receipt = here.act(
        questionnaires.start_draft,
        questionnaire_id=opened.line.id,
        code=loop_forms.written(f"code_{token}"),
        request_id=token,
    )
    if receipt is not None:
        forms.renew(f"draft_{opened.line.id}", token)
        loop_forms.choose(receipt.id, VERSION)
        page.notice("questionnaires.started", name=plain(f"{receipt.code}/{receipt.version}"))


def _publish(here: Page, opened: Opened, token: str) -> None:
    receipt = here.act(
        questionnaires.publish,
        questionnaire_id=opened.line.id,
        seen=opened.line.edits,
        effective_from=st.session_state.get(f"from_{token}"),
        request_id=token,
    )
    if receipt is not None:
        forms.renew(f"publish_{opened.line.id}", token)
        st.session_state[_published(opened)] = True
        page.notice("questionnaires.published", name=plain(f"{receipt.code}/{receipt.version}"))
