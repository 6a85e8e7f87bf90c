// Measures the console in a browser on the large objects that objects.py made. Called by run.py; the last line that it
// prints is one JSON object of numbers. CPU times are of the page's main thread, so that other work on the machine counts
// little; times on the clock are told as such by their names.
import assert from 'node:assert/strict';
import { BASE, start } from '../../web/e2e/browser.mjs';
import { BUDGETS, countElements, freshPage, weigh } from '../../web/e2e/weigh.mjs';

const objects = JSON.parse(process.env.KPL_BENCH_OBJECTS);
const only = process.env.KPL_BENCH_ONLY ? new RegExp(process.env.KPL_BENCH_ONLY) : null;
const PROJECT = '/p/default';
const found = {};

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const frames = (page, count) =>
  page.evaluate(async (wanted) => {
    for (let frame = 0; frame < wanted; frame += 1) await new Promise(requestAnimationFrame);
  }, count);

/** CPU times of a page's main thread in ms, and frames, since the last look. */
class Meter {
  /** Counting frames asks for each of them, which is work too: not where a page is measured at rest. */
  static async of(page, { countsFrames = true } = {}) {
    const meter = new Meter();
    meter.page = page;
    meter.cdp = await page.context().newCDPSession(page);
    await meter.cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
    await page.evaluate((isCounting) => {
      window.benchFrames = 0;
      if (!isCounting) return;
      const count = () => {
        window.benchFrames += 1;
        requestAnimationFrame(count);
      };
      requestAnimationFrame(count);
    }, countsFrames);
    await meter.lap();
    return meter;
  }

  async lap() {
    const { metrics } = await this.cdp.send('Performance.getMetrics');
    const now = Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
    now.frames = await this.page.evaluate(() => window.benchFrames);
    now.at = performance.now();
    const before = this.before ?? now;
    this.before = now;
    const ms = (name) => (now[name] - before[name]) * 1000;
    return {
      script: ms('ScriptDuration'),
      layout: ms('LayoutDuration') + ms('RecalcStyleDuration'),
      task: ms('TaskDuration'),
      frames: now.frames - before.frames,
      clock: now.at - before.at,
    };
  }

  async heapMb() {
    await this.cdp.send('HeapProfiler.collectGarbage');
    const { metrics } = await this.cdp.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'JSHeapUsedSize').value / 1e6;
  }
}

/** Waits, frame by frame, until a test in the page holds; ms on the clock since `since` (performance.now there). */
const until = (page, test, argument) =>
  page.evaluate(
    async ([source, given]) => {
      const holds = new Function(`return (${source})`)();
      const began = performance.now();
      while (!holds(given)) {
        if (performance.now() - began > 60_000) throw new Error(`nothing came: ${source.slice(0, 200)}`);
        await new Promise(requestAnimationFrame);
      }
      return performance.now() - began;
    },
    [test.toString(), argument],
  );

async function bytes(browser) {
  for (const [name, { path }] of Object.entries(BUDGETS)) {
    const canvas = `${PROJECT}/pipelines/${objects.canvases[200]}`;
    const address = { dataset: `${PROJECT}/datasets/${objects.dataset}`, canvas }[name] ?? path;
    const weight = await weigh(browser, address);
    found[`${name} js KB`] = weight.js / 1024;
    if (name === 'first') {
      found['css KB'] = weight.css / 1024;
      found['fonts KB'] = weight.fonts / 1024;
    }
  }
}

async function paint(browser) {
  const [paints, usables] = [[], []];
  for (let round = 0; round < 5; round += 1) {
    const { context, page } = await freshPage(browser);
    await page.addInitScript(() => {
      const look = () => {
        if (
          window.benchUsable === undefined &&
          document.querySelector('h1') &&
          document.querySelector('nav a')
        )
          window.benchUsable = performance.now();
      };
      new MutationObserver(look).observe(document, { childList: true, subtree: true });
    });
    await page.goto(`${BASE}${PROJECT}`);
    await until(
      page,
      () =>
        window.benchUsable !== undefined && performance.getEntriesByName('first-contentful-paint').length > 0,
    );
    const first = await page.evaluate(
      () => performance.getEntriesByName('first-contentful-paint')[0].startTime,
    );
    paints.push(first);
    usables.push(await page.evaluate(() => window.benchUsable));
    await context.close();
  }
  found['first paint clock ms'] = median(paints);
  found['usable clock ms'] = median(usables);
}

