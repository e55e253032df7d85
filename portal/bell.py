"""The bell in the frame of every screen: what somebody has not read yet, each a link to where it is dealt with."""

import streamlit as st

from db.vocabulary import NoticeKind
from portal import screens, signin
from portal.words import label, plain, say, short_moment
from services import notices
from services.access import Access
from services.environment import retrying
from services.errors import PortalError
from services.notices import NoticeLine
from services.rules.permissions import Permission

_GOING = "_bell_going"
_LEADS_TO = {
    NoticeKind.CASE_REFERRED: "callback_help",
    NoticeKind.REFERRAL_ANSWERED: "callback_record",
    NoticeKind.APPOINTMENT_GIVEN: "appointments",
    NoticeKind.REASON_RECODED: "order_detail",
}


def draw(access: Access) -> None:
    """Draw the bell with the number of what is unread, and the list behind it; a database that rests draws nothing."""
    if not access.may(Permission.NOTICE_VIEW):
        return
    _go()
    try:
        found = retrying(lambda: notices.my_notices(access))
    except PortalError:
        return
    count = f" :red-badge[{found.unread}{'+' if found.more else ''}]" if found.unread else ""
    with st.popover(f"{say('bell.title')}{count}", icon=":material/notifications:", key="portal_bell", width="stretch"):
        if not found.lines:
            st.caption(say("bell.nothing"))
            return
        for line in found.lines:
            _draw_line(line)
        if found.unread > len(found.lines):
            st.caption(say("bell.more", n=found.unread - len(found.lines)))
        shown = tuple(line.id for line in found.lines)
        st.button(
            say("bell.all_read"), key="portal_bell_read", icon=":material/done_all:", on_click=_read, args=(shown,)
        )


# ---------------------------------------------------------------------------------------------------------------------


def _draw_line(line: NoticeLine) -> None:
    """Draw one notice; a click opens its order and takes note of it."""
    about = f" · {plain(line.number)}" if line.number else ""
    st.button(
        f"{label(line.kind)}{about} :small[:gray[{short_moment(line.at)}]]",
        key=f"portal_bell_{line.id}",
        type="tertiary",
        on_click=_open,
        args=(line,),
    )


def _open(line: NoticeLine) -> None:
    """Take note, and go where the notice leads in the run that follows: a callback cannot leave a screen itself."""
    _read((line.id,))
    st.session_state[_GOING] = line


def _go() -> None:
    line: NoticeLine | None = st.session_state.pop(_GOING, None)
    if line is not None:
        parameters = {"order": str(line.order_id)} if line.order_id is not None else {}
        st.switch_page(screens.screen(_LEADS_TO[line.kind]).file, query_params=parameters)


def _read(numbers: tuple[int, ...]) -> None:
    try:
        access = signin.current_access()
        retrying(lambda: notices.mark_read(access, notice_ids=numbers))
    except PortalError:
        return  # It stays unread, and the gate of the rerun that follows says why.
