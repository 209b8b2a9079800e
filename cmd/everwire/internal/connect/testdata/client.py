"""Says hello, by websockets, and writes what comes until the end. The URL is its argument."""
import asyncio
import sys

import websockets.exceptions
import websockets.legacy.client


async def main():
    socket = await websockets.legacy.client.connect(sys.argv[1])
    await socket.send("hello")
    try:
        while True:
            print(await socket.recv(), flush=True)
    except websockets.exceptions.ConnectionClosed as e:
        print("closed", e.code, flush=True)


asyncio.run(main())
