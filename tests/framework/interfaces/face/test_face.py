"""What the Face contract brings along itself: abortions, their errors, and room for slots."""

from __future__ import annotations

import abc
import copy
import inspect
import pickle
from typing import Any, Callable, Type

import pytest

from grpc.framework.interfaces.face import face
from grpc.framework.interfaces.face.face import Abortion

ERRORS = {
    face.CancellationError: Abortion.Kind.CANCELLED,
    face.ExpirationError: Abortion.Kind.EXPIRED,
    face.LocalShutdownError: Abortion.Kind.LOCAL_SHUTDOWN,
    face.RemoteShutdownError: Abortion.Kind.REMOTE_SHUTDOWN,
    face.NetworkError: Abortion.Kind.NETWORK_FAILURE,
    face.LocalError: Abortion.Kind.LOCAL_FAILURE,
    face.RemoteError: Abortion.Kind.REMOTE_FAILURE,
}
CLONES = [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))]


class TestAbortion:
    def test_takes_the_documented_fields_in_the_documented_order(self) -> None:
        assert Abortion._fields == ("kind", "initial_metadata", "terminal_metadata", "code", "details")

    @pytest.mark.parametrize("clone", CLONES)
    def test_survives_copying_and_pickling(self, clone: Callable[[Any], Any]) -> None:
        abortion = Abortion(Abortion.Kind.EXPIRED, (("i", "1"),), (("t", "2"),), 4, "late")
        assert clone(abortion) == abortion
        assert type(clone(abortion)) is Abortion

    def test_has_no_room_for_other_attributes(self) -> None:
        abortion = Abortion(Abortion.Kind.EXPIRED, None, None, None, None)
        assert not hasattr(abortion, "__dict__")

    def test_kinds_have_the_published_values(self) -> None:
        assert {member.name: member.value for member in Abortion.Kind} == {
            "CANCELLED": "cancelled",
            "EXPIRED": "expired",
            "LOCAL_SHUTDOWN": "local shutdown",
            "REMOTE_SHUTDOWN": "remote shutdown",
            "NETWORK_FAILURE": "network failure",
            "LOCAL_FAILURE": "local failure",
            "REMOTE_FAILURE": "remote failure",
        }


class TestAbortionErrors:
    def test_and_kinds_of_abortion_correspond_one_to_one(self) -> None:
        assert {error: error.kind for error in face.AbortionError.__subclasses__()} == ERRORS
        assert set(ERRORS.values()) == set(Abortion.Kind)

    def test_the_common_class_stands_for_no_kind(self) -> None:
        assert face.AbortionError.kind is None

    @pytest.mark.parametrize("error_class", [face.AbortionError, *ERRORS])
    def test_keep_four_fields(self, error_class: Type[face.AbortionError]) -> None:
        error = error_class("initial", "terminal", 3, "words")
        assert (error.initial_metadata, error.terminal_metadata, error.code, error.details) == (
            "initial",
            "terminal",
            3,
            "words",
        )

    @pytest.mark.parametrize("clone", CLONES)
    @pytest.mark.parametrize("error_class", [face.AbortionError, *ERRORS])
    def test_survive_copying_and_pickling(
        self, error_class: Type[face.AbortionError], clone: Callable[[Any], Any]
    ) -> None:
        error = clone(error_class("initial", "terminal", 3, "words"))
        assert type(error) is error_class
        assert vars(error) == {
            "initial_metadata": "initial",
            "terminal_metadata": "terminal",
            "code": 3,
            "details": "words",
        }

    @pytest.mark.parametrize(
        ("error", "text"),
        [
            (face.AbortionError(None, None, 2, "odd"), "RPC aborted: code 2, details 'odd'"),
            (face.CancellationError(None, None, 1, ""), "RPC aborted (cancelled): code 1, details ''"),
            (face.ExpirationError(None, None, 4, "late"), "RPC aborted (expired): code 4, details 'late'"),
            (face.LocalShutdownError(None, None, None, None), "RPC aborted (local shutdown): code None, details None"),
            (face.RemoteShutdownError(None, None, 14, "bye"), "RPC aborted (remote shutdown): code 14, details 'bye'"),
            (face.NetworkError(None, None, 14, "gone"), "RPC aborted (network failure): code 14, details 'gone'"),
            (face.LocalError(None, None, 13, "our bug"), "RPC aborted (local failure): code 13, details 'our bug'"),
            (face.RemoteError(None, None, 2, "theirs"), "RPC aborted (remote failure): code 2, details 'theirs'"),
        ],
    )
    def test_say_kind_code_and_details(self, error: face.AbortionError, text: str) -> None:
        assert str(error) == text


