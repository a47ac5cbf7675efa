import { describe, expect, it } from '@jest/globals';
import { runFrame, scrollingOn } from '../../src/tui/run/run-frame.ts';
import { reduceRun } from '../../src/tui/run/run-state.ts';
import { plainText, row } from '../../src/views/base/rows.ts';
import { isUnsafe } from '../../src/base/sanitise.ts';
import { widthOfRow } from '../../src/views/base/text.ts';
import { failureRows, meaningOf } from '../../src/views/run/failure-rows.ts';
import type { JournalRecord } from '../../src/domain/records/journal.ts';
import { baseStep, samplePlan, sampleTime } from '../helpers/sample-plan.ts';
import {
  after,
  begun,
  choicesOf,
  failedReport,
  manySteps,
  phase,
  pressed,
  sent,
  stage,
  stepIs,
  waits,
} from '../helpers/sample-run.ts';
import type { RunState } from '../../src/tui/run/run-model.ts';

const now = sampleTime + 65_000;
const text = (state: RunState, columns = 80, rows = 24): string =>
  runFrame(state, { columns, rows }, now)
    .map((line) => plainText(line).trimEnd())
    .join('\n');
const plan = samplePlan();
const changing = after(plan, [
  phase('capture'),
  { kind: 'captured', step: 'CoursesDb', text: 'a snapshot' },
  phase('change'),
  stepIs('SiteBucket', 'started', 'create'),
  stepIs('SiteBucket', 'done', 'site'),
  stepIs('CoursesDb', 'started', 'delete courses-prod'),
  stage('CoursesDb', 'change'),
  waits('CoursesDb', 'snapshot courses-final: creating', 0.43),
]);

describe('the screen of a run', () => {
  it('shows phases, steps with state, time and percentage, what is waited for', () => {
    const shown = text(changing);
    expect(shown).toMatch(/^Applying shared-platform-move run 20260226-225000-abcd 1m 05s$/mu);
    expect(shown).toMatch(/^production 123456789012 eu-west-1; 1 of 3 done, 0 calls$/mu);
    expect(shown).toMatch(
      /✓ lock {2}✓ re-check {2}✓ capture 1\/1 {2}✓ verify 1\/1 {2}\S change 2\/3 {2}\S verify 1\/3/u,
    );
    expect(shown).toMatch(/✓ \+ SiteBucket +done +1s$/mu);
    expect(shown).toMatch(/> \S - CoursesDb courses-prod +deleting +43 % +59s$/mu);
    expect(shown).toMatch(/^ +snapshot courses-final: creating$/mu);
    expect(shown).toMatch(/· ~ WebGroup sg-0a1b2c3d +waiting$/mu);
    expect(shown).toMatch(/Ctrl-C stop$/u);
  });

  it('does not count a step as being changed while it is captured', () => {
    const before = after(plan, [
      phase('change'),
      stepIs('CoursesDb', 'started', 'delete courses-prod'),
      stage('CoursesDb', 'quiesce'),
      stage('CoursesDb', 'capture'),
    ]);
    expect(text(before)).toMatch(/change 0\/3/u);
    expect(text(after(plan, [stage('CoursesDb', 'change')], before))).toMatch(/change 1\/3/u);
  });

  it('shows the call in flight', () => {
    expect(text(after(plan, [sent('CoursesDb', 'rds:DeleteDBInstance', 'delete the database')], changing))).toMatch(
      /in flight: rds:DeleteDBInstance \(delete the database\)/u,
    );
  });

  it('turns the spinner with time and nothing else', () => {
    const at = (milliseconds: number): string =>
      runFrame(changing, { columns: 80, rows: 24 }, now + milliseconds)
        .map(plainText)
        .join('\n');
    expect(at(0)).not.toBe(at(120));
    expect(at(0)).toBe(at(1));
  });

  it('says what Ctrl-C does, whole, in a narrow terminal too', () => {
    const stopped = reduceRun(changing, { kind: 'interrupted', signal: 'SIGINT', times: 1 });
    for (const [columns, rows] of [
      [80, 24],
      [60, 16],
    ] as const)
      expect(text(stopped, columns, rows).replaceAll(/\s+/gu, ' ')).toContain('then the run stops. Press it again');
  });

  it('asks after a failure, with the words of AWS, what each letter does, and the steps a key away', () => {
    const asked = reduceRun(changing, { kind: 'ended', choices: choicesOf(), at: now });
    const shown = text(asked);
    expect(shown).toContain('AWS says InvalidDBInstanceState');
    expect(shown).toMatch(/r roll back now {2}k keep and resume later {2}l look at the journal {2}s steps/u);
    expect(text(reduceRun(changing, { kind: 'ended', choices: choicesOf({ back: null }), at: now }))).not.toContain(
      'roll back',
    );
    expect(text(pressed(asked, 's'))).toMatch(/■ - CoursesDb courses-prod +stopped/u);
  });

  it('shows the story of one step, newest at the bottom, and its beginning after going up', () => {
    const long = after(
      plan,
      Array.from({ length: 60 }, (_, index) => sent('CoursesDb', `rds:Call${index}`, 'purpose')),
      changing,
    );
    const opened = pressed(long, { kind: 'enter' });
    expect(text(opened)).toContain('rds:Call59');
    expect(text(opened)).not.toContain('rds:Call0:');
    expect(text(pressed(opened, { kind: 'home' }))).toContain('a snapshot');
  });

  it('scrolls to the end of a text that is wrapped, and back, line by line', () => {
    const rows = Array.from({ length: 40 }, (_, index) => row(0, `line ${index} ${'word '.repeat(40)}`));
    const reading = reduceRun(reduceRun(changing, { kind: 'ended', choices: choicesOf(), at: now }), {
      kind: 'journal',
      rows,
    });
    const size = { columns: 80, rows: 24 };
    const on = scrollingOn(reading, size);
    const press = (state: RunState, kind: 'end' | 'up' | 'home'): RunState =>
      reduceRun(state, { kind: 'key', key: { kind }, on });
    const ended = press(reading, 'end');
    // What happened last is what the person looks for.
    expect(text(reading)).toMatch(/\(end\) \d+ lines above, arrow up/u);
    expect(text(ended)).toMatch(/\(end\)/u);
    expect(text(press(ended, 'up'))).not.toMatch(/\(end\)/u);
    expect(text(press(ended, 'up'))).toMatch(/… 1 more lines/u);
    expect(text(press(press(ended, 'end'), 'home'))).toContain('line 0 word');
  });

  it('neutralises hostile text', () => {
    const hostile = samplePlan([
      { ...baseStep, id: 'Evil', identity: 'a\u001b[2Jb\u202e', action: 'delete', declared: 'delete' },
    ]);
    const shown = text(
      after(hostile, [
        stepIs('Evil', 'started'),
        waits('Evil', 'state \u001b]0;x\u0007'),
        sent('Evil', 'x:Y', '\u009b31m'),
      ]),
    );
    expect([...shown].filter((character) => character !== '\n' && isUnsafe(character))).toEqual([]);
    expect(shown).toContain('\\u{9b}');
  });
});

