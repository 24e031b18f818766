"""V8 with the FEEL bundle in it: the only importer of `py_mini_racer` (engine-traps §1.2).

One context per process and thread, made at the first call: shared ones let one expression make others late, one inherited
over fork hangs, one left open hangs the exit. The bundle is `engine/static/feel.js`, built by `make build` from `engine/feel.ts`.
"""

import atexit
import ctypes
import json
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import finalize

from py_mini_racer import JSEvalException, JSOOMException, JSTimeoutException, MiniRacer

from engine.errors import ExpressionError

BUNDLE = Path(__file__).parent / "static" / "feel.js"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may use; a stopped call is repeated once with `second_timeout_ms` (the machine may be busy)."""

    timeout_ms: int = 100
    second_timeout_ms: int = 1_000
    memory_mb: int = 64


def configure(limits: Limits) -> None:
    """Set the limits of this process; contexts made before keep their memory limit."""
    _process.limits = limits


def close() -> None:
    """Close this thread's context; the next call makes another."""
    _close(_key())


def call(function: str, request: dict[str, Any], expression: str) -> Any:
    """What `feel.<function>` of the bundle answers to `request`, both JSON. `expression` is named if it has to be stopped.

    Raises `ExpressionError` with the reason `timeout`, `memory`, `too_large`, `failed` or `bundle_missing`.
    """
    # Encoded twice: V8 parses a string as JSON faster than as a program, and `__proto__` stays a plain key.
    code = f"feel.{function}({json.dumps(json.dumps(request, allow_nan=False))})"
    try:
        return json.loads(_eval(code, _process.limits))
    except (JSEvalException, RecursionError) as problem:
        raise ExpressionError(expression=expression, position=None, end=None, **_why(problem)) from None


def _why(problem: Exception) -> dict[str, str]:
    if isinstance(problem, JSTimeoutException):
        return {"reason": "timeout"}
    if isinstance(problem, JSOOMException):
        return {"reason": "memory"}
    if isinstance(problem, RecursionError) or "RangeError" in str(problem):
        return {"reason": "too_large"}
    return {"reason": "failed", "message": str(problem).splitlines()[0]}


def _eval(code: str, limits: Limits) -> str:
    """A stopped call leaves its heap behind, so the second try, and the next call, get a fresh context."""
    try:
        return str(_context().eval(code, timeout_sec=limits.timeout_ms / 1000))
    except (JSTimeoutException, JSOOMException):
        close()
    try:
        return str(_context().eval(code, timeout_sec=limits.second_timeout_ms / 1000))
    except (JSTimeoutException, JSOOMException):
        close()
        raise


class _Process:
    """What this process holds: the limits, and the open contexts by process id and thread."""

    def __init__(self) -> None:
        self.limits = Limits()
        self.contexts: dict[tuple[int, int], MiniRacer] = {}
        self.ends = threading.local()
        self.is_prepared = False
        self.opening = threading.Lock()  # two first contexts made at one moment abort the process (seen: 1 start in 25)


class _Marker:
    """Lives in a thread's locals; when it goes, the thread has ended."""


_process = _Process()


def _key() -> tuple[int, int]:
    return os.getpid(), threading.get_ident()


def _context() -> MiniRacer:
    """This thread's context. One inherited over fork is another process's by its key, and never touched."""
    held = _process.contexts.get(_key())
    if held is None:
        held = _process.contexts[_key()] = _open()
        if not hasattr(_process.ends, "marker"):
            _process.ends.marker = _Marker()
            finalize(_process.ends.marker, _close, _key()).atexit = False
    return held


def _close(key: tuple[int, int]) -> None:
    held = _process.contexts.pop(key, None)
    if held is None:
        return
    with suppress(JSEvalException):
        held.eval("0", timeout_sec=1)  # answers after what was stopped has reported, which would find its loop closed
    held.close()


def _open() -> MiniRacer:
    if not BUNDLE.exists():
        raise ExpressionError(expression="", reason="bundle_missing", position=None, end=None, file=str(BUNDLE.name))
    if not _process.is_prepared:
        _process.is_prepared = True
        atexit.register(_close_all)
        os.register_at_fork(after_in_child=_abandon_inherited)
    with _process.opening:
        context = MiniRacer()
    context.set_hard_memory_limit(_process.limits.memory_mb * 1_000_000)
    context.eval(BUNDLE.read_text(encoding="utf-8"))
    return context


def _close_all() -> None:
    """Close every context of this process: with one left open the exit hangs."""
    for key in list(_process.contexts):
        _close(key)


def _abandon_inherited() -> None:
    """In a forked child V8's threads are gone and freeing its contexts aborts the exit: they get a reference for ever."""
    for held in _process.contexts.values():
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(held))
    _process.contexts.clear()
    _process.opening = threading.Lock()  # one that another thread held at the fork would never be given back
