import { describe, expect, it } from '@jest/globals';
import type { Step } from '../../src/domain/plan.ts';
import { isUnsafe } from '../../src/base/sanitise.ts';
import { planMarkdown } from '../../src/views/html/markdown.ts';
import { platformPlan } from '../helpers/platform-plan.ts';
import { baseStep, deleteDatabase, grantStep, samplePlan, sampleTime } from '../helpers/sample-plan.ts';

const hostile =
  '\u001b[2J\u202e<b>@all ::error file=x::y [a](http://127.0.0.1) ![i](x) `c` **b** | t\n# h\n- [x] done\n::set-output name=a::b <details> &amp; #1 owner/repo#2 https://example.com';

describe('the plan as Markdown', () => {
  const markdown = planMarkdown(platformPlan(), sampleTime, { picture: true });

  it('has a heading for the plan, for each step with a card, for the order and for findings', () => {
    expect(
      markdown
        .split('\n')
        .filter((line) => line.startsWith('#'))
        .map((line) => line.replaceAll(/&#(\d+);/gu, (_, code: string) => String.fromCharCode(Number(code)))),
    ).toEqual([
      '### aiplan: shared-platform-move',
      '#### ~ update WebGroup sg-0a1b2c3d4e5f60718 [destruction] [grant]',
      '#### - delete OldBastion i-0123456789abcdef0 [destruction]',
      '#### - delete DuplicateDb courses-prod-copy [destruction]',
      '#### - delete OldUploads courses-uploads-2023 [destruction]',
      '#### + create SiteServer [grant]',
      '#### ~ update CoursesDb courses-prod',
      '#### ~ update DataVolume vol-0f00ba45f00ba45f0',
      '#### ~ update CourseServer i-0f4c21ab9e8d7c6b5',
      '#### ~ update Assets courses-assets',
      '#### + create SiteBucket "aishippinglabs-site"',
      '#### Order of execution',
      '#### Findings',
    ]);
  });
  it('folds nothing away', () => expect(markdown).not.toMatch(/<details|<summary|<!--/u));
  it('leaves the order out where it is not asked for, as a comment on a pull request does', () =>
    expect(planMarkdown(platformPlan(), sampleTime)).not.toContain('Order of execution'));

  it('lets no text of others act: no mention, link, picture, table, heading, check box, HTML or workflow command', () => {
    const step: Step = {
      ...deleteDatabase,
      id: hostile,
      identity: hostile,
      reason: hostile,
      dependsOn: [hostile],
      destruction: { loses: [hostile] },
      evidence: { binding: { [hostile]: hostile }, observed: {} },
      calls: [hostile],
    };
    const text = planMarkdown(
      samplePlan([step, { ...grantStep, dependsOn: [hostile] }], {
        name: hostile,
        intent: hostile,
        assume: [hostile],
        findings: [
          { code: 'x', severity: 'error', step: hostile, message: hostile, line: 1, column: 1, help: hostile },
        ],
      }),
      sampleTime,
      { file: hostile, picture: true },
    );
    expect(isUnsafe(text.replaceAll('\n', ''))).toBe(false);
    // Only marks of ours are left: headings and list items at the beginning of lines, bold around the last one.
    const others = text
      .split('\n')
      .map((line) => line.replace(/^(?:### aiplan: |#### |\s*- )/u, '').replace(/^\*\*(.*)\*\*$/u, '$1'))
      .join('\n')
      .replaceAll(/&#\d+;/gu, '')
      .replaceAll(/&(?:amp|lt|gt);/gu, '');
    expect([...others.matchAll(/.{0,20}[<>`*_[\]()#@|!:\\~].{0,20}/gu)].map(([found]) => found)).toEqual([]);
    // A mention and a reference are looked for where entities are characters again.
    expect(text).toContain('&#64;&#8203;all');
    expect(text).toContain('repo&#35;&#8203;2');
    expect(text).not.toMatch(/^::|https?:/mu);
    expect(text.split('\n').filter((line) => line.startsWith('# '))).toEqual([]);
  });

  it('sets off what belongs to the line above it', () => {
    const step: Step = {
      ...baseStep,
      changes: [{ path: 'UserData', before: null, after: { $masked: 'set' }, effect: 'grant', authored: 'one\ntwo\n' }],
    };
    expect(planMarkdown(samplePlan([step]), sampleTime)).toMatch(/\n- &#43; UserData[^\n]*\n(?: {2}- [^\n]*\n)+/u);
  });
});
