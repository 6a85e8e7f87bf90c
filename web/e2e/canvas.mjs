// What the canvas, the forms and the files of pipelines do for who draws: one round in English with the mouse, one in
// Chinese with the keyboard. KPL_E2E_OTHER is the address of a second server, for what is carried there as a file.
import assert from 'node:assert/strict';
import { atRest, BASE, filled, lookAt, open, PASSWORD, signIn, start, texts, USER } from './browser.mjs';

const OTHER = process.env.KPL_E2E_OTHER;
const wordsOf = (language) => ({
  ...texts(language, 'pipelines'),
  runs: texts(language, 'runs'),
  ranges: texts(language, 'search'),
});
const FOR_TRAINING_MS = 60_000;
const browser = await start();

const node = (page, id) => page.locator(`.kpl-canvas .react-flow__node[data-id="${id}"]`);
const port = (page, id, end) => node(page, id).locator(`[data-handleid="${end}"]`);
const inspector = (page, words) => page.getByRole('complementary', { name: words.inspector.label });

/** The document as the server keeps it for the person: what is drawn, else the revision. */
async function drawn(page, name) {
  return page.evaluate(async (pipeline) => {
    const url = `/api/v1/projects/default/pipelines/${pipeline}`;
    const draft = await (await fetch(`${url}/draft`)).json();
    return (draft ?? (await (await fetch(url)).json())).document;
  }, name);
}

/** Waits until the kept document is as wanted: it is saved a moment after it is drawn. */
async function untilDrawn(page, name, isSo, why) {
  const until = Date.now() + 8000;
  let document = await drawn(page, name);
  while (!isSo(document) && Date.now() < until) {
    await page.waitForTimeout(100);
    document = await drawn(page, name);
  }
  assert.ok(isSo(document), `${why}: ${JSON.stringify(document)}`);
  return document;
}

/** Waits until a button can, or cannot, be pressed: the server is asked a moment after the last change. */
async function untilDisabled(button, isSo) {
  const until = Date.now() + 10_000;
  while ((await button.isDisabled()) !== isSo && Date.now() < until) await button.page().waitForTimeout(100);
  assert.equal(await button.isDisabled(), isSo);
}

async function openPipeline(page, name) {
  await page.goto(`${BASE}/p/default/pipelines/${name}`);
  await node(page, 'train').waitFor();
}

async function centre(locator) {
  const box = await atRest(locator);
  return [box.x + box.width / 2, box.y + box.height / 2];
}

async function drag(page, from, [x, y]) {
  const [a, b] = await centre(from);
  await page.mouse.move(a, b);
  await page.mouse.down();
  await page.mouse.move((a + x) / 2, (b + y) / 2, { steps: 4 });
  await page.mouse.move(x, y, { steps: 4 });
  await page.mouse.up();
}

const fedBy = (document, to) => (document.edges ?? []).find((edge) => edge.to === to)?.from;

/** From an input onto empty canvas: what can feed it is offered, chosen with keys, and joined. */
async function offersSources(page, words, look) {
  await openPipeline(page, 'canvas-en');
  await page.keyboard.press('1');
  const train = await atRest(node(page, 'train'));
  await drag(page, port(page, 'train', 'in:model'), [train.x - 60, train.y + train.height + 160]);
  const menu = page.getByRole('menu', { name: words.canvas.addFitting.in });
  await menu.waitFor();
  await look(page, 'sources');
  await page.keyboard.press('Enter');
  const document = await untilDrawn(
    page,
    'canvas-en',
    (now) => fedBy(now, 'train.model'),
    'a source was added',
  );
  const added = fedBy(document, 'train.model').split('.')[0];
  assert.equal(document.nodes.find(({ id }) => id === added).function, 'train');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+z');
  await untilDrawn(page, 'canvas-en', (now) => !fedBy(now, 'train.model'), 'adding is undone at once');
}

