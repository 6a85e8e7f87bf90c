// Drives the built console on a real server as a user does, in both languages and themes, and lets axe look at every
// page. Skips with a printed reason where Chromium or the server is missing. Run: npm run e2e
import assert from 'node:assert/strict';
import { BASE, lookAt as look, open, PASSWORD, start, USER } from './browser.mjs';
import { englishOn } from './english.mjs';

const WORDS = {
  en: {
    username: 'User name',
    password: 'Password',
    signIn: 'Sign in',
    datasets: 'Datasets',
    zh: '切换到中文',
  },
  zh: { username: '用户名', password: '密码', signIn: '登录', datasets: '数据集', zh: 'Switch to English' },
};
const SETTLE_MS = 400;

/** Looks at a page once what it asked for is there. */
async function lookAt(page, name) {
  // The stream of live events never ends, so that the network is never idle for long.
  await page.waitForLoadState('networkidle', { timeout: 500 }).catch(() => {});
  await page.waitForTimeout(SETTLE_MS);
  await look(page, name);
  assert.deepEqual(await englishOn(page, { least: 1 }), [], `${name}: in English on a Chinese page`);
}

async function signIn(page, words) {
  await page.goto(`${BASE}/p/default/datasets`);
  await page.waitForURL(/sign-in/);
  await page.getByLabel(words.username).fill(USER);
  await page.getByLabel(words.password, { exact: true }).fill('not the password');
  await page.getByRole('button', { name: words.signIn }).click();
  await page.getByRole('alert').waitFor();
  await lookAt(page, 'sign-in');
  await page.getByLabel(words.password, { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: words.signIn }).click();
  await page.waitForURL(/\/p\/default\/datasets$/);
}

/** Addresses of one thing of each kind, so far as the server has any. */
async function addresses(page) {
  const get = (path) =>
    page.evaluate(async (url) => (await (await fetch(url)).json()).items ?? [], `${BASE}${path}`);
  const api = '/api/v1/projects/default';
  const paths = [
    '/p/default',
    '/p/default/datasets',
    '/p/default/datasets?import=1',
    '/p/default/models',
    '/p/default/algorithms',
    '/p/default/pipelines',
    '/p/default/runs',
    '/p/default/notebooks',
    '/p/default/endpoints',
    '/p/default/templates/image_classification',
    '/cluster',
    ...['profile', 'tokens', 'members', 'users', 'audit', 'storage'].map((tab) => `/settings?tab=${tab}`),
    '/p/default/datasets/there-is-none',
    '/there/is/nothing',
  ];
  for (const { name } of (await get(`${api}/datasets?limit=2`)).slice(0, 2)) {
    const dataset = `/p/default/datasets/${name}`;
    paths.push(`${dataset}?sample=0`, `${dataset}?tab=statistics`, `${dataset}?tab=versions`);
  }
  for (const { name } of (await get(`${api}/models?limit=1`)).slice(0, 1))
    for (const tab of ['summary', 'evaluations', 'files', 'card'])
      paths.push(`/p/default/models/${name}?tab=${tab}`);
  for (const { id } of (await get(`${api}/runs?limit=1`)).slice(0, 1)) paths.push(`/p/default/runs/${id}`);
  for (const { name } of (await get(`${api}/pipelines?limit=1`)).slice(0, 1))
    paths.push(`/p/default/pipelines/${name}`);
  for (const { name } of (await get(`${api}/algorithms?limit=1`)).slice(0, 1))
    paths.push(`/p/default/algorithms/${name}`);
  for (const { name } of (await get(`${api}/endpoints?limit=1`)).slice(0, 1))
    paths.push(`/p/default/endpoints/${name}`);
  return paths;
}

/** Filters, moves and reloads in the browser of a dataset: the address holds it all. */
async function browse(page) {
  const items = await page.evaluate(
    async () => (await (await fetch('/api/v1/projects/default/datasets')).json()).items,
  );
  const labelled = items.find(({ latest }) => latest.class_names.length > 0 && latest.num_samples > 20);
  if (!labelled) return console.log('  no labelled dataset with 20 samples: browsing is left out');
  await page.goto(`${BASE}/p/default/datasets/${labelled.name}`);
  const samples = page
    .getByRole('listitem')
    .getByRole('button')
    .filter({ has: page.locator('img') });
  await samples.first().waitFor();
  await samples.first().click();
  await page.waitForURL(/sample=\d+/);
  const before = page.url();
  await page.keyboard.press('j');
  await page.waitForFunction((url) => location.href !== url, before);
  const label = labelled.latest.class_names[0];
  await page
    .locator('aside')
    .getByRole('button', { name: new RegExp(`^${label.replaceAll(/[^\w ]/g, '.')}`) })
    .click();
  await page.waitForURL(/label=/);
  await page.reload();
  await samples.first().waitFor();
  assert.match(page.url(), /label=/);
  await page.keyboard.press('Escape');
}

/** Language without reload; the palette and the list of shortcuts. */
async function shell(page, words) {
  await page.goto(`${BASE}/p/default`);
  await page.evaluate(() => {
    window.isSamePage = true;
  });
  await page.getByRole('button', { name: words.zh }).click();
  const other = words === WORDS.en ? WORDS.zh : WORDS.en;
  await page.getByRole('link', { name: other.datasets, exact: true }).first().waitFor();
  assert.equal(await page.evaluate(() => window.isSamePage), true);
  assert.deepEqual(await englishOn(page), [], 'left in English when switched to Chinese');
  await page.getByRole('button', { name: other.zh }).click();
  await page.getByRole('link', { name: words.datasets, exact: true }).first().waitFor();
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog').waitFor();
  await lookAt(page, 'palette');
  await page.keyboard.type(words.datasets);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL(/datasets/);
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await page.getByRole('dialog').waitFor();
  await lookAt(page, 'shortcuts');
}

const browser = await start();
let failures = 0;
const languages = process.env.KPL_E2E_LANGUAGES?.split(',') ?? ['en', 'zh'];
const themes = process.env.KPL_E2E_THEMES?.split(',') ?? ['light', 'dark'];
for (const language of languages)
  for (const theme of themes) {
    const { context, page, problems } = await open(browser, { language, theme });
    const attempt = async (name, step) => {
      try {
        await step();
      } catch (error) {
        failures += 1;
        console.error(
          `FAILED ${language} ${theme} ${name}\n  ${error.message.split('\n').slice(0, 12).join('\n  ')}`,
        );
      }
    };
    await attempt('sign in', () => signIn(page, WORDS[language]));
    const paths = await addresses(page);
    for (const path of paths)
      await attempt(path, async () => {
        await page.goto(`${BASE}${path}`);
        await lookAt(page, path);
      });
    await attempt('browse', () => browse(page));
    await attempt('shell', () => shell(page, WORDS[language]));
    await attempt('quiet console', () => assert.deepEqual(problems, []));
    console.log(`${language} ${theme}: ${paths.length} pages looked at`);
    await context.close();
  }
await browser.close();
if (failures > 0) console.error(`${failures} failed`);
process.exit(failures > 0 ? 1 : 0);
