"""Where a channel's service config comes from, and what a bad one means (gRFC A21).

The DNS is asked with each resolution, if the channel wants that. What it has holds; else what the channel argument has.
Until the first answer nobody knows what holds, and RPCs wait. An answer that cannot be used is a failure as long as
there was no other one: the DNS is asked again, as if the target had not been found. Later the last one that could be
used goes on to hold.

An argument that cannot be used is a failure for good.
"""

from __future__ import annotations

import functools
import logging
import random
from typing import TYPE_CHECKING, Callable, Iterable, Optional

from grpc._links._failure import Failure
from grpc._links._policies import POLICIES
from grpc._links._service_config import (
    NO_SERVICE_CONFIG,
    PolicyConfig,
    ServiceConfig,
    ServiceConfigError,
    parse_service_config,
    read_service_config,
)
from grpc._links._service_config_choice import choose

if TYPE_CHECKING:
    from grpc._io import contract
    from grpc._links._section import Section
    from grpc._links._subchannel import Entry
    from grpc._values.connecting import Connecting

_LOGGER = logging.getLogger(__name__)

_draw = functools.partial(random.randrange, 100)


class ConfigSource:
    """See the module. Methods are called inside the channel's section."""

    __slots__ = (
        "_changed",
        "_default",
        "_draw",
        "_lookup",
        "_policy",
        "_section",
        "_unnamed",
        "current",
        "known",
        "refusal",
    )

    def __init__(
        self,
        section: Section,
        connecting: Connecting,
        changed: Callable[[ServiceConfig, Optional[PolicyConfig]], None],
        draw: Callable[[], int] = _draw,
    ) -> None:
        """Begin with what the channel argument says.

        Args:
          section: The channel's.
          connecting: The choices of the channel.
          changed: Called inside the section when another config holds, and with the first answer: with the config, and
            with the load balancing policy if that is another one.
          draw: Gives a random number from 0 to 99.
        """
        self._section = section
        self._lookup = connecting.config_lookup
        self._changed = changed
        self._draw = draw
        # Why the channel can never carry anything; None if it can.
        self.refusal: Optional[Failure] = None
        self._default = NO_SERVICE_CONFIG
        if connecting.service_config is not None:
            try:
                self._default = parse_service_config(connecting.service_config, POLICIES)
            except ServiceConfigError as error:
                self.refusal = Failure(str(error), error, True)
        # What holds, as far as it is known; and whether it is.
        self.current = self._default
        self.known = self._lookup is None
        # The policy where a config names none, and the one that is in force.
        self._unnamed = PolicyConfig(connecting.policy if connecting.policy in POLICIES else "pick_first")
        self._policy = self.current.policy or self._unnamed

    def __repr__(self) -> str:
        return f"<ConfigSource: {self.current if self.known else 'the DNS has not answered yet'}>"

    @property
    def changeable(self) -> bool:
        """Whether another config may come to hold."""
        return self._lookup is not None

    def prescribe(self, entries: Iterable[Entry]) -> None:
        """Have the operations that connections are about to begin keep to what holds now, if that may have changed."""
        if self.changeable:
            for transport, connection in entries:
                with transport.lock:
                    connection.prescribe(self.current)

    def take(self, texts: contract.Texts) -> Optional[Failure]:
        """Take the TXT records of an answer.

        Returns:
          Why the channel cannot be used with this answer; None if it can.
        """
        lookup = self._lookup
        if lookup is None:
            return None
        try:
            chosen = choose(texts, lookup.hostname, self._draw)
            config = self._default if chosen is None else read_service_config(chosen, POLICIES)
        except (ServiceConfigError, RecursionError) as error:  # what was just shallow enough to read is shown, too
            reason = f"the TXT record of {lookup.name!r} cannot be used: {error}"
            if not self.known:
                return Failure(reason, error)
            self._section.later(functools.partial(_LOGGER.warning, "%s; what it said before goes on to hold", reason))
            return None
        if not self.known or config != self.current:
            self.known = True
            self.current = config
            former, self._policy = self._policy, config.policy or self._unnamed
            self._changed(config, None if self._policy == former else self._policy)
        return None
