import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Plan, Step } from '../../src/domain/plan.ts';
import { planHtml } from '../../src/views/html/html.ts';
import { browserAvailable, type Page } from '../helpers/browser.ts';
import { platformPlan, platformSteps } from '../helpers/platform-plan.ts';
import { baseStep, deleteDatabase, grantStep, samplePlan, sampleTime } from '../helpers/sample-plan.ts';

const browser = await browserAvailable();
const suite = browser === null ? describe.skip : describe;
const open = (plan: Plan, look: Parameters<NonNullable<typeof browser>['page']>[1]): Promise<Page> => {
  if (browser === null) throw new Error('there is no browser');
  return browser.page(planHtml(plan, sampleTime), look);
};
afterAll(() => browser?.close());

/** What stands to the right of the window; the picture scrolls inside its own box. */
const tooWide = `({ page: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  elements: [...document.querySelectorAll('body *')].filter((element) => !element.closest('.picture svg') && element.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5).map((element) => element.outerHTML.slice(0, 120)) })`;

/** Every piece of text with a contrast below 4.5 : 1 against what it really stands on, or smaller than 11 pixels. */
const unreadable = `(() => {
  const numbers = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = (color) => { const [r, g, b] = numbers(color).map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (element) => { for (let at = element; at !== null; at = at.parentElement) { const color = getComputedStyle(at).backgroundColor; const alpha = numbers(color)[3] ?? 1; if (alpha === 1) return color; if (alpha !== 0) throw new Error('half transparent: ' + color); } return 'rgb(255, 255, 255)'; };
  const bad = [];
  let looked = 0;
  for (const element of document.querySelectorAll('body, body *')) {
    if (element.closest('title, defs') || ![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '')) continue;
    const box = element.ownerSVGElement ? element.closest('g')?.querySelector('rect.box') ?? null : null;
    const look = getComputedStyle(element);
    const [front, back] = [element.ownerSVGElement ? look.fill : look.color, box === null ? ground(element.ownerSVGElement ?? element) : getComputedStyle(box).fill].map(luminance);
    const contrast = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    looked += 1;
    if (contrast < 4.5 || parseFloat(look.fontSize) < 11) bad.push(element.textContent.trim().slice(0, 60) + ': ' + contrast.toFixed(2) + ' at ' + look.fontSize);
  }
  return { looked, bad };
})()`;

