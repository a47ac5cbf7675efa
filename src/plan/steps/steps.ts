import type { Call } from '../../domain/call.ts';
import type { Step, Summary } from '../../domain/plan.ts';
import type { Json } from '../../base/json.ts';
import { keyOf, type Draft, type Planning } from '../refresh/draft.ts';
import { boundState } from './state-fingerprint.ts';
import { sourcesOf } from './capture-source.ts';
import { nameIn, typedIdentity } from '../../domain/identity.ts';
import { operationsOf } from './preview.ts';
import { unpinnedClaims } from './unpinned-claims.ts';

/**
 * A step before the whole plan has decided. Both have their places already, so that a plan reads the same way in every
 * file.
 */
type UndecidedStep = Omit<Step, 'digest' | 'blocked'> & { readonly digest: undefined; readonly blocked: undefined };

/** The serialisable step of a draft, without what the whole plan decides. */
export function stepOf(
  planning: Planning,
  draft: Draft,
  calls: readonly Call[],
  dependsOn: readonly string[],
): UndecidedStep {
  const { entry, live } = draft;
  const covered = isCovered(planning, draft);
  const destruction = draft.action !== 'keep' && draft.isDestruction ? { loses: draft.loses } : null;
  const opens =
    draft.action === 'keep' ? draft.opens : [...unloggedOf(planning), ...unpinnedOf(planning, draft), ...draft.opens];
  const grant = opens.length > 0 ? { opens } : null;
  return {
    id: entry.address,
    type: entry.type,
    identity: draft.identity,
    digest: undefined,
    action: draft.action,
    declared: entry.action === 'read' ? 'update' : entry.action,
    changes: draft.changes,
    confirm: (destruction !== null || grant !== null) && !covered ? confirmText(draft) : null,
    destruction,
    grant,
    evidence: draft.evidence,
    capture: captureOf(draft),
    recoverability: draft.recoverability,
    calls: operationsOf(calls),
    dependsOn,
    source: entry.source,
    reason: entry.reason ?? null,
    acceptLoss: entry.acceptLoss ?? null,
    incarnation: live?.incarnation ?? null,
    ...stateOf(draft),
    interrupts: draft.interrupts,
    oneWay: draft.oneWay,
    when: entry.when ?? null,
    leftovers: draft.leftovers,
    ...(covered && planning.changePlan.rollbackOf !== undefined ? { coveredBy: planning.changePlan.rollbackOf } : {}),
    ...(entry.restore === undefined
      ? {}
      : { restores: { run: entry.restore.run, step: entry.restore.step, from: sourcesOf(entry.restore.capture) } }),
    blocked: undefined,
  };
}

/**
 * The grants of a rollback of a run that the audit log does not know: whoever wrote its journal or manifests decides
 * what comes back.
 */
const unloggedOf = ({ changePlan }: Planning): readonly string[] => {
  const { rollbackOf, bringsOut, withoutJournal } = changePlan;
  if (changePlan.unlogged !== true) return [];
  const who = withoutJournal === true ? 'the capture bucket says' : 'a journal and the capture bucket say';
  const run = rollbackOf ?? bringsOut?.run ?? '';
  return [`the audit log of this store does not know run ${run}: here is done what ${who}, whoever wrote it`];
};

/**
 * The claims of a journal that nothing in the capture bucket supports: a file that anybody may have written hands out
 * nothing by itself (law 13).
 */
const unpinnedOf = ({ changePlan }: Planning, { entry }: Draft): readonly string[] =>
  (changePlan.rollbackOf === undefined && changePlan.bringsOut === undefined) || changePlan.withoutJournal === true
    ? []
    : unpinnedClaims(entry);

/** The live state of the resource that the step changes or destroys; of a kept resource only its facts matter. */
const stateOf = ({ action, live, type }: Draft): Pick<Step, 'live'> =>
  live === null || type === undefined || action === 'keep' || action === 'create'
    ? {}
    : { live: boundState(live, type.rules) };

/**
 * The approval of a run covers its immediate undo: inverse calls that neither lose nor open anything; restores of what
 * the run pinned in the capture bucket before it took it away, with what they open; and the deletion of what the run
 * itself created, if it is unused and holds no data: by its tag, and by what lies in the capture bucket of the run's
 * end, which pins its journal (`made`, `pinned`). Nothing else: a journal is a file of the user's, and anybody may tag,
 * so that neither answers for a destruction or a grant (laws 3, 13 and 14).
 */
