import type { Service } from '../../../src/domain/call.ts';
import { serviceOf } from '../services/index.ts';
import type { ServiceRecord } from '../services/service.ts';

const sets = new WeakMap<ServiceRecord, ReadonlySet<string>>();

/** The names of a service's reading operations; none of a service that is not in the table. */
export function readsOf(service: Service): ReadonlySet<string> {
  const record = serviceOf(service);
  if (record === undefined) return new Set();
  let set = sets.get(record);
  if (set === undefined) {
    set = new Set(record.reads.split(/\s+/u).filter((name) => name !== ''));
    sets.set(record, set);
  }
  return set;
}

/** The parameter by which a read names a secret; undefined for any other operation. */
export const secretParameter = (service: Service, operation: string): string | undefined =>
  own(serviceOf(service)?.namedSecrets, operation);

/**
 * `read`: passes. `own-bucket`: passes for the capture bucket. `named-secret`: passes for the secrets of the session.
 * `disclosing`: never passes. Everything else: `mutating`, also what the table does not know.
 */
export type OperationKind = 'read' | 'own-bucket' | 'named-secret' | 'disclosing' | 'mutating';

export function kindOfOperation(service: Service, operation: string): OperationKind {
  const record = serviceOf(service);
  if (own(record?.discloses, operation) !== undefined) return 'disclosing';
  if (secretParameter(service, operation) !== undefined) return 'named-secret';
  if (record?.ownBucketOnly?.includes(operation) === true) return 'own-bucket';
  return readsOf(service).has(operation) ? 'read' : 'mutating';
}

/** The content that a disclosing operation would answer. */
export const disclosureOf = (service: Service, operation: string): string =>
  own(serviceOf(service)?.discloses, operation) ?? 'secrets';

const own = (table: Readonly<Record<string, string>> | undefined, name: string): string | undefined =>
  table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
