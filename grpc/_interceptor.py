"""What blocking interceptors handle, by the private names that grpcio gives it, for those that use them.

grpcio has no public class of details that one could make: its documentation tells everybody to derive one. Some
packages take its private one instead, which is this.
"""

from __future__ import annotations

from grpc._modern import _ended, _intercepted

# A tuple of method, timeout, metadata, credentials, wait_for_ready and compression.
_ClientCallDetails = _intercepted._Details

# What a continuation returns for a blocking call that ended well.
_UnaryOutcome = _ended.Outcome
