import type { PropertySchema } from '../model/schema.ts';
import type { MapNode } from './node.ts';
import { list, quote, type Problems } from './problems.ts';
import { own, type ValueContext } from './values-context.ts';

/** The schema of a top-level property if it may stand here; otherwise undefined, with the reason reported. */
export function judgeName(name: string, at: number, context: ValueContext): PropertySchema | undefined {
  const { mode, action, schema, rules, problems } = context;
  const property = own(schema.properties, name);
  const attribute = own(schema.attributes, name);
  if (mode !== 'properties') {
    if (property === undefined && attribute === undefined) {
      const names = [...Object.keys(schema.properties), ...Object.keys(schema.attributes)];
      problems.error('unknown-property', at, `${schema.type} has no property or attribute ${quote(name)}${problems.meant(name, names)}`, `there are: ${list(names)}`);
    }
    return property ?? attribute;
  }
  if (property === undefined) {
    if (attribute !== undefined) {
      problems.error('read-only-attribute', at, `${name} of ${schema.type} is assigned by AWS and cannot be set`, `delete the line; other entries may name it as  !GetAtt Address.${name}`);
    } else {
      problems.error('unknown-property', at, `${schema.type} has no property ${quote(name)}${problems.meant(name, Object.keys(schema.properties))}`, `aiplan can set: ${list(Object.keys(rules.properties), 100)}`);
    }
    return undefined;
  }
  if (schema.primaryIdentifier.includes(name) && (action === 'update' || action === 'delete')) {
    problems.error('identity-property', at, `${name} is the identity of the resource and stands in  id`, `delete the line; a resource of another name is another entry with  action: create`);
    return undefined;
  }
  const rule = own(rules.properties, name);
  if (rule === undefined) {
    problems.error('property-not-supported', at, `AWS knows ${name} of ${schema.type}, but aiplan cannot set it`, `delete the line; aiplan can set: ${list(Object.keys(rules.properties), 100)}`);
    return undefined;
  }
  if (rule.create === false && (action === 'create' || action === 'replace')) {
    problems.error('not-on-create', at, `${name} of ${schema.type} can only be set by an update`, 'delete the line, and set it in a later plan');
    return undefined;
  }
  return property;
}

/** Reports those of the named properties that a map does not hold. */
export function requireProperties(wanted: readonly (readonly [string, PropertySchema])[], node: MapNode, what: string, problems: Problems): void {
  for (const [name, { documentation, values }] of wanted) {
    if (node.entries.some(({ key }) => key === name)) continue;
    const about = documentation === undefined ? '' : `   # ${documentation}`;
    problems.error('missing-property', node.at, `${what} needs ${name}`, `${name}: ${values === undefined ? '…' : list(values)}${about}`);
  }
}
