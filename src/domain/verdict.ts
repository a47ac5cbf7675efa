import type { Path } from '../base/property-path.ts';

/** The effects that a change of one member of a type can have beyond its value (law 3). */
export type VerdictKind = 'harmless' | 'destruction' | 'grant' | 'interruption' | 'one-way';

/**
 * The verdict on one leaf. `harmless` stands alone: no change of it, in either direction, needs more than a yes. With
 * any other kind the rules of that kind (`destructive`, `grants`, `update`, `oneWay`) decide by value and direction.
 */
export interface Verdict {
  readonly can: readonly VerdictKind[];
  /** A short reason, or the page of AWS that says so. */ readonly why: string;
}

/**
 * The verdicts of a type by leaf: `BlockDeviceMappings.*.Ebs.VolumeSize`. A leaf that is not in it needs a
 * confirmation.
 */
export type Verdicts = Readonly<Record<Path, Verdict>>;

/** No change of the leaf loses, opens or interrupts anything. */
export const harmless = (why: string): Verdict => ({ can: ['harmless'], why });

/** Changes of the leaf can do what the kinds say; the rules of these kinds decide. */
export const judged = (why: string, ...can: readonly Exclude<VerdictKind, 'harmless'>[]): Verdict => ({ can, why });

/** The same verdict on several members of one parent. */
export const each = (parent: Path, names: readonly string[], verdict: Verdict): Verdicts =>
  Object.fromEntries(names.map((name) => [parent === '' ? name : `${parent}.${name}`, verdict]));
