import { describe, expect, it } from '@jest/globals';
import { noKnowledge } from '../../src/domain/property-hints.ts';
import type { ReviewResult } from '../../src/domain/review.ts';
import { reviewScene } from '../../src/tui/review/review-view.ts';
import { openScreen } from '../../src/tui/terminal/screen.tsx';
import { typeLine } from '../../src/tui/review/type-line.ts';
import { row } from '../../src/views/base/rows.ts';
import { openHeadless, type Headless } from '../helpers/headless.ts';
import { createBucket, grantStep, kept, deleteDatabase, samplePlan, sampleTime } from '../helpers/sample-plan.ts';

const plan = samplePlan();
/** Shows the review on a screen of its own until it is decided. */
async function review(terminal: Headless, over = {}): Promise<ReviewResult> {
  const screen = openScreen({ ...terminal.options, now: () => sampleTime });
  const { scene, result } = reviewScene({
    plan,
    purpose: 'apply',
    now: () => sampleTime,
    tier: 'T0',
    maxConfirmations: 20,
    knowledge: noKnowledge,
    replan: null,
    ...over,
  });
  screen.show(scene);
  try {
    return await result;
  } finally {
    await screen.close();
  }
}

/** Presses a key until the screen shows something. */
async function pressUntil(terminal: Headless, key: string, what: RegExp): Promise<string> {
  for (let pages = 0; pages < 60; pages += 1) {
    await terminal.flushed();
    if (what.test(terminal.lines().join('\n'))) return terminal.lines().join('\n');
    terminal.stdin.write(key);
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(`never saw ${String(what)} in:\n${terminal.lines().join('\n')}`);
}

describe('the review on a terminal', () => {
  it.each([
    [80, 24],
    [200, 50],
    [40, 12],
  ])('takes typed confirmations at %i×%i', async (columns, rows) => {
    const terminal = openHeadless(columns, rows);
    const result = review(terminal);
    await terminal.until('CoursesDb');
    for (const [identity, after] of [
      ['courses-prod', /1 to go/u],
      ['1b2c3d', /everything is\s+confirmed/u],
    ] as const) {
      terminal.stdin.write('c');
      await terminal.until(/- delete|~ update/u);
      await pressUntil(terminal, ' ', /^> ▏/mu);
      await terminal.type(identity);
      terminal.stdin.write('\r');
      await terminal.until(after);
    }
    terminal.stdin.write('a');
    await terminal.until('This is going to happen');
    await pressUntil(terminal, ' ', /^> ▏/mu);
    await terminal.type('shared-platform-move');
    terminal.stdin.write('\r');
    const { decision, confirmations, typedName } = await result;
    expect([decision, typedName]).toEqual(['approved', 'shared-platform-move']);
    expect(confirmations.map(({ typed }) => typed)).toEqual(['courses-prod', '1b2c3d']);
  });

  it('refuses pasted text, marked or not', async () => {
    const terminal = openHeadless(100, 30);
    const result = review(terminal);
    await terminal.until('CoursesDb');
    terminal.stdin.write('c');
    await terminal.until(/^> ▏/mu);
    terminal.stdin.write('courses-prod');
    await terminal.until('pasted text does not count');
    await new Promise((done) => setTimeout(done, 60));
    terminal.stdin.write('\u001b[200~courses-prod\u001b[201~');
    await new Promise((done) => setTimeout(done, 60));
    terminal.stdin.write('\r');
    await terminal.until('nothing was typed');
    terminal.stdin.write('courses-prod\r');
    await terminal.until('pasted text does not count');
    terminal.interrupt('SIGHUP');
    expect(await result).toMatchObject({ decision: 'declined', why: 'ended by SIGHUP' });
  });

  it('takes Ctrl-C, a hang-up and the end of input for no, and restores the terminal', async () => {
    for (const leave of [
      (t: Headless) => t.stdin.write('\u0003'),
      (t: Headless) => t.interrupt('SIGTERM'),
      (t: Headless) => t.stdin.end(),
      (t: Headless) => t.stdin.write('q'),
    ]) {
      const terminal = openHeadless();
      const result = review(terminal);
      await terminal.until('CoursesDb');
      expect(terminal.alternate()).toBe(true);
      leave(terminal);
      expect(await result).toMatchObject({ decision: 'declined', confirmations: [] });
      await terminal.flushed();
      // Where input has ended there is nobody left to ask for raw keys.
      expect([terminal.alternate(), terminal.raw() && !terminal.stdin.destroyed]).toEqual([false, false]);
    }
  });

  it('keeps what was confirmed and typed over a resize and a stop', async () => {
    const terminal = openHeadless(80, 30);
    const result = review(terminal);
    await terminal.until('CoursesDb');
    terminal.stdin.write('c');
    await terminal.until(/^> ▏/mu);
    await terminal.type('courses-');
    terminal.resize(120, 40);
    await terminal.until(/^> courses-▏/mu);
    process.emit('SIGCONT');
    for (const [character, shown] of [
      ['p', 'courses-p'],
      ['r', 'courses-pr'],
      ['o', 'courses-pro'],
      ['d', 'courses-prod'],
    ] as const) {
      terminal.stdin.write(character);
      await terminal.until(`> ${shown}▏`);
    }
    terminal.stdin.write('\r');
    await terminal.until('1 to go');
    terminal.interrupt('SIGTERM');
    await result;
  });

  it('plans again when a step is rejected, and shows the time that it takes', async () => {
    const terminal = openHeadless(100, 30);
    let finish: (value: typeof plan) => void = () => undefined;
    const result = review(terminal, {
      replan: () =>
        new Promise<typeof plan>((done) => {
          finish = done;
        }),
    });
    await terminal.until('CoursesDb');
    terminal.stdin.write('\u001b[F');
    await terminal.until(/> +\+ create SiteBucket/u);
    terminal.stdin.write('r');
    await terminal.until('y rejects');
    terminal.stdin.write('y');
    await terminal.until('planning again without SiteBucket');
    finish(samplePlan([grantStep, kept, deleteDatabase], { digest: 'sha256:new' }));
    await terminal.until(/No longer in the plan[^]*create SiteBucket[^]*Digest now +sha256:new/u);
    terminal.stdin.write('\u0003');
    expect(await result).toMatchObject({
      decision: 'declined',
      rejected: ['SiteBucket'],
      plan: { digest: 'sha256:new' },
    });
  });

  it('shows hostile text on lines of its own, whatever the terminal makes of it', async () => {
    const hostile = '\u001b[2J\u001b]0;x\u0007\u202e👩‍💻👍🏽🇩🇪 漢字 e\u0301 '.repeat(8);
    const terminal = openHeadless(120, 24);
    const result = review(terminal, {
      plan: samplePlan(
        [{ ...deleteDatabase, identity: hostile, reason: hostile, destruction: { loses: [hostile] } }, createBucket],
        { intent: hostile },
      ),
    });
    await terminal.until('SiteBucket');
    await terminal.flushed();
    // The first and the last line are where they belong: no line in between took two.
    expect(terminal.lines()[0]).toMatch(/^shared-platform-move/u);
    expect(terminal.lines()[22]).toMatch(/c confirm/u);
    expect(terminal.lines()[23]).toBe('');
    terminal.stdin.write('q');
    expect((await result).decision).toBe('declined');
  });
});

describe('a line to type', () => {
  const ask = (terminal: Headless, rows: number) =>
    typeLine({
      ...terminal.options,
      question: [
        ...Array.from({ length: rows }, (_, index) => row(0, `capture ${index}`)),
        row(0, 'Type 12 and Enter'),
      ],
      wanted: '12',
    });

  it('takes exactly the text that is asked for, after the question was read', async () => {
    const terminal = openHeadless(60, 12);
    const said = ask(terminal, 30);
    await terminal.until('more lines');
    terminal.stdin.write('1');
    await terminal.until('read it to its end first');
    await pressUntil(terminal, ' ', /^> ▏/mu);
    await terminal.type('13');
    terminal.stdin.write('\r');
    await terminal.until('they differ at character 2');
    terminal.stdin.write('12');
    await terminal.until('two characters came at once');
    await new Promise((done) => setTimeout(done, 60));
    await terminal.type('12');
    terminal.stdin.write('\r');
    expect(await said).toBe(true);
    await terminal.flushed();
    expect(terminal.alternate()).toBe(false);
  });

  it('takes everything else for no', async () => {
    for (const leave of ['\u001b', '\u0003']) {
      const terminal = openHeadless();
      const said = ask(terminal, 3);
      await terminal.until(/^> ▏/mu);
      terminal.stdin.write(leave);
      expect(await said).toBe(false);
    }
  });
});
