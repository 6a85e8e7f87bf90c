// Reads the evaluation of boxes: from numbers to the pictures they count and the boxes in them, by mouse and keyboard,
// at the threshold of the report and at another.
import assert from 'node:assert/strict';
import { BASE, lookAt, open, signIn, start } from './browser.mjs';

const WORDS = {
  en: {
    open: 'Open the evaluation',
    matrix: 'What is taken for what',
    samples: 'Samples behind a figure',
    threshold: 'Threshold',
    missed: /^Missed/,
    alarms: /^False alarms/,
    best: /^best/,
    row: /^Sample \d+/,
    objects: 'Objects and answers',
    alarmCell: /^Answered with car where there is no object/,
    recall: 'Objects of car that were not found',
    area: 'Curves of bus',
    slices: 'Parts, the worst first',
    choose: 'Divided by',
    size: 'Size of objects',
    small: /^small/,
    part: /Size of objects: small.*missed/,
  },
  zh: {
    open: '查看评估',
    matrix: '混淆矩阵',
    samples: '指标背后的样本',
    threshold: '阈值',
    missed: /^漏检/,
    alarms: /^误检/,
    best: /^最佳/,
    row: /^样本 \d+/,
    objects: '目标与预测',
    alarmCell: /^没有目标却预测为 car/,
    recall: '未被检出的 car 目标',
    area: 'bus 的曲线',
    slices: '分组指标（最差在前）',
    choose: '分组依据',
    size: '目标大小',
    small: /^小/,
    part: /目标大小：小.*漏检/,
  },
};

const browser = await start();
const digits = async (locator) => Number((await locator.textContent()).replace(/\D/g, ''));

async function read(language, theme, width) {
  const words = WORDS[language];
  const { context, page, problems } = await open(browser, { language, theme, width });
  page.setDefaultTimeout(10_000);
  await signIn(page);
  await page.goto(`${BASE}/p/default/runs/1?task=evaluate&tab=outputs`);
  await page.getByRole('link', { name: words.open }).click();
  await page.waitForURL(/\/evaluations\/\d+/);
  const matrix = page.getByRole('region', { name: words.matrix });
  await matrix.getByRole('button').first().waitFor();
  await lookAt(page, `detection-${language}-${theme}`);

  // A number counts the boxes that it opens, in this many pictures.
  const missed = page.getByRole('button', { name: words.missed });
  const count = await digits(missed);
  assert.ok(count > 0);
  await missed.click();
  const samples = page.getByRole('complementary', { name: words.samples });
  await samples.getByRole('listitem').first().waitFor();
  assert.equal(await digits(samples.getByRole('status')), count);

  // The first picture stands large with its boxes painted, and a line of its list shows one object alone.
  await samples.getByRole('listitem').first().getByRole('button').click();
  const view = samples.getByRole('region', { name: words.row });
  await view.locator('canvas').waitFor();
  const painted = await view.locator('canvas').evaluate((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value) => value > 0);
  });
  assert.ok(painted, 'no box is painted');
  const line = view.getByRole('list', { name: words.objects }).getByRole('button').first();
  await line.click();
  assert.equal(await line.getAttribute('aria-pressed'), 'true');
  await lookAt(page, `detection-sample-${language}-${theme}`);
  await page.keyboard.press('j');
  await page.waitForFunction(() => new URL(location.href).searchParams.get('sample') !== null);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await samples.waitFor({ state: 'detached' });

  // A cell of the matrix, and a figure of a class, open what they count.
  const cell = matrix.getByRole('button', { name: words.alarmCell });
  const alarms = await digits(cell);
  await cell.click();
  await samples.getByRole('listitem').first().waitFor();
  assert.equal(await digits(samples.getByRole('status')), alarms);
  assert.match(page.url(), /predicted=car.*outcome=false_alarm|outcome=false_alarm.*predicted=car/);
  await page.getByTitle(words.recall).click();
  await page.waitForURL(/label=car.*outcome=error|outcome=error.*label=car/);
  await page.getByTitle(words.area).first().click();
  await page.waitForURL(/class=bus/);

  // Parts of the report lead to their boxes as well.
  await page.getByRole('button', { name: words.choose }).click();
  await page.getByRole('option', { name: words.size }).click();
  await page.waitForURL(/slices=object_size/);
  const slices = page.getByRole('grid', { name: words.slices });
  const small = slices.getByRole('row', { name: words.small });
  await small.waitFor();
  const overlooked = small.getByRole('button').nth(2);
  const few = await digits(overlooked);
  assert.ok(few > 0);
  await overlooked.click();
  await samples.getByRole('heading', { name: words.part }).waitFor();
  await samples.getByRole('listitem').first().waitFor();
  assert.equal(await digits(samples.getByRole('status')), few);
  await lookAt(page, `detection-parts-${language}-${theme}`);

  // A threshold that nothing reaches leaves every object missed; the best one is a click away.
  await page.getByRole('slider', { name: words.threshold }).fill('1');
  await page.waitForURL(/[?&]t=1\.00/);
  await page.waitForFunction(
    ([name, before]) =>
      [...document.querySelectorAll('button')].some(
        (each) => each.textContent.startsWith(name) && Number(each.textContent.replace(/\D/g, '')) > before,
      ),
    [language === 'en' ? 'Missed' : '漏检', count],
  );
  assert.equal(await digits(page.getByRole('button', { name: words.alarms })), 0);
  await page.getByRole('button', { name: words.best }).click();
  await page.waitForFunction(() => !new URL(location.href).searchParams.has('t'));
  assert.deepEqual(problems, []);
  await context.close();
}

try {
  await read('en', 'light', 1440);
  await read('zh', 'dark', 1280);
  console.log('2 readings made');
} finally {
  await browser.close();
}
