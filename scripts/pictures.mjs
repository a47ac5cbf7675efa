#!/usr/bin/env node
// Draws the pictures of docs/ anew from the code as it is: node scripts/pictures.mjs [NAME…]
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import UPNG from 'upng-js';
import { openBrowser, renderHtmlToPng } from './browser.mjs';
import { importTypeScript } from './lib/typescript.mjs';
import { inRoot } from './lib/paths.mjs';
import { runMain, Stop } from './lib/report.mjs';
import { screenHtml } from './lib/screen-html.mjs';

/** A picture in docs/ is at most this many bytes; one of a screen a little less. */
const largest = { page: 200_000, screen: 150_000 };

/**
 * The screens that docs/screens.md shows: the situation, the size, the colour scheme, and what was typed at the shell.
 */
const screens = [
  ['move', { columns: 140, rows: 40 }, 'dark', 'aiplan apply shared-platform-move.yaml'],
  ['move', { columns: 140, rows: 40 }, 'light', 'aiplan apply shared-platform-move.yaml'],
  ['card', { columns: 100, rows: 44 }, 'dark', 'aiplan apply shared-platform-move.yaml'],
  ['card-wrong', { columns: 80, rows: 24 }, 'dark', 'aiplan apply shared-platform-move.yaml'],
  ['changes', { columns: 120, rows: 32 }, 'dark', 'aiplan apply shared-platform-move.yaml'],
  ['blocked', { columns: 140, rows: 34 }, 'dark', 'aiplan review remove-duplicates.yaml'],
  ['rejected', { columns: 100, rows: 26 }, 'dark', 'aiplan apply shared-platform-move.yaml'],
  ['summary', { columns: 110, rows: 40 }, 'dark', 'aiplan apply shared-platform-move.yaml'],
  ['progress-change', { columns: 100, rows: 22 }, 'dark', 'aiplan apply shared-platform-move.yaml'],
  ['failure', { columns: 100, rows: 30 }, 'dark', 'aiplan apply shared-platform-move.yaml'],
  ['rollback', { columns: 120, rows: 34 }, 'dark', 'aiplan rollback 20260226-224100-7k2m'],
  ['forty-deletes', { columns: 120, rows: 30 }, 'dark', 'aiplan review remove-review-servers.yaml'],
  ['hostile-list', { columns: 100, rows: 24 }, 'dark', 'aiplan review remove-duplicate-db.yaml'],
  ['ten-thousand', { columns: 120, rows: 30 }, 'dark', 'aiplan review whole-fleet.yaml'],
  ['tiny', { columns: 40, rows: 12 }, 'dark', 'aiplan apply'],
];
const situationOf = { tiny: 'card' };

/** Each picture: its name below docs/, the page, what is seen of it, the colour scheme, and how large it may be. */
async function pictures() {
  const { planHtml } = await importTypeScript('src/views/html/html.ts');
  const { platformPlan } = await importTypeScript('test/helpers/platform-plan.ts');
  const { sampleTime } = await importTypeScript('test/helpers/sample-plan.ts');
  const { situations } = await importTypeScript('test/helpers/situations.ts');
  const { sgr } = await importTypeScript('src/views/base/theme.ts');
  const html = planHtml(platformPlan(), sampleTime);
  const size = { width: 1_000, height: 1_250, scale: 1 };
  return [
    { name: 'plan-light.png', html, size, scheme: 'light', most: largest.page },
    { name: 'plan-dark.png', html, size, scheme: 'dark', most: largest.page },
    ...screens.map(([name, terminal, scheme, title]) => {
      const situation = situations.find((candidate) => candidate.name === (situationOf[name] ?? name));
      if (situation === undefined) throw new Stop(`there is no situation "${name}"`);
      const page = screenHtml(situation.frame(terminal), terminal, scheme, title, sgr);
      return {
        name: `screens/${name}${scheme === 'light' ? '-light' : ''}.png`,
        html: page.html,
        size: { width: page.width, height: page.height, scale: 1.5 },
        scheme,
        most: largest.screen,
      };
    }),
  ];
}

/** The same picture with at most 32 colours, as terminals have hardly more. */
function withFewColors(png) {
  const image = UPNG.decode(png);
  return Buffer.from(UPNG.encode(UPNG.toRGBA8(image), image.width, image.height, 32));
}

await runMain(async () => {
  const asked = process.argv.slice(2);
  const wanted = (await pictures()).filter(
    ({ name }) => asked.length === 0 || asked.some((part) => name.includes(part)),
  );
  const browser = await openBrowser();
  try {
    for (const { name, html, size, scheme, most } of wanted) {
      const drawn = await renderHtmlToPng(html, size, scheme, browser);
      const png = name.startsWith('screens/') ? withFewColors(drawn) : drawn;
      if (png.length > most) throw new Stop(`docs/${name} would have ${png.length} bytes; at most ${most} are wanted`);
      mkdirSync(dirname(inRoot('docs', name)), { recursive: true });
      writeFileSync(inRoot('docs', name), png);
      process.stdout.write(`docs/${name}: ${png.length} bytes\n`);
    }
  } finally {
    await browser.close();
  }
});
