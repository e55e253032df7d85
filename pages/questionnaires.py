"""Questionnaires: what is asked in a callback, in versions that are written, tried out and published from a day on."""

import streamlit as st

from portal import loop_forms, page, questionnaire_desk, questionnaire_editor, questionnaire_trial
from portal.words import say
from services import questionnaires
from services.questionnaires import Opened, VersionState
from services.rules.permissions import Permission

here = page.open("questionnaires")


@st.dialog(say("questionnaires.publish"), width="medium")
def publishing_dialog(questionnaire_id: int) -> None:
    """Give a draft its day."""
    opened = here.ask(questionnaires.open_version, fresh=True, questionnaire_id=questionnaire_id)
    questionnaire_desk.draw_publishing(here, opened)


def draw_version(opened: Opened) -> None:
    """Draw one version: its editor while it is a draft, then the trial, then what it changes."""
    if questionnaire_desk.draw_head(here, opened):
        publishing_dialog(opened.line.id)
    editing = opened.line.state == VersionState.DRAFT and here.may(Permission.QUESTIONNAIRE_MANAGE)
    names = [say("questionnaires.edit")] if editing else []
    names += [say("questionnaires.trial"), say("questionnaires.changes")]
    *editor, trial, changes = st.tabs(names, on_change="rerun", key=f"questionnaire_tab_{opened.line.id}")
    for tab in editor:
        if tab.open:
            with tab:
                questionnaire_editor.draw(here, opened)
    if trial.open:
        with trial:
            questionnaire_trial.draw(here, opened)
    if changes.open:
        with changes:
            questionnaire_desk.draw_changes(opened)


chosen = loop_forms.chosen(questionnaire_desk.VERSION)
if chosen is None:
    questionnaire_desk.draw_list(here.ask(questionnaires.list_all, fresh=True))
else:
    draw_version(here.ask(questionnaires.open_version, fresh=True, questionnaire_id=chosen))
