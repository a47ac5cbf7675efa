import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import type { Configuration } from '../../domain/configuration.ts';
import { findingAt } from '../../domain/finding.ts';
import type { Finding } from '../../domain/finding.ts';
import { sanitise } from '../../base/sanitise.ts';
import { referencesIn, withReferences } from '../diff/references.ts';
import { perStep, sentBy, type Judged, type ValueInput } from './guardrail.ts';

const BUCKET = 'AWS::S3::Bucket';

/** True where a value holds the bucket's name or its ARN: as the target of replication, logging, an inventory. */
const names = (value: Json | undefined, bucket: string): boolean =>
  typeof value === 'string'
    ? value === bucket || value.endsWith(`:::${bucket}`) || value.includes(`:::${bucket}/`)
    : typeof value === 'object' &&
      value !== null &&
      Object.values(value).some((item: Json | undefined) => names(item, bucket));

/** Addresses from which values come that are not known yet. */
const openIn = (value: JsonObject): readonly string[] =>
  referencesIn(withReferences(value)).map(({ address }) => address);

/**
 * Store and capture bucket are never a plan's target (law 6), however a value reaches the property. What a bucket takes
 * from another step and is not known yet counts as naming them, unless it comes from a bucket with another name.
 */
export function ownStorageFinding(
  judged: Pick<Judged, 'step' | 'entry' | 'desired'>,
  { configuration, target, steps }: ValueInput,
): Finding | null {
  const { step, entry } = judged;
  const own = ownBuckets(configuration, target);
  const sent = sentBy(judged);
  const name = nameOf(judged);
  const named = own.find((bucket) => name !== bucket && (names(entry.properties, bucket) || names(sent, bucket)));
  if (named !== undefined)
    return findingAt(
      entry,
      'properties',
      'error',
      'own-storage',
      `the properties name "${sanitise(named)}", which holds what aiplan keeps for undoing`,
      'leave it out of the plan: nothing else is written there',
    );
  if (step.type !== BUCKET) return null;
  const open = openIn(sent).find((address) => {
    const from = steps.find((other) => other.step.id === address);
    const other = from?.step.type === BUCKET ? nameOf(from) : undefined;
    return typeof other !== 'string' || own.includes(other);
  });
  if (open !== undefined)
    return findingAt(
      entry,
      'properties',
      'error',
      'own-storage',
      `the properties take a value from "${sanitise(open)}" that is not known yet: it may name a bucket that holds what aiplan keeps for undoing`,
      'write the value, or take it from a bucket whose name the plan knows',
    );
  if (typeof name !== 'string' || !own.includes(name)) return null;
  return findingAt(
    entry,
    entry.id === undefined ? 'properties.BucketName' : 'id',
    'error',
    'own-storage',
    `"${sanitise(name)}" holds what aiplan keeps for undoing`,
    'leave it out of the plan; `aiplan captures expire` removes what is no longer needed',
  );
}

const nameOf = ({ step, desired }: Pick<Judged, 'step' | 'desired'>): Json | undefined => {
  const name = step.identity ?? desired['BucketName'];
  return isObject(name) ? undefined : name;
};

const ownBuckets = (
  { capture, store }: Pick<Configuration, 'capture' | 'store'>,
  { account, region }: ValueInput['target'],
): readonly string[] =>
  [capture.bucket ?? `aiplan-captures-${account}-${region}`, /^s3:\/\/([^/]+)/u.exec(store ?? '')?.[1]].filter(
    (bucket) => bucket !== undefined,
  );

export const ownStorage = perStep(
  'own-storage',
  "aiplan's own store and captures are never a plan's target",
  ownStorageFinding,
);
