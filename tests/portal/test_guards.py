"""What strangers may not ask of the server."""

import anyio
import pytest
from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

from portal.guards import FileGuard, MessageGuard


def _frame(**kind: object) -> Message:
    return {"type": "websocket.receive", "bytes": BackMsg(**kind).SerializeToString()}


def _heard(*frames: Message, per_second: float = 30.0) -> list[Message]:
    """What an application behind the guard hears of these frames."""
    heard: list[Message] = []
    waiting = [*frames, {"type": "websocket.disconnect", "code": 1000}]

    async def application(_: Scope, receive: Receive, __: Send) -> None:
        while True:
            message = await receive()
            heard.append(message)
            if message["type"] == "websocket.disconnect":
                return

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(_: Message) -> None:
        raise AssertionError("nothing is answered here")

    guard = MessageGuard(application, per_second)
    anyio.run(guard, {"type": "websocket", "path": "/_stcore/stream", "headers": []}, receive, send)
    return heard


def test_ordinary_messages_pass() -> None:
    frames = [_frame(rerun_script={}), _frame(app_heartbeat=True), _frame(stop_script=True)]
    assert _heard(*frames)[:-1] == frames


@pytest.mark.parametrize("kind", ["clear_cache", "set_run_on_save", "load_git_info", "debug_shutdown_runtime"])
def test_nobody_clears_caches_or_steers_the_server_over_the_websocket(kind: str) -> None:
    assert [m["type"] for m in _heard(_frame(**{kind: True}))] == ["websocket.disconnect"]


def test_padding_does_not_hide_a_message() -> None:
    frame = _frame(clear_cache=True)
    frame["bytes"] += b"\xfa\x7f\xc8\x01" + b"x" * 200
    assert BackMsg.FromString(frame["bytes"]).WhichOneof("type") == "clear_cache"
    assert len(_heard(frame)) == 1


def test_what_is_no_message_is_dropped() -> None:
    assert len(_heard({"type": "websocket.receive", "bytes": b"\xff\xff"}, {"type": "websocket.receive"})) == 1


def test_every_kind_of_message_is_decided_upon() -> None:
    """A new version of Streamlit may bring new kinds; they stay out until somebody lets them in."""
    assert {field.name for field in BackMsg.DESCRIPTOR.fields} - {"debug_last_backmsg_id"} == {
        "rerun_script",
        "stop_script",
        "file_urls_request",
        "app_heartbeat",
        "backend_operation_request",
        "clear_cache",
        "set_run_on_save",
        "load_git_info",
        "debug_disconnect_websocket",
        "debug_shutdown_runtime",
    }


def test_a_flood_is_cut_off() -> None:
    heard = _heard(*[_frame(app_heartbeat=True)] * 50, per_second=5)
    assert heard[-1] == {"type": "websocket.disconnect", "code": 1008}
    assert len(heard) < 20


def _status(path: str, *, signed_in: bool) -> int:
    statuses: list[int] = []

    async def application(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def recognise(_: Scope) -> bool:
        return signed_in

    async def receive() -> Message:
        raise AssertionError("nothing is asked here")

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {"type": "http", "method": "GET", "path": path, "headers": []}
    anyio.run(FileGuard(application, recognise), scope, receive, send)
    return statuses[0]


@pytest.mark.parametrize(
    "path",
    [
        "/media/abc.csv",
        "//media/abc.csv",
        "/base/media/abc.csv",
        "/x/static/media/abc.csv",
        "/_stcore/upload_file/s/f",
        "/_stcore/metrics",
        "/_stcore//metrics",
    ],
)
def test_files_uploads_and_metrics_are_for_the_signed_in(path: str) -> None:
    assert _status(path, signed_in=False) == 403
    assert _status(path, signed_in=True) == 200


def test_the_agent_api_is_for_nobody() -> None:
    assert _status("/_stcore/agent/interact", signed_in=True) == 404
    assert _status("/_stcore/agent/openapi.json", signed_in=True) == 404


@pytest.mark.parametrize("path", ["/", "/_stcore/health", "/static/media/letters.woff2"])
def test_pages_health_and_streamlits_own_files_are_for_everybody(path: str) -> None:
    assert _status(path, signed_in=False) == 200
