// Draws in the pipeline editor of a real server as a user does: what is drawn is kept as a draft, becomes revisions, is
// looked at and restored; two windows and two people are told of each other. In both languages and themes.
import assert from 'node:assert/strict';
import { BASE, lookAt, open, signIn, start } from './browser.mjs';

const WORDS = {
  en: {
    kept: 'Draft saved',
    saved: /^\s*saved/,
    saveRevision: 'Save revision',
    more: 'More',
    history: 'History',
    restore: 'Restore',
    revisions: 'Revisions',
    looking: 'Looking at revision 1',
    close: 'Close',
    undo: 'Undo',
    failed: /^\s*Not saved: .+/,
    retry: 'Try again',
    choose: 'Choose…',
    takeOther: 'Take the other window’s',
    compare: 'Compare…',
    overwrite: 'Save mine on top',
  },
  zh: {
    kept: '草稿已保存',
    saved: /保存$/,
    saveRevision: '保存修订',
    more: '更多',
    history: '历史版本',
    restore: '恢复',
    revisions: '修订列表',
    looking: '正在查看修订 1',
    close: '关闭',
    undo: '撤销',
    failed: /^\s*未保存：.+/,
    retry: '重试',
    choose: '选择…',
    takeOther: '采用另一个窗口的内容',
    compare: '对比…',
    overwrite: '在其上保存我的',
  },
};

const browser = await start();

const nodes = (page) => page.locator('.kpl-canvas .react-flow__node');
const node = (page, id) => page.locator(`.kpl-canvas .react-flow__node[data-id="${id}"]`);
const status = (page) => page.locator('header [role=status]');

/** Waits until the header says so. */
const says = (page, text) => status(page).filter({ hasText: text }).waitFor();

/** Takes a step away with the keyboard. */
async function removeStep(page, id) {
  await node(page, id).click();
  await page.keyboard.press('Delete');
  await node(page, id).waitFor({ state: 'detached' });
}

/** Steps come and go a moment after what was done. */
async function expectNodes(page, count, why) {
  const isSo = (wanted) => document.querySelectorAll('.kpl-canvas .react-flow__node').length === wanted;
  await page
    .waitForFunction(isSo, count)
    .catch(async () => assert.equal(await nodes(page).count(), count, why));
}

/** What is drawn survives a browser that ends without a word, and the history holds only what was meant for it. */
async function keepsDrafts(page, context, words, address, look) {
  await page.goto(address);
  await expectNodes(page, 4, 'as saved');
  await removeStep(page, 'test');
  await says(page, words.kept);
  const again = await context.newPage();
  await page.close({ runBeforeUnload: false });
  await again.goto(address);
  await expectNodes(again, 3, 'the draft is there again');
  await says(again, words.kept);
  await look(again, 'draft');

  await again.keyboard.press('Control+z');
  await expectNodes(again, 4, 'undo leads back to the revision');
  await says(again, words.saved);
  await again.keyboard.press('Control+Shift+z');
  await says(again, words.kept);
  await again.getByRole('button', { name: words.saveRevision }).click();
  await says(again, words.saved);
  return again;
}

