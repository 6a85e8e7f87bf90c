// Takes a picture of each screen of a server that tools/docs_pictures.py has filled. Where to: KPL_PICTURES; what there is:
// KPL_PICTURES_OBJECTS (JSON). Every page is waited for until its content, pictures and fonts are there and nothing moves.
import { BASE, open, signIn, start } from './browser.mjs';

const FOLDER = process.env.KPL_PICTURES;
const objects = JSON.parse(process.env.KPL_PICTURES_OBJECTS);
const only = process.env.KPL_PICTURES_ONLY ? new RegExp(process.env.KPL_PICTURES_ONLY) : null;
const PROJECT = '/p/default';
const PATIENCE_MS = 30_000;
/** How long nothing may change before a picture is taken. */
const QUIET_MS = 700;

const EN = { language: 'en', theme: 'light', width: 1440, height: 900 };
const ZH = { language: 'zh', theme: 'dark', width: 1280, height: 800 };
const both = [EN, ZH];
/** All looks of a screen, where they are asked for. */
const EVERY_LOOK = process.env.KPL_PICTURES_EVERY_LOOK
  ? [EN, ZH].flatMap(({ width, height }) =>
      ['light', 'dark'].flatMap((theme) =>
        ['en', 'zh'].map((language) => ({ language, theme, width, height })),
      ),
    )
  : null;

/** Name, address, and what is done and waited for before the picture. */
const SCREENS = [
  { name: 'overview', path: PROJECT, waitFor: 'main img', looks: both },
  { name: 'datasets', path: `${PROJECT}/datasets`, waitFor: 'main img', looks: [EN] },
  {
    name: 'dataset-samples',
    path: `${PROJECT}/datasets/${objects.scenes}?sample=${objects.sample}`,
    waitFor: 'li img',
    looks: both,
  },
  {
    name: 'dataset-statistics',
    path: `${PROJECT}/datasets/${objects.scenes}?tab=statistics`,
    waitFor: 'main table, main [role=grid]',
    looks: [EN],
  },
  {
    name: 'dataset-versions',
    path: `${PROJECT}/datasets/${objects.scenes}?tab=versions`,
    waitFor: 'main',
    looks: [EN],
  },
  { name: 'pipelines', path: `${PROJECT}/pipelines`, waitFor: 'main svg', looks: [EN] },
  {
    name: 'template',
    path: `${PROJECT}/templates/image_classification`,
    waitFor: 'main svg',
    looks: [ZH],
  },
  {
    name: 'editor',
    path: `${PROJECT}/pipelines/${objects.pipeline}`,
    waitFor: '.react-flow__node',
    act: async (page) => page.locator('.react-flow__node').nth(2).click(),
    looks: both,
  },
  { name: 'runs', path: `${PROJECT}/runs`, waitFor: '[role=row]', looks: [EN] },
  {
    name: 'run',
    path: `${PROJECT}/runs/${objects.run}?task=train&tab=metrics`,
    waitFor: '.u-over',
    looks: both,
  },
  {
    name: 'run-trials',
    path: `${PROJECT}/runs/${objects.search}?task=train`,
    waitFor: 'figure circle',
    looks: both,
  },
  {
    name: 'run-timeline',
    path: `${PROJECT}/runs/${objects.run}?view=timeline`,
    waitFor: '[role=grid]',
    looks: [EN],
  },
  {
    name: 'run-log',
    path: `${PROJECT}/runs/${objects.failed}?task=split&tab=log`,
    waitFor: 'section.font-mono',
    looks: [EN],
  },
  {
    name: 'compare',
    path: `${PROJECT}/runs/compare?ids=${objects.compared.join(',')}`,
    waitFor: '[role=img]',
    looks: [EN],
  },
  { name: 'models', path: `${PROJECT}/models`, waitFor: '[role=row]', looks: [EN] },
  { name: 'model', path: `${PROJECT}/models/${objects.model}`, waitFor: 'main h2', looks: [EN] },
  {
    name: 'model-evaluations',
    path: `${PROJECT}/models/${objects.model}?tab=evaluations`,
    waitFor: 'main h2',
    looks: [EN],
  },
  {
    name: 'evaluation',
    path: `${PROJECT}/models/${objects.model}?tab=evaluations`,
    waitFor: 'main a[href*="/evaluations/"]',
    act: async (page) => {
      await page.locator('main a[href*="/evaluations/"]').first().click();
      await page.locator('main table button[data-at="0,0"]').click();
      await page.locator('aside li img').first().waitFor();
    },
    looks: both,
  },
  {
    name: 'model-targets',
    path: `${PROJECT}/models/${objects.model}?tab=targets`,
    waitFor: 'main [role=row]',
    looks: [EN],
  },
  { name: 'algorithms', path: `${PROJECT}/algorithms`, waitFor: 'main a', looks: [EN] },
  {
    name: 'algorithm',
    path: `${PROJECT}/algorithms/image_classification`,
    waitFor: 'main h2',
    looks: [EN],
  },
  {
    name: 'algorithm-try',
    path: `${PROJECT}/algorithms/image_classification?try=train`,
    waitFor: '[role=dialog] img',
    act: async (page) => {
      await page
        .locator('[role=dialog] label')
        .filter({ has: page.locator('input:enabled') })
        .first()
        .click();
      await page.locator('[role=dialog] ol').waitFor();
    },
    looks: both,
  },
  { name: 'notebooks', path: `${PROJECT}/notebooks`, waitFor: 'main pre', looks: [EN] },
  { name: 'endpoints', path: `${PROJECT}/endpoints`, waitFor: '[role=row]', looks: [EN] },
  {
    name: 'endpoint',
    path: `${PROJECT}/endpoints/${objects.endpoint}`,
    waitFor: 'main h2',
    act: async (page) => {
      const answered = page.waitForResponse((answer) => answer.request().method() === 'POST');
      await page.locator('main input[type=file]').setInputFiles(objects.image);
      await answered;
    },
    looks: both,
  },
  { name: 'cluster', path: '/cluster', waitFor: 'main [role=grid]', looks: both },
  { name: 'settings', path: '/settings?tab=users', waitFor: '[role=row]', looks: [EN] },
  { name: 'storage', path: '/settings?tab=storage', waitFor: 'main a', looks: both },
  // Not in the guide, only to be looked at:
  { name: 'import', path: `${PROJECT}/datasets?import=1`, waitFor: '[role=dialog]', looks: [] },
  {
    name: 'difference',
    path: `${PROJECT}/datasets/${objects.scenes}?tab=versions&compare=2-1`,
    waitFor: 'main',
    looks: [],
  },
  { name: 'scenes', path: `${PROJECT}/datasets/${objects.scenes}`, waitFor: 'li img', looks: [] },
  { name: 'model-card', path: `${PROJECT}/models/${objects.model}?tab=card`, waitFor: 'main', looks: [] },
  { name: 'model-files', path: `${PROJECT}/models/${objects.model}?tab=files`, waitFor: 'main', looks: [] },
  {
    name: 'deploy',
    path: `${PROJECT}/models/${objects.model}`,
    waitFor: 'main h2',
    act: async (page) => {
      await page.getByRole('button', { name: /^(Deploy|部署)/ }).click();
      await page.getByRole('dialog').waitFor();
    },
    looks: [],
  },
  {
    name: 'plan',
    path: `${PROJECT}/pipelines/${objects.pipeline}`,
    waitFor: '.react-flow__node',
    act: async (page) => {
      await page.getByRole('button', { name: /^(Run|运行)/ }).click();
      await page.getByRole('dialog').waitFor();
    },
    looks: [],
  },
  { name: 'templates', path: `${PROJECT}/pipelines?tab=templates`, waitFor: 'main svg', looks: [] },
  { name: 'clean-up', path: '/settings?tab=storage&clean=1', waitFor: '[role=dialog]', looks: [] },
  { name: 'run-failed', path: `${PROJECT}/runs/${objects.failed}`, waitFor: '.react-flow__node', looks: [] },
  ...['profile', 'tokens', 'members', 'audit'].map((tab) => ({
    name: `settings-${tab}`,
    path: `/settings?tab=${tab}`,
    waitFor: 'main h1',
    looks: [],
  })),
  { name: 'nothing', path: '/there/is/nothing', waitFor: 'main', looks: [] },
  {
    name: 'palette',
    path: PROJECT,
    waitFor: 'main img',
    act: async (page) => {
      await page.keyboard.press('Control+k');
      await page.getByRole('dialog').waitFor();
    },
    looks: [],
  },
  {
    name: 'shortcuts',
    path: PROJECT,
    waitFor: 'main img',
    act: async (page) => {
      await page.keyboard.press('?');
      await page.getByRole('dialog').waitFor();
    },
    looks: [],
  },
];

