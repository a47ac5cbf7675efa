import type { AuditRecord } from '../domain/records/audit.ts';
import { UserError } from '../base/error.ts';
import type { Objects } from './objects/objects.ts';

const folder = 'audit-index';

/** `sha256:…` of a plan as a part of a key. */
const planPart = (digest: string): string =>
  `plan-${digest
    .replace(/^sha256:/u, '')
    .replaceAll(/[^0-9a-f]/gu, '')
    .slice(0, 32)}`;
const runPart = (run: string): string => `run-${run.replaceAll(/[^A-Za-z0-9-]/gu, '')}`;

/** Of which runs and plans an entry tells. */
const partsOf = (record: AuditRecord): readonly string[] => [
  ...('run' in record && typeof record.run === 'string' ? [runPart(record.run)] : []),
  ...('plan' in record && typeof record.plan === 'string' ? [planPart(record.plan)] : []),
];

/**
 * Where the entries of a run and of a plan stand in the audit log: an object for each, whose name says all. So `audit
 * --run` reads that run, however long the log is. It proves nothing: `audit verify` reads the log itself.
 */
export function auditIndex(objects: Objects): {
  add(record: AuditRecord): Promise<void>;
  of(run: string, plans: readonly string[]): Promise<readonly number[] | null>;
} {
  const numbers = async (part: string): Promise<readonly number[]> =>
    (await objects.list(`${folder}/${part}`)).flatMap((name) =>
      /^\d{8}\.json$/u.test(name) ? [Number(name.slice(0, 8))] : [],
    );
  return {
    async add(record) {
      try {
        await Promise.all(
          partsOf(record).map((part) =>
            objects.create(`${folder}/${part}/${String(record.seq).padStart(8, '0')}.json`, '{}\n'),
          ),
        );
      } catch (error) {
        // The entry is there, and found by reading the log.
        if (!(error instanceof UserError)) throw error;
      }
    },
    /**
     * Null where the index does not know the run: what was written by an earlier version of aiplan is found by reading
     * the whole log.
     */
    async of(run, plans) {
      const own = await numbers(runPart(run));
      if (own.length === 0) return null;
      const others = await Promise.all(plans.map((plan) => numbers(planPart(plan))));
      return [...new Set([...own, ...others.flat()])].sort((a, b) => a - b);
    },
  };
}
