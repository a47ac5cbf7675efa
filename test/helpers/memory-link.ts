import { configurationType } from '../../providers/kinds/configuration-type.ts';
import type { Description } from '../../providers/kinds/description.ts';
import { formatIdentity } from '../../src/domain/identity.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { harmless } from '../../src/domain/verdict.ts';
import { make } from './memory-items.ts';
import { GROUP, LINK } from './memory-schemas.ts';
import { awsError, keyOf, type State } from './memory-state.ts';
import { text } from './memory-values.ts';

const linkOf = (network: string): string => formatIdentity(['link', network]);
const fixed = { verdict: harmless('made up') } as const;

/**
 * A group linked to a network: no tags, an identity of two parts of which one stands in no call, at most one of a
 * network, and a group that goes only after its link. Of the configuration kind, as VPCGatewayAttachment is.
 */
export const linkDescription: Description = {
  type: LINK,
  service: 'ec2',
  list: {
    operation: 'DescribeLinks',
    items: 'Links',
    narrow: (identities) => ({ Names: identities }),
  },
  find: (raw) => [
    {
      identity: text(raw['Id']),
      incarnation: text(raw['GroupId']),
      properties: { GroupId: raw['GroupId'], NetworkId: raw['NetworkId'] },
      attributes: { LinkKind: 'link' },
    },
  ],
  properties: { GroupId: fixed, NetworkId: fixed },
  identityOf: ({ NetworkId }) => (text(NetworkId) === '' ? undefined : linkOf(text(NetworkId))),
  create: {
    operation: 'CreateLink',
    purpose: 'link the group',
    input: ({ GroupId, NetworkId }) => ({ GroupId, NetworkId }),
  },
  remove: {
    operation: 'DeleteLink',
    purpose: 'take the link away',
    input: ({ properties: { GroupId, NetworkId } }) => ({ GroupId, NetworkId }),
  },
  users: 'related',
  grants: [],
  holdsData: false,
};

export const memoryLink = configurationType(linkDescription);

/** Changes of links. A group that is not there cannot be linked; a network takes one link. */
export const linkMutations: Readonly<Record<string, (state: State, input: JsonObject) => JsonObject>> = {
  'ec2:CreateLink': (state, input) => {
    const [group, network] = [text(input['GroupId']), text(input['NetworkId'])];
    const item = state.items.get(keyOf(GROUP, group));
    if (item === undefined || item.hidden > 0) {
      if (item !== undefined) item.hidden -= 1;
      throw awsError('ec2:CreateLink', 'GroupNotFound', 'absent', `no group ${group}`);
    }
    if (state.items.has(keyOf(LINK, linkOf(network))))
      throw awsError('ec2:CreateLink', 'LinkAlreadyExists', 'exists', `${network} is linked already`);
    const link = make(state, LINK, linkOf(network), { GroupId: group, NetworkId: network }, {}, 'present');
    const { Tags: _tags, ...properties } = link.properties;
    link.properties = properties;
    return {};
  },
  'ec2:DeleteLink': (state, input) => {
    const identity = linkOf(text(input['NetworkId']));
    const link = state.items.get(keyOf(LINK, identity));
    if (link === undefined || link.properties['GroupId'] !== input['GroupId'])
      throw awsError('ec2:DeleteLink', 'LinkNotFound', 'absent', `no link of ${text(input['NetworkId'])}`);
    state.items.delete(keyOf(LINK, identity));
    return {};
  },
};

/** Whether a group is linked to any network. */
export const isLinked = (state: State, group: string): boolean =>
  [...state.items.values()].some(({ type, properties }) => type === LINK && properties['GroupId'] === group);
