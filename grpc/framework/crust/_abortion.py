"""How the outcome of an operation reads as the abortion of an RPC: one table."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Type

from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.face import face


class Reading(NamedTuple):
    """What an outcome is called in Face, and what becomes of responses that wait to be fetched.

    Attributes:
      kind: The kind of abortion.
      error: The error that says so.
      keeps: Whether responses that had arrived are still handed over. They are if the other side, or the way to it,
        brought about the end: then they came before it. If this side did, nobody wants them any more.
    """

    kind: face.Abortion.Kind
    error: Type[face.AbortionError]
    keeps: bool


_Kind = base.Outcome.Kind

# Every kind but COMPLETED, which is no abortion. Face does not tell the two directions of the network apart.
READINGS: Mapping[base.Outcome.Kind, Reading] = {
    _Kind.CANCELLED: Reading(face.Abortion.Kind.CANCELLED, face.CancellationError, False),
    _Kind.EXPIRED: Reading(face.Abortion.Kind.EXPIRED, face.ExpirationError, False),
    _Kind.LOCAL_SHUTDOWN: Reading(face.Abortion.Kind.LOCAL_SHUTDOWN, face.LocalShutdownError, False),
    _Kind.REMOTE_SHUTDOWN: Reading(face.Abortion.Kind.REMOTE_SHUTDOWN, face.RemoteShutdownError, True),
    _Kind.RECEPTION_FAILURE: Reading(face.Abortion.Kind.NETWORK_FAILURE, face.NetworkError, True),
    _Kind.TRANSMISSION_FAILURE: Reading(face.Abortion.Kind.NETWORK_FAILURE, face.NetworkError, True),
    _Kind.LOCAL_FAILURE: Reading(face.Abortion.Kind.LOCAL_FAILURE, face.LocalError, False),
    _Kind.REMOTE_FAILURE: Reading(face.Abortion.Kind.REMOTE_FAILURE, face.RemoteError, True),
}

# A service that completes without the one response it owes has failed, whatever code it gives for that.
NO_RESPONSE = READINGS[_Kind.REMOTE_FAILURE]


def keeps_responses(reading: Reading, outcome: base.Outcome) -> bool:
    """Whether responses that had arrived before an abortion are still handed over.

    An end with a code was the other side's doing whatever its kind, because codes are only ever received.
    """
    return reading.keeps or outcome.code is not None
