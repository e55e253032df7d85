"""What stands around every screen: the menu by permission, the account, the guard."""

from functools import partial

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from portal import bell, page, screens, signin, words
from portal.screens import Screen
from portal.words import label, say
from services import people
from services.access import Access
from services.errors import NotAllowed, PortalError

_LANGUAGE = "portal_account_language"


def draw() -> None:
    """Draw the screen that was asked for, and what stands around it."""
    st.set_page_config(page_title=say("portal.name"), page_icon=str(signin.MARK), layout="wide")
    try:
        access = signin.enter()
    except NotAllowed as refusal:
        _at_the_door(refusal)
        return
    # The door told which language the person reads: the tab of the browser is named again in it.
    st.set_page_config(page_title=say("portal.name"))
    st.logo(str(signin.LOGO), icon_image=str(signin.MARK), size="large")
    chosen = st.navigation(_menu(access))
    with st.sidebar:
        signin.session_guard(bell.draw)
        _account(access)
    chosen.run()


# ---------------------------------------------------------------------------------------------------------------------


def _at_the_door(refusal: NotAllowed) -> None:
    """Say why the door is shut under whatever address was opened, which is kept for afterwards; there is no menu."""
    body = partial(signin.explain, refusal)
    doors = [
        st.Page(body, title=say("portal.name"), url_path=one.name, default=one == screens.HOME)
        for one in screens.SCREENS
    ]
    st.navigation(doors, position="hidden").run()


def _menu(access: Access) -> dict[str, list[StreamlitPage]]:
    """Every screen has its address for everybody, so that a link that somebody was sent explains itself; the menu
    shows those that are open to this person."""
    menu: dict[str, list[StreamlitPage]] = {}
    for section, members in screens.sections(screens.SCREENS).items():
        heading = say(f"section.{section}") if section else ""
        menu[heading] = [_page(access, one) for one in members]
    return menu


def _page(access: Access, screen: Screen) -> StreamlitPage:
    allowed = access.may(screen.permission)
    return st.Page(
        screen.file if allowed else partial(_not_for_this_role, access, screen),
        title=say(screen.title),
        icon=screen.icon,
        url_path=screen.name,
        default=screen == screens.HOME,
        visibility="visible" if allowed and screen.section else "hidden",
    )


def _not_for_this_role(access: Access, screen: Screen) -> None:
    page.head(say("no_screen.title"))
    why = say("no_screen.why", screen=say(screen.title), role=label(access.actor.role))
    st.info(why, icon=":material/lock:")
    st.page_link(screens.HOME.file, label=say("no_screen.home"), icon=screens.HOME.icon)


def _account(access: Access) -> None:
    # The key tells the script of built-in words which language the reader reads.
    with st.container(key=f"portal_language_{words.language()}"):
        st.caption(f"{words.plain(access.actor.name)} · {label(access.actor.role)}")
        signin.draw_languages(_LANGUAGE, _change_language)
        if st.button(say("portal.sign_out"), icon=":material/logout:", key="portal_sign_out"):
            signin.sign_out(access)


def _change_language() -> None:
    """Speak the language chosen, and go on doing so wherever this person signs in."""
    chosen = words.known_language(st.session_state[_LANGUAGE])
    try:
        people.choose_language(signin.current_access(), language=chosen)
    except PortalError:
        return  # The gate of the rerun that follows says why.
    words.set_language(chosen)
