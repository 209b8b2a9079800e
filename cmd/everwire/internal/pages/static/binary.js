"use strict";

// The binary demo. `socket` is a global, so you can also play with it in the console: socket.send(new Uint8Array(8)).

// A demo's WebSocket endpoint has the path of its page: http://host/binary becomes ws://host/binary.
const endpoint = location.origin.replace(/^http/, "ws") + location.pathname;
document.querySelector("[data-endpoint]").textContent = endpoint;

const most = 64 * 1024 * 1024; // what the server takes in one message

const form = document.forms.binary;
const file = document.getElementById("file");
const drop = document.getElementById("drop");
const send = document.getElementById("send");

let socket = null; // the latest WebSocket; it stays here after it has closed
let chosen = null; // what Send sends: {data, kind}, data being a File or a Uint8Array
let sent = null; // what is on its way: {bytes, digest, began}

// --- The WebSocket ---

// connect returns a promise of an open socket: the one there is, or a new one.
function connect() {
  if (socket && socket.readyState === WebSocket.OPEN) {
    return Promise.resolve();
  }
  return new Promise((resolve, reject) => {
    socket = new WebSocket(endpoint);
    socket.onopen = () => {
      showState();
      resolve();
    };
    socket.onmessage = receive;
    socket.onclose = event => {
      const how = event.wasClean ? "clean" : "not clean";
      document.getElementById("last-close").textContent = [event.code, how, event.reason].filter(Boolean).join(", ");
      if (sent) {
        judge("bad", `The connection was closed with code ${event.code} before the bytes came back.`);
      }
      sent = null;
      showState();
      reject(); // nothing happens if it had opened
    };
    showState();
  });
}

form.addEventListener("submit", async event => {
  event.preventDefault();
  if (sent) {
    return; // one at a time
  }
  if (!chosen) {
    judge("none", "Choose a file, or generate some bytes, first.");
    return;
  }
  const { data, kind } = chosen;
  const size = data instanceof Blob ? data.size : data.length;
  if (size > most) {
    judge("bad", `Not sent: the server takes ${amount(most)} in one message, and this is ${count(size)}.`);
    return;
  }
  const going = sent = {};
  showState();
  try {
    judge("none", "On its way…");
    clear("received");
    const bytes = data instanceof Blob ? new Uint8Array(await data.arrayBuffer()) : data;
    going.bytes = bytes;
    going.digest = await show("sent", kind, bytes);
    await connect();
    socket.binaryType = form.elements.type.value;
    going.began = performance.now();
    socket.send(data);
  } catch (error) {
    sent = null;
    if (error) { // of the file: it is gone, or has changed since it was chosen
      judge("bad", `Not sent: ${error.message}`);
    }
  }
  showState();
});

async function receive(event) {
  const arrived = performance.now();
  const going = sent;
  const isBlob = event.data instanceof Blob;
  const bytes = new Uint8Array(isBlob ? await event.data.arrayBuffer() : event.data);
  const digest = await show("received", isBlob ? "Blob" : "ArrayBuffer", bytes);
  if (!going) {
    return; // sent by hand
  }
  const took = Math.max(arrived - going.began, 0.1); // finer than that, the browser does not say
  document.getElementById("time").textContent = duration(took);
  document.getElementById("throughput").textContent = `${amount(2 * bytes.length / (took / 1000))}/s`;
  if (same(going.bytes, bytes) && going.digest === digest) {
    judge("good", `The same: ${count(bytes.length)} went there and came back in ${duration(took)}.`);
  } else {
    judge("bad", "Not the same: what came back differs from what was sent.");
  }
  sent = null;
  showState();
}

// --- What to send ---

function choose(data, kind) {
  chosen = { data, kind };
  const size = data instanceof Blob ? data.size : data.length;
  document.getElementById("chosen").textContent = `To send: ${kind}, ${count(size)}.`;
}

function chooseFile(picked) {
  choose(picked, `File “${picked.name}”`);
}

file.addEventListener("change", () => {
  if (file.files.length > 0) {
    chooseFile(file.files[0]);
  }
});

// Anywhere on the page will do. Without preventDefault on both events, the browser would leave it to show the file.
document.addEventListener("dragover", event => {
  event.preventDefault();
  drop.classList.add("over");
});
document.addEventListener("dragleave", () => drop.classList.remove("over"));
document.addEventListener("drop", event => {
  event.preventDefault();
  drop.classList.remove("over");
  if (event.dataTransfer.files.length > 0) {
    chooseFile(event.dataTransfer.files[0]);
  }
});

