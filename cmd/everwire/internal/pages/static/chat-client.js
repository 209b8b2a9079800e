"use strict";

// A client of everwire.chat.v1, for any page: rooms, names, who is here, and lines that may be lost. It comes back by
// itself, to another node if there is one, and then gets what it has missed, so that a page sees every message
// of its rooms once, in order.
//
//   const chat = new EverwireChat(["wss://a.example.com/chat", "wss://b.example.com/chat"]);
//   chat.onmessage = (room, message) => console.log(room, message.from, message.data);
//   chat.join("blue", "Ada", 50);
//   await chat.publish("blue", { text: "Hello" });
//
// docs/chat-protocol.md has the protocol.

class EverwireChat {
  // What happens, for a page to set.
  onstate = function(state, detail) {}; // "connecting", "open", "waiting" (detail: ms), "unauthorized", "ended" (detail: why)
  onjoined = function(room, missed, gap) {}; // again after each return; gap: what was before is not whole
  onmessage = function(room, message) {};
  oncaughtup = function(room, missed) {}; // all that was missed has come
  onmembers = function(room, members, count) {}; // members is a Map of ids, empty if they are too many
  onleft = function(room, why) {};

  #nodes;
  #node = 0;
  #socket;
  #rooms = new Map();
  #timer;
  #attempt = 0;
  #opened = 0;
  #random = crypto.getRandomValues(new Uint32Array(3)).join("-");
  #ids = 0;
  #online = () => this.retryNow();

  #token = "";

  constructor(nodes) {
    this.#nodes = nodes;
  }

  get readyState() {
    return this.#socket?.readyState ?? WebSocket.CLOSED;
  }

  get node() {
    return this.#nodes[this.#node];
  }

  // --- What a page asks for ---

  connect() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    addEventListener("online", this.#online); // once, however often that is said
    const socket = new WebSocket(this.node, "everwire.chat.v1");
    this.#socket = socket;
    this.onstate("connecting");
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#open();
    socket.onmessage = event => this.#hear(event.data);
    socket.onclose = event => this.#closed(event);
  }

  // signIn gives the server a token, which it has asked for by the state "unauthorized".
  signIn(token) {
    this.#token = token;
    if (this.readyState === WebSocket.OPEN) { // if it is about to be closed, the state comes again
      this.#send({ type: "auth", token });
    } else {
      this.connect();
    }
  }

  // retryNow does not wait any longer to connect again.
  retryNow() {
    if (this.#timer !== undefined) {
      this.connect();
    }
  }

  close() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    removeEventListener("online", this.#online);
    const socket = this.#socket;
    if (socket) {
      socket.onmessage = socket.onclose = null;
      socket.onopen = () => socket.close(1000); // to close it before is to fail, and browsers complain
      if (socket.readyState === WebSocket.OPEN) {
        socket.close(1000);
      }
    }
    for (const room of this.#rooms.values()) {
      clearTimeout(room.timer);
    }
    this.#rooms.clear();
  }

  // join enters a room, and asks for so many of the last messages.
  join(name, as, recent = 50) {
    const room = { name, as, recent, members: new Map(), count: 0, outbox: [], missing: 0, missed: 0, attempt: 0 };
    this.#rooms.set(name, room);
    this.#join(room);
  }

  leave(name) {
    const room = this.#rooms.get(name);
    clearTimeout(room?.timer);
    this.#rooms.delete(name);
    room?.outbox.forEach(item => item.reject(new Error("the room was left")));
    this.#send({ type: "leave", room: name });
  }

  // publish resolves to the message's position when the server has it, however many lines that takes.
  publish(name, data) {
    const room = this.#rooms.get(name);
    const item = { id: `${this.#random}-${++this.#ids}`, data };
    const done = new Promise((resolve, reject) => Object.assign(item, { resolve, reject }));
    done.id = item.id;
    room.outbox.push(item);
    if (room.outbox.length === 1) {
      this.#publishFirst(room);
    }
    return done;
  }

  // --- The line ---

