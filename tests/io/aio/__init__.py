"""Tests of the asyncio driver."""
