import type { JournalRecord } from '../../domain/records/journal.ts';
import type { Target } from '../../domain/live.ts';
import { UserError } from '../../base/error.ts';

/** A run is rolled back where it was made: the same account and region, and AWS itself or the same emulator. */
export function refuseElsewhere(run: string, records: readonly JournalRecord[], target: Target): void {
  const made = records.find((record) => record.kind === 'begin')?.target;
  if (made === undefined) return;
  const where = ({ account, region, endpoint }: Target): string =>
    `account "${account}" in "${region}"${endpoint === null ? '' : ` at ${endpoint}`}`;
  if (made.account === target.account && made.region === target.region && made.endpoint === target.endpoint) return;
  throw new UserError(
    made.account !== target.account
      ? 'wrong-account'
      : made.region !== target.region
        ? 'wrong-region'
        : 'wrong-endpoint',
    `run "${run}" was made in ${where(made)}, this is ${where(target)}`,
    {
      help: 'choose the profile, region and endpoint of the run; nothing was read',
    },
  );
}
