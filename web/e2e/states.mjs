// Walks through the console of a server where a run failed and more runs were made than one page lists: from the failure on
// the overview to its line in the log, through the lists, the dialogs, and what is offered to a viewer. In both themes.
// KPL_E2E_ALGORITHM is the folder of an algorithm named labels_….
import assert from 'node:assert/strict';
import { BASE, lookAt, open, signIn, start } from './browser.mjs';

const WORDS = {
  en: {
    failed: 'Failed',
    all: 'All',
    nothing: 'No run fits these filters.',
    more: 'Show more',
    name: 'Name',
    again: 'Run again',
    missing: /There is no project/,
    count: 'Count again',
    clean: 'Clean up',
    free: /^Free \d/,
    freed: / freed$/,
    forAdministrators: 'You may not see this',
    dialogs: {
      '/settings?tab=tokens': 'New token',
      '/settings?tab=users': 'New user',
      '/settings?tab=members': 'Add a member',
      '/cluster': 'New queue',
      '/p/default/algorithms': 'Install',
      '/p/default/endpoints': 'Deploy',
      '/p/default/pipelines': 'New pipeline',
    },
  },
  zh: {
    failed: '失败',
    all: '全部',
    nothing: '没有符合筛选条件的运行。',
    more: '显示更多',
    name: '名称',
    again: '重新运行',
    missing: /没有您可用的项目/,
    count: '重新统计',
    clean: '清理',
    free: /^释放 \d/,
    freed: /^已释放/,
    forAdministrators: '没有查看权限',
    dialogs: {
      '/settings?tab=tokens': '新建令牌',
      '/settings?tab=users': '新建用户',
      '/settings?tab=members': '添加成员',
      '/cluster': '新建队列',
      '/p/default/algorithms': '安装',
      '/p/default/endpoints': '部署',
      '/p/default/pipelines': '新建流水线',
    },
  },
};
const PROJECT = `${BASE}/p/default`;
const ERROR = 'ValueError: label 17 is none of the 10 classes';

const browser = await start();

/** Opens the line of the error from the overview; the step by itself opens its log there too. */
async function followFailure(page, _words, name) {
  await page.goto(PROJECT);
  const line = page.getByRole('link').filter({ hasText: ERROR });
  await line.waitFor();
  await lookAt(page, `overview-${name}`);
  await line.click();
  await page.waitForURL(/task=read.*tab=log/);
  const told = page.locator('section.font-mono').getByText(ERROR);
  await told.waitFor();
  await lookAt(page, `failed-${name}`);
  await page.goto(page.url().replace(/\?.*/, '?task=read'));
  await told.waitFor();
  const [box, frame] = [await told.boundingBox(), await page.locator('section.font-mono').boundingBox()];
  assert.ok(box.y >= frame.y && box.y < frame.y + frame.height, 'the error is in sight');
  assert.equal(await page.getByText('read line 0', { exact: true }).count(), 0, 'the log begins elsewhere');
}

async function readLists(page, words, name) {
  await page.goto(`${PROJECT}/runs`);
  const rows = page.getByRole('grid').getByRole('row');
  await page.waitForFunction(() => document.querySelectorAll('[role=grid] [role=row]').length > 100);
  assert.equal(await rows.count(), 101, 'a header and the first page');
  assert.match(await page.locator('main header').first().textContent(), /100\+/);
  await page.getByRole('button', { name: words.more }).press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('[role=grid] [role=row]').length > 101);
  assert.equal(await rows.count(), 102);
  assert.match(await page.locator('main header').first().textContent(), /101(?!\+)/);
  assert.equal(await page.getByRole('button', { name: words.more }).count(), 0, 'that is all');

  await page.getByRole('radio', { name: words.failed, exact: true }).click();
  await page.waitForURL(/state=failed/);
  await page.waitForFunction(() => document.querySelectorAll('[role=grid] [role=row]').length === 2);
  assert.match(await rows.nth(1).textContent(), /缺陷检测/);
  await lookAt(page, `runs-${name}`);
  await page.keyboard.press('/');
  await page.keyboard.type('no such run');
  await page.getByText(words.nothing).waitFor();
  await page.waitForURL(/q=no/);
  await page.reload();
  await page.getByText(words.nothing).waitFor();
  await lookAt(page, `nothing-${name}`);

  await page.goto(`${PROJECT}/pipelines`);
  const names = async () => (await page.getByRole('rowheader').allTextContents()).map((text) => text.trim());
  await page.getByRole('rowheader').first().waitFor();
  await page.getByRole('columnheader', { name: words.name }).click();
  await page.waitForURL(/sort=name/);
  const beginsWith = (name) => page.getByRole('rowheader').first().filter({ hasText: name }).waitFor();
  await beginsWith('alpha');
  assert.deepEqual(await names(), ['alpha', 'beta', 'gamma']);
  await page.getByRole('columnheader', { name: words.name }).focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(/order=desc/);
  await beginsWith('gamma');
  assert.deepEqual(await names(), ['gamma', 'beta', 'alpha']);
  await lookAt(page, `pipelines-${name}`);
}

