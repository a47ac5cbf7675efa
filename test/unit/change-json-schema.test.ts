import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import { languageJsonSchema } from '../../src/language/json-schema.ts';
import { toLanguage } from '../../src/language/plain-json.ts';
import { isObject, type Json, type JsonObject } from '../../src/base/json.ts';
import { parse, standInTypes } from '../helpers/change-types.ts';
import { satisfies } from '../helpers/json-schema.ts';

const schema = languageJsonSchema(standInTypes, loadSchema);
const folder = fileURLToPath(new URL('../../fixtures/plans/good/', import.meta.url));
const plan = (entry: JsonObject): JsonObject => ({
  aiplan: 1,
  name: 'x',
  intent: 'x',
  target: { account: '123456789012', region: 'eu-west-1' },
  resources: { A: entry },
});
const valid = (entry: JsonObject): boolean => satisfies(schema, plan(entry));
const bucket = (fields: JsonObject): JsonObject => ({ type: 'AWS::S3::Bucket', ...fields });

describe('the JSON Schema of the language', () => {
  it.each(readdirSync(folder).filter((name) => !name.includes('.expected.')))('accepts %s', (name) => {
    const { changePlan } = parse(readFileSync(`${folder}${name}`, 'utf8'));
    expect(satisfies(schema, toLanguage(changePlan!))).toBe(true);
  });

  it.each<[string, JsonObject]>([
    ['no type', { action: 'read', id: 'a' }],
    ['an unknown type', { type: 'AWS::X::Y', action: 'read', id: 'a' }],
    ['an unknown field', bucket({ action: 'read', id: 'a', dependsOn: [] })],
    ['id and find', bucket({ action: 'read', id: 'a', find: { Tags: { a: 'b' } } })],
    ['neither id nor find', bucket({ action: 'read' })],
    ['a wildcard', bucket({ action: 'read', id: 'a*' })],
    ['a delete without reason', bucket({ action: 'delete', id: 'a' })],
    ['a delete by find', bucket({ action: 'delete', find: { Tags: { a: 'b' } }, reason: 'r' })],
    ['a create with id', bucket({ action: 'create', id: 'a', properties: { BucketName: 'a' } })],
    [
      'a create without what AWS requires',
      { type: 'AWS::EC2::SecurityGroup', action: 'create', properties: { VpcId: 'v' } },
    ],
    ['an unknown property', bucket({ action: 'update', id: 'a', properties: { Nonsense: 1 } })],
    ['a wrong value', bucket({ action: 'update', id: 'a', properties: { VersioningConfiguration: { Status: 'on' } } })],
    ['a tag without its key', bucket({ action: 'update', id: 'a', properties: { Tags: [{ Value: 'b' }] } })],
    ['reserved tags', bucket({ action: 'update', id: 'a', properties: { Tags: { 'aws:a': 'b' } } })],
    ['an empty update', bucket({ action: 'update', id: 'a', properties: {} })],
    [
      'a literal secret',
      { type: 'AWS::RDS::DBInstance', action: 'update', id: 'a', properties: { MasterUserPassword: 'x' } },
    ],
    ['a change of a type that is only read', { type: 'AWS::EC2::VPC', action: 'delete', id: 'a', reason: 'r' }],
    [
      'a replace without order',
      { type: 'AWS::EC2::Instance', action: 'replace', id: 'a', reason: 'r', properties: {} },
    ],
  ])('refuses %s', (_name, entry) => {
    expect(valid(entry)).toBe(false);
  });

  it('accepts what those lack', () => {
    expect(valid(bucket({ action: 'read', id: 'a' }))).toBe(true);
    expect(valid(bucket({ action: 'delete', id: 'a', reason: 'r' }))).toBe(true);
    expect(
      valid(bucket({ action: 'create', properties: { Tags: [{ Key: 'a', Value: { 'Fn::Sub': '${AWS::Region}' } }] } })),
    ).toBe(true);
    expect(
      valid(
        bucket({ action: 'create', properties: { BucketName: { 'Fn::Join': ['-', ['a', { Ref: 'AWS::Region' }]] } } }),
      ),
    ).toBe(true);
    expect(
      valid({
        type: 'AWS::RDS::DBInstance',
        action: 'update',
        id: 'a',
        properties: { MasterUserPassword: '{{resolve:secretsmanager:x:SecretString:y}}' },
      }),
    ).toBe(true);
    expect(
      valid(
        bucket({
          action: 'update',
          id: 'a',
          properties: { Tags: { a: 'b', c: null, d: { Ref: 'X' } }, VersioningConfiguration: { Status: 'Enabled' } },
        }),
      ),
    ).toBe(true);
    expect(
      valid({
        type: 'AWS::RDS::DBInstance',
        action: 'update',
        id: 'a',
        properties: { MasterUserPassword: { 'Fn::Env': 'X' }, Iops: '3000', MultiAZ: 'true' },
      }),
    ).toBe(true);
  });

  it("has every definition that it names, and AWS's own descriptions", () => {
    const definitions = schema['$defs'] as JsonObject;
    const named = new Set<string>();
    const visit = (value: Json | undefined): void => {
      if (Array.isArray(value)) value.forEach(visit);
      else if (isObject(value))
        for (const [key, item] of Object.entries(value)) {
          if (key === '$ref') named.add(String(item).replace('#/$defs/', ''));
          else visit(item);
        }
    };
    visit(schema);
    expect([...named].filter((name) => definitions[name] === undefined)).toEqual([]);
    expect(JSON.stringify(definitions['AWS::S3::Bucket.properties'])).toContain('canned access control list');
  });
});
