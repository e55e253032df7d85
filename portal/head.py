"""Our own lines in the head of Streamlit's page: its English words in Chinese, one step back for one click, and the
callback desk by keyboard with its look."""

import base64
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FILES_PATH = "/portal/{file}"

_STATIC = Path(__file__).resolve().parent / "static"
_TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
_FILES = {
    name: (_STATIC / name).read_bytes()
    for name in ("built_in_words.js", "one_step_back.js", "desk_keys.js", "dial_link.js", "desk.css")
}
_LINES = {".js": '<script src="{address}"></script>', ".css": '<link rel="stylesheet" href="{address}">'}
_TAGS = "".join(_LINES[Path(name).suffix].format(address=FILES_PATH.format(file=name)) for name in _FILES).encode()
_REVALIDATED = frozenset({b"accept-encoding", b"if-none-match", b"if-modified-since"})


async def own_file(request: Request) -> Response:
    """One of the scripts, or the sheet of styles."""
    name = request.path_params["file"]
    found = _FILES.get(name)
    kind = _TYPES.get(Path(name).suffix, "text/plain")
    return Response(found or b"", 200 if found else 404, media_type=kind)


def inline_script_hashes(page: bytes) -> tuple[str, ...]:
    """The CSP sources that allow exactly the inline scripts of a page."""
    scripts = re.findall(rb"<script>(.*?)</script>", page, re.DOTALL)
    return tuple(f"'sha256-{base64.b64encode(hashlib.sha256(s).digest()).decode()}'" for s in scripts)


class Head:
    """Middleware that adds these lines to the page and says that the page is Chinese until a script knows better."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not _wants_page(scope["headers"]):
            await self._app(scope, receive, send)
            return
        plain = {**scope, "headers": [(k, v) for k, v in scope["headers"] if k not in _REVALIDATED]}
        await self._app(plain, receive, _Rewriter(send))


# --------------------------------------------------------------------------------------------------


class _Rewriter:
    """Holds an HTML answer back until it is whole, and sends it with our lines in it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_html(message["headers"]):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        body = self._body.replace(b"</head>", _TAGS + b"</head>", 1) if b'id="root"' in self._body else self._body
        body = body.replace(b'<html lang="en"', b'<html lang="zh-CN"', 1)
        headers = [(k, v) for k, v in start["headers"] if k not in (b"content-length", b"etag")]
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({**start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _wants_page(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(k == b"accept" and b"text/html" in v for k, v in headers)


def _is_html(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(k == b"content-type" and v.startswith(b"text/html") for k, v in headers)
