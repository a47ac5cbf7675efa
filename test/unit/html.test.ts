import { describe, expect, it } from '@jest/globals';
import type { Plan, Step } from '../../src/domain/plan.ts';
import { isUnsafe } from '../../src/base/sanitise.ts';
import { escapeHtml, rowsHtml } from '../../src/views/html/html-rows.ts';
import { planHtml } from '../../src/views/html/html.ts';
import { schemes } from '../../src/views/html/html-palette.ts';
import { style } from '../../src/views/html/html-style.ts';
import { row, span } from '../../src/views/base/rows.ts';
import { sgr } from '../../src/views/base/theme.ts';
import { elements, parseHtml, textOf } from '../helpers/html-tree.ts';
import { platformPlan } from '../helpers/platform-plan.ts';
import { baseStep, deleteDatabase, grantStep, kept, samplePlan, sampleTime } from '../helpers/sample-plan.ts';

const page = (plan: Plan) => parseHtml(planHtml(plan, sampleTime));
const find = (plan: Plan, name: string) => [...elements(page(plan))].filter((element) => element.name === name);
const hostile =
  '\u001b[2J\u202egnp.exe\u200b\u0000</dd></section><script>alert(1)</script><img src=x onerror=alert(1)>"\'&amp;--><style>*{display:none}</style>';

