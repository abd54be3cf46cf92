"""How large anything in a connection may grow, whatever its peer does: looked up in its own registers and h2's.

The only part of the fuzzer that knows private names. Each bound is a number, and says where it comes from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator, Tuple

from grpc._links import (
    _flow,
    _guards,
    _h2_closed,
    _h2_decoder,
    _h2_encoder,
    _h2_graceful,
    _h2_hpack,
    _requests,
    _waiting,
)
from grpc._links._h2_receiving import TunedConnection

if TYPE_CHECKING:
    from grpc._values.limits import Limits

Measure = Tuple[str, float, float]

# The longest read of the threads driver. Between two looks at the output there are so many reads, and what answers
# them: a PING of 17 bytes is answered by as many, a frame of 9 bytes on a stream that is over by 13.
LONGEST_READ = 512 * 1024

# The messages that an End of ours sends are no longer than this, see `ends`.
LONGEST_MESSAGE = 200_000
MOST_PAYLOADS = 8

# A frame header, and a client's preface.
_FRAME_HEADER = 9
_PREFIX = 5
_PREFACE = 24


def pending_output(connection: Any) -> int:
    """How many bytes wait to be taken."""
    h2 = connection._h2
    size = sum(map(len, h2._output)) if isinstance(h2, TunedConnection) else len(h2._written) + len(h2._data_to_send)
    output = connection._rules._output
    return size + (0 if output is None else output.size)


def measures(connection: Any, limits: Limits, begun: int, longest_read: int) -> Iterator[Measure]:
    """What there is, how much of it, and how much there may be.

    Args:
      connection: At rest: nothing is being handled.
      limits: Its limits.
      begun: How many operations a client's End has begun.
      longest_read: The length of the longest read.
    """
    h2 = connection._h2
    server = hasattr(connection, "_requests")
    streams = limits.max_concurrent_streams if server else begun
    frame = limits.max_frame_size
    longest = limits.max_receive_message_length

    # ours
    yield "streams", len(connection._streams), streams
    yield "operations", len(connection._operations), streams
    yield "touched streams", len(connection._touched), 0
    yield "blocked streams that are none", len(connection._blocked.keys() - connection._streams.keys()), 0
    yield "operations in the wrong place", sum(map(_misplaced, connection._operations.items())), 0
    held = 0
    # "At most the window, and a message more"; of small windows more is overlooked, as it may have been consumed.
    most_held = limits.stream_window + _flow.slack(limits.stream_window) + _PREFIX + longest
    for stream in connection._operations.values():
        held += stream.held
        yield "gathered payloads", len(stream.payloads), 0
        yield "bytes owed on a stream", stream.owed if not stream.ended_remotely else 0, limits.stream_window
        yield "bytes held on a stream", stream.held, most_held
        if stream.unconsumed is not None:
            yield "unconsumed bytes", stream.unconsumed.size, most_held
            yield "unconsumed payloads", _PREFIX * len(stream.unconsumed._sizes), most_held
        if stream.reader is not None:
            kept = stream.reader.held
            yield "bytes kept", kept, limits.stream_window + (_PREFIX + longest if stream.allowed else 0)
            chunks = sum(map(len, stream.reader._chunks)) + len(stream.reader._head) - stream.reader._start
            if stream.reader._long is not None:
                arrived = stream.reader._long._buffer.tell()
                chunks += _PREFIX + arrived
                yield "room for a long message", stream.reader._long._capacity, 4 * arrived
            yield "bytes in a reader", abs(chunks - kept), 0
            # What is behind the start is cut off when more is gathered: never more than one read's messages.
            yield "bytes read already", stream.reader._start, limits.stream_window + _PREFIX + longest + frame
        if stream.outbox is not None:
            most = _flow.OUTBOX_BOUND + (1 + _flow.LEAVE) * LONGEST_MESSAGE
            yield "outbox", stream.outbox.size, most
            yield "bytes in an outbox", abs(sum(map(len, stream.outbox._chunks)) - stream.outbox.size), 0
        yield "leave", stream.leave, _flow.LEAVE
        if stream.waiting is not None:
            yield "bytes kept for a replay", stream.waiting.bytes_kept, connection._replay_bound or 0
    yield "held, as counted", abs(held - connection._held), 0
    yield "held", connection._held, _flow.HELD_BOUND + _flow.CONNECTION_WINDOW
    yield "owed", connection._owed, _flow.CONNECTION_WINDOW
    yield "made ready ahead", connection._ahead, _guards.MOST_AHEAD + max(frame, connection._max_frame_size)
    if server:
        yield "kinds of responses", len(connection._known_headers), 8
        yield "kinds of requests", len(connection._requests._known), _requests._MAX_KNOWN
    else:
        yield "queued", len(connection._queued), begun
        yield "given back", len(connection._returned), begun
        yield "begun streams", len(connection._streams), begun
        for register in (connection._queued, connection._returned):
            for waiting in register.values():
                yield "an operation that waits", int(not isinstance(waiting, _waiting.Waiting)), 0
    answers = _guards.READS_BEFORE_MEASURING * 2 * longest_read
    yield "pending output", pending_output(connection), _guards.MOST_OUTPUT + 2 * _guards.MOST_AHEAD + answers

    # h2's
    incoming = h2.incoming_buffer
    # Behind an error the rest of that read stays where it is, until the connection is gone.
    whole_frame = _FRAME_HEADER + frame + (longest_read if connection.finished else 0)
    yield "bytes of an incomplete frame", len(incoming._data), whole_frame
    block = sum(len(part.data) for part in incoming._headers_buffer)
    yield "an incomplete header block", block, _h2_graceful.MOST_HEADER_BYTES + frame + longest_read
    # Those that were closed since the last one was opened are among them, and those of one read that are to be refused.
    yield "h2's streams", len(h2.streams), 2 * (min(streams, 10**9) + int(_guards.RESET_BURST)) + 2
    yield "the decoder's table", h2.decoder.header_table._current_size, max(h2.decoder.max_allowed_table_size, 4096)
    yield "the decoder's table at most", h2.decoder.max_allowed_table_size, 4096
    yield "the encoder's table", h2.encoder.header_table._current_size, 4096
    yield "table sizes to be announced", len(h2.encoder.table_size_changes), 2
    yield "outbound window", h2.outbound_flow_control_window, 2**31 - 1
    if isinstance(h2, TunedConnection):
        yield "closed streams", len(h2._closed_streams), 2**16 + _h2_closed._MAX_ENDED_STREAMS
        remembered = sum(len(block) for blocks in h2._memo_decoder.blocks for block in blocks)
        yield "remembered header blocks", remembered, _h2_hpack._MAX_BYTES
        yield "remembered values", len(h2._memo_decoder._values), _h2_decoder._MAX_VALUES
        yield "known tuples", len(h2._memo_encoder._same), _h2_encoder._MAX_SAME
    else:
        yield "an incomplete GOAWAY", len(h2._held), whole_frame


def _misplaced(entry: Any) -> int:
    operation_id, stream = entry
    return int(stream.operation_id != operation_id)


def leftovers(connection: Any) -> Iterator[Measure]:
    """What must be gone when the connection is lost and every operation has ended."""
    for name in ("_streams", "_operations", "_blocked", "_touched", "_queued", "_returned", "deliveries"):
        yield name.strip("_"), len(getattr(connection, name, ())), 0
    yield "held", connection._held, 0
