import { beforeAll, describe, expect, it } from '@jest/globals';
import { instance } from '../../providers/ec2/instance/instance.ts';
import { comparerFor } from '../../src/plan/diff/compare.ts';
import { ruleHits } from '../../src/plan/classify/rule-hits.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import { sampleInstance } from '../helpers/ec2-samples.ts';

const { rules } = instance;
let live: LiveResource;
beforeAll(async () => {
  live = await sampleInstance();
});

const hits = (
  kind: 'destructive' | 'grants',
  after: JsonObject,
  from: LiveResource | null = live,
): readonly string[] => {
  const before = from?.properties ?? {};
  return ruleHits(
    rules[kind],
    before,
    { ...before, ...after },
    from,
    comparerFor(rules, instance.type, from?.identity ?? ''),
  ).map(({ says }) => says);
};
const stored = (): LiveResource => ({ ...live, binding: { ...live.binding, instanceStore: '475 GB' } });
const elastic = (): LiveResource => ({ ...live, attributes: { ...live.attributes, PassingPublicIp: undefined } });
const mappings = (deleteOnTermination: boolean): Json => [
  { DeviceName: '/dev/sdf', Ebs: { DeleteOnTermination: deleteOnTermination } },
];

describe('destructions', () => {
  it.each(['InstanceType', 'UserData', 'EbsOptimized'])(
    'a stop for %s gives up a public address and instance store',
    (name) => {
      const change = { [name]: name === 'EbsOptimized' ? false : 'other' };
      expect(hits('destructive', change)).toEqual([expect.stringContaining('203.0.113.9')]);
      expect(hits('destructive', change, elastic())).toEqual([]);
      expect(hits('destructive', change, stored())).toContainEqual(expect.stringContaining('475 GB'));
      expect(hits('destructive', change, { ...stored(), state: 'stopped' })).toEqual([]);
    },
  );
  it('instance store is lost beyond any inverse call, a public address is not data', () => {
    const found = ruleHits(
      rules.destructive,
      live.properties,
      { ...live.properties, InstanceType: 'x' },
      stored(),
      comparerFor(rules, instance.type, ''),
    );
    expect(found.map(({ irreversible }) => irreversible)).toEqual([true, false]);
  });
  it('unknown instance store counts as one', () => {
    expect(hits('destructive', { InstanceType: 'x' }, { ...elastic(), binding: { instanceStore: 'unknown' } })).toEqual(
      [expect.stringContaining('could not be read')],
    );
  });
  it('termination protection off', () => {
    const held = { ...live, properties: { ...live.properties, DisableApiTermination: true } };
    expect(hits('destructive', { DisableApiTermination: false }, held)).toHaveLength(1);
    expect(hits('destructive', { DisableApiTermination: true })).toEqual([]);
  });
  it('a shutdown that terminates', () => {
    expect(hits('destructive', { InstanceInitiatedShutdownBehavior: 'terminate' })).toHaveLength(1);
    const other = { ...live, properties: { ...live.properties, InstanceInitiatedShutdownBehavior: 'terminate' } };
    expect(hits('destructive', { InstanceInitiatedShutdownBehavior: 'stop' }, other)).toEqual([]);
  });
  it('a volume that goes with the instance from now on', () => {
    const kept = { ...live, properties: { BlockDeviceMappings: mappings(false) } };
    const going = { ...live, properties: { BlockDeviceMappings: mappings(true) } };
    expect(hits('destructive', { BlockDeviceMappings: mappings(true) }, kept)).toHaveLength(1);
    expect(hits('destructive', { BlockDeviceMappings: mappings(false) }, going)).toEqual([]);
  });
  it('a volume that is detached', () => {
    expect(hits('destructive', { Volumes: [] })).toEqual([
      expect.stringContaining('vol-data is detached while the instance runs'),
    ]);
    expect(
      hits('destructive', {
        Volumes: [...(live.properties['Volumes'] as Json[]), { Device: '/dev/sdg', VolumeId: 'vol-2' }],
      }),
    ).toEqual([]);
  });
  it('nothing in a harmless change', () => {
    expect(
      hits('destructive', {
        Monitoring: true,
        SecurityGroupIds: [...(live.properties['SecurityGroupIds'] as Json[]), 'sg-2'],
        SourceDestCheck: false,
      }),
    ).toEqual([]);
  });
});

