import type { AwsReader } from '../../domain/call.ts';
import { UserError } from '../../base/error.ts';
import type { JournalRecord, SettledStep, StepVerdict } from '../../domain/records/journal.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { OwnEffect } from '../../domain/own-effect.ts';
import type { Step } from '../../domain/plan.ts';
import type { Pace } from '../../domain/records/ports.ts';
import type { ResourceType, ResourceTypes } from '../../domain/resource-type.ts';
import type { Schemas } from '../../domain/schema.ts';
import type { Owned } from '../../run/drift/own-drift.ts';
import { effectsOf } from '../../run/drift/own-effects.ts';
import { paceOf } from '../../domain/records/poll-intervals.ts';
import { recordsByStep, recordsOf, settledBefore } from '../../history/journal-reading.ts';
import { earlierRollbacksOf } from '../../history/earlier-rollbacks.ts';
import { allHistoriesOf, resolverOf, type History } from '../../history/step-history.ts';
import { madeBy, readForRollback, unreadOf, type Found } from '../../history/rollback-reading.ts';
import { reachOf, type ChangeProgress } from '../../run/drift/change-progress.ts';
import { isMadeBy, makesText } from '../../history/made-by.ts';
import { answeredWords, doubtWords, notRemovedWords, othersWords } from './reconcile-sentences.ts';
import { driftText } from '../../run/drift/read-back.ts';
import { few, quote } from '../../domain/wording.ts';

/** Where one step of a stopped run stands, as its journal and AWS tell together. */
export interface StepStatus {
  readonly step: Step;
  readonly history: History;
  readonly verdict: StepVerdict;
  /** The journal has its end too: nothing at all is left to do. */
  readonly recorded: boolean;
  /** The evidence, one sentence each: what was sent, and what AWS shows. */
  readonly evidence: readonly string[];
  /** Why it cannot be resumed as it was confirmed, one sentence each. */
  readonly problems: readonly string[];
  /** The resource that the step acts upon, as it is now; null where it is not there, or the step makes one. */
  readonly live: LiveResource | null;
  /** AWS is taking it away. */
  readonly leaving: boolean;
  /** The resource that the step has made so far. */
  readonly made: LiveResource | null;
  readonly reach: ChangeProgress | null;
  /**
   * Milliseconds since 1970 from which on AWS must show what became of a lost call; null where nothing is to be waited
   * for.
   */
  readonly waitUntil: number | null;
}

export interface Reconciliation {
  readonly run: string;
  /** Number of the session that would follow, from 2 on. */
  readonly session: number;
  /** Steps that change something, in plan order. */
  readonly standings: readonly StepStatus[];
  /** The run's effects so far, as far as they are known. */
  readonly effects: readonly OwnEffect[];
}

export interface ReconcileReaders {
  readonly session: AwsReader;
  readonly types: ResourceTypes;
  readonly schemas: Schemas;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly pace?: Pace | undefined;
}

/**
 * Finds out by reading where each step of a run stands (law 8): everything that it touched, by identity, and what it
 * may have made, by its `aiplan:op` tag or name. Sends nothing. Throws UserError `journal-damaged` for a journal
 * without a beginning.
 */
export async function reconcile(records: readonly JournalRecord[], readers: ReconcileReaders): Promise<Reconciliation> {
  const begin = recordsOf(records, 'begin')[0];
  if (begin === undefined) throw new UserError('journal-damaged', 'the journal has no beginning');
  const all = allHistoriesOf(records);
  const histories = all.filter(({ step }) => step.action !== 'keep');
  const found = await readForRollback(histories, earlierRollbacksOf(begin.run, []), {
    session: readers.session,
    types: readers.types,
    schemas: readers.schemas,
    now: new Date(readers.now).toISOString(),
  });
  const effects = effectsOf(histories, found);
  const owned: Owned = { effects, types: readers.types, schemas: readers.schemas };
  const byStep = recordsByStep(records);
  const settled = settledBefore(records);
  const resolve = resolverOf(all);
  const standings = histories.map((history): StepStatus => {
    const judge = new Judge(history, { found, owned, readers, resolve });
    const own = byStep.get(history.step.id) ?? [];
    const judged = judge.judged();
    const answered = judged.verdict === 'done' && history.done ? null : answeredWords(own);
    return {
      ...judged,
      evidence: [
        ...(history.done ? [] : doubtWords(own, settled, history.op)),
        ...(answered === null ? [] : [answered]),
        ...judged.evidence,
      ],
    };
  });
  return { run: begin.run, session: recordsOf(records, 'resumed').length + 2, standings, effects };
}

