"""Giving up without fault: the exception that says so.

Code that was asked for an answer raises it when the answer is no longer wanted, so that whoever catches it can tell
"nobody needs this any more" from a failure and need not log anything.
"""

from __future__ import annotations


class Abandoned(Exception):
    """Raised by a computation that stops early because its result is not needed any more."""
