"use strict";

// The subprotocols demo. `socket` is a global, so you can also play with it in the console: socket.protocol.

// A demo's WebSocket endpoint has the path of its page: http://host/subprotocols becomes ws://host/subprotocols.
const endpoint = location.origin.replace(/^http/, "ws") + location.pathname;
document.querySelector("[data-endpoint]").textContent = endpoint;

const spoken = ["soap", "wamp", "xmpp"]; // by the server

const form = document.forms.subprotocols;
const connect = document.getElementById("connect");
const boxes = [...form.querySelectorAll("[type=checkbox]")];

let socket = null; // the latest WebSocket; it stays here after it has closed
let wanted = []; // the names that are ticked, in the order in which they were

// --- The WebSocket ---

form.addEventListener("submit", event => {
  event.preventDefault();
  if (socket && socket.readyState !== WebSocket.CLOSED) {
    return; // one attempt at a time
  }
  const asked = [...wanted];
  startOfLog = performance.now();
  log(asked.length > 0 ? `Asking for ${asked.join(", ")}` : "Asking for none");
  document.getElementById("asked").textContent = asked.join(", ") || "none";
  document.getElementById("protocol").textContent = "…";
  judge("none", "Connecting…");

  socket = new WebSocket(endpoint, asked);

  socket.onopen = function() {
    log(`[open] socket.protocol is "${socket.protocol}"`);
    document.getElementById("protocol").textContent = socket.protocol || '"" (none)';
    judge("good", agreed(asked, socket.protocol));
  };

  socket.onmessage = function(event) {
    log(`[message] ${event.data}`, "received");
    socket.close(1000, "seen enough");
  };

  socket.onerror = function() {
    log("[error]", "error"); // a browser does not tell scripts why
    document.getElementById("protocol").textContent = '"" (none)';
    judge("bad", failed(asked));
  };

  socket.onclose = function(event) {
    log(`[close] code=${event.code} wasClean=${event.wasClean}`);
    const how = event.wasClean ? "clean" : "not clean";
    document.getElementById("last-close").textContent = `${event.code}, ${how}`;
  };

  showState();
});

// --- What it means ---

function agreed(asked, chosen) {
  if (asked.length === 0) {
    return "You asked for none, and there is none: socket.protocol is the empty string. Messages pass all the same; what "
      + "they mean is between the page and the server.";
  }
  if (chosen === asked[0]) {
    return asked.length === 1
      ? `The server speaks ${chosen}, so that is it.`
      : `The server chose ${chosen}: it stands first on your list, and your order counts.`;
  }
  const before = asked.slice(0, asked.indexOf(chosen)).join(", ");
  return `The server does not speak ${before}. Of the others on your list it chose ${chosen}, which you named first.`;
}

function failed(asked) {
  if (asked.length > 0 && !asked.some(name => spoken.includes(name))) {
    return `The server does not speak ${asked.join(", ")}. It agreed to connect all the same, without a subprotocol; but `
      + "your browser had asked for one, and broke the connection off before it was open. All that it tells a script is "
      + "error, and close with code 1006. The console (F12) has the reason.";
  }
  return "There is no connection, and a browser does not tell scripts why. Perhaps the server has stopped.";
}

// --- The page ---

// The order of preference is the order in which the boxes were ticked.
form.addEventListener("change", event => {
  const name = event.target.value;
  wanted = event.target.checked ? [...wanted, name] : wanted.filter(other => other !== name);
  showOrder();
});

function showOrder() {
  for (const box of boxes) {
    const place = wanted.indexOf(box.value);
    box.parentElement.querySelector(".rank").textContent = place < 0 ? "" : place + 1;
  }
  const list = wanted.length > 0 ? `, ${JSON.stringify(wanted).replaceAll(",", ", ")}` : "";
  document.getElementById("code").textContent = `new WebSocket(url${list})`;
}

let startOfLog = performance.now();

// log adds a line, with the seconds since Connect.
function log(line, kind = "event") {
  const messages = document.getElementById("log");
  const p = document.createElement("p");
  p.textContent = line;
  p.dataset.kind = kind;
  p.dataset.time = ((performance.now() - startOfLog) / 1000).toFixed(3);
  messages.append(p);
  while (messages.childElementCount > 200) {
    messages.firstElementChild.remove();
  }
  messages.scrollTop = messages.scrollHeight;
  showState();
}

function judge(verdict, words) {
  const element = document.getElementById("verdict");
  element.dataset.verdict = verdict;
  element.textContent = words;
}

function showState() {
  const name = ["CONNECTING", "OPEN", "CLOSING", "CLOSED"][socket ? socket.readyState : WebSocket.CLOSED];
  const state = document.getElementById("state");
  if (state.textContent !== name) { // only a change is announced to screen readers
    state.textContent = name;
    state.dataset.state = name;
  }
  connect.setAttribute("aria-disabled", name !== "CLOSED"); // not `disabled`, which would take the focus away
}

wanted = boxes.filter(box => box.checked).map(box => box.value); // a browser may restore those of last time
showOrder();