describe('grants', () => {
  it('an instance profile, on update and on create', () => {
    expect(hits('grants', { IamInstanceProfile: 'admin' })).toEqual([
      expect.stringContaining('"admin" instead of "web"'),
    ]);
    expect(hits('grants', { IamInstanceProfile: 'admin' }, null)).toHaveLength(1);
    expect(hits('grants', { IamInstanceProfile: undefined })).toEqual([]);
  });
  it('a further security group lets in whom it admits; without the source check it may speak for others', () => {
    const groups = live.properties['SecurityGroupIds'] as readonly Json[];
    expect(hits('grants', { SecurityGroupIds: [...groups, 'sg-wide'] })).toEqual([expect.stringContaining('sg-wide')]);
    expect(hits('grants', { SecurityGroupIds: [] })).toEqual([]);
    expect(hits('grants', { SecurityGroupIds: ['sg-wide'] }, null)).toEqual([]);
    const volumes = (live.properties['Volumes'] ?? []) as readonly Json[];
    expect(hits('grants', { Volumes: [...volumes, { VolumeId: 'vol-ledger', Device: '/dev/sdz' }] })).toEqual([
      expect.stringContaining('vol-ledger'),
    ]);
    expect(hits('grants', { Volumes: [] })).toEqual([]);
    const checked = { ...live, properties: { ...live.properties, SourceDestCheck: true } };
    expect(hits('grants', { SourceDestCheck: false }, checked)).toHaveLength(1);
    expect(
      hits(
        'grants',
        { SourceDestCheck: true },
        { ...live, properties: { ...live.properties, SourceDestCheck: false } },
      ),
    ).toEqual([]);
  });
  it('user data, on update and on create', () => {
    expect(hits('grants', { UserData: 'echo' })).toHaveLength(1);
    expect(hits('grants', { UserData: 'echo' }, null)).toHaveLength(1);
    expect(hits('grants', { UserData: '' })).toEqual([]);
  });
  it('weakened metadata options, not stronger ones', () => {
    const options = live.properties['MetadataOptions'] as JsonObject;
    const with_ = (more: JsonObject): readonly string[] => hits('grants', { MetadataOptions: { ...options, ...more } });
    expect(with_({ HttpTokens: 'optional' })).toEqual([expect.stringContaining('IMDSv2')]);
    const required = {
      ...live,
      properties: { ...live.properties, MetadataOptions: { ...options, HttpTokens: 'required' } },
    };
    expect(hits('grants', { MetadataOptions: { ...options, HttpTokens: undefined } }, required)).toEqual([
      expect.stringContaining('IMDSv2'),
    ]);
    expect(with_({ HttpPutResponseHopLimit: 2 })).toEqual([expect.stringContaining('from 1 to 2')]);
    expect(with_({ HttpEndpoint: 'disabled' })).toEqual([]);
    const weak = {
      ...live,
      properties: {
        MetadataOptions: { HttpTokens: 'optional', HttpPutResponseHopLimit: 64, HttpEndpoint: 'disabled' },
      },
    };
    expect(
      hits(
        'grants',
        { MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1, HttpEndpoint: 'disabled' } },
        weak,
      ),
    ).toEqual([]);
    expect(
      hits(
        'grants',
        { MetadataOptions: { HttpTokens: 'optional', HttpPutResponseHopLimit: 64, HttpEndpoint: 'enabled' } },
        weak,
      ),
    ).toHaveLength(1);
    expect(hits('grants', { MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 2 } }, null)).toEqual(
      [],
    );
    expect(
      hits('grants', { MetadataOptions: { HttpTokens: 'optional', HttpPutResponseHopLimit: 3 } }, null),
    ).toHaveLength(2);
  });
  it('a public address on create', () => {
    const network = (on: boolean): JsonObject => ({
      NetworkInterfaces: [{ DeviceIndex: '0', AssociatePublicIpAddress: on }],
    });
    expect(hits('grants', network(true), null)).toHaveLength(1);
    expect(hits('grants', network(false), null)).toEqual([]);
  });
});

