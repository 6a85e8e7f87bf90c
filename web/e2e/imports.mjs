// Imports real layouts through the dialog on a real server: found out by themselves or named, by a path, a web address
// and by files. What cannot be read leads to the log, and an algorithm is tried on what was imported.
// A model that another one replaced as a service is put back. Called with the folder that
// holds them.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { BASE, lookAt, open, signIn, start } from './browser.mjs';

const [folder] = process.argv.slice(2);
const browser = await start();
const { context, page, problems } = await open(browser, { language: 'en', theme: 'light' });
page.setDefaultTimeout(30_000);

/** Imports a folder of the server, or files, and opens the dataset, which says its kind. */
async function bring(name, { path, url, files, kind, is = kind }) {
  await page.goto(`${BASE}/p/default/datasets?import=1`);
  const dialog = page.getByRole('dialog');
  if (path) {
    await dialog.getByText('On the server').click();
    await dialog.getByLabel('Folder on the server').fill(path);
  } else if (url) {
    await giveUrl(url);
    assert.equal(await dialog.getByLabel('Name', { exact: true }).inputValue(), name);
  } else await dialog.locator('input[type=file]').first().setInputFiles(files);
  await dialog.getByLabel('Name', { exact: true }).fill(name);
  if (kind) {
    await dialog.getByRole('button', { name: /What the labels are/ }).click();
    await page.getByRole('option', { name: kind, exact: true }).click();
  }
  await lookAt(page, `imports-${name}`);
  await dialog.getByRole('button', { name: 'Import', exact: true }).click();
  await dialog.getByText('The dataset is there.').waitFor();
  await dialog.getByRole('link', { name: 'Open the dataset' }).click();
  await page.getByRole('tab', { name: 'Samples' }).waitFor();
  await page.locator('header').first().getByText(is, { exact: true }).waitFor();
}

async function giveUrl(url) {
  const dialog = page.getByRole('dialog');
  await dialog.getByText('On the web').click();
  await dialog.getByLabel('Web address').fill(url);
}

/** Addresses that are none, or lead to no file, are refused where they were written. */
async function refuseUrls(site) {
  await page.goto(`${BASE}/p/default/datasets?import=1`);
  const dialog = page.getByRole('dialog');
  const begin = dialog.getByRole('button', { name: 'Import', exact: true });
  await giveUrl('example.com/flowers.zip');
  await dialog.getByText('Give a whole address').waitFor();
  assert(await begin.isDisabled());
  await giveUrl(`${site}/a page.html`);
  await lookAt(page, 'imports-url');
  await begin.click();
  await dialog
    .getByText(/leads to a web page, not to a file/)
    .first()
    .waitFor();
  await lookAt(page, 'imports-url-refused');
  await dialog.getByRole('button', { name: 'Change the form' }).click();
  assert.equal(await dialog.getByLabel('Web address').inputValue(), `${site}/a page.html`);
}

/** An import that fails says why, and leads to the line of its log; from the dialog, and later from the lists. */
async function fail(name, path) {
  await page.goto(`${BASE}/p/default/datasets?import=1`);
  const dialog = page.getByRole('dialog');
  await dialog.getByText('On the server').click();
  await dialog.getByLabel('Folder on the server').fill(path);
  await dialog.getByLabel('Name', { exact: true }).fill(name);
  await dialog.getByRole('button', { name: 'Import', exact: true }).click();
  await dialog.getByRole('link', { name: 'Open the log' }).click();
  await page
    .locator('section.font-mono')
    .getByText(/nothing could be imported/)
    .waitFor();
  for (const list of ['', '/datasets']) {
    await page.goto(`${BASE}/p/default${list}`);
    await page
      .getByRole('link')
      .filter({ hasText: /nothing could be imported/ })
      .click();
    await page.waitForURL(/\/tasks\/\d+\?tab=log/);
    await page
      .locator('section.font-mono')
      .getByText(/nothing could be imported/)
      .waitFor();
  }
}

