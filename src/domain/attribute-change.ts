import type { Json } from '../base/json.ts';

/**
 * One attribute that changes.
 * | action  | before            | after             |
 * | create  | null              | the new value     |
 * | update  | the live value    | the new value; null when it is removed |
 * A list element has its key in the path: `SecurityGroupIngress[tcp 22 22 0.0.0.0/0]`. Sensitive values are `Masked`.
 */
export interface AttributeChange {
  readonly path: string;
  readonly before: Json;
  readonly after: Json;
  readonly effect: ChangeEffect;
  /** Why it is destructive, a grant, one-way or interrupting; one sentence each. */
  readonly notes?: readonly string[];
  /** The text of a sensitive property (user data) as the change plan gives it, for the reviewer; `after` is masked. */
  readonly authored?: string;
}

export type ChangeEffect = 'in-place' | 'restart' | 'replace' | 'destructive' | 'grant';
