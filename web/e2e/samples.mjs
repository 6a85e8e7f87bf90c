// Looks at samples of every kind on a real server: what is drawn over them, groups, predictions, rows, a broken picture.
// Called as `samples.mjs LANGUAGE THEME WIDTH`, with `review`, `viewer`, `kept` or `arranged`, or with the name of a dataset, whose masks it opens.
import assert from 'node:assert/strict';
import { BASE, lookAt, open, signIn, start } from './browser.mjs';

const WORDS = {
  en: {
    masks: 'Masks',
    landmarks: 'Landmarks',
    samples: 'Samples',
    predictions: 'Predictions',
    both: 'Both',
    agreement: /Pixels answered right: \d/,
    matched: 'Matched',
    identities: /150 identities in 306 samples/,
    find: 'Find by name',
    group: 'person 000, 8 samples',
    broken: 'Cannot be shown',
    missing: 'missing',
    remove: 'Remove the filter person 000',
    which: /Predictions of/,
    selected: 'Selected samples',
    count: (count) => `${count} selected`,
    all: 'Select all 306',
    select: 'Select 5.png',
    copy: 'Copy keys',
    copied: '3 keys copied',
    sorted: /Sorted by/,
    hidden: /1 class hidden/,
    opacity: /Opacity/,
    score: /Score from/,
    unsure: 'Lowest score first',
    some: /^2 11$/,
    objects: 'Remove the filter 2 objects',
  },
  zh: {
    masks: '掩码',
    landmarks: '关键点',
    samples: '样本',
    predictions: '预测',
    both: '对照',
    agreement: /像素准确率：\s*\d/,
    matched: '匹配',
    identities: /150 个身份，共 306 个样本/,
    find: '按名称查找',
    group: 'person 000，8 个样本',
    broken: '无法显示',
    missing: '缺失',
    remove: '移除筛选条件 person 000',
    which: /预测来源/,
    selected: '已选样本',
    count: (count) => `已选 ${count} 个`,
    all: '选择全部 306 个',
    select: '选择 5.png',
    copy: '复制键',
    copied: '已复制 3 个键',
    sorted: /排序/,
    hidden: /已隐藏 1 个类别/,
    opacity: /不透明度/,
    score: /最低置信度/,
    unsure: '置信度从低到高',
    some: /^2 11$/,
    objects: '移除筛选条件 2 个目标',
  },
};

const browser = await start();

/** How many pixels of the n-th overlay are painted. */
async function painted(page, nth = 0, selector = 'main li canvas') {
  return page.evaluate(
    ([what, index]) => {
      const canvas = document.querySelectorAll(what)[index];
      if (!canvas?.width) return 0;
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let at = 3; at < data.length; at += 4) if (data[at] > 0) count += 1;
      return count / (canvas.width * canvas.height);
    },
    [selector, nth],
  );
}

async function untilPainted(page, check, what) {
  const end = Date.now() + 10_000;
  let share = await painted(page);
  while (!check(share)) {
    assert.ok(Date.now() < end, `${what}: ${share} of the overlay is painted`);
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(drawn)));
    share = await painted(page);
  }
}

async function go(page, path) {
  await page.goto(`${BASE}/p/default/datasets/${path}`);
}

const grid = (page, words) => page.getByRole('region', { name: words.samples });
const aside = (page) => page.locator('aside').last();

/** Masks of classes: switched by key, highlighted by class, compared with a model's. */
async function scenes(page, words, tag) {
  await go(page, 'scenes');
  await untilPainted(page, (share) => share > 0.95, 'masks cover the picture');
  const masks = page.getByRole('button', { name: words.masks, exact: true });
  assert.equal(await masks.getAttribute('aria-pressed'), 'true');
  await page.keyboard.press('m');
  await untilPainted(page, (share) => share === 0, 'm hides the masks');
  await page.keyboard.press('m');
  await grid(page, words).getByRole('button').nth(2).click();
  await page.waitForURL(/sample=2/);
  await aside(page).getByText(words.agreement).waitFor();
  assert.equal(await aside(page).locator('figure').count(), 2, 'labels and predictions stand side by side');
  await aside(page).getByRole('button', { name: /road/ }).hover();
  await page.waitForFunction(() => {
    const [canvas] = document.querySelectorAll('aside figure canvas');
    const { data } = canvas.getContext('2d').getImageData(2, canvas.height / 2, 1, 1);
    return data[3] > 0 && data[3] < 60; // sky fades while road is pointed at
  });
  await lookAt(page, `samples-scenes-${tag}`);
  await page
    .getByRole('radio', { name: words.predictions })
    .or(page.getByRole('button', { name: words.predictions, exact: true }))
    .first()
    .click();
  await aside(page).locator('figure').nth(1).waitFor({ state: 'detached' });
  await page.keyboard.press('p');
  await page.keyboard.press('p');
  await aside(page).getByText(words.agreement).waitFor();
}

