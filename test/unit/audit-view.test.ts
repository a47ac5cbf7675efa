import { describe, expect, it } from '@jest/globals';
import { filterEvents, type AuditFilter } from '../../src/audit/filter.ts';
import { auditEvents } from '../../src/audit/view.ts';
import type { AuditEntry, AuditEvent, AuditRecord } from '../../src/domain/records/audit.ts';
import { auditRows, took } from '../../src/views/run/audit-rows.ts';
import { plainText } from '../../src/views/base/rows.ts';
import { rowsToText } from '../../src/views/base/text.ts';
import { filterOf, timeOf } from '../../src/cli/audit/audit-reading.ts';
import { digestedPlan, sampleLogs, sampleRun } from '../helpers/audit-samples.ts';
import { createBucket } from '../helpers/sample-plan.ts';

const plan = digestedPlan();
const site = digestedPlan([createBucket], {
  name: 'site',
  target: { ...plan.target, caller: 'arn:aws:sts::123456789012:assumed-role/Deploy/grace' },
});
const actor = { by: 'grace', host: 'desk', agent: 'Claude Code' } as const;
const refusal: AuditEntry = {
  kind: 'refused',
  ...actor,
  target: plan.target,
  plan: plan.digest,
  code: 'confirmation-missing',
  message: 'this terminal belongs to Claude Code\u001b[2J',
  command: 'apply',
};
const calls: AuditEntry[] = [
  {
    kind: 'called',
    ...actor,
    target: plan.target,
    run: 'setup',
    step: 'capture bucket',
    call: 1,
    operation: 's3:CreateBucket',
    identity: 'captures',
    state: 'sent',
    requestId: null,
    milliseconds: null,
    code: null,
    message: null,
  },
  {
    kind: 'called',
    ...actor,
    target: plan.target,
    run: 'setup',
    step: 'capture bucket',
    call: 1,
    operation: 's3:CreateBucket',
    identity: 'captures',
    state: 'lost',
    requestId: null,
    milliseconds: 90_500,
    code: 'TimeoutError',
    message: 'no answer',
  },
];
const runs = [sampleRun(plan, 1), sampleRun(site, 2)];
const logs = sampleLogs(runs, [refusal, ...calls]);
const events = auditEvents(logs);
const kinds = (filter: AuditFilter): readonly string[] =>
  filterEvents(events, filter, logs).map(({ kind, run, step }) =>
    [kind, run?.slice(13, 15), step].filter((part) => part != null).join(' '),
  );
const text = auditRows(events).map(plainText).join('\n');

describe('the events of all logs', () => {
  it('are one list in the order of time, each call once with its outcome', () => {
    expect(events.map(({ at }) => at)).toEqual(events.map(({ at }) => at).toSorted());
    expect(
      events
        .filter(({ kind }) => kind === 'call')
        .map(({ detail, by, run, plan: digest }) => [
          by,
          run,
          digest,
          detail['operations'],
          detail['requestId'],
          detail['ok'],
        ]),
    ).toEqual([
      ['grace', 'setup', null, ['s3:CreateBucket'], null, false],
      ...runs.flatMap((run, index) =>
        run.plan.steps
          .flatMap((step) => step.calls)
          .map((name, call) => ['ada', run.run, run.plan.digest, [name], `request-${index + 1}-${call + 1}`, true]),
      ),
    ]);
  });

  it('hold no secret, whatever a journal held', () => {
    expect(JSON.stringify(logs)).toContain('canary-password');
    expect(JSON.stringify(events)).not.toContain('canary-password');
  });

  it('are filtered by run, with the review that it came from', () => {
    expect(kinds({ run: runs[1]!.run })).toEqual([
      'planned',
      'reviewed',
      'run-began 02',
      'run-ended 02',
      'call 02 SiteBucket',
      'step 02 SiteBucket',
    ]);
    expect(kinds({ run: '20200101-000000-ffff' })).toEqual([]);
  });

  it('are filtered by resource: identity or address', () => {
    const ofDatabase = [
      'planned',
      'reviewed',
      'run-began 01',
      'run-ended 01',
      'refused',
      'call 01 CoursesDb',
      'call 01 CoursesDb',
      'step 01 CoursesDb',
    ];
    expect(kinds({ resource: ['courses-prod'] })).toEqual(ofDatabase);
    expect(kinds({ resource: ['CoursesDb'] })).toEqual(ofDatabase);
    expect(kinds({ resource: ['captures'] })).toEqual(['call  capture bucket']);
    expect(kinds({ resource: ['courses'] })).toEqual([]);
  });

  it('are filtered by person: login, approver, caller or the last part of its ARN, agent host', () => {
    expect(kinds({ by: 'grace' })).toContain('refused');
    expect(kinds({ by: 'grace' })).toContain('call 02 SiteBucket');
    expect(kinds({ by: 'arn:aws:iam::123456789012:user/alexey' })).toContain('call 01 CoursesDb');
    expect(kinds({ by: 'Claude Code' })).toEqual(['refused', 'call  capture bucket']);
    expect(kinds({ by: 'nobody' })).toEqual([]);
    expect(kinds({ by: 'exey' })).toEqual([]);
  });

  it('are filtered by time, and conditions add up', () => {
    const since = Date.parse('2026-02-26T23:15:08.000Z');
    expect(kinds({ since, until: since })).toEqual(['refused']);
    expect(kinds({ since, run: runs[0]!.run, resource: ['CoursesDb'] })).toEqual([
      'refused',
      'call 01 CoursesDb',
      'call 01 CoursesDb',
      'step 01 CoursesDb',
    ]);
  });
});

