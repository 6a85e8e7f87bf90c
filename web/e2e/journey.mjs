// From data to an answer, as two users go: one with the mouse in English, who builds, runs, deploys and tries a model;
// one with the keyboard alone in Chinese, who builds and runs a pipeline.
import assert from 'node:assert/strict';
import { atRest, BASE, filled, lookAt, open, signIn, start, texts } from './browser.mjs';

const FOR_RUNS_MS = 90_000;

const browser = await start();

/** The handle of a port on the canvas. */
const port = (page, node, end) =>
  page.locator(`.react-flow__handle[data-nodeid="${node}"][data-handleid="${end}"]`);

/** The middle of something. */
async function centre(locator) {
  const box = await atRest(locator);
  return [box.x + box.width / 2, box.y + box.height / 2];
}

/** Draws a link between two ports, so that the canvas has so many; a busy machine may lose a drag. */
async function link(page, from, to, count) {
  const edges = page.locator('.react-flow__edge');
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await drag(page, from, to);
    await page.waitForTimeout(200);
    if ((await edges.count()) === count) return;
  }
  assert.equal(await edges.count(), count);
}

/** Drags from one place to another with the mouse; `over` is called before the button is let go. */
async function drag(page, from, to, over = async () => {}) {
  const [begin, end] = [await centre(from), await centre(to)];
  await page.mouse.move(...begin, { steps: 2 });
  await page.mouse.down();
  await page.mouse.move((begin[0] + end[0]) / 2, (begin[1] + end[1]) / 2, { steps: 4 });
  await page.mouse.move(...end, { steps: 4 });
  await page.mouse.move(end[0] + 1, end[1]);
  await over();
  await page.mouse.up();
}

/** Waits until a page has so many of something, for the canvas draws in a moment of its own. */
async function untilCount(locator, count) {
  const until = Date.now() + 5000;
  let found = await locator.count();
  while (found !== count && Date.now() < until) {
    await locator.page().waitForTimeout(50);
    found = await locator.count();
  }
  assert.equal(found, count);
}

async function newPipeline(page, words, name) {
  await page.goto(`${BASE}/p/default/pipelines`);
  await page.getByRole('button', { name: words.list.new }).first().click();
  await page.getByRole('dialog').getByRole('textbox').fill(name);
  await page.keyboard.press('Enter');
  await page.waitForURL(new RegExp(`/pipelines/${name}`));
}

async function untilOver(page, word) {
  await page.waitForURL(/\/runs\/\d+/);
  const state = page.locator('header').getByText(word, { exact: true }).first();
  await state.waitFor({ timeout: FOR_RUNS_MS });
}

