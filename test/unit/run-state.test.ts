import { describe, expect, it } from '@jest/globals';
import { openRun, reduceRun } from '../../src/tui/run/run-state.ts';
import { lampsOf } from '../../src/tui/run/run-phases.ts';
import { samplePlan, sampleTime } from '../helpers/sample-plan.ts';
import {
  after,
  answered,
  begun,
  choicesOf,
  manySteps,
  phase,
  pressed,
  sent,
  stage,
  stepIs,
  waits,
} from '../helpers/sample-run.ts';
import type { RunState } from '../../src/tui/run/run-model.ts';

const plan = samplePlan();
const lamps = (state: RunState): string =>
  lampsOf(state)
    .map(({ name, standing, count }) => `${name} ${standing}${count === '' ? '' : ` ${count}`}`)
    .join(', ');
const view = (state: RunState, id: string) => state.steps.find(({ step }) => step.id === id);

describe('the phases of a run', () => {
  it('are lock, re-check, capture, verify, change, verify, one after the other', () => {
    const opened = openRun(plan, sampleTime);
    expect(lamps(opened)).toBe(
      'lock now, re-check before, capture before 0/1, verify before 0/1, change before 0/3, verify before 0/3',
    );
    const run = begun(plan);
    expect(lamps(run)).toMatch(/^lock over, re-check now,/u);
    const preflight = after(plan, [phase('recheck'), phase('preflight')]);
    expect(lamps(preflight)).toMatch(/^lock over, re-check now, capture before/u);
    const capturing = after(plan, [phase('capture'), stage('CoursesDb', 'capture')]);
    expect(lamps(capturing)).toMatch(/re-check over, capture now 0\/1, verify now 0\/1, change before/u);
    const changing = after(plan, [
      phase('capture'),
      { kind: 'captured', step: 'CoursesDb', text: 'a snapshot' },
      phase('change'),
      stepIs('SiteBucket', 'started'),
    ]);
    expect(lamps(changing)).toMatch(/capture over 1\/1, verify over 1\/1, change now 1\/3, verify now 0\/3/u);
    const done = after(plan, [
      phase('change'),
      ...plan.steps.map(({ id }) => stepIs(id, 'done')),
      { kind: 'end', outcome: 'done', text: '' },
    ]);
    expect(lamps(done)).toMatch(/^lock over, re-check over, .*change over 3\/3, verify over 3\/3$/u);
  });

  it('continue captures among the changes, where a destruction is captured right before it happens', () => {
    const early = after(plan, [phase('capture'), phase('change'), stepIs('CoursesDb', 'started')]);
    expect(lamps(early)).toMatch(/capture now 0\/1, verify now 0\/1, change now/u);
    expect(lamps(after(plan, [{ kind: 'captured', step: 'CoursesDb', text: 'x' }], early))).toMatch(
      /capture over 1\/1, verify over 1\/1, change now/u,
    );
  });

  it('say where it failed, and that what comes after was left', () => {
    const state = after(plan, [phase('capture'), { kind: 'end', outcome: 'failed', text: '' }]);
    expect(lamps(state)).toMatch(/re-check over, capture failed 0\/1, verify failed 0\/1, change left/u);
  });

  it('stay where they are while something is undone', () => {
    const state = after(plan, [phase('change'), phase('undo')]);
    expect(lamps(state)).toMatch(/change now/u);
  });
});

