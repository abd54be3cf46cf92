"""gevent: nothing has to be begun for it, but it has to have patched the standard library."""

from __future__ import annotations

from typing import Tuple

__all__ = ["init_gevent"]

# What this library waits by: with one of these unpatched, a greenlet that waits would hold up all others.
_NEEDED: Tuple[str, ...] = ("socket", "ssl", "select", "threading", "time", "queue")


def init_gevent() -> None:
    """Make sure that greenlets may use this library; may be called at any time and again.

    grpcio needs this call. Here everything waits by the standard library, so that `gevent.monkey.patch_all()`, first
    thing in the program, is all there is to do; this looks whether it was done.

    Raises:
      ImportError: There is no gevent.
      RuntimeError: The standard library is not patched, or not all of it that is needed.
    """
    from gevent import monkey  # type: ignore[import-untyped,import-not-found,unused-ignore]  # not a dependency

    unpatched = [name for name in _NEEDED if not monkey.is_module_patched(name)]
    if unpatched:
        raise RuntimeError(
            f"gevent has not patched {', '.join(unpatched)}: a greenlet that waits in an RPC would hold up all others. "
            "Call gevent.monkey.patch_all() first thing in the program"
        )
