import { look, type Program } from '../../../src/domain/call.ts';
import { AwsError } from '../../../src/base/error.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import { objectOf, textOf } from './fields.ts';

/** A key that a restore needs: its id, ARN or alias, and what is encrypted with it. */
export interface NeededKey {
  readonly key: string;
  readonly of: string;
}

/** Findings about keys, one sentence each. */
interface KeysChecked {
  /** Keys that AWS does not use now: disabled, pending deletion, gone. */
  readonly unusable: readonly string[];
  /** Keys of which nobody here may know that (law 9). */
  readonly unknown: readonly string[];
}

/**
 * Whether keys can be used now, by kms:DescribeKey: AWS encrypts and decrypts only while a key is `Enabled` (KMS
 * developer guide, "Key states of AWS KMS keys"). Each key is asked for once. Reads only. Throws AwsError for whatever
 * is neither an answer nor a denial.
 */
function* checkKeys(needed: readonly NeededKey[]): Program<KeysChecked> {
  const unusable: string[] = [];
  const unknown: string[] = [];
  const byKey = new Map<string, string[]>();
  for (const { key, of } of needed) byKey.set(key, [...new Set([...(byKey.get(key) ?? []), of])]);
  for (const [key, of] of byKey) {
    const name = `the key ${key} of ${of.join(', ')}`;
    try {
      const answer = yield* look(
        { service: 'kms', operation: 'DescribeKey', input: { KeyId: key }, absent: ['NotFoundException'] },
        { KeyMetadata: { KeyState: 'Enabled' } },
      );
      const why = answer === null ? 'does not exist any more' : unusableBecause(objectOf(answer['KeyMetadata']));
      if (why !== null) unusable.push(`${name} ${why}`);
    } catch (error) {
      if (!(error instanceof AwsError) || error.kind !== 'denied') throw error;
      unknown.push(`whether ${name} can be used is not known: kms:DescribeKey: ${error.code}: ${error.message}`);
    }
  }
  return { unusable, unknown };
}

/**
 * Why AWS does not use a key in this state; null where it does. A state that is not told is not fine. API type
 * KeyMetadata.
 */
function unusableBecause(metadata: JsonObject): string | null {
  const state = textOf(metadata['KeyState']);
  if (state === 'Enabled') return null;
  if (state === 'Disabled') return 'is disabled: enable it with aws kms enable-key';
  if (state !== 'PendingDeletion' && state !== 'PendingReplicaDeletion')
    return `is ${state === undefined ? 'in an unknown state' : `"${state}"`}, in which AWS does not use it`;
  const at = textOf(metadata['DeletionDate']);
  return `is pending deletion${at === undefined ? '' : `, on ${at}`}: cancel that with aws kms cancel-key-deletion, and enable it with aws kms enable-key`;
}

/**
 * The same as a restore preflight says it. Before a destruction (`taken` false) a key that cannot be read speaks
 * against it. Of a capture it is a warning: a restore that AWS refuses harms nothing, and one that nobody may try
 * brings nothing back (law 4).
 */
export function* keysRestorable(
  needed: readonly NeededKey[],
  taken: boolean,
): Program<{ readonly problems: readonly string[]; readonly losses: readonly string[] }> {
  const { unusable, unknown } = yield* checkKeys(needed);
  if (!taken)
    return {
      problems: [...unusable, ...unknown.map((text) => `${text}; allow it, or ask somebody who may read the key`)],
      losses: [],
    };
  return { problems: unusable, losses: unknown.map((text) => `nothing, unless AWS refuses it: ${text}`) };
}
