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
