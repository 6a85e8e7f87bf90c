// What every browser test shares: a Chromium of the system and a server that is asked for by address.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import { chromium } from 'playwright-core';
import { englishOn } from './english.mjs';

const PATHS = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** The address of the server under test. */
export const BASE = process.env.KPL_E2E_URL ?? 'http://127.0.0.1:8700';

/** Ends the script as skipped, with its reason. */
function skip(reason) {
  console.log(`SKIPPED: ${reason}`);
  process.exit(0);
}

/** A browser, or the end of the script when there is none, no server, or a server without the console. */
export async function start() {
  const executablePath = PATHS.find((path) => path && existsSync(path));
  if (!executablePath) skip('no Chromium is installed; set CHROMIUM to its path');
  const health = await fetch(`${BASE}/api/v1/health`).catch(() => null);
  if (!health?.ok) skip(`no server answers at ${BASE}; start one with 'kpl up', or set KPL_E2E_URL`);
  if (!process.env.KPL_E2E_PASSWORD)
    skip('KPL_E2E_PASSWORD, the password of the user KPL_E2E_USER (admin), is not set');
  const page = await (await fetch(BASE)).text();
  if (!page.includes('id="root"'))
    skip(`the server at ${BASE} has no console; build it with 'npm run build'`);
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
}

/** A fresh browser profile in a language and theme; problems of its pages are collected. */
export async function open(browser, { language, theme, width = 1440, height = 900 }) {
  const context = await browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce' });
  await context.addInitScript(
    ([l, t]) => {
      localStorage.setItem('kpl.language', localStorage.getItem('kpl.language') ?? l);
      localStorage.setItem('kpl.theme', t);
    },
    [language, theme],
  );
  const page = await context.newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    // A refused request is told there too; pages show those themselves.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      problems.push(message.text());
  });
  return { context, page, problems };
}

/** The words of a feature in a language, and behind them those that all share. */
export function texts(language, feature) {
  const [common, own] = ['common', feature].map((name) =>
    JSON.parse(readFileSync(new URL(`../src/i18n/${language}/${name}.json`, import.meta.url), 'utf-8')),
  );
  return { ...common, ...own };
}

/** A text with its gaps filled. */
export const filled = (text, values) => text.replace(/\{\{(\w+)\}\}/g, (_, name) => values[name]);

/** Where something is once it stands still: canvases move of their own for a moment. */
export async function atRest(locator) {
  let [before, box] = [null, await locator.boundingBox()];
  while (box === null || before?.x !== box.x || before?.y !== box.y) {
    await locator.page().waitForTimeout(120);
    [before, box] = [box, await locator.boundingBox()];
  }
  return box;
}

export const USER = process.env.KPL_E2E_USER ?? 'admin';
export const PASSWORD = process.env.KPL_E2E_PASSWORD ?? '';

/** Signs the page in, by name and password. */
export async function signIn(page, user = USER) {
  await page.goto(`${BASE}/sign-in`);
  await page.locator('input[autocomplete=username]').fill(user);
  await page.locator('input[type=password]').fill(PASSWORD);
  await page.locator('button[type=submit]').click();
  await page.waitForURL(/\/p\/default/);
}

/** Fails on serious findings of axe, on English on a Chinese page and on a page wider than its window; keeps a picture where KPL_E2E_PICTURES says. */
export async function lookAt(page, name) {
  // A control that is just fading in is not judged by its contrast on the way.
  await page.evaluate(() => {
    const ends = (each) => each.effect.getComputedTiming().iterations !== Number.POSITIVE_INFINITY;
    return Promise.allSettled(
      document
        .getAnimations()
        .filter(ends)
        .map(({ finished }) => finished.then(() => null)),
    );
  });
  // React Aria announces a button at work by naming it in a live region, where its name outlives it for some seconds.
  const { violations } = await new AxeBuilder({ page }).exclude('[data-live-announcer]').analyze();
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  assert.deepEqual(
    grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`),
    [],
    `${name}: axe found`,
  );
  assert.deepEqual(await englishOn(page), [], `${name}: in English on a Chinese page`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  assert.equal(wide, false, `${name}: the page is wider than the window`);
  if (process.env.KPL_E2E_PICTURES)
    await page.screenshot({ path: `${process.env.KPL_E2E_PICTURES}/${name}.png`, fullPage: true });
}
