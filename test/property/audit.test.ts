import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isDataEvent, isLoggedAs } from '../../providers/aws/services/index.ts';
import { reconcile } from '../../src/audit/reconcile.ts';
import { lineDigest, verifyAudit, type VerifiedLogs } from '../../src/audit/verify.ts';
import { canonical } from '../../src/base/digest.ts';
import type { AuditRecord } from '../../src/domain/records/audit.ts';
import type { LoggedCall, TrailEvent } from '../../src/domain/records/audit-report.ts';
import { chained, digestedPlan, rechained, sampleLogs, sampleRun } from '../helpers/audit-samples.ts';
import { createBucket, deleteDatabase, grantStep } from '../helpers/sample-plan.ts';

const seed = Number(process.env['AIPLAN_SEED'] ?? 20_260_226);
const runs = Number(process.env['AIPLAN_RUNS'] ?? 120);
const options = { seed, numRuns: runs };

const plans = [
  digestedPlan(),
  digestedPlan([deleteDatabase], { name: 'one' }),
  digestedPlan([createBucket, grantStep], { name: 'two' }),
];
const anyLogs = fc.constantFrom(
  ...[[0], [1], [2], [0, 1], [2, 2], [1, 2, 0]].map((some) =>
    sampleLogs(some.map((which, index) => sampleRun(plans[which]!, index + 1))),
  ),
);
const broken = (logs: VerifiedLogs, expectHead?: string): readonly string[] =>
  verifyAudit(logs, {
    whereOf: String,
    approvalPlace: String,
    settledPlace: String,
    ...(expectHead === undefined ? {} : { expectHead }),
  }).broken.map(({ code }) => code);

/** One change to a list that leaves it another list. */
type Tampering = { readonly how: 'drop' | 'double' | 'swap' | 'edit'; readonly at: number };
const anyTampering = fc.record({
  how: fc.constantFrom('drop', 'double', 'swap', 'edit'),
  at: fc.nat(),
}) as fc.Arbitrary<Tampering>;
function tampered<Item extends object>(list: readonly Item[], { how, at }: Tampering): readonly Item[] {
  const place = at % list.length;
  const item = list[place]!;
  if (how === 'drop') return list.toSpliced(place, 1);
  if (how === 'double') return list.toSpliced(place, 0, item);
  if (how === 'edit') return list.with(place, { ...item, note: 'edited' });
  const next = (place + 1) % list.length;
  return list.with(place, list[next]!).with(next, item);
}

describe('audit verify', () => {
  it(`sees every change of the audit log whose chain was not made anew (seed ${seed})`, () => {
    fc.assert(
      fc.property(anyLogs, anyTampering, (logs, tampering) => {
        const last = logs.audit.length - 1;
        const audit = tampered(logs.audit, tampering);
        const cutEnd = tampering.how === 'drop' && tampering.at % logs.audit.length === last;
        const head = lineDigest(logs.audit[last]!);
        // The last record alone is vouched for by nothing that follows it, but by the head, and by the journals where
        // they end later.
        if (!cutEnd && !(tampering.how === 'edit' && tampering.at % logs.audit.length === last))
          expect(broken({ ...logs, audit })).not.toEqual([]);
        expect(broken({ ...logs, audit }, head)).not.toEqual([]);
      }),
      options,
    );
  });

  it(`sees every change of the audit log by the head that was noted, also when the chain was made anew (seed ${seed})`, () => {
    fc.assert(
      fc.property(anyLogs, anyTampering, (logs, tampering) => {
        const entries = tampered(logs.audit, tampering).map(({ seq: _seq, prev: _prev, at: _at, ...entry }) => entry);
        const audit = chained(entries, '2026-02-26T23:15:00.000Z') as AuditRecord[];
        // A log that only grew is no other log.
        fc.pre(canonical(audit.slice(0, logs.audit.length)) !== canonical(logs.audit));
        expect(broken({ ...logs, audit }, lineDigest(logs.audit.at(-1)!))).toContain('audit-cut');
      }),
      options,
    );
  });

  it(`sees every change of a journal, also when its chain was made anew, and blames no other (seed ${seed})`, () => {
    fc.assert(
      fc.property(anyLogs, fc.nat(), anyTampering, (logs, which, tampering) => {
        const place = which % logs.journals.length;
        const journal = logs.journals[place]!;
        const changed = rechained(journal, (entries) => tampered(entries, tampering));
        fc.pre(changed.records !== null && lineDigest(changed.records.at(-1)!) !== lineDigest(journal.records.at(-1)!));
        const verdict = verifyAudit(
          { ...logs, journals: logs.journals.with(place, changed as typeof journal) },
          { whereOf: String, approvalPlace: String, settledPlace: String },
        );
        expect(verdict.broken).not.toEqual([]);
        expect(
          verdict.broken.filter(({ where }) => where.startsWith('/store/') && !where.startsWith(journal.path)),
        ).toEqual([]);
      }),
      options,
    );
  });

  it(`sees that a journal was taken away, or put in (seed ${seed})`, () => {
    fc.assert(
      fc.property(anyLogs, fc.nat(), (logs, which) => {
        const place = which % logs.journals.length;
        expect(broken({ ...logs, journals: logs.journals.toSpliced(place, 1) })).toEqual(['journal-missing']);
        const stranger = { ...logs.journals[place]!, run: '20260226-000000-ffff', path: '/store/runs/stranger' };
        expect(broken({ ...logs, journals: [...logs.journals, stranger] })).toEqual(
          expect.arrayContaining(['journal-foreign', 'journal-unknown', 'approval-replayed']),
        );
      }),
      options,
    );
  });
});

