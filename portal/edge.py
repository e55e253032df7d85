"""What stands around every answer of the server: allowed hosts, security headers, cookies, and the way back in."""

import re
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

import streamlit as st
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.head import inline_script_hashes

SESSION_SECONDS = 8 * 3600
"""How long a sign-in may live at most; Streamlit's own cookie would live thirty days."""

_NEXT = "portal_next"
_STREAMLIT_PAGE = Path(st.__file__).resolve().parent / "static" / "index.html"
_PROBES = frozenset({"/healthz", "/readyz"})
_KEPT_FOR_LONG = ("/static/", "/portal/")
_NOT_A_SCREEN = ("/auth/", "/oauth2callback", "/_stcore", "/media", "/sign-in", "/sign-out", "/portal/", "/telephony/")
_FIXED_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)


class Edge:
    """Middleware for all HTTP answers, and the check of the host for websockets too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._scripts = " ".join(("'self'", *inline_script_hashes(_STREAMLIT_PAGE.read_bytes())))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        host = header(scope, b"host")
        if scope.get("path") not in _PROBES and not host_allowed(host, st.get_option("server.allowedHosts")):
            await _refuse(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": self._headers(scope, host, message)}
            await send(message)

        await self._app(scope, receive, answer)

    def _headers(self, scope: Scope, host: str, message: Message) -> list[tuple[bytes, bytes]]:
        secure = scope.get("scheme") == "https"
        headers = _with_way_back(scope, host, message["status"], list(message.get("headers", ())))
        headers = [(k, _cookie(v, secure) if k == b"set-cookie" else v) for k, v in headers]
        if not scope["path"].startswith(_KEPT_FOR_LONG):
            headers = [(k, v) for k, v in headers if k != b"cache-control"]
            headers.append((b"cache-control", b"no-store"))
        return [*headers, *_FIXED_HEADERS, (b"content-security-policy", self._policy(host, secure).encode())]

    def _policy(self, host: str, secure: bool) -> str:
        sockets = f"{'wss' if secure else 'ws'}://{host}"
        return (
            f"default-src 'self'; script-src {self._scripts}; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data: blob:; font-src 'self' data:; "
            f"connect-src 'self' {sockets}; worker-src 'self' blob:; frame-src 'none'; object-src 'none'; "
            "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
        )


def host_allowed(host: str, allowed: Iterable[str]) -> bool:
    """Whether the portal answers under this name; `*.city.cn` stands for every name below it."""
    if not re.fullmatch(r"[A-Za-z0-9.\-]+(:\d{1,5})?|\[[0-9A-Fa-f:]+\](:\d{1,5})?", host):
        return False
    bare = re.sub(r":\d+$", "", host).strip("[]").lower().rstrip(".")
    patterns = [pattern.strip().lower().rstrip(".") for pattern in allowed]
    return not patterns or any(p in ("*", bare) or (p.startswith("*.") and bare.endswith(p[1:])) for p in patterns)


def header(scope: Scope, name: bytes) -> str:
    """A header of a request, or nothing."""
    return next((v.decode("latin-1") for k, v in scope["headers"] if k == name), "")


def cookies(scope: Scope) -> dict[str, str]:
    """The cookies of a request; none where they cannot be read."""
    try:
        jar = SimpleCookie(header(scope, b"cookie"))
    except CookieError:
        return {}
    return {key: morsel.value for key, morsel in jar.items()}


def own_screen(url: str, host: str) -> str | None:
    """The path and query of a link to one of our screens, or None: nobody is sent anywhere else after signing in."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    path = parts.path or "/"
    if parts.netloc not in ("", host) or parts.scheme not in ("", "http", "https"):
        return None
    # Browsers read dots and doubled slashes, written out or not, in ways of their own: no screen's path has them.
    if not path.startswith("/") or path.startswith(_NOT_A_SCREEN) or re.search(r"//|/\.|\\", unquote(path)):
        return None
    if re.search(r"[\\\x00-\x20]", url):
        return None
    return path + (f"?{parts.query}" if parts.query else "")


# --------------------------------------------------------------------------------------------------


def _with_way_back(
    scope: Scope, host: str, status: int, headers: list[tuple[bytes, bytes]]
) -> list[tuple[bytes, bytes]]:
    """Keep the link that somebody followed through the provider's sign-in: Streamlit always comes back to `/`."""
    if scope["path"].endswith("/auth/login"):
        wanted = own_screen(header(scope, b"referer"), host)
        if wanted and wanted != "/":
            headers.append((b"set-cookie", _next_cookie(quote(wanted, safe=""), 600)))
    elif scope["path"].endswith("/oauth2callback") and status in (302, 303, 307):
        query = parse_qs(scope["query_string"].decode("latin-1"))
        target = None
        if "error" in query:
            target = f"/?sign_in_error={quote(query['error'][0][:60], safe='')}"
        elif kept := cookies(scope).get(_NEXT):
            target = own_screen(unquote(kept), host)
        if target:
            headers = [(k, quote(target, safe="/?&=%").encode() if k == b"location" else v) for k, v in headers]
        headers.append((b"set-cookie", _next_cookie("", 0)))
    return headers


def _next_cookie(value: str, seconds: int) -> bytes:
    return f"{_NEXT}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax".encode()


def _cookie(value: bytes, secure: bool) -> bytes:
    if value.startswith(b"_streamlit_user"):
        value = re.sub(rb"(?i)(; *max-age)=([1-9]\d{5,})", rb"\1=%d" % SESSION_SECONDS, value)
        value = re.sub(rb"(?i); *expires=[^;]*(?=;|$)", b"", value) if b"max-age=0" not in value.lower() else value
    return value + b"; Secure" if secure and b"; secure" not in value.lower() else value


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await PlainTextResponse("unknown host", 421)(scope, receive, send)
