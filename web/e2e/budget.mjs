// Weighs what a fresh browser fetches for a page and counts the elements of pages that show much, against the budgets.
// KPL_E2E_LARGE (JSON) names what is large: a dataset, a pipeline, a run with a long log. Run: npm run e2e:budget
import { BASE, start } from './browser.mjs';
import { BUDGETS, CSS, countElements, FONTS, freshPage, KB, weigh } from './weigh.mjs';

/** Of a page, whatever the number of samples, lines or nodes behind it: only what is in sight may be in the document. */
const MOST_ELEMENTS = 5000;

const browser = await start();
let isOver = false;

async function aDataset() {
  const { context } = await freshPage(browser);
  const datasets = await (await context.request.get(`${BASE}/api/v1/projects/default/datasets`)).json();
  await context.close();
  return datasets.items[0]?.name;
}

function told(name, size, limit, unit) {
  isOver ||= size > limit;
  return `${name} ${Math.round(size)} of ${limit} ${unit}${size > limit ? ' OVER' : ''}`;
}

const large = JSON.parse(process.env.KPL_E2E_LARGE ?? '{}');
const dataset = large.dataset ?? (await aDataset());
const addresses = {
  dataset: dataset && `/p/default/datasets/${dataset}`,
  canvas: large.pipeline && `/p/default/pipelines/${large.pipeline}`,
};
for (const [name, budget] of Object.entries(BUDGETS)) {
  const address = addresses[name] ?? budget.path;
  if (!address) {
    console.log(`${name}: left out, the server has none`);
    continue;
  }
  const { js, css, fonts } = await weigh(browser, address);
  const parts = [
    told('js', js / KB, budget.js / KB, 'KB'),
    told('css', css / KB, CSS / KB, 'KB'),
    told('fonts', fonts / KB, FONTS / KB, 'KB'),
  ];
  console.log(`${name} ${address}: ${parts.join(', ')}`);
}
const pages = {
  grid: large.dataset && [`/p/default/datasets/${large.dataset}`, 'li img'],
  canvas: large.pipeline && [`/p/default/pipelines/${large.pipeline}`, '.react-flow__node'],
  log: large.run && [`/p/default/runs/${large.run}?task=talk&tab=log`, 'section.font-mono .group'],
};
for (const [name, page] of Object.entries(pages))
  if (page) {
    const count = await countElements(browser, ...page);
    console.log(`${name} ${page[0]}: ${told('shows', count, MOST_ELEMENTS, 'elements')}`);
  }
await browser.close();
process.exit(isOver ? 1 : 0);
