import type { Json } from '../../../src/base/json.ts';
import type { ChangeRule, RuleScene } from '../../../src/domain/resource-type.ts';
import { textOf } from './fields.ts';

/**
 * The account that an ARN names, 12 digits; undefined where the text is none or names none (IAM User Guide, "Amazon
 * Resource Names").
 */
export const accountOf = (value: Json | undefined): string | undefined =>
  /^arn:[^:]*:[^:]*:[^:]*:(\d{12}):/u.exec(textOf(value) ?? '')?.[1];

/** The account of an ARN where it is not the plan's own; without a scene nobody knows which is. */
export function foreignAccount(value: Json | undefined, scene: RuleScene | undefined): string | undefined {
  const account = accountOf(value);
  return account === undefined || account === scene?.account ? undefined : account;
}

/**
 * A key of another account at a path: its holder can take it away, and with it everything that it encrypts. EC2 and RDS
 * look for an id or alias without an account in the own one (EC2 API reference and RDS API reference, KmsKeyId); an ARN
 * that shows no account is not shown to be of the own one.
 */
export const foreignKey = (path: string, what: string): ChangeRule => ({
  path,
  when: (before, after, _live, scene) =>
    after !== before &&
    /^arn:/iu.test(textOf(after) ?? '') &&
    (accountOf(after) === undefined || foreignAccount(after, scene) !== undefined),
  says: (_before, after, _live, scene) =>
    `${what} is encrypted with a key of account ${foreignAccount(after, scene) ?? 'unknown'}: whoever runs it can make the data unreadable, or read it`,
});
