import { describe, expect, it } from '@jest/globals';
import {
  formatIdentity,
  identityParts,
  isAmong,
  mentions,
  nameIn,
  namesExactly,
  parseIdentity,
  remapIdentity,
  textsOf,
} from '../../src/domain/identity.ts';

describe('an identity', () => {
  it('is its parts, and their text again', () => {
    expect(identityParts('rtb-1|0.0.0.0/0')).toEqual(['rtb-1', '0.0.0.0/0']);
    expect(formatIdentity(['IGW', 'vpc-1'])).toBe('IGW|vpc-1');
    expect(parseIdentity('IGW|vpc-1', 2)).toEqual(['IGW', 'vpc-1']);
    for (const [text, count] of [
      ['IGW|vpc-1', 1],
      ['IGW', 2],
      ['IGW|', 2],
      ['', 1],
    ] as const)
      expect([text, parseIdentity(text, count)]).toEqual([text, null]);
  });

  it('is mentioned by its parts wherever they stand, and by nothing that only begins like it', () => {
    expect(mentions({ RouteTableId: 'rtb-1', DestinationCidrBlock: '0.0.0.0/0' }, 'rtb-1|0.0.0.0/0')).toBe(true);
    expect(mentions({ RouteTableId: 'rtb-1', DestinationCidrBlock: '10.0.0.0/8' }, 'rtb-1|0.0.0.0/0')).toBe(false);
    expect(mentions(['of i-1, second'], 'i-1')).toBe(true);
    expect(mentions({ Resource: 'arn:aws:s3:::files/*' }, 'files')).toBe(true);
    expect(mentions(['vpc-12'], 'vpc-1')).toBe(false);
    expect(mentions(['anything'], '')).toBe(false);
    expect(isAmong(textsOf({ a: { type: 'T', identity: 'IGW|vpc-1' } }), 'IGW|vpc-1')).toBe(true);
  });

  it('is named exactly where every part is a text of its own, or ends an ARN or path', () => {
    expect(namesExactly({ RouteTableId: 'rtb-1', DestinationCidrBlock: '0.0.0.0/0' }, 'rtb-1|0.0.0.0/0')).toBe(true);
    expect(namesExactly({ Name: 'arn:aws:rds:eu-west-1:1:db:Courses' }, 'courses')).toBe(true);
    expect(namesExactly({ RouteTableId: 'rtb-1' }, 'rtb-1|0.0.0.0/0')).toBe(false);
    expect(namesExactly({ Text: 'about rtb-1 and more' }, 'rtb-1')).toBe(false);
    expect(namesExactly({ Text: 'x' }, '')).toBe(false);
  });

  it('passes through a map of new identities part by part, or as a whole', () => {
    const map = new Map([
      ['rtb-1', 'rtb-2'],
      ['IGW|vpc-1', 'IGW|vpc-9'],
    ]);
    const remap = (text: string): string => map.get(text) ?? text;
    expect(remapIdentity('rtb-1|0.0.0.0/0', remap)).toBe('rtb-2|0.0.0.0/0');
    expect(remapIdentity('IGW|vpc-1', remap)).toBe('IGW|vpc-9');
    expect(remapIdentity('rtb-3', remap)).toBe('rtb-3');
  });

  it('stands in a fact as the name of a resource, and nothing else is one', () => {
    expect(nameIn({ type: 'AWS::EC2::Route', identity: 'rtb-1|::/0' })).toEqual({
      type: 'AWS::EC2::Route',
      identity: 'rtb-1|::/0',
    });
    for (const other of ['AWS::EC2::Instance i-1', null, undefined, { type: 'T' }, ['T', 'i']])
      expect(nameIn(other)).toBeUndefined();
  });
});