function isCovered(planning: Planning, draft: Draft): boolean {
  const { changePlan, schemas } = planning;
  if (
    changePlan.rollbackOf === undefined ||
    changePlan.withoutJournal === true ||
    changePlan.unlogged === true ||
    draft.action === 'keep'
  )
    return false;
  if (draft.recoverability.level === 'irreversible') return false;
  if (draft.action === 'create') return draft.entry.restore !== undefined && unpinnedClaims(draft.entry).length === 0;
  if (draft.action === 'update')
    return !draft.isDestruction && draft.opens.length === 0 && unpinnedClaims(draft.entry).length === 0;
  const { made, pinned } = draft.entry;
  if (draft.action !== 'delete' || draft.live === null || made === undefined || pinned !== true) return false;
  // Without a tag only an incarnation that the capture bucket knows tells it from another one of its identity.
  const isTagged = draft.live.systemTags['aiplan:op'] !== undefined;
  if (!isTagged && (made.incarnation === null || schemas(draft.entry.type)?.tagProperty !== null)) return false;
  if (made.incarnation !== null && made.incarnation !== draft.live.incarnation) return false;
  const { binding, observed } = draft.evidence;
  const { dependents } = binding;
  const used =
    dependents !== undefined &&
    !(Array.isArray(dependents) && dependents.every((user: Json) => isTakenBackToo(planning, user)));
  const counts = ['objects', 'bytes', 'rows'].map((name) => observed[name]).filter((count) => count !== undefined);
  const holdsData =
    draft.capturePlan?.how === 'config' ? false : counts.length === 0 || counts.some((count) => count !== 0);
  return !used && !holdsData;
}

/** A user that the same run made, and that the same undo deletes before: it is none by then. */
function isTakenBackToo({ byIdentity, entries }: Planning, user: Json): boolean {
  const name = nameIn(user);
  const entry = entries.get(name === undefined ? '' : (byIdentity.get(keyOf(name.type, name.identity)) ?? ''));
  return entry?.action === 'delete' && entry.made !== undefined && entry.pinned === true;
}

/** The text that the person types: the identity where it is a name, its last six characters where AWS made it up. */
function confirmText({ entry, type, identity, desired }: Draft): string {
  const named = type?.rules.nameProperty;
  if (identity !== null) return named !== undefined ? identity : typedIdentity(identity);
  const name = named === undefined ? undefined : desired[named];
  return typeof name === 'string' && name !== '' ? name : entry.address;
}

function captureOf({ action, capturePlan, entry, live }: Draft): Step['capture'] {
  if (action === 'keep' || (live === null && action !== 'create')) return { how: 'none', what: '' };
  if (entry.restore !== undefined) return { how: 'none', what: 'it is restored from its capture' };
  if (action === 'create') return { how: 'none', what: 'there is nothing yet' };
  if (capturePlan === null) return { how: 'config', what: 'its configuration, in the journal' };
  const moment = {
    ...(capturePlan.late ? ({ late: true } as const) : {}),
    ...(capturePlan.final === true ? ({ final: true } as const) : {}),
  };
  if (capturePlan.impossible !== undefined) {
    // The part that can be captured is captured; the card names the other part beside it.
    return capturePlan.how === 'none'
      ? { how: 'none', what: capturePlan.impossible }
      : { how: capturePlan.how, what: `${capturePlan.what}; but ${capturePlan.impossible}`, ...moment };
  }
  return { how: capturePlan.how, what: capturePlan.what, ...moment };
}

/** Counts of steps. */
export function summaryOf(steps: readonly Step[]): Summary {
  const count = (matches: (step: Step) => boolean): number => steps.filter(matches).length;
  return {
    create: count(({ action }) => action === 'create'),
    update: count(({ action }) => action === 'update'),
    replace: count(({ action }) => action === 'replace'),
    delete: count(({ action }) => action === 'delete'),
    keep: count(({ action }) => action === 'keep'),
    blocked: count(({ blocked }) => blocked),
    destructions: count(({ destruction }) => destruction !== null),
    grants: count(({ grant }) => grant !== null),
  };
}
