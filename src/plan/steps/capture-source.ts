import type { ResourceEntry } from '../../domain/change-plan.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { captureBucketOf } from './preview-context.ts';
import { block, type Planning } from '../refresh/draft.ts';
import { secretsIn } from './secrets.ts';
import { quote } from '../../domain/wording.ts';

/** Whose capture something claims to be, and the one bucket in which captures lie. */
export interface CaptureClaim {
  readonly run: string;
  readonly step: string;
  readonly bucket: string;
}

const textOf = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null);
const objectsOf = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

/** Where the copies of objects of a step's capture lie, below the capture bucket. */
const copiesOf = ({ run, step }: Pick<CaptureClaim, 'run' | 'step'>): string => `copies/${run}/${step}/`;

/**
 * Why a capture may not be restored from, one sentence each: it names a source outside the capture bucket, or another
 * one than the places of its own run and step. A journal or manifest is a file that anybody may have written (law 13),
 * and could so have a secret or the data of another run brought into a bucket of the writer's choice. Pure.
 */
export function foreignSources(capture: Json, { run, step, bucket }: CaptureClaim): readonly string[] {
  const refs = isObject(capture) && isObject(capture['refs']) ? capture['refs'] : {};
  const problems: string[] = [];
  const [store, prefix] = [refs['store'], refs['prefix']];
  if (store !== undefined && store !== bucket)
    problems.push(`it names the bucket ${quote(store)}, and captures lie in ${quote(bucket)}`);
  if (prefix !== undefined && prefix !== copiesOf({ run, step }))
    problems.push(`it names ${quote(prefix)}, and the copies of this step lie in ${quote(copiesOf({ run, step }))}`);
  for (const part of objectsOf(refs['parts'])) {
    const key = textOf(part['key']) ?? '';
    const own = `manifests/${run}/${step}-`;
    if (!key.startsWith(own) || !/^\d{4}\.json$/u.test(key.slice(own.length)))
      problems.push(`it reads its list of copies from ${quote(key)}, which is not of this step`);
  }
  for (const {
    $secret: { captured, env, file },
  } of secretsIn(capture)) {
    if (captured === undefined)
      problems.push(
        `it takes a secret from ${env === undefined ? `the file ${quote(file ?? '')}` : `the variable ${quote(env)}`}, and captures keep secrets in the capture bucket`,
      );
    else if (!captured.startsWith(`${run}/${step}/`))
      problems.push(`it takes the secret ${quote(captured)}, which belongs to another run or step`);
  }
  return problems;
}

/** Blocks a step of a generated rollback whose source is not the capture that it claims to be. */
export function refuseForeignSources(planning: Planning, entry: ResourceEntry): void {
  const { rollbackOf } = planning.changePlan;
  if (rollbackOf === undefined) return;
  const bucket = captureBucketOf(planning.configuration, planning.target);
  const help =
    'nothing is restored from a place that another run, another step or another bucket owns; look at the manifests of the run in the capture bucket';
  for (const order of [entry.restore, entry.repoint, entry.reopen]) {
    if (order === undefined) continue;
    for (const problem of foreignSources(order.capture, { run: order.run, step: order.step, bucket }))
      block(
        planning,
        entry,
        '',
        'capture-foreign',
        `the capture of step ${quote(order.step)} of run ${quote(order.run)} cannot be trusted: ${problem}`,
        help,
      );
  }
  for (const {
    $secret: { captured },
  } of secretsIn(entry.properties)) {
    if (captured?.startsWith(`${rollbackOf}/`) !== true)
      block(
        planning,
        entry,
        '',
        'capture-foreign',
        `a value would come from the secret ${quote(captured ?? '')}, which run ${quote(rollbackOf)} did not keep`,
        help,
      );
  }
}

/** The places that a capture is restored from, for the card of the step. Pure. */
export function sourcesOf(capture: Json): readonly string[] {
  const refs = isObject(capture) && isObject(capture['refs']) ? capture['refs'] : {};
  const [store, prefix, image, snapshot, final] = ['store', 'prefix', 'image', 'snapshot', 'final'].map((name) =>
    textOf(refs[name]),
  );
  const snapshots = objectsOf(refs['snapshots']).flatMap((item) => textOf(item['SnapshotId']) ?? []);
  const versions =
    typeof refs['versions'] === 'number' ? ` (${refs['versions']} version${refs['versions'] === 1 ? '' : 's'})` : '';
  const found = [
    ...(store === null || prefix === null ? [] : [`s3://${store}/${prefix}${versions}`]),
    ...(image === null ? [] : [`image ${image}`]),
    ...(image === null ? snapshots.map((id) => `snapshot ${id}`) : []),
    ...(final === null ? [] : [`final snapshot ${final}`]),
    ...(snapshot === null ? [] : [`${final === null ? '' : 'or, where there is none, '}snapshot ${snapshot}`]),
    ...secretsIn(capture).flatMap(({ $secret: { captured } }) =>
      captured === undefined ? [] : [`kept text secrets/${captured}`],
    ),
  ];
  return found.length === 0 ? ['the configuration in its manifest'] : found;
}