/** Drags the background of a canvas to and fro; what a frame costs meanwhile. */
async function pan(page) {
  const at = await page.evaluate(() => {
    const box = document.querySelector('.react-flow').getBoundingClientRect();
    for (let y = box.top + box.height / 2; y < box.bottom; y += 6)
      for (let x = box.left + box.width / 2; x < box.right - 40; x += 6)
        if (document.elementFromPoint(x, y).classList.contains('react-flow__pane')) return { x, y };
    throw new Error('no place of the canvas is free');
  });
  await page.mouse.move(at.x, at.y);
  await page.mouse.down();
  await frames(page, 10);
  const meter = await Meter.of(page);
  const began = await transform(page);
  for (let step = 0; step < 160; step += 1) {
    const phase = step % 80 < 40 ? step % 80 : 80 - (step % 80);
    await page.mouse.move(at.x - phase * 12, at.y - phase * 2);
    if (step === 39) assert.notEqual(await transform(page), began, 'the canvas did not move');
  }
  const lap = await meter.lap();
  await page.mouse.up();
  return lap;
}

const transform = (page) =>
  page.evaluate(() => document.querySelector('.react-flow__viewport').style.transform);

async function canvas(browser) {
  for (const num of [200, 500]) {
    const { context, page } = await freshPage(browser);
    await page.goto(`${BASE}${PROJECT}/pipelines/${objects.canvases[num]}`);
    await page.locator('.react-flow__node').first().waitFor();
    await frames(page, 60);
    assert.match(await transform(page), /scale\(0\.8\)/, 'the canvas begins at zoom 0.8');
    const lap = await pan(page);
    found[`canvas ${num} pan script ms a frame`] = lap.script / lap.frames;
    found[`canvas ${num} pan style+layout ms a frame`] = lap.layout / lap.frames;
    found[`canvas ${num} pan clock frames/s`] = (lap.frames / lap.clock) * 1000;
    await context.close();
    const path = `${PROJECT}/pipelines/${objects.canvases[num]}`;
    found[`canvas ${num} elements`] = await countElements(browser, path, '.react-flow__node');
  }
}

async function idle(browser) {
  const { context, page } = await freshPage(browser);
  await page.goto(`${BASE}${PROJECT}/runs/${objects.held_runs[3]}`);
  await page.locator('.react-flow__node').first().waitFor();
  await page.waitForTimeout(3000);
  const meter = await Meter.of(page, { countsFrames: false });
  await page.waitForTimeout(8000);
  const lap = await meter.lap();
  found['idle main thread ms/s with 3 running'] = (lap.task / lap.clock) * 1000;
  await context.close();
}

