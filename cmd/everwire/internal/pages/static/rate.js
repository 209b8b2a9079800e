"use strict";

// The rate demo. `socket` is a global, so you can also play with it in the console: socket.bufferedAmount.

// A demo's WebSocket endpoint has the path of its page: http://host/rate becomes ws://host/rate.
const endpoint = location.origin.replace(/^http/, "ws") + location.pathname;
document.querySelector("[data-endpoint]").textContent = endpoint;

const interval = 100; // milliseconds
const most = 16 * 1024 * 1024; // of bufferedAmount: the tab has to survive

const reads = document.getElementById("reads");
const look = document.getElementById("look");
const start = document.getElementById("start");
const disconnect = document.getElementById("disconnect");

let socket = null; // the latest WebSocket; it stays here after it has closed
let sending = false;
let sent = 0; // given to this socket, in bytes
let read = 0; // of these, what the server says that it has read
let skipped = 0;

// --- The WebSocket ---

document.forms.rate.addEventListener("submit", event => {
  event.preventDefault();
  if (sending) {
    sending = false;
    say("It sends no more. What waits still goes out.");
    return;
  }
  if (!socket || socket.readyState === WebSocket.CLOSED) {
    connect();
  } else if (socket.readyState === WebSocket.CLOSING) {
    return;
  }
  sending = true;
  say("It sends 128 KiB every 100 ms, which is 1.25 MiB/s.");
});

function connect() {
  sent = read = skipped = 0;
  socket = new WebSocket(`${endpoint}?rate=${reads.value}`);
  socket.onmessage = event => {
    read = Number(event.data);
  };
  socket.onclose = event => {
    sending = false;
    const how = event.wasClean ? "clean" : "not clean";
    document.getElementById("last-close").textContent = [event.code, how, event.reason].filter(Boolean).join(", ");
    say("The connection is closed.");
  };
}

// every 100 ms: look at the socket, and send more only if all that was sent before has gone out
setInterval(() => {
  sample();
  if (sending && socket.readyState === WebSocket.OPEN) {
    if (socket.bufferedAmount >= most) {
      sending = false;
      say("Stopped at 16 MiB, so that this tab survives. Without the check it would go on until it does not.");
    } else if (socket.bufferedAmount === 0 || !look.checked) {
      socket.send(piece);
      sent += piece.length;
    } else {
      skipped++;
    }
  }
}, interval);

disconnect.addEventListener("click", () => {
  if (socket && socket.readyState <= WebSocket.OPEN) {
    sending = false;
    socket.close();
    say("Closing: the Close frame goes behind all that was sent before it.");
  }
});

// Random, because what can be compressed would be, where compression has been agreed on, and the line seem fast.
const piece = new Uint8Array(128 * 1024);
for (let i = 0; i < piece.length; i += 65536) { // as many as the browser gives at a time
  crypto.getRandomValues(piece.subarray(i, i + 65536));
}

// --- The page ---

function say(words) {
  document.getElementById("status").textContent = words;
  showState();
}

function showState() {
  const name = ["CONNECTING", "OPEN", "CLOSING", "CLOSED"][socket ? socket.readyState : WebSocket.CLOSED];
  const state = document.getElementById("state");
  if (state.textContent !== name) { // only a change is announced to screen readers
    state.textContent = name;
    state.dataset.state = name;
  }
  start.textContent = sending ? "Stop" : "Start";
  // aria-disabled and not disabled: a button keeps the focus.
  start.setAttribute("aria-disabled", name === "CLOSING");
  disconnect.setAttribute("aria-disabled", name !== "OPEN" && name !== "CONNECTING");
  reads.disabled = name !== "CLOSED"; // the rate is a part of the address
}

// The code on the page is the code for what is chosen.
function showCode() {
  document.getElementById("query").textContent = `?rate=${reads.value}`;
  document.getElementById("condition").textContent = look.checked ? "if (socket.bufferedAmount === 0)" : "if (true)";
}
document.forms.rate.addEventListener("change", showCode);
showCode(); // a browser may restore the choice of last time

function kib(bytes) {
  return `${Math.round(bytes / 1024).toLocaleString("en")} KiB`;
}

// --- The picture ---

const chart = document.getElementById("chart");
const samples = []; // of the last 30 seconds, the newest last: {buffered, underWay}
const kept = 30 * 1000 / interval;

function sample() {
  const buffered = socket ? socket.bufferedAmount : 0;
  const open = socket && socket.readyState !== WebSocket.CLOSED; // what a closed socket kept goes nowhere
  const underWay = open ? Math.max(0, sent - buffered - read) : 0;
  samples.push({ buffered: open ? buffered : 0, underWay });
  if (samples.length > kept + 1) {
    samples.shift();
  }
  document.getElementById("buffered-amount").textContent = kib(buffered);
  document.getElementById("under-way").textContent = kib(underWay);
  document.getElementById("read").textContent = kib(read);
  document.getElementById("sent").textContent = kib(sent);
  document.getElementById("skipped").textContent = skipped.toLocaleString("en");
  showState();
  draw();
}

// draw makes the picture anew: a grid, the limit, and the two curves.
function draw() {
  const width = chart.clientWidth;
  const height = chart.clientHeight;
  const left = 64, right = width - 4, top = 10, bottom = height - 24;
  const step = gridStep(Math.max(...samples.flatMap(s => [s.buffered, s.underWay])));
  const highest = 4 * step;
  const x = i => right - (samples.length - 1 - i) * (right - left) / kept;
  const y = bytes => bottom - bytes / highest * (bottom - top);

  const parts = [];
  for (let bytes = 0; bytes <= highest; bytes += step) {
    parts.push(shape("line", { class: "grid", x1: left, x2: right, y1: y(bytes), y2: y(bytes) }));
    parts.push(shape("text", { x: left - 8, y: y(bytes) + 4, "text-anchor": "end" }, label(bytes)));
  }
  parts.push(shape("text", { x: left, y: height - 4 }, "30 s ago"));
  parts.push(shape("text", { x: right, y: height - 4, "text-anchor": "end" }, "now"));
  if (most <= highest) {
    parts.push(shape("line", { class: "limit", x1: left, x2: right, y1: y(most), y2: y(most) }));
  }
  const curve = value => samples.map((s, i) => `${x(i).toFixed(1)},${y(value(s)).toFixed(1)}`).join(" ");
  const buffered = curve(s => s.buffered);
  parts.push(shape("polygon", { class: "area", points: `${x(0)},${bottom} ${buffered} ${right},${bottom}` }));
  parts.push(shape("polyline", { class: "under-way", points: curve(s => s.underWay) }));
  parts.push(shape("polyline", { class: "buffered", points: buffered }));
  chart.replaceChildren(...parts);
}

// gridStep is a quarter of the picture's height: a power of two, and the least for which all fits.
function gridStep(bytes) {
  let step = 64 * 1024;
  while (4 * step < bytes) {
    step *= 2;
  }
  return step;
}

function label(bytes) {
  if (bytes === 0) {
    return "0";
  }
  return bytes < 1024 ** 2 ? `${bytes / 1024} KiB` : `${bytes / 1024 ** 2} MiB`;
}

function shape(name, attributes, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, value);
  }
  element.textContent = text;
  return element;
}

sample();
