'use strict';

// The driver protocol (see ../doc.go), as far as it is the same in both roles: the lines in and out, and the
// commands and events of a connection.

const { createHash } = require('node:crypto');
const { createInterface } = require('node:readline');

// What is open, by id: {ws, unread, server}; ws pauses when unread more messages have come.
const scenarios = new Map();

function tell(id, event, details) {
  process.stdout.write(JSON.stringify({ id, event, ...details }) + '\n');
}

// run carries out the commands that come in; begin has those that begin a connection.
function run(begin) {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const { id, do: name, ...args } = JSON.parse(line);
    try {
      if (begin[name]) begin[name](id, args);
      else commands[name](scenarios.get(id), args, id);
    } catch (err) {
      tell(id, 'failed', { error: `${name}: ${err.stack}` });
    }
  });
  lines.on('close', () => process.exit());
}

const commands = {
  send({ ws }, { data, times = 1, text, fin, mask }) {
    const once = octets(data);
    ws.send(Buffer.alloc(once.length * times, once), given({ binary: !text, fin, mask }));
  },
  ping({ ws }, { data }) {
    ws.ping(octets(data));
  },
  pong({ ws }, { data }) {
    ws.pong(octets(data));
  },
  close({ ws }, { code, reason }) {
    ws.close(code, reason);
  },
  terminate({ ws }) {
    ws.terminate();
  },
  pause({ ws }, _, id) {
    ws.pause();
    tell(id, 'paused');
  },
  read(scenario, { messages = Infinity }) {
    scenario.unread = messages;
    scenario.ws.resume();
  },
  buffered({ ws }, _, id) {
    tell(id, 'buffered', { size: ws.bufferedAmount });
  },
  end(scenario, _, id) {
    scenarios.delete(id);
    scenario.ws?.terminate();
    scenario.server?.close();
  },
};

// follow tells what happens on a scenario's connection.
function follow(id, ws) {
  const scenario = scenarios.get(id);
  scenario.ws = ws;
  scenario.unread = Infinity;
  ws.on('message', (data, isBinary) => {
    const sha256 = createHash('sha256').update(data).digest('base64');
    const start = data.subarray(0, 100).toString('base64');
    tell(id, 'message', { text: !isBinary, size: data.length, sha256, start });
    if (--scenario.unread === 0) ws.pause();
  });
  ws.on('ping', (data) => tell(id, 'ping', { data: data.toString('base64') }));
  ws.on('pong', (data) => tell(id, 'pong', { data: data.toString('base64') }));
  ws.on('error', (err) => tell(id, 'error', { error: err.message }));
  ws.addEventListener('close', ({ code, reason, wasClean }) => {
    tell(id, 'close', { code, reason, clean: wasClean });
  });
}

function octets(base64 = '') {
  return Buffer.from(base64, 'base64');
}

// given leaves out the options that are not given, so that ws uses its defaults.
function given(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value != null));
}

// compression is ws's option for what the test says. Every message is compressed, however short.
function compression(deflate) {
  if (deflate == null || deflate === false) return deflate;
  return given({
    threshold: 0,
    serverNoContextTakeover: deflate.server_no_context_takeover,
    clientNoContextTakeover: deflate.client_no_context_takeover,
    serverMaxWindowBits: deflate.server_max_window_bits,
    clientMaxWindowBits: deflate.client_max_window_bits,
  });
}

module.exports = { run, tell, scenarios, follow, given, compression };