  #open() {
    this.#opened = performance.now();
    if (this.#token) {
      this.#send({ type: "auth", token: this.#token });
    }
    for (const room of this.#rooms.values()) {
      this.#join(room);
    }
    this.onstate("open");
  }

  #closed(event) {
    for (const room of this.#rooms.values()) {
      room.joined = false;
      clearTimeout(room.timer);
    }
    if (event.code === 4401) {
      this.onstate("unauthorized");
      return;
    }
    if ([1000, 1003, 1008, 1009, 4403].includes(event.code)) { // it would come to the same again
      this.onstate("ended", event.reason || `closed with code ${event.code}`);
      return;
    }
    if (this.#opened && performance.now() - this.#opened > 10_000) {
      this.#attempt = 0;
    }
    this.#opened = 0;
    this.#node = (this.#node + 1) % this.#nodes.length;
    // A random part of a bound that grows, so that not all clients of a node that died come at once.
    const wait = Math.random() * Math.min(30_000, 1000 * 2 ** this.#attempt++);
    this.#timer = setTimeout(() => this.connect(), wait);
    this.onstate("waiting", wait);
  }

  #send(request) {
    if (this.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify(request));
    }
  }

  #hear(text) {
    const reply = JSON.parse(typeof text === "string" ? text : new TextDecoder().decode(text));
    const room = this.#rooms.get(reply.room);
    switch (reply.type) {
    case "joined": if (room) this.#joined(room, reply); break;
    case "message": if (room) this.#message(room, reply); break;
    case "member": if (room) this.#member(room, reply); break;
    case "members": if (room) this.#members(room, reply); break;
    case "published": if (room) this.#published(room, reply); break;
    case "left": if (room) this.#left(room); break;
    case "authenticated": this.onstate("open"); break;
    case "error": this.#failed(room, reply); break;
    }
  }

  // --- Rooms ---

  #join(room) {
    const request = { type: "join", room: room.name, name: room.as };
    if (room.position) {
      request.from = room.position;
    } else {
      request.recent = room.recent;
    }
    this.#send(request);
  }

  #joined(room, reply) {
    room.joined = true;
    room.attempt = 0;
    room.me = reply.member.id;
    room.position = reply.position;
    room.missing = room.missed = reply.missed;
    this.onjoined(room.name, reply.missed, Boolean(room.gap));
    room.gap = false;
    this.#members(room, reply);
    this.#publishFirst(room);
    this.#caughtUp(room);
  }

  #message(room, reply) {
    room.position = reply.position;
    this.onmessage(room.name, reply);
    if (room.missing > 0) {
      room.missing--;
      this.#caughtUp(room);
    }
  }

  #caughtUp(room) {
    if (room.missing === 0) {
      this.oncaughtup(room.name, room.missed);
    }
  }

  #members(room, reply) {
    room.members = new Map((reply.members ?? []).map(member => [member.id, member]));
    room.count = reply.count;
    this.onmembers(room.name, room.members, room.count, room.me);
  }

  #member(room, reply) {
    if (reply.event === "left") {
      room.members.delete(reply.member.id);
    } else {
      room.members.set(reply.member.id, reply.member);
    }
    room.count = reply.count;
    this.onmembers(room.name, room.members, room.count, room.me);
  }

  #left(room, why) {
    this.#rooms.delete(room.name);
    room.outbox.forEach(item => item.reject(new Error(why ?? "the server has ended it")));
    this.onleft(room.name, why);
  }

  // --- Publishing: one at a time, so that the order holds, and again with the same id until there is an answer ---

  #publishFirst(room) {
    const item = room.outbox[0];
    if (item && room.joined) {
      this.#send({ type: "publish", room: room.name, id: item.id, data: item.data });
    }
  }

  #published(room, reply) {
    if (room.outbox[0]?.id === reply.id) {
      room.attempt = 0;
      room.outbox.shift().resolve(reply.position);
      this.#publishFirst(room);
    }
  }

  // --- Errors ---

  #failed(room, reply) {
    if (reply.code === "unauthorized" || reply.code === "expired") { // nothing but a token helps
      this.onstate("unauthorized");
      return;
    }
    switch (reply.request) {
    case "join":
      if (!room) {
        return;
      }
      room.joined = false;
      if (reply.code === "too_old") {
        room.position = undefined;
        room.gap = true;
        this.#join(room);
      } else if (reply.retry) {
        this.#again(room, reply, () => this.#join(room));
      } else {
        this.#left(room, reply.text);
      }
      break;
    case "publish":
      if (room?.outbox[0]?.id !== reply.id) {
        return;
      }
      if (reply.retry) {
        this.#again(room, reply, () => this.#publishFirst(room));
      } else {
        room.outbox.shift().reject(new Error(reply.text));
        this.#publishFirst(room);
      }
      break;
    }
  }

  #again(room, reply, what) {
    const wait = reply.after_ms ?? Math.random() * Math.min(30_000, 1000 * 2 ** room.attempt++);
    clearTimeout(room.timer);
    room.timer = setTimeout(what, wait);
  }
}