describe('the HTML page of a plan', () => {
  it('needs nothing but itself, runs nothing and says so to the browser', () => {
    const html = planHtml(platformPlan(), sampleTime);
    expect(html).not.toMatch(
      /<script|<link|<img|<iframe|@import|url\((?!#)|\bsrc=|https?:\/\/(?!www\.w3\.org\/2000\/svg")|\bon[a-z]+="/iu,
    );
    const metas = find(platformPlan(), 'meta').map(({ attributes }) => attributes);
    expect(metas).toContainEqual({
      'http-equiv': 'Content-Security-Policy',
      content: expect.stringContaining("default-src 'none'; style-src 'unsafe-inline'"),
    });
    expect(metas).toContainEqual({ name: 'viewport', content: 'width=device-width, initial-scale=1' });
    expect(find(platformPlan(), 'html')[0]?.attributes).toEqual({ lang: 'en' });
    expect(textOf(find(platformPlan(), 'title')[0] ?? '')).toBe('shared-platform-move: aiplan');
  });

  it('has one heading for the plan and one for each step that is more than a line', () => {
    const plan = platformPlan();
    expect(find(plan, 'h1').map((element) => textOf(element))).toEqual(['shared-platform-move']);
    expect(find(plan, 'h2').map((element) => textOf(element))).toEqual([
      '~ update WebGroup sg-0a1b2c3d4e5f60718 [destruction] [grant]',
      '- delete OldBastion i-0123456789abcdef0 [destruction]',
      '- delete DuplicateDb courses-prod-copy [destruction]',
      '- delete OldUploads courses-uploads-2023 [destruction]',
      '+ create SiteServer [grant]',
      '~ update CoursesDb courses-prod',
      '~ update DataVolume vol-0f00ba45f00ba45f0',
      '~ update CourseServer i-0f4c21ab9e8d7c6b5',
      '~ update Assets courses-assets',
      '+ create SiteBucket "aishippinglabs-site"',
    ]);
  });

  it('folds away unchanged steps and nothing else', () => {
    const [folded, ...more] = find(platformPlan(), 'details');
    expect(more).toEqual([]);
    expect(folded === undefined ? '' : textOf(folded)).toBe(
      '2 unchanged= unchanged Logs courses-logs= unchanged Backups courses-backups',
    );
    expect(find(samplePlan([deleteDatabase, grantStep]), 'details')).toEqual([]);
    const blocked: Step = { ...kept, blocked: true };
    expect(find(samplePlan([blocked]), 'details')).toEqual([]);
  });

  it('shows hostile text as text: it opens no element and closes none', () => {
    const step: Step = {
      ...deleteDatabase,
      id: hostile,
      identity: hostile,
      confirm: hostile,
      reason: hostile,
      dependsOn: [hostile],
      destruction: { loses: [hostile] },
      calls: [hostile],
      evidence: { binding: { [hostile]: hostile }, observed: { tags: { x: hostile } } },
    };
    const plan = samplePlan([step, { ...grantStep, dependsOn: [hostile] }], {
      name: hostile,
      intent: hostile,
      assume: [hostile],
      findings: [{ code: 'x', severity: 'error', step: hostile, message: hostile, line: 1, column: 1, help: hostile }],
      target: { account: hostile, region: hostile, caller: hostile, endpoint: hostile },
    });
    const html = planHtml(plan, sampleTime);
    expect(isUnsafe(html.replaceAll('\n', ''))).toBe(false);
    const names = new Set([...elements(parseHtml(html))].map(({ name }) => name));
    expect([...names].filter((name) => name === 'script' || name === 'img' || name === 'bdi')).toEqual([]);
    expect([...elements(parseHtml(html))].filter(({ name }) => name === 'style')).toHaveLength(1);
    expect(textOf(parseHtml(html)).split('<script>alert(1)</script>').length).toBeGreaterThan(15);
  });

  it('puts further values of a name below its first one', () => {
    expect(
      rowsHtml([
        row(2, span('attached       ', 'muted'), span('a')),
        row(2, span('               ', 'muted'), span('b', 'unknown')),
        row(2, span('size           ', 'muted'), span('1')),
      ]),
    ).toBe(
      '<dl><div class="pair"><dt>attached</dt> <dd>a</dd> <dd><span class="t-unknown">b</span></dd></div><div class="pair"><dt>size</dt> <dd>1</dd></div></dl>',
    );
  });

  it('keeps words that are written from right to left apart from their neighbours', () => {
    expect(rowsHtml([row(0, span('שלום'), span(' 1 of 2', 'muted'))])).toBe(
      '<p class="row"><bdi>שלום</bdi><span class="t-muted"> 1 of 2</span></p>',
    );
    expect(escapeHtml('<a href="x">\'&')).toBe('&lt;a href=&quot;x&quot;&gt;&#39;&amp;');
  });

  it('of more than 500 steps shows destructions and grants in full, the others in a line each, and says so', () => {
    const steps = Array.from({ length: 600 }, (_, index): Step => ({
      ...baseStep,
      id: `Thing${index}`,
      digest: `sha256:${index}`,
      changes: [{ path: 'Tags.kind', before: null, after: `kind-${index}`, effect: 'in-place' }],
      ...(index % 100 === 7
        ? ({ destruction: { loses: [`loss ${index}`] }, action: 'delete', confirm: 'x' } as const)
        : {}),
      ...(index === 50 ? { interrupts: true } : {}),
    }));
    const plan = samplePlan(steps);
    expect(find(plan, 'h2').map((element) => textOf(element))).toEqual(
      [7, 107, 207, 307, 407, 507].map((index) => `- delete Thing${index} [destruction]`).concat('+ create Thing50'),
    );
    const text = textOf(page(plan));
    for (const { id } of steps) expect(text).toContain(id);
    expect(text).toContain(
      'This plan has 600 steps: what destroys, opens, interrupts, cannot be inverted or is blocked stands here in full, every other step in one line.',
    );
    expect(text).not.toContain('kind-8');
    expect(find(platformPlan(), 'body')[0]?.attributes).toEqual({});
    expect(find(plan, 'body')[0]?.attributes).toEqual({ class: 'large' });
  });
});

/** Relative luminance and contrast as WCAG 2.2 defines them. */
const luminance = (color: string): number => {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const contrast = (a: string, b: string): number => {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
};

describe('the colours', () => {
  it('are worked out as the standard says', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
  });
  it.each(Object.entries(schemes))(
    'of the %s scheme can be read: every tone on every surface has 4.5 : 1',
    (_name, { surfaces, tones }) => {
      const weak = Object.entries(tones).flatMap(([tone, color]) =>
        Object.entries(surfaces)
          .filter(([, surface]) => contrast(color, surface) < 4.5)
          .map(([name, surface]) => `${tone} on ${name}: ${contrast(color, surface).toFixed(2)}`),
      );
      expect(weak).toEqual([]);
    },
  );
  it('cover every tone that a row can have, in both schemes', () => {
    for (const { tones } of Object.values(schemes)) expect(Object.keys(tones).sort()).toEqual(Object.keys(sgr).sort());
    for (const tone of Object.keys(sgr)) expect(style).toContain(`.t-${tone}{`);
    expect(style).toContain('@media (prefers-color-scheme:dark)');
    expect(style).toContain('@media print');
  });
  it('are taken from the palette alone', () => {
    const named = new Set(
      Object.values(schemes).flatMap(({ surfaces, tones, line }) => [
        ...Object.values(surfaces),
        ...Object.values(tones),
        line,
      ]),
    );
    expect(
      [...style.matchAll(/#[0-9a-f]{3,8}\b/gu)]
        .map(([color]) => color)
        .filter((color) => !named.has(color) && color !== '#fff' && color !== '#999'),
    ).toEqual([]);
  });
});
