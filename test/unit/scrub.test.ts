import { describe, expect, it } from '@jest/globals';
import { redacted } from '../../src/domain/redact.ts';
import { scrub, scrubbed } from '../../src/plan/steps/scrub.ts';
import { resolveSecrets } from '../../src/plan/steps/secrets.ts';

const secret = 'p@ss "w<ö>rd" & \'4711\'/+x';
const upper = encodeURIComponent(secret);
const strict = upper.replaceAll("'", '%27');
const lower = (text: string): string => text.replaceAll(/%[0-9A-F]{2}/gu, (code) => code.toLowerCase());
const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
const escaped = (double: string, single: string): string =>
  secret
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', double)
    .replaceAll("'", single);

/** No run of eight characters of any of the forms may be left. */
const leaks = (text: string, form: string): boolean =>
  Array.from({ length: Math.max(1, form.length - 7) }, (_, at) => form.slice(at, at + 8)).some((part) =>
    text.includes(part),
  );

describe('a secret that an answer echoes', () => {
  it.each<[string, string]>([
    ['raw', secret],
    ['percent-encoded', strict],
    ['percent-encoded in lower case', lower(strict)],
    ['percent-encoded as encodeURIComponent does', upper],
    ['form-encoded', strict.replaceAll('%20', '+')],
    ['form-encoded in lower case', lower(strict).replaceAll('%20', '+')],
    ['escaped for JSON', JSON.stringify(secret).slice(1, -1)],
    ['escaped for JSON in JSON', JSON.stringify(JSON.stringify(secret)).slice(3, -3)],
    ['escaped for XML', escaped('&quot;', '&apos;')],
    ['escaped for HTML', escaped('&#34;', '&#39;')],
    ['escaped for HTML as Python does', escaped('&quot;', '&#x27;')],
    ['base64', base64(secret)],
    ['base64, percent-encoded', encodeURIComponent(base64(secret))],
    ['base64 for addresses', base64(secret).replaceAll('+', '-').replaceAll('/', '_')],
    ['JSON, percent-encoded', encodeURIComponent(JSON.stringify({ P: secret }))],
    ...[0, 1, 2].map((offset): [string, string] => [
      `base64 after ${offset} bytes`,
      base64(`${'.'.repeat(offset)}${secret}${'.'.repeat(offset)}`),
    ]),
  ])('%s is taken out', (_name, form) => {
    const text = scrub(`bad request: Action=X&Password=${form}&Next=1`, [secret]);
    const within = base64(secret).slice(4, 20);
    expect(text).toContain('(secret)');
    expect(text).toMatch(/^bad request: Action=X&Password=/u);
    for (const part of [secret, strict, within]) expect(leaks(text, part)).toBe(false);
  });
  it('is taken out where only a part of at least eight characters stands there', () => {
    expect(scrub(`begins with ${secret.slice(0, 8)}…`, [secret])).toBe('begins with (secret)…');
    expect(scrub(`ends with ${secret.slice(-8)}`, [secret])).toBe('ends with (secret)');
    expect(scrub('nothing of it', [secret])).toBe('nothing of it');
    expect(scrub('x abc y', ['abc'])).toBe('x abc y');
  });
  it('leaves the ids that AWS assigned, unless it stands in one as a whole', () => {
    expect(scrubbed({ Id: 'i-0123456789abcdef0', Text: '0123456789' }, ['x 0123456789abcdef0'])).toEqual({
      Id: 'i-0123456789abcdef0',
      Text: '(secret)',
    });
    expect(scrubbed('arn:aws:x:hunter2222', ['hunter2222'])).toBe('arn:aws:x:(secret)');
  });
});

describe('sensitive texts of an input', () => {
  const ports = {
    vault: { readSecret: () => Promise.resolve('') },
    secrets: { resolve: () => Promise.resolve('correct horse'), check: () => Promise.resolve(null) },
  } as unknown as Parameters<typeof resolveSecrets>[1];
  it('are those of secrets and of every field that is masked, in both forms of user data', async () => {
    const script = '#!/bin/sh\nexport DB_PASSWORD=UDSECRET-4711-xyz\n';
    const input = {
      UserData: base64(script),
      Other: { Script: { $bytes: 'rm -rf /data' } },
      Password: { $secret: { env: 'A' } },
      Plain: 'InstanceType',
    };
    const { texts } = await resolveSecrets(input, ports, new Set(['Script']));
    expect([...texts].sort()).toEqual([base64(script), script, 'correct horse', 'rm -rf /data'].sort());
    const message = scrub(`bad: ${encodeURIComponent(base64(script))} ${script} InstanceType correct+horse`, texts);
    expect(message).not.toMatch(/4711|correct|export/u);
    expect(message).toContain('InstanceType');
    expect(redacted(input, new Set(['Script']))).toMatchObject({ Plain: 'InstanceType' });
  });
});
