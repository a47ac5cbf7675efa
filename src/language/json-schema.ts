import type { Json, JsonObject } from '../base/json.ts';
import type { ResourceType, ResourceTypes } from '../domain/resource-type.ts';
import type { PropertySchema, PropertyType, Schemas, TypeSchema } from '../domain/schema.ts';
import { actions, fieldNames, fields } from './fields.ts';
import { limits } from './reader/limits.ts';

const ref = (name: string): JsonObject => ({ $ref: `#/$defs/${name}` });
const closed = (properties: JsonObject, required: readonly string[] = []): JsonObject => ({
  type: 'object',
  properties,
  additionalProperties: false,
  ...(required.length === 0 ? {} : { required }),
});
const text = (description: string, more: JsonObject = {}): JsonObject => ({
  type: 'string',
  minLength: 1,
  description,
  ...more,
});
const prose = (description: string): JsonObject => text(description, { maxLength: limits.prose });

/**
 * JSON Schema (2020-12) of the whole language, for editors and models. It knows names, kinds, allowed values, AWS's
 * descriptions and the field table; references between entries and everything live are judged by `aiplan validate`.
 */
export function languageJsonSchema(types: ResourceTypes, schemas: Schemas): JsonObject {
  const known = types.all.flatMap((resource) => {
    const schema = schemas(resource.type);
    return schema === undefined ? [] : [{ resource, schema }];
  });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'https://aiplan.invalid/change-plan-1.schema.json',
    title: 'aiplan change plan',
    ...closed(
      {
        aiplan: { const: 1, description: 'Version of the language.' },
        name: text('Unique per target; part of the ownership tag.', { pattern: '^[a-z][a-z0-9-]{0,62}$' }),
        intent: prose('The purpose of the change. Shown as a claim.'),
        author: {
          type: 'object',
          description: 'Who wrote it. Shown as a claim.',
          additionalProperties: { type: ['string', 'number', 'boolean'] },
          propertyNames: { pattern: '^[\\w-]{1,40}$' },
          maxProperties: 20,
        },
        assume: {
          type: 'array',
          description: 'Assumptions of the author, for the reviewer.',
          items: prose('One claim.'),
          maxItems: limits.assumptions,
        },
        target: {
          ...closed(
            {
              account: text('12 digits, in quotes.', { pattern: '^\\d{12}$' }),
              region: text('Such as eu-west-1.', { pattern: '^[a-z]{2,4}(-[a-z]+)+-\\d{1,2}$' }),
            },
            ['account', 'region'],
          ),
          description: 'Must equal the account and region of the credentials.',
        },
        resources: {
          type: 'object',
          minProperties: 1,
          maxProperties: limits.resources,
          propertyNames: { pattern: '^[A-Za-z][A-Za-z0-9_-]{0,254}$' },
          additionalProperties: ref('entry'),
        },
      },
      ['aiplan', 'name', 'intent', 'target', 'resources'],
    ),
    $defs: {
      ...common(),
      entry: entryOf(known),
      ...Object.fromEntries(known.flatMap(({ resource, schema }) => definitionsOf(resource, schema))),
    },
  };
}

