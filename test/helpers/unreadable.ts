import type { SeenRequest } from '../../src/sandbox/proxy/faults.ts';
import type { Proxy } from '../../src/sandbox/proxy/server.ts';
import type { ResourceType, ResourceTypes } from '../../src/domain/resource-type.ts';

/** The types, one of them with other programs. */
export const withType = (
  types: ResourceTypes,
  name: string,
  change: (type: ResourceType) => ResourceType,
): ResourceTypes => {
  const all = types.all.map((type) => (type.type === name ? change(type) : type));
  return { ...types, all, get: (type) => all.find((item) => item.type === type) };
};

/** The types, where one resource refuses every read about it: it is in the list of its type, and that is all. */
export const unreadable = (types: ResourceTypes, name: string, identity: string): ResourceTypes =>
  withType(types, name, (type) => ({
    ...type,
    async read(aws, query) {
      const { resources, absent, failures } = await type.read(aws, query);
      const refused = query.all || query.identities.includes(identity);
      return {
        absent,
        resources: resources.map((live) =>
          live.identity === identity ? { ...live, properties: {}, systemTags: {}, binding: {}, observed: {} } : live,
        ),
        failures: refused
          ? [...failures, { type: name, identity, code: 'AccessDenied', message: `nobody may read ${identity}` }]
          : failures,
      };
    },
  }));

/** Ids of EC2 by their beginning (`vol-`); names have none. */
const kindOf = (identity: string): string => /^[a-z]+-(?=[0-9a-f]{8,}$)/u.exec(identity)?.[0] ?? '';

/**
 * Whether a read asks about this resource and no other of its kind: what a policy about a single resource, or a fault
 * of its own, keeps from being answered.
 */
function asksAlone({ mutating, parameters }: SeenRequest, identity: string): boolean {
  if (mutating) return false;
  const kind = kindOf(identity);
  // A filter of RDS is a question about the list, which AWS allows or denies as a whole.
  const values = Object.entries(parameters)
    .filter(([name]) => kind !== '' || !name.startsWith('Filters.'))
    .map(([, value]) => value);
  return (
    values.includes(identity) && (kind === '' || !values.some((value) => value !== identity && kindOf(value) === kind))
  );
}

/**
 * Denies every read of an account's endpoint that asks about one of these resources alone; lists have them. Answers
 * what takes that away.
 */
export const denyReads = (proxy: Proxy, identities: readonly string[]): (() => void) =>
  proxy.onRequest((request) =>
    identities.some((identity) => asksAlone(request, identity)) ? { kind: 'deny' } : undefined,
  );
