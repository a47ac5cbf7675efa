import type { Makes } from '../domain/call.ts';
import { isMasked } from '../base/json.ts';
import type { LiveResource } from '../domain/live.ts';
import type { JournalRecord } from '../domain/records/journal.ts';
import type { TypeRules } from '../domain/resource-type.ts';
import { comparerFor } from '../plan/diff/compare.ts';
import { diffProperties } from '../plan/diff/diff.ts';
import { recordsOf } from './journal-reading.ts';

/** What the calls of a step said that they make. Pure. */
export const makesIn = (records: readonly JournalRecord[]): readonly Makes[] =>
  recordsOf(records, 'intent').flatMap(({ declared, purpose }) =>
    declared.makes !== undefined && (purpose === 'change' || purpose === 'restore') ? [declared.makes] : [],
  );

/**
 * Whether a live resource is what one of these calls makes: its identity where the call knew it, and every property
 * that the call gives. It proves whose a resource without tags is, because the plan of the run found none such before.
 * Pure.
 */
export const isMadeBy = (makes: readonly Makes[], live: LiveResource, rules: TypeRules | undefined): boolean =>
  rules !== undefined &&
  makes.some(({ type, identity, properties }) => {
    if (type !== live.type || (identity !== null && identity !== live.identity)) return false;
    const given = Object.entries(properties).filter(([, value]) => !isMasked(value));
    const now = given.flatMap(([name]) => {
      const value = live.properties[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    const comparer = comparerFor(rules, live.type, live.identity);
    return diffProperties(Object.fromEntries(given), Object.fromEntries(now), comparer).length === 0;
  });

/** What these calls make, in words: an identity, or the properties by which it is known. */
export const makesText = (makes: readonly Makes[]): string => {
  const [one] = makes;
  return one === undefined ? 'it' : (one.identity ?? Object.values(one.properties).map(String).join(', '));
};
