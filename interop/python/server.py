"""A server that does what the test says: see ../doc.go."""

import asyncio
import http
import ssl
import tempfile

from driver import run, settings, watched
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.legacy.server import WebSocketServerProtocol, serve, unix_serve


async def begin(
    scenario,
    socket=None,
    cert=None,
    key=None,
    subprotocols=None,
    choose=None,
    headers=None,
    refuse=None,
    **rest,
):
    async def handler(ws):
        scenario.opened(ws, ws.request_headers, path=ws.path)
        await scenario.follow()

    async def refusal(path, request_headers):
        status = http.HTTPStatus(refuse["status"])
        return status, refuse.get("headers", {}), refuse["body"].encode()

    def preferred(offered, spoken):
        return choose or next((name for name in spoken if name in offered), None)

    options = settings(ServerPerMessageDeflateFactory, **rest)
    options.update(create_protocol=watched(WebSocketServerProtocol, scenario))
    options.update(subprotocols=[choose] if choose else subprotocols, select_subprotocol=preferred)
    options.update(extra_headers=headers)
    if refuse:
        options["process_request"] = refusal
    if key:
        options["ssl"] = identity(cert, key)
    if socket:
        scenario.server = await unix_serve(handler, socket, **options)
        url = f"ws+unix://{socket}:"
    else:
        scenario.server = await serve(handler, "127.0.0.1", 0, **options)
        port = scenario.server.sockets[0].getsockname()[1]
        url = f"{'wss' if key else 'ws'}://127.0.0.1:{port}"
    scenario.tell("listening", url=url)


def identity(cert, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(cert + key)
        file.flush()
        context.load_cert_chain(file.name)
    return context


asyncio.run(run(begin, "listen"))