/** Part of a pipeline goes to another as text, covers nothing there, and moves nothing. */
async function pastesElsewhere(page, context) {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await openPipeline(page, 'canvas-en');
  await page.locator('.kpl-canvas').click({ position: { x: 12, y: 12 } });
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Control+c');
  await openPipeline(page, 'paste-en');
  const stood = await node(page, 'data').evaluate((element) => element.style.transform);
  await page.locator('.kpl-canvas').click({ position: { x: 12, y: 12 } });
  await page.keyboard.press('Control+v');
  await page.keyboard.press('Control+v');
  const isPasted = ({ nodes }) => nodes.length === 12;
  const { layout, edges } = await untilDrawn(page, 'paste-en', isPasted, 'pasted twice');
  assert.equal(edges.length, 12);
  const at = layout.data;
  assert.equal(stood, `translate(${at.x}px, ${at.y}px)`, 'what stood there stays');
  const places = Object.values(layout);
  const covers = (a, b) => a !== b && Math.abs(a.x - b.x) < 220 && Math.abs(a.y - b.y) < 90;
  assert.equal(places.filter((a) => places.some((b) => covers(a, b))).length, 0, 'nothing is covered');
}

/** Another algorithm and another dataset in the place of one: parameters stay where they fit, links too. */
async function swapsInPlace(page, words, look) {
  await openPipeline(page, 'canvas-en');
  await page.keyboard.press('1');
  const before = await drawn(page, 'canvas-en');
  const split = page.getByRole('button', {
    name: filled(words.palette.add, { name: `hello_python ${words.function.process}` }),
  });
  await atRest(node(page, 'split'));
  await split.dragTo(node(page, 'split'));
  const algorithmOf = (document) => document.nodes.find(({ id }) => id === 'split').algorithm;
  const is = (name) => (document) => algorithmOf(document) === name;
  const swapped = await untilDrawn(page, 'canvas-en', is('hello_python'), 'dropped onto it');
  assert.equal(swapped.nodes.length, before.nodes.length, 'nothing was added');
  // hello_python gives files, which no trainer takes: its links are named as lost, and come back with undo.
  await page.getByText(words.swap.lost).waitFor();
  await look(page, 'swapped');
  await page.keyboard.press('Control+z');
  await untilDrawn(page, 'canvas-en', is('dataset_split'), 'undone');
  const inside = inspector(page, words);
  await inside.getByRole('button', { name: new RegExp(words.inspector.algorithm) }).click();
  await page.getByRole('option', { name: /hello_python/ }).click();
  await untilDrawn(page, 'canvas-en', is('hello_python'), 'chosen');
  await page.getByRole('button', { name: words.canvas.undo, exact: true }).first().click();
  await untilDrawn(page, 'canvas-en', is('dataset_split'), 'undone again');
}

/** Wrong values are marked at their field and keep the pipeline from running; what differs from the default is told. */
async function checksForms(page, words, look) {
  await page.goto(`${BASE}/p/default/pipelines/canvas-zh?node=train`);
  const inside = inspector(page, words);
  const rate = inside.getByRole('textbox', { name: '学习率' });
  const run = page.getByRole('button', { name: words.editor.run, exact: true });
  await rate.fill('3');
  await inside.getByText(filled(words.form.fault.large, { limit: '≤ 1' })).waitFor();
  await untilDisabled(run, true);
  await look(page, 'form');
  await rate.fill('0.01');
  await inside.getByText(filled(words.form.default, { value: '0.002' })).waitFor();
  const changed = inside.getByRole('button', { name: filled(words.form.changed_other, { count: 2 }) });
  await changed.press('Enter');
  assert.equal(await inside.getByRole('textbox').count(), 2, 'only what differs');
  await inside.getByRole('button', { name: words.form.all, exact: true }).press('Enter');
  await rate.waitFor();
  await untilDisabled(run, false);
}

/** Without a mouse: what can take an output, from the list of ports. */
async function addsByKeyboard(page, words, look) {
  const inside = inspector(page, words);
  await inside.getByRole('tab').first().focus();
  await page.keyboard.press('End');
  const add = inside.getByRole('button', { name: `${words.canvas.addFitting.out}: model` });
  await add.press('Enter');
  await look(page, 'ports');
  const compile = page.getByRole('menuitem', { name: new RegExp(`^${words.function.compile}`) });
  await compile.press('Enter');
  const isJoined = ({ edges }) =>
    edges.some(({ from, to }) => from === 'train.model' && to === 'compile.model');
  await untilDrawn(page, 'canvas-zh', isJoined, 'joined to what was added');
}

