// What a fresh browser fetches for a page, packed as the server sends it.
import { BASE, open, PASSWORD, USER } from './browser.mjs';

export const KB = 1024;
/** Pages and the most that each may cost; those without an address need a dataset or a pipeline. */
export const BUDGETS = {
  first: { path: '/p/default', js: 210 * KB },
  dataset: { path: null, js: 240 * KB },
  pipelines: { path: '/p/default/pipelines', js: 300 * KB },
  canvas: { path: null, js: 300 * KB },
};
export const CSS = 15 * KB;
export const FONTS = 90 * KB;
const KINDS = { script: 'js', stylesheet: 'css', font: 'fonts' };
/** Long enough for what a page asks for after it is drawn. */
const LATE_MS = 1500;

/** A page of a fresh profile that is signed in, without having been anywhere. */
export async function freshPage(browser, options = {}) {
  const opened = await open(browser, { language: 'en', theme: 'light', ...options });
  await opened.context.request.post(`${BASE}/api/v1/session`, {
    data: { username: USER, password: PASSWORD },
  });
  return opened;
}

/** Bytes of scripts, styles and fonts that a page costs. */
export async function weigh(browser, path) {
  const { context, page } = await freshPage(browser);
  const bytes = { js: 0, css: 0, fonts: 0 };
  const pending = [];
  page.on('requestfinished', (request) => {
    const kind = KINDS[request.resourceType()];
    if (kind) pending.push(request.sizes().then(({ responseBodySize }) => (bytes[kind] += responseBodySize)));
  });
  await page.goto(`${BASE}${path}`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForTimeout(LATE_MS);
  await Promise.all(pending);
  await context.close();
  return bytes;
}

/** Number of elements in the document once a selector is there. */
export async function countElements(browser, path, selector) {
  const { context, page } = await freshPage(browser);
  await page.goto(`${BASE}${path}`);
  await page.locator(selector).first().waitFor();
  await page.waitForTimeout(LATE_MS);
  const count = await page.evaluate(() => document.querySelectorAll('*').length);
  await context.close();
  return count;
}