/** As it stands in the journal. */
export const reconciledSteps = ({ standings }: Reconciliation): readonly SettledStep[] =>
  standings.map(({ step, verdict, evidence }) => ({ step: step.id, verdict, evidence }));

/**
 * The time (milliseconds since 1970) until which AWS may not show what became of some call; null where everything is
 * known.
 */
export function waitUntil({ standings }: Reconciliation): number | null {
  const times = standings.flatMap((standing) => standing.waitUntil ?? []);
  return times.length === 0 ? null : Math.max(...times);
}

/** That there is nothing of what a step makes, by what it would be known. */
const soughtText = ({ makes, op }: History): string =>
  makes.length > 0 ? `no ${makesText(makes)} as the run makes it` : `nothing with the tag aiplan:op=${op}`;

type Judged = Omit<StepStatus, 'evidence'> & { readonly evidence: readonly string[] };
interface Knowing {
  readonly found: Found;
  readonly owned: Owned;
  readonly readers: ReconcileReaders;
  readonly resolve: ReturnType<typeof resolverOf>;
}

class Judge {
  readonly #history: History;
  readonly #knowing: Knowing;
  readonly #type: ResourceType | undefined;

  constructor(history: History, knowing: Knowing) {
    this.#history = history;
    this.#knowing = knowing;
    this.#type = knowing.readers.types.get(history.type);
  }

  judged(): Judged {
    const { found } = this.#knowing;
    const { type, step } = this.#history;
    const failure = unreadOf(found, this.#history, []);
    if (this.#type === undefined || failure !== undefined) {
      return this.#as(
        'unknown',
        [
          `${type} could not be read: ${failure === undefined ? 'this version does not know it' : `${failure.code}, ${failure.message}`}`,
        ],
        { problems: ['what cannot be read cannot be settled'] },
      );
    }
    switch (step.action) {
      case 'create':
        return step.restores === undefined ? this.#made() : this.#restored();
      case 'update':
        return this.#updated(this.#type);
      case 'delete':
        return this.#gone(this.#type);
      case 'replace':
        return this.#replaced(this.#type);
      case 'keep':
        return this.#as('done', []);
      default:
        return step.action satisfies never;
    }
  }

  #as(verdict: StepVerdict, evidence: readonly string[], more: Partial<Judged> = {}): Judged {
    const { step, history, done } = { step: this.#history.step, history: this.#history, done: this.#history.done };
    return {
      step,
      history,
      verdict,
      recorded: done,
      evidence,
      problems: [],
      live: null,
      leaving: false,
      made: null,
      reach: null,
      waitUntil: null,
      ...more,
    };
  }