class TestNoSuchMethodError:
    def test_offers_the_method_under_both_of_its_names(self) -> None:
        error = face.NoSuchMethodError("pkg.Service", "Do")
        assert (error.group, error.method, error.name) == ("pkg.Service", "Do", "Do")

    def test_names_group_and_method(self) -> None:
        assert str(face.NoSuchMethodError("pkg.Service", "Do")) == "no method 'Do' in group 'pkg.Service'"

    @pytest.mark.parametrize("clone", CLONES)
    def test_survives_copying_and_pickling(self, clone: Callable[[Any], Any]) -> None:
        error = clone(face.NoSuchMethodError("pkg.Service", "Do"))
        assert type(error) is face.NoSuchMethodError
        assert (error.group, error.name) == ("pkg.Service", "Do")


class TestMethodImplementation:
    def test_has_none_for_all_that_a_subclass_does_not_set(self) -> None:
        class Partial(face.MethodImplementation):
            def __init__(self) -> None:
                self.unary_unary_inline = lambda request, context: request

        partial = Partial()
        assert partial.unary_unary_inline is not None
        assert {name for name in face.MethodImplementation.__annotations__ if getattr(partial, name) is not None} == {
            "unary_unary_inline"
        }


INTERFACES = [value for name, value in vars(face).items() if name in face.__all__ and not issubclass(value, Exception)]


class TestInterfaces:
    @pytest.mark.parametrize("interface", [value for value in INTERFACES if value is not Abortion])
    def test_leave_implementations_free_to_have_slots(self, interface: Any) -> None:
        namespace = dict.fromkeys(getattr(interface, "__abstractmethods__", ()))
        slotted = type(interface)("Slotted", (interface,), {"__slots__": (), **namespace})
        assert not hasattr(slotted(), "__dict__")

    @pytest.mark.parametrize("interface", [value for value in INTERFACES if isinstance(value, abc.ABCMeta)])
    def test_demand_every_method_that_they_describe(self, interface: Any) -> None:
        described = {name for name, value in inspect.getmembers(interface, inspect.isfunction) if value.__doc__}
        assert described == interface.__abstractmethods__

    @pytest.mark.parametrize("view", [face.Call, face.ServicerContext])
    def test_either_side_sees_what_all_sides_see(self, view: Any) -> None:
        assert face.RpcContext.__abstractmethods__ < view.__abstractmethods__

    def test_the_dynamic_stub_offers_no_method_that_could_hide_an_rpc(self) -> None:
        assert [name for name in vars(face.DynamicStub) if not name.startswith("__")] == []

    def test_every_invocation_takes_its_optional_arguments_in_the_same_order(self) -> None:
        callables = [
            face.UnaryUnaryMultiCallable,
            face.UnaryStreamMultiCallable,
            face.StreamUnaryMultiCallable,
            face.StreamStreamMultiCallable,
        ]
        for interface in [face.GenericStub, *callables]:
            for name in interface.__abstractmethods__:
                parameters = list(inspect.signature(getattr(interface, name)).parameters)
                if "timeout" in parameters:
                    rest = [p for p in parameters[parameters.index("timeout") :] if p != "with_call"]
                    assert rest == ["timeout", "metadata", "protocol_options"], f"{interface.__name__}.{name}"
