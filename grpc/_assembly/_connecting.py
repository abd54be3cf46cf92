"""What a channel's target and arguments come to: an End over HTTP/2, on whichever driver."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Callable, Optional, Tuple, TypeVar

from grpc._io import contract, proxies, securable, text_records
from grpc._io.addresses import default_authority
from grpc._links import invocation
from grpc._values import channel_arguments
from grpc._values import compression as _compression
from grpc._values.argument_table import INT_MAX
from grpc.framework.core import implementations as core
from grpc.framework.interfaces.links import utilities

if TYPE_CHECKING:
    from grpc._assembly.client import Options
    from grpc._values.channel_arguments import Settings
    from grpc._values.compression import Compression
    from grpc._values.connecting import ConfigLookup, Proxy
    from grpc._values.security import ClientSecurity
    from grpc.framework.core._end import End

D = TypeVar("D", bound=contract.Driver)


def over_http2(
    make_driver: Callable[[], D],
    target: str,
    user_agent: str,
    options: Options,
    compression: Optional[Compression],
    security: Optional[ClientSecurity],
) -> Tuple[End, invocation.InvocationLink, D, str]:
    """An invocation End over TCP or a Unix socket. Nothing is connected until the first operation.

    This is where the environment is looked at for proxies, and so it is looked at once for each channel.

    Args:
      make_driver: Makes a driver for the channel; called when nothing can fail any more.
      target: Where to connect to; see `grpc._io.addresses`.
      user_agent: Of the requests.
      options: Channel arguments.
      compression: How to compress requests; None for what the channel arguments say.
      security: How to speak TLS; None for plaintext.

    Returns:
      The End, its link and its driver, and the `:authority` of requests that name none.

    Raises:
      TypeError, ValueError: A channel argument is wrong, see `channel_arguments.parse`, `proxies.choose` and
        `text_records.config_lookup`.
    """
    settings = channel_arguments.parse(options, channel_arguments.CLIENT)
    authority = settings.text("grpc.default_authority")
    if security is not None:
        override = settings.text("grpc.ssl_target_name_override")
        if override is not None:
            security = security._replace(server_name=override)
            authority = authority or override
    authority = authority or default_authority(target)
    agents = (settings.text("grpc.primary_user_agent"), user_agent, settings.text("grpc.secondary_user_agent"))
    limits = settings.limits
    if compression is not None:
        limits = limits._replace(compression=_compression.number(compression))
    scheme = settings.text("grpc.http2_scheme") or ("http" if security is None else "https")
    headers = invocation.RequestHeaders(scheme, authority, " ".join(filter(None, agents)), limits.accepted_compression)
    proxied = bool(settings.number("grpc.enable_http_proxy"))
    proxy = proxies.choose(target, settings.text("grpc.http_proxy"), proxied, os.environ)
    connecting = settings.connecting._replace(proxy=proxy, config_lookup=_config_lookup(settings, target, proxy))
    if security is not None:
        securable.prepare()
    driver = make_driver()
    link = invocation.InvocationLink(driver, target, headers, limits, connecting, security, settings.keepalive)
    end = core.invocation_end_link(driver.environment)
    utilities.join(end, link)
    end.start()
    return end, link, driver, authority


def _config_lookup(settings: Settings, target: str, proxy: Optional[Proxy]) -> Optional[ConfigLookup]:
    """How to ask the DNS for the service config; None if it is not to be asked."""
    # With a proxy, the target's name is for the proxy to resolve.
    if settings.number("grpc.service_config_disable_resolution") or proxy is not None:
        return None
    limit_ms = settings.number("grpc.dns_ares_query_timeout")
    return text_records.config_lookup(target, math.inf if limit_ms in (0, INT_MAX) else limit_ms / 1000)
