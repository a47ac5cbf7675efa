import { describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import type { PropertySchema, PropertyType, TypeSchema } from '../../src/domain/schema.ts';

const TYPES = [
  'AWS::RDS::DBInstance',
  'AWS::RDS::DBSubnetGroup',
  'AWS::RDS::DBParameterGroup',
  'AWS::EC2::Instance',
  'AWS::EC2::Volume',
  'AWS::EC2::SecurityGroup',
  'AWS::EC2::VPC',
  'AWS::EC2::Subnet',
  'AWS::S3::Bucket',
];

const load = (type: string): TypeSchema => {
  const schema = loadSchema(type);
  if (schema === undefined) throw new Error(`${type} was not extracted`);
  return schema;
};

function* definitionsNamed(type: PropertyType): Generator<string> {
  if (type.kind === 'object') yield type.definition;
  else if (type.kind === 'list' || type.kind === 'map') yield* definitionsNamed(type.element);
  else if (type.kind === 'union') for (const option of type.types) yield* definitionsNamed(option);
}

describe('the extracted schemas', () => {
  it.each(TYPES)('%s is whole: identity, tags, and every definition that is named', (type) => {
    const schema = load(type);
    expect(schema.type).toBe(type);
    expect(schema.documentation).not.toBe('');
    expect(schema.primaryIdentifier).toHaveLength(1);
    expect(schema.tagProperty).toBe('Tags');
    expect(schema.properties['Tags']?.type).toEqual({ kind: 'tags' });
    const all: PropertySchema[] = [
      ...Object.values(schema.properties),
      ...Object.values(schema.attributes),
      ...Object.values(schema.definitions).flatMap((members) => Object.values(members)),
    ];
    for (const { type: found, documentation } of all) {
      for (const name of definitionsNamed(found)) expect(schema.definitions).toHaveProperty([name]);
      expect(documentation ?? '').not.toMatch(/\n|\]\(|`/u);
      expect((documentation ?? '').length).toBeLessThanOrEqual(200);
    }
  });

  it('knows what the registry database lacks: allowed values', () => {
    expect(load('AWS::S3::Bucket').definitions['VersioningConfiguration']?.['Status']?.values).toEqual([
      'Enabled',
      'Suspended',
    ]);
    expect(load('AWS::EC2::Volume').properties['VolumeType']?.values).toContain('gp3');
    expect(load('AWS::RDS::DBInstance').properties['MonitoringInterval']?.values).toEqual([0, 1, 5, 10, 15, 30, 60]);
    expect(load('AWS::EC2::Instance').definitions['MetadataOptions']?.['HttpTokens']?.values).toEqual([
      'optional',
      'required',
    ]);
  });

  it('keeps what the registry says: required, replacement, relations, statefulness', () => {
    const database = load('AWS::RDS::DBInstance');
    expect(database.stateful).toBe(true);
    expect(database.properties['DBName']?.replacement).toBe('yes');
    expect(database.properties['MultiAZ']?.replacement).toBe('maybe');
    expect(database.properties['DBInstanceClass']?.replacement).toBeUndefined();
    expect(database.properties['VPCSecurityGroups']?.refers).toEqual([
      { type: 'AWS::EC2::SecurityGroup', property: 'Id' },
    ]);
    expect(load('AWS::EC2::SecurityGroup').properties['GroupDescription']?.required).toBe(true);
    expect(database.attributes).toHaveProperty(['Endpoint.Address']);
  });

  it('answers undefined for what was not extracted, and never looks outside of its folder', () => {
    for (const type of [
      'AWS::Lambda::Function',
      'AWS::S3',
      '../../package',
      'AWS::S3::../../x',
      'source',
      '',
      'constructor',
    ])
      expect(loadSchema(type)).toBeUndefined();
  });

  it('reads a type once', () => {
    expect(loadSchema('AWS::S3::Bucket')).toBe(loadSchema('AWS::S3::Bucket'));
  });
});
