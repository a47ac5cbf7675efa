import type { JournalRecord } from '../domain/records/journal.ts';
import type { Makes } from '../domain/call.ts';
import { makesIn } from './made-by.ts';
import type { LiveResource } from '../domain/live.ts';
import type { Step } from '../domain/plan.ts';
import { opOf } from '../plan/steps/preview-context.ts';
import { inDoubt, recordsByStep, recordsOf } from './journal-reading.ts';

/**
 * How an earlier rollback tried to bring back what a step of the run took away. A claim, checked against what is live
 * (law 13).
 */
export interface Try {
  /** The rollback. */
  readonly run: string;
  /** Value of the `aiplan:op` tag on what it made. */
  readonly op: string;
  /** It was finished: the resource was read back. */
  readonly done: boolean;
  /** The resource as read back; null where it did not come so far. */
  readonly after: LiveResource | null;
  /** Former → new identities, where it came so far. */
  readonly map: Readonly<Record<string, string>>;
  /** Identity of what it made, where it came so far. */
  readonly made: string | null;
  /** What its calls said that they make, where no tag tells whose it is. */
  readonly makes: readonly Makes[];
  /** ISO time of the last record, where the answer of a call of the try was lost. */
  readonly doubtAt: string | null;
}

/** The deeds of earlier rollbacks of a run, as their journals tell. */
export interface Earlier {
  /** The tries to bring back what a step of the run took away, oldest first. */
  triesOf(step: string): readonly Try[];
  /**
   * The newest rollback that put back what a step of the run had changed, and the resource as it was then; null where
   * none did to the end.
   */
  putBackBy(step: string): { readonly run: string; readonly after: LiveResource | null } | null;
  /** A rollback began to put back what a step had changed, and did not come to its end. */
  beganToPutBack(step: string): boolean;
  /** A rollback quiesced exactly this resource to delete it, or began to. */
  beganToDelete(live: LiveResource): boolean;
  /** Identities that those rollbacks made. */
  identitiesOf(type: string): readonly string[];
  /** What the calls of those rollbacks said that they make. */
  makesOf(type: string): readonly Makes[];
}

interface Past {
  readonly run: string;
  readonly step: Step;
  readonly records: readonly JournalRecord[];
}

/** Reads the journals of earlier rollbacks of a run; other journals among them are passed over. Pure. */
export function earlierRollbacksOf(run: string, journals: readonly (readonly JournalRecord[])[]): Earlier {
  const pasts = journals.flatMap((records) => pastsOf(run, records));
  const tries = pasts.filter(({ step }) => step.restores?.run === run);
  return {
    triesOf: (step) => tries.filter((past) => past.step.restores?.step === step).map(tryOf),
    putBackBy(step) {
      const past = pasts.findLast((one) => one.step.id === step && one.step.action === 'update' && isDone(one));
      return past === undefined ? null : { run: past.run, after: afterOf(past) };
    },
    beganToPutBack: (step) =>
      pasts.some(
        (past) => past.step.id === step && past.step.action === 'update' && !isDone(past) && intentsOf(past).length > 0,
      ),
    beganToDelete: (live) =>
      pasts.some(
        (past) =>
          past.step.action === 'delete' &&
          past.step.type === live.type &&
          past.step.identity === live.identity &&
          recordsOf(past.records, 'before').some((record) => record.live?.incarnation === live.incarnation) &&
          intentsOf(past).some(({ purpose }) => purpose === 'quiesce' || purpose === 'change'),
      ),
    identitiesOf: (type) =>
      tries
        .filter(({ step }) => step.type === type)
        .flatMap(({ records }) => recordsOf(records, 'step').flatMap(({ identity }) => identity ?? [])),
    makesOf: (type) => tries.filter(({ step }) => step.type === type).flatMap(({ records }) => makesIn(records)),
  };
}

/** The steps that a rollback of the run began. */
function pastsOf(run: string, records: readonly JournalRecord[]): readonly Past[] {
  const begin = recordsOf(records, 'begin')[0];
  if (begin === undefined || begin.plan.rollbackOf !== run) return [];
  const byStep = recordsByStep(records);
  return begin.plan.steps.flatMap((step) => {
    const own = byStep.get(step.id);
    return own === undefined || recordsOf(own, 'step').length === 0 ? [] : [{ run: begin.run, step, records: own }];
  });
}

const intentsOf = ({ records }: Past) => [...recordsOf(records, 'intent'), ...recordsOf(records, 'intent-batch')];

const afterOf = ({ records }: Past): LiveResource | null =>
  recordsOf(records, 'step').findLast(({ after }) => after !== null)?.after ?? null;

const isDone = ({ records }: Past): boolean => recordsOf(records, 'step').some(({ state }) => state === 'done');

function tryOf(past: Past): Try {
  const { run, step, records } = past;
  return {
    run,
    op: opOf(run, step.id),
    done: isDone(past),
    after: afterOf(past),
    made: recordsOf(records, 'step').findLast(({ identity }) => identity !== null)?.identity ?? null,
    makes: makesIn(records),
    map: Object.assign({}, ...recordsOf(records, 'remapped').map(({ map }) => map)) as Record<string, string>,
    doubtAt: inDoubt(records) ? (records.at(-1)?.at ?? null) : null,
  };
}
