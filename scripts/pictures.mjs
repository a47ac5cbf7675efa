#!/usr/bin/env node
// Draws the pictures of docs/ anew from the code as it is: node scripts/pictures.mjs
import { mkdirSync, writeFileSync } from 'node:fs';
import { openBrowser, renderHtmlToPng } from './browser.mjs';
import { importTypeScript } from './lib/typescript.mjs';
import { inRoot } from './lib/paths.mjs';
import { runMain, Stop } from './lib/report.mjs';

/** A picture in docs/ is at most this many bytes. */
const largest = 200_000;

/** Each picture: its name below docs/, the page, what is seen of it, and the colour scheme. */
async function pictures() {
  const { planHtml } = await importTypeScript('src/views/html.ts');
  const { platformPlan } = await importTypeScript('test/helpers/platform-plan.ts');
  const { sampleTime } = await importTypeScript('test/helpers/sample-plan.ts');
  const html = planHtml(platformPlan(), sampleTime);
  const size = { width: 1_000, height: 1_250, scale: 1 };
  return [{ name: 'plan-light.png', html, size, scheme: 'light' }, { name: 'plan-dark.png', html, size, scheme: 'dark' }];
}

await runMain(async () => {
  const wanted = await pictures();
  mkdirSync(inRoot('docs'), { recursive: true });
  const browser = await openBrowser();
  try {
    for (const { name, html, size, scheme } of wanted) {
      const png = await renderHtmlToPng(html, size, scheme, browser);
      if (png.length > largest) throw new Stop(`docs/${name} would have ${png.length} bytes; at most ${largest} are wanted`);
      writeFileSync(inRoot('docs', name), png);
      process.stdout.write(`docs/${name}: ${png.length} bytes\n`);
    }
  } finally {
    await browser.close();
  }
});