describe('the timeline', () => {
  it('says who, what was typed on which card, every call with its request id, and every refusal', () => {
    expect(text).toMatch(
      /^2026-02-26 23:15:01  approved  shared-platform-move [0-9a-f]{12}\n +typed by ada, 2 confirmations\n/mu,
    );
    expect(text).toContain('by ada on laptop, as arn:aws:iam::123456789012:user/alexey');
    expect(text).toMatch(/CoursesDb: typed "courses-prod" at 22:45:00, card 1{12}/u);
    expect(text).toMatch(
      /call {6}rds:DeleteDBInstance courses-prod ok 1\.2 s\n +CoursesDb, run 20260226-231501-a1b2, request request-1-4/u,
    );
    expect(text).toMatch(/REFUSED {3}confirmation-missing aiplan apply [0-9a-f]{12}\n +this terminal belongs/u);
    expect(text).toContain('(under Claude Code)');
    expect(text).toMatch(
      /s3:CreateBucket captures ANSWER LOST 1 min 30 s\n +TimeoutError: no answer\n +capture bucket, of setup/u,
    );
    expect(text).toContain('claims agent: "an agent"');
  });

  it('tells apart that an approval was signed, and that it counted: with whose key', () => {
    const reviewed = logs.audit.find(({ kind }) => kind === 'reviewed') as Extract<AuditRecord, { kind: 'reviewed' }>;
    const shown = (record: Extract<AuditRecord, { kind: 'reviewed' }>): readonly string[] =>
      auditRows(auditEvents({ ...logs, audit: [record], journals: [] }))
        .map(plainText)
        .slice(2, 6);
    expect(shown({ ...reviewed, tier: 'T1', why: 'signed with /home/ada/key' })).toEqual([
      expect.stringMatching(/ signed {4}shared-platform-move [0-9a-f]{12}$/u),
      `${' '.repeat(23)}signed with /home/ada/key, 2 confirmations`,
      expect.stringContaining('by ada on laptop'),
      expect.stringContaining('typed'),
    ]);
    expect(
      shown({
        ...reviewed,
        tier: 'T1',
        approver: 'ada@example.org',
        signer: { principal: 'ada@example.org', fingerprint: 'SHA256:abc', line: 'x' },
        kept: 'x',
      }),
    ).toEqual([
      expect.stringMatching(/ approved /u),
      `${' '.repeat(23)}signed by ada@example.org, 2 confirmations`,
      `${' '.repeat(23)}key SHA256:abc`,
      expect.stringContaining('by ada on laptop'),
    ]);
    expect(shown({ ...reviewed, decision: 'declined', why: 'Esc' })[0]).toMatch(
      / DECLINED {2}shared-platform-move .*: Esc$/u,
    );
  });

  it('fits 80 columns: how a call ended stands on its first line, and nothing hangs under the time', () => {
    const wrapped = rowsToText(auditRows(events), { width: 80, color: false }).split('\n').slice(2, -1);
    expect(wrapped.filter((line) => !/^(?:2026-02-26 \d\d:\d\d:\d\d  | {23})/u.test(line))).toEqual([]);
    expect(wrapped.filter((line) => / call /u.test(line)).every((line) => /ok|LOST/u.test(line))).toBe(true);
  });

  it('tells of a plan that is put before somebody again, and of the run only where it changes', () => {
    const twice = auditRows([...events.slice(0, 1), ...events.slice(0, 1)]).map(plainText);
    expect(twice.filter((line) => line.includes('claims'))).toHaveLength(1);
    expect(twice.at(-2)).toMatch(/again: 4 steps$/u);
    const done = text.split('\n').filter((line) => / done /u.test(line));
    expect(done).toHaveLength(4);
    const [one, other] = ['CoursesDb', 'SiteBucket'].map((step) =>
      events.find((event) => event.kind === 'step' && event.step === step && event.run !== null)!,
    ) as [AuditEvent, AuditEvent];
    expect(
      auditRows([one, { ...other, run: runs[1]!.run }])
        .map(plainText)
        .slice(2)
        .every((line) => line.includes(' run ')),
    ).toBe(true);
  });

  it('is safe on a screen, whatever stands in the logs', () => {
    expect(text).not.toContain('\u001b');
    expect(text).toContain('\\u{1b}[2J');
  });

  it('tells of a damaged journal where its run began', () => {
    const damaged = {
      ...logs,
      journals: [{ run: runs[0]!.run, path: '/x', records: null, problem: 'it is not JSON' }],
    };
    expect(auditRows(auditEvents(damaged)).map(plainText).join('\n')).toMatch(
      new RegExp(`DAMAGED   run ${runs[0]!.run}\\n +it is not JSON \\(/x\\)`, 'u'),
    );
  });

  it('shows durations in their own unit', () => {
    expect([0, 340, 1234, 59_999, 245_000].map(took)).toEqual(['0 ms', '340 ms', '1.2 s', '60.0 s', '4 min 05 s']);
  });
});

describe('times on the command line', () => {
  const now = Date.parse('2026-02-26T12:00:00Z');
  it.each([
    ['2026-02-26', '2026-02-26T00:00:00.000Z'],
    ['2026-02-26T23:15', '2026-02-26T23:15:00.000Z'],
    ['2026-02-26 23:15:01', '2026-02-26T23:15:01.000Z'],
    ['2026-02-26T23:15:00+02:00', '2026-02-26T21:15:00.000Z'],
    ['90m', '2026-02-26T10:30:00.000Z'],
    ['7d', '2026-02-19T12:00:00.000Z'],
  ])('%s', (given, wanted) => {
    expect(new Date(timeOf(given, now)).toISOString()).toBe(wanted);
  });
  it.each(['yesterday', '26.02.2026', '2026-13-01', '', '-1d', '7y'])('refuses "%s"', (given) => {
    expect(() => filterOf({ since: given }, now)).toThrow(expect.objectContaining({ code: 'bad-time' }));
  });
});