/** The text says where it is wrong, in the reader's language, and leads to what the server finds wrong. */
async function readsText(page, words, look) {
  await page.goto(`${BASE}/p/default/pipelines/canvas-zh?view=yaml`);
  const area = page.getByRole('textbox', { name: words.yaml.label });
  const line = (text) => area.locator('.cm-line', { hasText: text });
  await line(/^name:/).click();
  await page.keyboard.press('Home');
  await page.keyboard.press('Shift+End');
  await page.keyboard.type('name: [a');
  await page.getByText(/第 \d+ 行第 \d+ 列/).waitFor();
  await page.locator('.cm-lint-marker-error').first().waitFor();
  await look(page, 'text-fault');
  await page.keyboard.press('Control+z');
  await page.getByText(words.yaml.inStep).waitFor();
  await line('epochs:').click();
  await page.keyboard.press('End');
  await page.keyboard.press('Shift+Home');
  await page.keyboard.type('parameters: {epochs: 0}');
  const goTo = page.getByRole('listitem').filter({ hasText: 'parameters.epochs' }).getByRole('button');
  await goTo.press('Enter');
  assert.match(await page.evaluate(() => getSelection().toString()), /epochs: 0/);
  await look(page, 'text-problem');
  await page.keyboard.press('Control+f');
  await page.getByRole('textbox', { name: words.yaml.editor.Find }).fill('epochs');
  await look(page, 'text-search');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+z');
  await goTo.waitFor({ state: 'hidden' });
}

/** What is drawn here is the same there: graph, places, notes and words. */
async function carriesToAnother(page, words) {
  await page.goto(`${BASE}/p/default/pipelines/canvas-zh`);
  await node(page, 'train').waitFor();
  await page.keyboard.press('Control+s');
  await page.getByRole('button', { name: words.editor.more }).click();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: words.editor.export }).click(),
  ]);
  assert.equal(file.suggestedFilename(), 'canvas-zh.pipeline.yaml');
  const path = await file.path();
  // Of its own: cookies do not tell two ports of a host apart.
  const elsewhere = await open(browser, { language: 'zh', theme: 'dark', width: 1280 });
  const there = elsewhere.page;
  await there.goto(`${OTHER}/sign-in`);
  await there.locator('input[autocomplete=username]').fill(USER);
  await there.locator('input[type=password]').fill(PASSWORD);
  await there.locator('button[type=submit]').click();
  await there.waitForURL(/\/p\/default/);
  await there.goto(`${OTHER}/p/default/pipelines?tab=pipelines`);
  const input = there.locator('input[type=file]');
  await input.setInputFiles({ name: 'bad.yaml', mimeType: 'text/yaml', buffer: Buffer.from('nodes: [') });
  await there.getByText(filled(words.import.failed, { name: 'bad.yaml' })).waitFor();
  await input.setInputFiles(path);
  const dialog = there.getByRole('dialog', { name: words.import.title });
  await dialog.waitFor();
  await there.keyboard.press('Enter');
  await there.waitForURL(/pipelines\/canvas-zh/);
  await node(there, 'train').waitFor();
  assert.deepEqual(await drawn(there, 'canvas-zh'), await drawn(page, 'canvas-zh'));
  assert.deepEqual(elsewhere.problems, []);
  await elsewhere.context.close();
}

