"""How the outcome of an operation reads as the abortion of an RPC: one table."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Type

from grpc.framework.interfaces.base import base
from grpc.framework.interfaces.face import face


class Reading(NamedTuple):
    """What an outcome is called in Face: the kind of abortion, and the error that says so."""

    kind: face.Abortion.Kind
    error: Type[face.AbortionError]


_Kind = base.Outcome.Kind

# Every kind but COMPLETED, which is no abortion. Face does not tell the two directions of the network apart.
READINGS: Mapping[base.Outcome.Kind, Reading] = {
    _Kind.CANCELLED: Reading(face.Abortion.Kind.CANCELLED, face.CancellationError),
    _Kind.EXPIRED: Reading(face.Abortion.Kind.EXPIRED, face.ExpirationError),
    _Kind.LOCAL_SHUTDOWN: Reading(face.Abortion.Kind.LOCAL_SHUTDOWN, face.LocalShutdownError),
    _Kind.REMOTE_SHUTDOWN: Reading(face.Abortion.Kind.REMOTE_SHUTDOWN, face.RemoteShutdownError),
    _Kind.RECEPTION_FAILURE: Reading(face.Abortion.Kind.NETWORK_FAILURE, face.NetworkError),
    _Kind.TRANSMISSION_FAILURE: Reading(face.Abortion.Kind.NETWORK_FAILURE, face.NetworkError),
    _Kind.LOCAL_FAILURE: Reading(face.Abortion.Kind.LOCAL_FAILURE, face.LocalError),
    _Kind.REMOTE_FAILURE: Reading(face.Abortion.Kind.REMOTE_FAILURE, face.RemoteError),
}
