// Draws in the pipeline editor of a real server as a user does: what is drawn is kept as a draft, becomes revisions, is
// looked at and restored; two windows and two people are told of each other. In both languages and themes.
import assert from 'node:assert/strict';
import { atRest, BASE, lookAt, open, signIn, start } from './browser.mjs';

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
    fit: 'Show all',
    failed: /^\s*Not saved: .+/,
    retry: 'Try again',
    choose: 'Choose…',
    takeOther: 'Take the other window’s',
    compare: 'Compare…',
    overwrite: 'Save mine on top',
    saveTemplate: 'Save as template…',
    save: 'Save as template',
    titles: ['Title in English', 'Title in Chinese'],
    open: 'Open',
    ownData: 'Your data and settings',
    noteText: 'Text of the note',
    groupTitle: 'Title of the group',
    teal: 'Teal',
    flows: 'What flows here',
    notYet: /^Nothing yet/,
  },
  zh: {
    kept: '草稿已保存',
    saved: /保存$/,
    saveRevision: '保存修订',
    more: '更多',
    history: '修订历史',
    restore: '恢复',
    revisions: '修订列表',
    looking: '正在查看修订 1',
    close: '关闭',
    undo: '撤销',
    fit: '显示全部',
    failed: /^\s*未保存：.+/,
    retry: '重试',
    choose: '选择…',
    takeOther: '采用另一个窗口的内容',
    compare: '对比…',
    overwrite: '保存我的内容',
    saveTemplate: '存为模板…',
    save: '存为模板',
    titles: ['英文标题', '中文标题'],
    open: '打开',
    ownData: '数据与设置',
    noteText: '注释内容',
    groupTitle: '分组标题',
    teal: '青色',
    flows: '此处流过的内容',
    notYet: /^还没有内容/,
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
  await page.getByRole('button', { name: words.fit }).click();
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

/** What is drawn becomes a template with chosen questions, is listed with its picture and asks for what was chosen. */
async function savesTemplate(page, words, address, look) {
  await page.goto(address);
  await page.getByRole('button', { name: words.more }).click();
  await page.getByRole('menuitem', { name: words.saveTemplate }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(words.titles[0]).fill('Train on shapes');
  await dialog.getByLabel(words.titles[1]).fill('形状训练');
  await dialog.getByRole('checkbox').nth(1).focus();
  await page.keyboard.press('Space');
  await look(page, 'template');
  await dialog.getByRole('button', { name: words.save, exact: true }).click();
  await page.getByRole('button', { name: words.open, exact: true }).click();
  await page.waitForURL(/templates\/shapes-..-template/);
  await page.getByRole('heading', { name: words.ownData }).waitFor();
  const parameters = await page.evaluate(async (name) => {
    const found = await (await fetch(`/api/v1/projects/default/templates/${name}`)).json();
    return [Object.keys(found.parameters), found.title];
  }, page.url().split('/').at(-1));
  assert.deepEqual(parameters, [['dataset', 'epochs'], { en: 'Train on shapes', zh: '形状训练' }]);
  await look(page, 'template-use');
  await page.goto(`${BASE}/p/default/pipelines?tab=templates`);
  await page
    .getByRole('link', { name: /Train on shapes|形状训练/ })
    .first()
    .waitFor();
  await look(page, 'templates');
}

/** Words and frames: made with keys, moved with what they hold, kept in the text, and undone. */
async function takesNotes(page, words, address, look) {
  await page.goto(address);
  await expectNodes(page, 4, 'the pipeline');
  await page.locator('.kpl-canvas').focus();
  await node(page, 'train').click();
  await page.keyboard.press('1');
  await node(page, 'test').click({ modifiers: ['Shift'] });
  await page.keyboard.press('g');
  const title = page.getByLabel(words.groupTitle);
  await title.fill('Training');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: words.teal }).click();
  await expectNodes(page, 5, 'a frame around two steps');
  const place = (id) => node(page, id).evaluate((element) => element.style.transform);
  const before = [await place('train'), await place('data')];
  await node(page, 'group/1').focus();
  for (let times = 0; times < 4; times += 1) await page.keyboard.press('ArrowDown');
  assert.notEqual(await place('train'), before[0], 'a step in the frame goes along');
  assert.equal(await place('data'), before[1], 'a step beside it stays');
  await node(page, 'data').click();
  await page.keyboard.press('c');
  await page.getByLabel(words.noteText).fill('Photos of shapes: retrain when new ones arrive.');
  await page.keyboard.press('Escape');
  await expectNodes(page, 6, 'a note');
  await look(page, 'notes');

  const from = await atRest(node(page, 'group/1'));
  const [x, y] = [from.x + from.width - 30, from.y + 16];
  const stood = await node(page, 'test').boundingBox();
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x, y - 60, { steps: 6 });
  await page.mouse.up();
  const [stands, to] = [await atRest(node(page, 'test')), await atRest(node(page, 'group/1'))];
  assert.ok(from.y - to.y > 30, 'the frame was dragged');
  assert.ok(Math.abs(stood.y - stands.y - (from.y - to.y)) < 1, 'and took its steps along');

  await says(page, words.kept);
  await page.getByText('YAML', { exact: true }).click();
  await page.getByText('group/1').waitFor();
  await page.goBack();
  await page.goto(address);
  await expectNodes(page, 6, 'notes are part of what is kept');
  await node(page, 'group/1').click({ position: { x: 20, y: 10 } });
  await page.keyboard.press('Control+d');
  await expectNodes(page, 9, 'a group is copied with its steps');
  await page.keyboard.press('Control+z');
  await expectNodes(page, 6, 'and that is undone');
  await node(page, 'group/1').click({ position: { x: 20, y: 10 } });
  await page.keyboard.press('Delete');
  await expectNodes(page, 5, 'the frame goes, the steps stay');
  await page.getByRole('button', { name: words.saveRevision }).click();
  await says(page, words.saved);
}

