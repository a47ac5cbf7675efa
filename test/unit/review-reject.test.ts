import { describe, expect, it } from '@jest/globals';
import type { Plan, Step } from '../../src/domain/plan.ts';
import { UserError } from '../../src/base/error.ts';
import { noKnowledge } from '../../src/domain/property-hints.ts';
import { reviewScene } from '../../src/tui/review/review-view.ts';
import { plainText } from '../../src/views/base/rows.ts';
import { createBucket, deleteDatabase, grantStep, kept, samplePlan, sampleTime } from '../helpers/sample-plan.ts';
import { openReviewer } from '../helpers/reviewer.ts';

const policy: Step = {
  ...grantStep,
  id: 'Policy',
  identity: 'site-policy',
  confirm: 'site-policy',
  digest: 'sha256:policy',
  dependsOn: ['SiteBucket'],
};
const plan = samplePlan([createBucket, policy, grantStep, kept, deleteDatabase]);
const without = samplePlan([{ ...policy, digest: 'sha256:policy2', dependsOn: [] }, grantStep, kept, deleteDatabase], {
  digest: `sha256:${'b'.repeat(64)}`,
});

describe('rejecting a step', () => {
  const asked = () =>
    openReviewer({ plan, size: { columns: 100, rows: 30 } })
      .confirm('courses-prod')
      .confirm('site-policy')
      .press('end', 'r');

  it('asks once; anything but y keeps the step', () => {
    expect(asked().screen()).toContain('Reject SiteBucket? y rejects, anything else keeps it.');
    for (const key of ['n', 'enter', 'escape', 'Y', ' '])
      expect(asked().press(key).state).toMatchObject({ place: 'list', plan, leavingOut: null });
    expect(asked().press('paste').state.place).toBe('reject');
    expect(asked().burst('yy').state).toMatchObject({ place: 'list', leavingOut: null });
  });

  it("plans again before the person's eyes, with the time it takes", () => {
    const reviewer = asked().press('y');
    expect(reviewer.state).toMatchObject({ place: 'planning', leavingOut: { id: 'SiteBucket', since: sampleTime } });
    reviewer.now = sampleTime + 3_400;
    expect(reviewer.screen()).toMatch(/planning again without SiteBucket… 3s/u);
    expect(reviewer.press('a', 'c', 'enter', 'y', 'escape').state).toMatchObject({ place: 'planning', decision: null });
    expect(reviewer.press('interrupt').state).toMatchObject({ decision: 'declined', why: 'interrupted with Ctrl-C' });
  });

  it('shows what left, what changed, what keeps its confirmation, and both digests', () => {
    const reviewer = asked().press('y').tell({ kind: 'replanned', plan: without });
    const screen = reviewer.screen();
    expect(screen).toMatch(/No longer in the plan\n.*create SiteBucket/u);
    expect(screen).toMatch(
      /Changed\n.*update Policy site-policy.*depends on other steps now; its confirmation is dropped:\s+confirm it again/u,
    );
    expect(screen).toMatch(/keep their confirmation\n.*delete CoursesDb/u);
    expect(screen).toContain('2 other steps are exactly as before');
    expect(screen).toContain(`Digest before ${plan.digest}`);
    expect(screen).toContain(`Digest now    ${without.digest}`);
    expect([...reviewer.state.confirmations.keys()]).toEqual(['CoursesDb']);
    expect(reviewer.state.rejected).toEqual(['SiteBucket']);
    expect(reviewer.press('enter').screen()).toMatch(/confirmed 1 of 3[^]*1 left out/u);
    expect(reviewer.press('home', 'enter').screen()).toContain('You left out SiteBucket');
  });

  it('drops a confirmation whose text or loss would be another one now, whatever the digest', () => {
    for (const change of [
      { confirm: 'courses-other' },
      { recoverability: { level: 'irreversible', loses: ['all rows'] } },
    ] as const) {
      const reviewer = asked()
        .press('y')
        .tell({ kind: 'replanned', plan: samplePlan([grantStep, { ...deleteDatabase, ...change }]) });
      expect(reviewer.state.confirmations.size).toBe(0);
      expect(reviewer.screen()).toMatch(/CoursesDb[^]*asks for another text now; its confirmation is\s+dropped/u);
    }
  });

  it('shows the error of planning again and leaves everything as it was', () => {
    const reviewer = asked()
      .press('y')
      .tell({ kind: 'replan-failed', lines: ['plan-stale: "CoursesDb" has changed', 'plan again'] });
    expect(reviewer.screen()).toMatch(/Nothing was left out[^]*plan-stale: "CoursesDb" has changed[^]*plan again/u);
    expect(reviewer.press('enter').state).toMatchObject({
      place: 'list',
      plan,
      rejected: [],
      message: 'nothing was left out',
    });
    expect(reviewer.state.confirmations.size).toBe(2);
  });

  it('brings a plan with too many confirmations, or a blocked one, to where it can be approved', () => {
    const many = openReviewer({ plan, maxConfirmations: 2 })
      .press('end', 'up', 'r', 'y')
      .tell({ kind: 'replanned', plan: samplePlan([grantStep, deleteDatabase]) })
      .press('enter');
    expect(many.confirm('courses-prod').confirm('1b2c3d').press('a').state.place).toBe('summary');
    const blocked = openReviewer({ plan: samplePlan([{ ...createBucket, blocked: true }, deleteDatabase]) });
    expect(
      blocked
        .press('down', 'down', 'r', 'y')
        .tell({ kind: 'replanned', plan: samplePlan([deleteDatabase]) })
        .press('enter')
        .confirm('courses-prod')
        .press('a').state.place,
    ).toBe('summary');
  });

  it('stands in the summary, and leaves nothing to do where all is rejected', () => {
    const reviewer = openReviewer({ plan })
      .press('end', 'r', 'y')
      .tell({ kind: 'replanned', plan: samplePlan([deleteDatabase]) })
      .press('enter')
      .confirm('courses-prod')
      .press('a');
    expect(reviewer.screen()).toContain('Left out: SiteBucket.');
    const nothing = openReviewer({ plan })
      .press('end', 'r', 'y')
      .tell({ kind: 'replanned', plan: samplePlan([]) })
      .press('enter', 'a');
    expect(nothing.state).toMatchObject({ place: 'list', message: 'nothing is left to do: leave with q' });
    expect(nothing.press('q').state.place).toBe('leave');
  });

  it('is refused where the plan cannot be made again, and of the plan itself', () => {
    expect(openReviewer({ plan, canReject: false }).press('r').state).toMatchObject({
      place: 'list',
      message: 'steps of this plan cannot be left out here',
    });
    expect(openReviewer({ plan }).press('home', 'r').state).toMatchObject({
      place: 'list',
      message: 'select the step that you reject',
    });
  });
});