/** The history names what changed; an old revision is looked at, made the newest, and that is undone. */
async function showsHistory(page, words, look) {
  await page.getByRole('button', { name: words.more }).click();
  await page.getByRole('menuitem', { name: words.history }).click();
  const list = page.getByRole('list', { name: words.revisions });
  await list
    .locator('> li')
    .filter({ hasText: /#2.*admin/ })
    .filter({ hasText: 'test' })
    .waitFor();
  await look(page, 'history');
  await list.getByRole('button', { name: /^#1/ }).click();
  await page.waitForURL(/revision=1/);
  await page.getByText(words.looking).first().waitFor();
  await expectNodes(page, 4, 'the old revision is on the canvas');
  await look(page, 'revision');
  await page.reload();
  await page.getByText(words.looking).first().waitFor();
  await page.getByRole('button', { name: words.restore, exact: true }).click();
  await list.getByRole('button', { name: /^#3/ }).waitFor();
  await page.getByText(words.looking).waitFor({ state: 'detached' });
  await expectNodes(page, 4, 'restored');
  await page.getByRole('button', { name: words.undo, exact: true }).last().click();
  await expectNodes(page, 3, 'restoring is undone');
  await says(page, words.kept);
  await page.keyboard.press('Control+Shift+z');
  await says(page, words.saved);
  await page
    .getByRole('complementary', { name: words.history })
    .getByRole('button', { name: words.close })
    .click();
  await expectNodes(page, 4, 'all of it has room again');
}

/** A server that does not answer is told of, and the draft goes there when it is back. */
async function tellsFailure(page, words, look) {
  await page.route('**/draft', (route) => route.abort());
  await removeStep(page, 'test');
  await says(page, words.failed);
  await look(page, 'failed');
  await page.unroute('**/draft');
  await status(page).getByRole('button', { name: words.retry }).click();
  await says(page, words.kept);
}

/** Two windows of one person: the later one chooses. */
async function choosesBetweenWindows(page, context, words, address, look) {
  const other = await context.newPage();
  await other.goto(address);
  await expectNodes(other, 3, 'the same draft');
  await removeStep(other, 'train');
  await says(other, words.kept);
  await removeStep(page, 'split');
  await status(page).getByRole('button', { name: words.choose }).click();
  await page.getByRole('dialog').getByText('train').waitFor();
  const take = page.getByRole('button', { name: words.takeOther, disabled: false });
  await take.waitFor();
  await look(page, 'windows');
  await take.click();
  await expectNodes(page, 2, 'what the other window drew');
  await says(page, words.kept);
  await other.close();
}

/** Somebody else saves a revision meanwhile: both stay in the history. */
async function choosesBetweenPeople(page, words, address, look) {
  const name = address.split('/').at(-1);
  await page.evaluate(async (pipeline) => {
    const url = `/api/v1/projects/default/pipelines/${pipeline}`;
    const [session, found] = await Promise.all(
      ['/api/v1/session', url].map(async (each) => (await fetch(each)).json()),
    );
    await fetch(url, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': session.csrf_token },
      body: JSON.stringify({ document: { ...found.document, task: 'classification' } }),
    });
  }, name);
  await page.getByRole('button', { name: words.compare }).click();
  await page.getByRole('dialog').waitFor();
  await look(page, 'people');
  await page.getByRole('button', { name: words.overwrite }).click();
  await says(page, words.saved);
  const revisions = await page.evaluate(
    async (pipeline) =>
      (await (await fetch(`/api/v1/projects/default/pipelines/${pipeline}/revisions`)).json()).items.map(
        ({ revision, num_nodes }) => [revision, num_nodes],
      ),
    name,
  );
  assert.deepEqual(revisions.slice(0, 2), [
    [5, 2],
    [4, 4],
  ]);
}

async function draw(language, theme, width) {
  const words = WORDS[language];
  const { context, page, problems } = await open(browser, { language, theme, width });
  context.setDefaultTimeout(10_000);
  await signIn(page);
  const address = `${BASE}/p/default/pipelines/shapes-${language}`;
  const look = (at, name) => lookAt(at, `editor-${name}-${language}-${theme}`);
  const again = await keepsDrafts(page, context, words, address, look);
  again.on('pageerror', (error) => problems.push(error.message));
  await showsHistory(again, words, look);
  await tellsFailure(again, words, look);
  await choosesBetweenWindows(again, context, words, address, look);
  await choosesBetweenPeople(again, words, address, look);
  assert.deepEqual(problems, []);
  await context.close();
}

try {
  await draw('en', 'light', 1440);
  await draw('zh', 'dark', 1280);
  console.log('2 drawings made');
} finally {
  await browser.close();
}