/** Points at something until a card is there: what a canvas draws anew loses the focus and the pointer. */
async function pointing(act, shown) {
  for (let attempt = 0; attempt < 4; attempt += 1) {
    await act();
    const isThere = await shown.waitFor({ timeout: 2500 }).then(
      () => true,
      () => false,
    );
    if (isThere) return;
    await shown.page().mouse.move(0, 0);
  }
  await shown.waitFor();
}

/** An edge shows what flows along it: samples and classes of data, numbers of what a step made, or that nothing is there. */
async function showsFlow(page, words, address, look) {
  const edge = (id) => page.locator(`.react-flow__edge[data-id="${id}"]`);
  const card = page.getByRole('region', { name: words.flows });
  await page.goto(`${BASE}/p/default/runs/1`);
  await pointing(() => edge('data.dataset>split.dataset').focus(), card.getByText('circle'));
  assert.equal(await card.getByRole('img').count(), 12);
  await look(page, 'flow-data');
  await pointing(() => edge('train.model>test.model').focus(), card.getByText('val_accuracy'));
  await look(page, 'flow-model');
  await page.goto(address);
  await expectNodes(page, 4, 'the pipeline that has not run');
  await atRest(edge('split.dataset>train.dataset'));
  const hover = (id) => edge(id).hover({ force: true });
  await pointing(() => hover('split.dataset>train.dataset'), card.getByText(words.notYet));
  await page.mouse.move(0, 0);
  await card.waitFor({ state: 'detached' });
  await pointing(() => hover('data.dataset>split.dataset'), card.getByText('circle'));
  await page.mouse.move(0, 0);
  await card.waitFor({ state: 'detached' });
}

async function draw(language, theme, width) {
  const words = WORDS[language];
  const { context, page, problems } = await open(browser, { language, theme, width });
  context.setDefaultTimeout(10_000);
  await signIn(page);
  const address = `${BASE}/p/default/pipelines/shapes-${language}`;
  const look = (at, name) => lookAt(at, `editor-${name}-${language}-${theme}`);
  await savesTemplate(page, words, address, look);
  const again = await keepsDrafts(page, context, words, address, look);
  again.on('pageerror', (error) => problems.push(error.message));
  await showsHistory(again, words, look);
  await tellsFailure(again, words, look);
  await choosesBetweenWindows(again, context, words, address, look);
  await choosesBetweenPeople(again, words, address, look);
  const notes = `${BASE}/p/default/pipelines/notes-${language}`;
  await showsFlow(again, words, notes, look);
  await takesNotes(again, words, notes, look);
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
