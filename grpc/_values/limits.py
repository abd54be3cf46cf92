"""What one side of a connection accepts and sends at the most."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """Limits of a channel or server; each is a channel argument of the same meaning.

    Attributes:
      max_receive_message_length: The longest message that is accepted, in bytes; -1 for any.
      max_send_message_length: The longest message that is sent, in bytes; -1 for any.
      max_metadata_size: The largest header block that is accepted, in bytes, by HTTP/2's way of counting.
      max_concurrent_streams: How many RPCs of one client a server serves at once.
    """

    max_receive_message_length: int = 4 * 1024 * 1024
    max_send_message_length: int = -1
    max_metadata_size: int = 8192
    max_concurrent_streams: int = 2**31 - 1