/** Template, data, run: three presses. What does not fit cannot be chosen and says why; few fields are in sight. */
async function runsInThree(page, words, look) {
  await page.goto(`${BASE}/p/default/pipelines?tab=templates`);
  await page
    .getByRole('link', { name: /Image classification/ })
    .first()
    .click();
  const unfit = page.getByRole('radio', { name: /boxes/ });
  await unfit.waitFor();
  assert.equal(await unfit.isDisabled(), true);
  await page.getByText(/Does not fit: it is of kind .*detection/).waitFor();
  await look(page, 'template-data');
  await page
    .locator('label')
    .filter({ has: page.getByRole('radio', { name: /shapes/ }) })
    .click();
  await page.getByText(words.plan.title).waitFor();
  // Two of its steps have never run here.
  await page.getByText(words.plan.unknownTime).waitFor();
  const numShown = (await page.getByRole('textbox').count()) + 1;
  const numAll = await page.evaluate(async () => {
    const found = await (await fetch('/api/v1/projects/default/templates/image_classification')).json();
    return Object.keys(found.parameters).length;
  });
  assert.ok(numShown <= 0.3 * numAll, `${numShown} of ${numAll} fields are in sight`);
  await look(page, 'template-plan');
  await page.getByRole('button', { name: words.run.start, exact: true }).click();
  await page.waitForURL(/\/runs\/\d+/);
}

/** Another version of the data: what lies after it runs again, and nothing else; the plan says so. */
async function planAfterSwap(page, words, look) {
  await page.goto(`${BASE}/p/default/pipelines/swap?node=more`);
  const inside = inspector(page, words);
  await inside.getByRole('button', { name: new RegExp(words.inspector.version) }).click();
  await page.getByRole('option', { name: 'v2', exact: true }).click();
  await page.getByRole('button', { name: words.editor.run, exact: true }).click();
  const dialog = page.getByRole('dialog');
  const steps = dialog.getByRole('listitem');
  await dialog.getByText(filled(words.plan.reused_other ?? words.plan.reused, { count: 1 })).waitFor();
  const told = await steps.evaluateAll((items) => items.map((item) => item.textContent));
  const stepOf = (id) => told.find((text) => text.includes(id));
  assert.match(stepOf('first'), new RegExp(words.plan.willReuse));
  assert.match(stepOf('second'), new RegExp(words.plan.willRun));
  await look(page, 'plan');
  await page.keyboard.press('Escape');
}

/** A condition beside a test, its limit, and what stands behind a branch; the run skips it and says why. */
async function judgesByMouse(page, words, look) {
  await openPipeline(page, 'canvas-en');
  await page.keyboard.press('1');
  const test = await atRest(node(page, 'test'));
  await drag(page, port(page, 'test', 'out:report'), [test.x + test.width / 2, test.y + test.height + 90]);
  await page.getByRole('menuitem', { name: new RegExp(`^${words.node.condition}`) }).click();
  const inside = inspector(page, words);
  const limit = inside.getByRole('textbox', { name: words.condition.value, exact: true });
  await limit.fill('0');
  await inside.getByRole('radio', { name: words.condition.operators[3], exact: true }).click();
  const see = async () => {
    await page.locator('.kpl-canvas').click({ position: { x: 12, y: 12 } });
    await page.keyboard.press('1');
    return atRest(node(page, 'condition'));
  };
  await see();
  await node(page, 'condition').getByText('accuracy < 0').waitFor();
  const at = await atRest(node(page, 'condition'));
  await drag(page, port(page, 'condition', 'out:then'), [at.x + at.width + 60, at.y + at.height]);
  await page
    .getByRole('menuitem', { name: new RegExp(`^${words.function.infer}`) })
    .first()
    .click();
  await see();
  // A branch leads to a step, not to what a step takes.
  await drag(page, port(page, 'condition', 'out:then'), await centre(port(page, 'infer', 'in:model')));
  await page.getByText(words.refusal.branch).last().waitFor();
  await drag(page, port(page, 'train', 'out:model'), await centre(port(page, 'infer', 'in:model')));
  await drag(page, port(page, 'split', 'out:dataset'), await centre(port(page, 'infer', 'in:dataset')));
  const isWhole = ({ nodes, edges }) =>
    edges.some(({ from, to }) => from === 'condition.then' && to === 'infer') &&
    fedBy({ edges }, 'condition.measured') === 'test.report' &&
    fedBy({ edges }, 'infer.model') &&
    fedBy({ edges }, 'infer.dataset') &&
    nodes.some(({ metric, operator, value }) => metric === 'accuracy' && operator === '<' && value === 0);
  await untilDrawn(page, 'canvas-en', isWhole, 'a condition was drawn');
  await look(page, 'condition');
  await page.getByRole('button', { name: words.editor.run, exact: true }).click();
  // The data has another version by now, so that the test runs again: what it will find is open.
  await page
    .getByRole('dialog')
    .getByText(/^only if 'condition' holds/)
    .waitFor();
  await page.getByRole('dialog').getByRole('button', { name: words.run.start, exact: true }).click();
  await page.waitForURL(/\/runs\/\d+/);
  await page.getByRole('button', { name: words.canvas.fit, exact: true }).click();
  const decided = node(page, 'condition').getByText(words.condition.doesNotHold, { exact: true });
  await decided.waitFor({ timeout: FOR_TRAINING_MS });
  await node(page, 'infer').getByText(words.state.skipped, { exact: true }).waitFor();
  await page.getByText(/^condition 'condition' does not hold: accuracy .+; skipped: infer$/).waitFor();
  await look(page, 'condition-run');
  return page.url();
}

