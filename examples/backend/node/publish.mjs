// Publishes a message to a room: node publish.mjs ROOM JSON
//
// EVERWIRE is the server's URL, http://127.0.0.1:8080 if it is not set; EVERWIRE_KEY is an API key. Nothing needs to be
// installed.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const server = process.env.EVERWIRE ?? 'http://127.0.0.1:8080';
const key = process.env.EVERWIRE_KEY ?? '';

// publish publishes, again if need be. All attempts have one key, so that the message is there once.
async function publish(room, data, attempts = 5) {
  const request = {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${key}`,
      'Content-Type': 'application/json',
      'Idempotency-Key': randomUUID(),
    },
    body: JSON.stringify({ room, data }),
  };
  for (let attempt = 1; ; attempt++) {
    let pause = 1;
    try {
      const answer = await fetch(`${server}/api/publish`, { ...request, signal: AbortSignal.timeout(10_000) });
      const said = await answer.json();
      if (answer.ok) return said;
      if (![429, 500, 503].includes(answer.status)) throw Object.assign(new Error(said.error.text), { final: true });
      pause = Number(answer.headers.get('Retry-After') ?? 1);
      if (attempt === attempts) throw new Error(said.error.text);
    } catch (error) { // no answer: it may have been taken or not
      if (error.final || attempt === attempts) throw error;
    }
    await sleep(pause * 1000);
  }
}

const [room, data] = process.argv.slice(2);
if (data === undefined) {
  console.error('usage: node publish.mjs ROOM JSON');
  process.exit(2);
}
try {
  console.log(JSON.stringify(await publish(room, JSON.parse(data))));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
