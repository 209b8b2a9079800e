"""The driver protocol (see ../doc.go), as far as it is the same in both roles.

It drives the asyncio interface of websockets that its version 14 named legacy.
"""

import asyncio
import base64
import hashlib
import json
import math
import sys
import traceback

from websockets.exceptions import ConnectionClosed, PayloadTooBig, ProtocolError
from websockets.frames import OP_BINARY, OP_CONT, OP_PING, OP_PONG, OP_TEXT, Close
from websockets.legacy.framing import Frame

# What is open, by id.
scenarios = {}


def tell(id, event, **details):
    sys.stdout.write(json.dumps({"id": id, "event": event, **details}) + "\n")
    sys.stdout.flush()


def in_base64(octets):
    return base64.b64encode(octets).decode()


async def run(begin, name):
    """Carries out the commands that come in. begin is the one that begins a connection, by that name."""
    lines = asyncio.StreamReader(limit=1 << 26)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    while line := await lines.readline():
        args = json.loads(line)
        id, do = args.pop("id"), args.pop("do")
        if do == name:
            scenarios[id] = Scenario(id)
            scenarios[id].start(begin(scenarios[id], **args))
        elif do == "end":
            scenarios.pop(id).end()
        else:
            scenarios[id].do(do, args)


class Scenario:
    """A connection, from the command that begins it to the command end."""

    def __init__(self, id):
        self.id = id
        self.ws = self.server = None
        self.tasks = []
        self.todo = asyncio.Queue()  # commands that have to wait for those before
        self.unsent = 0  # octets of the messages in todo
        self.continuing = False  # the last frame sent was not final
        self.unread = math.inf  # messages to read before pausing
        self.reading = asyncio.Event()
        self.reading.set()

    def tell(self, event, **details):
        tell(self.id, event, **details)

    def start(self, coroutine):
        async def told():
            try:
                await coroutine
            except Exception:
                self.tell("failed", error=traceback.format_exc())

        self.tasks.append(asyncio.ensure_future(told()))

    def opened(self, ws, told_by, **details):
        """The connection is open; told_by are the headers of the other side."""
        self.ws = ws
        self.tell(
            "open",
            subprotocol=ws.subprotocol or "",
            extensions=ws.response_headers.get("Sec-WebSocket-Extensions", ""),
            headers=by_lower_case_name(told_by),
            **details,
        )
        self.start(self.work())

    async def follow(self):
        """Tells what happens on the connection, to its end."""
        try:
            while True:
                message = await self.ws.recv()
                await self.reading.wait()
                self.received(message)
        except ConnectionClosed:
            pass
        await self.ws.wait_closed()
        failure = self.ws.transfer_data_exc
        if isinstance(failure, (ProtocolError, PayloadTooBig, UnicodeDecodeError, ConnectionError)):
            self.tell("error", error=repr(failure))
        clean = self.ws.close_rcvd is not None and self.ws.close_sent is not None
        self.tell("close", code=self.ws.close_code, reason=self.ws.close_reason, clean=clean)

    def received(self, message):
        text = isinstance(message, str)
        octets = message.encode() if text else message
        self.tell(
            "message",
            text=text,
            size=len(octets),
            sha256=in_base64(hashlib.sha256(octets).digest()),
            start=in_base64(octets[:100]),
        )
        self.unread -= 1
        if self.unread == 0:
            self.reading.clear()

    def do(self, name, args):
        now = getattr(self, "now_" + name, None)
        if now:
            now(**args)
            return
        if "data" in args:
            args["data"] = base64.b64decode(args["data"]) * args.pop("times", 1)
            self.unsent += len(args["data"])
        self.todo.put_nowait((getattr(self, name), args))

    async def work(self):
        while True:
            command, args = await self.todo.get()
            try:
                await command(**args)
            except ConnectionClosed:
                pass  # follow tells
            self.unsent -= len(args.get("data", b""))

    async def send(self, data=b"", text=False, fin=True, mask=None):
        if fin and mask is None and not self.continuing:
            try:
                await self.ws.send(data.decode() if text else data)
                return
            except UnicodeDecodeError:
                pass
        opcode = OP_CONT if self.continuing else OP_TEXT if text else OP_BINARY
        self.continuing = not fin
        await self.ws.ensure_open()
        Frame(fin, opcode, data).write(
            self.ws.transport.write,
            mask=self.ws.is_client if mask is None else mask,
            extensions=self.ws.extensions,
        )
        await self.ws.drain()

    async def ping(self, data=b""):
        await self.ws.ping(data)

    async def pong(self, data=b""):
        await self.ws.pong(data)

    async def close(self, code=None, reason=""):
        if code is None:
            await self.ws.write_close_frame(Close(1005, ""), b"")
        else:
            await self.ws.close(code, reason)

    def now_terminate(self):
        self.ws.transport.abort()

    def now_pause(self):
        self.reading.clear()
        self.tell("paused")

    def now_read(self, messages=math.inf):
        self.unread = messages
        self.reading.set()

    def now_buffered(self):
        self.tell("buffered", size=self.unsent + self.ws.transport.get_write_buffer_size())

    def end(self):
        for task in self.tasks:
            task.cancel()
        if self.ws:
            self.ws.transport.abort()
        if self.server:
            self.server.close()


def watched(protocol, scenario):
    """A protocol of websockets' that tells of the Pings and Pongs as well, which it keeps to itself."""

    class Watched(protocol):
        async def read_frame(self, max_size):
            frame = await super().read_frame(max_size)
            if frame.opcode in (OP_PING, OP_PONG):
                scenario.tell(frame.opcode.name.lower(), data=in_base64(frame.data))
            return frame

    return Watched


def by_lower_case_name(headers):
    return {name.lower(): value for name, value in headers.raw_items()}


def settings(factory, maxMessage=None, deflate=None):
    """What both connect and serve take, but for what is not given. One message may wait to be read. The software sends no
    Pings by itself, which it would to a scenario that takes 20 s, and has as much patience as the test."""
    options = {"max_queue": 1, "ping_interval": None, "close_timeout": 60}
    if maxMessage is not None:
        options["max_size"] = maxMessage
    if deflate is False:
        options["compression"] = None
    elif deflate not in (None, True):
        options["extensions"] = [factory(**deflate)]
    return options
