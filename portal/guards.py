"""What strangers may not ask of the server: control messages over the websocket, files, uploads, metrics, agents.

Streamlit answers all of these before any script of ours runs, so they are refused here, in front of it.
"""

import re
import time
from collections.abc import Awaitable, Callable

from google.protobuf.message import DecodeError
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

_LET_THROUGH = frozenset(
    {"rerun_script", "stop_script", "file_urls_request", "app_heartbeat", "backend_operation_request"}
)
"""What a browser says while somebody works. Whatever else there is (clearing the caches of everybody, shutting the
server down, reading the source repository) no reader ever needs."""

_FOR_THE_SIGNED_IN = re.compile(r"(?<!^/static)/(media|_stcore/(upload_file|metrics))(/|$)")
_FOR_NOBODY = re.compile(r"/_stcore/(agent|script-health-check)(/|$)")

Recognise = Callable[[Scope], Awaitable[bool]]


class MessageGuard:
    """Middleware in front of the websocket: only the messages of ordinary work, and not too many of them."""

    def __init__(self, app: ASGIApp, per_second: float = 30.0) -> None:
        self._app = app
        self._per_second = per_second

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        budget = _Budget(self._per_second)

        async def listen() -> Message:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive":
                    return message
                if not budget.take():
                    return {"type": "websocket.disconnect", "code": 1008}
                if _ordinary(message.get("bytes") or b""):
                    return message

        await self._app(scope, listen, send)


class FileGuard:
    """Middleware that gives files, uploads and metrics only to somebody who is signed in at this moment."""

    def __init__(self, app: ASGIApp, recognise: Recognise) -> None:
        self._app = app
        self._recognise = recognise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = re.sub(r"/{2,}", "/", scope["path"])
            if _FOR_NOBODY.search(path):
                await PlainTextResponse("not found", 404)(scope, receive, send)
                return
            if _FOR_THE_SIGNED_IN.search(path) and not await self._recognise(scope):
                await PlainTextResponse("sign in first", 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)


# --------------------------------------------------------------------------------------------------


class _Budget:
    """A bucket that fills with time: bursts are fine, floods are not."""

    def __init__(self, per_second: float) -> None:
        self._rate = per_second
        self._left = 2 * per_second
        self._at = time.monotonic()

    def take(self) -> bool:
        now = time.monotonic()
        self._left = min(2 * self._rate, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def _ordinary(frame: bytes) -> bool:
    try:
        return BackMsg.FromString(frame).WhichOneof("type") in _LET_THROUGH
    except DecodeError:
        return False
