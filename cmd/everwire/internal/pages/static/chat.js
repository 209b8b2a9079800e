"use strict";

// The chat demo: the raw chat, and rooms by chat-client.js. `socket` and `chat` are globals, so you can also play with
// them in the console: socket.send("by hand").

// A demo's WebSocket endpoint has the path of its page: http://host/chat becomes ws://host/chat.
const endpoint = location.origin.replace(/^http/, "ws") + location.pathname;
document.querySelectorAll("[data-endpoint]").forEach(e => e.textContent = endpoint);

const form = document.forms.publish;
const reconnect = document.getElementById("reconnect");

let socket;

// --- The raw chat: the WebSocket ---

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

// --- The raw chat: the page ---

function clock(time) {
  return time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

function show(text) {
  const messages = document.getElementById("messages");
  const message = document.createElement("div");
  message.textContent = text; // never innerHTML: this text comes from other people
  message.dataset.time = clock(new Date());
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
  showPill(socket.readyState);
  document.getElementById("status").textContent = status;
  reconnect.hidden = socket.readyState !== WebSocket.CLOSED;
}

function showPill(readyState) {
  const name = ["CONNECTING", "OPEN", "CLOSING", "CLOSED"][readyState];
  const state = document.getElementById("state");
  state.textContent = name;
  state.dataset.state = name;
}

// --- Rooms ---

const others = document.querySelector("meta[name=everwire-nodes]")?.content.split(" ") ?? [];
const nodes = [endpoint, ...others.filter(node => node !== endpoint)];
const at = id => document.getElementById(id);
const feed = at("feed");

let chat; // while the rooms are shown
const joined = new Map(); // of this page's rooms, by name: { lines, members, count, unread, me }
let current; // the name of the one that is shown

function begin() {
  chat = new EverwireChat(nodes);
  chat.onstate = showLine;

  chat.onjoined = function(name, missed, gap) {
    const room = joined.get(name);
    room.gap = gap;
    if (gap) { // what is on the page ends somewhere before what comes now
      room.lines = [line({ note: "What was said before is not kept any more." }), ...room.lines.filter(l => l.dataset.kind === "sent")];
      redraw(name);
    }
  };

  chat.onmessage = function(name, message) {
    const room = joined.get(name);
    const waiting = room.lines.findIndex(l => l.dataset.id && l.dataset.id === message.id);
    const own = waiting >= 0;
    if (own) {
      room.lines.splice(waiting, 1)[0].remove();
    }
    const last = room.lines.findLastIndex(l => l.dataset.kind !== "sent") + 1; // what waits to be kept stays below
    const text = line({ from: message.from, text: textOf(message), time: new Date(message.time) });
    room.lines.splice(last, 0, text);
    if (room.lines.length > 500) {
      room.lines.shift().remove();
    }
    if (name === current) {
      keepingTheEnd(() => feed.insertBefore(text, room.lines[room.lines.indexOf(text) + 1] ?? null));
    } else {
      room.unread++;
      showRooms();
    }
  };

  chat.oncaughtup = function(name, missed) {
    const room = joined.get(name);
    if (room.gap) {
      say("Back again, but away for too long: some messages are not kept any more.");
    } else if (room.returned) {
      const number = missed === 1 ? "1 message" : `${missed} messages`;
      say(missed > 0 ? `Caught up: ${number} came while you were away.` : "Back again. Nothing was missed.");
    }
    room.returned = true;
  };

  chat.onmembers = function(name, members, count, me) {
    Object.assign(joined.get(name), { members, count, me });
    if (name === current) {
      showPeople();
    }
  };

  chat.onleft = function(name, why) {
    forget(name);
    say(why ? `Not in ${name}: ${why}.` : `You are no longer in ${name}.`);
  };

  chat.connect();
}

function textOf(message) {
  const text = message.data?.text ?? message.data;
  return typeof text === "string" ? text : JSON.stringify(message.data);
}

// line makes a line of a room. Text goes in as text: it comes from other people.
function line({ from, text, note, time, id }) {
  const message = document.createElement("div");
  message.dataset.time = time ? clock(time) : "";
  const words = document.createElement("span");
  words.textContent = note ?? text;
  if (note) {
    message.dataset.kind = "note";
  } else {
    const name = document.createElement("b");
    const isolated = document.createElement("bdi"); // whatever script the name is in
    isolated.textContent = from ?? "server";
    name.append(isolated);
    words.prepend(name, " ");
  }
  if (id) {
    message.dataset.id = id;
    message.dataset.kind = "sent";
  }
  message.append(words);
  return message;
}

// keepingTheEnd changes the feed, and shows its end if that was shown before.
function keepingTheEnd(change) {
  const atEnd = feed.scrollHeight - feed.scrollTop - feed.clientHeight < 40;
  change();
  if (atEnd) {
    feed.scrollTop = feed.scrollHeight;
  }
}

function redraw(name) {
  if (name === current) {
    feed.replaceChildren(...joined.get(name).lines);
    feed.scrollTop = feed.scrollHeight;
  }
}

function select(name) {
  current = name;
  at("talk").hidden = name === undefined;
  if (name === undefined) {
    return;
  }
  const room = joined.get(name);
  room.unread = 0;
  at("current").textContent = name;
  showRooms();
  showPeople();
  redraw(name);
  history.replaceState(null, "", "#room=" + encodeURIComponent(name));
}

function showRooms() {
  at("joined").replaceChildren(...[...joined].map(([name, room]) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain small";
    button.setAttribute("aria-pressed", name === current);
    button.textContent = name;
    if (room.unread > 0) {
      const unread = document.createElement("span");
      unread.className = "unread";
      unread.textContent = room.unread;
      unread.title = `${room.unread} unread`;
      button.append(" ", unread);
    }
    button.onclick = () => select(name);
    item.append(button);
    return item;
  }));
}