describe('which change needs what', () => {
  const effect = (name: string, after: Json): unknown => {
    const update = rules.properties[name]?.update;
    return typeof update === 'function' ? update(live.properties[name], after, live) : update;
  };
  it('refuses to change a mapped volume or to map a new one, and sends to the right type', () => {
    const [root, data] = live.properties['BlockDeviceMappings'] as JsonObject[];
    const resized = { ...data, Ebs: { ...(data!['Ebs'] as JsonObject), VolumeSize: 200 } };
    expect(effect('BlockDeviceMappings', [root!, resized])).toEqual({
      blocked: expect.stringContaining('AWS::EC2::Volume vol-data'),
    });
    expect(effect('BlockDeviceMappings', [root!, data!, { DeviceName: '/dev/sdz', Ebs: { VolumeSize: 1 } }])).toEqual({
      blocked: expect.stringContaining('/dev/sdz'),
    });
    expect(
      effect('BlockDeviceMappings', [
        { ...root, Ebs: { ...(root!['Ebs'] as JsonObject), DeleteOnTermination: false } },
        data!,
      ]),
    ).toBe('in-place');
  });
  it('tells network, groups and address of the primary interface at the top only', () => {
    const written = {
      ImageId: 'ami-1',
      SubnetId: 'subnet-1',
      NetworkInterfaces: [
        {
          DeviceIndex: '0',
          SubnetId: 'subnet-2',
          GroupSet: ['sg-2'],
          PrivateIpAddress: '10.0.0.9',
          AssociatePublicIpAddress: true,
        },
        { DeviceIndex: '1', SubnetId: 'subnet-3' },
      ],
    };
    expect(rules.canonical?.(written)).toEqual({
      ImageId: 'ami-1',
      SubnetId: 'subnet-1',
      SecurityGroupIds: ['sg-2'],
      PrivateIpAddress: '10.0.0.9',
      NetworkInterfaces: [
        { DeviceIndex: '0', AssociatePublicIpAddress: true },
        { DeviceIndex: '1', SubnetId: 'subnet-3' },
      ],
    });
    expect(rules.canonical?.({ NetworkInterfaces: 'odd' })).toEqual({ NetworkInterfaces: 'odd' });
  });
  it('refuses to move a volume to another device name', () => {
    expect(effect('Volumes', [{ Device: '/dev/sdz', VolumeId: 'vol-data' }])).toEqual({
      blocked: expect.stringContaining('vol-data'),
    });
    expect(effect('Volumes', [])).toBe('in-place');
  });
  it('stops for type, user data and EBS optimisation only', () => {
    expect(
      Object.entries(rules.properties)
        .filter(([, { update }]) => typeof update === 'function' && update('a', 'b', live, {}) === 'restart')
        .map(([name]) => name)
        .sort(),
    ).toEqual(['EbsOptimized', 'InstanceType', 'UserData']);
    expect(rules.properties['ImageId']?.update).toBeUndefined();
  });
});

describe('duplicates and leftovers', () => {
  it.each([
    ['the same subnet and private address', { SubnetId: 'subnet-1', PrivateIpAddress: '10.0.0.5' }, 'same'],
    ['the same name tag', { Tags: { Name: 'web' } }, 'similar'],
    [
      'another name tag',
      { Tags: { Name: 'db' }, ImageId: 'ami-1', InstanceType: 'm7g.large', SubnetId: 'subnet-1' },
      null,
    ],
    [
      'the same image, type and subnet without a name',
      { ImageId: 'ami-1', InstanceType: 'm7g.large', SubnetId: 'subnet-1' },
      'similar',
    ],
    ['another type', { ImageId: 'ami-1', InstanceType: 't3.micro', SubnetId: 'subnet-1' }, null],
    [
      'a reference that is not known yet',
      { SubnetId: { $unknown: 'Net.SubnetId' }, PrivateIpAddress: '10.0.0.5' },
      null,
    ],
  ])('%s', (_what, desired, expected) => {
    expect(rules.duplicate(desired as JsonObject, live)).toBe(expected);
  });
  it('leaves every volume and further interface behind', () => {
    expect(rules.leftovers(live)).toEqual(['vol-root', 'vol-data', 'eni-2']);
  });
});

