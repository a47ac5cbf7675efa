import { describe, expect, it } from '@jest/globals';
import { recoverabilityOfUpdate } from '../../src/plan/classify/recoverability.ts';
import type { Planning } from '../../src/plan/refresh/draft.ts';
import type { Classified } from '../../src/plan/classify/classify.ts';
import { plainConfiguration } from '../helpers/planning-samples.ts';
import { DATABASE } from '../helpers/memory-world.ts';
import type { CapturePlan } from '../../src/domain/capture-plan.ts';

const live = {
  type: DATABASE,
  identity: 'courses',
  incarnation: 'x',
  properties: {},
  attributes: {},
  systemTags: {},
  state: 'available',
  pending: {},
  binding: {},
  observed: {},
  detailed: true,
};
const classified = (oneWay: readonly string[]): Classified =>
  ({
    changes: [],
    loses: [],
    opens: [],
    irreversible: [],
    oneWay,
    interrupts: false,
    obstacles: [],
  }) as unknown as Classified;
const back = (how: CapturePlan['how'], oneWay: readonly string[]) => {
  const types = { get: () => ({ capture: { plan: (): CapturePlan => ({ how, what: 'x', late: false, loses: [] }) } }) };
  return recoverabilityOfUpdate(
    { types, configuration: plainConfiguration } as unknown as Planning,
    live,
    classified(oneWay),
    [],
  ).recoverability;
};

describe('the undo of an update', () => {
  it('is its inverse where there is one, whatever is captured', () => {
    expect(back('config', [])).toEqual({ level: 'reversible', loses: [] });
  });
  it('of what is one way is the snapshot, and is said to be none where only the configuration is captured', () => {
    expect(back('native', ['Size: storage never shrinks'])).toEqual({
      level: 'restorable',
      loses: ['Size: storage never shrinks', 'writes after the snapshot'],
    });
    expect(back('config', ['ObjectLockEnabled: cannot be switched off'])).toEqual({
      level: 'restorable',
      loses: [
        'ObjectLockEnabled: cannot be switched off',
        'what is one way stays as it becomes: the capture holds the configuration only',
      ],
    });
  });
});
