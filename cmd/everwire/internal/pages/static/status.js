"use strict";

// The status page. `socket` is a global, so you can also play with it in the console:
// socket.send(JSON.stringify({do: "list", sort: "-sent", limit: 3}))

// The WebSocket endpoint has the path of its page: http://host/status becomes ws://host/status.
const endpoint = location.origin.replace(/^http/, "ws") + location.pathname;
for (const element of document.querySelectorAll("[data-endpoint]")) {
  const page = new URL(element.dataset.endpoint, location.href);
  element.textContent = element.dataset.endpoint ? page.href.replace(/^http/, "ws") : endpoint;
}

const at = id => document.getElementById(id);

let socket = null; // the latest WebSocket; it stays here after it has closed
let token = ""; // the operator's, once it was typed; it is kept nowhere else
let operator = false;
let sees = false; // the numbers
let started = 0; // when the server did
let retry = 0; // how often connecting has failed in a row
let timer = 0; // of the next attempt

// --- The WebSocket ---

function connect() {
  clearTimeout(timer);
  questions.clear(); // another connection's
  listing = false;
  socket = new WebSocket(endpoint);
  showState();
  socket.onopen = () => {
    say("Connected.");
    if (token) {
      ask({ do: "sign-in", token });
    }
  };
  socket.onmessage = event => receive(JSON.parse(event.data));
  socket.onclose = closed;
}

const signInFirst = 4001, nobody = 4003, policy = 1008; // codes of the server's

function closed(event) {
  operator = sees = false;
  if (event.code === signInFirst || event.code === policy) {
    token = "";
    say(event.code === signInFirst ? "Sign in to see the numbers." : `Closed: ${event.reason}.`);
    show({ signIn: true });
    return;
  }
  if (event.code === nobody) {
    say("From here nothing is to be seen without an operator’s token.");
    show({ noToken: true });
    return;
  }
  // Twice as long each time, up to 15 seconds, and not everybody at once.
  const seconds = Math.min(15, 0.5 * 2 ** retry) * (0.75 + Math.random() / 2);
  retry++;
  const why = event.reason ? `Closed with code ${event.code}: ${event.reason}.` : "Connection lost.";
  say(`${why} Trying again in ${seconds < 1.5 ? "a second" : Math.round(seconds) + " seconds"}.`);
  timer = setTimeout(connect, seconds * 1000);
}

const questions = new Map(); // what to do with an answer, by the number of its question
let lastQuestion = 0;

function ask(command, answered = () => {}) {
  if (socket.readyState !== WebSocket.OPEN) {
    return;
  }
  questions.set(++lastQuestion, answered);
  socket.send(JSON.stringify({ ...command, id: lastQuestion }));
}

function receive(event) {
  switch (event.is) {
    case "hello":
      hello(event.hello);
      break;
    case "history":
      samples = event.history;
      draw();
      break;
    case "numbers":
      samples.push(event.numbers);
      draw();
      at("found").setAttribute("aria-live", "off"); // what comes by itself is not read out
      list();
      break;
    case "answer":
      questions.get(event.id)?.(event);
      break;
    case "frames":
      frames(event.frames);
      break;
    case "gone":
      gone(event.gone);
      break;
  }
  if (event.is === "answer" && event.error && !operator && token) {
    token = "";
    say(`Not signed in: ${event.error}.`);
    show({ numbers: sees, signIn: true });
    at("token").focus();
  }
  questions.delete(event.id);
}

function hello(h) {
  retry = 0;
  const restarted = started !== h.started;
  started = h.started;
  operator = h.operator;
  sees = h.numbers;
  show({ numbers: h.numbers, signIn: !h.operator && h.sign_in && !token, noToken: !h.sign_in, desk: h.operator });
  if (h.operator) {
    say("Signed in.");
    at("token").value = "";
    list();
    if (tapped && !restarted) {
      ask({ do: "tap", socket: tapped }, tapAnswered);
    } else if (tapped) {
      tapped = 0;
      tapSay("The server was started anew; this connection is gone.");
    }
  }
}

