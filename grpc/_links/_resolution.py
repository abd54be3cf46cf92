"""A target's addresses: asked for when wanted, not too often, and again when the name service gave no answer."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Callable, List, Optional

from grpc._io import contract
from grpc._links._backoff import Backoff
from grpc._links._failure import Failure

if TYPE_CHECKING:
    from grpc._links._section import Section
    from grpc._values.connecting import Connecting, Proxy
    from grpc.framework.foundation.environment import Timer


class Resolution:
    """See the module. Methods without an underscore, and what they call, run inside the channel's section."""

    __slots__ = (
        "_allowed_at",
        "_asking",
        "_attempt",
        "_backoff",
        "_began",
        "_configured",
        "_driver",
        "_failed",
        "_interval",
        "_lookup",
        "_number",
        "_proxy",
        "_resolved",
        "_section",
        "_target",
        "_timer",
    )

    def __init__(
        self,
        section: Section,
        driver: contract.Driver,
        target: str,
        connecting: Connecting,
        resolved: Callable[[List[contract.Address]], None],
        failed: Callable[[Failure], None],
        configured: Callable[[contract.Texts], Optional[Failure]],
    ) -> None:
        """Ask nothing yet.

        Args:
          section: The channel's.
          driver: Resolves, and gives the clock.
          target: What to resolve.
          connecting: The figures.
          resolved: Called inside the section with the addresses, at least one, each time they are known afresh.
          failed: Called inside the section when there are none. Unless that is permanent, the name service is asked
            again after a while.
          configured: Called inside the section with the TXT records of an answer, before its addresses are told; gives
            the reason why the answer cannot be used, which is then `failed`, or None.
        """
        self._section = section
        self._driver = driver
        self._proxy = connecting.proxy
        # With a proxy, the target's name is for the proxy to resolve.
        self._target = target if self._proxy is None else self._proxy.target
        self._interval = connecting.min_resolution_interval
        self._resolved = resolved
        self._failed = failed
        self._configured = configured
        self._lookup = connecting.config_lookup
        self._backoff = Backoff(connecting.initial_backoff, connecting.max_backoff)
        self._began = 0.0
        self._allowed_at: Optional[float] = None
        self._asking = False
        self._timer: Optional[Timer] = None
        # Of the present question: the answer to an earlier one is not for us any more.
        self._number = 0
        self._attempt: Optional[contract.Attempt] = None

    def request(self) -> None:
        """Ask as soon as that is allowed, unless it is being done or planned."""
        if self._asking or self._timer is not None:
            return
        environment = self._driver.environment
        if self._allowed_at is None or environment.time() >= self._allowed_at:
            self._ask()
        else:
            self._timer = environment.call_at(self._allowed_at, self._is_allowed)

    def stop(self) -> None:
        """Give up what is being done or planned."""
        self._number += 1
        self._asking = False
        self._stop_timer()
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            self._section.later(attempt.cancel)

    def _ask(self) -> None:
        self._asking = True
        self._began = self._driver.environment.time()
        self._number += 1
        self._section.later(functools.partial(self._start, self._number))

    def _start(self, number: int) -> None:
        attempt = self._driver.resolve(
            self._target,
            functools.partial(self._answered, number),
            functools.partial(self._unanswered, number),
            self._lookup,
        )
        with self._section:
            given_up = number != self._number
            if not given_up and self._asking:
                self._attempt = attempt
        if given_up:
            attempt.cancel()

    def _answered(self, number: int, answer: contract.Answer) -> None:
        with self._section:
            if number != self._number or not self._asking:
                return
            self._done()
            failure = self._configured(answer.texts)
            if failure is not None:
                self._fail(failure)
                return
            self._backoff.reset()
            self._allowed_at = self._began + self._interval
            addresses = answer.addresses
            self._resolved(addresses if self._proxy is None else _through(self._proxy, addresses))

    def _unanswered(self, number: int, reason: str, cause: Optional[BaseException]) -> None:
        with self._section:
            if number != self._number or not self._asking:
                return
            self._done()
            # A target that makes no sense will make none later either.
            permanent = isinstance(cause, ValueError)
            if self._proxy is not None:
                reason = f"the HTTP proxy: {reason}"
            self._fail(Failure(reason, cause, permanent))

    def _fail(self, failure: Failure) -> None:
        self._allowed_at = self._began + self._backoff.advance()
        if not failure.permanent:
            self._timer = self._driver.environment.call_at(self._allowed_at, self._is_allowed)
        self._failed(failure)

    def _done(self) -> None:
        self._asking = False
        self._attempt = None

    def _is_allowed(self) -> None:
        with self._section:
            if self._timer is not None:
                self._timer = None
                if not self._asking:
                    self._ask()

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()


def _through(proxy: Proxy, addresses: List[contract.Address]) -> List[contract.Address]:
    """The ways to a target by all addresses of its proxy."""
    return [
        address._replace(
            host=destination.host, tunnel=contract.Tunnel(destination.authority, proxy.authorization)
        )
        for destination in proxy.destinations
        for address in addresses
    ]
