import { describe, expect, it } from '@jest/globals';
import { denies, isPublic, like, type PolicyRequest } from '../../src/sandbox/proxy/s3/policy-evaluation.ts';
import { actionOf } from '../../src/sandbox/proxy/s3/policy.ts';

const request: PolicyRequest = {
  action: 's3:PutObject',
  resource: 'arn:aws:s3:::b/k',
  caller: 'arn:aws:sts::123456789012:assumed-role/apply/session',
  account: '123456789012',
  keys: new Map([['s3:x-amz-acl', 'public-read']]),
};
const deny = (statement: object, asked: Partial<PolicyRequest> = {}): boolean =>
  denies(
    JSON.stringify({ Statement: [{ Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: '*', ...statement }] }),
    { ...request, ...asked },
  );

describe('a bucket policy denies', () => {
  it.each([
    ['everything', {}, true],
    ['by action, whatever its case', { Action: 'S3:putobject' }, true],
    ['by a pattern of actions', { Action: ['s3:Get*', 's3:P?tObject'] }, true],
    ['not by another action', { Action: 's3:GetObject' }, false],
    ['by everything but an action', { Action: undefined, NotAction: 's3:Get*' }, true],
    ['not what NotAction names', { Action: undefined, NotAction: 's3:Put*' }, false],
    ['by object', { Resource: ['arn:aws:s3:::b/*'] }, true],
    ['not the bucket itself by its objects', { Resource: 'arn:aws:s3:::b' }, false],
    ['everything but a resource', { Resource: undefined, NotResource: 'arn:aws:s3:::other/*' }, true],
    ['the account', { Principal: { AWS: '123456789012' } }, true],
    ['the root of the account', { Principal: { AWS: ['arn:aws:iam::123456789012:root'] } }, true],
    ['the role of a session', { Principal: { AWS: 'arn:aws:iam::123456789012:role/apply' } }, true],
    ['not another role', { Principal: { AWS: 'arn:aws:iam::123456789012:role/other' } }, false],
    ['not a service', { Principal: { Service: 'logging.s3.amazonaws.com' } }, false],
    [
      'all but a principal',
      { Principal: undefined, NotPrincipal: { AWS: 'arn:aws:iam::123456789012:role/other' } },
      true,
    ],
    ['on a header', { Condition: { StringEquals: { 's3:x-amz-acl': ['private', 'public-read'] } } }, true],
    ['not on another header', { Condition: { StringEquals: { 's3:x-amz-acl': 'private' } } }, false],
    [
      'where a key is missing that must not be equal',
      { Condition: { StringNotEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' } } },
      true,
    ],
    [
      'not where a key is missing that must be equal',
      { Condition: { StringEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' } } },
      false,
    ],
    [
      'where a key is missing and that is enough',
      { Condition: { StringEqualsIfExists: { 's3:x-amz-server-side-encryption': 'aws:kms' } } },
      true,
    ],
    ['where a key is null', { Condition: { Null: { 's3:x-amz-server-side-encryption': 'true' } } }, true],
    ['not over TLS what is only denied without', { Condition: { Bool: { 'aws:SecureTransport': 'false' } } }, false],
    [
      'all roles but one',
      { Condition: { ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::123456789012:role/break-*' } } },
      true,
    ],
    [
      'not the one role',
      { Condition: { ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::123456789012:role/app*' } } },
      false,
    ],
    [
      'only where all conditions hold',
      { Condition: { StringEquals: { 's3:x-amz-acl': 'public-read' }, Bool: { 'aws:SecureTransport': 'false' } } },
      false,
    ],
    ['nothing by an Allow', { Effect: 'Allow' }, false],
  ])('%s', (_, statement, expected) => expect(deny(statement)).toBe(expected));

  it('with patterns that are not regular expressions', () => {
    expect([like('a.c', 'abc'), like('a+b(*)', 'a+b(x)'), like('a*', 'a\nb')]).toEqual([false, true, true]);
  });
});

describe('a bucket policy is public', () => {
  const open = (statement: object): boolean =>
    isPublic(
      JSON.stringify({
        Statement: { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: '*', ...statement },
      }),
    );
  it.each([
    ['where everybody is allowed', {}, true],
    ['spelled otherwise', { Principal: { AWS: ['*'] } }, true],
    ['not where everybody is denied', { Effect: 'Deny' }, false],
    ['not for one account', { Principal: { AWS: '123456789012' } }, false],
    ['not from one organisation', { Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } } }, false],
    ['for everybody who sends a referer', { Condition: { StringLike: { 'aws:Referer': 'x' } } }, true],
  ])('%s', (_, statement, expected) => expect(open(statement)).toBe(expected));
});

it('knows the actions that are not called like their operation', () => {
  expect([
    actionOf('CopyObject', false),
    actionOf('HeadObject', true),
    actionOf('DeleteObject', true),
    actionOf('ListObjectsV2', false),
    actionOf('DeleteBucketLifecycle', false),
    actionOf('PutBucketVersioning', false),
  ]).toEqual([
    's3:PutObject',
    's3:GetObjectVersion',
    's3:DeleteObjectVersion',
    's3:ListBucket',
    's3:PutLifecycleConfiguration',
    's3:PutBucketVersioning',
  ]);
});