document.forms.operator.addEventListener("submit", event => {
  event.preventDefault();
  token = at("token").value.trim();
  if (!token) {
    return;
  }
  if (socket.readyState === WebSocket.OPEN) {
    ask({ do: "sign-in", token });
  } else {
    connect(); // which signs in
  }
});

at("sign-out").addEventListener("click", () => {
  token = "";
  operator = false;
  untap();
  socket.onclose = null;
  socket.close();
  show({});
  connect();
});

at("retry").addEventListener("click", connect);

// --- The page ---

function say(words) {
  at("status").textContent = words;
  showState();
}

function showState() {
  const name = ["CONNECTING", "OPEN", "CLOSING", "CLOSED"][socket ? socket.readyState : WebSocket.CLOSED];
  const state = at("state");
  if (state.textContent !== name) {
    state.textContent = name;
    state.dataset.state = name;
  }
  at("retry").hidden = name !== "CLOSED" || !at("sign-in").hidden;
}

// show shows those sections that are named, and hides the others.
function show({ numbers = false, signIn = false, noToken = false, desk = false }) {
  at("numbers").hidden = !numbers;
  at("sign-in").hidden = !signIn;
  at("no-token").hidden = !noToken;
  at("desk").hidden = !desk;
  if (!desk && at("close-dialog").open) {
    at("close-dialog").close();
  }
  showState();
}

const loopback = /^(localhost|127\.[0-9.]+|\[::1\])$/.test(location.hostname);
at("insecure").hidden = loopback || location.protocol === "https:";

function count(n) {
  return n.toLocaleString("en", { maximumFractionDigits: n < 10 ? 1 : 0 });
}

function octets(n) {
  if (n < 1024) {
    return `${count(n)} B`;
  }
  const power = Math.min(5, Math.floor(Math.log2(n) / 10));
  const value = n / 1024 ** power;
  return `${value.toFixed(value < 10 ? 1 : 0)} ${["", "K", "M", "G", "T", "P"][power]}iB`;
}

function milliseconds(ms) {
  if (ms >= 1000) {
    return `${(ms / 1000).toFixed(1)} s`;
  }
  return `${ms > 0 && ms < 10 ? ms.toFixed(ms < 0.1 ? 2 : 1) : Math.round(ms)} ms`;
}

function span(seconds) {
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const i = Math.max(0, units.findIndex(([, length]) => seconds >= length));
  if (seconds < 60) {
    return `${Math.max(0, Math.floor(seconds))} s`;
  }
  const [unit, length] = units[i];
  const [lesser, lesserLength] = units[i + 1];
  const rest = Math.floor(seconds % length / lesserLength);
  return `${Math.floor(seconds / length)} ${unit}${rest && unit !== "min" ? ` ${rest} ${lesser}` : ""}`;
}

// --- The numbers ---

let samples = []; // of the last five minutes, the newest last
const minutes = 5;

// What a tile says, and the curves of its chart. A second curve is drawn paler.
const charts = {
  connections: { say: n => [count(n.connections)], curves: [n => n.connections], unit: count },
  handshakes: {
    say: n => [`${count(n.handshakes.accepted_per_s)}/s`, `${count(n.handshakes.accepted)} accepted, ${count(n.handshakes.refused)} refused`],
    curves: [n => n.handshakes.accepted_per_s, n => n.handshakes.refused_per_s], unit: n => `${count(n)}/s`,
  },
  messages: {
    say: n => [`${count(n.received.messages_per_s)}/s in`, `${count(n.sent.messages_per_s)}/s out`],
    curves: [n => n.received.messages_per_s, n => n.sent.messages_per_s], unit: n => `${count(n)}/s`,
  },
  octets: {
    say: n => [`${octets(n.received.octets_per_s)}/s in`, `${octets(n.sent.octets_per_s)}/s out`],
    curves: [n => n.received.octets_per_s, n => n.sent.octets_per_s], unit: n => `${octets(n)}/s`,
  },
  "round-trip": {
    say: n => n.round_trip ? [milliseconds(n.round_trip.median_ms), `99 %: ${milliseconds(n.round_trip.p99_ms)}`] : ["–", "no Ping was answered"],
    curves: [n => n.round_trip?.median_ms ?? 0, n => n.round_trip?.p99_ms ?? 0], unit: milliseconds,
  },
  lag: {
    say: n => [milliseconds(n.lag_ms), `${milliseconds(n.wait_ms)} for a processor`],
    curves: [n => n.lag_ms, n => n.wait_ms], unit: milliseconds,
  },
  memory: {
    say: n => [octets(n.memory), `${octets(n.heap)} of values`],
    curves: [n => n.memory, n => n.heap], unit: octets,
  },
  goroutines: { say: n => [count(n.goroutines)], curves: [n => n.goroutines], unit: count },
};

