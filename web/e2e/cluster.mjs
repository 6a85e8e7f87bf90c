// Reads the queue of a real server whose GPUs are all held: quotas, who waits, why, in both languages and themes.
import assert from 'node:assert/strict';
import { BASE, lookAt, open, signIn, start } from './browser.mjs';

const WORDS = {
  en: {
    machines: 'Machines and their devices',
    device: /GPU 0.*100 % held by sleep \(task \d+, default\)/,
    drain: 'Drain',
    moves: /2 running tasks are asked to save their state/,
    stays: /0 tasks stay until they end/,
    cancel: 'Cancel',
    queues: 'Queues and quotas',
    waiting: 'Waiting for room',
    reason: /waits for 1 GPU: queue default uses 2 GPUs of at most 2 GPUs/,
    quota: /2 used · 1 borrowed · 1 guaranteed/,
    empty: 'Nothing waits.',
    waitsForRoom: 'Waits for room',
    editLab: 'Change queue lab',
    gpuLimit: 'GPU, At most',
    save: 'Save',
    close: 'Close',
    closed: 'closed',
    open: 'Open',
  },
  zh: {
    machines: '机器与设备',
    device: /GPU 0.*sleep（任务 \d+，default） 占用 100 %/,
    drain: '排空',
    moves: /2 个运行中的任务会保存状态并重新排队/,
    stays: /0 个任务会留下，直到结束或被停止/,
    cancel: '取消',
    queues: '队列与配额',
    waiting: '等待资源',
    reason: /等待 1 个 GPU/,
    quota: /已用 2 · 借用 1 · 保障 1/,
    empty: '没有等待的任务。',
    waitsForRoom: '等待资源',
    editLab: '修改队列 lab',
    gpuLimit: 'GPU, 上限',
    save: '保存',
    close: '停止调度',
    closed: '已停止调度',
    open: '恢复调度',
  },
};

const browser = await start();

/** Walks the cells of the matrix by keys, and reads what a drain would do without doing it. */
async function readMachines(page, words, name) {
  const machines = page.getByRole('grid', { name: words.machines });
  await machines.getByRole('rowheader').first().focus();
  for (let step = 0; step < 3; step += 1) await page.keyboard.press('ArrowRight');
  const focused = await page.evaluate(() => document.activeElement.textContent);
  assert.match(focused, words.device, 'the third step to the right is the first device');
  await page.keyboard.press('Enter');
  await page.waitForURL(/machine=/);
  await page.getByRole('complementary').getByRole('link', { name: 'sleep' }).first().waitFor();
  await page.getByRole('complementary').locator('canvas').first().waitFor();
  await page.getByRole('button', { name: words.drain, exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(words.moves).waitFor();
  await dialog.getByText(words.stays).waitFor();
  await lookAt(page, `drain-${name}`);
  await dialog.getByRole('button', { name: words.cancel, exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
}

async function read(language, theme, width) {
  const words = WORDS[language];
  const { context, page, problems } = await open(browser, { language, theme, width });
  page.setDefaultTimeout(10_000);
  await signIn(page);
  await page.goto(`${BASE}/cluster`);
  await readMachines(page, words, `${language}-${theme}`);
  const queues = page.getByRole('grid', { name: words.queues });
  await queues.getByText(words.quota).first().waitFor();
  const names = await queues.getByRole('rowheader').allInnerTexts();
  assert.deepEqual(names, ['root', 'lab', 'default']);
  const waiting = page.getByRole('grid', { name: words.waiting });
  await waiting.getByText(words.reason).waitFor();
  assert.equal(await waiting.getByRole('row').count(), 2, 'the head and the one task that waits');
  await lookAt(page, `cluster-${language}-${theme}`);
  await waiting.scrollIntoViewIfNeeded();
  await lookAt(page, `waiting-${language}-${theme}`);

  await queues.getByRole('row').filter({ hasText: 'lab' }).first().focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(/queue=lab/);
  await page.goto(`${BASE}/cluster`);
  await waiting.getByRole('row').nth(1).click();
  await page.waitForURL(/\/runs\/3\?task=sleep/);
  await page.getByRole('heading', { name: words.waitsForRoom }).waitFor();
  await page.getByText(words.reason).first().waitFor();
  await lookAt(page, `why-${language}-${theme}`);
  await page.goto(`${BASE}/cluster`);
  await change(page, words, `${language}-${theme}`);
  assert.deepEqual(problems, []);
  await context.close();
}

/** What administrators may: other quotas for a queue, closing a machine and opening it again. */
async function change(page, words, name) {
  await page.getByRole('button', { name: words.editLab }).click();
  const dialog = page.getByRole('dialog');
  const limit = dialog.getByRole('textbox', { name: words.gpuLimit, exact: true });
  const before = await limit.inputValue();
  await limit.fill('2000000');
  await limit.press('Tab');
  await lookAt(page, `queue-form-${name}`);
  await dialog.getByRole('button', { name: words.save }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: words.editLab }).click();
  assert.equal(await limit.inputValue(), '2000000');
  await limit.fill(before);
  await limit.press('Tab');
  await dialog.getByRole('button', { name: words.save }).click();
  await dialog.waitFor({ state: 'detached' });

  const panel = page.getByRole('complementary');
  await panel.getByRole('button', { name: words.close, exact: true }).click();
  await dialog.getByRole('textbox').fill('repairs');
  await lookAt(page, `machine-close-${name}`);
  await dialog.getByRole('button', { name: words.close, exact: true }).last().click();
  await panel.getByText(words.closed, { exact: true }).waitFor();
  await panel.getByRole('button', { name: words.open, exact: true }).click();
  await dialog.getByRole('button', { name: words.open, exact: true }).click();
  await panel.getByText(words.closed, { exact: true }).waitFor({ state: 'detached' });
}

try {
  await read('en', 'light', 1440);
  await read('zh', 'dark', 1280);
  console.log('2 readings made');
} finally {
  await browser.close();
}
