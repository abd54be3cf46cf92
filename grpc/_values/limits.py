"""What one side of a connection accepts, sends and offers."""

from __future__ import annotations

from typing import NamedTuple, Optional

from grpc._values.compression import Compression


class Limits(NamedTuple):
    """Limits and wire options of a channel or server; each is a channel argument of the same meaning.

    Attributes:
      max_receive_message_length: The longest message that is accepted, in bytes; -1 for any.
      max_send_message_length: The longest message that is sent, in bytes; -1 for any.
      max_metadata_size: The largest header block that is accepted, in bytes: names, values and 32 for each field. If
        there is a hard limit as well, the largest that is accepted always; not more than that one.
      max_concurrent_streams: How many RPCs of one client a server serves at once.
      compression: How messages are compressed unless the call says otherwise; an algorithm that the peer has not
        listed is not used for responses.
      accepted_compression: The algorithms that the peer may use: bit n stands for the algorithm number n.
      stream_window: How many bytes a peer may send on one RPC before the receiver has taken any; 1 to 2**31 - 1.
      max_frame_size: The largest HTTP/2 frame that is accepted, in bytes; 16,384 to 16,777,215.
      true_binary: Whether to tell the peer that it may send binary metadata as they are, without base64.
      compression_level: How much a server compresses where nothing else says how: 0 as `compression` says, 1 to 3 by
        the algorithm for that level among those that the client has listed.
      compresses: Whether messages may be compressed at all, whatever the call says.
      hard_metadata_size: The size above which every header block is refused; those between are at random. None to
        have one limit only, and an exact one.
      decoder_table_size: How large the peer may make its HPACK table, in bytes; as much may be held for it. 0 for none.
      encoder_table_size: How large ours may become, in bytes, where the peer allows that much; 0 for none.
    """

    max_receive_message_length: int = 4 * 1024 * 1024
    max_send_message_length: int = -1
    max_metadata_size: int = 8192
    max_concurrent_streams: int = 2**31 - 1
    compression: int = Compression.NoCompression
    accepted_compression: int = 1 << Compression.NoCompression | 1 << Compression.Deflate | 1 << Compression.Gzip
    # One stream can fill a loopback link with this much under way.
    stream_window: int = 4 * 1024 * 1024
    # Large messages in large frames: a frame's fixed cost is paid seldom, and other streams still get their turn.
    max_frame_size: int = 1024 * 1024
    true_binary: bool = True
    compression_level: int = 0
    compresses: bool = True
    hard_metadata_size: Optional[int] = None
    decoder_table_size: int = 4096
    encoder_table_size: int = 4096

    @property
    def most_metadata_size(self) -> int:
        """The size above which every header block is refused: what the peer is told."""
        return self.max_metadata_size if self.hard_metadata_size is None else self.hard_metadata_size