function draw() {
  const newest = samples.at(-1);
  if (!newest) {
    return;
  }
  samples = samples.filter(n => n.time > newest.time - minutes * 60 * 1000);
  worry(newest);
  for (const [name, chart] of Object.entries(charts)) {
    const [main, more] = chart.say(newest);
    write(at(name), main, more);
    curve(document.querySelector(`[data-chart="${name}"]`), chart, newest.time);
  }
}

// worry says what an operator should look after.
function worry(newest) {
  const words = [];
  if (newest.shedding) {
    words.push(`New connections are answered with 503 (${newest.shedding}).`);
  }
  if (newest.rooms?.broker) {
    words.push(`What joins this server with others is out of reach (${newest.rooms.broker}).`);
  }
  const text = words.join(" ");
  if (at("trouble").textContent !== text) { // else it would be read out each second
    at("trouble").textContent = text;
    at("trouble").hidden = text === "";
  }
}

// write puts a value and what is said below it into an element, touching only what is another than before.
function write(element, main, more = "") {
  const text = more ? `${main}\n${more}` : main;
  if (element.dataset.text === text) {
    return;
  }
  element.dataset.text = text;
  const parts = [main];
  if (more) {
    const small = document.createElement("small");
    small.textContent = more;
    parts.push(" ", small);
  }
  element.replaceChildren(...parts);
}

function curve(svg, chart, now) {
  const width = 240, height = 56;
  const highest = Math.max(...chart.curves.flatMap(value => samples.map(value)));
  const top = highest || 1;
  const x = n => width - (now - n.time) / (minutes * 60 * 1000) * width;
  const y = value => height - 1 - value / top * (height - 4);
  const points = value => samples.map(n => `${x(n).toFixed(1)},${y(value(n)).toFixed(1)}`).join(" ");
  const [first, second] = chart.curves.map(points);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("preserveAspectRatio", "none");
  const parts = [
    shape("line", { class: "grid", x1: 0, x2: width, y1: height - 1, y2: height - 1 }),
    shape("polygon", { class: "area", points: `${x(samples[0])},${height - 1} ${first} ${width},${height - 1}` }),
  ];
  if (second) {
    parts.push(shape("polyline", { class: "other", points: second }));
  }
  parts.push(shape("polyline", { class: "curve", points: first }));
  svg.replaceChildren(...parts);
  svg.nextElementSibling?.remove();
  const caption = document.createElement("small");
  caption.textContent = `most: ${chart.unit(highest)}`;
  svg.after(caption);
}

function shape(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, value);
  }
  return element;
}

// --- The sockets ---

const pageSize = 25;
let offset = 0;
let listing = false; // an answer is awaited
let again = false; // and what was asked for has changed meanwhile
const rows = new Map(); // by the connection's number

function list() {
  if (!operator || document.hidden || listing) {
    return;
  }
  listing = true;
  again = false;
  const search = at("search").value.trim();
  ask({ do: "list", search, sort: at("sort").value, offset, limit: pageSize }, answer => {
    listing = false;
    if (again) {
      list();
    } else if (answer.listing) {
      showList(answer.listing);
    } else {
      at("found").textContent = answer.error;
    }
  });
}

// listAnew is for when something else is to be listed.
function listAnew(from) {
  at("found").setAttribute("aria-live", "polite");
  offset = from;
  again = true;
  list();
}

