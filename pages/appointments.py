"""Appointments: the week as a calendar, how long it is until the next one, and giving one away or calling it off."""

from datetime import timedelta

import streamlit as st

from portal import appointment_views, drawer, page
from portal.words import say
from services import appointments
from services.appointments import AppointmentLine, AppointmentWeek

here = page.open("appointments")


@st.dialog(say("appointments.one"), width=480, position="right", on_dismiss=drawer.close)
def appointment_drawer(line: AppointmentLine, week: AppointmentWeek) -> None:
    """Read one appointment in the drawer, give it to an agent, or call it off."""
    appointment_views.draw_one(here, line, week.agents)


@st.fragment(run_every=timedelta(seconds=30))
def countdown() -> None:
    """Say how long it is until the next appointment, and go on saying it without a click."""
    today = appointment_views.today()
    near = here.ask(appointments.appointment_week, fresh=True, first=today, mine=appointment_views.mine())
    appointment_views.draw_next(near)


first = appointment_views.choose_week(here)
countdown()
week = here.ask(appointments.appointment_week, fresh=True, first=first, mine=appointment_views.mine())
cell = appointment_views.draw_calendar(week)
clicked = appointment_views.draw_list(week, cell)
if clicked is not None:
    appointment_drawer(clicked, week)
