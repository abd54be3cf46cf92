"""What a channel's target and arguments come to: an End over HTTP/2, on whichever driver."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Callable, Optional, Tuple, TypeVar

from grpc._io import contract, proxies
from grpc._io.addresses import default_authority
from grpc._links import invocation
from grpc._values import channel_arguments
from grpc.framework.core import implementations as core
from grpc.framework.interfaces.links import utilities

if TYPE_CHECKING:
    from grpc._assembly.client import Options
    from grpc._values.compression import Compression
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
      TypeError, ValueError: A channel argument is wrong, see `channel_arguments.parse` and `proxies.choose`.
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
        limits = limits._replace(compression=int(compression))
    headers = invocation.RequestHeaders(
        "http" if security is None else "https", authority, " ".join(filter(None, agents))
    )
    proxied = bool(settings.number("grpc.enable_http_proxy"))
    connecting = settings.connecting._replace(
        proxy=proxies.choose(target, settings.text("grpc.http_proxy"), proxied, os.environ)
    )
    driver = make_driver()
    link = invocation.InvocationLink(driver, target, headers, limits, connecting, security, settings.keepalive)
    end = core.invocation_end_link(driver.environment)
    utilities.join(end, link)
    end.start()
    return end, link, driver, authority