/** What a condition decided, in the other language. */
async function readsDecision(page, words, look, run) {
  await page.goto(`${run.split('?')[0]}?task=condition`);
  await page.getByText(words.runs.task.condition.measured, { exact: true }).waitFor();
  await page.getByText(/^条件“condition”不成立：.+；已跳过：infer$/).waitFor();
  await look(page, 'condition-run');
}

/** The table of a search's trials, once all of them have ended; its first row is the best. */
async function trialsOf(page, words) {
  const table = page.getByRole('grid', { name: words.runs.trials.title });
  await table.waitFor();
  const rows = table.getByRole('row').filter({ hasText: '0.' });
  await rows.nth(NUM_TRIALS - 1).waitFor({ timeout: FOR_TRAINING_MS });
  await rows.first().getByRole('img', { name: words.runs.trials.best }).waitFor({ timeout: FOR_TRAINING_MS });
  return rows;
}

const NUM_TRIALS = 4;

/** A search from the palette, joined and given its ranges; its trials are looked at while and after they run, and used. */
async function searchesByMouse(page, words, look) {
  await page.goto(`${BASE}/p/default/pipelines/search`);
  await atRest(node(page, 'data'));
  const add = page.getByRole('button', {
    name: filled(words.palette.add, { name: words.search.title }),
    exact: true,
  });
  await add.dragTo(page.locator('.react-flow__pane'), { targetPosition: { x: 560, y: 160 } });
  await node(page, 'train').waitFor();
  const inside = inspector(page, words);
  await inside.getByRole('button', { name: new RegExp(words.inspector.algorithm) }).click();
  await page.getByRole('option', { name: /hello_python/ }).click();
  const trials = inside.getByRole('textbox', { name: words.ranges.trials, exact: true });
  await trials.fill(String(NUM_TRIALS));
  await inside.getByRole('textbox', { name: words.ranges.parallel, exact: true }).fill('2');
  await trials.click();
  const smoothing = inside.getByRole('group', { name: filled(words.ranges.rangeOf, { name: 'Smoothing' }) });
  const most = smoothing.getByRole('textbox', { name: words.ranges.max, exact: true });
  await most.fill('500');
  await smoothing.getByText(filled(words.ranges.fault.value, { bounds: '0 – 100' })).waitFor();
  await look(page, 'search-fault');
  await most.fill('50');
  // There and back: a fixed value, and the same range again.
  await smoothing.getByRole('button', { name: filled(words.ranges.fix, { name: 'Smoothing' }) }).click();
  const begin = inside.getByRole('button', { name: filled(words.search.parameter, { name: 'Smoothing' }) });
  await begin.click();
  await smoothing.waitFor();
  assert.equal(await most.inputValue(), '50');
  await drag(page, port(page, 'data', 'out:dataset'), await centre(port(page, 'train', 'in:dataset')));
  await node(page, 'train')
    .getByText(filled(words.search.badge_other, { shown: NUM_TRIALS }))
    .waitFor();
  const isWhole = ({ nodes, edges }) =>
    edges?.length === 1 &&
    nodes[1].search?.trials === NUM_TRIALS &&
    nodes[1].search.parameters.smoothing.max === 50;
  await untilDrawn(page, 'search', isWhole, 'a search was drawn');
  await look(page, 'search');
  await page.getByRole('button', { name: words.editor.run, exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: words.run.start, exact: true }).click();
  await page.waitForURL(/\/runs\/\d+/);
  const run = page.url();
  await node(page, 'train').click();
  await trialsOf(page, words);
  await page
    .locator('header')
    .getByText(words.state.succeeded, { exact: true })
    .first()
    .waitFor({ timeout: FOR_TRAINING_MS });
  await look(page, 'trials');
  // A dot opens its trial, which leads back to the search.
  const dot = page.getByRole('img', {
    name: filled(words.runs.trials.overLabel_other, { metric: 'accuracy', count: NUM_TRIALS }),
  });
  await dot.locator('circle').last().click({ force: true });
  await page.waitForURL(/\/tasks\/\d+/);
  await page.getByRole('tab', { name: words.runs.task.log }).click();
  await page.getByRole('link', { name: filled(words.runs.trials.stepSearch, { name: 'train' }) }).click();
  await trialsOf(page, words);
  return run;
}

