import { describe, expect, it } from '@jest/globals';
import type { ChangePlan } from '../../src/domain/change-plan.ts';
import { noKnowledge } from '../../src/domain/property-hints.ts';
import type { Plan } from '../../src/domain/plan.ts';
import type { Report } from '../../src/domain/records/report.ts';
import { reviewScene } from '../../src/tui/review/review-view.ts';
import { runScene, type RunScene } from '../../src/tui/run/run-view.ts';
import { openScreen } from '../../src/tui/terminal/screen.tsx';
import type { Screen } from '../../src/tui/terminal/view.ts';
import { failureRows } from '../../src/views/run/failure-rows.ts';
import { journalRows } from '../../src/views/run/journal-rows.ts';
import { benchOf, changePlanOf, entryOf, type Bench } from '../helpers/apply-world.ts';
import { openHeadless, type Headless } from '../helpers/headless.ts';
import { createMemoryWorld, DATABASE, NOTE } from '../helpers/memory-world.ts';
import { samplePlan, sampleTime } from '../helpers/sample-plan.ts';

const escape = '\u001b';
const run = '20260226-230000-0001';

const seeded = () =>
  createMemoryWorld({
    seed: [
      { type: DATABASE, identity: 'courses', rows: ['a'] },
      { type: NOTE, identity: 'n', properties: { Text: 'old' } },
    ],
  });
const changes = changePlanOf([
  entryOf('N', NOTE, { id: 'n', properties: { Text: 'new' } }),
  entryOf('Db', DATABASE, { action: 'delete', id: 'courses', expect: { Engine: 'postgres' } }),
]);

/** Scrolls a text to its end, until a line can be typed. */
async function toTheEnd(on: Headless, wanted: RegExp): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    if (wanted.test(on.lines().join('\n'))) return;
    on.stdin.write(' ');
    await new Promise((done) => setTimeout(done, 30));
  }
  await on.until(wanted);
}

/** Reviews a plan on the screen as a person does: confirms what asks for it, and approves. */
async function approves(
  on: Headless,
  screen: Screen,
  plan: Plan,
  now: () => number,
  confirmations: readonly string[],
): Promise<void> {
  const { scene, result } = reviewScene({
    plan,
    purpose: 'apply',
    tier: 'T0',
    maxConfirmations: 20,
    knowledge: noKnowledge,
    now,
    replan: null,
  });
  screen.show(scene);
  await on.until(new RegExp(`confirmed 0 of ${confirmations.length}`, 'u'));
  for (const [index, text] of confirmations.entries()) {
    on.stdin.write('c');
    await toTheEnd(on, /Type .* and Enter/u);
    await on.type(text);
    on.stdin.write('\r');
    await on.until(`confirmed ${index + 1} of`);
  }
  on.stdin.write('a');
  await toTheEnd(on, new RegExp(`Type ${plan.name}`, 'u'));
  await on.type(plan.name);
  on.stdin.write('\r');
  expect((await result).decision).toBe('approved');
}

/** Carries a change plan out under a scene of the screen. */
async function carriesOut(
  bench: Bench,
  screen: Screen,
  changePlan: ChangePlan,
  plan: Plan,
  id: string,
): Promise<{ readonly report: Report; readonly scene: RunScene }> {
  const scene = runScene({ plan, now: () => bench.clock.now() });
  screen.show(scene.scene);
  scene.watch.begun(id);
  return { scene, report: await bench.apply(changePlan, { run: id, events: (event) => scene.watch.emit(event) }) };
}

