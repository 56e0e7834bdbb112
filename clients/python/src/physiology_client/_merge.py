"""Reads several sources at once."""

from __future__ import annotations

import asyncio
from typing import Any, AsyncGenerator, Optional, Sequence, TypeVar

Item = TypeVar("Item")


async def merge(
    sources: Sequence[AsyncGenerator[Optional[Item], None]],
) -> AsyncGenerator[Optional[Item], None]:
    """Yields what the sources yield, in the order of its arrival, and None once all have yielded it.

    :raises Exception: the error that ends a source, which ends all of them
    """
    queue: asyncio.Queue[Any] = asyncio.Queue(1)
    started = 0
    tasks = [asyncio.ensure_future(_pass_on(source, queue)) for source in sources]
    try:
        while True:
            item, error = await queue.get()
            if error:
                raise error
            started += item is None
            if item is not None or started == len(sources):
                yield item
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=1)


async def _pass_on(source: AsyncGenerator[Any, None], queue: asyncio.Queue[Any]) -> None:
    try:
        async for item in source:
            await queue.put((item, None))
    except Exception as error:  # The reader raises it.
        await queue.put((None, error))
    finally:
        await source.aclose()
