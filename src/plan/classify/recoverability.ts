import type { LiveResource } from '../../domain/live.ts';
import type { Recoverability } from '../../domain/plan.ts';
import type { Classified } from './classify.ts';
import type { Planning } from '../refresh/draft.ts';
import { shortType } from '../../domain/wording.ts';
import type { AttributeChange } from '../../domain/attribute-change.ts';
import type { CapturePlan } from '../../domain/capture-plan.ts';

/** The capture that will be taken before a step, and the step's recoverability (DESIGN section 7). */
export interface WayBack {
  readonly capturePlan: CapturePlan | null;
  readonly recoverability: Recoverability;
  /** Set where nothing brings back what the step takes: a destruction, whatever else it is. */
  readonly irreversible: boolean;
}

/** An update: put the previous values back where an inverse call can, else restore, else nothing. */
export function recoverabilityOfUpdate(
  planning: Planning,
  live: LiveResource,
  classified: Classified,
  rotated: readonly string[],
): WayBack {
  const capturePlan = capturePlanOf(planning, live, 'update', classified.changes);
  const impossible = capturePlan?.impossible;
  if (impossible !== undefined || classified.irreversible.length > 0) {
    return {
      capturePlan,
      irreversible: true,
      recoverability: {
        level: 'irreversible',
        loses: unique([...classified.irreversible, ...(impossible === undefined ? [] : [impossible])]),
      },
    };
  }
  const oneWay = [...classified.oneWay, ...rotated.map((name) => `the former ${name}, which cannot be read`)];
  // Inverse calls come first; a restore from the capture only covers what they cannot undo.
  if (oneWay.length === 0)
    return { capturePlan, irreversible: false, recoverability: { level: 'reversible', loses: [] } };
  const data = capturePlan?.how === 'native' || capturePlan?.how === 'copy';
  return {
    capturePlan,
    irreversible: false,
    recoverability: {
      level: 'restorable',
      loses: unique([
        ...oneWay,
        ...(data
          ? ['writes after the snapshot', ...capturePlan.loses]
          : ['what is one way stays as it becomes: the capture holds the configuration only']),
      ]),
    },
  };
}

/** A delete or replace: restore from the capture, or nothing. */
export function recoverabilityOfDestruction(
  planning: Planning,
  live: LiveResource,
  action: 'replace' | 'delete',
  changes: readonly AttributeChange[],
  irreversibleChanges: readonly string[],
): WayBack {
  const capturePlan = capturePlanOf(planning, live, action, changes);
  const reason =
    capturePlan === null
      ? `aiplan has no way to capture ${shortType(live.type)}`
      : (capturePlan.impossible ?? (capturePlan.how === 'none' ? 'nothing can be captured' : undefined));
  if (reason !== undefined)
    return {
      capturePlan,
      irreversible: true,
      recoverability: {
        level: 'irreversible',
        loses: unique([reason, ...irreversibleChanges, ...(capturePlan?.loses ?? [])]),
      },
    };
  const told = capturePlan?.loses ?? [];
  const loses = [
    ...(capturePlan?.newIdentity === true && !told.some((text) => text.includes(live.identity))
      ? [`the identity ${live.identity}`]
      : []),
    ...told,
  ];
  if (irreversibleChanges.length > 0)
    return {
      capturePlan,
      irreversible: true,
      recoverability: { level: 'irreversible', loses: unique([...irreversibleChanges, ...loses]) },
    };
  return { capturePlan, irreversible: false, recoverability: { level: 'restorable', loses: unique(loses) } };
}

function capturePlanOf(
  { types, configuration }: Planning,
  live: LiveResource,
  action: 'update' | 'replace' | 'delete',
  changes: readonly AttributeChange[],
): CapturePlan | null {
  const operations = types.get(live.type)?.capture;
  if (operations === undefined) return null;
  try {
    return operations.plan(live, action, changes, {
      maxObjects: configuration.capture.maxObjects,
      maxBytes: configuration.capture.maxBytes,
    });
  } catch (error) {
    // A change that cannot be judged is not safe (law 9).
    return {
      how: 'none',
      what: 'nothing',
      late: false,
      loses: [],
      impossible: `the capture could not be planned (${error instanceof Error ? error.message : String(error)})`,
    };
  }
}

const unique = (texts: readonly string[]): readonly string[] => [...new Set(texts)];
