// Weighs what a fresh browser fetches for a page, packed as the server sends it, against the budgets. Run: npm run e2e:budget
import { BASE, open, PASSWORD, start, USER } from './browser.mjs';

const KB = 1024;
const BUDGETS = [
  { name: 'first page', path: '/p/default', js: 210 * KB },
  { name: 'dataset', path: null, js: 240 * KB },
  { name: 'pipelines', path: '/p/default/pipelines', js: 300 * KB },
];
const CSS = 15 * KB;
const FONTS = 90 * KB;

const browser = await start();
let isOver = false;
for (const budget of BUDGETS) {
  const { context, page } = await open(browser, { language: 'en', theme: 'light' });
  await context.request.post(`${BASE}/api/v1/session`, { data: { username: USER, password: PASSWORD } });
  const datasets = await (await context.request.get(`${BASE}/api/v1/projects/default/datasets`)).json();
  const path = budget.path ?? (datasets.items[0] && `/p/default/datasets/${datasets.items[0].name}`);
  if (!path) {
    console.log(`${budget.name}: left out, the server has no dataset`);
    continue;
  }
  const bytes = { js: 0, css: 0, fonts: 0 };
  const pending = [];
  page.on('requestfinished', (request) => {
    const kind = { script: 'js', stylesheet: 'css', font: 'fonts' }[request.resourceType()];
    if (kind) pending.push(request.sizes().then(({ responseBodySize }) => (bytes[kind] += responseBodySize)));
  });
  const began = performance.now();
  await page.goto(`${BASE}${path}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  const usableMs = performance.now() - began;
  await page.waitForTimeout(1500);
  await Promise.all(pending);
  const limits = { js: budget.js, css: CSS, fonts: FONTS };
  const parts = Object.entries(bytes).map(([kind, size]) => {
    const mark = size > limits[kind] ? ' OVER' : '';
    isOver ||= mark !== '';
    return `${kind} ${Math.round(size / KB)} of ${limits[kind] / KB} KB${mark}`;
  });
  console.log(`${budget.name} ${path}: ${parts.join(', ')}; heading after ${Math.round(usableMs)} ms`);
  await context.close();
}
await browser.close();
process.exit(isOver ? 1 : 0);
