import type { CommandContext } from '../context/command-context.ts';
import type { BringsOut, ChangePlan } from '../../domain/change-plan.ts';
import type { Source } from './source.ts';
import { recordsInAws } from './from-aws.ts';
import { refuseElsewhere } from './elsewhere.ts';
import { historiesOf, type History } from '../../history/step-history.ts';
import { type Json, type JsonObject, isMasked } from '../../base/json.ts';
import { canonical } from '../../base/digest.ts';
import { isLogged, unloggedFinding } from './logged-run.ts';
import { manifestsOf } from './manifests.ts';
import { pinnedRollback } from './pinned-rollback.ts';
import { unprovenRestores } from './proven-restores.ts';
import type { Finding } from '../../domain/finding.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import { UserError } from '../../base/error.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { Capture } from '../../domain/capture-plan.ts';
import type { CaptureOperations, ResourceType } from '../../domain/resource-type.ts';

/**
 * The generated change plan that brings a capture out, made from the journal of its run, or from the capture bucket.
 * Throws UserError.
 */
export async function bringingOut(context: CommandContext, brings: BringsOut): Promise<Source> {
  const { run, step: id, as, instead, fromAws } = brings;
  const target = await context.target();
  const { records, flags, said } = fromAws ? await recordsInAws(context, run) : await recordsInStore(context, run);
  refuseElsewhere(run, records, target);
  const history = historiesOf(records).find(({ step }) => step.id === id);
  if (history === undefined || history.before === null || history.capture === null)
    throw noCapture(run, id, history, records);
  const { before, capture, type } = history;
  const operations = context.types.get(type)?.capture;
  refuseUnfit(operations, `${run}/${id}`, before, brings, capture);
  const properties = propertiesFor(context.types.get(type), before.properties, instead);
  const changePlan: ChangePlan = {
    aiplan: 1,
    name: `restore-${id.toLowerCase().replaceAll(/[^a-z0-9]+/gu, '-')}`.slice(0, 63).replace(/-+$/u, ''),
    assume: [],
    intent: `Bring out what run ${run} captured of ${before.identity}${as === null ? '' : ` as ${as}`}.`,
    target: { account: target.account, region: target.region },
    bringsOut: brings,
    ...flags,
    resources: [
      {
        address: id,
        type,
        action: 'create',
        properties,
        reason: `the data that run ${run} captured of ${before.identity} is needed again`,
        dependsOn: [],
        source: { line: 1, column: 1 },
        positions: {},
        restore: {
          run,
          step: id,
          formerIdentity: before.identity,
          formerIncarnation: before.incarnation,
          capture: capture as unknown as Json,
          live: before,
          apart: { as, instead },
        },
      },
    ],
  };
  const manifests = await manifestsOf(context, { run });
  const { changePlan: pinned, said: around } = fromAws
    ? { changePlan, said: [] }
    : await pinnedRollback(context, changePlan, records, [], async () => manifests);
  return {
    changePlan: pinned,
    text: canonical(pinned),
    file: `capture of ${before.identity}`,
    findings: [...said, ...around, ...(await unprovenRestores(context, pinned, async () => manifests))],
    incomplete: [],
  };
}

/** Said before anything is planned. Throws UserError `not-brought-out`, `bad-name`. */
function refuseUnfit(
  operations: CaptureOperations | undefined,
  name: string,
  before: LiveResource,
  { as, instead }: BringsOut,
  capture: Capture,
): void {
  const cannot = operations?.notBroughtOut?.(capture) ?? null;
  if (cannot !== null)
    throw new UserError(
      'not-brought-out',
      `nothing can be made of the capture ${name} of ${before.identity}: ${cannot.why}`,
      {
        help: cannot.instead,
      },
    );
  const out = operations?.apart?.(before, as, instead);
  if (out !== undefined && 'blocked' in out)
    throw new UserError('bad-name', `${name} of ${before.identity} is not brought out so: ${out.blocked}`, {
      help:
        as === null
          ? `aiplan captures restore ${name} --as NAME`
          : `aiplan captures restore ${name}, with another name or none`,
    });
}

/** A run as the store tells of it. */
async function recordsInStore(
  context: CommandContext,
  run: string,
): Promise<{
  readonly records: readonly JournalRecord[];
  readonly flags: Pick<ChangePlan, 'unlogged'>;
  readonly said: readonly Finding[];
}> {
  const { records } = await context.store.readRun(run);
  return (await isLogged(context, run, records))
    ? { records, flags: {}, said: [] }
    : { records, flags: { unlogged: true }, said: [unloggedFinding(run, 'a journal')] };
}

function noCapture(
  run: string,
  id: string,
  history: History | undefined,
  records: readonly JournalRecord[],
): UserError {
  const captured = historiesOf(records)
    .filter(({ before, capture }) => before !== null && capture !== null)
    .map(({ step }) => `${run}/${step.id}`);
  return new UserError(
    'no-capture',
    history === undefined ? `run "${run}" began no step "${id}"` : `run "${run}" holds no complete capture of "${id}"`,
    {
      help:
        captured.length === 0
          ? `nothing that the run captured is known; \`aiplan runs ${run}\` shows it`
          : `it captured ${captured.join(', ')}`,
    },
  );
}

/** The captured properties that can be set again, overlaid by the requested ones. Throws UserError `bad-set`. */
function propertiesFor(type: ResourceType | undefined, captured: JsonObject, instead: JsonObject): JsonObject {
  const settable = (name: string): boolean =>
    type !== undefined &&
    Object.hasOwn(type.rules.properties, name) &&
    type.rules.properties[name]?.create !== false &&
    !type.rules.secretInput.includes(name) &&
    !type.rules.sensitive.includes(name);
  const wrong = Object.keys(instead).find((name) => !settable(name));
  const [whole = ''] = wrong?.split(/[.[]/u, 1) ?? [];
  if (wrong !== undefined && wrong !== whole && settable(whole))
    throw new UserError('bad-set', `"${wrong}" is a part of ${whole}, and a restore sets a property as a whole`, {
      help: `say all of it: --set '${whole}=${JSON.stringify(captured[whole] ?? {})}', without what it shall not have`,
    });
  if (wrong !== undefined)
    throw new UserError('bad-set', `${type?.type ?? 'this type'} has no property "${wrong}" that a restore can set`, {
      help: `it can set ${Object.keys(type?.rules.properties ?? {})
        .filter(settable)
        .join(', ')}`,
    });
  return Object.fromEntries(
    Object.entries({ ...captured, ...instead }).filter(
      ([name, value]) => value !== undefined && value !== null && !isMasked(value) && settable(name),
    ),
  );
}
