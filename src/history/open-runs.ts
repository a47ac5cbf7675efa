import type { JournalRecord } from '../domain/records/journal.ts';
import type { OpenRun } from '../domain/records/open-run.ts';
import { endOf, recordsOf, reportOf } from './journal-reading.ts';
import { allHistoriesOf, type History } from './step-history.ts';

/** How a run that is not done stands, for a list. */
export type Unfinished =
  /** It was killed, or is still at work: it has no end. */
  | 'open'
  /** It has an end, and a step was begun and neither done nor failed, or nobody knows what became of a call. */
  | 'half'
  /** It has an end, and steps are left. */
  | 'left';

/** The state of an unfinished run; null for one that is done, abandoned, or never sent anything. Pure. */
export function unfinishedOf(records: readonly JournalRecord[]): Unfinished | null {
  if (recordsOf(records, 'begin').length === 0) return null;
  const end = endOf(records);
  const sent = records.some(({ kind }) => kind === 'intent' || kind === 'intent-batch');
  if (end === undefined) return 'open';
  if (end.outcome === 'done' || end.outcome === 'abandoned' || !sent) return null;
  const { steps } = reportOf(records);
  return steps.some(({ state }) => state === 'doubt' || state === 'open') ? 'half' : 'left';
}

/**
 * The resources that a run holds until somebody deals with it: those of a killed or half stopped run that has sent
 * anything. Null for a run that holds nothing; a run that failed cleanly is planned again. Pure.
 */
export function openRunOf(records: readonly JournalRecord[]): OpenRun | null {
  const begin = recordsOf(records, 'begin')[0];
  const unfinished = unfinishedOf(records);
  const sent = records.some(({ kind }) => kind === 'intent' || kind === 'intent-batch');
  if (begin === undefined || !sent || unfinished === null || unfinished === 'left') return null;
  const histories = allHistoriesOf(records).filter(
    ({ step, begun }) => step.action !== 'keep' && (unfinished === 'open' || begun),
  );
  const resources = new Map<string, { readonly type: string; readonly identity: string }>();
  for (const history of histories)
    for (const identity of identitiesOf(history))
      resources.set(`${history.type}\n${identity}`, { type: history.type, identity });
  return {
    run: begin.run,
    planName: begin.plan.name,
    resources: [...resources.values()],
    creates: histories
      .filter(({ step, done }) => (step.action === 'create' || step.action === 'replace') && !done)
      .map(({ type, step }) => ({ type, address: step.id })),
  };
}

const identitiesOf = ({ step, before, made, after, named }: History): readonly string[] =>
  [step.identity, before?.identity, made, after?.identity, ...named].filter((identity) => typeof identity === 'string');
