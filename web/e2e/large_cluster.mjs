// Scrolls through the machines of a real server that has thousands, as its administrator and as a user who may see one
// project only. Prints how many elements the page had. Skips with a printed reason where Chromium is missing.
import assert from 'node:assert/strict';
import { BASE, lookAt, open, signIn, start } from './browser.mjs';

const WORDS = {
  en: {
    machines: 'Machines and their devices',
    drain: 'Drain',
    hidden: /50 % held by others|another project/,
  },
  zh: { machines: '机器与设备', drain: '排空', hidden: /其他项目/ },
};
const NUM_MACHINES = Number(process.env.KPL_E2E_MACHINES);
const LAST = `n${String(NUM_MACHINES - 1).padStart(5, '0')}`;

const browser = await start();

async function scroll(language, theme, width, name) {
  const words = WORDS[language];
  const { context, page, problems } = await open(browser, { language, theme, width });
  await signIn(page);
  await page.goto(`${BASE}/cluster`);
  const machines = page.getByRole('grid', { name: words.machines });
  await machines.getByRole('rowheader', { name: 'n00000' }).waitFor();
  await lookAt(page, `${name}-machines`);
  await machines.getByRole('rowheader').first().focus();
  await page.keyboard.press('Control+End');
  await machines.getByRole('rowheader', { name: LAST }).waitFor();
  const elements = await page.evaluate(() => document.querySelectorAll('*').length);
  assert.ok(elements < 2500, `${elements} elements`);
  await page.goto(`${BASE}/cluster?machine=n00001`);
  await page.getByRole('complementary').waitFor();
  return { context, page, problems, words, elements };
}

const found = [];
try {
  const isAdmin = process.env.KPL_E2E_USER === 'root';
  for (const [language, theme, width] of [
    ['en', 'light', 1440],
    ['zh', 'dark', 1280],
  ]) {
    const name = `cluster-${process.env.KPL_E2E_USER}-${language}`;
    const { context, page, problems, words, elements } = await scroll(language, theme, width, name);
    const panel = page.getByRole('complementary');
    await panel.getByText(/75 %/).first().waitFor();
    assert.equal(await panel.getByRole('button', { name: words.drain }).count(), isAdmin ? 1 : 0);
    const isNamed = (await panel.getByText('secret-project').count()) > 0;
    assert.equal(isNamed, isAdmin, 'who may not see a project is not told of it');
    await lookAt(page, `${name}-panel`);
    assert.deepEqual(problems, []);
    found.push(elements);
    await context.close();
  }
  console.log(`${found.join(' ')} elements`);
} finally {
  await browser.close();
}