describe('a frame', () => {
  const many = samplePlan(manySteps(300));
  const states: Readonly<Record<string, RunState>> = {
    beginning: begun(plan),
    changing,
    many: after(many, [
      phase('change'),
      ...Array.from({ length: 120 }, (_, index) => stepIs(`Bucket${index}`, 'done')),
      stepIs('Bucket120', 'started'),
      stepIs('Bucket121', 'started'),
      waits('Bucket120', 'x'.repeat(500), 0.5),
    ]),
    nothing: begun(samplePlan([])),
    wide: after(samplePlan([{ ...baseStep, id: 'W', identity: '界'.repeat(300), action: 'update' }]), [
      stepIs('W', 'started'),
      waits('W', '界'.repeat(100)),
    ]),
    asked: reduceRun(changing, {
      kind: 'ended',
      choices: choicesOf({
        why: Array.from({ length: 80 }, (_, index) => row(2, `line ${index} ${'word '.repeat(30)}`)),
      }),
      at: now,
    }),
    journal: reduceRun(changing, {
      kind: 'journal',
      rows: Array.from({ length: 80 }, (_, index) => row(0, `${index} ${'x'.repeat(300)}`)),
    }),
    story: pressed(changing, { kind: 'enter' }),
    stopping: reduceRun(changing, { kind: 'interrupted', signal: 'SIGINT', times: 2 }),
  };
  it.each(Object.keys(states))('never exceeds the screen: %s', (name) => {
    for (const [columns, rows] of [
      [40, 12],
      [41, 13],
      [59, 16],
      [80, 24],
      [100, 30],
      [200, 50],
      [20, 5],
    ] as const) {
      const lines = runFrame(states[name] as RunState, { columns, rows }, now);
      expect(lines.length).toBeLessThanOrEqual(rows - 1);
      for (const line of lines) expect(widthOfRow(line)).toBeLessThanOrEqual(columns);
    }
  });

  it('with many steps follows what happens, and totals what is above and below', () => {
    const shown = text(states['many'] as RunState);
    expect(shown).toMatch(/… \d+ more above: \d+ done/u);
    expect(shown).toMatch(/> \S ~ Bucket120/u);
    expect(shown).toMatch(/… \d+ more below: .*\d+ waiting/u);
    const above = Number(/… (\d+) more above/u.exec(shown)?.[1]);
    const below = Number(/… (\d+) more below/u.exec(shown)?.[1]);
    expect(above + below + [...shown.matchAll(/~ Bucket\d+/gu)].length).toBe(300);
  });

  it.each([
    [40, 12],
    [80, 24],
    [200, 50],
  ])('holds the cursor at every place at %i×%i', (columns, rows) => {
    let state = states['many'] as RunState;
    state = pressed(state, { kind: 'home' });
    for (let at = 0; at < 300; at += 7) {
      expect(text(state, columns, rows)).toMatch(new RegExp(`> \\S ~ Bucket${state.cursor}\\b`, 'u'));
      state = pressed(state, 'j', 'j', 'j', 'j', 'j', 'j', 'j');
    }
  });

  it('holds at 40×12 the phase, the step under way, its percentage and the keys', () => {
    const shown = text(changing, 40, 12);
    expect(shown).toMatch(/change 2\/3/u);
    expect(shown).toMatch(/> \S - CoursesDb +deleting 43 %/u);
    expect(shown).toContain('Ctrl-C stop');
  });
});

