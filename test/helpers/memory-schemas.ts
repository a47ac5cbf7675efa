import type { PropertySchema, Schemas, TypeSchema } from '../../src/domain/schema.ts';

/** Names of the types of the memory world (memory-world.ts). */
export const DATABASE = 'Test::Memory::Database';
export const GROUP = 'Test::Memory::Group';
export const NOTE = 'Test::Memory::Note';
export const BOX = 'Test::Memory::Box';
export const LINK = 'Test::Memory::Link';
export const NETWORK = 'Test::Memory::Network';

const text = (more: Partial<PropertySchema> = {}): PropertySchema => ({ type: { kind: 'string' }, ...more });
const whole = (more: Partial<PropertySchema> = {}): PropertySchema => ({ type: { kind: 'integer' }, ...more });
const flag = (more: Partial<PropertySchema> = {}): PropertySchema => ({ type: { kind: 'boolean' }, ...more });
const tags: PropertySchema = { type: { kind: 'tags' } };
const toGroup = [{ type: GROUP, property: 'GroupId' }];
const toNetwork = [{ type: NETWORK, property: 'NetworkId' }];

const schema = (
  type: string,
  primaryIdentifier: string,
  stateful: boolean,
  properties: TypeSchema['properties'],
  rest: Partial<TypeSchema> = {},
): TypeSchema => ({
  type,
  documentation: 'A type of the memory world.',
  primaryIdentifier: [primaryIdentifier],
  stateful,
  tagProperty: 'Tags',
  properties: { ...properties, Tags: tags },
  attributes: {},
  definitions: {},
  ...rest,
});

const table: Readonly<Record<string, TypeSchema>> = {
  [DATABASE]: schema(
    DATABASE,
    'DatabaseName',
    true,
    {
      DatabaseName: text({ replacement: 'yes' }),
      Engine: text({ required: true, replacement: 'yes', values: ['postgres', 'mysql'] }),
      Class: text({ required: true }),
      Size: whole(),
      Retention: whole(),
      Protected: flag(),
      Public: flag(),
      Password: text(),
      Script: text(),
      GroupIds: { type: { kind: 'list', element: { kind: 'string' } }, refers: toGroup },
      Parameters: { type: { kind: 'map', element: { kind: 'string' } } },
    },
    {
      attributes: { ResourceId: text(), Endpoint: { type: { kind: 'object', definition: 'Endpoint' } } },
      definitions: { Endpoint: { Address: text(), Port: whole() } },
    },
  ),
  [GROUP]: schema(
    GROUP,
    'GroupId',
    false,
    {
      GroupName: text({ replacement: 'yes' }),
      Description: text(),
      NetworkId: text({ required: true, replacement: 'yes', refers: toNetwork }),
      Rules: { type: { kind: 'list', element: { kind: 'object', definition: 'Rule' } } },
    },
    {
      attributes: { GroupId: text(), Address: text() },
      definitions: {
        Rule: {
          Protocol: text({ required: true }),
          Port: whole({ required: true }),
          Source: text(),
          SourceGroup: text({ refers: toGroup }),
          Description: text(),
        },
      },
    },
  ),
  [NOTE]: schema(NOTE, 'NoteName', false, {
    NoteName: text({ replacement: 'yes' }),
    Text: text(),
    Kind: text({ values: ['plain', 'rich'] }),
    Settings: { type: { kind: 'map', element: { kind: 'json' } } },
    DatabaseName: text({ refers: [{ type: DATABASE, property: 'DatabaseName' }] }),
  }),
  [BOX]: schema(BOX, 'BoxName', true, {
    BoxName: text({ replacement: 'yes' }),
    Policy: text(),
    Settings: { type: { kind: 'map', element: { kind: 'json' } } },
  }),
  [LINK]: {
    type: LINK,
    documentation: 'A type of the memory world.',
    primaryIdentifier: ['LinkKind', 'NetworkId'],
    stateful: false,
    tagProperty: null,
    properties: {
      GroupId: text({ required: true, replacement: 'yes', refers: toGroup }),
      NetworkId: text({ required: true, replacement: 'yes', refers: toNetwork }),
    },
    attributes: { LinkKind: text() },
    definitions: {},
  },
  [NETWORK]: schema(
    NETWORK,
    'NetworkId',
    false,
    { Range: text({ replacement: 'yes' }) },
    { attributes: { NetworkId: text() } },
  ),
};

export const memorySchemas: Schemas = (type) => table[type];
