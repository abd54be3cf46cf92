"""The service config: what a service's owner prescribes to its clients, read from JSON.

    {"loadBalancingConfig": [{"round_robin": {}}],
     "methodConfig": [{"name": [{"service": "pkg.Svc", "method": "Do"}], "waitForReady": true, "timeout": "1.5s"}],
     "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1}}

Names that are not known are passed over, as the config may be meant for newer clients too; a known name with a value
that makes no sense makes the whole config invalid.
"""

from __future__ import annotations

import json
import re
from typing import Any, Callable, Collection, Dict, FrozenSet, List, NamedTuple, Optional, Tuple

from grpc._values import status

# More attempts than this are not made, whatever the config says (A6).
_MOST_ATTEMPTS = 5

_DURATION = re.compile(r"(\d{1,12}(?:\.\d{0,9})?)s")
_CODES = {code.name: code.value[0] for code in status.StatusCode}


class ServiceConfigError(ValueError):
    """A service config cannot be used; the text says which part of it and why."""

    def __init__(self, place: str, complaint: str) -> None:
        """Complain.

        Args:
          place: The part, such as `methodConfig[0].timeout`.
          complaint: What it must be, and what it is instead.
        """
        super().__init__(f"service config: {place} {complaint}" if place else f"service config {complaint}")
        self.place = place


class PolicyConfig(NamedTuple):
    """Which load balancing policy is to be taken, and what is prescribed for it.

    Attributes:
      name: Its name.
      shuffle: For pick_first: whether its addresses are put in a random order each time they come (A62), so that not
        all clients take the same one.
    """

    name: str
    shuffle: bool = False


class RetryPolicy(NamedTuple):
    """When and how often an RPC that failed is tried again (A6).

    Attributes:
      max_attempts: The first one included; 2 to 5.
      initial_backoff: Seconds before the second attempt, up to a fifth less or more at random.
      max_backoff: The most seconds between two attempts.
      backoff_multiplier: By what the seconds grow from attempt to attempt.
      retryable_codes: Numbers of the status codes that make it worth while.
    """

    max_attempts: int
    initial_backoff: float
    max_backoff: float
    backoff_multiplier: float
    retryable_codes: FrozenSet[int]


class RetryThrottling(NamedTuple):
    """When a server has failed so often that nothing is tried again (A6).

    Attributes:
      max_tokens: How many there are at first, and at the most; there are no retries with half of them or fewer.
      token_ratio: How many an RPC that succeeds brings; one that fails costs one.
    """

    max_tokens: float
    token_ratio: float


class MethodConfig(NamedTuple):
    """What is prescribed for a method; None where nothing is.

    Attributes:
      wait_for_ready: Whether an RPC waits while the channel cannot connect, unless its caller says.
      timeout: Seconds that an RPC may take; its caller may only allow less.
      max_request_bytes: The longest request.
      max_response_bytes: The longest response.
      retry: When to try again.
    """

    wait_for_ready: Optional[bool] = None
    timeout: Optional[float] = None
    max_request_bytes: Optional[int] = None
    max_response_bytes: Optional[int] = None
    retry: Optional[RetryPolicy] = None


NO_METHOD_CONFIG = MethodConfig()


class ServiceConfig(NamedTuple):
    """A whole config.

    Attributes:
      policy: The first of the load balancing policies named that is known; None if none is named.
      methods: By (service, method): a method's own config; with None for the method a service's, with None for both
        everybody's.
      throttling: When to stop trying again; None for never.
      health_service: The service whose health is asked about at each server; None for none.
    """

    policy: Optional[PolicyConfig] = None
    methods: Dict[Tuple[Optional[str], Optional[str]], MethodConfig] = {}  # noqa: RUF012  # nobody changes it
    throttling: Optional[RetryThrottling] = None
    health_service: Optional[str] = None

    def method(self, group: Optional[str], method: Optional[str]) -> MethodConfig:
        """What is prescribed for a method: its own config, else its service's, else everybody's."""
        for name in ((group, method), (group, None), (None, None)):
            found = self.methods.get(name)
            if found is not None:
                return found
        return NO_METHOD_CONFIG

    @property
    def bounds_messages(self) -> bool:
        """Whether it says of any method how long its messages may be."""
        return any(
            method.max_request_bytes is not None or method.max_response_bytes is not None
            for method in self.methods.values()
        )