document.getElementById("generate").addEventListener("click", () => {
  const kib = document.getElementById("kib").valueAsNumber;
  const size = Math.round(kib * 1024);
  if (!(size >= 0 && size <= most)) { // NaN is not, either
    judge("bad", `From 0 to ${most / 1024} KiB, please.`);
    return;
  }
  const bytes = new Uint8Array(size);
  for (let start = 0; start < size; start += 65536) { // as many as the browser gives at a time
    crypto.getRandomValues(bytes.subarray(start, start + 65536));
  }
  choose(bytes, "Uint8Array");
});

// --- The page ---

// show fills one side, "sent" or "received", and returns the digest of the bytes.
async function show(side, kind, bytes) {
  document.getElementById(`${side}-kind`).textContent = kind;
  document.getElementById(`${side}-size`).textContent = count(bytes.length);
  document.getElementById(`${side}-dump`).textContent = hexDump(bytes);
  const digest = await sha256(bytes);
  document.getElementById(`${side}-digest`).textContent = digest;
  await showPicture(document.getElementById(`${side}-picture`), bytes);
  return digest;
}

function clear(side) {
  for (const part of ["kind", "size", "dump", "digest"]) {
    document.getElementById(`${side}-${part}`).textContent = "–";
  }
  document.getElementById(`${side}-picture`).hidden = true;
  document.getElementById("time").textContent = "…";
  document.getElementById("throughput").textContent = "…";
}

// sha256 returns the digest in hexadecimal. The browser computes it only for pages that nobody can have altered on
// their way, which are those from https: and from this machine.
async function sha256(bytes) {
  if (!crypto.subtle) {
    return "only over https: or on localhost";
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, byte => byte.toString(16).padStart(2, "0")).join("");
}

// showPicture draws the bytes on a canvas if the browser takes them for an image.
async function showPicture(canvas, bytes) {
  canvas.hidden = true;
  let picture;
  try {
    picture = await createImageBitmap(new Blob([bytes]));
  } catch {
    return; // they are something else
  }
  const scale = Math.min(1, 640 / Math.max(picture.width, picture.height));
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  canvas.hidden = false;
}

function same(a, b) {
  if (a.length !== b.length) {
    return false;
  }
  for (let i = 0; i < a.length; i++) { // a loop, because there may be millions
    if (a[i] !== b[i]) {
      return false;
    }
  }
  return true;
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
  document.getElementById("buffered-amount").textContent = socket ? socket.bufferedAmount.toLocaleString("en") : "0";
  send.setAttribute("aria-disabled", sent !== null); // not `disabled`, which would take the focus away
}

// bufferedAmount has no event of its own; the way to follow it is to look.
setInterval(showState, 100);

// The code on the page is that for the chosen type.
function showCode() {
  const type = form.elements.type.value;
  document.getElementById("type-in-code").textContent = type;
  document.getElementById("handler-in-code").textContent = type === "blob"
    ? "async event => {\n  const bytes = new Uint8Array(await event.data.arrayBuffer());\n}"
    : "event => {\n  const bytes = new Uint8Array(event.data);\n}";
}
form.addEventListener("change", showCode);
showCode(); // a browser may restore the choice of last time

function count(size) {
  return size === 1 ? "1 byte" : `${size.toLocaleString("en")} bytes`;
}

function amount(size) {
  const unit = size < 1024 ? 0 : size < 1024 ** 2 ? 1 : size < 1024 ** 3 ? 2 : 3;
  return `${Number((size / 1024 ** unit).toPrecision(3))} ${["bytes", "KiB", "MiB", "GiB"][unit]}`;
}

function duration(ms) {
  return ms < 1000 ? `${Number(ms.toPrecision(3))} ms` : `${(ms / 1000).toFixed(2)} s`;
}

// hexDump writes the first 64 bytes, 8 to a line: offset, hexadecimal, and the characters that ASCII has for them.
function hexDump(bytes) {
  const lines = [];
  for (let offset = 0; offset < Math.min(bytes.length, 64); offset += 8) {
    const row = Array.from(bytes.subarray(offset, offset + 8));
    const hex = row.map(byte => byte.toString(16).padStart(2, "0")).join(" ");
    const ascii = row.map(byte => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${offset.toString(16).padStart(4, "0")}  ${hex.padEnd(23)}  ${ascii}`);
  }
  if (bytes.length > 64) {
    lines.push(`… and ${(bytes.length - 64).toLocaleString("en")} more`);
  }
  return lines.join("\n") || "(no bytes)";
}