suite('the HTML page in a real browser', () => {
  let page: Page;
  beforeAll(async () => {
    page = await open(platformPlan(), { width: 390, height: 844 });
  });

  it.each([
    [390, 844],
    [320, 640],
    [1280, 900],
  ])('needs no scrolling sideways at %i×%i', async (width, height) => {
    await page.look({ width, height });
    expect(await page.evaluate('innerWidth')).toBe(width);
    expect(await page.evaluate(tooWide)).toEqual({ page: 0, elements: [] });
  });

  it.each(['light', 'dark'] as const)('can be read in %s: each text against what it stands on', async (scheme) => {
    await page.look({ width: 390, height: 844, scheme });
    expect(await page.evaluate('matchMedia("(prefers-color-scheme: dark)").matches')).toBe(scheme === 'dark');
    const found = (await page.evaluate(unreadable)) as { looked: number; bad: readonly string[] };
    expect(found.bad).toEqual([]);
    expect(found.looked).toBeGreaterThan(200);
  });

  it('looks otherwise in dark and on paper', async () => {
    const colors = async (look: Parameters<Page['look']>[0]): Promise<unknown> => {
      await page.look(look);
      return page.evaluate('getComputedStyle(document.body).backgroundColor');
    };
    expect(await colors({ scheme: 'light' })).toBe('rgb(244, 245, 247)');
    expect(await colors({ scheme: 'dark' })).toBe('rgb(14, 17, 22)');
    expect(await colors({ scheme: 'dark', media: 'print' })).toBe('rgb(255, 255, 255)');
    await page.look({});
  });

  it('shows every destruction and every grant without a click, in the order of reading', async () => {
    const seen =
      (await page.evaluate(`[...document.querySelectorAll('section.step')].filter((section) => section.querySelector('.tag') && section.checkVisibility() && section.closest('details') === null && section.getBoundingClientRect().height > 80)
      .map((section) => ({ top: section.getBoundingClientRect().top, text: section.innerText }))`)) as readonly {
        top: number;
        text: string;
      }[];
    const wanted = ['WebGroup', 'OldBastion', 'DuplicateDb', 'OldUploads', 'SiteServer'].map(
      (id) => platformSteps.find((step) => step.id === id) ?? baseStep,
    );
    expect(seen).toHaveLength(wanted.length);
    expect(seen.map(({ top }) => top)).toEqual(seen.map(({ top }) => top).toSorted((a, b) => a - b));
    for (const [index, step] of wanted.entries()) {
      for (const part of [
        step.id,
        step.identity ?? '',
        ...(step.destruction?.loses ?? []),
        ...(step.grant?.opens ?? []),
      ])
        expect(seen[index]?.text.replaceAll(/\s+/gu, ' ')).toContain(part);
    }
    expect(
      await page.evaluate(
        '[...document.querySelectorAll("details")].map((element) => [element.open, element.querySelectorAll(".tag").length])',
      ),
    ).toEqual([[false, 0]]);
  });

  it('has a picture that the keyboard reaches, scrolls in its own box, and keeps its words inside', async () => {
    await page.look({ width: 320, height: 640 });
    expect(
      await page.evaluate(
        `(() => { const box = document.querySelector('.picture'); box.focus(); box.scrollLeft = 50; return [document.activeElement === box, box.scrollWidth > box.clientWidth, box.scrollLeft]; })()`,
      ),
    ).toEqual([true, true, expect.any(Number)]);
    expect(
      await page.evaluate(
        `[...document.querySelectorAll('.picture g')].flatMap((group) => { const box = group.querySelector('.box').getBoundingClientRect(); return [...group.querySelectorAll('text')].filter((text) => { const own = text.getBoundingClientRect(); return own.right > box.right - 2 || own.left < box.left || own.top < box.top || own.bottom > box.bottom; }).map((text) => text.textContent); })`,
      ),
    ).toEqual([]);
    await page.look({});
  });

  it('asks nobody for anything and has nothing to complain about', () => {
    expect(page.requests).toEqual([]);
    expect(page.complaints).toEqual([]);
  });

  it('is looked at by checks that find what is wrong', async () => {
    const broken = await open(platformPlan(), { width: 390, height: 844 });
    await broken.evaluate('document.querySelector("h1").style.cssText = "white-space: nowrap; width: 500px"');
    expect(await broken.evaluate(tooWide)).toEqual({
      page: expect.any(Number),
      elements: [expect.stringContaining('<h1')],
    });
    expect(((await broken.evaluate(tooWide)) as { page: number }).page).toBeGreaterThan(100);
    await broken.evaluate('document.querySelector("h1").style.color = "rgb(200, 200, 200)"');
    await broken.evaluate('document.querySelector(".picture .name").style.fontSize = "8px"');
    expect(((await broken.evaluate(unreadable)) as { bad: readonly string[] }).bad).toEqual([
      expect.stringMatching(/^shared-platform-move: 1\.\d+ at/u),
      expect.stringMatching(/ at 8px$/u),
    ]);
    await broken.evaluate(
      'new Promise((done) => { const image = new Image(); image.onerror = done; image.src = "http://127.0.0.1:9/x.png"; document.body.append(image); })',
    );
    expect([broken.requests, broken.complaints]).toEqual([
      ['http://127.0.0.1:9/x.png'],
      [expect.stringContaining('Content Security Policy')],
    ]);
    await broken.close();
  });

  it('draws hostile text as text, inside its window', async () => {
    const hostile =
      '</dd><script>document.title="taken"</script><img src="http://127.0.0.1:9/x" onerror="document.title=\'taken\'">\u001b[2J\u202e';
    const step: Step = {
      ...deleteDatabase,
      identity: hostile,
      reason: 'x'.repeat(10_000),
      destruction: { loses: [hostile, '\u5bbd'.repeat(500)] },
      evidence: { binding: { [hostile]: hostile }, observed: { tags: { long: 'W'.repeat(10_000) } } },
    };
    const bad = await open(
      samplePlan(
        [
          { ...step, id: 'W'.repeat(300) },
          { ...grantStep, dependsOn: ['W'.repeat(300)] },
        ],
        { name: hostile, intent: hostile },
      ),
      { width: 390, height: 844 },
    );
    expect(await bad.evaluate('document.title')).toContain('<script>');
    expect(await bad.evaluate('document.querySelectorAll("script, img").length')).toBe(0);
    expect(await bad.evaluate(tooWide)).toEqual({ page: 0, elements: [] });
    expect(await bad.evaluate('document.body.innerText.includes("onerror=")')).toBe(true);
    expect([bad.requests, bad.complaints]).toEqual([[], []]);
    await bad.close();
  });

  it('keeps 2,000 destructions readable', async () => {
    const steps = Array.from({ length: 2_000 }, (_, index): Step => ({
      ...deleteDatabase,
      id: `Db${index}`,
      identity: `db-${index}`,
      digest: `sha256:${index}`,
      dependsOn: index % 3 === 0 ? [] : [`Db${index - 1}`],
    }));
    const large = await open(samplePlan(steps), { width: 390, height: 844 });
    expect(await large.evaluate('document.querySelectorAll("section.step").length')).toBe(2_000);
    expect(
      await large.evaluate(
        '(() => { const last = [...document.querySelectorAll("section.step")].at(-1); last.scrollIntoView(); return last.innerText.includes("db-1999"); })()',
      ),
    ).toBe(true);
    expect(await large.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0);
    await large.close();
  });
});
