"""The tests' own ground: one set of database connections a thread."""

from __future__ import annotations

import asyncio

from django.db import connections


def test_a_thread_has_the_same_connection_with_a_loop_and_without():
    async def within() -> object:
        return connections["default"]

    assert asyncio.run(within()) is connections["default"]
