import type { PropertySchema } from '../../domain/schema.ts';
import type { MapNode } from '../reader/node.ts';
import { list, quote, type Problems } from '../reader/problems.ts';
import { unsupportedProperty } from '../foreign/unsupported.ts';
import { nearest } from '../reader/spelling.ts';
import { own, type ValueContext } from '../functions/values-context.ts';

/** A property by AWS's name of it. */
export interface Named {
  readonly name: string;
  readonly property: PropertySchema;
}

/**
 * The top-level property that a name means, where it may stand here; a misspelt one is reported and read on as the one
 * that is nearest. Undefined where nothing can be read on, with the reason reported.
 */
export function judgeName(name: string, at: number, context: ValueContext): Named | undefined {
  const property = judge(name, at, context);
  if (property !== undefined) return { name, property };
  const { schema, rules, mode } = context;
  if (own(schema.properties, name) !== undefined || own(schema.attributes, name) !== undefined) return undefined;
  const meant = nearest(name, Object.keys(mode === 'properties' ? rules.properties : schema.properties));
  const found = meant === undefined ? undefined : own(schema.properties, meant);
  return meant === undefined || found === undefined || context.written.has(meant)
    ? undefined
    : { name: meant, property: found };
}

function judge(name: string, at: number, context: ValueContext): PropertySchema | undefined {
  const { mode, action, schema, rules, problems } = context;
  const property = own(schema.properties, name);
  const attribute = own(schema.attributes, name);
  if (mode !== 'properties') {
    if (property === undefined && attribute === undefined) {
      const names = [...Object.keys(schema.properties), ...Object.keys(schema.attributes)];
      problems.error(
        'unknown-property',
        at,
        `${schema.type} has no property or attribute ${quote(name)}${problems.meant(name, names)}`,
        nearestOf(problems, name, names),
      );
    }
    return property ?? attribute;
  }
  if (property === undefined) {
    if (attribute !== undefined) {
      problems.error(
        'read-only-attribute',
        at,
        `${name} of ${schema.type} is assigned by AWS and cannot be set`,
        `delete the line; other entries may name it as  !GetAtt Address.${name}`,
      );
    } else {
      problems.error(
        'unknown-property',
        at,
        `${schema.type} has no property ${quote(name)}${problems.meant(name, Object.keys(rules.properties))}`,
        nearestOf(problems, name, Object.keys(rules.properties)),
      );
    }
    return undefined;
  }
  if (schema.primaryIdentifier.includes(name) && (action === 'update' || action === 'delete')) {
    problems.error(
      'identity-property',
      at,
      `${name} is the identity of the resource and stands in  id`,
      `delete the line; a resource of another name is another entry with  action: create`,
    );
    return undefined;
  }
  const rule = own(rules.properties, name);
  if (rule === undefined) {
    const { message, help } = unsupportedProperty(schema.type, name, action);
    problems.error('property-not-supported', at, message, help);
    return undefined;
  }
  if (rule.create === false && (action === 'create' || action === 'replace')) {
    problems.error(
      'not-on-create',
      at,
      `${name} of ${schema.type} can only be set by an update`,
      'delete the line, and set it in a later plan',
    );
    return undefined;
  }
  return property;
}

/** The names that come nearest, at most five: a list of all of them helps nobody. */
function nearestOf(problems: Problems, name: string, names: readonly string[]): string {
  const near = problems.near(name, names);
  return near.length === 0
    ? "delete the line, or look the name up in AWS's documentation of the type"
    : `nearest: ${list(near)}`;
}

/** Reports those of the named properties that a map does not hold. */
export function requireProperties(
  wanted: readonly (readonly [string, PropertySchema])[],
  node: MapNode,
  what: string,
  problems: Problems,
): void {
  for (const [name, { documentation, values }] of wanted) {
    if (node.entries.some(({ key }) => key === name)) continue;
    const about = documentation === undefined ? '' : `   # ${documentation}`;
    problems.error(
      'missing-property',
      node.at,
      `${what} needs ${name}`,
      `${name}: ${values === undefined ? '…' : list(values)}${about}`,
    );
  }
}
