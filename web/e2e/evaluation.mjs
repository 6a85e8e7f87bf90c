// Reads the evaluation of a real test: figures, a threshold, and from a number to its samples, by mouse and keyboard;
// then the targets that the same model was compiled for.
import assert from 'node:assert/strict';
import { BASE, lookAt, open, signIn, start } from './browser.mjs';

const WORDS = {
  en: {
    open: 'Open the evaluation',
    matrix: 'What is taken for what',
    samples: 'Samples behind a figure',
    threshold: 'Threshold',
    right: /^Right/,
    previous: 'Previous sample',
    unanswered: /^No answer/,
    chosen: 'in the package',
  },
  zh: {
    open: '查看评估',
    matrix: '混淆矩阵',
    samples: '指标背后的样本',
    threshold: '阈值',
    right: /^正确/,
    previous: '上一个样本',
    unanswered: /^无预测/,
    chosen: '已打包',
  },
};

const browser = await start();

async function read(language, theme, width) {
  const words = WORDS[language];
  const { context, page, problems } = await open(browser, { language, theme, width });
  page.setDefaultTimeout(10_000);
  await signIn(page);
  await page.goto(`${BASE}/p/default/runs/${process.env.KPL_E2E_RUN ?? 1}?task=test&tab=outputs`);
  await page.getByRole('link', { name: words.open }).click();
  await page.waitForURL(/\/evaluations\/\d+/);
  const matrix = page.getByRole('region', { name: words.matrix });
  await matrix.getByRole('button').first().waitFor();
  await lookAt(page, `evaluation-${language}-${theme}`);

  // A figure counts the samples that it opens.
  const right = page.getByRole('button', { name: words.right });
  const count = Number((await right.textContent()).replace(/\D/g, ''));
  await right.click();
  const samples = page.getByRole('complementary', { name: words.samples });
  await samples.getByRole('listitem').first().waitFor();
  assert.equal(Number((await samples.getByRole('status').textContent()).replace(/\D/g, '')), count);
  await samples.getByRole('listitem').nth(1).getByRole('button').click();
  await samples.getByRole('button', { name: words.previous }).waitFor();
  await page.keyboard.press('k');
  await page.waitForFunction(() => new URL(location.href).searchParams.has('sample'));
  await samples.locator('img').first().waitFor();
  await lookAt(page, `evaluation-samples-${language}-${theme}`);
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => !new URL(location.href).searchParams.has('sample'));
  await page.keyboard.press('Escape');
  await samples.waitFor({ state: 'detached' });

  // Arrows lead through the matrix, Enter opens a cell.
  await matrix.getByRole('button').first().focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  await samples.waitFor();
  assert.match(page.url(), /label=.*predicted=/);

  // A threshold that nothing reaches leaves every sample without an answer.
  await page.getByRole('slider', { name: words.threshold }).fill('1');
  await page.waitForURL(/[?&]t=1\.00/);
  const none = page.getByRole('button', { name: words.unanswered });
  await page.waitForFunction((n) => document.body.textContent.includes(n), '1.00');
  await none.click();
  await page.waitForURL(/outcome=unanswered/);
  await lookAt(page, `evaluation-threshold-${language}-${theme}`);

  await page.goto(`${BASE}/p/default/models/${process.env.KPL_E2E_MODEL ?? 'shapes'}?tab=targets`);
  await page.getByRole('rowheader', { name: /onnxruntime-fp32/ }).waitFor();
  await page.getByText(words.chosen).waitFor();
  await lookAt(page, `targets-${language}-${theme}`);
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