  /** Until then AWS may still show an effect of the lost call; null where that time is over. */
  #window(): number | null {
    const { doubtAt } = this.#history;
    const { now, pace } = this.#knowing.readers;
    const until = doubtAt === null ? null : Date.parse(doubtAt) + paceOf(pace).consistency;
    return until !== null && until > now ? until : null;
  }

  #waits(until: number, evidence: readonly string[], more: Partial<Judged> = {}): Judged {
    return this.#as('unknown', [...evidence, 'AWS may not show yet what became of it'], { ...more, waitUntil: until });
  }

  /** The resource that a create or replace of the run made, if it is proven to be that (law 13). */
  #ownMade(): { readonly live: LiveResource | null; readonly problem: string | null } {
    const { found } = this.#knowing;
    const { type, op, made, after, named, makes, before } = this.#history;
    const replaced = this.#history.step.action === 'replace' ? before?.identity : undefined;
    const candidates = [made, ...named].filter((identity) => identity !== null && identity !== replaced);
    const live =
      candidates.map((identity) => found.get(type, identity as string)).find((resource) => resource !== undefined) ??
      madeBy(found, this.#history) ??
      null;
    if (live === null) return { live, problem: null };
    const others = found.byOps(type, [op]).filter((other) => other !== live);
    if (others.length > 0)
      return {
        live,
        problem: `${few([live, ...others].map(({ identity }) => identity))} carry the tag aiplan:op=${op}: one of them is a copy`,
      };
    const alike = made === null ? found.byMakes(type, makes) : [];
    if (alike.length > 1)
      return {
        live,
        problem: `${few(alike.map(({ identity }) => identity))} are all like what the run makes: which one is its own cannot be told`,
      };
    const claimed = after !== null && after.identity === live.identity ? after : null;
    const tagged = live.systemTags['aiplan:op'];
    if (claimed !== null && claimed.incarnation !== live.incarnation)
      return { live, problem: `${live.identity} is not the one that the run made: another has taken its name since` };
    const isMade = claimed === null && isMadeBy(makes, live, this.#type?.rules);
    if (tagged !== op && !isMade && (claimed === null || claimed.systemTags['aiplan:op'] === op))
      return {
        live,
        problem:
          makes.length > 0
            ? `${live.identity} is not as the run makes it: it is somebody else's`
            : `${live.identity} does not carry the tag aiplan:op=${op} that the run gives to what it makes`,
      };
    return { live, problem: null };
  }

  #made(): Judged {
    const { begun, acted, done, made, makes, before } = this.#history;
    if (!begun) return this.#as('not-started', []);
    const own = this.#ownMade();
    if (own.live === null) {
      if (done || made !== null)
        return this.#as(done ? 'done' : 'partly', [`${made ?? 'what it made'} is not there any more`], {
          problems: [`${made ?? 'what it made'} was made by this run and is gone: somebody took it away`],
        });
      const until = acted ? this.#window() : null;
      const evidence = acted ? [`AWS has ${soughtText(this.#history)}`] : [];
      return until === null ? this.#as('not-done', evidence) : this.#waits(until, evidence);
    }
    if (own.problem !== null)
      return this.#as(done ? 'done' : 'unknown', [], { made: own.live, problems: [own.problem] });
    const evidence = [
      makes.length > 0
        ? `AWS has ${own.live.identity} (${own.live.state}), as the run makes it`
        : `AWS has ${own.live.identity} (${own.live.state}) with the tag aiplan:op=${own.live.systemTags['aiplan:op'] ?? ''}`,
    ];
    const reach = done ? null : this.#reach(null, own.live);
    const left = reach?.left ?? [];
    const verdict = done || left.length === 0 ? 'done' : 'partly';
    return this.#as(
      verdict,
      [...evidence, ...(left.length === 0 ? [] : [`still missing: ${few(left.map(({ path }) => path))}`])],
      { made: own.live, live: before === null ? null : this.#victim(), reach },
    );
  }

  /** Of a rollback: the next generated rollback decides what comes back; here it is only reported. */
  #restored(): Judged {
    const { begun, done, made, makes, op, type } = this.#history;
    const { found } = this.#knowing;
    const untagged =
      made === null ? found.byMakes(type, makes)[0] : makes.length > 0 ? found.get(type, made) : undefined;
    const live = found.byOp(type, op) ?? untagged ?? null;
    if (!begun) return this.#as('not-started', []);
    const evidence =
      live === null
        ? [`AWS has ${soughtText(this.#history)}`]
        : [
            `AWS has ${live.identity} (${live.state})${makes.length > 0 ? ', as the rollback makes it' : ` with the tag aiplan:op=${op}`}`,
          ];
    return this.#as(done ? 'done' : live === null ? 'not-done' : 'partly', evidence, { made: live });
  }

  #updated(type: ResourceType): Judged {
    const { before, begun, done, acted, doubtAt } = this.#history;
    if (before === null) return this.#as('not-started', []);
    const live = this.#victim();
    if (live === null || live.incarnation !== before.incarnation) {
      const problem =
        live === null
          ? `${before.identity} does not exist any more`
          : `${before.identity} is another one than the plan was made for`;
      return this.#as(done ? 'done' : begun ? 'unknown' : 'not-started', [], { problems: done ? [] : [problem] });
    }
    if (done) return this.#as('done', this.#changedSince(type, live), { live });
    const reach = this.#reach(before, live);
    const problems = reach.others.length === 0 ? [] : [othersWords(live.identity, reach.others)];
    if (!begun) return this.#as('not-started', [], { live, reach, problems });
    const halted = acted && live.state !== before.state;
    const evidence = [
      ...(reach.made.length === 0 ? [] : [`live as wanted: ${few(reach.made.map(({ path }) => path))}`]),
      ...(reach.left.length === 0 ? [] : [`still to do: ${few(reach.left.map(({ path }) => path))}`]),
      ...(halted ? [`${live.identity} is ${quote(live.state)}, and was ${quote(before.state)}`] : []),
    ];
    const until = doubtAt === null || reach.left.length === 0 ? null : this.#window();
    if (until !== null) return this.#waits(until, evidence, { live, reach, problems });
    const verdict =
      reach.left.length === 0 && !halted
        ? 'done'
        : reach.made.length === 0 && !acted
          ? 'not-done'
          : reach.made.length === 0 && !halted
            ? 'not-done'
            : 'partly';
    return this.#as(verdict, evidence, { live, reach, problems });
  }

  #gone(type: ResourceType): Judged {
    const { before, begun, done, removing, quiet, acted, capture } = this.#history;
    if (before === null) return this.#as('not-started', []);
    const { found } = this.#knowing;
    const live = this.#victim();
    const leaving = found.leaving(type.type, before.identity);
    if (done)
      return this.#as(
        'done',
        live !== null && live.incarnation !== before.incarnation
          ? [`the name ${before.identity} belongs to another one now`]
          : [],
      );
    if (live === null || live.incarnation !== before.incarnation) {
      const going = live === null && leaving?.incarnation === before.incarnation;
      const how = going
        ? `AWS is deleting ${before.identity} (${leaving.state})`
        : live === null
          ? `AWS has no ${before.identity} any more`
          : `the name ${before.identity} belongs to another one now`;
      if (!removing)
        return this.#as(begun ? 'not-done' : 'not-started', [how], {
          leaving: going,
          problems: [notRemovedWords(before.identity, this.#history.refusal)],
        });
      return this.#as(going ? 'partly' : 'done', [how], { leaving: going });
    }
    const reach = this.#reach(before, live);
    const problems = reach.others.length === 0 ? [] : [othersWords(live.identity, reach.others)];
    if (!begun) return this.#as('not-started', [], { live, reach, problems });
    const evidence = [
      `AWS has ${live.identity} (${live.state})`,
      ...(removing
        ? [
            capture?.how === 'copy'
              ? 'its removal had begun: what is left of it is removed by the verified capture'
              : 'its removal was sent and had no effect',
          ]
        : []),
      ...(quiet ? ['making it quiet for its capture had begun'] : []),
      ...(reach.made.length === 0 ? [] : [`live as wanted: ${few(reach.made.map(({ path }) => path))}`]),
    ];
    const until = removing && capture?.how !== 'copy' ? this.#window() : null;
    if (until !== null) return this.#waits(until, evidence, { live, reach, problems });
    return this.#as(quiet || acted || removing ? 'partly' : 'not-done', evidence, { live, reach, problems });
  }

  #replaced(type: ResourceType): Judged {
    const { before, begun, done } = this.#history;
    if (before === null) return this.#as('not-started', []);
    const old = this.#gone(type);
    if (!begun) return { ...old, verdict: 'not-started' };
    const fresh = this.#made();
    const problems = [...fresh.problems, ...(done ? [] : old.problems)];
    const until = [fresh.waitUntil, old.waitUntil].filter((time) => time !== null);
    const evidence = [...fresh.evidence, ...old.evidence];
    const more = { live: old.live, leaving: old.leaving, made: fresh.made, reach: old.reach, problems };
    if (done) return this.#as('done', fresh.evidence, more);
    if (until.length > 0) return this.#as('unknown', evidence, { ...more, waitUntil: Math.max(...until) });
    const both = [fresh.verdict, old.verdict];
    const verdict = both.includes('unknown')
      ? 'unknown'
      : both.every((one) => one === 'done')
        ? 'done'
        : both.every((one) => one === 'not-done' || one === 'not-started')
          ? 'not-done'
          : 'partly';
    return this.#as(verdict, evidence, more);
  }

  #victim(): LiveResource | null {
    const { type, before } = this.#history;
    return before === null ? null : (this.#knowing.found.get(type, before.identity) ?? null);
  }

  #reach(before: LiveResource | null, live: LiveResource): ChangeProgress {
    const { step, begun, acted, quiet } = this.#history;
    const { owned, resolve } = this.#knowing;
    // Before a step has begun nobody may have changed anything of it, not even to what it would make.
    const changes = !begun || (before !== null && step.action === 'replace') ? [] : step.changes;
    return reachOf({
      step: { ...step, changes },
      before,
      live,
      type: this.#type as ResourceType,
      resolve,
      owned,
      acted: acted || quiet,
    });
  }

  /** A step that is done is not done again; that somebody changed its result since is told. */
  #changedSince(type: ResourceType, live: LiveResource): readonly string[] {
    const { after, step } = this.#history;
    if (after === null) return [];
    const { others } = reachOf({
      step: { ...step, changes: [] },
      before: after,
      live,
      type,
      resolve: this.#knowing.resolve,
      owned: this.#knowing.owned,
      acted: true,
    });
    return others.length === 0 ? [] : [`changed since by somebody else: ${driftText(others)}`];
  }
}