/** Ten steps of a run are told their progress every sixth frame, by a stream that the page takes for the server's. */
async function updates(browser) {
  const { context, page } = await freshPage(browser);
  const run = objects.held_runs[10];
  await context.addInitScript((topic) => {
    // Without a SharedWorker the page itself reads the stream.
    Object.defineProperty(window, 'SharedWorker', { value: undefined });
    const real = window.fetch;
    window.fetch = (input, options) => {
      if (!String(input.url ?? input).includes('/api/v1/events')) return real(input, options);
      const body = new ReadableStream({
        start(control) {
          const encoder = new TextEncoder();
          window.benchTell = (events) =>
            control.enqueue(
              encoder.encode(
                events
                  .map((data) => JSON.stringify({ seq: null, type: 'metrics', topics: [topic], data }))
                  .map((data) => `event: metrics\ndata: ${data}\n\n`)
                  .join(''),
              ),
            );
        },
      });
      return Promise.resolve(new Response(body, { headers: { 'Content-Type': 'text/event-stream' } }));
    };
  }, `run:${run}`);
  await page.goto(`${BASE}${PROJECT}/runs/${run}`);
  await page.locator('.react-flow__node').first().waitFor();
  await page.waitForTimeout(2000);
  const answer = await context.request.get(`${BASE}/api/v1/projects/default/runs/${run}`);
  const running = (await answer.json()).tasks.filter(({ state }) => state === 'running').map(({ id }) => id);
  assert.equal(running.length, 10);
  const meter = await Meter.of(page);
  await page.evaluate(async (tasks) => {
    for (let frame = 0; frame < 180; frame += 1) {
      if (frame % 6 === 0)
        window.benchTell(
          tasks.map((task_id) => ({ task_id, progress: frame / 180, message: `epoch ${frame}` })),
        );
      await new Promise(requestAnimationFrame);
    }
  }, running);
  await page.getByText('epoch 174').first().waitFor();
  const lap = await meter.lap();
  assert.ok(await page.locator('.react-flow__node', { hasText: 'epoch 174' }).count(), 'drawn on the canvas');
  found['canvas updates script ms a frame'] = lap.script / lap.frames;
  found['canvas updates style+layout ms a frame'] = lap.layout / lap.frames;
  await context.close();
}

/** Whether every picture in sight is there. */
const isFilled = () => {
  const pane = document.querySelector('main section[tabindex="0"]');
  if (pane === null) return false;
  const box = pane.getBoundingClientRect();
  let shown = 0;
  for (let y = box.top + 8; y < box.bottom; y += 40)
    for (let x = box.left + 24; x < box.right - 32; x += 40) {
      const item = document.elementFromPoint(x, y)?.closest('li');
      if (!item) continue;
      const image = item.querySelector('img');
      if (!image?.complete || image.naturalWidth === 0) return false;
      shown += 1;
    }
  const places = Math.floor(box.width / 40) * Math.floor(box.height / 40);
  return shown > 0.7 * places;
};

async function openGrid(browser) {
  const opened = await freshPage(browser);
  await opened.page.goto(`${BASE}${PROJECT}/datasets/${objects.dataset}`);
  await until(opened.page, isFilled);
  return opened;
}

async function jumps(page, places) {
  const times = [];
  for (const place of places) {
    await page.evaluate((share) => {
      const pane = document.querySelector('main section[tabindex="0"]');
      pane.scrollTop = share * (pane.scrollHeight - pane.clientHeight);
    }, place);
    times.push(await until(page, isFilled));
    await page.waitForTimeout(300);
  }
  return times;
}