function showPeople() {
  const room = joined.get(current);
  at("here").textContent = `Here: ${room.count}`;
  const mine = person => person.id === room.me;
  const people = [...room.members.values()].sort((a, b) =>
    mine(b) - mine(a) || a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1));
  at("people").replaceChildren(...people.map(person => {
    const item = document.createElement("li");
    const name = document.createElement("bdi");
    name.textContent = person.name;
    item.append(name, mine(person) ? " (you)" : "");
    return item;
  }));
}

function forget(name) {
  joined.delete(name);
  if (name === current) {
    select(joined.keys().next().value);
  }
  showRooms();
}

// --- Rooms: the line ---

let countdown;

function say(text) {
  at("line").textContent = text;
}

function showLine(state, detail) {
  clearInterval(countdown);
  showPill(chat.readyState);
  at("now").hidden = state !== "waiting";
  document.forms.key.hidden = state !== "unauthorized";
  const where = nodes.length > 1 ? " to " + new URL(chat.node).host : "";
  switch (state) {
  case "connecting": say(`Connecting${where}…`); break;
  case "open": say(`Connected${where}.`); break;
  case "unauthorized": say("A token is needed."); break;
  case "ended": say(`Ended: ${detail}.`); break;
  case "waiting": {
    const until = performance.now() + detail;
    const tick = function() {
      const seconds = Math.ceil((until - performance.now()) / 1000);
      say(seconds > 1 ? `Offline. Trying again in ${seconds} s.` : "Offline. Trying again.");
    };
    countdown = setInterval(tick, 1000);
    tick();
  }
  }
}

at("now").onclick = () => chat.retryNow();

document.forms.key.onsubmit = function() {
  chat.signIn(at("token").value.trim());
  at("token").value = "";
  return false;
};

// --- Rooms: the forms ---

document.forms.enter.onsubmit = function() {
  const name = at("name").value.trim();
  const room = at("room").value.trim();
  remember(name);
  if (name && room && !joined.has(room)) {
    joined.set(room, { lines: [], members: new Map(), count: 0, unread: 0 });
    chat.join(room, name);
  }
  if (joined.has(room)) {
    select(room);
    at("words").focus();
  }
  return false;
};

document.forms.say.onsubmit = function() {
  const name = current;
  const room = joined.get(name);
  const text = at("words").value;
  const done = chat.publish(name, { text });
  const from = [...room.members.values()].find(person => person.id === room.me)?.name ?? at("name").value;
  const waiting = line({ from, text, time: new Date(), id: done.id });
  room.lines.push(waiting);
  feed.append(waiting);
  feed.scrollTop = feed.scrollHeight;
  at("words").value = "";
  done.catch(function(error) { // the server will not have it
    waiting.dataset.kind = "error";
    delete waiting.dataset.id;
    say(`Not sent: ${error.message}.`);
  });
  return false;
};

at("leave").onclick = function() {
  const name = current;
  chat.leave(name);
  forget(name);
};

function remember(name) {
  try {
    localStorage.setItem("everwire.name", name);
  } catch {} // then it is not remembered
}

function remembered() {
  try {
    return localStorage.getItem("everwire.name") ?? "";
  } catch {
    return "";
  }
}

// --- Which chat ---

function showRaw() {
  mode("raw");
  clearInterval(countdown);
  chat?.close();
  chat = undefined;
  joined.clear();
  select(undefined);
  showRooms();
  history.replaceState(null, "", location.pathname + location.search);
  connect();
}

function showTheRooms() {
  mode("rooms");
  if (socket) {
    const old = socket;
    old.onmessage = old.onclose = null;
    old.onopen = () => old.close(1000); // to close it before is to fail, and browsers complain
    if (old.readyState === WebSocket.OPEN) {
      old.close(1000);
    }
  }
  at("name").value ||= remembered();
  begin();
}

function mode(name) {
  for (const other of ["raw", "rooms"]) {
    at(other).hidden = other !== name;
    at(other + "-mode").setAttribute("aria-pressed", other === name);
  }
}

at("raw-mode").onclick = () => chat && showRaw();
at("rooms-mode").onclick = () => chat || showTheRooms();

// The address #room=lobby leads to a room, for who has a name already.
const wanted = new URLSearchParams(location.hash.slice(1)).get("room");
if (wanted) {
  at("room").value = wanted;
  showTheRooms();
  if (at("name").value) {
    document.forms.enter.requestSubmit();
  }
} else {
  connect();
}
