"""What this process holds for everybody: the environment of the use cases, the imports' thread, who was seen when."""

import atexit
import threading
import tomllib
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from portal import cache
from portal.claims import ClaimMap, read_claim_map
from portal.import_runner import ImportRunner
from portal.options import secrets_file
from services.environment import Environment, Settings
from services.errors import PortalError
from services.installation import as_system, opened
from services.sign_ins import IDLE, LONGEST


@dataclass(slots=True)
class _Process:
    environment: Environment | None = None
    demo: bool = False
    seen: dict[str, datetime] = field(default_factory=dict)
    imports: ImportRunner | None = None


_SHORTEST_SECRET = 32

_process = _Process()
_lock = threading.Lock()


def start(environment: Environment, *, demo: bool = False) -> None:
    """Give the process its environment; `demo` lets people in by the demonstration's own sign-in."""
    cache.forget()
    with _lock:
        _process.environment = environment
        _process.demo = demo
        _process.seen.clear()


def stop() -> None:
    """Forget everything that this process held; an import that is being carried out is put down."""
    with _lock:
        runner, _process.imports = _process.imports, None
    if runner is not None:
        runner.stop()
    with _lock:
        _process.environment = None
        _process.demo = False
        _process.seen.clear()


def environment() -> Environment:
    """The environment of this process, opened from the settings where nobody has given one."""
    with _lock:
        if _process.environment is None:
            stack = ExitStack()
            _process.environment = stack.enter_context(opened(Settings.read()))
            atexit.register(stack.close)
        return _process.environment


def given() -> bool:
    """Whether the process has its environment already."""
    return _process.environment is not None


def imports() -> ImportRunner:
    """The thread of this process that carries imports out; it starts when it is first woken."""
    with _lock:
        if _process.imports is None:
            _process.imports = ImportRunner(lambda: as_system(environment()))
        return _process.imports


def demo() -> bool:
    """Whether this process is the demonstration."""
    return _process.demo


def secrets() -> Mapping[str, Any]:
    """The provider's secrets and the mapping of claims; empty where there is no such file."""
    path = secrets_file()
    return tomllib.loads(path.read_text("utf-8")) if path.exists() else {}


def claim_map() -> ClaimMap:
    """How claims become roles."""
    return read_claim_map(secrets().get("sign_in", {}))


def providers() -> tuple[str, ...]:
    """The names of the providers that somebody may sign in with; "" is the only one of a plain [auth] section."""
    section = secrets().get("auth", {})
    named = [name for name, value in section.items() if isinstance(value, Mapping) and "client_id" in value]
    return ("",) if "client_id" in section else tuple(named)


def check_secrets() -> None:
    """Refuse a sample or short cookie secret and a wrong mapping before anybody can sign in; raises PortalError."""
    try:
        section = secrets().get("auth", {})
        claim_map()
    except ValueError as wrong:
        raise PortalError("error.secrets_wrong", what=str(wrong)) from wrong
    if section and len(str(section.get("cookie_secret", ""))) < _SHORTEST_SECRET:
        raise PortalError("error.cookie_secret_weak")


def idle(sign_in: str, now: datetime, *, at_work: bool) -> bool:
    """Whether nobody has clicked under this sign-in for too long; a click that comes in time puts the end off.

    Kept by sign-in and not by tab, so that a reload does not revive what has ended and a forgotten second tab does not
    end what is in use.
    """
    with _lock:
        last = _process.seen.setdefault(sign_in, now)
        if now - last > IDLE:
            return True
        if at_work:
            _process.seen[sign_in] = now
            for old in [key for key, at in _process.seen.items() if now - at > LONGEST]:
                del _process.seen[old]
        return False
