import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { decodedUserData } from '../../providers/ec2/instance/rules/encoded-user-data.ts';
import { instanceRules } from '../../providers/ec2/instance/rules/rules.ts';

const encode = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
const scripts = [
  '#!/bin/bash\necho hello\n',
  '#cloud-config\npackages: [nginx]\n',
  '#cloud-boothook\necho hello',
  'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"\n\n--x--\n',
  'Content-Type: multipart/mixed; boundary="x"\nMIME-Version: 1.0\n',
  '<powershell>\nWrite-Host hello\n</powershell>',
  '#include\nhttps://example.com/a',
  '## template: jinja\n#cloud-config\n{}',
];

describe('user data in base64', () => {
  it.each(scripts)('is decoded: %j', (script) => {
    expect(decodedUserData(encode(script))).toEqual({ text: script });
    expect(decodedUserData(`${encode(script).replaceAll(/(.{20})/gu, '$1\n')}\n`)).toEqual({ text: script });
    expect(instanceRules.canonical?.({ UserData: encode(script), InstanceType: 't3.micro' })).toEqual({
      UserData: script,
      InstanceType: 't3.micro',
    });
  });
  it('is refused where gzip is in it, which nobody could read on a card', () =>
    expect(decodedUserData(gzipSync('#!/bin/sh\n').toString('base64'))).toBe('binary'));
});

describe('any other text is what the instance gets', () => {
  it.each([...scripts, '', 'hello', 'aGVsbG8=', 'deadbeefdeadbeef', 'echo aGVsbG8gd29ybGQgYW5kIG1vcmU='])(
    '%j',
    (text) => expect(decodedUserData(text)).toBeNull(),
  );
  it('whatever an author writes: only what a script begins with is decoded', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), (text) => {
        const decoded = decodedUserData(text);
        expect(
          decoded === null ||
            decoded === 'binary' ||
            Buffer.from(decoded.text, 'utf8').toString('base64') === text.replaceAll(/\s/gu, ''),
        ).toBe(true);
      }),
      { seed: 20260226, numRuns: 500 },
    );
  });
});
