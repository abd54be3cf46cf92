"""A stream in one object: h2's stream, its state machine and its receive window share one instance.

h2 makes three objects for each stream and calls three initialisers; two thirds of that time are saved when the three
classes share an instance and every attribute that starts as None or 0 is a class attribute. All methods are h2's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from h2.stream import H2Stream, H2StreamStateMachine, StreamClosedBy, StreamState
from h2.windows import WindowManager

if TYPE_CHECKING:
    from h2.config import H2Configuration

__all__ = ["TunedStream", "can_merge"]


class TunedStream(H2Stream, H2StreamStateMachine, WindowManager):  # type: ignore[misc]  # stream_reset: see can_merge
    """An H2Stream that is its own `state_machine` and its own `_inbound_window_manager`."""

    # What H2StreamStateMachine.__init__ sets.
    client: Optional[bool] = None
    headers_sent: Optional[bool] = None
    trailers_sent: Optional[bool] = None
    headers_received: Optional[bool] = None
    trailers_received: Optional[bool] = None
    stream_closed_by: Optional[StreamClosedBy] = None
    # What H2Stream.__init__ sets.
    request_method: Optional[bytes] = None
    _expected_content_length: Optional[int] = None
    _actual_content_length = 0
    _authority: Optional[bytes] = None
    # What WindowManager.__init__ sets.
    _bytes_processed = 0

    def __init__(
        self,
        stream_id: int,
        config: H2Configuration,
        inbound_window_size: int,
        outbound_window_size: int,
        max_outbound_frame_size: int,
    ) -> None:
        self.state = StreamState.IDLE
        self.stream_id = stream_id
        self.config = config
        self.max_window_size = self.current_window_size = inbound_window_size
        self.outbound_flow_control_window = outbound_window_size
        self.max_outbound_frame_size = max_outbound_frame_size

    @property
    def state_machine(self) -> H2StreamStateMachine:  # type: ignore[override]  # an attribute in h2
        """The stream itself."""
        return self

    @property
    def _inbound_window_manager(self) -> WindowManager:  # type: ignore[override]  # an attribute in h2
        return self


def can_merge() -> bool:
    """Tells whether the three classes still fit into one.

    They may share no name, except that h2's table of transitions names `H2StreamStateMachine.stream_reset` by class,
    so that `H2Stream.stream_reset` may hide it. And all that their initialisers set must be known here.
    """
    names = [{name for name in vars(cls) if not name.startswith("__")} for cls in TunedStream.__bases__]
    shared = (names[0] & names[1]) | (names[0] & names[2]) | (names[1] & names[2])
    if shared != {"stream_reset"}:
        return False
    config = object()
    plain = H2Stream(1, config, 1, 1)  # type: ignore[arg-type]  # only kept by it
    wanted = set(vars(plain)) | set(vars(plain.state_machine)) | set(vars(plain._inbound_window_manager))
    ours = set(vars(TunedStream(1, config, 1, 1, 1))) | set(dir(TunedStream))  # type: ignore[arg-type]
    return wanted <= ours
