"""How a screen begins, asks, acts and goes on: the frame around every page script."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import streamlit as st

from portal import cache, runtime, screens, signin
from portal.words import NOTHING, language, moment, plain, say, says, speaking, titled
from services import trail
from services.access import Access
from services.environment import retrying
from services.errors import IllegalMove, Invalid, MayNotCall, PortalError, Stale
from services.rules.permissions import Permission

T = TypeVar("T")

_NOTICE = "_notice"
_FIELDS = "_fields"


@dataclass(frozen=True, slots=True)
class Page:
    """One run of one screen for one signed-in person."""

    name: str
    access: Access

    def ask(self, query: Callable[..., T], *, fresh: bool = False, **arguments: object) -> T:
        """Return the answer to a question; a refusal is worded on the screen, which then stops.

        An answer is kept until something happens; `fresh` asks again, which a form that
        is about to be filled in should do.
        """
        try:
            if fresh:
                return retrying(lambda: query(self.access, **arguments))
            last = retrying(lambda: trail.last_event(self.access))
            return retrying(lambda: cache.kept(self.access, query, arguments, last))
        except PortalError as refusal:
            show(refusal)
            st.stop()

    def act(self, command: Callable[..., T], **arguments: object) -> T | None:
        """Carry out a command in a widget's callback; a refusal is worded and None returned, with nothing lost.

        The command is one transaction with no Streamlit call inside, and carries a request id: it may be sent twice.
        A callback runs before the script: the person is asked for again, for this page was opened by the run before.
        """
        try:
            access = signin.current_access()
            return retrying(lambda: command(access, **arguments))
        except PortalError as refusal:
            notice(refusal)
            return None

    def later(self, query: Callable[..., T], **arguments: object) -> Callable[[], T]:
        """Return what a download button asks when it is pressed, for this person in the role of that moment."""
        door, spoken = signin.door(), language()

        def ask() -> T:
            with speaking(spoken):
                return retrying(lambda: query(door(), **arguments))

        return ask

    def may(self, permission: Permission) -> bool:
        """Say whether the person may do something: what a button asks before it shows itself."""
        return self.access.may(permission)

    def go(self, screen: str, **parameters: object) -> None:
        """Open another screen, with these words in its address."""
        st.switch_page(
            screens.screen(screen).file, query_params={name: str(value) for name, value in parameters.items()}
        )


def open(name: str, *, at_work: bool = False) -> Page:
    """Begin a screen: signed in, allowed, titled, with the line that says what it is for; or stop.

    Who is in the midst of a work knows what the screen is for, and needs the room of the line.
    """
    access = signin.gate()
    screen = screens.screen(name)
    head(say(screen.title))
    if not access.may(screen.permission):
        show(PortalError("error.not_allowed"))
        st.stop()
    if not at_work and says(f"screen.{name}.purpose"):
        st.caption(say(f"screen.{name}.purpose"))
    # What is said takes a place that is there already, so that no field below it moves while somebody types.
    with st.container():
        show_notices()
    return Page(name, access)


def head(title: str) -> None:
    """Draw the title of a screen and, in a demonstration, that it is one: on one line, to leave room for work."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title(title, anchor=False, width="content")
        if runtime.demo():
            with st.container(key="portal_demo", width="content"):
                st.markdown(f":orange-badge[:material/science: {say('portal.demo')}] :small[{say('portal.demo_note')}]")


def notice(what: PortalError | str, kind: str = "success", **facts: object) -> None:
    """Keep something to say at the top of the next run: the outcome of a command; a double click says it once."""
    waiting = st.session_state.setdefault(_NOTICE, [])
    told = what if isinstance(what, PortalError) else (kind, say(what, **facts))
    if told not in waiting:
        waiting.append(told)


def name_fields(words: Mapping[str, str]) -> None:
    """Say how the fields of a form are called whose names stand in a document, until another form says so."""
    st.session_state[_FIELDS] = dict(words)


def show(refusal: PortalError) -> None:
    """Word a refusal where the screen stands now: what happened, what is kept, what to do."""
    st.error(worded(refusal), icon=":material/error:")


def worded(refusal: PortalError) -> str:
    """Return the sentence, or sentences, of a refusal in the reader's language."""
    facts: Mapping[str, Any] = {name: plain(str(value)) for name, value in refusal.facts.items()}
    if isinstance(refusal, Invalid):
        told = [titled(_field(field), say(f"problem.{code}")) for field, code in refusal.problems.items()]
        return f"{say(refusal.code, **facts)}  \n{' · '.join(told)}"
    if isinstance(refusal, IllegalMove):
        facts = {"move": say(f"move.{refusal.facts['move']}"), "status": say(f"status.{refusal.facts['status']}")}
    if isinstance(refusal, MayNotCall):
        until = say("may_not_call.until", at=moment(refusal.until)) if refusal.until else ""
        return titled(say(refusal.code), say(f"may_not_call.{refusal.why}", who=plain(refusal.who or NOTHING))) + until
    if isinstance(refusal, Stale):
        changes = [
            "- " + titled(f"{moment(change.at)} {plain(change.actor) or NOTHING}", say(f"event.{change.action}"))
            for change in refusal.changes
        ]
        return "\n".join([say(refusal.code), *changes])
    return say(refusal.code, **facts)


def show_notices() -> None:
    """Say what is kept to be said: at the top of a screen, or of a drawer that is drawn again by itself."""
    for waiting in st.session_state.pop(_NOTICE, []):
        if isinstance(waiting, PortalError):
            show(waiting)
        else:
            kind, sentence = waiting
            getattr(st, kind)(sentence, icon=":material/check_circle:" if kind == "success" else ":material/info:")


# ---------------------------------------------------------------------------------------------------------------------


def _field(field: str) -> str:
    named = st.session_state.get(_FIELDS, {})
    return str(named[field]) if field in named else say(f"field.{field}")
