// Is told by "everwire serve" of who connects, writes and goes: node webhook.mjs [PORT]
//
// WEBHOOK_SECRET is the secret that the server signs with: whsec_ and base64. Whoever says to be called Mallory is not
// let in. Nothing needs to be installed.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const secret = Buffer.from(process.env.WEBHOOK_SECRET.replace(/^whsec_/, ''), 'base64');
const tolerance = 300; // seconds that the clocks may differ, and that a request may have been under way
const seen = new Set(); // ids of late; a program of several processes has them in its database

// verify says whether a request is the server's, and of now.
function verify(headers, body) {
  const sent = headers['webhook-timestamp'] ?? '';
  if (!/^\d+$/.test(sent) || Math.abs(Date.now() / 1000 - Number(sent)) > tolerance) return false;
  const want = createHmac('sha256', secret).update(`${headers['webhook-id']}.${sent}.`).update(body).digest();
  return (headers['webhook-signature'] ?? '').split(' ').some((signature) => {
    const got = Buffer.from(signature.replace(/^v1,/, ''), 'base64');
    return signature.startsWith('v1,') && got.length === want.length && timingSafeEqual(got, want);
  });
}

// firstTime says whether an event is new. What was not answered in time comes again.
function firstTime(id) {
  if (seen.has(id)) return false;
  seen.add(id);
  if (seen.size > 10_000) seen.delete(seen.values().next().value);
  return true;
}

// handle returns the status and the object that an event is answered with.
function handle({ type, id, data }) {
  const name = data.connection.name || data.connection.id;
  if (type === 'connect') {
    if (name === 'Mallory') return [403, { text: 'you may not connect' }];
    return [200, data.connection.name ? { user: `user-of-${name}` } : {}];
  }
  if (firstTime(id)) {
    if (type === 'message') console.log(`${name} in ${data.message.room}: ${JSON.stringify(data.message.data ?? data.message.text)}`);
    if (type === 'disconnect') console.log(`${name} has gone: ${data.close.code}`);
  }
  return [204];
}

const server = createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    const body = Buffer.concat(pieces);
    const [status, answer] = verify(request.headers, body) ? handle(JSON.parse(body)) : [400, { text: 'the signature is wrong' }];
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(answer && JSON.stringify(answer));
  });
});
server.listen(Number(process.argv[2] ?? 9000), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