document.forms.find.addEventListener("submit", event => event.preventDefault());
at("search").addEventListener("input", () => listAnew(0));
at("sort").addEventListener("change", () => listAnew(0));
at("previous").addEventListener("click", () => {
  if (offset > 0) {
    listAnew(Math.max(0, offset - pageSize));
  }
});
at("next").addEventListener("click", event => {
  if (event.currentTarget.getAttribute("aria-disabled") === "false") {
    listAnew(offset + pageSize);
  }
});

function showList(l) {
  offset = l.offset;
  const body = at("sockets");
  const here = new Set(l.sockets.map(s => s.id));
  for (const [id, row] of rows) {
    if (!here.has(id)) {
      row.remove();
      rows.delete(id);
    }
  }
  const focused = document.activeElement;
  let place = body.firstElementChild;
  for (const s of l.sockets) {
    let row = rows.get(s.id);
    if (!row) {
      row = newRow(s);
      rows.set(s.id, row);
    }
    if (row === place) {
      place = place.nextElementSibling;
    } else {
      body.insertBefore(row, place);
    }
    fill(row, s);
  }
  if (focused !== document.activeElement && focused.isConnected) {
    focused.focus(); // its row was moved
  }
  const last = offset + l.sockets.length;
  const which = l.found === l.total ? count(l.total) : `${count(l.found)} found, ${count(l.total)} in all`;
  const text = l.found === 0 ? (l.total === 0 ? "No connections." : `Nothing found among ${count(l.total)}.`)
    : l.found <= pageSize ? which : `${count(offset + 1)} to ${count(last)} of ${which}`;
  if (at("found").textContent !== text) {
    at("found").textContent = text;
  }
  at("previous").setAttribute("aria-disabled", offset === 0);
  at("next").setAttribute("aria-disabled", last >= l.found);
}

const columns = ["No.", "Address", "Path", "Since", "Received", "Sent", "Queue", "RTT"];

