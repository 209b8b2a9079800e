"""Echoes, by websockets. It writes its port, and ends with its input. What it is told to do otherwise begins with a slash."""
import asyncio
import http
import sys

import websockets.exceptions
import websockets.legacy.server


async def echo(socket, path=None):
    try:
        async for message in socket:
            if message == "/close":
                await socket.close(4001, "told to")
            elif message == "/die":
                socket.transport.abort()
            else:
                await socket.send(message)
    except websockets.exceptions.ConnectionClosedError:
        pass


async def private(path, headers):
    if path == "/private":
        return http.HTTPStatus.UNAUTHORIZED, [], b""


async def main():
    server = await websockets.legacy.server.serve(
        echo, "127.0.0.1", 0, max_size=64 << 20, subprotocols=["chat"], process_request=private
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
