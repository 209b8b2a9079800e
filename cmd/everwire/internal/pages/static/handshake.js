"use strict";

// The handshake demo. `socket` is a global, so you can also play with it in the console: socket.extensions.

// A demo's WebSocket endpoint has the path of its page: http://host/handshake becomes ws://host/handshake.
const endpoint = location.origin.replace(/^http/, "ws") + location.pathname;
document.querySelector("[data-endpoint]").textContent = endpoint;

let socket = null;

// --- The WebSocket ---

function connect() {
  const mine = socket = new WebSocket(endpoint);
  showState("Connecting…");

  socket.onmessage = event => {
    show(JSON.parse(event.data));
    showState("Connected. Each connection has another key: connect again to see it change.");
  };

  socket.onclose = event => {
    if (mine === socket) { // and not one that has been replaced
      showState(`Closed with code ${event.code}.`);
    }
  };
}

document.getElementById("again").onclick = () => {
  socket.close();
  connect();
};

// --- What was said ---

function show({ request, answer, accept }) {
  list("request", [
    { line: request.line, words: requestLine },
    ...request.fields.map(field => ({ ...field, words: explain(field, inRequest) })),
  ]);
  list("answer", [
    { line: answer.line, words: "101: the server agrees. Any other status would have been the end of it." },
    ...answer.fields.map(field => ({ ...field, words: explain(field, inAnswer) })),
  ]);
  list("accept", [
    { name: "key", value: accept.key, words: "As it stands in the request: 16 random bytes in base64." },
    { name: "key + GUID", value: accept.key + accept.guid, words: "The server appends 36 characters that are the same "
      + "for everyone, everywhere. RFC 6455 has made them up." },
    { name: "SHA-1", value: accept.sha1, words: "The digest of these 60 characters: 20 bytes, here in hexadecimal." },
    { name: "base64", value: accept.accept, words: "The same 20 bytes in base64. This is Sec-WebSocket-Accept. The browser "
      + "has computed it too, and would have failed the connection for any other." },
  ]);
  const offered = request.fields.filter(field => field.name === "Sec-WebSocket-Extensions").map(field => field.value);
  list("offered", explainExtensions(offered.join(", "), "offer"));
  list("in-use", explainExtensions(socket.extensions, "answer"));
}

const requestLine = "An ordinary request of HTTP/1.1, so a WebSocket can share its port, its certificate and its proxies "
  + "with web pages.";

// What the fields mean, by their names in lower case; where a name ends in *, all that begin like it.

const inRequest = {
  "host": "The host, and the port if it is not the usual one. One server may serve many hosts.",
  "upgrade": "The protocol that this connection is to change to.",
  "connection": "Says that Upgrade is meant for whoever receives this request and is not to be passed on. A proxy that knows "
    + "nothing of WebSocket leaves both out, and the handshake fails in order.",
  "sec-websocket-key": "16 random bytes in base64, new for each connection. It is no secret: the answer has to be made of it, "
    + "so that no cache, and no server that knows nothing of WebSocket, can give one.",
  "origin": "The site whose page asks. The browser writes it and no script can change it, so a server can turn strangers "
    + "away: this one lets in pages of its own host.",
  "sec-websocket-version": "13 is the protocol of RFC 6455. The numbers before it were drafts.",
  "sec-websocket-extensions": "What the browser can do beyond the protocol itself. See below.",
  "sec-websocket-protocol": "The subprotocols that the page asks for, the one it likes best first.",
  "user-agent": "The browser and its version, as in every request.",
  "accept-encoding": "How the body of an answer may be compressed. This answer has no body; for messages there is an "
    + "extension.",
  "accept-language": "The languages that you prefer, as in every request.",
  "cache-control": "An answer from a cache will not do.",
  "pragma": "The same for caches of the time of HTTP/1.0.",
  "cookie": "Cookies go along whichever page asks, as with every request. That is why a server must look at Origin. The value "
    + "is not shown.",
  "authorization": "Name and password, or a token, as with every request to this server. The value is not shown.",
  "sec-fetch-*": "Tells the server what the request is for: a WebSocket. The browser writes it, and no script can.",
  "sec-ch-*": "A hint about the browser, as in every request.",
  "dnt": "The wish not to be tracked.",
  "sec-gpc": "The wish not to be tracked.",
  "x-forwarded-*": "Written by a proxy on the way: whom it speaks for.",
  "x-real-ip": "Written by a proxy on the way: whom it speaks for.",
  "forwarded": "Written by a proxy on the way: whom it speaks for.",
  "via": "Written by a proxy on the way.",
};