function newRow(s) {
  const row = document.createElement("tr");
  row.setAttribute("role", "row");
  row.dataset.id = s.id;
  for (const name of columns) {
    const cell = document.createElement("td");
    cell.setAttribute("role", "cell");
    cell.dataset.label = name;
    row.append(cell);
  }
  const actions = document.createElement("td");
  actions.setAttribute("role", "cell");
  actions.className = "actions";
  for (const [name, act] of [["Tap", tap], ["Close", askToClose]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain small";
    button.textContent = name;
    button.setAttribute("aria-label", `${name} number ${s.id}`);
    button.addEventListener("click", () => act(s));
    actions.append(button, " ");
  }
  row.append(actions);
  return row;
}

function fill(row, s) {
  const cells = row.children;
  row.classList.toggle("tapped", s.id === tapped);
  row.classList.toggle("leaving", s.state !== "OPEN");
  const since = span((samples.at(-1)?.time - s.since) / 1000 || 0);
  write(cells[0], String(s.id));
  write(cells[1], s.address, visible(s.agent || "no user agent"));
  write(cells[2], visible(s.path), s.subprotocol ? visible(s.subprotocol) : "");
  write(cells[3], since, s.state === "OPEN" ? "" : s.state);
  write(cells[4], count(s.received.messages), octets(s.received.octets));
  write(cells[5], count(s.sent.messages), octets(s.sent.octets));
  write(cells[6], octets(s.queued));
  write(cells[7], s.round_trip_ms ? milliseconds(s.round_trip_ms) : "–");
  cells[3].title = new Date(s.since).toLocaleString();
}

// --- Closing one ---

let closing = 0;

function askToClose(s) {
  closing = s.id;
  at("close-who").textContent = `Number ${s.id}: ${s.address}, ${visible(s.path)}`;
  at("close-error").textContent = "";
  at("close-dialog").showModal();
}

at("cancel").addEventListener("click", () => at("close-dialog").close());

document.forms.close.addEventListener("submit", event => {
  event.preventDefault();
  const id = closing;
  ask({ do: "close", socket: id, code: Number(at("code").value), reason: at("reason").value }, answer => {
    if (answer.error) {
      at("close-error").textContent = answer.error;
      return;
    }
    at("close-dialog").close();
    say(`Number ${id} is closing.`);
    list();
  });
});

// --- Tapping one ---

let tapped = 0; // whose frames are shown
let held = false;
let shown = 0, missed = 0; // frames of this tap
const mostFrames = 300;

function tap(s) {
  untap();
  tapped = s.id;
  shown = missed = 0;
  hold(false);
  at("frames").replaceChildren();
  at("tap").hidden = false;
  at("tap-title").textContent = `Frames of number ${s.id}`;
  ask({ do: "tap", socket: s.id }, tapAnswered);
  at("tap").scrollIntoView({ block: "nearest" });
}

function tapAnswered(answer) {
  if (answer.error) {
    tapped = 0;
    tapSay(answer.error);
  } else {
    tapSay("Frames appear here as they come and go.");
  }
}

function untap() {
  if (tapped) {
    ask({ do: "untap", socket: tapped });
    tapped = 0;
  }
}

at("untap").addEventListener("click", () => {
  untap();
  at("tap").hidden = true;
});

at("hold").addEventListener("click", () => hold(!held));

function hold(on) {
  held = on;
  at("hold").setAttribute("aria-pressed", on);
  at("hold").textContent = on ? "Go on" : "Hold";
}

function tapSay(words) {
  at("tap-status").textContent = words;
}

function frames(batch) {
  if (batch.socket !== tapped) {
    return;
  }
  missed += batch.missed ?? 0;
  if (held) {
    missed += batch.frames.length;
  } else {
    shown += batch.frames.length;
  }
  tapSay(`${count(shown)} frames${missed ? `, ${count(missed)} more are not shown` : ""}.`);
  if (held) {
    return;
  }
  const log = at("frames");
  log.prepend(...batch.frames.map(line).reverse());
  while (log.childElementCount > mostFrames) {
    log.lastElementChild.remove();
  }
}

function gone(g) {
  if (g.socket !== tapped) {
    return;
  }
  tapped = 0;
  const how = `code ${g.code}${g.clean ? "" : ", not clean"}${g.reason ? ": " + visible(g.reason) : ""}`;
  tapSay(`Closed with ${how}.`);
  say(`Number ${g.socket} was closed with ${how}.`);
  list();
}

const opcodes = { 0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong" };

// line makes the line of one frame.
function line(f) {
  const p = document.createElement("p");
  const time = new Date(f.time / 1000);
  p.dataset.time = time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  p.dataset.kind = f.sent ? "sent" : "received";
  const head = document.createElement("span");
  const name = document.createElement("b");
  name.textContent = `${f.sent ? "→" : "←"} ${opcodes[f.opcode] ?? "opcode " + f.opcode}`;
  const flags = [f.fin ? "FIN" : "", f.rsv & 4 ? "RSV1" : "", f.rsv & 2 ? "RSV2" : "", f.rsv & 1 ? "RSV3" : "", f.masked ? "masked" : ""];
  const detail = document.createElement("i");
  detail.textContent = ` ${flags.filter(Boolean).join(" ")} ${octets(f.length)} `;
  const payload = document.createElement("bdi");
  payload.textContent = payloadOf(f); // never innerHTML: this comes from other people
  head.append(name, detail, payload);
  p.append(head);
  return p;
}

function payloadOf(f) {
  const start = Uint8Array.from(atob(f.start ?? ""), c => c.charCodeAt(0));
  const rest = f.length > start.length ? " …" : "";
  if (f.opcode === 8 && start.length >= 2) {
    return `${start[0] << 8 | start[1]} ${visible(new TextDecoder().decode(start.subarray(2)))}`;
  }
  if (f.opcode !== 2 && !f.compressed) {
    try {
      const decoder = new TextDecoder("utf-8", { fatal: true });
      return visible(decoder.decode(start, { stream: Boolean(rest) })) + rest;
    } catch {
      // it is no text
    }
  }
  return [...start].map(octet => octet.toString(16).padStart(2, "0")).join(" ") + rest + (f.compressed ? " (compressed)" : "");
}

// visible writes as numbers what else would not be seen, or would turn what follows around.
function visible(text) {
  const short = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g,
    c => short[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

connect();
