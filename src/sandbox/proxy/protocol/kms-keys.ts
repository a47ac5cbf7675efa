import type { JsonObject } from '../../../base/json.ts';
import { Refusal } from './correction.ts';
import { textIn } from './json.ts';
import { keyId, type KeyStates } from './key-states.ts';

/** AWS's own key of the account for databases; the emulator does not know it. */
export const accountKey = (region: string, account: string): string =>
  `arn:aws:kms:${region}:${account}:key/5a1dbc0e-0000-4000-8000-000000000001`;

/**
 * Remembers what a request that the emulator has carried out made of a key. API DisableKey, ScheduleKeyDeletion,
 * CancelKeyDeletion ("set to Disabled"), EnableKey.
 */
export function noteKey(keys: KeyStates, operation: string, input: JsonObject): void {
  const key = keyId(textIn(input, 'KeyId'));
  if (operation === 'EnableKey') keys.delete(key);
  else if (operation === 'DisableKey' || operation === 'CancelKeyDeletion') keys.set(key, 'Disabled');
  else if (operation === 'ScheduleKeyDeletion') keys.set(key, 'PendingDeletion');
}

/** AWS's description of the key that it manages for databases; undefined for any other. */
export function ownAnswer(
  input: JsonObject,
  { region, account }: { readonly region: string; readonly account: string },
): JsonObject | undefined {
  const arn = accountKey(region, account);
  if (keyId(textIn(input, 'KeyId')) !== keyId(arn)) return undefined;
  return {
    KeyMetadata: {
      AWSAccountId: account,
      KeyId: keyId(arn),
      Arn: arn,
      Enabled: true,
      KeyState: 'Enabled',
      KeyManager: 'AWS',
      KeyUsage: 'ENCRYPT_DECRYPT',
    },
  };
}

/** A database's key. RDS, API RestoreDBInstanceFromDBSnapshot: KMSKeyNotAccessibleFault. Throws Refusal. */
export function requireDatabaseKey(keys: KeyStates, key: string): void {
  if (key !== '' && keys.has(keyId(key)))
    throw new Refusal(
      'KMSKeyNotAccessibleFault',
      `The specified KMS key [${key}] does not exist, is not enabled or you do not have permissions to access it.`,
    );
}

/**
 * An object's key. "Troubleshooting server-side encryption with AWS KMS keys": KMS.DisabledException,
 * KMS.KMSInvalidStateException. Throws Refusal.
 */
export function requireObjectKey(keys: KeyStates, key: string): void {
  const state = keys.get(keyId(key));
  if (state === 'Disabled') throw new Refusal('KMS.DisabledException', `${key} is disabled.`);
  if (state === 'PendingDeletion') throw new Refusal('KMS.KMSInvalidStateException', `${key} is pending deletion.`);
}
