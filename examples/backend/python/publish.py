"""Publishes a message to a room: python3 publish.py ROOM JSON

EVERWIRE is the server's URL, http://127.0.0.1:8080 if it is not set; EVERWIRE_KEY is an API key. Only the standard
library is used.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

SERVER = os.environ.get("EVERWIRE", "http://127.0.0.1:8080")
KEY = os.environ.get("EVERWIRE_KEY", "")


def publish(room, data, attempts=5):
    """Publishes, again if need be. All attempts have one key, so that the message is there once."""
    request = urllib.request.Request(
        SERVER + "/api/publish",
        data=json.dumps({"room": room, "data": data}, ensure_ascii=False).encode(),
        headers={
            "Authorization": "Bearer " + KEY,
            "Content-Type": "application/json",
            "Idempotency-Key": str(uuid.uuid4()),
        },
    )
    for attempt in range(1, attempts + 1):
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code not in (429, 500, 503) or attempt == attempts:
                raise SystemExit(json.load(error)["error"]["text"])
            time.sleep(float(error.headers.get("Retry-After", 1)))
        except OSError as error:  # no answer: it may have been taken or not
            if attempt == attempts:
                raise SystemExit(f"{SERVER} cannot be reached: {error}")
            time.sleep(1)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    print(json.dumps(publish(sys.argv[1], json.loads(sys.argv[2]))))