/** Objects with outlines against one of two models: counts, marks in the list, a score that leaves one out. */
async function cells(page, words, tag) {
  await go(page, 'cells?sample=1&predictions=second');
  const counts = aside(page).locator('dl').first();
  await counts.getByText(words.matched).waitFor();
  const numbers = () => counts.locator('dd').allInnerTexts();
  assert.deepEqual(await numbers(), ['1', '1', '1']);
  const outlines = aside(page).locator('figure').first().locator('path');
  await outlines.nth(1).waitFor({ state: 'attached' });
  assert.equal(await outlines.count(), 2, 'both objects have an outline');
  assert.match(await outlines.first().getAttribute('d'), /^M20,20L90,20L90,80L20,80Z$/);
  const boxes = aside(page).locator('figure').nth(1).locator('rect[stroke-dasharray]');
  await boxes.nth(1).waitFor({ state: 'attached' });
  assert.equal(await boxes.count(), 2);
  await page.keyboard.press('1');
  await page.getByRole('button', { name: words.hidden }).waitFor();
  assert.equal(await outlines.count(), 1, 'the first class is hidden');
  await page.keyboard.press('1');
  await outlines.nth(1).waitFor({ state: 'attached' });
  await aside(page).getByRole('slider', { name: words.opacity }).fill('0.5');
  assert.equal(
    await page
      .locator('main li canvas')
      .first()
      .evaluate((drawn) => drawn.style.opacity),
    '0.5',
  );
  await lookAt(page, `samples-cells-${tag}`);
  await aside(page).getByRole('slider', { name: words.opacity }).fill('1');
  const score = aside(page).getByRole('slider', { name: words.score });
  await score.focus();
  for (let step = 0; step < 10; step += 1) await page.keyboard.press('ArrowRight');
  assert.deepEqual(await numbers(), ['1', '1', '0'], 'from 0.5 on, what is not there is not answered');
}

async function faces(page, words, tag) {
  await go(page, 'faces?sample=0');
  const marks = aside(page).locator('circle');
  await marks.nth(4).waitFor();
  assert.equal(await marks.count(), 5);
  await page.getByRole('button', { name: words.landmarks, exact: true }).click();
  await marks.first().waitFor({ state: 'detached' });
  await page.keyboard.press('l');
  await marks.first().waitFor();
  await lookAt(page, `samples-faces-${tag}`);
}

/** Persons: counted, found by name, opened, and back. */
async function people(page, words, tag) {
  await go(page, 'people?group=label');
  await page.getByRole('status').getByText(words.identities).waitFor();
  const main = page.locator('main');
  await lookAt(page, `samples-people-${tag}`);
  const last = main.getByRole('button', { name: /person 149/ }).last();
  await page
    .getByRole('button', { name: /person 059/ })
    .last()
    .scrollIntoViewIfNeeded();
  await page
    .getByRole('button', { name: /person 110/ })
    .last()
    .scrollIntoViewIfNeeded();
  await last.scrollIntoViewIfNeeded();
  await main.getByRole('searchbox', { name: words.find }).last().fill('PERSON 00');
  await page.getByRole('status').getByText(/^10\b/).waitFor();
  await main.getByRole('button', { name: words.group }).click();
  await page.waitForURL(/label=person/);
  await grid(page, words)
    .getByRole('button', { name: /person 000/ })
    .nth(7)
    .waitFor();
  assert.equal(await grid(page, words).getByRole('listitem').count(), 8);
  await page.getByRole('button', { name: words.remove }).click();
  await page.getByRole('status').getByText(words.identities).waitFor();
}