describe('the scene', () => {
  const size = { columns: 100, rows: 30 };
  const at = (replan: ((rejected: readonly string[]) => Promise<Plan>) | null, now = () => sampleTime) => {
    const review = reviewScene({
      plan,
      purpose: 'apply',
      tier: 'T0',
      maxConfirmations: 20,
      knowledge: noKnowledge,
      now,
      replan,
    });
    const screen = (): string => review.scene.frame(size, now()).map(plainText).join('\n');
    const press = (...keys: readonly string[]): void => {
      for (const key of keys) {
        review.scene.handle(key.length === 1 ? { kind: 'character', character: key } : { kind: key as 'enter' });
        screen();
      }
    };
    const until = async (text: string): Promise<void> => {
      for (let tries = 0; !screen().includes(text); tries += 1) {
        if (tries > 200) throw new Error(screen());
        await new Promise((done) => setImmediate(done));
      }
    };
    screen();
    return { ...review, screen, press, until };
  };

  it('plans again with all addresses that were rejected so far, and hands the last plan over', async () => {
    const asked: (readonly string[])[] = [];
    const plans = [without, samplePlan([grantStep, deleteDatabase], { digest: 'sha256:last' })];
    const scene = at(async (rejected) => {
      asked.push(rejected);
      return plans[asked.length - 1] ?? without;
    });
    scene.press('end', 'r', 'y');
    await scene.until('SiteBucket is left out');
    scene.press('enter', 'n', 'r', 'y');
    await scene.until('is left out');
    expect(asked).toEqual([['SiteBucket'], expect.arrayContaining(['SiteBucket'])]);
    expect(asked[1]).toHaveLength(2);
    expect([...(asked[1] ?? [])].sort()).toEqual(asked[1]);
    scene.press(
      'enter',
      'c',
      ...'courses-prod',
      'enter',
      'c',
      ...'1b2c3d',
      'enter',
      'a',
      ...'shared-platform-move',
      'enter',
    );
    expect(await scene.result).toMatchObject({
      decision: 'approved',
      plan: { digest: 'sha256:last' },
      rejected: asked[1],
      typedName: 'shared-platform-move',
      confirmations: [
        { step: 'CoursesDb', typed: 'courses-prod' },
        { step: 'WebGroup', typed: '1b2c3d' },
      ],
    });
  });

  it('shows what the user error says, with its help', async () => {
    const scene = at(async () => {
      throw new UserError('plan-stale', 'live has changed', { help: 'plan again\nand review' });
    });
    scene.press('end', 'r', 'y');
    await scene.until('plan-stale: live has changed');
    expect(scene.screen()).toMatch(/plan again\n +and review/u);
  });

  it('is declined with nothing in it, whatever was confirmed', async () => {
    const scene = at(null);
    scene.press('c', ...'courses-prod', 'enter');
    scene.scene.handle({ kind: 'gone', why: 'the terminal was closed' });
    expect(await scene.result).toMatchObject({
      decision: 'declined',
      confirmations: [],
      typedName: null,
      why: 'the terminal was closed',
      plan: { digest: plan.digest },
    });
  });

  it('draws oftener while it plans and while the seconds are counted, and never once it is over or expired', () => {
    let time = sampleTime;
    const scene = at(
      () => new Promise(() => undefined),
      () => time,
    );
    expect(scene.scene.tick).toBe(15_000);
    time = Date.parse(plan.expiresAt) - 5 * 60_000 - 4_000;
    expect(scene.scene.tick).toBe(4_001);
    time += 5_000;
    expect(scene.scene.tick).toBe(1_000);
    time = Date.parse(plan.expiresAt);
    expect(scene.scene.tick).toBeNull();
    time = sampleTime;
    scene.press('end', 'r', 'y');
    expect(scene.scene.tick).toBe(250);
    scene.press('interrupt');
    expect(scene.scene.tick).toBeNull();
  });

  it('lets nothing be decided on a screen that is too small, but to leave', async () => {
    const scene = at(null);
    scene.scene.frame({ columns: 30, rows: 8 }, sampleTime);
    for (const character of 'ccourses-prod') scene.scene.handle({ kind: 'character', character });
    scene.scene.handle({ kind: 'enter' });
    expect(scene.screen()).toContain('confirmed 0 of 3');
    expect(scene.screen()).toContain('Destructions');
    scene.scene.frame({ columns: 30, rows: 8 }, sampleTime);
    scene.scene.handle({ kind: 'character', character: 'q' });
    expect((await scene.result).decision).toBe('declined');
  });
});
