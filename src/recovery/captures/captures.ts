import { callName } from '../../domain/call.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Target } from '../../domain/live.ts';
import type { Plan, Step } from '../../domain/plan.ts';
import { planDigest } from '../../plan/steps/digests.ts';
import { endOf, recordsOf, takenOf } from '../../history/journal-reading.ts';
import { allHistoriesOf } from '../../history/step-history.ts';
import { holdsData, type Capture } from '../../domain/capture-plan.ts';

/** A capture of an earlier run, as its journal tells. */
export interface HeldCapture {
  readonly run: string;
  readonly step: string;
  readonly type: string;
  readonly identity: string;
  readonly takenAt: string;
  readonly expiresAt: string;
  readonly verified: boolean;
  readonly capture: Capture;
  /** Its references without a final snapshot of which the journal does not say that AWS took it. */
  readonly taken: JsonObject;
  /** Why it must stay whatever its age, or null: its run is open, or it is the newest of something gone. */
  readonly kept: string | null;
  /** It was begun and never read back: what there is of it, only AWS can tell. */
  readonly begun?: true;
}

/** How long captures live, in days. */
export interface Lifetimes {
  readonly expiryDays: number;
  readonly expiryDaysDestruction: number;
}

/**
 * Every capture that the journals know, newest first, without those that were removed or found to be none. `runs` are
 * the records of each run, in any order. A capture is kept whatever its age while its run is open and no rollback has
 * undone it to the end, and while it is the newest of a resource that a run deleted and no later run brought back (law
 * 5).
 */
export const heldCaptures = (
  runs: readonly (readonly JournalRecord[])[],
  lifetimes: Lifetimes,
): readonly HeldCapture[] => heldFrom(runs.map((records) => captureFacts(records, lifetimes)));

/**
 * The facts about captures in one journal: enough for the list of all of them, so that no journal has to stay in memory
 * for it.
 */
export interface CaptureFacts {
  readonly captures: readonly HeldCapture[];
  readonly over: readonly string[];
  readonly events: readonly GoneEvent[];
  /** Null for a journal without a beginning. */
  readonly run: {
    readonly run: string;
    readonly rollbackOf: string | null;
    readonly at: string;
    readonly isOpen: boolean;
    readonly isDone: boolean;
  } | null;
}

/** Pure. */
export const captureFacts = (records: readonly JournalRecord[], lifetimes: Lifetimes): CaptureFacts => ({
  captures: capturesOf(records, lifetimes),
  events: goneEvents(records),
  run: runFacts(records),
  over: recordsOf(records, 'finding').flatMap(({ code, capture }) =>
    capture !== undefined && (code === captureCodes.expired || code === captureCodes.absent) ? [nameOf(capture)] : [],
  ),
});

/** The same list out of what each journal told. Pure. */
export function heldFrom(facts: readonly CaptureFacts[]): readonly HeldCapture[] {
  const over = new Set(facts.flatMap((fact) => fact.over));
  const isTakenBack = takenBackIn(facts);
  const all = facts
    .flatMap((fact) => {
      const kept = fact.run?.isOpen === true && !isTakenBack(fact.run) ? 'its run is open' : null;
      return fact.captures.map((held) => ({ ...held, kept }));
    })
    .filter((held) => !over.has(nameOf(held)))
    .sort((a, b) => (a.takenAt < b.takenAt ? 1 : -1));
  const gone = goneIdentities(facts);
  const seen = new Set<string>();
  return all.map((held) => {
    const key = `${held.type}\n${held.identity}`;
    // A capture that was never read back restores nothing.
    const newest = held.verified && !seen.has(key);
    if (held.verified) seen.add(key);
    const kept = held.kept ?? (newest && gone.has(key) ? 'it is the newest capture of something that is gone' : null);
    return { ...held, kept };
  });
}

/** Whether a rollback that is done has undone a run, or has completed an earlier rollback of the same run. */
function takenBackIn(facts: readonly CaptureFacts[]): (run: NonNullable<CaptureFacts['run']>) => boolean {
  const done = facts.flatMap(({ run }) => (run !== null && run.rollbackOf !== null && run.isDone ? [run] : []));
  return ({ run, rollbackOf, at }) =>
    done.some((back) => back.rollbackOf === run || (back.rollbackOf === rollbackOf && back.at > at));
}

function runFacts(records: readonly JournalRecord[]): CaptureFacts['run'] {
  const begin = recordsOf(records, 'begin')[0];
  const end = endOf(records);
  return begin === undefined
    ? null
    : {
        run: begin.run,
        rollbackOf: begin.plan.rollbackOf,
        at: begin.at,
        isOpen: end === undefined,
        isDone: end?.outcome === 'done',
      };
}

/** Codes of the findings that end a capture: it was removed, or AWS has nothing of it. */
export const captureCodes = { expired: 'capture-expired', absent: 'capture-absent' } as const;

const nameOf = ({ run, step, takenAt }: Pick<HeldCapture, 'run' | 'step' | 'takenAt'>): string =>
  `${run}\n${step}\n${takenAt}`;

