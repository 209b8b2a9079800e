"use strict";

// The hello demo: one conversation, from open to close.

// A demo's WebSocket endpoint has the path of its page: http://host/hello becomes ws://host/hello.
const endpoint = location.origin.replace(/^http/, "ws") + location.pathname;
document.querySelector("[data-endpoint]").textContent = endpoint;

const nameField = document.getElementById("name");
const start = document.getElementById("start");

let socket = null; // the latest WebSocket; it stays here after it has closed

// --- The WebSocket ---

document.forms.hello.addEventListener("submit", event => {
  event.preventDefault();
  if (socket && socket.readyState !== WebSocket.CLOSED) {
    return; // one conversation at a time
  }
  clearLog();

  socket = new WebSocket(endpoint);

  socket.onopen = function() {
    log("[open] Connection established");
    log("Sending to server", "sent");
    socket.send(greeting());
  };

  socket.onmessage = function(event) {
    log(`[message] Data received from server: ${event.data}`, "received");
  };

  socket.onclose = function(event) {
    if (event.wasClean) {
      log(`[close] Connection closed cleanly, code=${event.code} reason=${event.reason}`);
    } else {
      // the server was killed or the network is down; event.code is usually 1006
      log("[close] Connection died", "error");
    }
    log(`wasClean=${event.wasClean}`);
    showClose(event.code, event.wasClean, event.reason || "(empty)");
  };

  socket.onerror = function() {
    log("[error]", "error"); // a browser does not tell scripts why
  };

  showState();
});

// --- The page ---

function greeting() {
  return `My name is ${nameField.value}`;
}

// The code on the page says what will be sent, as JavaScript would write it.
nameField.addEventListener("input", () => {
  document.getElementById("greeting").textContent = JSON.stringify(greeting());
});

let startOfLog = performance.now();

function clearLog() {
  startOfLog = performance.now();
  document.getElementById("log").replaceChildren();
  showClose("none yet", "none yet", "none yet");
}

// log adds a line, with the seconds since Start.
function log(line, kind = "event") {
  const p = document.createElement("p");
  p.textContent = line;
  p.dataset.kind = kind;
  p.dataset.time = ((performance.now() - startOfLog) / 1000).toFixed(3);
  document.getElementById("log").append(p);
  showState();
}

function showClose(code, wasClean, reason) {
  document.getElementById("close-code").textContent = code;
  document.getElementById("close-clean").textContent = wasClean;
  document.getElementById("close-reason").textContent = reason;
}

function showState() {
  const name = ["CONNECTING", "OPEN", "CLOSING", "CLOSED"][socket.readyState];
  const state = document.getElementById("state");
  if (state.textContent !== name) { // only a change is announced to screen readers
    state.textContent = name;
    state.dataset.state = name;
  }
  start.setAttribute("aria-disabled", name !== "CLOSED"); // not `disabled`, which would take the focus away
}