/** Waits until texts, pictures and fonts are there, and the document has not changed for a while. */
async function settle(page) {
  await page.waitForFunction(
    () =>
      !document.querySelector('main .animate-pulse, main .animate-spin') &&
      [...document.images].every((image) => image.complete),
    null,
    { timeout: PATIENCE_MS },
  );
  await page.evaluate(async (quiet) => {
    await document.fonts.ready;
    await new Promise((resolve) => {
      let timer = setTimeout(resolve, quiet);
      const observer = new MutationObserver(() => {
        clearTimeout(timer);
        timer = setTimeout(resolve, quiet);
      });
      observer.observe(document.body, { childList: true, subtree: true });
      setTimeout(resolve, 10 * quiet);
    });
  }, QUIET_MS);
}

const fileName = (name, { language, theme, width }) => `${FOLDER}/${name}-${width}-${theme}-${language}.png`;

const browser = await start();
let failures = 0;
try {
  for (const look of EVERY_LOOK ?? both) {
    const { context, page, problems } = await open(browser, look);
    // Durations are told from one moment, so that two takings differ as little as can be.
    await page.clock.setFixedTime(new Date(objects.now));
    page.setDefaultTimeout(PATIENCE_MS);
    if ((look === EN || EVERY_LOOK) && (!only || only.test('sign-in'))) {
      await page.goto(`${BASE}/sign-in`);
      await page.locator('input[type=password]').waitFor();
      await settle(page);
      await page.screenshot({ path: fileName('sign-in', look) });
    }
    await signIn(page);
    for (const { name, path, waitFor, act, looks } of SCREENS) {
      if (!(EVERY_LOOK ?? looks).includes(look) || (only && !only.test(name))) continue;
      try {
        await page.goto(`${BASE}${path}`);
        await page.locator(waitFor).first().waitFor();
        await settle(page);
        if (act) {
          await act(page);
          await settle(page);
        }
        await page.mouse.move(look.width - 2, look.height - 2);
        await page.screenshot({ path: fileName(name, look) });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
        if (wide) throw new Error('the page is wider than the window');
      } catch (error) {
        failures += 1;
        console.error(`FAILED ${name} ${look.language}: ${error.message.split('\n').slice(0, 4).join(' ')}`);
      }
    }
    for (const problem of problems) console.error(`the page said: ${problem}`);
    await context.close();
  }
} finally {
  await browser.close();
}
process.exit(failures > 0 ? 1 : 0);
