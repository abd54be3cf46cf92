"""Errors of asyncio and the operating system, in words."""

from __future__ import annotations

from typing import Optional


def what_happened(error: Optional[BaseException]) -> str:
    """An error in words, for people who know the address but not the code."""
    if error is None:
        return "the connection was closed"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