function capturesOf(
  records: readonly JournalRecord[],
  { expiryDays, expiryDaysDestruction }: Lifetimes,
): readonly HeldCapture[] {
  const begin = recordsOf(records, 'begin')[0];
  if (begin === undefined) return [];
  const expiryOf = (step: Step | undefined): string =>
    new Date(
      Date.parse(begin.at) + (step?.destruction === null ? expiryDays : expiryDaysDestruction) * 86_400_000,
    ).toISOString();
  const held = (record: {
    readonly step: string;
    readonly at: string;
  }): Omit<HeldCapture, 'verified' | 'capture' | 'taken'> => {
    const step = begin.plan.steps.find(({ id }) => id === record.step);
    return {
      run: begin.run,
      step: record.step,
      type: step?.type ?? 'unknown',
      identity: step?.identity ?? 'unknown',
      takenAt: record.at,
      expiresAt: expiryOf(step),
      kept: null,
    };
  };
  return [
    ...begunOnly(records).map((intent): HeldCapture => ({
      ...held(intent),
      verified: false,
      begun: true,
      ...begunCapture({
        begunBy: callName(intent.declared),
        ...plainTexts(intent.declared.input),
        ...plainTexts(intent.answer),
      }),
    })),
    ...recordsOf(records, 'captured')
      .filter(({ capture }) => holdsData(capture))
      .map((record): HeldCapture => ({
        ...held(record),
        verified: record.verified,
        capture: record.capture,
        taken: takenOf(record.capture.refs, records),
      })),
  ];
}

const begunCapture = (refs: JsonObject): Pick<HeldCapture, 'capture' | 'taken'> => ({
  capture: { how: 'native', refs, pointInTime: null, bytes: null, encrypted: null, extras: {} },
  taken: refs,
});

/**
 * Calls that make something for a capture of which the run never heard the end: it was killed, and whoever resumed it
 * took another one. The list names these too. When they have expired, aiplan looks for what AWS made of them and
 * removes it with the others.
 */
function begunOnly(
  records: readonly JournalRecord[],
): readonly (Extract<JournalRecord, { kind: 'intent' }> & { readonly answer: JsonObject })[] {
  return records.flatMap((intent, index) => {
    if (
      intent.kind !== 'intent' ||
      intent.purpose !== 'capture' ||
      (intent.declared.retry !== 'named' && intent.declared.retry !== 'token')
    )
      return [];
    const after = records.slice(index + 1);
    const session = after.slice(0, after.findIndex(({ kind }) => kind === 'resumed') >>> 0);
    const outcome = session.find((record) => record.kind === 'outcome' && record.call === intent.call);
    if (outcome?.kind === 'outcome' && !outcome.ok && outcome.executed === 'no') return [];
    if (session.some((record) => record.kind === 'captured' && record.step === intent.step)) return [];
    return [{ ...intent, answer: outcome?.kind === 'outcome' && outcome.ok ? outcome.answer : {} }];
  });
}

const plainTexts = (object: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => typeof value === 'string'));

/** That something went, or came back, and when. */
interface GoneEvent {
  readonly at: string;
  readonly type: string;
  readonly identity: string;
  readonly gone: boolean;
  readonly back: readonly string[];
}

function goneEvents(records: readonly JournalRecord[]): readonly GoneEvent[] {
  const begin = recordsOf(records, 'begin')[0];
  // A removal that was sent by a run which never came back to it (killed and abandoned) may have taken the resource.
  const half = allHistoriesOf(records)
    .filter(({ removing, done }) => removing && !done)
    .map(({ step, before }) => ({
      at: records.at(-1)?.at ?? '',
      type: step.type,
      identity: before?.identity ?? step.identity ?? '',
      gone: true,
      back: [] as string[],
    }));
  return [
    ...half,
    ...recordsOf(records, 'step')
      .filter(({ state }) => state === 'done')
      .map((record) => {
        const step = begin?.plan.steps.find(({ id }) => id === record.step);
        const restored = recordsOf(records, 'remapped')
          .filter((item) => item.step === record.step)
          .flatMap((item) => Object.keys(item.map));
        return {
          at: record.at,
          type: step?.type ?? '',
          identity: step?.identity ?? record.identity ?? '',
          gone: step?.action === 'delete' || step?.action === 'replace',
          back: [
            ...restored,
            ...(step !== undefined && step.action !== 'delete' && step.action !== 'replace' && record.identity !== null
              ? [record.identity]
              : []),
          ],
        };
      }),
  ];
}

/** Resources that a run deleted and no later run made, restored or changed. */
function goneIdentities(facts: readonly CaptureFacts[]): ReadonlySet<string> {
  const gone = new Set<string>();
  for (const event of facts.flatMap(({ events }) => events).sort((a, b) => (a.at < b.at ? -1 : 1))) {
    if (event.gone) gone.add(`${event.type}\n${event.identity}`);
    for (const identity of event.back) gone.delete(`${event.type}\n${identity}`);
  }
  return gone;
}

/**
 * The plan that removes expired captures, as the journal of that run holds it: one list, no step of its own. `now` is
 * an ISO time.
 */
export function expiryPlan(expired: readonly HeldCapture[], target: Target, now: string): Plan {
  const list = expired.map(({ run, step, type, identity, expiresAt }) => ({ run, step, type, identity, expiresAt }));
  const plan: Omit<Plan, 'digest'> = {
    format: 'aiplan/plan@1',
    name: 'captures-expire',
    intent: `Remove ${expired.length} expired captures.`,
    target,
    createdAt: now,
    expiresAt: new Date(Date.parse(now) + 3_600_000).toISOString(),
    changePlan: JSON.stringify(list),
    configuration: {},
    recorded: false,
    rollbackOf: null,
    assume: [],
    author: {},
    steps: [],
    findings: [],
    summary: { create: 0, update: 0, replace: 0, delete: 0, keep: 0, blocked: 0, destructions: 0, grants: 0 },
  };
  return { ...plan, digest: planDigest(plan) };
}