async function grid(browser) {
  const first = await openGrid(browser);
  const places = [0.31, 0.77, 0.12, 0.55, 0.93];
  found['grid jump filled clock ms, cold'] = median(await jumps(first.page, places));
  await first.context.close();

  const { context, page } = await openGrid(browser);
  found['grid jump filled clock ms, warm'] = median(await jumps(page, places));
  const box = await page.locator('main section[tabindex="0"]').first().boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  const meter = await Meter.of(page);
  for (let step = 0; step < 150; step += 1) await page.mouse.wheel(0, 60);
  const lap = await meter.lap();
  found['grid scroll script ms a frame'] = lap.script / lap.frames;
  found['grid scroll style+layout ms a frame'] = lap.layout / lap.frames;
  await until(page, isFilled);
  found['grid elements'] = await page.evaluate(() => document.querySelectorAll('*').length);
  found['grid heap MB'] = await meter.heapMb();

  const sizes = [96, 152, 112, 168, 104];
  await meter.lap();
  for (const size of sizes) {
    await page.evaluate(async (height) => {
      const slider = document.querySelector('input[type=range]');
      const { set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value');
      set.call(slider, String(height));
      slider.dispatchEvent(new Event('input', { bubbles: true }));
    }, size);
    await frames(page, 3);
  }
  found['grid laid out anew ms'] = (await meter.lap()).script / sizes.length;
  await context.close();
}

/** Whether each line in sight of the log has its text. */
const hasLines = (firstNumber) => {
  const pane = document.querySelector('section.font-mono');
  if (pane === null) return false;
  const box = pane.getBoundingClientRect();
  for (let share = 0.06; share < 0.95; share += 0.11) {
    const row = document.elementFromPoint(box.left + 60, box.top + share * box.height)?.closest('.group');
    if (!row || row.lastElementChild.textContent === '') return false;
    if (Number(row.firstElementChild.textContent) < firstNumber) return false;
  }
  return true;
};

async function log(browser) {
  const address = `${BASE}${PROJECT}/runs/${objects.long_run}?task=talk`;
  const { context, page } = await freshPage(browser);
  await page.goto(address);
  const tab = page.getByRole('tab', { name: 'Log' });
  await tab.waitFor();
  const meter = await Meter.of(page);
  const began = performance.now();
  await tab.click();
  await until(page, hasLines, 1);
  found['log open clock ms'] = performance.now() - began;
  const times = [];
  for (const place of [0.37, 0.81, 0.22, 0.66, 0.95]) {
    await page.evaluate((share) => {
      const pane = document.querySelector('section.font-mono');
      pane.scrollTop = share * (pane.scrollHeight - pane.clientHeight);
    }, place);
    times.push(await until(page, hasLines, Math.floor(place * 990_000)));
  }
  found['log jump clock ms'] = median(times);
  const box = await page.locator('section.font-mono').boundingBox();
  await page.mouse.move(box.x + 300, box.y + box.height / 2);
  await meter.lap();
  for (let step = 0; step < 120; step += 1) await page.mouse.wheel(0, -38);
  const lap = await meter.lap();
  found['log scroll script ms a frame'] = lap.script / lap.frames;
  found['log elements'] = await page.evaluate(() => document.querySelectorAll('*').length);
  found['log heap MB'] = await meter.heapMb();
  await context.close();
}

async function chart(browser) {
  const { context, page } = await freshPage(browser);
  const isSeries = (answer) => answer.url().includes('/metrics/loss');
  const opened = page.waitForResponse(isSeries);
  await page.goto(`${BASE}${PROJECT}/runs/${objects.long_run}?task=talk&tab=metrics`);
  await opened;
  await page.locator('.u-over').waitFor();
  await frames(page, 20);
  const meter = await Meter.of(page);
  const [cpu, clock] = [[], []];
  for (const [from, to] of [
    [0.2, 0.8],
    [0.1, 0.6],
    [0.3, 0.9],
    [0.2, 0.7],
    [0.1, 0.9],
  ]) {
    const box = await page.locator('.u-over').boundingBox();
    const y = box.y + box.height / 2;
    await page.mouse.move(box.x + from * box.width, y);
    await page.mouse.down();
    await page.mouse.move(box.x + to * box.width, y, { steps: 4 });
    await frames(page, 3);
    await meter.lap();
    const answered = page.waitForResponse(isSeries);
    const began = performance.now();
    await page.mouse.up();
    await answered;
    await frames(page, 3);
    clock.push(performance.now() - began);
    cpu.push((await meter.lap()).task);
  }
  found['chart zoom redraw ms'] = median(cpu);
  found['chart zoom clock ms'] = median(clock);
  await context.close();
}

const browser = await start();
try {
  for (const part of [bytes, paint, canvas, idle, updates, grid, log, chart]) {
    if (only && !only.test(part.name)) continue;
    console.error(`measuring ${part.name} ...`);
    // A part that breaks must not cost the figures of the others; run.py fails for it all the same.
    await part(browser).catch((error) => {
      console.error(`FAILED ${part.name}: ${error.stack}`);
      process.exitCode = 1;
    });
    console.error(JSON.stringify(found));
  }
} finally {
  await browser.close();
}
console.log(JSON.stringify(found));