function common(): Record<string, Json> {
  return {
    reference: {
      description:
        'Another entry (its identity: !Ref; one of its attributes: !GetAtt), or a function of CloudFormation.',
      anyOf: [
        ref('function'),
        closed({ Ref: text('Address, or a pseudo parameter such as AWS::Region.') }, ['Ref']),
        closed(
          {
            'Fn::GetAtt': {
              anyOf: [
                text('Address.Attribute'),
                { type: 'array', items: text('Address, then attribute.'), minItems: 2 },
              ],
            },
          },
          ['Fn::GetAtt'],
        ),
      ],
    },
    function: {
      description: '!Sub, !Join, !Select, !Split, !Base64, !GetAZs.',
      anyOf: [
        closed(
          {
            'Fn::Sub': {
              anyOf: [
                text('Text with ${Address}, ${Address.Attribute}, ${AWS::Region}.'),
                { type: 'array', minItems: 1, maxItems: 2 },
              ],
            },
          },
          ['Fn::Sub'],
        ),
        ...['Fn::Join', 'Fn::Select', 'Fn::Split'].map((name) =>
          closed({ [name]: { type: 'array', minItems: 2, maxItems: 2 } }, [name]),
        ),
        closed({ 'Fn::Base64': {} }, ['Fn::Base64']),
        closed({ 'Fn::GetAZs': {} }, ['Fn::GetAZs']),
      ],
    },
    any: { description: '!Any: is set.', ...closed({ 'Fn::Any': { const: true } }, ['Fn::Any']) },
    secret: {
      description: 'Where the secret is read from when it is needed.',
      anyOf: [
        closed({ 'Fn::Env': text('AIPLAN_SECRET_…', { pattern: '^[A-Za-z_][A-Za-z0-9_]*$' }) }, ['Fn::Env']),
        closed({ 'Fn::File': text('Path.') }, ['Fn::File']),
        text('A secret of Secrets Manager or a SecureString.', {
          pattern: '^\\{\\{resolve:(secretsmanager|ssm-secure):[^{}]+\\}\\}$',
        }),
        ref('function'),
      ],
    },
    text: {
      description: '!Text: a file beside the change plan.',
      ...closed({ 'Fn::Text': text('Path.') }, ['Fn::Text']),
    },
    tags: { anyOf: [ref('tagMap'), ref('tagList')] },
    tagList: {
      type: 'array',
      description: "AWS's list of Key and Value.",
      maxItems: 50,
      items: closed(
        {
          Key: text('Key.'),
          Value: { anyOf: [{ type: ['string', 'number', 'boolean', 'null'] }, ref('reference'), ref('any')] },
        },
        ['Key'],
      ),
    },
    tagMap: {
      type: 'object',
      description: 'A map; null removes a tag.',
      maxProperties: 50,
      propertyNames: { minLength: 1, maxLength: 128, not: { pattern: '^([aA][wW][sS]|[aA][iI][pP][lL][aA][nN]):' } },
      additionalProperties: {
        anyOf: [{ type: ['string', 'number', 'boolean', 'null'] }, ref('reference'), ref('any')],
      },
    },
  };
}

type Known = { readonly resource: ResourceType; readonly schema: TypeSchema };

function entryOf(known: readonly Known[]): JsonObject {
  const plain: JsonObject = {
    type: { enum: known.map(({ schema }) => schema.type) },
    action: { enum: actions },
    id: {
      description: 'Identity of the live resource: text, or a map of its parts.',
      anyOf: [text('Identity.', { pattern: '^[^*?]+$' }), { type: 'integer' }, { type: 'object', minProperties: 1 }],
    },
    find: { type: 'object', minProperties: 1, description: 'Tags or properties with exactly one live match.' },
    when: { enum: ['now', 'window'], description: "now, or in the resource's maintenance window." },
    order: { enum: ['create-first', 'delete-first'] },
    carry: { type: 'array', items: text('Things that must come along though AWS assigned them.') },
    reason: prose('Why. Shown as a claim.'),
    accept_loss: prose('The loss for good, in words.'),
    depends_on: { type: 'array', items: text('Address of an entry that is done before this one.') },
    rotate: { type: ['string', 'integer'], description: 'A new word sets the write-only properties anew.' },
    expect: {
      type: 'object',
      description:
        'Values that the author expects to be live; a mismatch blocks. Lists and maps as subsets, null: not set.',
    },
    properties: { type: 'object', description: 'The desired state. Maps merge key by key; a list is the whole list.' },
  };
  const byAction = actions.map((action) => {
    const uses = fieldNames.map((name) => [name, fields[name][action]] as const);
    const rules: Record<string, Json> = {
      properties: Object.fromEntries(uses.filter(([, use]) => use === 'no').map(([name]) => [name, false])),
      required: uses.filter(([, use]) => use === 'required').map(([name]) => name),
    };
    if (uses.some(([, use]) => use === 'one-of')) rules['oneOf'] = [{ required: ['id'] }, { required: ['find'] }];
    if (action === 'update')
      rules['properties'] = { ...(rules['properties'] as JsonObject), properties: { minProperties: 1 } };
    return when({ action }, rules);
  });
  const byType = known.flatMap(({ resource, schema }) => [
    when(
      { type: schema.type },
      {
        properties: {
          properties: ref(`${schema.type}.properties`),
          expect: ref(`${schema.type}.expect`),
          find: ref(`${schema.type}.expect`),
          ...(resource.managed ? {} : { action: { const: 'read' } }),
        },
      },
    ),
    ...(resource.managed
      ? [
          when(
            { type: schema.type, action: 'create' },
            {
              properties: {
                properties: {
                  required: Object.entries(schema.properties)
                    .filter(
                      ([name, { required }]) =>
                        name !== resource.rules.optionalName &&
                        (required === true || name === resource.rules.nameProperty),
                    )
                    .map(([name]) => name),
                },
              },
            },
          ),
        ]
      : []),
  ]);
  return { ...closed(plain, ['type', 'action']), allOf: [...byAction, ...byType] };
}

