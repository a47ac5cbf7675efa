import type { JournalRecord } from '../../domain/records/journal.ts';
import type { Report, StepState } from '../../domain/records/report.ts';
import { blank, row, span, type Row } from '../base/rows.ts';

/**
 * The meaning of AWS's error codes for a run, by the beginning of the code (sources: the lists of error codes of Amazon
 * EC2, Amazon RDS and Amazon S3 in their API references). The first that fits counts.
 */
const meanings: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:UnauthorizedOperation|AccessDenied|AuthFailure|NotAuthorized)/u,
    'these credentials have no permission for this call; `aiplan setup --iam` lists what each purpose needs',
  ],
  [
    /^(?:ExpiredToken|RequestExpired|InvalidClientToken)/u,
    'the credentials are no longer good; log in again, then go on',
  ],
  [
    /^(?:Throttling|RequestLimitExceeded|SlowDown|TooManyRequests)/u,
    'AWS asked for fewer calls, and went on asking after several attempts; wait a while, then go on',
  ],
  [
    /^(?:DependencyViolation|BucketNotEmpty|.*InUse$|VolumeInUse)/u,
    'something still uses the resource; the plan did not see it, or it came since',
  ],
  [/^TagLimitExceeded/u, 'a resource has at most 50 tags, and no quota raises that; leave some out, then go on'],
  [
    /(?:LimitExceeded|QuotaExceeded|TooMany|.*AlreadyExceeded)/u,
    'a quota of the account is used up; raise it with Service Quotas or free something, then go on',
  ],
  [
    /^(?:InsufficientInstanceCapacity|InsufficientDBInstanceCapacity|InsufficientCapacity|InsufficientHostCapacity)/u,
    'AWS has no capacity for this class in this zone at the moment; try later, another class or another zone',
  ],
  [/(?:NotFound|NoSuch)/u, 'the resource is not there, or not visible everywhere yet'],
  [/(?:AlreadyExists|AlreadyOwned|Duplicate)/u, 'something of that name exists already'],
  [
    /(?:InvalidState|IncorrectState|IncorrectInstanceState|InvalidDBInstanceState|OperationAborted|Conflict)/u,
    'the resource is in a state in which AWS does not take this call; wait until it has settled, then go on',
  ],
  [
    /^(?:Invalid|Malformed|Missing|Validation|Unsupported)/u,
    'AWS does not accept the values of this call; the change plan has to be corrected',
  ],
  [/^(?:Internal|ServiceUnavailable|ServiceFailure|Unavailable|5\d\d)/u, 'AWS itself had a fault; try again later'],
  [/^(?:ECONN|ENOTFOUND|ETIMEDOUT|EPIPE|EAI_|TimeoutError|NetworkingError)/u, 'the connection was lost'],
];

/** The meaning of an AWS code in our words; null for an unknown one. */
export const meaningOf = (code: string): string | null => meanings.find(([pattern]) => pattern.test(code))?.[1] ?? null;

const names: Readonly<Record<StepState, string>> = {
  done: 'done',
  pending: 'pending',
  kept: 'unchanged',
  failed: 'failed',
  doubt: 'in doubt',
  open: 'stopped partway',
  'not-started': 'not started',
};

/** Why a run did not end well: AWS's words, ours, and where everything stands. */
export function failureRows(report: Report, records: readonly JournalRecord[]): readonly Row[] {
  const refused = refusalOf(records);
  const rows: Row[] = [row(0, span(titles[report.outcome], 'destroy'))];
  if (refused !== null && report.outcome !== 'stopped') {
    const intent = records.find(
      (record) => (record.kind === 'intent' || record.kind === 'intent-batch') && record.call === refused.call,
    );
    const operation =
      intent?.kind === 'intent'
        ? `${intent.declared.service}:${intent.declared.operation} on ${intent.declared.identity}`
        : intent?.kind === 'intent-batch'
          ? intent.operations.join(', ')
          : '';
    rows.push(row(2, span('AWS says       ', 'muted'), span(`${refused.code}: ${refused.message}`, 'destroy')));
    rows.push(
      row(
        2,
        span('to             ', 'muted'),
        operation,
        span(refused.requestId === null ? '' : `, request ${refused.requestId}`, 'muted'),
      ),
    );
    const meaning = meaningOf(refused.code);
    if (meaning !== null) rows.push(row(2, span('that means     ', 'muted'), meaning));
    if (refused.executed === 'unknown')
      rows.push(
        row(
          2,
          span('in doubt       ', 'muted'),
          span(
            'the answer was lost: whether AWS carried it out is settled by reading, before anything goes on',
            'warning',
          ),
        ),
      );
  }
  if (report.message !== null) rows.push(row(2, span('what happened  ', 'muted'), report.message));
  for (const { step, text } of report.undone) rows.push(row(2, span('stopped        ', 'muted'), `${step}: ${text}`));
  rows.push(blank, row(0, span('Where it stands', 'title'), `: ${countsText(report)}; nothing more is started.`));
  for (const step of report.steps.filter(({ state }) => state !== 'kept')) {
    const bad = step.state === 'failed' || step.state === 'doubt';
    rows.push(
      row(
        2,
        span(names[step.state].padEnd(17), bad ? 'destroy' : step.state === 'done' ? 'good' : 'warning'),
        span(step.id, 'title'),
        step.identity === null ? '' : ` ${step.identity}`,
      ),
    );
  }
  const complete = report.captures.filter(({ verified }) => verified).length;
  if (complete > 0)
    rows.push(row(2, span(`${complete} complete capture${complete === 1 ? '' : 's'} to restore from`, 'good')));
  return rows;
}

/**
 * The last call of this session that AWS refused; null where the step went on after it, or a later session found the
 * failure.
 */
function refusalOf(records: readonly JournalRecord[]): Refusal | null {
  const session = records.slice(records.findLastIndex(({ kind }) => kind === 'resumed') + 1);
  const at = session.findLastIndex((record) => record.kind === 'outcome' && !record.ok);
  const refused = session[at];
  if (refused?.kind !== 'outcome' || refused.ok) return null;
  return session.slice(at + 1).some((record) => record.kind === 'outcome' && record.ok && record.step === refused.step)
    ? null
    : refused;
}

type Refusal = Extract<JournalRecord, { readonly kind: 'outcome'; readonly ok: false }>;

const titles: Readonly<Record<Report['outcome'], string>> = {
  done: 'The run is done.',
  failed: 'The run failed.',
  stopped: 'The run was stopped.',
  open: 'The run is open.',
  blocked: 'The run was blocked before the first change.',
  stale: 'The run ended: what is live has changed.',
  abandoned: 'The run was abandoned.',
};

function countsText({ steps, calls }: Report): string {
  const parts = Object.entries(names).flatMap(([state, name]) => {
    const count = steps.filter((step) => step.state === state).length;
    return count === 0 || state === 'kept' ? [] : [`${count} ${name}`];
  });
  return `${[...parts, `${calls} changing call${calls === 1 ? '' : 's'} sent`].join(', ')}`;
}
