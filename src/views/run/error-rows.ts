import { AwsError, UserError } from '../../base/error.ts';
import { helpRows, row, span, type Row } from '../base/rows.ts';

const awsHelp: Readonly<Record<string, string>> = {
  denied: 'these credentials have no permission for it; `aiplan setup --iam` lists what each command needs',
  expired: 'the credentials are missing or expired; renew them (for example `aws sso login`) and run the command again',
  throttled: 'AWS asks for fewer calls; wait a moment and run the command again',
  network: 'the endpoint cannot be reached; check the network, --region and --endpoint',
};
const otherHelp = 'run the command again; if it stays so, the API reference of that operation explains the code';

/** The facts that every form of an error shows. `place` holds lines of a bug's stack, without folders. */
export interface ErrorFacts {
  readonly code: string;
  readonly message: string;
  readonly where?: string;
  readonly help?: string;
  readonly place: readonly string[];
}

/** Code, what happened, where, and what to do next. A bug says how to report it. */
export function errorFacts(error: unknown): ErrorFacts {
  if (error instanceof UserError) {
    const { code, message, where, help } = error;
    return {
      code,
      message,
      place: [],
      ...(where === undefined ? {} : { where }),
      ...(help === undefined ? {} : { help }),
    };
  }
  if (error instanceof AwsError) {
    const { code, kind, message, operation, requestId } = error;
    return {
      code: `aws-${kind}`,
      where: operation,
      message: `${code}: ${message}${requestId === undefined ? '' : ` (request ${requestId})`}`,
      help: awsHelp[kind] ?? otherHelp,
      place: [],
    };
  }
  // The message of an unexpected error may quote anything, secrets included: only its kind and place are shown (law
  // 11).
  const name = error instanceof Error ? error.name : typeof error;
  const place =
    error instanceof Error
      ? (error.stack ?? '')
          .split('\n')
          .filter((line) => /^\s+at /u.test(line))
          .slice(0, 6)
          .map((line) => line.trim().replace(/\(?(?:file:\/\/)?\/[^()]*\//u, '('))
      : [];
  return {
    code: 'bug',
    message: `something unexpected happened inside aiplan (${name})`,
    place,
    help: 'please report it with these lines, the command and its version (`aiplan --version`); nothing more was changed after it',
  };
}

/** An error for people. */
export function errorRows(error: unknown): readonly Row[] {
  const { code, message, where, help, place } = errorFacts(error);
  return [
    row(0, span(`error ${code}`, 'destroy'), where === undefined ? '' : span(` ${where}`, 'muted'), `: ${message}`),
    ...place.map((line) => row(4, span(line, 'muted'))),
    ...helpRows(help),
  ];
}
