"""What TLS asks of a transport; a module of its own so that nobody who does without TLS has to import it.

The standard library's `ssl` and what it brings take longer to import than all of the driver.
"""

from __future__ import annotations

import abc
from typing import Optional

from grpc._io import contract


def prepare() -> None:
    """Import what TLS needs, in the thread of whoever asks for TLS.

    Not in a driver's thread, when it first connects: a process that forked just then would find the import half done
    and nobody to finish it.
    """
    from grpc._io import securing, tls, tls_contexts  # noqa: F401


class SecurableTransport(contract.Transport):
    """A transport that can begin with a handshake."""

    __slots__ = ()

    @abc.abstractmethod
    def set_auth_context(self, auth_context: contract.AuthContext) -> None:
        """Take what is known of the peer."""
        raise NotImplementedError()

    @abc.abstractmethod
    def exchange(self, connection: contract.Connection, data: Optional[bytes] = b"") -> None:
        """Go on with another connection; called from inside `deliver` of the former one.

        If the transport was closed in the meantime, the new one hears of the loss.

        Args:
          connection: The new one.
          data: What it receives first. By default an empty piece: something for it may be where it looks by itself.
            None if there is nothing at all.
        """
        raise NotImplementedError()
