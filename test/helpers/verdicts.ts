import type { TypeRules } from '../../src/domain/resource-type.ts';
import { harmless } from '../../src/domain/verdict.ts';

/**
 * Rules of a type made up for tests, in which only its own rules find anything: every property is harmless with all
 * that is in it.
 */
export const judgedByRules = <Rules extends Pick<TypeRules, 'properties'>>(
  rules: Rules,
): Rules & Pick<TypeRules, 'verdicts'> => ({
  verdicts: Object.fromEntries(Object.keys(rules.properties).map((name) => [name, harmless('made up')])),
  ...rules,
});
