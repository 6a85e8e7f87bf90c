// Prints the cells that the page of notebooks shows, as JSON, for a test to run. Skips where Chromium is missing.
import { BASE, open, signIn, start } from './browser.mjs';

const browser = await start();
try {
  const { page } = await open(browser, { language: 'en', theme: 'light' });
  await signIn(page);
  await page.goto(`${BASE}/p/default/notebooks`);
  await page.locator('pre').first().waitFor();
  console.log(JSON.stringify(await page.locator('pre').allTextContents()));
} finally {
  await browser.close();
}
