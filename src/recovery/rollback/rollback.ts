import type { ChangePlan, ResourceEntry, RestoreOrder } from '../../domain/change-plan.ts';
import type { Configuration } from '../../domain/configuration.ts';
import { UserError } from '../../base/error.ts';
import type { Finding } from '../../domain/finding.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import type { Step } from '../../domain/plan.ts';
import { isMasked, type Json, type JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import { contextFor } from '../../plan/steps/preview-context.ts';
import { recordsOf } from '../../history/journal-reading.ts';
import { broughtBack, type Back } from './restored.ts';
import { bringersOf, formerlyOf } from './brought-along.ts';
import { earlierRollbacksOf, type Earlier } from '../../history/earlier-rollbacks.ts';
import { historiesOf, resolverOf, type History } from '../../history/step-history.ts';
import { invert } from '../../plan/diff/inverse.ts';
import { namings } from '../../plan/diff/relations.ts';
import { orderRollback, type Chosen } from './order.ts';
import { addedSince, expectMade, openTo, whyForeign, type Made } from './created.ts';
import {
  madeBy,
  readForRollback,
  unreadOf,
  wouldChange,
  type Found,
  type RollbackReaders,
} from '../../history/rollback-reading.ts';
import { stayFindings, staying, stillStaying } from './remaining.ts';
import { isMadeBy } from '../../history/made-by.ts';
import { isYoung, underWay } from '../../history/pending-answers.ts';
import { quote, wayOut } from '../../domain/wording.ts';
import type { Capture } from '../../domain/capture-plan.ts';

/** A rollback as a change plan that walks the same road as any other, with what is to be said about it. */
export interface RollbackDraft {
  readonly changePlan: ChangePlan;
  /** Errors are conflicts: the plan with them is blocked. Warnings: something that stays or cannot come back. */
  readonly findings: readonly Finding[];
  /** True when something that the run did cannot be undone; the rollback is incomplete even if all of it is done. */
  readonly incomplete: boolean;
  /** By address: what no undo brings back, in the sentences of the run's own plan. */
  readonly lost: Readonly<Record<string, readonly string[]>>;
}

/**
 * Makes the change plan that undoes a run, from its journal and from what is live: in reverse order, only for steps
 * that the run began. A journal's claim is trusted only where live identity, incarnation and tag agree (law 13); what
 * is neither as before nor as the run made it is a conflict. Throws UserError `journal-damaged`, `run-is-blank`.
 */
export async function rollbackChangePlan(
  records: readonly JournalRecord[],
  readers: RollbackReaders,
): Promise<RollbackDraft> {
  const begin = recordsOf(records, 'begin')[0];
  if (begin === undefined) throw new UserError('journal-damaged', 'the journal has no beginning');
  const histories = historiesOf(records);
  const earlier = earlierRollbacksOf(begin.run, readers.earlier);
  const maker = new DraftMaker(begin, histories, earlier, await readForRollback(histories, earlier, readers), readers);
  for (const history of histories.toReversed()) await maker.take(history);
  const { account, region } = begin.target;
  return {
    changePlan: {
      aiplan: 1,
      name: nameOf(begin.plan.name),
      intent: `Undo run ${begin.run} of "${begin.plan.name}".`,
      assume: [],
      target: { account, region },
      rollbackOf: begin.run,
      resources: orderRollback(
        maker.entries,
        maker.known,
        bringersOf(readers.types, histories),
        chosenOf(histories, readers),
      ),
    },
    findings: maker.findings,
    incomplete: maker.findings.some(({ severity }) => severity !== 'info'),
    lost: lostBy(maker.entries, histories),
  };
}

/** The losses that the person confirmed with the run, of what is restored or changed back now. */
function lostBy(
  entries: readonly ResourceEntry[],
  histories: readonly History[],
): Readonly<Record<string, readonly string[]>> {
  const acted = new Map(histories.filter((history) => history.acted).map(({ step }) => [step.id, step]));
  return Object.fromEntries(
    entries.flatMap(({ address, action, restore }) => {
      const step = acted.get(restore?.step ?? address);
      const isBack = restore !== undefined || (action === 'update' && step?.action === 'update');
      const loses = isBack ? (step?.recoverability.loses ?? []) : [];
      return loses.length === 0 ? [] : [[address, loses]];
    }),
  );
}

/** Of what the run had to do with, the identities that somebody chose; a reference may spell one as an ARN. */
function chosenOf(histories: readonly History[], { types, schemas }: RollbackReaders): Chosen {
  const identities = new Set(
    histories.flatMap(({ type, before }) => {
      const name = types.get(type)?.rules.nameProperty;
      return before !== null &&
        name !== undefined &&
        String(before.properties[name]).toLowerCase() === before.identity.toLowerCase()
        ? [before.identity]
        : [];
    }),
  );
  const referredTo = (type: string, properties: JsonObject): readonly string[] => {
    const schema = schemas(type);
    return schema === undefined
      ? []
      : namings(schema, properties).map(({ value }) =>
          value.slice(value.startsWith('arn:') ? value.lastIndexOf(':') + 1 : 0),
        );
  };
  return { identities, referredTo };
}

const nameOf = (name: string): string => `undo-${name}`.slice(0, 63).replace(/-+$/u, '');

type Begin = Extract<JournalRecord, { kind: 'begin' }>;

class DraftMaker {
  readonly entries: ResourceEntry[] = [];
  readonly findings: Finding[] = [];
  /** Former identities of what an earlier rollback restored → the ones of now. */
  readonly known = new Map<string, string>();
  readonly #begin: Begin;
  readonly #run: string;
  readonly #histories: readonly History[];
  readonly #earlier: Earlier;
  readonly #found: Found;
  readonly #readers: RollbackReaders;
  /** The resources that earlier rollbacks restored, by step. */
  readonly #backs = new Map<string, Back>();

  constructor(begin: Begin, histories: readonly History[], earlier: Earlier, found: Found, readers: RollbackReaders) {
    this.#begin = begin;
    this.#run = begin.run;
    this.#histories = histories;
    this.#earlier = earlier;
    this.#found = found;
    this.#readers = readers;
    const ops = new Set(histories.flatMap(({ step }) => earlier.triesOf(step.id).map(({ op }) => op)));
    for (const { type, before, step } of histories) {
      if (before === null || (step.action !== 'delete' && step.action !== 'replace')) continue;
      const back = broughtBack(
        type,
        before,
        earlier.triesOf(step.id),
        found,
        ops,
        readers.schemas(type)?.tagProperty !== null,
      );
      this.#backs.set(step.id, back);
      if (back.kind !== 'finished') continue;
      for (const [from, to] of Object.entries({ ...back.map, [before.identity]: back.live.identity }))
        if (from !== to) this.known.set(from, to);
    }
  }

  async take(history: History): Promise<void> {
    const failure = unreadOf(this.#found, history, this.#earlier.triesOf(history.step.id));
    if (failure !== undefined) {
      this.#say(
        'error',
        'rollback-unread',
        history,
        `what is live of ${failure.identity ?? history.type} could not be read: ${failure.code}, ${failure.message}`,
        'allow the read and try again',
      );
      return;
    }
    if (
      isYoung([history.doubtAt, ...this.#earlier.triesOf(history.step.id).map(({ doubtAt }) => doubtAt)], this.#readers)
    ) {
      this.#say(
        'error',
        'rollback-wait',
        history,
        'the answer of a call was lost a moment ago, and AWS may not show yet what became of it',
        `roll back again in a minute: aiplan rollback ${this.#run}`,
      );
      return;
    }
    switch (history.step.action) {
      case 'create':
        this.#removeMade(history, history.step.id);
        break;
      case 'update':
        this.#invertUpdate(history);
        break;
      case 'delete':
        await this.#bringBack(history);
        break;
      case 'replace':
        await this.#takeBackReplace(history);
        break;
      case 'keep':
        break;
      default:
        history.step.action satisfies never;
    }
  }

  /**
   * Says so where a change that the run began is still under way: until AWS has finished, the resource can be neither
   * changed nor deleted.
   */
  #isUnderWay(history: History, live: LiveResource): boolean {
    const what = underWay(history, live, this.#readers.types.get(history.type)?.rules);
    if (what === null) return false;
    this.#say(
      'error',
      'rollback-wait',
      history,
      `${what}: what the run began is still under way`,
      `wait until it has settled, then roll back again: aiplan rollback ${this.#run}`,
    );
    return true;
  }

  async #takeBackReplace(history: History): Promise<void> {
    const { id } = history.step;
    const others = this.entries.length;
    const said = this.findings.length;
    await this.#bringBack(history);
    const back = this.entries.splice(others);
    // The replacement stays where the replaced resource does not come back.
    const stays = back.length === 0 && this.findings.slice(said).some(({ severity }) => severity !== 'info');
    if (stays)
      this.#say(
        'warning',
        'rollback-needs',
        history,
        'its replacement stays, because what it replaced does not come back',
      );
    else
      this.#removeMade(history, freeAddress(`${id}Replacement`, this.#histories), back.length === 0 ? undefined : id);
    const gone = this.entries.splice(others);
    this.entries.push(...(history.deleteFirst ? [...gone, ...back] : [...back, ...gone]));
  }

  /**
   * Deletes a resource that the run created, if it is still that one; a replacement only together with the resource
   * that comes back (`onlyWith`).
   */
  #removeMade(history: History, address: string, onlyWith?: string): void {
    const { type, op, made: identity, after, makes } = history;
    const rules = this.#readers.types.get(type)?.rules;
    const say = (severity: Finding['severity'], code: string, message: string, help?: string): void =>
      this.#say(severity, code, { step: { id: address } }, message, help);
    const live = madeBy(this.#found, history);
    if (live === undefined) {
      if (history.acted)
        say('info', 'rollback-nothing-made', identity === null ? 'it was not created' : `${identity} is gone already`);
      return;
    }
    const claimed = after !== null && after.identity === live.identity ? after : null;
    const alike = identity === null ? [...this.#found.byOps(type, [op]), ...this.#found.byMakes(type, makes)] : [];
    const others = alike.filter((other) => other !== live);
    const isMade = claimed === null && isMadeBy(makes, live, rules);
    const foreign = whyForeign({ live, others, claimed, op, isMade });
    if (foreign !== null) {
      say('error', 'rollback-foreign', foreign.message, foreign.help);
      return;
    }
    if (this.#isUnderWay(history, live)) return;
    // An earlier rollback that began to delete it has quiesced it, so it is no longer exactly as the run made it.
    const begun = this.#earlier.beganToDelete(live);
    const made: Made = {
      type,
      op,
      live,
      claimed: begun ? null : claimed,
      given: makes.at(-1)?.properties ?? {},
      rules,
      tagProperty: this.#readers.schemas(type)?.tagProperty ?? null,
    };
    for (const { path, after: now } of addedSince(made)) {
      say(
        'error',
        'rollback-conflict',
        `${path} of ${live.identity} is ${quote(now)}, which it was not when the run had created it`,
        'somebody changed it since; leave it, or delete it by a change plan of its own',
      );
    }
    this.#add(history, {
      address,
      action: 'delete',
      id: live.identity,
      reason: `run ${this.#run} created it`,
      expect: expectMade(made),
      ...(onlyWith === undefined ? {} : { onlyWith }),
      ...openTo({ ...made, claimed }),
    });
  }

  /** Previous values come back, path by path. */
  #invertUpdate(history: History): void {
    const { type, before, step } = history;
    if (before === null) return;
    const live = this.#found.get(type, before.identity);
    if (live === undefined || live.incarnation !== before.incarnation) {
      this.#say(
        'error',
        'rollback-gone',
        history,
        live === undefined
          ? `${before.identity} does not exist any more`
          : `${before.identity} is another one than the run changed`,
        'nothing can be put back into it',
      );
      return;
    }
    this.#putBack(history, before, live, step.id);
  }

  #putBack(history: History, before: LiveResource, live: LiveResource, address: string): void {
    const rules = this.#readers.types.get(history.type)?.rules;
    if (rules === undefined) return;
    const by = this.#earlier.putBackBy(history.step.id);
    if (by !== null) {
      this.#say(
        'info',
        'rollback-put-back',
        history,
        `rollback ${by.run} put ${live.identity} back as it was, as far as that was possible`,
      );
      const again = {
        before,
        live,
        rules,
        changes: history.step.changes,
        after: by.after,
        capture: history.capture,
        resolve: resolverOf(this.#histories),
      };
      this.findings.push(...stayFindings(this.#run, history, this.#readers.types, stillStaying(again, by.run)));
      return;
    }
    if (!history.quiet && this.#isUnderWay(history, live)) return;
    const inverse = invert({
      before,
      live,
      rules,
      changes: history.step.changes,
      after: history.step.action === 'update' ? history.after : null,
      capture: history.capture,
      resolve: resolverOf(this.#histories),
    });
    for (const { path, before: former, live: now } of inverse.conflicts) {
      this.#say(
        'error',
        'rollback-conflict',
        history,
        `${path} of ${live.identity} is ${quote(now)}: neither ${quote(former)} as before the run nor what the run made it`,
        'somebody changed it since; set it by a change plan of its own',
      );
    }
    this.findings.push(...stayFindings(this.#run, history, this.#readers.types, staying(inverse, before, live, rules)));
    const halted = this.#isHalted(history, before, live);
    if (Object.keys(inverse.properties).length === 0 && !history.quiet && !halted) return;
    const irreversible = rules.destructive.some(
      (rule) => rule.irreversible === true && (rule.path.split('.')[0] ?? '') in inverse.properties,
    );
    this.#add(history, {
      address,
      action: 'update',
      id: live.identity,
      properties: inverse.properties,
      when: 'now',
      reason: `it was so before run ${this.#run}`,
      ...(Object.keys(inverse.expect).length === 0 ? {} : { expect: inverse.expect }),
      ...(irreversible ? { acceptLoss: `undoing run ${this.#run} loses what the run's change kept` } : {}),
      ...(history.quiet || halted
        ? {
            reopen: {
              run: this.#run,
              step: history.step.id,
              capture: history.capture as unknown as Json,
              live: before,
              ...(history.quiet ? {} : { last: true }),
            },
          }
        : {}),
    });
  }

  /**
   * An update, or its undo, was stopped while it kept the resource in another state for its own work, as a stopped
   * instance.
   */
  #isHalted({ done, acted, step, type }: History, before: LiveResource, live: LiveResource): boolean {
    if (
      step.action !== 'update' ||
      before.state === live.state ||
      this.#readers.types.get(type)?.capture?.unquiesce === undefined
    )
      return false;
    return (acted && !done) || this.#earlier.beganToPutBack(step.id);
  }

  /**
   * Restores what the run deleted from its capture, undoes the quiescing of what it did not delete, and completes a
   * half-finished restore.
   */
  async #bringBack(history: History): Promise<void> {
    const { type, before, step, capture } = history;
    const back = this.#backs.get(step.id);
    if (before === null || back === undefined) return;
    const live = this.#found.get(type, before.identity);
    const isThere = live !== undefined && live.incarnation === before.incarnation;
    // Only what is copied piece by piece is also deleted piece by piece; anything else AWS deletes as a whole.
    const isInPieces = isThere && history.removing && capture?.how === 'copy';
    if (back.kind === 'finished') await this.#keepBack(history, before, back);
    else if (isThere && !isInPieces) this.#putBack(history, before, live, step.id);
    else if (back.kind === 'begun') this.#restore(history, before, back.live);
    else if (isInPieces) this.#restore(history, before, live);
    else if (live !== undefined) {
      this.#say(
        'error',
        'rollback-name-taken',
        history,
        `the name ${before.identity} is held by another resource now`,
        `rename or remove that one first; aiplan never deletes to free a name. Or bring the data out under another: ${wayOut(this.#run, step.id, this.#readers.types.get(type))}`,
      );
    } else if (back.kind === 'unproven') {
      this.#say(
        'error',
        'rollback-unproven',
        history,
        `${back.live.identity} ${back.why}`,
        `if it is what came back, nothing is left to do for it; else take its tag "aiplan:restored-from" away, and ${before.identity} is brought back anew`,
      );
    } else {
      if (back.since !== null)
        this.#say(
          'info',
          'rollback-gone-again',
          history,
          `rollback ${back.since} brought it back, and it is gone again`,
        );
      if (back.claimant !== null)
        this.#say(
          'info',
          'rollback-claimed',
          history,
          `${back.claimant} says by its tag that it was restored from ${before.identity}, but no rollback in this store made it`,
          `a tag proves nothing: ${before.identity} is brought back beside it. Reject the step where that one is what came back`,
        );
      this.#restore(history, before, null, back.claimant);
    }
    for (const other of back.kind === 'begun' || back.kind === 'finished' ? back.others : []) {
      this.#say(
        'warning',
        'rollback-leftover',
        history,
        `${other.identity} was left by an earlier rollback and is used by none`,
        'look at it, and delete it by a change plan of its own',
      );
    }
  }

  /** Restores it from its capture, or continues with the part that is there. */
  #restore(history: History, before: LiveResource, there: LiveResource | null, claimant: string | null = null): void {
    const { type, step, capture } = history;
    if (capture === null) {
      this.#say(
        'warning',
        'rollback-impossible',
        history,
        `${before.identity} cannot come back: there is no verified capture of it`,
        `its configuration is in the journal of run ${this.#run}`,
      );
      return;
    }
    const rules = this.#readers.types.get(type)?.rules;
    const properties = Object.entries(before.properties).filter(
      ([name, value]) =>
        value !== undefined &&
        !isMasked(value) &&
        rules !== undefined &&
        Object.hasOwn(rules.properties, name) &&
        rules.properties[name]?.create !== false,
    );
    const tries = this.#earlier.triesOf(step.id).map(({ op }) => op);
    this.#add(history, {
      address: step.id,
      action: 'create',
      properties: Object.fromEntries(properties),
      reason: there === null ? `run ${this.#run} deleted it` : `run ${this.#run} deleted it, and a part of it is there`,
      restore: {
        ...this.#orderOf(history, before, capture),
        ...(there === null ? {} : { remains: { identity: there.identity, incarnation: there.incarnation } }),
        ...(tries.length === 0 ? {} : { tries }),
        ...(claimant === null ? {} : { claimant }),
      },
    });
  }

  #orderOf({ step }: History, before: LiveResource, capture: Capture): RestoreOrder {
    const formerly = formerlyOf(this.#readers.types, this.#histories, before);
    return {
      run: this.#run,
      step: step.id,
      formerIdentity: before.identity,
      formerIncarnation: before.incarnation,
      capture: capture as unknown as Json,
      live: before,
      ...(formerly === undefined ? {} : { formerly }),
      ...(this.known.size === 0 ? {} : { known: Object.fromEntries(this.known) }),
    };
  }

  /** It is back; only the re-pointing that comes after all restores may be missing. */
  async #keepBack(
    history: History,
    before: LiveResource,
    { live, by }: Extract<Back, { kind: 'finished' }>,
  ): Promise<void> {
    const { capture, step } = history;
    this.#say(
      'info',
      'rollback-restored',
      history,
      `rollback ${by} brought ${before.identity} back${live.identity === before.identity ? '' : ` as ${live.identity}`}`,
    );
    if (
      capture === null ||
      live.identity === before.identity ||
      !(await this.#namesFormer(history, before, capture, live.identity))
    )
      return;
    this.#add(history, {
      address: step.id,
      action: 'update',
      id: live.identity,
      properties: {},
      when: 'now',
      reason: `it was so before run ${this.#run} deleted it`,
      repoint: this.#orderOf(history, before, capture),
    });
  }

  /** Whether anything still names the former identity of what was restored. */
  async #namesFormer({ step, type }: History, live: LiveResource, capture: Capture, to: string): Promise<boolean> {
    const { session, types, now } = this.#readers;
    const repoint = types.get(type)?.repoint;
    if (repoint === undefined) return false;
    const { plan, target } = this.#begin;
    const context = contextFor({
      run: this.#run,
      planName: plan.name,
      target,
      configuration: plan.configuration as unknown as Pick<Configuration, 'capture'>,
      now,
      entry: { address: step.id, type, action: 'create', dependsOn: [], source: { line: 1, column: 1 }, positions: {} },
      live,
      desired: live.properties,
      changes: [],
      action: 'create',
      destruction: false,
      remap: (identity) => this.known.get(identity) ?? identity,
    });
    return wouldChange(repoint({ ...context, capture }, capture, to), session);
  }

  #add({ type }: History, entry: Omit<ResourceEntry, 'type' | 'dependsOn' | 'source' | 'positions'>): void {
    this.entries.push({ ...entry, type, dependsOn: [], source: { line: 1, column: 1 }, positions: {} });
  }

  #say(
    severity: Finding['severity'],
    code: string,
    { step }: { readonly step: Pick<Step, 'id'> },
    message: string,
    help?: string,
  ): void {
    this.findings.push({
      code,
      severity,
      step: step.id,
      message,
      line: null,
      column: null,
      ...(help === undefined ? {} : { help }),
    });
  }
}

/** An address that no step of the run has. */
function freeAddress(wanted: string, histories: readonly History[]): string {
  const taken = new Set(histories.map(({ step }) => step.id));
  let address = wanted;
  for (let number = 2; taken.has(address); number += 1) address = `${wanted}${number}`;
  return address;
}
