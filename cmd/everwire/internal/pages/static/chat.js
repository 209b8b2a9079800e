"use strict";

// The chat demo. `socket` is a global, so you can also play with it in the console: socket.send("by hand").

// A demo's WebSocket endpoint has the path of its page: http://host/chat becomes ws://host/chat.
const endpoint = location.origin.replace(/^http/, "ws") + location.pathname;
document.querySelector("[data-endpoint]").textContent = endpoint;

const form = document.forms.publish;
const reconnect = document.getElementById("reconnect");

let socket;

// --- The WebSocket ---

function connect() {
  socket = new WebSocket(endpoint);
  showState("Connecting…");

  socket.onopen = function() {
    showState("Connected.");
  };

  // message received - show it on top of the others
  socket.onmessage = function(event) {
    show(typeof event.data === "string" ? event.data : `(${event.data.size} bytes)`);
  };

  socket.onclose = function(event) {
    const how = event.wasClean ? `Closed with code ${event.code}` : `Connection lost, code ${event.code}`;
    showState(event.reason ? `${how}: ${event.reason}` : `${how}.`);
  };
}

// send message from the form
form.onsubmit = function() {
  if (socket.readyState === WebSocket.OPEN) {
    socket.send(form.message.value); // whole: cutting it is the server's work
    form.message.value = "";
    countCharacters();
  } else {
    showState("Not sent: the socket is not open.");
  }
  return false; // the browser has nothing to submit
};

reconnect.onclick = function() {
  form.message.focus(); // the button is about to disappear
  connect();
};

// --- The page ---

function show(text) {
  const messages = document.getElementById("messages");
  const message = document.createElement("div");
  message.textContent = text; // never innerHTML: this text comes from other people
  message.dataset.time = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  messages.prepend(message);
  while (messages.childElementCount > 200) {
    messages.lastElementChild.remove();
  }
}

// The server counts characters as Unicode code points, as [...string] does; string.length counts 😀 as two.
function countCharacters() {
  const count = [...form.message.value].length;
  const counter = document.getElementById("counter");
  counter.textContent = count > 50 ? `${count} / 50, ${count - 50} will be cut` : `${count} / 50`;
  counter.classList.toggle("over", count > 50);
}
form.message.addEventListener("input", countCharacters);

function showState(status) {
  const name = ["CONNECTING", "OPEN", "CLOSING", "CLOSED"][socket.readyState];
  const state = document.getElementById("state");
  state.textContent = name;
  state.dataset.state = name;
  document.getElementById("status").textContent = status;
  reconnect.hidden = name !== "CLOSED";
}

connect();