/** Samples are selected by key, Ctrl, Shift and mark; they stay so whatever is filtered, and no sample is fetched. */
async function selection(page, words, tag) {
  await go(page, 'people');
  const cells = grid(page, words).locator('[data-position] > button:not([role])');
  const bar = page.getByRole('region', { name: words.selected });
  const counts = (count) => bar.getByText(words.count(count), { exact: true }).waitFor();
  await cells.nth(2).click({ modifiers: ['ControlOrMeta'] });
  await counts(1);
  await cells.nth(6).click({ modifiers: ['Shift'] });
  await counts(5);
  await page.getByRole('checkbox', { name: words.select }).click();
  await counts(4);
  await cells.nth(3).focus();
  await page.keyboard.press('x');
  await counts(3);
  await page.getByRole('button', { name: /^person 007/ }).click();
  await page.waitForURL(/label=person/);
  await counts(3);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await bar.getByRole('button', { name: words.copy }).click();
  await page.getByText(words.copied).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), '2.png\n4.png\n6.png');
  await page.getByRole('button', { name: words.remove.replace('000', '007') }).click();
  const fetched = [];
  const note = (request) => fetched.push(new URL(request.url()).pathname.split('/').at(-1));
  page.on('request', note);
  await bar.getByRole('button', { name: words.all }).click();
  await counts(306);
  page.off('request', note);
  assert.ok(fetched.includes('sample-keys'), `keys were asked for: ${fetched}`);
  assert.equal(fetched.filter((name) => name === 'samples').length, 0, `no sample was: ${fetched}`);
  await lookAt(page, `samples-selection-${tag}`);
  await page.keyboard.press('Escape');
  await bar.waitFor({ state: 'detached' });
}

/** Sorted by how sure a model is; narrowed by the number of objects. The address holds both. */
async function sorting(page, words, tag) {
  await go(page, 'digits');
  await page.getByRole('button', { name: words.sorted }).click();
  await page.getByRole('menuitem', { name: words.unsure }).click();
  await page.waitForURL(/order=score/);
  const first = grid(page, words).getByRole('listitem').first();
  await first.getByText('zero 0.40').waitFor();
  await page.reload();
  await first.getByText('zero 0.40').waitFor();
  await go(page, 'streets?order=-objects');
  await page.locator('aside').getByRole('button', { name: words.some }).click();
  await page.waitForURL(/objects=2-2/);
  await page.getByRole('status').getByText('11', { exact: true }).waitFor();
  await lookAt(page, `samples-sorting-${tag}`);
  await page.getByRole('button', { name: words.objects }).click();
  await page.getByRole('status').getByText('12', { exact: true }).waitFor();
}

async function rows(page, words, tag) {
  await go(page, 'letters?sample=2');
  await grid(page, words).getByRole('listitem').filter({ hasText: 'Letter 7:' }).waitFor();
  const whole = await aside(page)
    .getByText(/Letter 2:/)
    .textContent();
  assert.equal(whole.trim(), `Letter 2: ${'a long story '.repeat(2).trim()}`);
  await lookAt(page, `samples-letters-${tag}`);
  await page.keyboard.press('j');
  await page.waitForURL(/sample=3/);
  await go(page, 'flowers?sample=3');
  await aside(page).getByText(words.missing).waitFor();
  await grid(page, words).getByRole('listitem').filter({ hasText: '0.142857' }).waitFor();
  await lookAt(page, `samples-flowers-${tag}`);
}

async function plain(page, words, tag) {
  await go(page, 'plain');
  const broken = grid(page, words).getByRole('listitem').nth(1);
  await broken.getByText(words.broken).waitFor();
  await broken.getByText(/The image cannot be read|图像无法读取/).waitFor();
  await lookAt(page, `samples-plain-${tag}`);
}

async function read(language, theme, width) {
  const words = WORDS[language];
  const { context, page, problems } = await open(browser, { language, theme, width });
  page.setDefaultTimeout(10_000);
  await signIn(page);
  const tag = `${language}-${theme}`;
  for (const look of [scenes, cells, faces, people, selection, sorting, rows, plain])
    await look(page, words, tag);
  assert.deepEqual(problems, []);
  await context.close();
  console.log(`read in ${language}`);
}

/** A dataset of objects as people have it. */
async function readOne(name) {
  const { context, page, problems } = await open(browser, { language: 'en', theme: 'dark' });
  page.setDefaultTimeout(10_000);
  await signIn(page);
  await go(page, `${name}?sample=3`);
  await untilPainted(page, (share) => share > 0.01, `${name}: masks`);
  await aside(page).locator('path[fill-rule=evenodd]').first().waitFor();
  await lookAt(page, `samples-${name}`);
  assert.deepEqual(problems, []);
  await context.close();
  console.log(`${name} read`);
}

