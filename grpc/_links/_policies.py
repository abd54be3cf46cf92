"""The load balancing policies that there are, by their names."""

from __future__ import annotations

import logging
import random
from typing import TYPE_CHECKING, Callable, Dict, Optional

from grpc._links._pick_first import PickFirst
from grpc._links._round_robin import RoundRobin
from grpc._links._service_config import PolicyConfig

if TYPE_CHECKING:
    from grpc._links._policy import Policy
    from grpc._links._section import Section
    from grpc.framework.foundation.environment import Environment

_LOGGER = logging.getLogger(__name__)


def _pick_first(section: Section, environment: Environment, config: PolicyConfig) -> Policy:
    return PickFirst(section, environment, shuffle=random.shuffle if config.shuffle else None)


def _round_robin(section: Section, environment: Environment, config: PolicyConfig) -> Policy:
    return RoundRobin()


POLICIES: Dict[str, Callable[[Section, Environment, PolicyConfig], Policy]] = {
    "pick_first": _pick_first,
    "round_robin": _round_robin,
}
"""What makes the policies, by the names that service configs and channel arguments use."""


def make_policy(section: Section, environment: Environment, config: Optional[PolicyConfig], default: str) -> Policy:
    """Make the policy of a channel.

    Args:
      section: The channel's.
      environment: The clock.
      config: What the service config says; its name is one of `POLICIES`. None if it says nothing.
      default: The name of the policy that is taken then. One that nobody knows is logged, and pick_first taken.
    """
    if config is None:
        config = PolicyConfig(default)
        if default not in POLICIES:
            _LOGGER.warning("There is no load balancing policy %r; pick_first takes its place", default)
            config = PolicyConfig("pick_first")
    return POLICIES[config.name](section, environment, config)
