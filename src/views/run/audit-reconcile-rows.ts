import type { AuditProblem, LoggedCall, Reconciled, TrailEvent } from '../../domain/records/audit-report.ts';
import { moment } from './audit-rows.ts';
import { blank, row, span, type Row, type Tone } from '../base/rows.ts';

/** The question, for the head and the limits of the answer. */
export interface Asked {
  readonly resources: number;
  readonly principals: readonly string[];
  readonly since: string;
  readonly until: string;
  readonly runs: number;
  readonly requests: number;
  readonly elsewhere: number;
}

/**
 * The capture bucket's answer about runs: how many it knows, what does not fit the log, and why it could not be asked.
 */
export interface AskedRuns {
  readonly problems: readonly AuditProblem[];
  readonly asked: number;
  readonly problem: string | null;
}

/** Runs that AWS knows otherwise than the log. */
export const witnessRows = ({ problems, asked, problem }: AskedRuns): readonly Row[] => [
  ...section(
    'Runs that the capture bucket knows otherwise',
    'destroy',
    problems.flatMap(({ code, where, message }) => [
      row(2, span(code, 'destroy'), ` ${message}`),
      row(6, span(where, 'muted')),
    ]),
  ),
  ...(problem !== null
    ? [blank, row(0, span('The capture bucket could not be asked about runs.', 'warning'))]
    : problems.length > 0 || asked === 0
      ? []
      : [blank, row(0, `The capture bucket knows ${asked} ${asked === 1 ? 'run' : 'runs'}, as the log does.`)]),
];

/** CloudTrail against the log: what was done around aiplan first. All of it is text that others wrote (law 10). */
export function reconcileRows(found: Reconciled, asked: Asked, runs: AskedRuns): readonly Row[] {
  const { matched, settled, notYet, dataEvents, missing, around, attempts, services } = found;
  const agree = around.length === 0 && missing.length === 0 && runs.problems.length === 0;
  return [
    row(
      0,
      agree ? span('CloudTrail and the log agree', 'good') : span(`CloudTrail and the log do NOT agree`, 'destroy'),
      `: ${matched.length} of our calls found, ${around.length} done around aiplan, ${missing.length} of our calls not in CloudTrail${runs.problems.length === 0 ? '' : `, ${runs.problems.length} difference${runs.problems.length === 1 ? '' : 's'} about runs`}`,
    ),
    row(
      2,
      span(
        `${asked.runs} runs, ${asked.resources} resources, principals ${asked.principals.join(', ') || 'none'}; ${moment(asked.since)} to ${moment(asked.until)} UTC; ${asked.requests} questions to CloudTrail`,
        'muted',
      ),
    ),
    ...(asked.elsewhere === 0
      ? []
      : [row(2, span(`${asked.elsewhere} runs of other accounts, regions or endpoints were left out`, 'muted'))]),
    ...section(
      'Done around aiplan',
      'destroy',
      around.flatMap(({ event, claims }) => [
        ...eventRows(event),
        ...(claims === null
          ? []
          : [row(6, span(`its user agent names run ${claims}, of which this log has no such call`, 'destroy'))]),
      ]),
    ),
    ...section(
      'In the log, and not in CloudTrail',
      'destroy',
      missing.map((call) => callRow(call)),
    ),
    ...section(
      'Answers that were lost: CloudTrail shows that the call was carried out',
      'warning',
      settled.flatMap(({ call, event }) => [
        callRow(call),
        row(6, span(`event ${event.id} at ${moment(event.at)}`, 'muted')),
      ]),
    ),
    ...section(
      'Too young for CloudTrail, which may be 15 minutes late: ask again',
      'warning',
      notYet.map((call) => callRow(call)),
    ),
    ...section('Attempts that AWS refused: nothing was done', 'warning', attempts.flatMap(eventRows)),
    ...section('Done by AWS services', 'title', services.flatMap(eventRows)),
    ...witnessRows(runs),
    blank,
    row(
      0,
      span(
        `CloudTrail's event history holds management events of the last 90 days in this region${dataEvents.length === 0 ? '' : `; ${dataEvents.length} of our calls upon objects of S3 are data events and not in it`}. Calls of others upon objects are not in it either.`,
        'muted',
      ),
    ),
  ];
}

const section = (title: string, tone: Tone, rows: readonly Row[]): readonly Row[] =>
  rows.length === 0 ? [] : [blank, row(0, span(title, tone)), ...rows];

function eventRows({
  at,
  source,
  name,
  principal,
  service,
  sourceIp,
  userAgent,
  errorCode,
  errorMessage,
  resources,
  id,
  requestId,
}: TrailEvent): readonly Row[] {
  return [
    row(
      2,
      span(`${moment(at)}  `, 'muted'),
      span(`${source.replace('.amazonaws.com', '')}:${name}`, 'title'),
      ` ${resources.join(', ')}`,
      errorCode === null ? '' : span(` ${errorCode}${errorMessage === null ? '' : `: ${errorMessage}`}`, 'warning'),
    ),
    row(
      6,
      `by ${principal ?? 'unknown'}${service === null ? '' : ` through ${service}`}${sourceIp === null ? '' : ` from ${sourceIp}`}`,
    ),
    row(
      6,
      span(
        `${userAgent === null ? '' : `with ${userAgent}; `}event ${id}${requestId === null ? '' : `, request ${requestId}`}`,
        'muted',
      ),
    ),
  ];
}

const callRow = ({ at, operations, count, step, identity, run, outcome }: LoggedCall): Row =>
  row(
    2,
    span(`${moment(at)}  `, 'muted'),
    span(`${operations.join(', ')}${count > 1 ? ` × ${count}` : ''}`, 'title'),
    ` ${identity ?? step}`,
    span(` run ${run}${outcome?.requestId == null ? '' : `, request ${outcome.requestId}`}`, 'muted'),
  );
