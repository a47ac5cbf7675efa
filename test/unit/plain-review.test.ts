import { describe, expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { boundObservations } from '../../src/domain/bands.ts';
import { noKnowledge } from '../../src/domain/property-hints.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { plainReview } from '../../src/tui/review/plain-review.ts';
import { shownDigest } from '../../src/tui/review/review-view.ts';
import { deleteDatabase, grantStep, samplePlan, sampleTime } from '../helpers/sample-plan.ts';

/** A terminal as the process has it: what was written to it, whether keys come raw. */
function openTerminal() {
  let written = '';
  let raw = false;
  let stops = 0;
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (on: boolean) => {
      raw = on;
      return stdin;
    },
  });
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
  stdout.on('data', (chunk: Buffer) => {
    written += String(chunk);
  });
  let interrupt: (signal: string) => void = () => undefined;
  const terminal = {
    stdin,
    stdout,
    get written() {
      return written;
    },
    get raw() {
      return raw;
    },
    interrupt: (signal: string) => interrupt(signal),
    get stops() {
      return stops;
    },
    listeners: () => stdin.listenerCount('data') + stdin.listenerCount('end'),
    async until(what: string): Promise<void> {
      for (let tries = 0; tries < 1_000; tries += 1) {
        if (written.includes(what)) return;
        await new Promise((done) => {
          setImmediate(done);
        });
      }
      throw new Error(`never saw ${JSON.stringify(what)} in:\n${written}`);
    },
    /** One read for each character, as a person's keys come. */
    async type(text: string): Promise<void> {
      for (const character of text) {
        stdin.write(character);
        await new Promise((done) => {
          setImmediate(done);
        });
      }
    },
    review: (plan: Plan = samplePlan([deleteDatabase]), replan: Parameters<typeof plainReview>[0]['replan'] = null) =>
      plainReview({
        plan,
        purpose: 'apply',
        tier: 'T0',
        maxConfirmations: 20,
        knowledge: noKnowledge,
        now: () => sampleTime,
        replan,
        color: false,
        stdin: stdin as unknown as NodeJS.ReadStream,
        stdout: stdout as unknown as NodeJS.WriteStream,
        onInterrupt: (callback) => {
          interrupt = callback;
          return () => undefined;
        },
        stop: () => {
          stops += 1;
        },
      }),
  };
  return terminal;
}

