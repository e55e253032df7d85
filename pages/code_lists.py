"""Code lists: reasons, ways for a call to end, order types, channels and skills, with what follows from each."""

import streamlit as st

from portal import code_desk, drawer, page
from portal.words import say
from services import code_book
from services.code_book import CodeList
from services.rules.permissions import Permission

here = page.open("code_lists")


@st.dialog(say("code_lists.code"), width=480, position="right", on_dismiss=drawer.close)
def code_drawer(which: CodeList, code_id: int) -> None:
    """Change one code in the drawer."""
    code_desk.draw_code(here, which, code_id)


@st.dialog(say("code_lists.new"), width=480, position="right", on_dismiss=drawer.close)
def new_code_drawer(which: CodeList) -> None:
    """Add a code in the drawer."""
    code_desk.draw_new(here, which)


may_change = here.may(Permission.REFERENCE_MANAGE)
chosen_list, with_retired, adding = code_desk.filters(may_add=may_change)
found = here.ask(code_book.list_codes, which=chosen_list)
line = code_desk.draw_list(found, with_retired=with_retired)
if adding:
    new_code_drawer(chosen_list)
elif line is not None and may_change:
    code_drawer(chosen_list, line.named.id)
