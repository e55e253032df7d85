"""The telephone system: the link by which the desk dials, and the door at which calls are reported.

The door answers to a shared secret and to nothing else; without one there is no door. What is reported is signed with
its time, so that nobody can make it up or send an old report again later.
"""

import hashlib
import hmac
import json
import os
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from portal import runtime
from services import contacts
from services.environment import retrying
from services.errors import Conflict, Invalid, NotFound, PortalError
from services.installation import as_system
from services.rules.phones import DIAL_BY_DEFAULT, DialTemplate

PATH = "/telephony/calls"
SIGNATURE = "x-portal-signature"
LONGEST_BODY = 8192
FRESH = timedelta(minutes=5)
"""How far the time of a report may be from ours."""

_SHORTEST_SECRET = 32
_FIELDS = frozenset({"reference", "started_at", "seconds", "recording"})
_REFERENCE = re.compile(r"[0-9A-Za-z_-]{1,64}")
_SIGNED = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


def dial_template() -> DialTemplate:
    """The link by which a number is dialled, from PORTAL_DIAL_URL; raises PortalError where it cannot be one."""
    return DialTemplate.parse(os.environ.get("PORTAL_DIAL_URL") or DIAL_BY_DEFAULT)


def check() -> None:
    """Refuse a link that cannot dial and a secret that could be guessed before anybody works; raises PortalError."""
    dial_template()
    secret = _secret()
    if secret is not None and len(secret) < _SHORTEST_SECRET:
        raise PortalError("error.telephony_secret_weak", least=_SHORTEST_SECRET)


def sign(secret: bytes, at: datetime, body: bytes) -> str:
    """Return the signature that a report carries: its time, and the code over the time and the body."""
    seconds = int(at.timestamp())
    return f"t={seconds},v1={hmac.new(secret, b'%d.' % seconds + body, hashlib.sha256).hexdigest()}"


async def report(request: Request) -> Response:
    """Take a report of one call in, once."""
    secret = _secret()
    if secret is None or len(secret) < _SHORTEST_SECRET:
        return _refusal(404, "not_found")
    body = await _body(request)
    if body is None:
        return _refusal(413, "too_large")
    if not _signed(secret, request.headers.get(SIGNATURE, ""), body):
        return _refusal(401, "signature")
    told = _read(body)
    if told is None:
        return _refusal(400, "malformed")

    def store() -> contacts.CallReceipt:
        return retrying(lambda: contacts.report_call(as_system(runtime.environment()), **told))

    try:
        receipt = await anyio.to_thread.run_sync(store)
    except Invalid as wrong:
        return JSONResponse({"error": "invalid", "problems": wrong.problems}, 422)
    except NotFound:
        return _refusal(404, "unknown_reference")
    except Conflict:
        return _refusal(409, "told_otherwise")
    except PortalError:
        return _refusal(503, "busy")
    return JSONResponse({"reference": receipt.reference, "repeated": receipt.repeated})


ROUTE = Route(PATH, report, methods=["POST"])


# ---------------------------------------------------------------------------------------------------------------------


def _secret() -> bytes | None:
    return (os.environ.get("PORTAL_TELEPHONY_SECRET") or "").encode() or None


def _refusal(status: int, code: str) -> Response:
    return JSONResponse({"error": code}, status)


async def _body(request: Request) -> bytes | None:
    """Return what was sent, or None as soon as it is too much."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_BODY:
            return None
    return body


def _signed(secret: bytes, signature: str, body: bytes) -> bool:
    """Whether somebody who knows the secret signed exactly this, just now."""
    found = _SIGNED.fullmatch(signature)
    if found is None:
        return False
    seconds = int(found[1])
    # Compared as a number: no calendar reaches as far as somebody may write.
    if abs(runtime.environment().clock().timestamp() - seconds) > FRESH.total_seconds():
        return False
    return hmac.compare_digest(sign(secret, datetime.fromtimestamp(seconds, UTC), body), signature)


def _read(body: bytes) -> dict[str, Any] | None:
    """Return what a report says, each field of its own kind, or None where it is no report."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not told.keys() <= _FIELDS:
        return None
    reference, seconds, recording = told.get("reference"), told.get("seconds"), told.get("recording")
    started = told.get("started_at")
    if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
        return None
    if not isinstance(seconds, int | None) or isinstance(seconds, bool):
        return None
    if not isinstance(recording, str | None) or not isinstance(started, str | None):
        return None
    try:
        started_at = None if started is None else datetime.fromisoformat(started)
    except ValueError:
        return None
    if started_at is not None and started_at.utcoffset() is None:
        return None
    return {"reference": reference, "started_at": started_at, "seconds": seconds, "recording": recording}
