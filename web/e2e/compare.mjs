// Compares the two runs of a real server as a user does: marks them with the keyboard, reads what differs, hides a curve,
// takes the table away as a file. Skips with a printed reason where Chromium or the server is missing.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { BASE, lookAt, open, signIn, start } from './browser.mjs';

const WORDS = {
  en: {
    compare: 'Compare',
    csv: 'Export CSV',
    all: 'Show all',
    differs: 'What differs',
    metrics: 'Metrics',
    best: 'best',
    show: 'Show run',
  },
  zh: {
    compare: '对比',
    csv: '导出 CSV',
    all: '显示全部',
    differs: '差异',
    metrics: '指标',
    best: '最优',
    show: '在图表中显示运行',
  },
};

const browser = await start();

async function compare(language, theme, width, isByMouse) {
  const words = WORDS[language];
  const { context, page, problems } = await open(browser, { language, theme, width });
  page.setDefaultTimeout(10_000);
  await signIn(page);

  await page.goto(`${BASE}/p/default/runs/compare?ids=1`);
  await page.getByRole('link', { name: /2 to 8|Choose runs|选择运行/ }).waitFor();
  await lookAt(page, `empty-${language}-${theme}`);

  await page.goto(`${BASE}/p/default/runs`);
  const button = page.getByRole('button', { name: words.compare, exact: true });
  await button.waitFor();
  assert.equal(await button.isDisabled(), true, 'nothing is selected yet');
  const rows = page.getByRole('row');
  if (isByMouse) {
    await rows.nth(1).locator('label').click();
    await rows.nth(2).locator('label').click();
  } else {
    await rows.nth(1).focus();
    await page.keyboard.press('Space');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
  }
  await page.waitForURL(/selected=\d+(,|%2C)\d+$/);
  await lookAt(page, `list-${language}-${theme}`);
  await button.click();
  await page.waitForURL(/compare\?ids=/);

  const facts = page.getByRole('table', { name: words.differs });
  await facts.waitFor();
  const few = await facts.getByRole('row').count();
  assert.match(await facts.textContent(), /epochs/, 'the parameter that was changed');
  assert.doesNotMatch(await facts.textContent(), /weight_decay/, 'a parameter that is equal is left out');
  await page.getByRole('button', { name: words.all }).click();
  await page.waitForURL(/all=1/);
  assert.match(await facts.textContent(), /weight_decay/);
  assert.ok((await facts.getByRole('row').count()) > few);
  assert.match(
    await page.getByRole('table', { name: words.metrics }).textContent(),
    /val_accuracy|验证准确率/,
  );

  const charts = page.locator('[role=img]');
  await charts.first().waitFor();
  assert.match(await charts.first().getAttribute('aria-label'), /#\d+, #\d+/, 'both runs have a curve');
  await lookAt(page, `compare-${language}-${theme}`);
  await charts.first().scrollIntoViewIfNeeded();
  await lookAt(page, `charts-${language}-${theme}`);
  await page
    .getByRole('button', { name: new RegExp(`${words.show} `) })
    .first()
    .click();
  await page.waitForURL(/hidden=\d+/);
  assert.doesNotMatch(await charts.first().getAttribute('aria-label'), /,/, 'one curve is left');
  await page.goto(`${page.url()}&log=1&smooth=some&range=1-2`);
  await charts.first().waitFor();
  assert.doesNotMatch(
    await charts.first().getAttribute('aria-label'),
    /,/,
    'the address keeps what is hidden',
  );

  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: words.csv }).click(),
  ]);
  const lines = (await readFile(await file.path(), 'utf8')).trim().split('\r\n');
  assert.match(lines[0], /^kind,step,name,#\d+ .*,#\d+ /);
  assert.ok(lines.some((line) => line.startsWith('parameters,train,epochs,')));
  assert.ok(lines.some((line) => line.startsWith('metrics,train,val_loss,')));
  assert.deepEqual(problems, []);
  await context.close();
}

try {
  await compare('en', 'light', 1440, false);
  await compare('zh', 'dark', 1280, true);
  console.log('2 comparisons made');
} finally {
  await browser.close();
}
