// Kills a server under ten open pages and starts it again: no page may miss an event or hear one twice. The command that
// starts it again, which has to listen at the same address, stands in KPL_E2E_RESTART (JSON), the process to be killed in
// KPL_E2E_PID. The algorithm grid_step of benchmarks/web has to be installed; KPL_E2E_GATE is a file that is not there yet.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { BASE, PASSWORD, start, USER } from './browser.mjs';

const TABS = 10;
const CHAINS = 3;
const STEPS = 10;
const API = `${BASE}/api/v1/projects/default`;
const PATIENCE_MS = 60_000;
/** A stream that has told the end of the run and then says nothing for so long has told all. */
const QUIET_MS = 2000;

/** Keeps what the hub tells a page. Runs in the page before anything else. */
function listen() {
  const Native = window.SharedWorker;
  window.heard = [];
  window.SharedWorker = class extends Native {
    constructor(...given) {
      super(...given);
      this.port.addEventListener('message', ({ data }) =>
        window.heard.push({ ...data, at: performance.timeOrigin + performance.now() }),
      );
    }
  };
}

// Numbers that no run of this server had: nothing is reused, on kept data either.
const FIRST_NUMBER = Date.now();

/** Chains of short steps; the first of each waits until the pages are open. */
function document() {
  const [nodes, edges] = [[], []];
  for (let chain = 0; chain < CHAINS; chain += 1)
    for (let step = 0; step < STEPS; step += 1) {
      nodes.push({
        id: `step-${chain}-${step}`,
        type: 'algorithm',
        algorithm: 'grid_step',
        function: 'process',
        parameters: {
          number: FIRST_NUMBER + 1000 * chain + step,
          wait_for: step === 0 ? process.env.KPL_E2E_GATE : '',
        },
      });
      if (step > 0) edges.push({ from: `step-${chain}-${step - 1}`, to: `step-${chain}-${step}` });
    }
  return { schema: 'kpl.pipeline/v1', name: 'live', nodes, edges };
}

async function begin(context) {
  const session = await context.request.post(`${BASE}/api/v1/session`, {
    data: { username: USER, password: PASSWORD },
  });
  const made = await context.request.post(`${API}/runs`, {
    data: { document: document(), name: 'live', origin: 'sdk' },
    headers: { 'X-CSRF-Token': (await session.json()).csrf_token },
  });
  assert.ok(made.ok(), await made.text());
  return made.json();
}

async function until(test, what) {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await test();
    if (answer) return answer;
    assert.ok(performance.now() < end, `nothing came of: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const answers = () =>
  fetch(`${BASE}/api/v1/health`).then(
    ({ ok }) => ok,
    () => false,
  );

/** Ends the server as a crash does, and starts it again; the new process, and when it first answered. */
async function restart() {
  process.kill(Number(process.env.KPL_E2E_PID), 'SIGKILL');
  await until(async () => !(await answers()), 'the end of the server');
  const [command, ...rest] = JSON.parse(process.env.KPL_E2E_RESTART);
  const server = spawn(command, rest, { stdio: 'ignore' });
  await until(answers, 'the next server');
  return { server, backAt: performance.timeOrigin + performance.now() };
}

/** Numbers of the events that the server has kept about a run that is over. */
async function keptEvents(context, run) {
  const numbers = [];
  const { cookies } = await context.storageState();
  const response = await fetch(`${BASE}/api/v1/events?topics=run:${run}&after=0`, {
    headers: { Cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; ') },
  });
  assert.ok(response.ok, `the stream answers ${response.status}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const read = () => reader.read().then(({ value, done }) => (done ? null : value));
  const pause = () => new Promise((resolve) => setTimeout(resolve, QUIET_MS, null));
  let isTold = false;
  for (let text = '', piece = ''; piece !== null; ) {
    piece = await (isTold ? Promise.race([read(), pause()]) : read());
    const blocks = (text + (piece ?? '')).split('\n\n');
    text = blocks.pop();
    for (const block of blocks) {
      const data = block.split('\n').find((line) => line.startsWith('data: '));
      const event = data && JSON.parse(data.slice(6));
      if (event && event.seq !== null && event.type !== 'hello') numbers.push(event.seq);
      isTold ||= event?.type === 'run' && event.data.state === 'succeeded';
    }
  }
  await reader.cancel();
  return numbers;
}

const browser = await start();
let server = null;
try {
  const context = await browser.newContext();
  await context.addInitScript(listen);
  const run = await begin(context);
  const pages = [];
  for (let tab = 0; tab < TABS; tab += 1) {
    const page = await context.newPage();
    await page.goto(`${BASE}/p/default/runs/${run.id}`);
    await page.locator('.react-flow__node').first().waitFor();
    pages.push(page);
  }
  for (const page of pages)
    await until(
      () => page.evaluate(() => window.heard.some(({ kind }) => kind === 'event')),
      'an event in each tab',
    );
  const asked = performance.now();
  await pages.at(-1).evaluate(() => fetch('/api/v1/session'));
  const requestMs = performance.now() - asked;

  writeFileSync(process.env.KPL_E2E_GATE, '');
  await until(async () => {
    const { tasks } = await (await context.request.get(`${API}/runs/${run.id}`)).json();
    return tasks.filter(({ state }) => state === 'succeeded').length >= CHAINS;
  }, 'the first steps');
  const restarted = await restart();
  server = restarted.server;
  await until(async () => {
    const answer = await context.request.get(`${API}/runs/${run.id}`).catch(() => null);
    return answer?.ok() && ['succeeded', 'failed', 'cancelled'].includes((await answer.json()).state);
  }, 'the end of the run');
  const ended = await (await context.request.get(`${API}/runs/${run.id}`)).json();
  assert.equal(ended.state, 'succeeded');

  const found = { tabs: 0, gaps: 0, duplicates: 0, reconnectMs: 0, events: 0, requestMs };
  const all = await keptEvents(context, run.id);
  assert.ok(all.length > CHAINS * STEPS, `only ${all.length} events were kept`);
  const last = all.at(-1);
  for (const page of pages) {
    await until(
      () =>
        page.evaluate(
          (seq) => window.heard.some(({ kind, event }) => kind === 'event' && event.seq === seq),
          last,
        ),
      'the last event in each tab',
    );
    const heard = await page.evaluate(() => window.heard);
    const of = new Map();
    for (const { kind, id, event } of heard)
      if (kind === 'event' && event.seq !== null && event.topics.includes(`run:${run.id}`))
        of.set(id, [...(of.get(id) ?? []), event.seq]);
    for (const numbers of of.values()) {
      const expected = all.filter((seq) => seq >= numbers[0]);
      found.gaps += expected.filter((seq) => !numbers.includes(seq)).length;
      found.duplicates += numbers.length - new Set(numbers).size;
      found.events += numbers.length;
    }
    const openAgain = heard.findLast(
      ({ kind, connection }) => kind === 'connection' && connection === 'open',
    );
    assert.ok(
      heard.some(({ connection }) => connection === 'lost'),
      'the page knew that the server was away',
    );
    found.reconnectMs = Math.max(found.reconnectMs, openAgain.at - restarted.backAt);
    await page.getByText('Succeeded').first().waitFor();
    found.tabs += 1;
  }
  assert.ok(found.events > TABS * CHAINS * STEPS, `only ${found.events} events came`);
  console.log(JSON.stringify(found));
} finally {
  await browser.close();
  server?.kill('SIGTERM');
  if (server) await new Promise((resolve) => server.once('exit', resolve));
}
