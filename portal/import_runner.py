"""The thread that carries imports out while the portal runs: one at a time, in the order in which they were started.

Now and then it also ends the cases of the callback queue whose time is over.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from db.vocabulary import JobState
from services import callback_lapse, exchange
from services.access import Access
from services.environment import retrying

PAUSE = 20.0
"""Seconds between two looks for imports that nobody woke the runner for: those of a process that died, for instance."""

LAPSE_EVERY = 300.0
"""Seconds between two looks for cases whose time is over; the first one comes that long after the start."""

_COMMAND_LINE = timedelta(minutes=1)
"""For so long an import that the command line started is left to the command line, which carries it out itself."""

_BREATH = 0.02
"""Seconds that are left to the screens between two steps of an import."""

_PATIENCE = 5.0
"""Seconds that the end of the process waits for an import that has to be put down."""

_log = logging.getLogger("huixiang.imports")


class ImportRunner:
    """Looks for waiting imports when it is woken, and now and then by itself; nothing that goes wrong ends it."""

    def __init__(self, door: Callable[[], Access]) -> None:
        self._door = door
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._merging: int | None = None
        self._lapse_at = time.monotonic() + LAPSE_EVERY

    def wake(self) -> None:
        """Look for imports now; starts the thread where it does not run yet."""
        self._woken.set()
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._stopping.clear()
                self._thread = threading.Thread(target=self._keep_looking, name="imports", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Put down what is being carried out, and end the thread; what was put down is done at the next start."""
        self._stopping.set()
        self._woken.set()
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(_PATIENCE)

    def merging(self, import_id: int) -> bool:
        """Say whether an import has read its rows and writes them, so that it cannot be cancelled any more."""
        return self._merging == import_id

    def run_waiting(self) -> int:
        """Carry out what waits until nothing does, or until the runner is told to stop; returns how many that were."""
        access = self._door()
        if recovered := retrying(lambda: exchange.recover_imports(access)):
            _log.warning("the process that carried out the imports %s has ended; they wait again", recovered)
        done, taken = 0, set[int]()
        while not self._stopping.is_set() and (found := self._next(taken)) is not None:
            if self._carry_out(found):
                done += 1
            else:
                taken.add(found)  # Somebody else took it between the look and the step, or holds it without a sign.
        return done

    def lapse(self) -> int:
        """End the cases whose time is over, a few at a time while no import waits; returns how many orders went on."""
        ended = 0
        while not self._stopping.is_set():
            step = retrying(lambda: callback_lapse.lapse_expired(self._door()))
            ended += step.total
            if not step.more or self._stopping.wait(_BREATH) or self._woken.is_set():
                break
        return ended

    # ------------------------------------------------------------------------------------------------------------------

    def _keep_looking(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                self.run_waiting()
            except Exception:
                _log.exception("an import could not be carried out")
            if time.monotonic() >= self._lapse_at:
                self._lapse_at = time.monotonic() + LAPSE_EVERY
                try:
                    self.lapse()
                except Exception:
                    _log.exception("cases whose time is over could not be ended")
            self._woken.wait(PAUSE)

    def _next(self, taken: set[int]) -> int | None:
        """Return the import whose turn it is and that nobody else has taken; none while another process is at work."""
        access = self._door()
        waiting = retrying(lambda: exchange.waiting_imports(access))
        if not waiting:
            return None
        latest = retrying(lambda: exchange.recent_imports(access))
        if any(one.state == JobState.RUNNING and one.id not in waiting for one in latest):
            return None
        just_now = access.environment.clock() - _COMMAND_LINE
        others = taken | {one.id for one in latest if one.started_by is None and one.started_at > just_now}
        return next((number for number in waiting if number not in others), None)

    def _carry_out(self, import_id: int) -> bool:
        """Walk through the steps of one import; returns whether there were any."""
        steps = exchange.run_import(self._door(), import_id=import_id)
        walked = False
        try:
            for step in steps:
                walked = True
                self._merging = import_id if step.merging else None
                if self._stopping.wait(_BREATH) and not step.merging:
                    steps.close()
                    break
        finally:
            self._merging = None
        return walked
