import { describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import { resourceTypes } from '../../providers/index.ts';
import { parseChangePlan } from '../../src/language/parse.ts';
import { fitProperties } from '../../src/plan/diff/fitting.ts';
import type { Json } from '../../src/base/json.ts';

const texts = [
  '0',
  '1',
  '-1',
  '007',
  '1.5',
  '1.0',
  '0x10',
  '1e3',
  ' 1',
  '1 ',
  '',
  'True',
  'FALSE',
  'yes',
  'gp3',
  'GP3',
  'enabled',
  'STOP',
  'postgres',
  'a b',
  '9007199254740993',
  'a\u202eb',
  'two\nlines',
];
/** What is the value's own fault; names, ranges and what must stand together are judged of both elsewhere. */
const own = new Set(['wrong-type', 'value-not-allowed', 'number-too-big', 'unsafe-character']);

/** What the language makes of a literal: its value, or null where it is refused for what it is. */
function literal(type: string, name: string, text: string): Json | null | undefined {
  const entry = {
    type,
    action: 'update',
    id: 'x-0123456789abcdef0',
    reason: 'r',
    when: 'now',
    properties: { [name]: text },
  };
  const { changePlan, findings } = parseChangePlan(
    JSON.stringify({
      aiplan: 1,
      name: 'p',
      intent: 'i',
      target: { account: '123456789012', region: 'eu-west-1' },
      resources: { X: entry },
    }),
    { file: 'p.json', schemas: loadSchema, types: resourceTypes },
  );
  if (findings.some(({ code, severity }) => severity === 'error' && own.has(code))) return null;
  // Refused for another reason: nothing to compare.
  return changePlan === null ? undefined : changePlan.resources[0]?.properties?.[name];
}

function resolved(type: string, name: string, text: string): Json | null {
  const { properties, misfits } = fitProperties({ [name]: text }, loadSchema(type), resourceTypes.get(type)!.rules);
  return misfits.length > 0 ? null : (properties[name] ?? null);
}

describe.each(resourceTypes.all.filter(({ managed }) => managed).map((type) => [type.type, type] as const))(
  'a text that a reference brings into %s',
  (type, { rules }) => {
    const scalars = Object.entries(loadSchema(type)!.properties).filter(
      ([
        name,
        {
          type: { kind },
        },
      ]) =>
        ['string', 'integer', 'number', 'boolean'].includes(kind) &&
        rules.properties[name] !== undefined &&
        !rules.secretInput.includes(name) &&
        !rules.sensitive.includes(name),
    );
    // A type of which only the tags can be set has no scalar.
    if (scalars.length === 0) {
      it('has no scalar, because only its tags can be set', () => {
        expect(Object.keys(rules.properties)).toEqual(['Tags']);
      });
      return;
    }
    it.each(scalars.map(([name]) => name))('comes to the same as the literal in %s', (name) => {
      const compared = texts.flatMap((text) => {
        const written = literal(type, name, text);
        return written === undefined ? [] : [[text, written, resolved(type, name, text)] as const];
      });
      expect(compared.map(([text, , fitted]) => [text, fitted])).toEqual(
        compared.map(([text, written]) => [text, written]),
      );
      expect(compared.length).toBeGreaterThan(0);
    });
  },
);