describe('the steps of a run', () => {
  it('have no line for what stays as it is, and stand in the order of execution', () => {
    expect(openRun(plan, sampleTime).steps.map(({ step }) => step.id)).toEqual(['SiteBucket', 'WebGroup', 'CoursesDb']);
  });

  it('tell the call in flight, the wait and its percentage, and how long', () => {
    const flying = after(plan, [
      phase('change'),
      stepIs('CoursesDb', 'started'),
      stage('CoursesDb', 'capture'),
      sent('CoursesDb', 'rds:CreateDBSnapshot', 'take a snapshot'),
    ]);
    expect(view(flying, 'CoursesDb')).toMatchObject({
      state: 'working',
      stage: 'capture',
      call: { name: 'rds:CreateDBSnapshot', purpose: 'take a snapshot' },
      startedAt: sampleTime + 2_000,
    });
    const waiting = after(
      plan,
      [answered('CoursesDb', 'rds:CreateDBSnapshot'), waits('CoursesDb', 'snapshot x: creating', 0.43)],
      flying,
    );
    expect(view(waiting, 'CoursesDb')).toMatchObject({ call: null, waiting: 'snapshot x: creating', fraction: 0.43 });
    const done = after(plan, [stepIs('CoursesDb', 'done', 'courses-prod')], waiting);
    expect(view(done, 'CoursesDb')).toMatchObject({
      state: 'done',
      fraction: null,
      waiting: null,
      call: null,
      stage: null,
    });
    expect(done.counts).toMatchObject({ done: 1, failed: 0, calls: 1 });
  });

  it('wait again after a capture that was taken before the changes', () => {
    const state = after(plan, [
      phase('capture'),
      stage('CoursesDb', 'capture'),
      stage('CoursesDb', 'verify-capture'),
      { kind: 'captured', step: 'CoursesDb', text: 'a snapshot' },
    ]);
    expect(view(state, 'CoursesDb')).toMatchObject({ state: 'waiting', captured: true, startedAt: null });
    const late = after(plan, [
      phase('change'),
      stepIs('CoursesDb', 'started'),
      { kind: 'captured', step: 'CoursesDb', text: 'a snapshot' },
    ]);
    expect(view(late, 'CoursesDb')).toMatchObject({ state: 'working', captured: true });
  });

  it('keep one line for a wait that only goes on, and a new one for what is new', () => {
    const state = after(plan, [
      stepIs('CoursesDb', 'started', 'delete courses-prod'),
      waits('CoursesDb', 'snapshot x: 1 of 3'),
      waits('CoursesDb', 'snapshot x: 2 of 3'),
      waits('CoursesDb', 'courses-prod gone: deleting'),
    ]);
    expect(view(state, 'CoursesDb')?.lines.map(({ text }) => text)).toEqual([
      'delete courses-prod',
      'snapshot x: 2 of 3',
      'courses-prod gone: deleting',
    ]);
  });

  it('keep the percentage of the whole while a part of it says how far it is', () => {
    const state = after(plan, [
      stage('CoursesDb', 'capture'),
      waits('CoursesDb', 'copied 500 of 1000', 0.5),
      waits('CoursesDb', 'copy the objects: 3 of 500'),
    ]);
    expect(view(state, 'CoursesDb')).toMatchObject({ fraction: 0.5, waiting: 'copy the objects: 3 of 500' });
    expect(view(after(plan, [stage('CoursesDb', 'change')], state), 'CoursesDb')?.fraction).toBeNull();
  });

  it('forget the oldest lines of a long story', () => {
    const state = after(
      plan,
      Array.from({ length: 900 }, (_, index) => sent('CoursesDb', `s3:Call${index}`, 'x')),
    );
    const lines = view(state, 'CoursesDb')?.lines ?? [];
    expect(lines.length).toBeLessThanOrEqual(400);
    expect(lines.at(-1)?.text).toContain('Call899');
  });

  it('are stopped, not done, when the run ends under them', () => {
    const state = after(plan, [
      phase('change'),
      stepIs('CoursesDb', 'started'),
      { kind: 'end', outcome: 'stopped', text: '' },
    ]);
    expect(view(state, 'CoursesDb')).toMatchObject({ state: 'stopped', endedAt: sampleTime + 3_000 });
    expect(view(state, 'WebGroup')).toMatchObject({ state: 'waiting', endedAt: null });
  });

  it('survive events about steps that the plan does not have', () => {
    expect(
      after(plan, [stepIs('Nobody', 'started'), sent('Nobody', 'x:Y', 'z'), waits('Nobody', 'w')]).steps.every(
        ({ state }) => state === 'waiting',
      ),
    ).toBe(true);
  });
});

