import type { DeclaredAction, Position } from '../../domain/change-plan.ts';
import type { TypeRules } from '../../domain/resource-type.ts';
import type { PropertySchema, PropertyType, TypeSchema } from '../../domain/schema.ts';
import type { Node } from '../reader/node.ts';
import type { Problems } from '../reader/problems.ts';
import type { Where } from './pseudo-parameters.ts';
import type { Special } from './function-tags.ts';

export type Mode = 'properties' | 'expect' | 'find';

/** Where `!Env` and `!File` may read from; checked by the parser where the caller says it. */
export interface SecretSources {
  readonly prefixes: readonly string[];
  readonly files: readonly string[];
}

export interface ValueContext {
  readonly address: string;
  readonly mode: Mode;
  readonly action: DeclaredAction;
  readonly schema: TypeSchema;
  readonly rules: TypeRules;
  readonly problems: Problems;
  /** Filled with the place of every property, by dotted path. */
  readonly positions: Record<string, Position>;
  /** Filled with every reference; they are judged when all entries are known. */
  readonly references: PendingReference[];
  readonly readText: ((path: string) => string) | undefined;
  readonly secrets: SecretSources | undefined;
  /** The values of pseudo parameters. */
  readonly where: Where;
  /** The top-level names that the map has. */
  readonly written: ReadonlySet<string>;
  /** Every address of the file. */
  readonly addresses: ReadonlySet<string>;
  /** Filled with what values are looked up at plan time though no entry of the file names it. */
  readonly lookups: Lookups;
}

/** Look-ups by address, such as `{{resolve:ssm:/name}}`: each is read once. */
export type Lookups = Map<string, { readonly type: string; readonly id: string; readonly at: number }>;

export interface PendingReference {
  /** Of the entry that holds it. */
  readonly address: string;
  readonly at: number;
  /** Dotted path in the entry: `properties.VPCSecurityGroups.0`. */
  readonly place: string;
  readonly special: Extract<Special, { kind: 'ref' | 'attribute' }>;
  readonly wanted: PropertyType;
  readonly refers: PropertySchema['refers'];
  /** An argument of a function: any kind of value will do. */
  readonly inText?: true;
}

/** One value on its way through the schema. */
export interface Spot {
  readonly node: Node;
  readonly type: PropertyType;
  readonly property: PropertySchema | undefined;
  /** With `*` for list elements and map keys, as the rules of a type write it. */
  readonly path: string;
  /** With the element's number, as `positions` has it. */
  readonly place: string;
  /** Itself an element of a list. */
  readonly element: boolean;
  /** Somewhere inside an element of a list, which is always written whole. */
  readonly inList: boolean;
}

export const own = <T>(record: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(record, key) ? record[key] : undefined;

/** How a message names a value: its path inside of `properties`, `expect` or `find`. */
export const said = ({ place }: { readonly place: string }): string => place.slice(place.indexOf('.') + 1);
