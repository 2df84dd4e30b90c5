"""Items one by one in, all that are there at once out: under load the work per item shrinks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

T = TypeVar("T")

_MOST = 100
_END = object()


async def batches(items: AsyncIterator[T]) -> AsyncGenerator[list[T], None]:
    """What came while the last batch was dealt with, in order; what ends `items` is raised after the last of them."""
    queue: asyncio.Queue[object] = asyncio.Queue(_MOST)

    async def fill() -> None:
        try:
            async for item in items:
                await queue.put(item)
        finally:
            await queue.put(_END)

    filler = asyncio.create_task(fill())
    try:
        while True:
            batch = [await queue.get()]
            while not queue.empty():
                batch.append(queue.get_nowait())
            ended = batch[-1] is _END
            if batch := batch[:-1] if ended else batch:
                yield batch  # type: ignore[misc]
            if ended:
                await filler
                return
    finally:
        filler.cancel()
        await asyncio.gather(filler, return_exceptions=True)