describe('the plain review in a terminal', () => {
  it('takes what is typed key by key, echoes it, and gives the terminal back', async () => {
    const terminal = openTerminal();
    const plan = samplePlan([deleteDatabase]);
    const result = terminal.review(plan);
    await terminal.until('Enter.\nOr skip');
    expect(terminal.raw).toBe(true);
    await terminal.type('courses-prox\u007fd\r');
    await terminal.until('> courses-prox\b \bd\n');
    await terminal.until('This is going to happen');
    await terminal.type('shared-platform-move\r');
    await expect(result).resolves.toEqual({
      decision: 'approved',
      typedName: 'shared-platform-move',
      why: '',
      plan,
      rejected: [],
      confirmations: [
        {
          step: 'CoursesDb',
          stepDigest: 'sha256:db',
          typed: 'courses-prod',
          typedLoss: null,
          shown: shownDigest(deleteDatabase, plan, sampleTime),
          at: new Date(sampleTime).toISOString(),
          observed: boundObservations(deleteDatabase.evidence.observed),
        },
      ],
    });
    expect([terminal.raw, terminal.listeners()]).toEqual([false, 0]);
  });

  it('moves nothing about: no codes but the mark for pastes, no other screen, no box', async () => {
    const terminal = openTerminal();
    const result = terminal.review();
    await terminal.type('list\r');
    await terminal.until('1. to confirm');
    terminal.stdin.write('\u0003');
    await result;
    expect(terminal.written.replaceAll(/\u001b\[\?2004[hl]/gu, '')).not.toMatch(/[\u001b\u009b\r\b\u2500-\u259f]/u);
  });

  it('echoes by columns, so that a wide character is undone whole', async () => {
    const terminal = openTerminal();
    const result = terminal.review();
    await terminal.until('> ');
    await terminal.type('漢\u007f');
    await terminal.until('漢\b\b  \b\b');
    terminal.stdin.write('\u0003');
    await result;
  });

  it.each([
    ['in one read', 'courses-prod\r'],
    ['marked by the terminal', '\u001b[200~courses-prod\u001b[201~\r'],
    ['marked, in parts', '\u001b[200~cour'],
  ])('refuses a paste %s, and what comes right after it', async (_how, text) => {
    const terminal = openTerminal();
    const result = terminal.review();
    await terminal.until('> ');
    terminal.stdin.write(text);
    await terminal.until(text.startsWith('\u001b') ? 'pasted text does not count' : 'one by one');
    terminal.stdin.write('\u001b[201~');
    terminal.stdin.write('\r');
    terminal.stdin.write('\u0003');
    await expect(result).resolves.toMatchObject({
      decision: 'declined',
      confirmations: [],
      why: 'interrupted with Ctrl-C',
    });
    expect(terminal.written).not.toContain('CoursesDb confirmed');
  });

  it.each<[string, (terminal: ReturnType<typeof openTerminal>) => void, string]>([
    ['Ctrl-C', ({ stdin }) => stdin.write('\u0003'), 'interrupted with Ctrl-C'],
    ['Ctrl-D', ({ stdin }) => stdin.write('\u0004'), 'the input was ended (Ctrl-D)'],
    ['the end of input', ({ stdin }) => stdin.end(), 'the terminal was closed'],
    ['a terminal that breaks', ({ stdin }) => stdin.destroy(new Error('EIO')), 'the terminal was closed'],
    ['a request to end', ({ interrupt }) => interrupt('SIGTERM'), 'ended by SIGTERM'],
    [
      'quit',
      ({ stdin }) => {
        for (const key of ['q', 'u', 'i', 't', '\r']) setImmediate(() => stdin.write(key));
      },
      'left without approving',
    ],
  ])('takes %s for no', async (_what, leave, why) => {
    const terminal = openTerminal();
    const result = terminal.review();
    await terminal.until('> ');
    leave(terminal);
    await expect(result).resolves.toMatchObject({ decision: 'declined', confirmations: [], typedName: null, why });
    // There is no mode to give back where the line itself is gone.
    expect(terminal.stdin.destroyed || !terminal.raw).toBe(true);
  });

  it('plans again without a rejected step, once, and answers with the plan that was approved', async () => {
    const terminal = openTerminal();
    const less = samplePlan([deleteDatabase], { digest: `sha256:${'b'.repeat(64)}` });
    const asked: (readonly string[])[] = [];
    const result = terminal.review(samplePlan([deleteDatabase, grantStep]), async (rejected) => {
      asked.push(rejected);
      return less;
    });
    await terminal.until('> ');
    await terminal.type('reject WebGroup\r');
    await terminal.until('type yes and Enter');
    await terminal.type('yes\r');
    await terminal.until('WebGroup is left out');
    await terminal.type('courses-prod\r');
    await terminal.type('shared-platform-move\r');
    await expect(result).resolves.toMatchObject({
      decision: 'approved',
      plan: less,
      rejected: ['WebGroup'],
      confirmations: [{ step: 'CoursesDb' }],
    });
    expect(asked).toEqual([['WebGroup']]);
  });

  it('says in our words why planning again failed, and changes nothing', async () => {
    const terminal = openTerminal();
    const result = terminal.review(samplePlan([deleteDatabase]), () => Promise.reject(new Error('no way')));
    await terminal.type('reject\r');
    await terminal.type('yes\r');
    await terminal.until('Nothing was left out: planning again failed\n  no way');
    terminal.stdin.end();
    await expect(result).resolves.toMatchObject({ decision: 'declined', rejected: [] });
  });

  it('stops at Ctrl-Z with the terminal as it was, and continues what was typed; also where no shell stops it', async () => {
    const terminal = openTerminal();
    const result = terminal.review();
    await terminal.until('Enter.\nOr skip');
    const stopped = async (typed: string, times: number): Promise<void> => {
      await terminal.type(`${typed}\u001a`);
      await terminal.until('\u001b[?2004l\n');
      expect([terminal.raw, terminal.stops]).toEqual([false, times]);
    };
    await stopped('courses', 1);
    process.emit('SIGCONT');
    await terminal.until('\u001b[?2004h\n> courses');
    expect(terminal.raw).toBe(true);
    await stopped('-prod', 2);
    for (let tries = 0; !terminal.raw && tries < 400; tries += 1)
      await new Promise((done) => {
        setTimeout(done, 5);
      });
    await terminal.until('\u001b[?2004h\n> courses-prod');
    await terminal.type('\r');
    await terminal.until('This is going to happen');
    terminal.interrupt('SIGTERM');
    await expect(result).resolves.toMatchObject({ decision: 'declined', why: 'ended by SIGTERM' });
  });
});