describe('review, run, failure and undo on one screen', () => {
  it.each([
    [80, 24],
    [40, 12],
  ])('at %i×%i, and everything is as before', async (columns, rows) => {
    const world = seeded();
    const bench = benchOf(world);
    const now = (): number => bench.clock.now();
    const before = await bench.state();
    const on = openHeadless(columns, rows, { now });
    const screen = openScreen(on.options);
    try {
      world.fail('rds:DeleteDatabase', {
        code: 'InvalidDatabaseState',
        kind: 'conflict',
        message: 'the database is busy',
      });
      const { plan } = await bench.plan(changes);
      await approves(on, screen, plan, now, ['courses']);
      const { report, scene } = await carriesOut(bench, screen, changes, plan, run);
      expect(report).toMatchObject({ outcome: 'failed', exitCode: 5 });
      const choice = scene.finished(
        { report, why: failureRows(report, bench.journalOf(run)), back: 'roll back now' },
        async () => journalRows(bench.journalOf(run)),
      );
      await on.until('InvalidDatabaseState');
      on.stdin.write('l');
      // The journal opens where it ends; its beginning is a key away.
      await on.until(/\(end\) \d+ lines above/u);
      on.stdin.write('g');
      await on.until(/run 20260226-230000-0001 apply/u);
      on.stdin.write(escape);
      await on.until(/r roll back now/u);
      // Nothing is the default, and a paste chooses nothing.
      on.stdin.write('\r');
      await on.until(/choose with one of/u);
      on.stdin.write(`${escape}[200~r${escape}[201~`);
      await on.until(/does not count/u);
      await new Promise((done) => setTimeout(done, 60));
      on.stdin.write('r');
      expect(await choice).toBe('rollback');
      const draft = await bench.rollback(run);
      const back = await bench.plan(draft.changePlan);
      await approves(on, screen, back.plan, now, []);
      const undone = await carriesOut(bench, screen, draft.changePlan, back.plan, '20260226-230000-0002');
      expect(undone.report.outcome).toBe('done');
      expect(await bench.state()).toEqual(before);
      expect(on.alternate()).toBe(true);
    } finally {
      await screen.close();
    }
    await on.flushed();
    expect(on.alternate()).toBe(false);
    expect(on.raw()).toBe(false);
  });
});

describe('the screen of a run', () => {
  const opened = () => {
    const on = openHeadless(80, 24, { now: () => sampleTime });
    const screen = openScreen(on.options);
    const scene = runScene({ plan: samplePlan(), now: () => sampleTime });
    const heard: string[] = [];
    scene.watch.onInterrupt((signal) => {
      heard.push(signal);
    });
    screen.show(scene.scene);
    scene.watch.begun(run);
    return { on, screen, scene, heard };
  };
  const report = {
    run,
    command: 'apply',
    rollbackOf: null,
    planName: 'x',
    outcome: 'failed',
    message: null,
    steps: [],
    captures: [],
    leftovers: [],
    undone: [],
    findings: [],
    map: {},
    startedAt: '',
    endedAt: '',
    durations: {},
    calls: 1,
    exitCode: 5,
  } as Report;

  it('hands every Ctrl-C to the run, as a key and as a signal, and says what it does', async () => {
    const { on, screen, scene, heard } = opened();
    on.stdin.write('\u0003');
    await on.until(/Applying/u);
    on.interrupt('SIGINT');
    expect(heard).toEqual(['SIGINT', 'SIGINT']);
    scene.watch.interrupted('SIGINT', 1);
    await on.until(/the call in flight is finished/u);
    await screen.close();
  });

  it('says that the terminal is gone, and then asks nothing', async () => {
    const { on, screen, scene, heard } = opened();
    await on.until(/Applying/u);
    on.stdin.end();
    for (let tries = 0; heard.length === 0 && tries < 400; tries += 1) await new Promise((done) => setTimeout(done, 5));
    expect(heard).toEqual(['the terminal was closed']);
    expect(await scene.finished({ report, why: [], back: 'roll back now' }, async () => [])).toBe('keep');
    await screen.close();
  });

  it('takes Ctrl-C and the end of the terminal for keeping everything, when it asks', async () => {
    for (const leave of [
      (on: Headless): void => {
        on.stdin.write('\u0003');
      },
      (on: Headless): void => {
        on.stdin.end();
      },
    ]) {
      const { on, screen, scene, heard } = opened();
      const choice = scene.finished({ report, why: [], back: 'roll back now' }, async () => []);
      await on.until(/r roll back now/u);
      leave(on);
      expect(await choice).toBe('keep');
      expect(heard).toEqual([]);
      await screen.close();
    }
  });

  it('asks nothing of somebody who pressed Ctrl-C twice', async () => {
    const { screen, scene } = opened();
    scene.watch.interrupted('SIGINT', 1);
    scene.watch.interrupted('SIGINT', 2);
    expect(await scene.finished({ report, why: [], back: 'roll back now' }, async () => [])).toBe('keep');
    await screen.close();
  });

  it('says so when the journal cannot be read', async () => {
    const { on, screen, scene } = opened();
    const choice = scene.finished({ report, why: [], back: null }, async () => {
      throw new Error('the disk is gone');
    });
    await on.until(/k keep/u);
    on.stdin.write('l');
    await on.until(/cannot be read: the disk is gone/u);
    on.stdin.write('k');
    expect(await choice).toBe('keep');
    await screen.close();
  });
});