NO_SERVICE_CONFIG = ServiceConfig()


def parse_service_config(text: str, policies: Collection[str]) -> ServiceConfig:
    """Read a service config.

    Args:
      text: JSON.
      policies: The names of the load balancing policies that there are.

    Raises:
      ServiceConfigError: It is not valid.
    """
    try:
        return read_service_config(_loaded(text), policies)
    except RecursionError as error:  # in reading it, or in showing what is wrong with it
        raise ServiceConfigError("", "is nested too deeply") from error


def _loaded(text: str) -> Dict[str, Any]:
    try:
        root = json.loads(text)
    except ValueError as error:
        raise ServiceConfigError("", f"is not JSON: {error}") from error
    if not isinstance(root, dict):
        raise ServiceConfigError("", f"must be a JSON object, not {show(root)}")
    return root


def read_service_config(root: Dict[str, Any], policies: Collection[str]) -> ServiceConfig:
    """Read a service config that has been read as JSON; see `parse_service_config`."""
    return ServiceConfig(
        _policy(root, policies),
        _methods(root.get("methodConfig")),
        _optional(root, "retryThrottling", "", _throttling),
        _optional(root, "healthCheckConfig", "", _health_service),
    )


# ------------------------------------------------------------ the parts


def _policy(root: Dict[str, Any], policies: Collection[str]) -> Optional[PolicyConfig]:
    place = "loadBalancingConfig"
    configs = root.get(place)
    names = []
    if configs is not None:
        # Of those that nobody here knows the shape is looked at, and nothing of those after the one that is taken.
        for index, config in enumerate(_list(configs, place)):
            name, value = _named(config, f"{place}[{index}]")
            if name in policies:
                return _policy_config(name, value, f"{place}[{index}].{name}")
            names.append(name)
    else:
        place = "loadBalancingPolicy"
        if root.get(place) is None:
            return None
        names = [_string(root[place], place).lower()]
        if names[0] in policies:
            return PolicyConfig(names[0])
    raise ServiceConfigError(place, f"names no policy that is known here: {', '.join(names) or 'none at all'}")


def _named(config: Any, place: str) -> Tuple[str, Dict[str, Any]]:
    """One policy of a list: its name, and what is prescribed for it."""
    if len(_object(config, place)) != 1:
        raise ServiceConfigError(place, f"must have one key, the policy's name, not {show(config)}")
    [(name, value)] = config.items()
    return name, _object(value, f"{place}.{name}")


def _policy_config(name: str, fields: Dict[str, Any], place: str) -> PolicyConfig:
    shuffle = name == "pick_first" and _optional(fields, "shuffleAddressList", place, _boolean)
    return PolicyConfig(name, bool(shuffle))


def _methods(configs: Any) -> Dict[Tuple[Optional[str], Optional[str]], MethodConfig]:
    found: Dict[Tuple[Optional[str], Optional[str]], MethodConfig] = {}
    for index, config in enumerate(_list(configs, "methodConfig") if configs is not None else ()):
        place = f"methodConfig[{index}]"
        value = _method(_object(config, place), place)
        names = config.get("name")
        for number, name in enumerate(_list(names, f"{place}.name") if names is not None else ()):
            key = _name(name, f"{place}.name[{number}]")
            if key in found:
                raise ServiceConfigError(f"{place}.name[{number}]", f"is there before: {show(name)}")
            found[key] = value
    return found


def _name(name: Any, place: str) -> Tuple[Optional[str], Optional[str]]:
    fields = _object(name, place)
    # An empty string means the same as no string at all.
    service = _optional(fields, "service", place, _string) or None
    method = _optional(fields, "method", place, _string) or None
    if service is None and method is not None:
        raise ServiceConfigError(place, f"names a method without its service: {show(name)}")
    return service, method


def _method(config: Dict[str, Any], place: str) -> MethodConfig:
    if config.get("retryPolicy") is not None and config.get("hedgingPolicy") is not None:
        raise ServiceConfigError(place, "has both a retryPolicy and a hedgingPolicy: one excludes the other")
    return MethodConfig(
        _optional(config, "waitForReady", place, _boolean),
        _optional(config, "timeout", place, _duration),
        _optional(config, "maxRequestMessageBytes", place, _size),
        _optional(config, "maxResponseMessageBytes", place, _size),
        _optional(config, "retryPolicy", place, _retry),
    )


