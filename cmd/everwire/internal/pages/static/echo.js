"use strict";

// The echo demo. `socket` is a global, so you can also play with it in the console: socket.send("by hand").

// A demo's WebSocket endpoint has the path of its page: http://host/echo becomes ws://host/echo.
const endpoint = location.origin.replace(/^http/, "ws") + location.pathname;
document.querySelector("[data-endpoint]").textContent = endpoint;

const connect = document.getElementById("connect");
const disconnect = document.getElementById("disconnect");
const sendMessage = document.getElementById("send-message");
const messages = document.getElementById("messages");
const text = document.getElementById("text");

let socket = null; // the latest WebSocket; it stays here after it has closed

// --- The WebSocket ---

connect.addEventListener("click", () => {
  if (socket && socket.readyState !== WebSocket.CLOSED) {
    log(`Socket is already ${stateName()}.`);
    return;
  }

  startOfLog = performance.now();
  log("Opening WebSocket...");
  const sayHello = document.getElementById("hello").checked;
  socket = new WebSocket(sayHello ? endpoint + "?hello=1s" : endpoint);
  socket.binaryType = "arraybuffer"; // the default is "blob"

  socket.addEventListener("open", () => {
    log("CONNECTED!");
  });

  socket.addEventListener("message", event => {
    if (typeof event.data === "string") {
      log(`Received ${quote(event.data)}`, "received");
    } else {
      const bytes = new Uint8Array(event.data);
      log(`Received ${count(bytes)}`, "received", hexDump(bytes));
    }
  });

  socket.addEventListener("error", () => {
    log("ERROR", "error");
  });

  socket.addEventListener("close", event => {
    log("Socket closed");
    const how = event.wasClean ? "clean" : "not clean";
    document.getElementById("last-close").textContent = [event.code, how, event.reason].filter(Boolean).join(", ");
  });

  showState();
});

disconnect.addEventListener("click", () => {
  if (!socket || socket.readyState === WebSocket.CLOSED) {
    log("Socket not open.");
    return;
  }
  socket.close();
  showState();
});

// Sending is the form's submit event, so that Enter in the text field works as well as the button.
document.forms.echo.addEventListener("submit", event => {
  event.preventDefault();
  if (!socket || socket.readyState !== WebSocket.OPEN) {
    log("Socket not open.");
    return;
  }
  if (document.getElementById("binary").checked) {
    const bytes = new TextEncoder().encode(text.value);
    log(`Sending ${quote(text.value)} as ${count(bytes)}`, "sent");
    socket.send(bytes);
  } else {
    log(`Sending ${quote(text.value)}`, "sent");
    socket.send(text.value);
  }
  showState();
});

// --- The page ---

// log adds a line, with the seconds since Connect, and keeps the newest lines in view unless you have scrolled away.
let startOfLog = performance.now();

function log(line, kind = "event", dump = "") {
  const atEnd = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 40;
  const p = document.createElement("p");
  p.textContent = line;
  p.dataset.kind = kind;
  p.dataset.time = ((performance.now() - startOfLog) / 1000).toFixed(3);
  messages.append(p);
  if (dump) {
    const pre = document.createElement("pre");
    pre.textContent = dump;
    messages.append(pre);
  }
  while (messages.childElementCount > 500) {
    messages.firstElementChild.remove();
  }
  if (atEnd) {
    messages.scrollTop = messages.scrollHeight;
  }
  showState();
}

function stateName() {
  return ["CONNECTING", "OPEN", "CLOSING", "CLOSED"][socket ? socket.readyState : WebSocket.CLOSED];
}

function showState() {
  const name = stateName();
  const state = document.getElementById("state");
  if (state.textContent !== name) { // only a change is announced to screen readers
    state.textContent = name;
    state.dataset.state = name;
  }
  if (socket) {
    document.getElementById("ready-state").textContent = `${socket.readyState} ${name}`;
    document.getElementById("buffered-amount").textContent = socket.bufferedAmount;
    document.getElementById("extensions").textContent = socket.extensions || "none";
  }
  // aria-disabled and not disabled: a button keeps the focus, and pressed all the same it says why it cannot.
  connect.setAttribute("aria-disabled", name !== "CLOSED");
  disconnect.setAttribute("aria-disabled", name !== "OPEN" && name !== "CONNECTING");
  sendMessage.setAttribute("aria-disabled", name !== "OPEN");
}

// bufferedAmount has no event of its own; the way to follow it is to look.
setInterval(showState, 100);
showState();

// quote shows a long text by its beginning: the socket carries megabytes more easily than a page shows them.
function quote(string) {
  return string.length <= 1000 ? `"${string}"` : `"${string.slice(0, 1000)}…" (${string.length} characters)`;
}

function count(bytes) {
  return bytes.length === 1 ? "1 byte" : `${bytes.length} bytes`;
}

// hexDump writes the first 256 bytes, 8 to a line: offset, hexadecimal, and the characters that ASCII has for them.
function hexDump(bytes) {
  const lines = [];
  for (let offset = 0; offset < Math.min(bytes.length, 256); offset += 8) {
    const row = Array.from(bytes.subarray(offset, offset + 8));
    const hex = row.map(byte => byte.toString(16).padStart(2, "0")).join(" ");
    const ascii = row.map(byte => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${offset.toString(16).padStart(4, "0")}  ${hex.padEnd(23)}  ${ascii}`);
  }
  if (bytes.length > 256) {
    lines.push(`… and ${bytes.length - 256} more`);
  }
  return lines.join("\n");
}
