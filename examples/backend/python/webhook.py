"""Is told by "everwire serve" of who connects, writes and goes: python3 webhook.py [PORT]

WEBHOOK_SECRET is the secret that the server signs with: whsec_ and base64. Whoever says to be called Mallory is not
let in. Only the standard library is used.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))
TOLERANCE = 300  # seconds that the clocks may differ, and that a request may have been under way
SEEN = OrderedDict()  # ids of late; a program of several processes has them in its database


def verify(headers, body):
    """Says whether a request is the server's, and of now."""
    sent = headers.get("webhook-timestamp", "")
    if not sent.isdecimal() or abs(time.time() - int(sent)) > TOLERANCE:
        return False
    signed = f"{headers.get('webhook-id', '')}.{sent}.".encode() + body
    want = "v1," + base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(want.encode(), got.encode()) for got in headers.get("webhook-signature", "").split(" "))


def first_time(event_id):
    """Says whether an event is new. What was not answered in time comes again."""
    if event_id in SEEN:
        return False
    SEEN[event_id] = True
    if len(SEEN) > 10_000:
        SEEN.popitem(last=False)
    return True


def handle(event):
    """Returns the status and the object that an event is answered with."""
    who = event["data"]["connection"]
    name = who.get("name") or who["id"]
    if event["type"] == "connect":
        if name == "Mallory":
            return 403, {"text": "you may not connect"}
        return 200, {"user": "user-of-" + name} if "name" in who else {}
    if not first_time(event["id"]):
        return 204, None
    if event["type"] == "message":
        message = event["data"]["message"]
        print(f"{name} in {message['room']}: {json.dumps(message.get('data', message.get('text')))}", flush=True)
    elif event["type"] == "disconnect":
        print(f"{name} has gone: {event['data']['close']['code']}", flush=True)
    return 204, None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not verify(self.headers, body):
            status, answer = 400, {"text": "the signature is wrong"}
        else:
            status, answer = handle(json.loads(body))
        content = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        if answer is not None:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 9000), Handler)
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()
