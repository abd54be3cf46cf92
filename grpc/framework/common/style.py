"""In which manner the code behind a method is written."""

from __future__ import annotations

import enum


class Service(enum.Enum):
    """The manner in which a method is implemented on the service side.

    Members:
        INLINE: one call does all the work: it draws requests from an argument, may block on
            them, and gives the responses back by returning (or yielding) them.
        EVENT: the call returns soon and without blocking; requests arrive at a consumer that it
            returned, and responses go to a callback or consumer whenever they are ready.
    """

    INLINE = "inline"
    EVENT = "event"
