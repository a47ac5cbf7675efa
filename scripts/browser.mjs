// A real headless browser for tests and pictures: opens one HTML text as a file, under a size and a colour scheme.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { browsers, environmentOf } from './lib/chromium.mjs';
import { startChromium } from './lib/devtools.mjs';

const words = (home) => [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--force-color-profile=srgb',
  '--font-render-hinting=none',
  '--hide-scrollbars',
  `--user-data-dir=${join(home, 'profile')}`,
  'about:blank',
];
/** Milliseconds in which a browser must have said its version. */
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
    const chromium = startChromium(candidate.program, words(home), environmentOf(candidate, home));
    try {
      const { product } = await soon(chromium.send('Browser.getVersion'));
      return {
        product,
        page: (html, look) => openPage(chromium, home, html, look),
        async close() {
          await chromium.close();
          rmSync(home, { recursive: true, force: true, maxRetries: 5 });
        },
      };
    } catch (error) {
      reasons.push(`${candidate.program}: ${error.message}`);
      await chromium.close();
    }
  }
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  throw new Error(reasons.length === 0 ? 'no Chromium was found; set CHROME_PATH' : reasons.join('; '));
}

async function soon(promise) {
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error(`no answer within ${startsWithin / 1000} seconds`)), startsWithin);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

let pages = 0;

/**
 * Opens an HTML text as a file of its own. `look`: `width` and `height` in CSS pixels, `scheme` light or dark, `scale`
 * device pixels for each. `requests` holds every address that the page asked for besides itself, `complaints`
 * everything on its console.
 */
async function openPage(chromium, home, html, { width = 1280, height = 900, scheme = 'light', scale = 1 } = {}) {
  pages += 1;
  const file = join(home, `page-${pages}.html`);
  writeFileSync(file, html);
  const address = pathToFileURL(file).href;
  const { targetId } = await chromium.send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await chromium.send('Target.attachToTarget', { targetId, flatten: true });
  const send = (method, parameters) => chromium.send(method, parameters, sessionId);
  const requests = [];
  const complaints = [];
  let loaded;
  const loading = new Promise((done) => {
    loaded = done;
  });
  const stop = chromium.on(({ sessionId: from, method, params }) => {
    if (from !== sessionId) return;
    if (method === 'Network.requestWillBeSent' && params.request.url !== address) requests.push(params.request.url);
    if (method === 'Log.entryAdded') complaints.push(params.entry.text);
    if (method === 'Runtime.exceptionThrown') complaints.push(params.exceptionDetails.text);
    if (method === 'Runtime.consoleAPICalled') complaints.push(params.args.map(({ value }) => String(value)).join(' '));
    if (method === 'Page.loadEventFired') loaded();
  });
  for (const domain of ['Network', 'Log', 'Runtime', 'Page']) await send(`${domain}.enable`);
  const look = async (view) => {
    await send('Emulation.setDeviceMetricsOverride', {
      width: view.width ?? width,
      height: view.height ?? height,
      deviceScaleFactor: scale,
      mobile: (view.width ?? width) < 600,
    });
    await send('Emulation.setEmulatedMedia', {
      media: view.media ?? 'screen',
      features: [{ name: 'prefers-color-scheme', value: view.scheme ?? scheme }],
    });
  };
  await look({});
  const { errorText } = await send('Page.navigate', { url: address });
  if (errorText !== undefined) throw new Error(`the page could not be opened: ${errorText}`);
  await loading;
  return {
    requests,
    complaints,
    look,
    /** The value of a JavaScript expression in the page, as JSON. */
    async evaluate(expression) {
      const { result, exceptionDetails } = await send('Runtime.evaluate', {
        expression,
        returnByValue: true,
        awaitPromise: true,
      });
      if (exceptionDetails !== undefined)
        throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    },
    /** What is visible, or with `whole` everything, as the bytes of a PNG file. */
    async png(whole = false) {
      const { data } = await send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: whole });
      return Buffer.from(data, 'base64');
    },
    async close() {
      stop();
      await chromium.send('Target.closeTarget', { targetId });
    },
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