async function openDialogs(page, words, name) {
  for (const [path, button] of Object.entries(words.dialogs)) {
    await page.goto(`${BASE}${path}`);
    // By the keyboard: what stands above the button may still come and move it under the mouse.
    await page.getByRole('button', { name: button, exact: true }).first().press('Enter');
    await page.getByRole('dialog').waitFor();
    await lookAt(page, `${button}-${name}`);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  }
}

/** Looks at the store, sees what would go, and lets it go. */
async function cleanUp(page, words, name) {
  await page.goto(`${BASE}/settings?tab=storage`);
  await page.getByRole('button', { name: words.count }).press('Enter');
  await page.getByRole('link', { name: /read/ }).first().waitFor();
  await lookAt(page, `storage-${name}`);
  await page.getByRole('button', { name: words.clean, exact: true }).press('Enter');
  await page.waitForURL(/clean=1/);
  const dialog = page.getByRole('dialog');
  await dialog.getByText('nobody-needs-it.txt').waitFor();
  await lookAt(page, `clean-up-${name}`);
  await dialog.getByRole('button', { name: words.free }).press('Enter');
  await page.getByText(words.freed).waitFor();
  await dialog.waitFor({ state: 'detached' });
  assert.doesNotMatch(page.url(), /clean=/);
}

/** Installs an algorithm from its folder, as it lies on the disk. */
async function installFolder(page, words) {
  await page.goto(`${PROJECT}/algorithms`);
  await page
    .getByRole('button', { name: words.dialogs['/p/default/algorithms'], exact: true })
    .press('Enter');
  await page
    .getByRole('dialog')
    .locator('input[webkitdirectory]')
    .setInputFiles(process.env.KPL_E2E_ALGORITHM);
  await page.waitForURL(/algorithms\/labels_\w+$/);
}

/** Compares the failed run with a good one; then goes where there is no project, and back by what is offered there. */
async function compareAndLeave(page, words, name) {
  await page.goto(`${PROJECT}/runs/compare?ids=1,2`);
  await page.getByRole('rowheader', { name: /isBroken/ }).waitFor();
  await lookAt(page, `compare-${name}`);
  await page.goto(`${BASE}/p/nowhere/runs`);
  await page.getByRole('heading', { name: words.missing }).waitFor();
  assert.match(await page.title(), /^nowhere/);
  await lookAt(page, `nowhere-${name}`);
  await page.locator('main a').first().click();
  await page.waitForURL(/\/p\/default/);
}

/** What a viewer is not offered, as it would be refused. */
async function lookOnly(page, words, name) {
  await page.goto(`${PROJECT}/runs/2?task=read`);
  await page.locator('section.font-mono').waitFor();
  assert.equal(await page.getByRole('button', { name: words.again }).count(), 0);
  await lookAt(page, `viewer-${name}`);
  for (const path of ['/p/default/algorithms', '/p/default/endpoints', '/p/default/pipelines', '/cluster']) {
    await page.goto(`${BASE}${path}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.waitForLoadState('networkidle', { timeout: 700 }).catch(() => {});
    assert.equal(await page.getByRole('button', { name: words.dialogs[path], exact: true }).count(), 0, path);
  }
  await page.goto(`${BASE}/settings?tab=members`);
  await page.getByRole('rowheader', { name: /Vera/ }).waitFor();
  assert.equal(await page.getByRole('tab').count(), 3, 'nor the users, the audit log and the store');
  await page.goto(`${BASE}/settings?tab=storage`);
  await page.getByRole('heading', { name: words.forAdministrators }).waitFor();
  await lookAt(page, `no-storage-${name}`);
}

const WIDTHS = { light: 1440, dark: 1280 };
let walks = 0;
try {
  for (const language of process.env.KPL_E2E_LANGUAGES?.split(',') ?? ['en', 'zh'])
    for (const theme of process.env.KPL_E2E_THEMES?.split(',') ?? ['light', 'dark']) {
      for (const [user, steps] of [
        ['admin', [followFailure, readLists, openDialogs, cleanUp, installFolder, compareAndLeave]],
        ['vera', [lookOnly]],
      ]) {
        const { context, page, problems } = await open(browser, { language, theme, width: WIDTHS[theme] });
        page.setDefaultTimeout(15_000);
        await signIn(page, user);
        for (const step of steps) await step(page, WORDS[language], `${language}-${theme}`);
        assert.deepEqual(problems, []);
        await context.close();
      }
      walks += 1;
    }
  console.log(`${walks} walks made`);
} finally {
  await browser.close();
}