describe('what a launch opens', () => {
  const own = { account: '111111111111' };
  const subnet = (properties: JsonObject): LiveResource => ({ ...live, type: 'AWS::EC2::Subnet', properties });
  const image = (properties: JsonObject): LiveResource => ({ ...live, type: 'AWS::EC2::Image', properties });
  /** `found`: what was read of images and subnets; null: known not to be there. */
  const opens = (after: JsonObject, found: Readonly<Record<string, LiveResource | null>> = {}): readonly string[] =>
    ruleHits(rules.grants, {}, after, null, comparerFor(rules, instance.type, ''), {
      ...own,
      after,
      find: (_type, id) => found[id],
    }).map(({ says }) => says);
  const inside = { SubnetId: 'subnet-1' };
  const quiet = { 'subnet-1': subnet({ MapPublicIpOnLaunch: false }), 'ami-1': image({ OwnerId: '111111111111' }) };

  it("a foreign image, and one of which the owner was not read; not the own one, nor Amazon's", () => {
    const launch = { ImageId: 'ami-1', ...inside };
    expect(opens(launch, quiet)).toEqual([]);
    expect(opens(launch, { ...quiet, 'ami-1': image({ OwnerId: '666666666666' }) })).toEqual([
      expect.stringContaining('belongs to account 666666666666'),
    ]);
    expect(opens(launch, { ...quiet, 'ami-1': image({ OwnerId: '801119661308', OwnerAlias: 'amazon' }) })).toEqual([]);
    expect(
      opens(launch, { ...quiet, 'ami-1': image({ OwnerId: '679593333241', OwnerAlias: 'aws-marketplace' }) }),
    ).toHaveLength(1);
    expect(opens(launch, { 'subnet-1': quiet['subnet-1'] })).toEqual([expect.stringContaining('was not read')]);
    expect(opens(launch, { ...quiet, 'ami-1': null })).toEqual([]);
  });
  it("what runs from the account's own image, as the profile and in the groups that the instance has", () => {
    const ami = { ImageId: 'ami-1', ...inside };
    const said = (more: JsonObject, found = quiet): readonly string[] =>
      opens({ ...ami, ...more }, found).filter((text) => text.includes('own image'));
    expect(said({ SecurityGroupIds: ['sg-0aa', 'sg-0bb'] })).toEqual([
      "what somebody put into the account's own image ami-1 runs on the instance, and reaches whatever admits sg-0aa, sg-0bb",
    ]);
    expect(said({ IamInstanceProfile: 'admin' })).toEqual([
      "what somebody put into the account's own image ami-1 runs on the instance, and acts with the instance profile admin",
    ]);
    expect(said({})).toEqual([]);
    const amazon = { ...quiet, 'ami-1': image({ OwnerId: '801119661308', OwnerAlias: 'amazon' }) };
    expect(said({ SecurityGroupIds: ['sg-0aa'], IamInstanceProfile: 'admin' }, amazon)).toEqual([]);
  });
  it('the same in a replace that keeps the profile', () => {
    const before = { ImageId: 'ami-0', IamInstanceProfile: 'admin', SubnetId: 'subnet-1' };
    const after = { ...before, ImageId: 'ami-1' };
    expect(
      ruleHits(rules.grants, before, after, live, comparerFor(rules, instance.type, ''), {
        ...own,
        after,
        find: (_type, id) => quiet[id as keyof typeof quiet],
      }).map(({ says }) => says),
    ).toEqual([expect.stringContaining('acts with the instance profile admin')]);
  });
  it('a public address because of the subnet, unless the author says otherwise', () => {
    const launch = (more: JsonObject = {}): JsonObject => ({ ImageId: 'ami-1', ...inside, ...more });
    const open = { ...quiet, 'subnet-1': subnet({ MapPublicIpOnLaunch: true }) };
    expect(opens(launch(), open)).toEqual([
      'the instance gets a public address, as everything that is launched in subnet-1',
    ]);
    expect(opens(launch({ NetworkInterfaces: [{ DeviceIndex: '0', AssociatePublicIpAddress: false }] }), open)).toEqual(
      [],
    );
    expect(opens({ ImageId: 'ami-1' }, quiet)).toEqual([expect.stringContaining('no subnet is named')]);
    expect(opens(launch(), { ...quiet, 'subnet-1': subnet({ AssignIpv6AddressOnCreation: true }) })).toEqual([
      expect.stringContaining('IPv6'),
    ]);
  });
  it.each<[string, JsonObject, number]>([
    ['a key pair', { KeyName: 'ops' }, 1],
    [
      'a snapshot in the mappings',
      { BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs: { SnapshotId: 'snap-prod' } }] },
      1,
    ],
    [
      'an empty volume in the mappings',
      { BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs: { VolumeSize: 8, Encrypted: true } }] },
      0,
    ],
    [
      'a key of another account',
      {
        BlockDeviceMappings: [
          { DeviceName: '/dev/sdf', Ebs: { KmsKeyId: 'arn:aws:kms:eu-west-1:666666666666:key/k' } },
        ],
      },
      1,
    ],
    [
      'an own key',
      {
        BlockDeviceMappings: [
          { DeviceName: '/dev/sdf', Ebs: { KmsKeyId: 'arn:aws:kms:eu-west-1:111111111111:key/k' } },
        ],
      },
      0,
    ],
    ['an existing volume', { Volumes: [{ VolumeId: 'vol-prod', Device: '/dev/sdf' }] }, 1],
    ['IPv6 addresses', { NetworkInterfaces: [{ DeviceIndex: '1', Ipv6AddressCount: 1 }] }, 1],
    [
      'one IPv6 address',
      { NetworkInterfaces: [{ DeviceIndex: '1', Ipv6Addresses: [{ Ipv6Address: '2001:db8::1' }] }] },
      1,
    ],
    ['an existing interface', { NetworkInterfaces: [{ DeviceIndex: '1', NetworkInterfaceId: 'eni-prod' }] }, 1],
    ['a carrier address', { NetworkInterfaces: [{ DeviceIndex: '0', AssociateCarrierIpAddress: true }] }, 1],
    ['an existing group, with an own image', { SecurityGroupIds: ['sg-1'] }, 1],
    [
      'everyday settings',
      {
        InstanceType: 't3.micro',
        Monitoring: true,
        EbsOptimized: true,
        Tags: { Name: 'x' },
        PrivateIpAddress: '10.0.0.9',
      },
      0,
    ],
  ])('%s', (_name, more, number) => {
    expect(opens({ ImageId: 'ami-1', ...inside, ...more }, quiet)).toHaveLength(number);
  });
});

describe('what ends with an update', () => {
  it.each<[string, Json, Json | undefined]>([
    ['Monitoring', true, false],
    ['SourceDestCheck', false, true],
    ['IamInstanceProfile', 'web', undefined],
    ['SecurityGroupIds', ['sg-1', 'sg-2'], ['sg-1']],
    ['SecurityGroupIds', ['sg-1'], []],
    ['MetadataOptions', { HttpEndpoint: 'enabled' }, { HttpEndpoint: 'disabled' }],
  ])('%s from %j to %j is a loss', (name, before, after) => {
    const from = { ...elastic(), properties: { ...live.properties, [name]: before } };
    expect(hits('destructive', { [name]: after }, from)).toHaveLength(1);
    expect(
      hits('destructive', { [name]: before }, { ...from, properties: { ...from.properties, [name]: after } }),
    ).toEqual([]);
  });
});
