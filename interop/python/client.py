"""A client that does what the test says: see ../doc.go."""

import asyncio
import ssl

from driver import by_lower_case_name, run, settings, watched
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.legacy.client import WebSocketClientProtocol, connect, unix_connect


async def begin(scenario, url, subprotocols=None, headers=None, origin=None, ca=None, **rest):
    class Protocol(watched(WebSocketClientProtocol, scenario)):
        async def read_http_response(self):
            status, headers = await super().read_http_response()
            if status != 101:
                body = await self.reader.readexactly(int(headers.get("Content-Length", 0)))
                details = {"headers": by_lower_case_name(headers), "body": body.decode()}
                scenario.tell("refused", status=status, **details)
            return status, headers

    options = settings(ClientPerMessageDeflateFactory, **rest)
    options.update(create_protocol=Protocol, subprotocols=subprotocols or None)
    options.update(extra_headers=headers, origin=origin, open_timeout=60)
    if url.startswith("ws+unix://"):
        path, resource = url[len("ws+unix://") :].split(":", 1)
        connecting = unix_connect(path, "ws://localhost" + resource, **options)
    else:
        if url.startswith("wss:"):
            options["ssl"] = ssl.create_default_context(cadata=ca)
        connecting = connect(url, **options)
    try:
        ws = await connecting
    except Exception as err:
        scenario.tell("error", error=str(err))
        scenario.tell("close", code=1006, reason="", clean=False)
        return
    scenario.opened(ws, ws.response_headers)
    await scenario.follow()


asyncio.run(run(begin, "connect"))