def _retry(value: Any, place: str) -> RetryPolicy:
    fields = _object(value, place)
    attempts = _required(fields, "maxAttempts", place, _number)
    if attempts < 2 or attempts != int(attempts):
        raise ServiceConfigError(f"{place}.maxAttempts", f"must be a whole number of at least 2, not {show(attempts)}")
    return RetryPolicy(
        min(int(attempts), _MOST_ATTEMPTS),
        _required(fields, "initialBackoff", place, _positive_duration),
        _required(fields, "maxBackoff", place, _positive_duration),
        _required(fields, "backoffMultiplier", place, _positive),
        _required(fields, "retryableStatusCodes", place, _codes),
    )


def _codes(value: Any, place: str) -> FrozenSet[int]:
    codes = set()
    for code in _list(value, place):
        number = _CODES.get(code.upper()) if isinstance(code, str) else code
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= 16:
            raise ServiceConfigError(place, f"must be status codes, by number or by name, not {show(code)}")
        codes.add(number)
    if not codes:
        raise ServiceConfigError(place, "must not be empty")
    return frozenset(codes)


def _throttling(value: Any, place: str) -> RetryThrottling:
    fields = _object(value, place)
    tokens = _required(fields, "maxTokens", place, _positive)
    if tokens > 1000:
        raise ServiceConfigError(f"{place}.maxTokens", f"must be 1000 at the most, not {show(fields['maxTokens'])}")
    return RetryThrottling(tokens, round(_required(fields, "tokenRatio", place, _positive), 3))


def _health_service(value: Any, place: str) -> Optional[str]:
    name: Optional[str] = _optional(_object(value, place), "serviceName", place, _string)
    if name is not None:
        try:
            name.encode()
        except UnicodeEncodeError as error:
            # JSON may escape halves of surrogate pairs, which no protocol buffer can hold.
            raise ServiceConfigError(f"{place}.serviceName", f"must be Unicode text, not {show(name)}") from error
    return name


# ------------------------------------------------------------ JSON values

_Reader = Callable[[Any, str], Any]


def _optional(fields: Dict[str, Any], name: str, place: str, reader: _Reader) -> Any:
    value = fields.get(name)
    return None if value is None else reader(value, f"{place}.{name}" if place else name)


def _required(fields: Dict[str, Any], name: str, place: str, reader: _Reader) -> Any:
    if fields.get(name) is None:
        raise ServiceConfigError(f"{place}.{name}", "is missing")
    return _optional(fields, name, place, reader)


def _object(value: Any, place: str) -> Dict[str, Any]:
    if not isinstance(value, dict):
        raise ServiceConfigError(place, f"must be an object, not {show(value)}")
    return value


def _list(value: Any, place: str) -> List[Any]:
    if not isinstance(value, list):
        raise ServiceConfigError(place, f"must be an array, not {show(value)}")
    return value


def _string(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise ServiceConfigError(place, f"must be a string, not {show(value)}")
    return value


def _boolean(value: Any, place: str) -> bool:
    if not isinstance(value, bool):
        raise ServiceConfigError(place, f"must be true or false, not {show(value)}")
    return value


def _number(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e18:
        raise ServiceConfigError(place, f"must be a number, not {show(value)}")
    return value


def _positive(value: Any, place: str) -> float:
    if _number(value, place) <= 0:
        raise ServiceConfigError(place, f"must be more than 0, not {show(value)}")
    return float(value)


def _size(value: Any, place: str) -> int:
    # JSON made from protocol buffers writes such numbers as strings.
    if isinstance(value, str) and value.isdecimal() and len(value) < 20:
        return int(value)
    if _number(value, place) < 0 or value != int(value):
        raise ServiceConfigError(place, f"must be a number of bytes, not {show(value)}")
    return int(value)


def _duration(value: Any, place: str) -> float:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ServiceConfigError(place, f"must be a duration such as '1.5s', not {show(value)}")
    return float(match.group(1))


def _positive_duration(value: Any, place: str) -> float:
    seconds = _duration(value, place)
    if seconds <= 0:
        raise ServiceConfigError(place, f"must be more than 0, not {show(value)}")
    return seconds


def show(value: Any) -> str:
    """A value as JSON, for a complaint; shortened if it is long."""
    text = json.dumps(value, default=repr)
    return text if len(text) <= 60 else text[:57] + "..."
