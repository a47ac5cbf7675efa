import { describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import { resourceTypes } from '../../providers/index.ts';
import { attributeAt } from '../../src/language/functions/references.ts';
import type { TypeSchema } from '../../src/domain/schema.ts';

/** A rule's path with `*` for list elements; markers such as `$only` are no property. */
const known = (schema: TypeSchema, path: string): boolean =>
  attributeAt(schema, path.replaceAll('*', '0')) !== undefined;

describe.each(resourceTypes.all.map((type) => [type.type, type] as const))(
  'the rules of %s',
  (name, { rules, managed }) => {
    const schema = loadSchema(name)!;

    it('name only properties that AWS knows', () => {
      const paths = [
        ...Object.keys(rules.properties),
        ...Object.keys(rules.compare),
        ...Object.keys(rules.keys),
        ...rules.secretInput,
        ...rules.sensitive,
        ...rules.volatile,
        ...(rules.nameProperty === undefined ? [] : [rules.nameProperty]),
      ];
      expect(paths.filter((path) => !known(schema, path))).toEqual([]);
    });

    it('name only members that AWS knows as filled in, meaning nothing or excluding each other', () => {
      const excluding = Object.entries(rules.exclusive ?? {}).flatMap(([path, groups]) =>
        groups.flat().map((member) => `${path}.${member}`),
      );
      const paths = [...(rules.assigned ?? []), ...Object.keys(rules.defaults ?? {}), ...excluding].map((path) =>
        path.replace(/\.\*$/u, ''),
      );
      // What CloudFormation has no word for stays where an author leaves it out: nobody could write it.
      const beyond = rules.beyondSchema ?? [];
      const isBeyond = (path: string): boolean => beyond.some((leaf) => leaf === path || leaf.startsWith(`${path}.`));
      expect(paths.filter((path) => !known(schema, path) && !isBeyond(path))).toEqual([]);
      expect(beyond.filter((leaf) => known(schema, leaf))).toEqual([]);
      // Only inside of list elements does anything that is left out go.
      expect(
        [...(rules.assigned ?? []), ...Object.keys(rules.defaults ?? {})].filter((path) => !path.includes('.*.')),
      ).toEqual([]);
    });

    it('name only list elements that AWS knows as keys', () => {
      const keys = Object.entries(rules.keys).flatMap(([path, names]) =>
        names.filter((part) => !part.startsWith('$')).map((part) => `${path}.*.${part}`),
      );
      expect(keys.filter((path) => !known(schema, path))).toEqual([]);
    });

    it('let the author set whatever a create requires', () => {
      const required = Object.entries(schema.properties)
        .filter(([, property]) => property.required === true)
        .map(([property]) => property);
      expect(
        managed
          ? required.filter(
              (property) => rules.properties[property] === undefined || rules.properties[property]?.create === false,
            )
          : [],
      ).toEqual([]);
    });
  },
);