describe('audit reconcile', () => {
  const began = Date.parse('2026-02-26T23:15:00Z');
  const now = began + 86_400_000;
  const operations = [
    'rds:DeleteDBInstance',
    'ec2:RunInstances',
    'ec2:TerminateInstances',
    's3:PutBucketPolicy',
    's3:PutBucketLifecycleConfiguration',
  ] as const;
  const anyCall = fc.record({
    operation: fc.constantFrom(...operations),
    answered: fc.boolean(),
    run: fc.constantFrom('20260226-231501-a1b2', '20260226-231502-b2c3'),
    identity: fc.constantFrom('courses-prod', 'i-0aaa', 'site'),
  });
  const anyCalls = fc.array(anyCall, { maxLength: 12 }).map((some) =>
    some.map(({ operation, answered, run, identity }, index): LoggedCall => ({
      run,
      step: identity,
      call: index + 1,
      seq: index + 1,
      at: new Date(began + index * 1000).toISOString(),
      purpose: 'change',
      why: '',
      operations: [operation],
      count: 1,
      identity,
      retry: 'absolute',
      input: {},
      outcome: {
        at: new Date(began + index * 1000 + 500).toISOString(),
        ok: answered,
        requestId: answered ? `request-${index}` : null,
        milliseconds: 500,
        code: null,
        message: null,
        executed: answered ? 'yes' : 'unknown',
        partial: null,
      },
    })),
  );
  /** What CloudTrail would have of a call. */
  const shown = (call: LoggedCall): TrailEvent => {
    const [service = '', name = ''] = call.operations[0]!.split(':');
    return {
      id: `event-${call.call}`,
      at: call.at,
      source: `${service}.amazonaws.com`,
      name,
      requestId: call.outcome?.requestId ?? `unseen-${call.call}`,
      principal: 'arn:x',
      service: null,
      sourceIp: null,
      userAgent: `sdk aiplan/0.1.0 run/${call.run}`,
      errorCode: null,
      errorMessage: null,
      resources: [call.identity ?? ''],
    };
  };
  const anyOther = fc.record({
    operation: fc.constantFrom(...operations),
    agent: fc.constantFrom('aws-cli/2', 'sdk aiplan/0.1.0 run/20260226-231501-a1b2'),
    error: fc.constantFrom(null, 'AccessDenied'),
    service: fc.constantFrom(null, 'autoscaling.amazonaws.com'),
    offset: fc.nat(20_000),
    resource: fc.constantFrom('courses-prod', 'blog'),
  });
  const others = fc.array(anyOther, { maxLength: 8 }).map((some) =>
    some.map(({ operation, agent, error, service, offset, resource }, index): TrailEvent => {
      const [source = '', name = ''] = operation.split(':');
      return {
        id: `other-${index}`,
        at: new Date(began + offset).toISOString(),
        source: `${source}.amazonaws.com`,
        name,
        requestId: `other-${index}`,
        principal: 'arn:y',
        service,
        sourceIp: null,
        userAgent: agent,
        errorCode: error,
        errorMessage: null,
        resources: [resource],
      };
    }),
  );

  it(`finds every call and explains nothing twice; each event has one place (seed ${seed})`, () => {
    fc.assert(
      fc.property(
        anyCalls,
        others,
        fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
        fc.nat(),
        (calls, strangers, kept, turn) => {
          const trail = calls.filter((_call, index) => kept[index]).map(shown);
          const all = [...trail, ...strangers];
          const found = reconcile(
            calls,
            [...all.slice(turn % (all.length + 1)), ...all.slice(0, turn % (all.length + 1))],
            { now, since: began, until: now, trail: { isLoggedAs, isDataEvent } },
          );
          const places = [
            ...found.matched.flatMap(({ events }) => events),
            ...found.around.map(({ event }) => event),
            ...found.attempts,
            ...found.services,
          ]
            .map(({ id }) => id)
            .toSorted();
          expect(places).toEqual(all.map(({ id }) => id).toSorted());
          // An answered call is shown by its own event only, and is missing exactly when that is not there.
          const answered = calls.filter(({ outcome }) => outcome?.requestId !== null);
          expect(found.missing).toEqual(answered.filter((call) => !kept[calls.indexOf(call)]));
          for (const call of answered.filter((one) => kept[calls.indexOf(one)]))
            expect(found.matched.find((match) => match.call === call)?.events.map(({ id }) => id)).toEqual([
              `event-${call.call}`,
            ]);
          // No more is explained than calls were lost.
          expect(found.matched.filter(({ by }) => by === 'user-agent').length).toBeLessThanOrEqual(
            calls.length - answered.length,
          );
          for (const { call, events } of found.matched) expect(events.length).toBeLessThanOrEqual(call.count);
          // What came without aiplan's name in it is always told.
          const plain = strangers.filter(
            ({ userAgent, errorCode, service }) => userAgent === 'aws-cli/2' && errorCode === null && service === null,
          );
          expect(plain.filter((event) => !found.around.some((one) => one.event === event))).toEqual([]);
        },
      ),
      options,
    );
  });
});
