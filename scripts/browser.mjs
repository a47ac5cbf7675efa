// A real headless browser for tests and pictures: opens one HTML text as a file, under a size and a colour scheme.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import puppeteer from 'puppeteer-core';
import { browsers, environmentOf } from './lib/chromium.mjs';

/** Words for the browser: alike on every machine, and nothing that it does by itself. */
const words = [
  '--disable-gpu',
  '--no-sandbox',
  '--force-color-profile=srgb',
  '--font-render-hinting=none',
  '--hide-scrollbars',
];
/** Milliseconds in which a browser must have started. */
const startsWithin = 30_000;

/**
 * Starts the first browser that works. Answers `page(html, { width, height, scheme })` and `close()`. Throws an Error
 * that says for each browser why it does not work.
 */
export async function openBrowser() {
  const home = mkdtempSync(join(tmpdir(), 'aiplan-browser-'));
  const reasons = [];
  for (const candidate of browsers()) {
    if (candidate.problem !== undefined) {
      reasons.push(`${candidate.program}: ${candidate.problem}`);
      continue;
    }
    try {
      const browser = await puppeteer.launch({
        executablePath: candidate.program,
        args: words,
        env: environmentOf(candidate, home),
        userDataDir: join(home, 'profile'),
        timeout: startsWithin,
        headless: 'shell',
      });
      return {
        product: await browser.version(),
        page: (html, look) => openPage(browser, home, html, look),
        async close() {
          await browser.close();
          rmSync(home, { recursive: true, force: true, maxRetries: 5 });
        },
      };
    } catch (error) {
      reasons.push(`${candidate.program}: ${error.message}`);
    }
  }
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  throw new Error(reasons.length === 0 ? 'no Chromium was found; set CHROME_PATH' : reasons.join('; '));
}

let pages = 0;

/**
 * Opens an HTML text as a file of its own. `look`: `width` and `height` in CSS pixels, `scheme` light or dark, `scale`
 * device pixels for each. `requests` holds every address that the page asked for besides itself, `complaints`
 * everything on its console.
 */
async function openPage(browser, home, html, { width = 1280, height = 900, scheme = 'light', scale = 1 } = {}) {
  pages += 1;
  const file = join(home, `page-${pages}.html`);
  writeFileSync(file, html);
  const address = pathToFileURL(file).href;
  const page = await browser.newPage();
  const devtools = await page.createCDPSession();
  const requests = [];
  const complaints = [];
  page.on('request', (request) => {
    if (request.url() !== address) requests.push(request.url());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => complaints.push(message.text()));
  const look = async (view) => {
    await page.setViewport({
      width: view.width ?? width,
      height: view.height ?? height,
      deviceScaleFactor: scale,
      isMobile: (view.width ?? width) < 600,
    });
    // One call for both, because each of the library's two takes back what the other said.
    await devtools.send('Emulation.setEmulatedMedia', {
      media: view.media ?? 'screen',
      features: [{ name: 'prefers-color-scheme', value: view.scheme ?? scheme }],
    });
  };
  await look({});
  await page.goto(address, { waitUntil: 'load' });
  return {
    requests,
    complaints,
    look,
    /** The value of a JavaScript expression in the page, as JSON. */
    evaluate: (expression) => page.evaluate(expression),
    /** The bytes of a PNG file of the visible part, or with `whole` of everything. */
    png: async (whole = false) => Buffer.from(await page.screenshot({ fullPage: whole })),
    close: () => page.close(),
  };
}

/**
 * One HTML text as a PNG picture of what `size` ({ width, height, scale }) shows of it. `browser` may be one that is
 * open already.
 */
export async function renderHtmlToPng(html, size, scheme, browser = undefined) {
  const own = browser ?? (await openBrowser());
  try {
    const page = await own.page(html, { ...size, scheme });
    const png = await page.png(size.whole === true);
    await page.close();
    return png;
  } finally {
    if (browser === undefined) await own.close();
  }
}