/** The same trials in the other language: sorted by the header, opened with Enter, used in the pipeline, undone. */
async function usesByKeyboard(page, words, look, run) {
  await page.goto(`${run.split('?')[0]}?task=train`);
  const rows = await trialsOf(page, words);
  await look(page, 'trials');
  await page.getByRole('columnheader', { name: words.runs.trials.trial }).press('Enter');
  await page.waitForURL(/sort=trial/);
  await rows.first().getByRole('rowheader').filter({ hasText: /^1$/ }).or(rows.first()).first().waitFor();
  await rows.first().press('Enter');
  await page.waitForURL(/\/tasks\/\d+/);
  await page.getByRole('heading', { name: filled(words.runs.trials.trialOf, { number: 1 }) }).waitFor();
  await look(page, 'trial');
  await page.goBack();
  await page.getByRole('button', { name: words.runs.trials.use }).press('Enter');
  await page.waitForURL(/\/pipelines\/search/);
  const train = ({ nodes }) => nodes.find(({ id }) => id === 'train');
  const isFixed = (document) => !train(document).search && train(document).parameters.smoothing !== undefined;
  await untilDrawn(page, 'search', isFixed, 'the best values are in the pipeline');
  await look(page, 'used');
  await page.getByRole('button', { name: words.canvas.undo, exact: true }).last().press('Enter');
  await untilDrawn(page, 'search', (document) => train(document).search !== undefined, 'and that is undone');
}

async function withTheMouse() {
  const { context, page, problems } = await open(browser, { language: 'en', theme: 'light', width: 1440 });
  context.setDefaultTimeout(10_000);
  const words = wordsOf('en');
  const look = (at, name) => lookAt(at, `canvas-${name}-en`);
  await signIn(page);
  await offersSources(page, words, look);
  await pastesElsewhere(page, context);
  await swapsInPlace(page, words, look);
  await planAfterSwap(page, words, look);
  await runsInThree(page, words, look);
  const decided = await judgesByMouse(page, words, look);
  const searched = await searchesByMouse(page, words, look);
  assert.deepEqual(problems, []);
  await context.close();
  return { decided, searched };
}

async function withTheKeyboard({ decided, searched }) {
  const { context, page, problems } = await open(browser, { language: 'zh', theme: 'dark', width: 1280 });
  context.setDefaultTimeout(10_000);
  const words = wordsOf('zh');
  const look = (at, name) => lookAt(at, `canvas-${name}-zh`);
  await signIn(page);
  await checksForms(page, words, look);
  await addsByKeyboard(page, words, look);
  await readsText(page, words, look);
  await carriesToAnother(page, words);
  await readsDecision(page, words, look, decided);
  await usesByKeyboard(page, words, look, searched);
  assert.deepEqual(problems, []);
  await context.close();
}

try {
  await withTheKeyboard(await withTheMouse());
  console.log('2 rounds made');
} finally {
  await browser.close();
}
