"""Which of the service configs that the DNS lists is for this client (gRFC A2).

A TXT record `grpc_config=[...]` holds a list of choices in JSON:

    [{"clientLanguage": ["python"], "percentage": 10, "serviceConfig": {...}},
     {"clientHostname": ["canary-1"], "serviceConfig": {...}},
     {"serviceConfig": {...}}]

The first choice is taken whose every filter lets this client through; what is left out of it lets everybody through. So
a config can be tried out on few clients before it holds for all.
"""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

from grpc._links._service_config import ServiceConfigError, show

_PREFIX = b"grpc_config="
_LIST = "grpc_config"
_LANGUAGE = "python"


class _Choice(NamedTuple):
    """One of a list; what is None or empty lets everybody through."""

    languages: Sequence[str]
    percentage: Optional[int]
    hostnames: Sequence[str]
    config: Dict[str, Any]

    def fits(self, hostname: str, draw: Callable[[], int]) -> bool:
        if self.languages and _LANGUAGE not in [language.lower() for language in self.languages]:
            return False
        if self.hostnames and hostname not in self.hostnames:
            return False
        return self.percentage is None or draw() < self.percentage


def choose(texts: Sequence[Sequence[bytes]], hostname: str, draw: Callable[[], int]) -> Optional[Dict[str, Any]]:
    """Find the service config that is for this client.

    Args:
      texts: TXT records, each a row of character-strings. Those that do not begin with `grpc_config=` are for others.
      hostname: What this machine is called.
      draw: Gives a random number from 0 to 99, for each choice that is for some clients only.

    Returns:
      The config as JSON objects, not looked into; None if there is none for this client.

    Raises:
      ServiceConfigError: A list is not what it must be. Every choice is looked at, so that whether there is an error
        does not depend on who asks.
    """
    records = [b"".join(strings) for strings in texts]
    choices = [choice for record in records if record.startswith(_PREFIX) for choice in _read(record[len(_PREFIX) :])]
    for choice in choices:
        if choice.fits(hostname, draw):
            return choice.config
    return None


def _read(data: bytes) -> List[_Choice]:
    try:
        listed = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        raise ServiceConfigError(_LIST, f"is not JSON: {error}") from error
    if not isinstance(listed, list):
        raise ServiceConfigError(_LIST, f"must be an array, not {show(listed)}")
    return [_choice(fields, f"{_LIST}[{index}]") for index, fields in enumerate(listed)]


def _choice(fields: Any, place: str) -> _Choice:
    if not isinstance(fields, dict):
        raise ServiceConfigError(place, f"must be an object, not {show(fields)}")
    config = fields.get("serviceConfig")
    if not isinstance(config, dict):
        raise ServiceConfigError(f"{place}.serviceConfig", f"must be an object, not {show(config)}")
    percentage = fields.get("percentage")
    if percentage is not None and (type(percentage) is not int or not 0 <= percentage <= 100):
        raise ServiceConfigError(
            f"{place}.percentage", f"must be a whole number from 0 to 100, not {show(percentage)}"
        )
    return _Choice(
        _strings(fields.get("clientLanguage"), f"{place}.clientLanguage"),
        percentage,
        _strings(fields.get("clientHostname"), f"{place}.clientHostname"),
        config,
    )


def _strings(value: Any, place: str) -> List[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ServiceConfigError(place, f"must be an array of strings, not {show(value)}")
    return value
