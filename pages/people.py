"""People and units: who may do what for which unit, and the tree of the units itself."""

import streamlit as st

from portal import drawer, keyset, page, people_desk, units_desk
from portal.words import say
from services import departments, staff
from services.rules.permissions import Permission

here = page.open("people")


@st.dialog(say("people.person"), width=480, position="right", on_dismiss=drawer.close)
def person_drawer(person_id: int) -> None:
    """Change one person in the drawer."""
    people_desk.draw_person(here, person_id)


@st.dialog(say("people.new"), width=480, position="right", on_dismiss=drawer.close)
def new_person_drawer() -> None:
    """Add a person in the drawer."""
    people_desk.draw_new(here)


@st.dialog(say("people.unit"), width=480, position="right", on_dismiss=drawer.close)
def unit_drawer(department_id: int) -> None:
    """Change one unit in the drawer."""
    units_desk.draw_unit(here, department_id)


people_tab, units_tab = st.tabs(
    [say("people.people"), say("people.units")], on_change="rerun", key="people_tab", width="stretch"
)
if people_tab.open:
    with people_tab:
        where, adding = people_desk.filters(here)
        found = here.ask(staff.list_people, where=where, after=keyset.start("people", where, 0))
        if adding:
            new_person_drawer()
        if found.lines:
            chosen = people_desk.draw_list(found)
            if chosen is not None:
                person_drawer(chosen.id)
        else:
            st.info(say("people.none"), icon=":material/filter_alt_off:")
if units_tab.open:
    with units_tab:
        unit = units_desk.draw_list(here.ask(departments.list_departments))
        if unit is not None and here.may(Permission.REFERENCE_MANAGE):
            unit_drawer(unit.id)
