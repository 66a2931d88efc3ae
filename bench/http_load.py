"""A load generator that costs next to nothing: prepared bytes over kept connections, answers read by their length."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import perf_counter


def post(path: str, body: bytes, media_type: str) -> bytes:
    """The bytes of a request."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: {media_type}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def drive(port: int, requests: Sequence[bytes], connections: int) -> float:
    """Send every request over `connections` at once and return the seconds; any answer but 2xx raises."""
    return asyncio.run(_drive(port, list(requests), connections))


async def _drive(port: int, requests: list[bytes], connections: int) -> float:
    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(connections)]
    waiting = iter(requests)

    async def work(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for request in waiting:
            writer.write(request)
            await _answer(reader)

    begin = perf_counter()
    await asyncio.gather(*(work(*stream) for stream in streams))
    seconds = perf_counter() - begin
    for _, writer in streams:
        writer.close()
    return seconds


async def _answer(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    body = await reader.readexactly(length)
    if not head.startswith(b"http/1.1 2") or b'"status":4' in body:
        raise RuntimeError(f"the service answered {head[:40]!r} {body[:300]!r}")