/** Decisions by key and for a selection, kept over a reload, saved as a version; then one that somebody overtakes. */
async function review() {
  const { context, page, problems } = await open(browser, { language: 'en', theme: 'light' });
  page.setDefaultTimeout(10_000);
  await signIn(page);
  await go(page, 'digits?sample=3');
  const cells = page.locator('[data-position] > button:not([role])');
  const bar = page.getByRole('region', { name: 'Review that is not saved yet' });
  await aside(page)
    .getByText(/Accepting makes it the label/)
    .waitFor();
  await page.keyboard.press('a');
  await page.waitForURL(/sample=4/);
  await page.keyboard.press('a');
  await page.waitForURL(/sample=5/);
  await page.keyboard.press('r');
  await page.waitForURL(/sample=6/);
  await bar.getByText('2 to accept').waitFor();
  await bar.getByText('1 to reject').waitFor();
  await page.reload();
  await bar.getByText('2 to accept').waitFor();
  await aside(page).getByRole('button', { name: 'Close' }).click();
  await page.waitForURL((url) => !url.search.includes('sample'));
  await cells.nth(10).click({ modifiers: ['ControlOrMeta'] });
  await cells.nth(12).click({ modifiers: ['Shift'] });
  const selected = page.getByRole('region', { name: 'Selected samples' });
  await selected.getByRole('button', { name: 'Accept' }).click();
  await bar.getByText('5 to accept').waitFor();
  assert.equal(await page.getByRole('img', { name: 'To be accepted' }).count(), 5);
  await lookAt(page, 'samples-review');
  await bar.getByRole('button', { name: /Save as a new version/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Samples that were not reviewed have no label yet.').waitFor();
  await dialog.getByRole('textbox').fill('the sure ones');
  await lookAt(page, 'samples-review-save');
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('digits has version 2 now').waitFor();
  await bar.waitFor({ state: 'detached' });
  const facets = page.locator('aside').first();
  await facets.getByRole('button', { name: /Rejected 1/ }).waitFor();
  await facets.getByRole('button', { name: /Not reviewed 34/ }).click();
  await page.getByRole('status').getByText('34').first().waitFor();
  await facets.getByRole('button', { name: /Accepted 5/ }).click();
  await page.getByRole('img', { name: 'Accepted' }).nth(4).waitFor();
  await cells.first().click();
  await aside(page).getByText('Accepted as the label by admin.').waitFor();
  await lookAt(page, 'samples-reviewed');
  await overtaken(page, bar);
  assert.deepEqual(problems, []);
  await context.close();
  console.log('reviewed');
}

/** Somebody makes a version meanwhile: that is said, and what was decided goes on to the new one. */
async function overtaken(page, bar) {
  await go(page, 'digits?sample=20');
  await aside(page)
    .getByText(/Accepting makes it the label/)
    .waitFor();
  await page.keyboard.press('r');
  await bar.getByText('1 to reject').waitFor();
  const status = await page.evaluate(async () => {
    const csrf = (await (await fetch('/api/v1/session')).json()).csrf_token;
    const answer = await fetch('/api/v1/projects/default/datasets/digits/versions/2/reviews', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-csrf-token': csrf },
      body: JSON.stringify({ accept: ['30.png'] }),
    });
    return answer.status;
  });
  assert.equal(status, 201);
  await bar.getByRole('button', { name: /Save as a new version/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await dialog.getByText(/has version 3 meanwhile/).waitFor();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await go(page, 'digits?v=2&sample=20');
  await aside(page).getByText('Only the newest version can be reviewed.').waitFor();
  await aside(page).getByRole('link', { name: 'Open it' }).click();
  await bar.getByText('1 to reject').waitFor();
  await bar.getByRole('button', { name: /Save as a new version/ }).click();
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('digits has version 4 now').waitFor();
  await go(page, 'digits?tab=versions');
  await page.getByText('the sure ones').waitFor();
}

/** Objects that are sure enough become labels. */
async function reviewObjects() {
  const { context, page, problems } = await open(browser, { language: 'zh', theme: 'dark', width: 1280 });
  page.setDefaultTimeout(10_000);
  await signIn(page);
  await go(page, 'streets?sample=1');
  assert.equal(await aside(page).locator('figure').count(), 0, 'nothing is compared before there are labels');
  const score = aside(page).getByRole('slider', { name: /最低置信度/ });
  await score.focus();
  for (let step = 0; step < 10; step += 1) await page.keyboard.press('ArrowRight');
  await aside(page).getByRole('button', { name: '接受' }).click();
  await page.getByRole('button', { name: '保存为新版本…' }).click();
  await page.getByRole('dialog').getByText('0.50').waitFor();
  await lookAt(page, 'samples-review-objects');
  await page.getByRole('dialog').getByRole('button', { name: '保存', exact: true }).click();
  await page.getByText('streets 已生成版本 2').waitFor();
  await go(page, 'streets?sample=1');
  const figures = aside(page).locator('figure');
  await figures.nth(1).locator('rect').nth(1).waitFor({ state: 'attached' });
  assert.equal(await figures.nth(0).locator('rect').count(), 1, 'the unsure one is no label');
  assert.deepEqual(problems, []);
  await context.close();
}

/** A selection, hidden classes and the place in a list are there again after another tab; other datasets have none. */
async function kept() {
  const { context, page, problems } = await open(browser, { language: 'en', theme: 'light' });
  page.setDefaultTimeout(10_000);
  await signIn(page);
  await go(page, 'people');
  const pane = page.getByRole('region', { name: 'Samples', exact: true });
  await page.locator('[data-position="0"]').waitFor();
  await page
    .locator('[data-position="2"] > button')
    .first()
    .click({ modifiers: ['ControlOrMeta'] });
  await pane.evaluate((element) => element.scrollTo(0, 1500));
  await page.locator('[data-position="48"]').waitFor();
  const topmost = () =>
    page.evaluate(() => {
      const pane = document.querySelector('main section[tabindex="0"]').getBoundingClientRect();
      const found = document.elementFromPoint(pane.left + 60, pane.top + 40);
      return found?.closest('[data-position]')?.dataset.position;
    });
  const before = await topmost();
  assert.ok(Number(before) > 20, `scrolled to ${before}`);
  await page.getByRole('tab', { name: 'Statistics' }).click();
  await page.waitForURL(/tab=statistics/);
  await page.getByRole('tab', { name: 'Samples' }).click();
  await page.getByText('1 selected').waitFor();
  await page.locator(`[data-position="${before}"]`).waitFor();
  assert.equal(await topmost(), before, 'the list is where it was left');
  await page
    .locator('aside')
    .first()
    .getByRole('button', { name: /person 005/ })
    .click();
  await page.getByRole('status').getByText('of 306 samples').waitFor();
  await page.locator('[data-position="0"]').waitFor();
  await page.getByRole('button', { name: 'Remove the filter person 005' }).click();
  await page.locator(`[data-position="${before}"]`).waitFor();
  assert.equal(await topmost(), before, 'a filter that is taken away leads back');
  await page.getByRole('link', { name: 'Datasets' }).first().click();
  await page.getByRole('link', { name: /letters/ }).click();
  await page.locator('[data-position="0"]').waitFor();
  assert.equal(await page.getByText('1 selected').count(), 0, 'another dataset has no selection');
  await page.goBack();
  await page.getByRole('link', { name: /people/ }).click();
  await page.getByText('1 selected').waitFor();
  await page.keyboard.press('Escape');
  await page.getByText('1 selected').waitFor({ state: 'detached' });
  assert.deepEqual(problems, []);
  await context.close();
  console.log('found again');
}

/** Samples below headings of their classes and splits, with exact numbers; a heading stays, filters and selects. */
async function arranged() {
  const { context, page, problems } = await open(browser, { language: 'en', theme: 'light' });
  page.setDefaultTimeout(10_000);
  await signIn(page);
  await go(page, 'people');
  await page.getByRole('button', { name: /Group by/ }).click();
  await page.getByRole('menuitem', { name: 'Identity' }).click();
  await page.waitForURL(/by=label/);
  const pane = page.getByRole('region', { name: 'Samples', exact: true });
  const heading = (name) => page.getByRole('heading', { level: 3, name, exact: true });
  await heading('person 000').waitFor();
  await pane.getByText('8 samples', { exact: true }).waitFor();
  assert.equal(await pane.getByText('2 samples', { exact: true }).first().isVisible(), true);
  await page.locator('[data-position="7"] img').waitFor();
  await lookAt(page, 'samples-arranged');
  const order = await page.evaluate(() =>
    [...document.querySelectorAll('main section h3, main section [data-position]')]
      .map((item) => ({
        top: item.getBoundingClientRect().top,
        name: item.matches('h3') ? item.textContent : Number(item.dataset.position),
      }))
      .sort((a, b) => a.top - b.top || Number(a.name) - Number(b.name))
      .map(({ name }) => name)
      .slice(0, 13),
  );
  assert.deepEqual(order, ['person 000', 0, 1, 2, 3, 4, 5, 6, 7, 'person 001', 8, 9, 'person 002']);
  await pane.evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await heading('person 149').waitFor();
  const top = page.locator('main .z-10 h3');
  await top.waitFor();
  assert.match(await top.textContent(), /^person 1\d\d$/, 'the heading of the topmost stays');
  await page.getByRole('button', { name: 'Select all of person 149' }).click();
  await page.getByText('2 selected').waitFor();
  await page.getByRole('button', { name: 'Show person 149 only' }).click();
  await page.getByRole('status').getByText('of 306 samples').waitFor();
  await page.waitForURL(/label=person\+149/);
  await heading('person 149').waitFor();
  assert.equal(
    await page
      .getByRole('heading', { level: 3 })
      .filter({ hasText: /^person/ })
      .count(),
    1,
  );
  await go(page, 'digits?by=split&order=-score&sample=31');
  await heading('train').waitFor();
  await page.getByText('30 samples', { exact: true }).waitFor();
  await heading('test').waitFor();
  await page.keyboard.press('k');
  await page.waitForURL(/sample=30/);
  await page.keyboard.press('k');
  await page.waitForURL(/sample=29/);
  await go(page, 'letters?by=label');
  await heading('praise').waitFor();
  await pane.evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await page.locator('[data-position="299"]').waitFor();
  assert.equal(await top.textContent(), 'blame');
  await lookAt(page, 'samples-arranged-rows');
  await go(page, 'cells?by=label');
  await page.getByText(/no class of their own/).waitFor();
  assert.deepEqual(problems, []);
  await context.close();
  console.log('arranged');
}

/** Somebody who may look only: nothing that writes is offered, and it is said why. */
async function viewer() {
  const { context, page, problems } = await open(browser, { language: 'en', theme: 'dark', width: 1280 });
  page.setDefaultTimeout(10_000);
  await signIn(page);
  await page.goto(`${BASE}/p/default/datasets?import=1`);
  await page.mouse.move(400, 400);
  await page.getByText('Read only').hover();
  await page.getByText(/You are a viewer of this project/).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Import' }).count(), 0);
  assert.equal(await page.getByRole('dialog').count(), 0);
  await lookAt(page, 'samples-viewer-list');
  await go(page, 'streets?sample=1');
  await aside(page)
    .getByText(/Reviewing it needs the role of a developer/)
    .waitFor();
  assert.equal(await aside(page).getByRole('button', { name: 'Accept' }).count(), 0);
  await page.keyboard.press('a');
  await page.keyboard.press('x');
  await page.getByText('1 selected').waitFor();
  const offered = await page
    .getByRole('button', { name: /^(Accept|Reject|Delete.*|Import.*|Use in a pipeline)$/ })
    .count();
  assert.equal(offered, 0);
  assert.equal(await page.getByRole('region', { name: 'Review that is not saved yet' }).count(), 0);
  await lookAt(page, 'samples-viewer');
  await go(page, 'streets?tab=versions');
  await page.getByText('On the command line').waitFor();
  assert.equal(await page.getByRole('button', { name: /Delete/ }).count(), 0);
  assert.deepEqual(problems, []);
  await context.close();
  console.log('looked only');
}

try {
  const [what = 'en', theme = 'light', width = '1440'] = process.argv.slice(2);
  if (what === 'review') {
    await reviewObjects();
    await review();
  } else if (what === 'viewer') await viewer();
  else if (what === 'kept') await kept();
  else if (what === 'arranged') await arranged();
  else if (what in WORDS) await read(what, theme, Number(width));
  else await readOne(what);
} finally {
  await browser.close();
}
