import { describe, expect, it } from '@jest/globals';
import { AwsError, UserError, type AwsErrorKind } from '../../src/base/error.ts';
import { noHistory } from '../../src/cli/audit/no-history.ts';

const refused = (code: string, kind: AwsErrorKind): AwsError =>
  new AwsError({ code, kind, operation: 'cloudtrail:LookupEvents', message: 'no \u001b[31mway', executed: 'no' });

describe('an event history that could not be asked', () => {
  it.each<[string, string, AwsErrorKind, string | null, RegExp]>([
    [
      'of a sandbox',
      'UnknownOperation',
      'unknown',
      'http://127.0.0.1:4000',
      /keep no event history.*without --endpoint.*audit verify/u,
    ],
    ['that is denied', 'AccessDenied', 'denied', null, /allow cloudtrail:LookupEvents.*audit verify/u],
    ['with expired credentials', 'ExpiredToken', 'expired', null, /renew the credentials/u],
    ['that is throttled', 'Throttling', 'throttled', null, /later/u],
  ])('%s is said plainly, with what to do', (_title, code, kind, endpoint, help) => {
    const error = noHistory(refused(code, kind), endpoint) as UserError;
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ code: 'no-event-history', help: expect.stringMatching(help) });
    expect(error.message).toContain(`nothing was compared: cloudtrail:LookupEvents answered ${code}: no `);
    expect(error.message).not.toContain('\u001b');
    expect(error.message.includes('http://127.0.0.1:4000')).toBe(endpoint !== null);
  });

  it('is nothing else', () => {
    const other = new UserError('unexpected-answer', 'CloudTrail gave the same page twice');
    expect(noHistory(other, null)).toBe(other);
  });
});
