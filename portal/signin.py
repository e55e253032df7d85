"""Who is at the screen: the provider's or the demonstration's sign-in, and the door that goes with it.

The database is asked at every rerun, in fragments and callbacks too, so that a disabled person or a changed role takes
effect at the next click.
"""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import streamlit as st
from starlette.types import Scope
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME
from streamlit.web.server.starlette.starlette_websocket import _get_signed_cookie_with_chunks

from portal import claims, runtime, words
from portal.edge import cookies
from portal.options import DEMO_KEY
from portal.words import say
from services import people, sign_ins
from services.access import Access
from services.environment import retrying
from services.errors import NotAllowed, PortalError

DEMO_COOKIE = "portal_sign_in"

MARK = Path(__file__).resolve().parent / "static" / "mark.svg"
LOGO = MARK.with_name("logo.svg")

_ENROLLED = "portal_enrolled"
_CHOSEN = "portal_sign_in_language"


def current_access(*, at_work: bool = True) -> Access:
    """The door for the person at the screen, in the role of this moment; raises NotAllowed with a `sign_in.` code.

    `at_work` is False where a screen asks by itself, which does not put off the end of an idle sign-in.
    """
    return _access(st.user.to_dict(), at_work=at_work)


def enter() -> Access:
    """The door for the person at the screen, whose language is spoken from now on; raises NotAllowed."""
    access = current_access()
    words.set_language(access.actor.language)
    return access


def door() -> Callable[[], Access]:
    """What opens the door again for the person at the screen, where no screen is: a file that is made on demand."""
    user = st.user.to_dict()
    return lambda: _access(user, at_work=False)


def gate() -> Access:
    """The door for the person at the screen; where it shut since this run began, another run says so at the door."""
    try:
        return enter()
    except NotAllowed:
        st.rerun()


def explain(refusal: NotAllowed) -> None:
    """Say how to get in, or why the door is shut."""
    if refusal.code == "sign_in.none" and runtime.demo():
        st.logout()  # The frame answers the sign-out of nobody with the page where a person is chosen.
        return
    words.set_language(st.session_state.get(_CHOSEN, words.language()))
    _, middle, _ = st.columns([1, 1.5, 1])
    with middle, st.container(key="sign_in", border=True, gap="medium"):
        st.image(str(MARK), width=40)
        if refusal.code == "sign_in.none":
            _offer_sign_in()
        else:
            title = say("sign_in.ended_title" if refusal.code == "sign_in.ended" else "sign_in.no_access")
            st.subheader(title, anchor=False)
            st.write(say(refusal.code, **{key: words.plain(str(fact)) for key, fact in refusal.facts.items()}))
            if st.button(say("sign_in.again"), type="primary", key="sign_in_again"):
                st.logout()
        with st.container(key=f"portal_language_{words.language()}"):
            draw_languages(_CHOSEN)


def draw_languages(key: str, on_change: Callable[[], None] | None = None) -> None:
    """Draw the choice of a language; the one that is spoken stands chosen."""
    st.segmented_control(
        say("portal.language"),
        list(words.LANGUAGES),
        default=words.language(),
        required=True,
        format_func=words.LANGUAGES.__getitem__,
        key=key,
        label_visibility="collapsed",
        on_change=on_change,
    )


@st.fragment(run_every=timedelta(seconds=30))
def session_guard(draw: Callable[[Access], None]) -> None:
    """Notice, without a click, that the sign-in at this screen has ended, and let the gate say so; else draw what must
    be up to date without a click too."""
    try:
        access = current_access(at_work=False)
    except NotAllowed:
        st.rerun()
    draw(access)


def sign_out(access: Access) -> None:
    """End the sign-in on the server, then let the browser forget it."""
    if not runtime.demo():
        vouched = claims.vouched(st.user.to_dict(), runtime.claim_map())
        if vouched is not None:
            sign_ins.leave(access, issued_at=vouched.issued_at)
    st.logout()


async def recognise(scope: Scope) -> bool:
    """Whether a request without a session (a file, an upload) comes from somebody who is signed in at this moment."""
    jar = cookies(scope)
    if runtime.demo():
        user: Mapping[str, Any] = {DEMO_KEY: jar.get(DEMO_COOKIE)}
    else:
        payload = _get_signed_cookie_with_chunks(jar, USER_COOKIE_NAME) if runtime.providers() else None
        user = json.loads(payload) if payload else {}

    def known() -> bool:
        try:
            _access(user, at_work=False)
        except PortalError:
            return False
        return True

    return await anyio.to_thread.run_sync(known)


# ---------------------------------------------------------------------------------------------------------------------


def _access(user: Mapping[str, Any], *, at_work: bool) -> Access:
    """Ask the database, and again where it has just gone away and comes back."""
    return retrying(lambda: _access_now(user, at_work=at_work))


def _access_now(user: Mapping[str, Any], *, at_work: bool) -> Access:
    environment = runtime.environment()
    if runtime.demo():
        token = user.get(DEMO_KEY)
        if not isinstance(token, str):
            raise NotAllowed("sign_in.none")
        held = sign_ins.resume_demo_sign_in(environment, token=token, at_work=at_work)
        return people.sign_in(environment, people.Claims(held.issuer, held.subject, held.issued_at))
    if not user.get("is_logged_in"):
        raise NotAllowed("sign_in.none")
    vouched = claims.vouched(user, runtime.claim_map())
    if vouched is None:
        raise NotAllowed("sign_in.incomplete")
    now = environment.clock()
    key = f"{vouched.issuer} {vouched.subject} {vouched.issued_at.isoformat()}"
    if now - vouched.issued_at > sign_ins.LONGEST or runtime.idle(key, now, at_work=at_work):
        raise NotAllowed("sign_in.ended")
    if at_work and st.session_state.get(_ENROLLED) != key:
        sign_ins.enrol(environment, vouched)
        st.session_state[_ENROLLED] = key
    return people.sign_in(environment, people.Claims(vouched.issuer, vouched.subject, vouched.issued_at))


def _offer_sign_in() -> None:
    st.subheader(say("portal.name"), anchor=False)
    st.caption(say("portal.subtitle"))
    if reason := st.query_params.get("sign_in_error"):
        st.error(say("sign_in.failed", reason=words.plain(reason)), icon=":material/error:")
    providers = runtime.providers()
    if not providers:
        st.warning(say("sign_in.unavailable"), icon=":material/warning:")
        return
    st.write(say("sign_in.why"))
    for provider in providers:
        named = say("sign_in.with_named_provider", provider=words.plain(provider))
        text = named if provider else say("sign_in.with_provider")
        if st.button(text, type="primary", key=f"sign_in_{provider}", icon=":material/login:"):
            st.login(provider or None)
