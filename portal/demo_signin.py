"""The demonstration's way in: choose a person, and be that person in a session kept on the server.

It exists only in the application that `serve --demo` builds, answers only to this machine, and the use cases behind it
refuse a database that is not marked as a demonstration.
"""

import secrets
from collections.abc import Iterable
from html import escape
from ipaddress import ip_address
from itertools import groupby
from pathlib import Path
from string import Template
from urllib.parse import quote, urlencode

import anyio
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from db.vocabulary import Role
from portal import runtime, telephony, words
from portal.edge import SESSION_SECONDS, cookies, header, own_screen
from portal.options import DEMO_HEADER
from portal.signin import DEMO_COOKIE, recognise
from portal.words import label, say
from services import sign_ins
from services.errors import PortalError

_PAGE = Template((Path(__file__).resolve().parent / "static" / "sign_in.html").read_text("utf-8"))
_OPEN_TO_NOBODY = ("/sign-in", "/auth/", "/healthz", "/readyz", "/portal/", "/static/", "/_stcore/")


class DemoIdentity:
    """Middleware that tells Streamlit whose a websocket is, and leads whoever is nobody yet to the page of people."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if not _from_this_machine(scope):
            await _turn_away(scope, receive, send)
            return
        # Whatever a client says about itself under our own names is not true; a signed report says nothing of a person.
        own = [(k, v) for k, v in scope["headers"] if not k.lower().startswith(b"x-portal-") or _is_signature(k, scope)]
        if scope["type"] == "websocket":
            if token := cookies(scope).get(DEMO_COOKIE):
                own.append((DEMO_HEADER.encode(), token.encode()))
        elif _opens_a_screen(scope) and not await recognise(scope):
            query = scope["query_string"].decode("latin-1")
            await _to_sign_in(scope["path"] + (f"?{query}" if query else ""))(scope, receive, send)
            return
        await self._app({**scope, "headers": own}, receive, send)


async def sign_in_page(request: Request) -> Response:
    """The page on which a person is chosen."""
    language = words.known_language(request.query_params.get("lang"))
    wanted = _wanted(request.query_params.get("next"), request)
    with words.speaking(language):
        try:
            people = await anyio.to_thread.run_sync(sign_ins.list_demo_people, runtime.environment())
            refused = ""
        except PortalError as refusal:
            people, refused = (), refusal.code
        return HTMLResponse(_page(people, wanted, refused), 403 if refused else 200)


async def sign_in(request: Request) -> Response:
    """Be the person who was chosen."""
    if header(request.scope, b"origin") not in _own_origins(request):
        return PlainTextResponse("cross-site", 403)
    form = await request.form()
    wanted = _wanted(str(form.get("next", "")), request)
    token = secrets.token_urlsafe(32)
    chosen = str(form.get("person", ""))
    if not chosen.isdecimal():
        return _to_sign_in(wanted)

    def start() -> None:
        environment = runtime.environment()
        if earlier := request.cookies.get(DEMO_COOKIE):
            sign_ins.end_demo_sign_in(environment, token=earlier)
        sign_ins.start_demo_sign_in(environment, person_id=int(chosen), token=token)

    try:
        await anyio.to_thread.run_sync(start)
    except PortalError:
        return _to_sign_in(wanted)
    answer = RedirectResponse(quote(wanted, safe="/?&=%"), 303)
    answer.set_cookie(DEMO_COOKIE, token, max_age=SESSION_SECONDS, httponly=True, samesite="lax", path="/")
    return answer


async def sign_out(request: Request) -> Response:
    """End the session. Somebody whose session had ended by itself comes back to the screen that was open."""
    token = request.cookies.get(DEMO_COOKIE)
    signed_in = await recognise(request.scope)
    if token:
        await anyio.to_thread.run_sync(_end, token)
    answer = _to_sign_in("/" if signed_in else _wanted(header(request.scope, b"referer"), request))
    answer.delete_cookie(DEMO_COOKIE, path="/", httponly=True, samesite="lax")
    return answer


ROUTES = (
    Route("/sign-in", sign_in_page, methods=["GET"]),
    Route("/sign-in", sign_in, methods=["POST"]),
    # Streamlit's st.logout sends the browser here.
    Route("/auth/logout", sign_out, methods=["GET"]),
)


# ---------------------------------------------------------------------------------------------------------------------


def _end(token: str) -> None:
    sign_ins.end_demo_sign_in(runtime.environment(), token=token)


def _is_signature(name: bytes, scope: Scope) -> bool:
    return scope["path"] == telephony.PATH and name.lower() == telephony.SIGNATURE.encode()


def _from_this_machine(scope: Scope) -> bool:
    """Whether the request was made on this machine; a proxy in front gives itself away by the address it forwards."""
    client = scope.get("client")
    try:
        return client is not None and ip_address(client[0]).is_loopback
    except ValueError:
        return False


async def _turn_away(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await PlainTextResponse("the demonstration answers to this machine only", 403)(scope, receive, send)


def _opens_a_screen(scope: Scope) -> bool:
    return (
        scope["method"] == "GET"
        and "text/html" in header(scope, b"accept")
        and not scope["path"].startswith(_OPEN_TO_NOBODY)
    )


def _own_origins(request: Request) -> tuple[str, ...]:
    host = header(request.scope, b"host")
    return (f"http://{host}", f"https://{host}")


def _wanted(url: str | None, request: Request) -> str:
    return own_screen(url or "/", header(request.scope, b"host")) or "/"


def _to_sign_in(wanted: str) -> RedirectResponse:
    query = f"?{urlencode({'next': wanted})}" if wanted != "/" else ""
    return RedirectResponse(f"/sign-in{query}", 303)


def _page(people: Iterable[sign_ins.DemoPerson], wanted: str, refused: str) -> str:
    language = words.language()
    other = next(code for code in words.LANGUAGES if code != language)
    return _PAGE.substitute(
        lang=language.replace("_", "-"),
        title=escape(say("portal.name")),
        subtitle=escape(say("portal.subtitle")),
        demo=escape(say("portal.demo")),
        demo_note=escape(say("portal.demo_note")),
        other_href=escape("/sign-in?" + urlencode({"lang": other, "next": wanted})),
        other_lang=other.replace("_", "-"),
        other_name=escape(words.LANGUAGES[other]),
        refused=f'<p class="notice refused" role="alert">{escape(say(refused))}</p>' if refused else "",
        people="".join(_group(role, list(group), wanted) for role, group in _by_role(people)),
    )


def _by_role(people: Iterable[sign_ins.DemoPerson]) -> Iterable[tuple[Role, Iterable[sign_ins.DemoPerson]]]:
    order = list(Role)
    return groupby(sorted(people, key=lambda p: (order.index(p.role), p.id)), key=lambda p: p.role)


def _group(role: Role, people: Iterable[sign_ins.DemoPerson], wanted: str) -> str:
    cards = "".join(_card(person, wanted) for person in people)
    return (
        f"<section><h2>{escape(label(role))}</h2><p>{escape(say(f'role_task.{role.value}'))}</p>"
        f'<div class="people">{cards}</div></section>'
    )


def _card(person: sign_ins.DemoPerson, wanted: str) -> str:
    of = f'<span class="of">{escape(words.name(person.department))}</span>' if person.department else ""
    initial = person.name.rsplit("·", 1)[-1][:1]
    return (
        '<form method="post" action="/sign-in">'
        f'<input type="hidden" name="next" value="{escape(wanted)}">'
        f'<button name="person" value="{person.id}"><span class="initial" aria-hidden="true">'
        f'{escape(initial)}</span><span><span class="name">{escape(person.name)}</span>{of}</span></button></form>'
    )
