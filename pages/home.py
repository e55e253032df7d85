"""Home: what waits for whoever signed in, each line a link to exactly that list."""

import streamlit as st

from portal import filters, home_cards, page, screens
from portal.words import long_day, plain, say, weekday
from services import home
from services.home import Line
from services.rules.permissions import Permission

here = page.open("home")

# The screen on which somebody works; the first that is theirs is the one button of the day.
WORK = {
    Permission.CALLBACK_RECORD: "callback_record",
    Permission.ORDER_RETURN: "dissatisfied_review",
    Permission.REWORK_SUBMIT: "rework_board",
    Permission.ORDER_IMPORT: "exchange",
    Permission.SCORE_VIEW: "scores",
}


def draw_greeting(today: home.Today) -> None:
    """Draw the day, and the one button that begins it."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="home_day"):
        told = say("home.day", name=plain(here.access.actor.name), day=long_day(today.day), weekday=weekday(today.day))
        st.markdown(told)
        screen = screens.screen(next(name for permission, name in WORK.items() if here.may(permission)))
        if screen.file.exists() and st.button(
            say(f"home.begin.{screen.name}"), key="home_begin", icon=screen.icon, type="primary"
        ):
            here.go(screen.name)


def draw_lines(lines: tuple[Line, ...]) -> None:
    """Draw what waits as figures; each opens its list."""
    if not lines:
        return
    for column, line in zip(st.columns(max(4, len(lines)), gap="small"), lines, strict=False):
        with column, st.container(border=True, gap="xsmall", key=f"home_line_{line.code}"):
            home_cards.draw_line(line)
            if st.button(
                say("home.open"), key=f"home_open_{line.code}", type="tertiary", icon=":material/arrow_forward:"
            ):
                here.go("order_list", **filters.address(line.where))


today = here.ask(home.today)
draw_greeting(today)
draw_lines(today.lines)
if today.referrals:
    st.warning(say("home.referrals", n=today.referrals), icon=":material/support_agent:")
    help_screen = screens.screen("callback_help")
    st.page_link(help_screen.file, label=say("home.answer_referrals"), icon=help_screen.icon)
if here.may(Permission.REWORK_SUBMIT):
    chosen = home_cards.draw_reworks(today.reworks)
    if chosen is not None:
        here.go("rework_board", order=chosen)
if today.so_far is not None:
    home_cards.draw_so_far(*today.so_far)
if today.months:
    link = home_cards.draw_months(today.months)
    if link is not None:
        here.go("order_list", **filters.address(link))
    mover = home_cards.draw_movers(today.movers, today.moved_in)
    if mover is not None:
        here.go("order_list", **filters.address(mover))
if today.imports is not None:
    home_cards.draw_imports(today.imports)
if today.without_role:
    st.warning(say("home.without_role", n=today.without_role), icon=":material/person_alert:")
    st.page_link(screens.screen("people").file, label=say("screen.people.title"), icon=screens.screen("people").icon)
