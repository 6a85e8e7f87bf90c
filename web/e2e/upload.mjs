// Imports a dataset from files through the dialog, as a user does: pack, send in pieces, watch the task, open it.
import assert from 'node:assert/strict';
import { deflateSync } from 'node:zlib';
import { BASE, open, PASSWORD, start, USER } from './browser.mjs';

const NAME = `e2e-import-${Date.now()}`;

/** A PNG of one colour, 8 by 8. */
function png(red, green, blue) {
  const crcTable = Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    let crc = 0xffffffff;
    for (const byte of body) crc = crcTable[(crc ^ byte) & 255] ^ (crc >>> 8);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const end = Buffer.alloc(4);
    end.writeUInt32BE((crc ^ 0xffffffff) >>> 0);
    return Buffer.concat([length, body, end]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(8, 0);
  header.writeUInt32BE(8, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(24, Buffer.from([red, green, blue]))]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: 8 }, () => row)));
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const browser = await start();
const { context, page, problems } = await open(browser, { language: 'en', theme: 'light' });
const signedIn = await context.request.post(`${BASE}/api/v1/session`, {
  data: { username: USER, password: PASSWORD },
});
assert.equal(signedIn.status(), 200);
await page.goto(`${BASE}/p/default/datasets?import=1`);
await page.getByRole('dialog').waitFor();
// A folder chosen in a browser carries paths; here they are given to the files by hand.
const files = [];
for (const [label, colour] of [
  ['红', [220, 30, 30]],
  ['green', [30, 200, 60]],
])
  for (let number = 0; number < 12; number += 1)
    files.push({
      path: `${label}/${number}.png`,
      data: png(...colour.map((c) => c + number)).toString('base64'),
    });
const chooser = page.locator('input[type=file]').last();
await chooser.evaluate((input, list) => {
  const transfer = new DataTransfer();
  for (const { path, data } of list) {
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    const file = new File([bytes], path.split('/').pop(), { type: 'image/png' });
    Object.defineProperty(file, 'webkitRelativePath', { value: `flowers/${path}` });
    transfer.items.add(file);
  }
  Object.defineProperty(input, 'files', { value: transfer.files, configurable: true });
  for (const [index, { path }] of list.entries())
    Object.defineProperty(transfer.files[index], 'webkitRelativePath', { value: `flowers/${path}` });
  input.dispatchEvent(new Event('change', { bubbles: true }));
}, files);
await page.getByText('24 files').waitFor();
await page.getByLabel('Name', { exact: true }).fill(NAME);
// The first piece is lost on its way: the upload goes on by itself.
let lost = 0;
await page.route('**/uploads/*', (route) => {
  if (route.request().method() !== 'PATCH' || lost > 0) return route.continue();
  lost += 1;
  return route.abort('connectionreset');
});
await page.getByRole('dialog').getByRole('button', { name: 'Import', exact: true }).click();
await page.getByRole('link', { name: 'Open the dataset' }).click({ timeout: 60_000 });
await page.waitForURL(new RegExp(`${NAME}$`));
await page.getByText('24 samples').or(page.locator('p:has-text("24 samples")')).first().waitFor();
await page.getByRole('button', { name: /红/ }).first().waitFor();
assert.equal(lost, 1);
await page.getByRole('button', { name: 'Delete the dataset' }).click();
await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
await page.waitForURL(/\/datasets$/);
assert.deepEqual(problems, []);
await browser.close();
console.log('imported, browsed and deleted a dataset');