async function withTheMouse() {
  const { context, page, problems } = await open(browser, { language: 'en', theme: 'light', width: 1440 });
  page.setDefaultTimeout(15_000);
  const words = texts('en', 'pipelines');
  await signIn(page);
  await newPipeline(page, words, 'by-mouse');

  // Steps come from the palette onto the canvas.
  const canvas = page.locator('.react-flow__pane');
  const add = (name) => page.getByRole('button', { name: filled(words.palette.add, { name }), exact: true });
  await add('shapes').dragTo(canvas, { targetPosition: { x: 80, y: 200 } });
  await add(`image_classification ${words.function.train}`).dragTo(canvas, {
    targetPosition: { x: 330, y: 200 },
  });
  await add(`image_classification ${words.function.test}`).dragTo(canvas, {
    targetPosition: { x: 330, y: 420 },
  });
  await untilCount(page.locator('.react-flow__node'), 3);
  // What is chosen opens beside the canvas; nothing is to be in the way of the links.
  await page.keyboard.press('Escape');

  // A link that makes no sense is refused, and says why.
  await drag(page, port(page, 'data', 'out:dataset'), port(page, 'test', 'in:model'), async () => {
    const why = filled(words.refusal.type, { given: 'dataset', wanted: 'model' });
    await page.getByRole('status').filter({ hasText: why }).waitFor();
  });
  await untilCount(page.locator('.react-flow__edge'), 0);
  await page.keyboard.press('Escape');
  await link(page, port(page, 'data', 'out:dataset'), port(page, 'train', 'in:dataset'), 1);
  await link(page, port(page, 'train', 'out:model'), port(page, 'test', 'in:model'), 2);
  await link(page, port(page, 'data', 'out:dataset'), port(page, 'test', 'in:dataset'), 3);
  await untilCount(page.locator('.react-flow__edge'), 3);
  await page.keyboard.press('Control+z');
  await untilCount(page.locator('.react-flow__edge'), 2);
  await page.keyboard.press('Control+Shift+z');
  await untilCount(page.locator('.react-flow__edge'), 3);

  // The trained model is published.
  await page.locator('.react-flow__node[data-id="train"]').click({ position: { x: 60, y: 20 } });
  const inspector = page.getByRole('complementary', { name: words.inspector.label });
  await inspector.getByRole('tab', { name: words.inspector.execution }).click();
  await inspector.getByLabel(filled(words.inspector.publish, { output: 'model' })).fill('shapes');
  await lookAt(page, 'journey-editor');
  await page.getByRole('button', { name: words.editor.run, exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: words.run.start, exact: true }).click();
  await untilOver(page, texts('en', 'common').state.succeeded);
  await lookAt(page, 'journey-run');

  // Deploy it, and ask it.
  await page.goto(`${BASE}/p/default/models/shapes`);
  const models = texts('en', 'models');
  await page.getByRole('button', { name: models.deploy }).click();
  await page.getByRole('dialog').getByRole('button', { name: models.deploy }).click();
  await page.waitForURL(/\/endpoints\/shapes/);
  const endpoints = texts('en', 'endpoints');
  await page.getByText(endpoints.try.aside).waitFor({ timeout: FOR_RUNS_MS });
  await page.getByText(endpoints.traffic.nothing).waitFor();
  const image = await context.request.get(
    `${BASE}/api/v1/projects/default/datasets/shapes/versions/1/samples/0/image`,
  );
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: await image.body() });
  await page.getByText(/ms in the model/).waitFor();
  await page.getByRole('img', { name: new RegExp(`^${endpoints.traffic.latency},.*p99 \\d`) }).waitFor();
  await lookAt(page, 'journey-endpoint');
  await page.getByRole('button', { name: endpoints.page.stop, exact: true }).click();
  await page.getByRole('dialog').getByRole('button').last().click();
  await page.getByText(texts('en', 'common').state.stopped, { exact: true }).first().waitFor();
  assert.deepEqual(problems, []);
  await context.close();
}

async function withTheKeyboard() {
  const { context, page, problems } = await open(browser, { language: 'zh', theme: 'dark', width: 1280 });
  page.setDefaultTimeout(15_000);
  const words = texts('zh', 'pipelines');
  await signIn(page);
  await newPipeline(page, words, 'by-keyboard');
  const add = (name) => page.getByRole('button', { name: filled(words.palette.add, { name }), exact: true });
  await page.locator('.react-flow').waitFor();
  await page.keyboard.press('a');
  await page.keyboard.type('shapes');
  await add('shapes').first().press('Enter');
  await page.getByRole('searchbox').fill('');
  await add(`dataset_split ${words.function.process}`).press('Enter');
  const inspector = page.getByRole('complementary', { name: words.inspector.label });
  await inspector.getByRole('tab').first().focus();
  await page.keyboard.press('End');
  const source = inspector.getByRole('button', {
    name: new RegExp(filled(words.inspector.fedBy, { input: 'dataset' })),
  });
  await source.press('Enter');
  await page.getByRole('option', { name: /shapes/ }).press('Enter');
  await untilCount(page.locator('.react-flow__edge'), 1);
  await lookAt(page, 'journey-keyboard');
  await page.getByRole('button', { name: words.editor.run, exact: true }).press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: words.run.start, exact: true }).press('Enter');
  await untilOver(page, texts('zh', 'common').state.succeeded);
  assert.deepEqual(problems, []);
  await context.close();
}

try {
  await withTheMouse();
  await withTheKeyboard();
  console.log('2 journeys made');
} finally {
  await browser.close();
}