/** Tries a split on a dataset, from the page of the algorithm to what comes of it. */
async function tryOut(dataset) {
  await page.goto(`${BASE}/p/default/algorithms/image_classification?try=train`);
  const dialog = page.getByRole('dialog');
  await dialog
    .getByText(/Does not fit: it is of kind detection/)
    .first()
    .waitFor();
  await page.goto(`${BASE}/p/default/algorithms/dataset_split`);
  await page.getByRole('button', { name: 'Try' }).click();
  await dialog.locator('label').filter({ hasText: dataset }).click();
  await dialog.getByText('1 to run').waitFor();
  await lookAt(page, 'imports-try');
  await runTried();
  await page.goto(`${BASE}/p/default/datasets`);
  await page.getByRole('searchbox', { name: 'Search datasets' }).fill(`${dataset}-PROCESS`);
  await page.waitForURL(/q=/);
  await page.getByRole('link', { name: new RegExp(`^${dataset}-process`) }).waitFor();
  await page.getByRole('link', { name: /^words/ }).waitFor({ state: 'detached' });
}

const web = http.createServer((request, response) => {
  const file = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
  response.setHeader('Content-Type', file.endsWith('.html') ? 'text/html' : 'application/octet-stream');
  response.end(file.endsWith('.html') ? '<html></html>' : fs.readFileSync(`${folder}${file}`));
});

/** Presses Run in the dialog of Try once the plan says that one step runs, and waits for the run's end. */
async function runTried() {
  const dialog = page.getByRole('dialog');
  await dialog.getByText('1 to run').waitFor();
  await dialog.getByRole('button', { name: 'Run', exact: true }).click();
  await page.waitForURL(/\/runs\/\d+/);
  await page.locator('header').first().getByText('Succeeded').waitFor();
}

/** Tries training and serving from the page of an algorithm; what the endpoint is given later is rolled back at one press. */
async function serveAndRollBack() {
  const api = `${BASE}/api/v1`;
  await page.goto(`${BASE}/p/default/algorithms/toy?try=train`);
  await runTried();
  await page.locator('.react-flow__node').getByText('Train', { exact: true }).first().waitFor();
  // The only model that fits is chosen already.
  await page.goto(`${BASE}/p/default/algorithms/toy?try=serve`);
  await runTried();
  await page.goto(`${BASE}/p/default/endpoints/toy`);
  const ready = page.getByRole('listitem').filter({ hasText: 'toy v1' }).filter({ hasText: 'Ready' });
  await ready.waitFor();
  const { csrf_token } = await (await context.request.get(`${api}/session`)).json();
  const given = await context.request.post(`${api}/projects/default/endpoints`, {
    headers: { 'X-CSRF-Token': csrf_token },
    data: { name: 'toy', model: 'toy', parameters: { greeting: 'good day' } },
  });
  assert.equal(given.status(), 201);
  const back = page.getByRole('button', { name: /^Roll back/ });
  await back.waitFor();
  await lookAt(page, 'imports-endpoint');
  await back.click();
  await page.getByText('Going back to toy v1').waitFor();
  // The second stands below the third then, and says what it was told otherwise.
  await page.getByRole('listitem').filter({ hasText: 'good day' }).filter({ hasText: 'Stopped' }).waitFor();
  assert.equal(await page.getByRole('listitem').filter({ hasText: 'toy v1' }).count(), 3);
  const answer = await context.request.get(`${BASE}/serve/default/toy/hello`);
  assert.equal((await answer.json()).greeting, 'hi');
}

try {
  await signIn(page);
  await new Promise((done) => web.listen(0, '127.0.0.1', done));
  const site = `http://127.0.0.1:${web.address().port}`;
  await bring('two-boxes', { url: `${site}/Two%20Boxes.tar.gz?key=1`, is: 'detection' });
  await refuseUrls(site);
  await bring('boxes', { path: `${folder}/voc`, is: 'detection' });
  await page.getByRole('status').getByText('2', { exact: true }).waitFor();
  await bring('faces', { path: `${folder}/voc`, kind: 'face detection' });
  await bring('people', { path: `${folder}/people`, kind: 'face recognition' });
  await bring('classes', { path: `${folder}/people`, is: 'classification' });
  await bring('words', { files: [`${folder}/words.csv`], is: 'text' });
  await page.getByText('a fine day').waitFor();
  await fail('broken', `${folder}/broken`);
  await tryOut('classes');
  await serveAndRollBack();
  assert.deepEqual(problems, []);
  console.log('imported');
} finally {
  web.close();
  await context.close();
  await browser.close();
}
