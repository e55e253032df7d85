"""The server around the script: routes, what stands in front of them, how it starts, how it words what went wrong."""

import gc
import importlib
import logging
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

# The handshake of the websocket carries the provider's claims in cookies; the usual limit of 8 kB would hang it.
os.environ.setdefault("WEBSOCKETS_MAX_LINE_LENGTH", "65536")

import anyio
import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from portal import demo_signin, page, runtime, signin, telephony
from portal.edge import Edge
from portal.guards import FileGuard, MessageGuard
from portal.head import FILES_PATH, Head, own_file
from portal.words import say
from services.errors import PortalError
from services.installation import as_system, kind_of

SCRIPT = Path(__file__).resolve().parent / "ui.py"

_HEAVY = ("altair", "pandas", "pyarrow", "sqlalchemy")
_log = logging.getLogger("huixiang")


def build(*, demo: bool = False) -> st.App:
    """The application. With `demo` it has the demonstration's sign-in, and without it nothing of it."""
    identity = [Middleware(demo_signin.DemoIdentity)] if demo else []
    return st.App(
        SCRIPT,
        lifespan=_lifespan,
        on_script_error=explain_error,
        routes=routes(demo=demo),
        middleware=[
            Middleware(Edge),
            Middleware(FileGuard, recognise=signin.recognise),
            Middleware(MessageGuard),
            *identity,
            Middleware(Head),
        ],
    )


def routes(*, demo: bool) -> list[Route]:
    """What the server answers beside Streamlit."""
    own = [
        Route("/healthz", _alive),
        Route("/readyz", _ready),
        Route(FILES_PATH, own_file),
        telephony.ROUTE,
        Route("/favicon.png", _mark),
    ]
    return [*own, *demo_signin.ROUTES] if demo else own


def explain_error(error: Exception) -> bool:
    """Say what is known of a refusal; of anything else only a number, under which the log tells the rest."""
    if isinstance(error, PortalError):
        page.show(error)
        return True
    reference = secrets.token_hex(4)
    _log.error("error %s on a screen", reference, exc_info=error)
    st.error(say("error.unexpected", reference=reference), icon=":material/error:")
    return True


# ---------------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _lifespan(_: st.App) -> AsyncIterator[None]:
    """Load what every screen needs, and take it out of the collections that Streamlit makes after every run.

    Imports that waited when the last process ended go on; at the end the one that is being carried out is put down.
    """
    for module in _HEAVY:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    if runtime.given():
        runtime.imports().wake()
    yield
    await anyio.to_thread.run_sync(runtime.imports().stop)


async def _alive(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _ready(_: Request) -> Response:
    try:
        await anyio.to_thread.run_sync(_ask_the_database)
    except Exception:
        _log.warning("not ready", exc_info=True)
        return JSONResponse({"database": "down"}, 503)
    return JSONResponse({"database": "ok"})


def _ask_the_database() -> None:
    kind_of(as_system(runtime.environment()))


async def _mark(_: Request) -> Response:
    return FileResponse(signin.MARK, media_type="image/svg+xml")