const inAnswer = {
  "upgrade": "From here on this connection speaks WebSocket.",
  "connection": "Belongs to Upgrade, as in the request.",
  "sec-websocket-accept": "What becomes of the key. See below.",
  "sec-websocket-extensions": "Of what the browser offered, what is used. See below.",
  "sec-websocket-protocol": "Of the subprotocols that the page asked for, the one that is spoken.",
  "server": "Not a part of the handshake. An answer may have other fields, such as Set-Cookie.",
};

function explain({ name, hidden }, meanings) {
  const lower = name.toLowerCase();
  const known = Object.keys(meanings).find(key => (key.endsWith("*") ? lower.startsWith(key.slice(0, -1)) : lower === key));
  if (known) {
    return meanings[known];
  }
  const words = "Not a part of the handshake: the browser, or a proxy on the way, has added it.";
  return hidden ? `${words} It may be a secret, so the value is not shown.` : words;
}

// --- Extensions ---

// explainExtensions takes Sec-WebSocket-Extensions apart (RFC 6455 §9.1). Side is "offer" or "answer".
function explainExtensions(value, side) {
  if (value === "") {
    return [{ line: "none", words: side === "offer"
      ? "The browser offers no extension."
      : "No extension is in use. A message goes over the wire as it is, and is not compressed." }];
  }
  return value.split(",").flatMap(extension => {
    const [name, ...params] = extension.split(";").map(part => part.trim());
    const isDeflate = name === "permessage-deflate";
    return [
      { line: name, words: isDeflate ? deflate[side] : "An extension that this page does not know." },
      ...params.map(param => {
        const [key, bits = ""] = param.split("=").map(part => part.trim().replace(/^"|"$/g, ""));
        const meaning = isDeflate && deflateParams.get(key);
        return { line: `; ${param}`, words: meaning ? meaning[side](bits) : "A parameter that this page does not know." };
      }),
    ];
  });
}

const deflate = {
  offer: "The browser can compress messages by the method of gzip and PNG, DEFLATE (RFC 7692).",
  answer: "Messages are compressed by the method of gzip and PNG, DEFLATE (RFC 7692). Whether it is worth it is decided for "
    + "each message: a bit in its first frame tells.",
};

// The four parameters of RFC 7692 §7.1.
const deflateParams = new Map([
  ["server_no_context_takeover", {
    offer: () => "The server is to compress each message by itself.",
    answer: () => "The server compresses each message by itself and refers to none that it sent before. It then need not "
      + "keep a compressor for each connection; small messages get less small.",
  }],
  ["client_no_context_takeover", {
    offer: () => "The browser is ready to compress each message by itself.",
    answer: () => "The browser compresses each message by itself and refers to none that it sent before, so that the "
      + "server need not remember any.",
  }],
  ["server_max_window_bits", {
    offer: bits => `The server is to look for repetitions in the last ${reach(bits)} only.`,
    answer: bits => `The server looks for repetitions in the last ${reach(bits)} only, so the browser need not remember more.`,
  }],
  ["client_max_window_bits", {
    offer: bits => (bits
      ? `The browser is ready to look for repetitions in the last ${reach(bits)} only, or in fewer if the server says so.`
      : "The server may say how many bytes, at most, the browser is to look back for repetitions."),
    answer: bits => `The browser looks for repetitions in the last ${reach(bits)} only, so the server need not remember more.`,
  }],
]);

// reach is how far back a window of so many bits goes.
function reach(bits) {
  return `${(2 ** Number(bits)).toLocaleString("en")} bytes (2 to the power of ${bits})`;
}

// --- The page ---

// list fills a list with lines and what they mean. A line is text, or has a name and a value.
function list(id, rows) {
  document.getElementById(id).replaceChildren(...rows.map(({ line, name, value = "", hidden, words }) => {
    const row = document.createElement("div");
    const term = document.createElement("dt");
    const meaning = document.createElement("dd");
    if (name === undefined) {
      term.textContent = line;
    } else {
      const bold = document.createElement("b");
      bold.textContent = name;
      const rest = document.createElement(hidden ? "em" : "span");
      rest.textContent = hidden ? "hidden" : value;
      term.append(bold, ": ", rest);
    }
    meaning.textContent = words;
    row.append(term, meaning);
    return row;
  }));
}

function showState(status) {
  const name = ["CONNECTING", "OPEN", "CLOSING", "CLOSED"][socket.readyState];
  const state = document.getElementById("state");
  state.textContent = name;
  state.dataset.state = name;
  document.getElementById("status").textContent = status;
}

connect();