describe('the keys of a run', () => {
  const many = samplePlan(manySteps(50));
  it('follow what happens until a person moves, and again after f', () => {
    const following = after(many, [phase('change'), stepIs('Bucket7', 'started')]);
    expect(following.cursor).toBe(7);
    const moved = pressed(following, 'j', { kind: 'down' }, 'k');
    expect([moved.cursor, moved.following]).toEqual([8, false]);
    expect(after(many, [stepIs('Bucket20', 'started')], moved).cursor).toBe(8);
    const again = after(many, [stepIs('Bucket7', 'done'), stepIs('Bucket20', 'started')], pressed(moved, 'f'));
    expect(again.cursor).toBe(20);
  });

  it('never leave the list', () => {
    expect(pressed(begun(many), { kind: 'end' }, { kind: 'down' }, { kind: 'page-down' }).cursor).toBe(49);
    expect(pressed(begun(many), { kind: 'home' }, { kind: 'up' }, { kind: 'page-up' }).cursor).toBe(0);
  });

  it('show the lines of a step with enter, and the list with escape', () => {
    const opened = pressed(begun(many), { kind: 'enter' });
    expect(opened.view).toBe('step');
    expect(pressed(opened, { kind: 'escape' }).view).toBe('steps');
    expect(pressed(opened, 'q').view).toBe('steps');
  });

  it('do not leave a run partly done', () => {
    const state = pressed(begun(many), 'q', { kind: 'escape' }, 'x', { kind: 'paste' });
    expect([state.view, state.chosen, state.outcome]).toEqual(['steps', null, null]);
  });
});

describe('Ctrl-C', () => {
  it('explains itself the first time, and again the second', () => {
    const once = reduceRun(begun(plan), { kind: 'interrupted', signal: 'SIGINT', times: 1 });
    expect(once.message).toMatch(/the call in flight is finished.*then the run stops.*Press it again/u);
    const twice = reduceRun(once, { kind: 'interrupted', signal: 'SIGINT', times: 2 });
    expect(twice.message).toMatch(/as soon as the call in flight is in the journal/u);
    expect(twice.interrupts).toBe(2);
  });

  it('does not offer a second time to a terminal that is gone', () => {
    expect(reduceRun(begun(plan), { kind: 'interrupted', signal: 'the terminal was closed', times: 1 }).message).toBe(
      'the terminal was closed: the call in flight is finished, then the run stops',
    );
  });
});

describe('the question after a failure', () => {
  const asked = reduceRun(after(plan, [phase('change'), stepIs('CoursesDb', 'failed', 'refused')]), {
    kind: 'ended',
    choices: choicesOf(),
    at: sampleTime + 60_000,
  });
  it('takes a letter, and nothing by default', () => {
    expect(asked.view).toBe('choice');
    for (const key of [{ kind: 'enter' }, { kind: 'escape' }, { kind: 'paste' }, { kind: 'tab' }] as const)
      expect(pressed(asked, key).chosen).toBeNull();
    for (const key of ['y', ' ', 'R', 'x']) expect(pressed(asked, key).chosen).toBeNull();
    expect(pressed(asked, 'r').chosen).toBe('rollback');
    expect(pressed(asked, 'k').chosen).toBe('keep');
    expect(pressed(asked, 'l').chosen).toBe('journal');
  });

  it('takes no letter that came together with others', () => {
    expect(pressed(asked, { kind: 'character', character: 'r', together: true }).chosen).toBeNull();
  });

  it('has no undo where nothing was changed', () => {
    const nothing = reduceRun(begun(plan), { kind: 'ended', choices: choicesOf({ back: null }), at: sampleTime });
    expect(pressed(nothing, 'r').chosen).toBeNull();
  });

  it('is come back to from the journal and from the steps', () => {
    const reading = reduceRun(pressed(asked, 'l'), { kind: 'journal', rows: [] });
    expect([reading.view, reading.chosen]).toEqual(['journal', null]);
    expect(pressed(reading, { kind: 'escape' }).view).toBe('choice');
    const steps = pressed(asked, 's');
    expect(steps.view).toBe('steps');
    expect(pressed(steps, { kind: 'enter' }, { kind: 'escape' }, { kind: 'escape' }).view).toBe('choice');
  });
});
