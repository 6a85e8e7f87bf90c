import { open, signIn, start, BASE } from './browser.mjs';
const out = process.argv[2];
const b = await start();
const looks = [[1440,'light','en'],[1280,'dark','zh']];
for (const [width, theme, language] of looks) {
  const { page, context, problems } = await open(b, { language, theme, width, height: 900 });
  await signIn(page);
  const shot = async (name, path, act) => {
    await page.goto(`${BASE}/p/default/${path}`); await page.waitForTimeout(2200);
    try { await act?.(); } catch (e) { console.log(name, String(e).slice(0,300)); }
    await page.waitForTimeout(600);
    await page.screenshot({ path: `${out}/${name}-${width}-${theme}-${language}.png` });
  };
  await shot('cond', 'pipelines/deploy-if-good', async () => { await page.locator('[data-id="good_enough"]').click(); });
  await shot('condrun', 'runs/3', async () => { await page.locator('[data-id="good_enough"]').click(); });
  await shot('search', 'pipelines/search', async () => { await page.locator('[data-id="train"]').click(); });
  await shot('searchrun', 'runs/4', async () => { await page.locator('[data-id="train"]').click(); });
  await shot('plan', 'pipelines/deploy-if-good', async () => { await page.getByRole('button', {name: language==='zh'?'运行':'Run'}).first().click(); await page.waitForTimeout(1500); });
  console.log(problems);
  await context.close();
}
await b.close();