describe('why a run failed', () => {
  const record = (entry: object, seq: number): JournalRecord =>
    ({ seq, prev: '', at: '2026-02-26T22:50:00Z', ...entry }) as JournalRecord;
  const intent = record(
    {
      kind: 'intent',
      step: 'CoursesDb',
      call: 3,
      purpose: 'change',
      declared: {
        service: 'rds',
        operation: 'DeleteDBInstance',
        input: {},
        identity: 'courses-prod',
        retry: 'named',
        purpose: 'delete',
      },
    },
    1,
  );
  const refusal = (code: string, executed: 'no' | 'unknown' = 'no'): JournalRecord =>
    record(
      {
        kind: 'outcome',
        step: 'CoursesDb',
        call: 3,
        ok: false,
        requestId: 'req-1',
        milliseconds: 5,
        code,
        message: 'Instance is not in state available',
        executed,
      },
      2,
    );
  const said = (records: readonly JournalRecord[]): string =>
    failureRows(failedReport(), records).map(plainText).join('\n');

  it('is told in the words of AWS and in ours, with the call and where everything stands', () => {
    const shown = said([intent, refusal('InvalidDBInstanceState')]);
    expect(shown).toMatch(/AWS says +InvalidDBInstanceState: Instance is not in state available/u);
    expect(shown).toMatch(/to +rds:DeleteDBInstance on courses-prod, request req-1/u);
    expect(shown).toMatch(/that means +the resource is in a state in which AWS does not take this call/u);
    expect(shown).toMatch(/Where it stands: 1 done, 1 failed, 3 changing calls sent; nothing more is started\./u);
    expect(shown).toMatch(/failed +CoursesDb courses-prod/u);
  });

  it('says so when an answer was lost', () => {
    expect(said([intent, refusal('ECONNRESET', 'unknown')])).toMatch(/settled by reading/u);
  });

  it('stands without AWS where the failure is not of AWS', () => {
    expect(said([])).toMatch(/what happened +"CoursesDb" failed/u);
    expect(said([])).not.toContain('AWS says');
  });

  it.each([
    ['UnauthorizedOperation', /permission/u],
    ['DependencyViolation', /still uses/u],
    ['InstanceQuotaExceeded', /quota/u],
    ['VpcLimitExceeded', /quota/u],
    ['InsufficientInstanceCapacity', /no capacity/u],
    ['ThrottlingException', /fewer calls/u],
    ['NoSuchBucket', /not there/u],
    ['DBSnapshotAlreadyExists', /exists already/u],
    ['IncorrectInstanceState', /state/u],
    ['InvalidParameterValue', /values/u],
    ['InternalError', /fault/u],
    ['ExpiredToken', /log in/u],
    ['ECONNRESET', /connection/u],
    ['SomethingNew', null],
  ] as const)('knows what %s means', (code, meaning) => {
    if (meaning === null) expect(meaningOf(code)).toBeNull();
    else expect(meaningOf(code)).toMatch(meaning);
  });
});
