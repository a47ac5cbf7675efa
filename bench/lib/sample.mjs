/** A change plan of `count` resources and the recorded live state (`aiplan/live@1`) that it is made for. */
const account = '123456789012';
const region = 'eu-west-1';
const hex = (kind, index) => `${kind}-${(0x10000000000 + index).toString(16).padStart(17, '0')}`;

const live = (type, identity, incarnation, properties, more = {}) => ({
  type,
  identity,
  incarnation,
  properties,
  attributes: {},
  systemTags: {},
  state: 'present',
  pending: {},
  binding: {},
  observed: {},
  detailed: true,
  ...more,
});

const tags = (index) => ({ Name: `sample-${index}`, team: `team-${index % 9}`, env: index % 4 === 0 ? 'prod' : 'dev' });

/** One of each kind, by turns: three updates of things that are live, then one create. */
const kinds = [
  (index) => {
    const id = hex('sg', index);
    const rule = (port) => ({ IpProtocol: 'tcp', FromPort: port, ToPort: port, CidrIp: `10.${index % 250}.0.0/16` });
    return {
      live: live(
        'AWS::EC2::SecurityGroup',
        id,
        id,
        {
          GroupName: `sample-${index}`,
          GroupDescription: `sample ${index}`,
          VpcId: hex('vpc', 1),
          SecurityGroupIngress: [rule(443), rule(80)],
          SecurityGroupEgress: [{ IpProtocol: '-1', CidrIp: '0.0.0.0/0' }],
          Tags: tags(index),
        },
        {
          attributes: { GroupId: id, Id: id, VpcId: hex('vpc', 1) },
          binding: { dependents: [], attached: [], protections: [] },
        },
      ),
      entry: {
        type: 'AWS::EC2::SecurityGroup',
        action: 'update',
        id,
        properties: { SecurityGroupIngress: [rule(443), rule(80), rule(8443)], Tags: { owner: 'platform' } },
      },
    };
  },
  (index) => {
    const id = hex('vol', index);
    return {
      live: live(
        'AWS::EC2::Volume',
        id,
        id,
        {
          AutoEnableIO: false,
          AvailabilityZone: `${region}a`,
          Encrypted: true,
          MultiAttachEnabled: false,
          Size: 100,
          VolumeType: 'gp3',
          Iops: 3000,
          Throughput: 125,
          Tags: tags(index),
        },
        {
          state: 'available',
          attributes: { VolumeId: id, Attachments: [] },
          binding: { attached: [], encrypted: true, protections: [], backups: 'none' },
          observed: { created: '2024-05-01T00:00:00.000Z', bytes: 100 * 2 ** 30, snapshots: 0 },
        },
      ),
      entry: {
        type: 'AWS::EC2::Volume',
        action: 'update',
        id,
        expect: { VolumeType: 'gp3', Tags: { Name: `sample-${index}` } },
        properties: { Iops: 4000, Tags: { owner: 'platform', env: null } },
      },
    };
  },
  (index) => {
    const name = `sample-bucket-${index}`;
    return {
      live: live(
        'AWS::S3::Bucket',
        name,
        `${name} 2024-05-01T00:00:00.000Z`,
        { BucketName: name, VersioningConfiguration: { Status: 'Enabled' }, Tags: tags(index) },
        {
          attributes: { Arn: `arn:aws:s3:::${name}`, Region: region },
          binding: { versioning: 'Enabled' },
          observed: { created: '2024-05-01T00:00:00.000Z', objects: 12, bytes: 3456 },
        },
      ),
      entry: { type: 'AWS::S3::Bucket', action: 'update', id: name, properties: { Tags: { owner: 'platform' } } },
    };
  },
  (index, address) => ({
    entry: {
      type: 'AWS::EC2::Volume',
      action: 'create',
      reason: 'more room',
      depends_on: [address(index - 1)],
      properties: {
        AvailabilityZone: `${region}a`,
        Size: 20,
        VolumeType: 'gp3',
        Encrypted: true,
        Tags: { Name: `new-${index}`, of: { 'Fn::GetAtt': [address(index - 2), 'VolumeId'] } },
      },
    },
  }),
];

/** Answers `{ changePlan, live }`, both plain JSON. */
export function sample(count) {
  const address = (index) => `Resource${index}`;
  const made = Array.from({ length: count }, (_, index) => kinds[index % kinds.length](index, address));
  return {
    changePlan: {
      aiplan: 1,
      name: 'sample',
      intent: 'A plan of many resources, for a benchmark.',
      target: { account, region },
      resources: Object.fromEntries(made.map(({ entry }, index) => [address(index), entry])),
    },
    live: {
      format: 'aiplan/live@1',
      target: { account, region, caller: `arn:aws:iam::${account}:user/bench`, endpoint: null },
      readAt: '2026-01-01T00:00:00.000Z',
      recorded: true,
      resources: made.flatMap(({ live: resource }) => (resource === undefined ? [] : [resource])),
      absent: [],
      complete: [
        'AWS::EC2::Instance',
        'AWS::EC2::SecurityGroup',
        'AWS::EC2::Volume',
        'AWS::RDS::DBInstance',
        'AWS::S3::Bucket',
      ],
      failures: [],
      calls: {},
      account: {},
    },
  };
}

/** JSON values as the plain block YAML that people and agents write. */
export function yaml(value, indent = '') {
  if (Array.isArray(value))
    return value.length === 0 ? ' []\n' : `\n${value.map((item) => `${indent}- ${flow(item)}\n`).join('')}`;
  if (typeof value !== 'object' || value === null) return ` ${flow(value)}\n`;
  const keys = Object.keys(value);
  if (keys.length === 1 && keys[0].startsWith('Fn::')) return ` ${flow(value)}\n`;
  return `${indent === '' ? '' : '\n'}${keys.map((key) => `${indent}${key}:${yaml(value[key], `${indent}  `)}`).join('')}`;
}
function flow(value) {
  if (Array.isArray(value)) return `[ ${value.map(flow).join(', ')} ]`;
  if (typeof value === 'object' && value !== null) {
    return 'Fn::GetAtt' in value
      ? `!GetAtt ${value['Fn::GetAtt'].join('.')}`
      : `{ ${Object.entries(value)
          .map(([key, item]) => `${key}: ${flow(item)}`)
          .join(', ')} }`;
  }
  return JSON.stringify(value);
}
