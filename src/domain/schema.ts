/**
 * The compact form of AWS's CloudFormation registry, one JSON file per type, made by scripts/extract-schemas.mjs.
 */
export interface TypeSchema {
  readonly type: string;
  /** First sentence of AWS's documentation. */
  readonly documentation: string;
  /** Property names whose values, joined by `|`, are the identity. */
  readonly primaryIdentifier: readonly string[];
  readonly stateful: boolean;
  /** Name of the tag property; in aiplan its value is always a map of strings. */
  readonly tagProperty: string | null;
  readonly properties: Readonly<Record<string, PropertySchema>>;
  /** Values that AWS assigns: usable in `!GetAtt`, never in `properties`. Nested ones are written with dots. */
  readonly attributes: Readonly<Record<string, PropertySchema>>;
  readonly definitions: Readonly<Record<string, Readonly<Record<string, PropertySchema>>>>;
}

export type PropertyType =
  | { readonly kind: 'string' | 'number' | 'integer' | 'boolean' | 'json' | 'tags' }
  | { readonly kind: 'list' | 'map'; readonly element: PropertyType }
  | { readonly kind: 'object'; readonly definition: string }
  | { readonly kind: 'union'; readonly types: readonly PropertyType[] };

export interface PropertySchema {
  readonly type: PropertyType;
  readonly required?: boolean;
  /** Whether a change of the property replaces the resource. Absent: no. */
  readonly replacement?: 'yes' | 'maybe';
  readonly values?: readonly (string | number)[];
  /** Which property of which type the value names. */
  readonly refers?: readonly { readonly type: string; readonly property: string }[];
  /** First sentence of AWS's documentation. */
  readonly documentation?: string;
}

/** Loads a type's schema; undefined for a type that aiplan does not know. */
export type Schemas = (type: string) => TypeSchema | undefined;
