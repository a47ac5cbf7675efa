import type { Fault, SeenRequest } from '../../src/sandbox/proxy/faults.ts';
import { canRefuse } from '../../src/sandbox/proxy/faults.ts';
import type { Scenario } from './world.ts';

/**
 * A call that is told from the others by what it does: calls overlap, so that their order is not the same every time.
 */
export interface PointCall {
  readonly operation: string;
  /** The how-manieth of this operation, from 1. */ readonly nth: number;
}

type Kill = 'before' | 'after' | 'answered';
/** The process dies at a call of a scenario's run, and then a person goes on with the run or takes it back. */
export interface KillPoint {
  readonly kind: 'kill';
  readonly name: string;
  readonly fault: string;
  readonly scenario: Scenario;
  readonly when: Kill;
  readonly call: PointCall;
  readonly way: 'resume' | 'rollback';
}
/** A fault at the first call of a kind. */
export interface FaultPoint {
  readonly kind: 'fault';
  readonly name: string;
  readonly fault: string;
  readonly scenario: Scenario;
  readonly operation: string;
}
export type Point = KillPoint | FaultPoint;

/**
 * What is tried in one run: one point; or kill points that follow each other in it (kill.ts); or points of one fault
 * that a run survives, each struck once in the same run. Where a run of the last does not end as planned, or a point
 * was not struck, each of them is tried again by itself.
 */
export interface Batch {
  readonly points: readonly Point[];
}

const kills: Readonly<Record<Kill, string>> = {
  before: 'SIGKILL before the request',
  after: 'SIGKILL after it, before the answer',
  answered: 'SIGKILL after the answer',
};

interface Disturbance {
  readonly fault: Fault;
  /** At every call of the kind from the first on, not only once. */
  readonly lasts?: boolean;
  /** Runs are expected to survive it at reads, or at every call: then all kinds of calls are struck in one run. */
  readonly survived?: 'reads' | 'always';
  /** Not at every kind of call. */
  readonly at?: (service: string, operation: string, mutating: boolean) => boolean;
}

const changes = (_service: string, _operation: string, mutating: boolean): boolean => mutating;
const makes = (_service: string, operation: string): boolean => /^(?:Create(?!Tags)|Run|Copy)/u.test(operation);

/** Every fault beside death, by its name in the matrix. */
export const disturbances: Readonly<Record<string, Disturbance>> = {
  'connection dropped before': { fault: { kind: 'drop', when: 'before' }, survived: 'reads' },
  'answer lost': { fault: { kind: 'drop', when: 'after' }, survived: 'reads' },
  delayed: { fault: { kind: 'delay', milliseconds: 30 }, survived: 'always' },
  'duplicated, first answer': { fault: { kind: 'duplicate' }, survived: 'reads' },
  // A read is answered alike both times.
  'duplicated, second answer': { fault: { kind: 'duplicate', answer: 'second' }, at: changes },
  'answer truncated': { fault: { kind: 'truncate' }, survived: 'reads' },
  'answer garbled': { fault: { kind: 'garble' }, survived: 'reads' },
  throttled: { fault: { kind: 'throttle' }, survived: 'always' },
  'credentials expired': { fault: { kind: 'expired' }, lasts: true },
  'not found after it': { fault: { kind: 'missing', reads: 2 }, at: makes },
  'stale reads after it': { fault: { kind: 'stale', reads: 2 }, at: changes },
  'states that last': { fault: { kind: 'lasting', reads: 6 }, survived: 'always', at: changes },
  'refused: dependency': {
    fault: { kind: 'dependency' },
    lasts: true,
    at: (service, operation) => canRefuse('dependency', service, operation),
  },
  'refused: quota': {
    fault: { kind: 'quota' },
    lasts: true,
    at: (service, operation) => canRefuse('quota', service, operation),
  },
  'refused: capacity': {
    fault: { kind: 'capacity' },
    lasts: true,
    at: (service, operation) => canRefuse('capacity', service, operation),
  },
};

export const kindOf = ({ service, operation }: Pick<SeenRequest, 'service' | 'operation'>): string =>
  `${service}:${operation}`;

/** Every boundary of every call, followed by each way on. */
export const killPoints = (scenario: Scenario, calls: readonly PointCall[]): readonly KillPoint[] =>
  calls.flatMap((call) =>
    (['before', 'after', 'answered'] as const).flatMap((when) =>
      (['resume', 'rollback'] as const).map((way): KillPoint => ({
        kind: 'kill',
        name: `kill ${when} ${call.operation}#${call.nth} of ${scenario}, ${way}`,
        fault: kills[when],
        scenario,
        when,
        call,
        way,
      })),
    ),
  );

/** Every other fault at every kind of call at which it exists. */
export const faultPoints = (
  kinds: ReadonlyMap<string, { readonly scenario: Scenario; readonly mutating: boolean }>,
): readonly FaultPoint[] =>
  Object.entries(disturbances).flatMap(([fault, { at = () => true }]) =>
    [...kinds]
      .filter(([kind, { mutating }]) => at(kind.split(':')[0] ?? '', kind.split(':')[1] ?? '', mutating))
      .map(([operation, { scenario }]): FaultPoint => ({
        kind: 'fault',
        name: `${fault} at ${operation}`,
        fault,
        scenario,
        operation,
      })),
  );

/**
 * Puts the points together that one run may try. `sharing`: how many boundaries one run has. The process is killed at
 * the last of them, and the commit turns which that is. 0: AWS cannot be copied, and each point has a run of its own.
 */
export function batchesOf(
  points: readonly Point[],
  isMutating: (kind: string) => boolean,
  sharing: number,
  commit: string,
): readonly Batch[] {
  const turn = (Number.parseInt(commit.slice(0, 8), 16) || 0) % Math.max(1, sharing);
  const batches = new Map<string, Point[]>();
  const boundaries = new Map<string, number>();
  for (const point of points) {
    let key = point.name;
    if (point.kind === 'kill') {
      const boundary = `${point.when} ${point.call.operation}#${point.call.nth}`;
      const place = boundaries.get(boundary) ?? boundaries.size;
      boundaries.set(boundary, place);
      if (sharing > 1) key = `kills of ${point.scenario}, ${Math.floor((place + turn) / sharing)}`;
      else if (sharing === 1) key = `kill ${boundary}`;
    } else {
      const survived = disturbances[point.fault]?.survived;
      if (survived === 'always' || (survived === 'reads' && !isMutating(point.operation)))
        key = `${point.fault}, ${point.scenario}`;
    }
    batches.set(key, [...(batches.get(key) ?? []), point]);
  }
  return [...batches.values()].map((some) => ({ points: some }));
}

/** The mutating calls of a run as points, in their order: each operation numbered through. */
export function callsOf(requests: readonly SeenRequest[]): readonly PointCall[] {
  const counts = new Map<string, number>();
  return requests
    .filter(({ mutating }) => mutating)
    .map((request) => {
      const operation = kindOf(request);
      const nth = (counts.get(operation) ?? 0) + 1;
      counts.set(operation, nth);
      return { operation, nth };
    });
}
