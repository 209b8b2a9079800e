"""An echo server with websockets. It prints its URL and the library's version, and ends with its standard input."""
import asyncio
import logging
import sys

import websockets
from websockets.server import serve

logging.disable(logging.CRITICAL)


async def echo(socket, path=None):
    async for message in socket:
        await socket.send(message)


async def main():
    async with serve(echo, "127.0.0.1", 0, max_size=32 << 20, ping_interval=None) as server:
        port = server.sockets[0].getsockname()[1]
        print(f"ws://127.0.0.1:{port}/", websockets.__version__, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