/** JSON Schema's own keyword; such an object is data and never awaited. */
const consequence = 'then';
const when = (values: Readonly<Record<string, string>>, rules: JsonObject): JsonObject => ({
  if: {
    properties: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { const: value }])),
    required: Object.keys(values),
  },
  [consequence]: rules,
});

function definitionsOf({ rules, managed }: ResourceType, schema: TypeSchema): (readonly [string, JsonObject])[] {
  const settable = Object.entries(schema.properties).filter(
    ([name]) => managed && Object.hasOwn(rules.properties, name),
  );
  const properties = Object.fromEntries(
    settable.map(([name, property]) => [
      name,
      propertyOf(property, {
        schema,
        secret: rules.secretInput.includes(name),
        sensitive: rules.sensitive.includes(name),
      }),
    ]),
  );
  const readable = Object.entries({ ...schema.attributes, ...schema.properties }).filter(
    ([name]) => !rules.secretInput.includes(name),
  );
  return [
    [`${schema.type}.properties`, { ...closed(properties), description: schema.documentation }],
    [
      `${schema.type}.expect`,
      closed(
        Object.fromEntries(
          readable.map(([name, property]) => [name, propertyOf(property, { schema, secret: false, sensitive: false })]),
        ),
      ),
    ],
    ...Object.entries(schema.definitions).map(
      ([name, members]) =>
        [
          `${schema.type}.${name}`,
          closed(
            Object.fromEntries(
              Object.entries(members).map(([key, property]) => [
                key,
                propertyOf(property, { schema, secret: false, sensitive: false }),
              ]),
            ),
          ),
        ] as const,
    ),
  ];
}

interface About {
  readonly schema: TypeSchema;
  readonly secret: boolean;
  readonly sensitive: boolean;
}

function propertyOf(property: PropertySchema, about: About): JsonObject {
  const kind = about.secret
    ? ref('secret')
    : anyOf([
        ...kindsOf(property.type, property.values, about),
        ...(about.sensitive ? [ref('text')] : []),
        { type: 'null' },
        ...(property.type.kind === 'tags' ? [] : [ref('reference'), ref('any')]),
      ]);
  return { ...kind, ...(property.documentation === undefined ? {} : { description: property.documentation }) };
}

const anyOf = (options: readonly JsonObject[]): JsonObject => (options.length === 1 ? options[0]! : { anyOf: options });

function kindsOf(type: PropertyType, values: PropertySchema['values'], about: About): readonly JsonObject[] {
  switch (type.kind) {
    case 'list':
      return [{ type: 'array', items: anyOf([...kindsOf(type.element, values, about), ref('reference'), ref('any')]) }];
    case 'map':
      return [
        {
          type: 'object',
          additionalProperties: anyOf([...kindsOf(type.element, undefined, about), { type: 'null' }, ref('reference')]),
        },
      ];
    case 'object':
      return [ref(`${about.schema.type}.${type.definition}`)];
    case 'union':
      return type.types.flatMap((option) => kindsOf(option, values, about));
    case 'tags':
      return [ref('tags')];
    case 'json':
      return [{}];
    case 'boolean':
      return [{ type: 'boolean' }, { type: 'string', pattern: '^([tT][rR][uU][eE]|[fF][aA][lL][sS][eE])$' }];
    default: {
      if (values !== undefined)
        return [{ enum: values }, ...(typeof values[0] === 'number' ? [{ enum: values.map(String) }] : [])];
      if (type.kind === 'string') return [{ type: ['string', 'number', 'boolean'] }];
      return [
        { type: type.kind === 'integer' ? 'integer' : 'number' },
        { type: 'string', pattern: type.kind === 'integer' ? '^-?\\d+$' : '^-?\\d+(\\.\\d+)?$' },
      ];
    }
  }
}
