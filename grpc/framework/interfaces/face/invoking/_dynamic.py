"""The dynamic stub: the methods of one group as attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Mapping

from grpc.framework.interfaces.face import face
from grpc.framework.interfaces.face.invoking import _callables

if TYPE_CHECKING:
    from grpc.framework.common.cardinality import Cardinality
    from grpc.framework.interfaces.face.invoking._invoker import Invoker


class DynamicStub(face.DynamicStub):
    """See `face.DynamicStub`. Its own attributes are mangled, so that any name is left to methods."""

    __slots__ = ("__group", "__methods")

    def __init__(self, invoker: Invoker, group: str, cardinalities: Mapping[str, Cardinality]) -> None:
        self.__group = group
        self.__methods = {
            name: _multi_callable(cardinality, invoker, group, name) for name, cardinality in cardinalities.items()
        }

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_DynamicStub__"):  # not made yet, as copying makes objects: there is nothing to look in
            raise AttributeError(name)
        try:
            return self.__methods[name]
        except KeyError:
            known = ", ".join(sorted(self.__methods)) or "none"
            raise AttributeError(f"no method {name!r} of {self.__group!r} in this stub; it knows: {known}") from None

    def __dir__(self) -> List[str]:
        return sorted({*super().__dir__(), *self.__methods})

    def __repr__(self) -> str:
        return f"<DynamicStub of {self.__group}: {', '.join(sorted(self.__methods)) or 'no methods'}>"


def _multi_callable(cardinality: Cardinality, invoker: Invoker, group: str, name: str) -> Any:
    if cardinality not in _callables.OF_CARDINALITY:
        raise ValueError(f"method {name!r} of group {group!r}: {cardinality!r} is not a Cardinality")
    return _callables.OF_CARDINALITY[cardinality](invoker, group, name)
