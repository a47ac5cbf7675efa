import { expect, it } from '@jest/globals';
import { captureBucketOf, captureNameOf, contextFor, opOf } from '../../src/plan/steps/preview-context.ts';
import { memoryTarget } from '../helpers/memory-world.ts';
import { changePlanOf, plainConfiguration } from '../helpers/planning-samples.ts';
import type { ResourceEntry } from '../../src/domain/change-plan.ts';

const entry = changePlanOf([{ address: 'CoursesDb', type: 'T', action: 'create', rotate: 'spring', when: 'now' }])
  .resources[0] as ResourceEntry;
const context = (rest: Partial<Parameters<typeof contextFor>[0]> = {}) =>
  contextFor({
    run: 'run-1',
    planName: 'p',
    target: memoryTarget,
    configuration: plainConfiguration,
    now: '2026-01-01T00:00:00.000Z',
    entry,
    live: null,
    desired: {},
    changes: [],
    action: 'create',
    destruction: false,
    ...rest,
  });

it('names operations and captures by run and step, within what AWS allows', () => {
  expect(opOf('run-1', 'A')).not.toBe(opOf('run-2', 'A'));
  expect(opOf('run-1', 'A')).not.toBe(opOf('run-1', 'B'));
  for (const address of ['A', 'Courses--Db', '-x-', '…', 'a'.repeat(200), 'Ünï']) {
    expect(opOf('run-1', address)).toMatch(/^[a-z0-9-]{1,40}$/u);
    expect(captureNameOf('run-1', address)).toMatch(/^[a-z](?:-?[a-z0-9])*$/u);
    expect(captureNameOf('run-1', address).length).toBeLessThanOrEqual(57);
  }
  expect(captureNameOf('run-1', 'A b')).not.toBe(captureNameOf('run-1', 'a-b'));
});

it('tags what it creates as its own, and a rotation', () => {
  expect(context().ownership).toEqual({
    'aiplan:plan': 'p',
    'aiplan:resource': 'CoursesDb',
    'aiplan:op': opOf('run-1', 'CoursesDb'),
    'aiplan:rotate': 'spring',
  });
  expect(context({ action: 'update' }).ownership).toEqual({ 'aiplan:rotate': 'spring' });
  expect(context({ action: 'delete' }).ownership).toEqual({});
  expect(
    context({
      entry: { ...entry, restore: { run: 'r', step: 's', formerIdentity: 'i', formerIncarnation: 'j', capture: null } },
    }).ownership,
  ).toEqual({ 'aiplan:op': expect.any(String) });
});

it('lets captures expire after the days of the configuration, later after a destruction', () => {
  expect(context().captureExpires).toBe('2026-01-15T00:00:00.000Z');
  expect(context({ destruction: true }).captureExpires).toBe('2026-04-01T00:00:00.000Z');
  expect(captureBucketOf(plainConfiguration, memoryTarget)).toBe('aiplan-captures-123456789012-eu-west-1');
  expect(context({ action: 'replace', deletedBefore: ['x'] })).toMatchObject({
    replacing: true,
    action: 'replace',
    when: 'now',
    deletedBefore: ['x'],
  });
});
