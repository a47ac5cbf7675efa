import { AwsError, UserError } from '../model/error.ts';
import { row, span, type Row } from './rows.ts';

const awsHelp: Readonly<Record<string, string>> = {
  denied: 'the caller lacks a permission; `aiplan setup --iam` lists what each command needs',
  expired: 'the credentials are missing or expired; renew them (for example `aws sso login`) and run the command again',
  throttled: 'AWS asks for fewer calls; wait a moment and run the command again',
  network: 'the endpoint cannot be reached; check the network, --region and --endpoint',
};

/** An error for people: code, what happened, where, and what to do next. A bug says how to report it. */
export function errorRows(error: unknown): readonly Row[] {
  if (error instanceof UserError) {
    return [
      row(0, span(`error ${error.code}`, 'destroy'), error.where === undefined ? '' : span(` ${error.where}`, 'muted'), `: ${error.message}`),
      ...helpRows(error.help),
    ];
  }
  if (error instanceof AwsError) {
    return [
      row(0, span(`error aws-${error.kind}`, 'destroy'), span(` ${error.operation}`, 'muted'), `: ${error.code}: ${error.message}`, error.requestId === undefined ? '' : span(` (request ${error.requestId})`, 'muted')),
      ...helpRows(awsHelp[error.kind]),
    ];
  }
  // The message of an unexpected error may quote anything, secrets included: only its kind and place are shown (law 11).
  const name = error instanceof Error ? error.name : typeof error;
  const place = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /u.test(line)).slice(0, 6).map((line) => line.trim().replace(/\(?(?:file:\/\/)?\/[^()]*\//u, '(')) : [];
  return [
    row(0, span('error bug', 'destroy'), `: something unexpected happened inside aiplan (${name})`),
    ...place.map((line) => row(4, span(line, 'muted'))),
    ...helpRows('please report it with these lines, the command and its version (`aiplan --version`); nothing more was changed after it'),
  ];
}

const helpRows = (help: string | undefined): readonly Row[] =>
  (help ?? '').split('\n').filter((line) => line !== '').map((line) => row(4, span(line, 'muted')));
