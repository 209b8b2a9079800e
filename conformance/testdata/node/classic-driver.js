'use strict';

// A client that asks a suite for its cases by the classic protocol, as the drivers of WebSocket libraries do: the number
// of cases first, then one case after the other, and the reports at last. It writes a line a case: its ID, and what
// the suite found.
//
//   node classic-driver.js ws://127.0.0.1:9001 ws/8.21.3

const { WebSocket } = require('ws');

const [base, name] = process.argv.slice(2);
const agent = encodeURIComponent(name);

// visit connects, has each message handled, and waits for the connection's end. A case may end in any way.
function visit(path, onMessage) {
  return new Promise((resolve) => {
    const ws = new WebSocket(base + path, { maxPayload: 0 });
    ws.on('message', (data, isBinary) => onMessage?.(ws, data, isBinary));
    ws.on('error', () => {});
    ws.on('close', resolve);
  });
}

async function ask(path) {
  let answer;
  await visit(path, (_, data) => {
    answer = JSON.parse(data);
  });
  return answer;
}

async function main() {
  const count = await ask('/getCaseCount');
  for (let n = 1; n <= count; n++) {
    const { id } = await ask(`/getCaseInfo?case=${n}`);
    await visit(`/runCase?case=${n}&agent=${agent}`, (ws, data, isBinary) => {
      ws.send(data, { binary: isBinary });
    });
    const { behavior } = await ask(`/getCaseStatus?case=${n}&agent=${agent}`);
    console.log(`${id} ${behavior}`);
  }
  await visit(`/updateReports?agent=${agent}`);
}

main();
