import { Refusal, type QueryCorrection } from '../protocol/correction.ts';
import { child, listAt, put, textAt, type Element } from '../protocol/xml.ts';
import { instanceOf, stateOf, volumeOf } from './answers.ts';

/** API type Volume: the figures that AWS reports for gp2 and gp3 where nobody chose any. */
function showPerformance(volume: Element, throughput: string | undefined): void {
  const type = textAt(volume, 'volumeType');
  if (type === 'gp2') put(volume, 'iops', String(Math.min(16_000, Math.max(100, 3 * Number(textAt(volume, 'size'))))));
  if (type === 'gp3' && textAt(volume, 'iops') === '') put(volume, 'iops', '3000');
  if (type === 'gp3') put(volume, 'throughput', throughput ?? (textAt(volume, 'throughput') || '125'));
}

const createVolume: QueryCorrection = {
  operations: ['CreateVolume'],
  answers: 'size, encryption and key of a snapshot are inherited; a smaller size is refused; creating for a while',
  before(context) {
    const { parameters, world } = context;
    const identity = parameters.get('SnapshotId') ?? '';
    const snapshot = world.snapshots.get(identity);
    if (snapshot === undefined) return;
    if (world.transitions.peek(identity) !== undefined)
      throw new Refusal('IncorrectState', `Snapshot is in invalid state - pending`);
    const size = parameters.get('Size');
    if (size !== undefined && Number(size) < Number(snapshot.size)) {
      throw new Refusal(
        'InvalidParameterValue',
        `The volume size is invalid for snapshot '${identity}': ${size} < ${snapshot.size}`,
      );
    }
    if (size === undefined) parameters.set('Size', snapshot.size);
    if (snapshot.encrypted) parameters.set('Encrypted', 'true');
    if (snapshot.kmsKeyId !== '' && !parameters.has('KmsKeyId')) parameters.set('KmsKeyId', snapshot.kmsKeyId);
  },
  after(context, answer) {
    const identity = textAt(answer, 'volumeId');
    const throughput = context.asked.get('Throughput');
    if (throughput !== undefined) context.world.throughput.set(identity, throughput);
    context.world.transitions.begin(identity, 'creating');
    put(answer, 'status', 'creating');
    showPerformance(answer, throughput);
  },
};

const describeVolumes: QueryCorrection = {
  operations: ['DescribeVolumes'],
  answers:
    'states in between, DeleteOnTermination of attachments, performance figures, age of a fixture; the filter status sees states in between',
  before(context) {
    context.parameters.setFilters(
      context.parameters
        .filters()
        .filter(({ name }) => name !== 'status' && name !== 'attachment.delete-on-termination'),
    );
  },
  after(context, answer) {
    const set = child(answer, 'volumeSet');
    if (set === undefined) return;
    for (const volume of set.children) {
      const identity = textAt(volume, 'volumeId');
      const between = context.world.transitions.read(identity);
      if (between !== undefined) put(volume, 'status', between.state);
      showPerformance(volume, context.world.throughput.get(identity));
      const age = context.ages.get(identity);
      if (age !== undefined) put(volume, 'createTime', age);
      for (const attachment of listAt(volume, 'attachmentSet')) {
        put(attachment, 'deleteOnTermination', String(context.world.deleteOnTermination.get(identity) ?? false));
        if (age !== undefined) put(attachment, 'attachTime', age);
      }
    }
    const filters = context.asked.filters();
    const status = filters.find(({ name }) => name === 'status')?.values;
    const cascades = filters.find(({ name }) => name === 'attachment.delete-on-termination')?.values;
    set.children = set.children.filter(
      (volume) =>
        (status === undefined || status.includes(textAt(volume, 'status'))) &&
        (cascades === undefined ||
          listAt(volume, 'attachmentSet').some((item) => cascades.includes(textAt(item, 'deleteOnTermination')))),
    );
  },
};

const attachments: readonly QueryCorrection[] = [
  {
    operations: ['AttachVolume'],
    answers: 'a volume in use, in another zone, or on a device that is taken is refused',
    async before(context) {
      const { parameters, world } = context;
      const identity = parameters.get('VolumeId') ?? '';
      const volume = await volumeOf(context, identity);
      const instance = await instanceOf(context, parameters.get('InstanceId') ?? '');
      const device = parameters.get('Device') ?? '';
      const state = world.transitions.peek(identity) ?? textAt(volume, 'status');
      if (state === 'in-use') throw new Refusal('VolumeInUse', `${identity} is already attached to an instance`);
      if (state !== 'available') throw new Refusal('IncorrectState', `${identity} is not 'available'.`);
      if (!['running', 'stopped'].includes(stateOf(context, instance)))
        throw new Refusal('IncorrectState', `Instance '${textAt(instance, 'instanceId')}' is not 'running'.`);
      const zones = [textAt(volume, 'availabilityZone'), textAt(instance, 'placement', 'availabilityZone')];
      if (zones[0] !== zones[1])
        throw new Refusal(
          'InvalidVolume.ZoneMismatch',
          `The volume '${identity}' is not in the same availability zone as instance '${textAt(instance, 'instanceId')}'`,
        );
      if (listAt(instance, 'blockDeviceMapping').some((item) => textAt(item, 'deviceName') === device)) {
        throw new Refusal(
          'InvalidParameterValue',
          `Invalid value '${device}' for unixDevice. Attachment point ${device} is already in use`,
        );
      }
    },
    after(context) {
      context.world.deleteOnTermination.set(context.asked.get('VolumeId') ?? '', false);
    },
  },
  {
    operations: ['DetachVolume'],
    answers: 'the root volume of a running instance is not detached',
    async before(context) {
      const [attachment] = listAt(await volumeOf(context, context.parameters.get('VolumeId') ?? ''), 'attachmentSet');
      if (attachment === undefined) return;
      const instance = await instanceOf(context, textAt(attachment, 'instanceId'));
      const root = context.world.rootDevices.get(textAt(instance, 'instanceId')) ?? textAt(instance, 'rootDeviceName');
      if (root === textAt(attachment, 'device') && stateOf(context, instance) !== 'stopped') {
        throw new Refusal(
          'OperationNotPermitted',
          `Unable to detach root volume '${context.parameters.get('VolumeId')}' from instance '${textAt(instance, 'instanceId')}'`,
        );
      }
    },
    after(context) {
      context.world.deleteOnTermination.delete(context.asked.get('VolumeId') ?? '');
    },
  },
];

const modifyVolume: QueryCorrection = {
  operations: ['ModifyVolume'],
  answers: 'a volume does not shrink; one modification at a time; modifying and optimizing for a while',
  async before(context) {
    const { parameters, world } = context;
    const identity = parameters.get('VolumeId') ?? '';
    const volume = await volumeOf(context, identity);
    if (world.transitions.peek(`${identity}/modification`) === 'modifying') {
      throw new Refusal(
        'IncorrectModificationState',
        `Cannot modify volume ${identity}, modification in state: modifying`,
      );
    }
    const size = parameters.get('Size');
    if (size !== undefined && Number(size) < Number(textAt(volume, 'size'))) {
      throw new Refusal('InvalidParameterValue', 'New size cannot be smaller than existing size');
    }
  },
  after(context, answer) {
    const identity = context.asked.get('VolumeId') ?? '';
    const throughput = context.asked.get('Throughput');
    if (throughput !== undefined) context.world.throughput.set(identity, throughput);
    context.world.transitions.begin(`${identity}/modification`, 'modifying', 'optimizing');
    const modification = child(answer, 'volumeModification');
    if (modification === undefined) return;
    put(modification, 'modificationState', 'modifying');
    put(modification, 'progress', '0');
  },
};

const describeModifications: QueryCorrection = {
  operations: ['DescribeVolumesModifications'],
  answers: 'only the newest modification of a volume, with its state; none that the sandbox made itself',
  after(context, answer) {
    const set = child(answer, 'volumeModificationSet');
    if (set === undefined) return;
    const byVolume = new Map<string, Element[]>();
    for (const item of set.children)
      byVolume.set(textAt(item, 'volumeId'), [...(byVolume.get(textAt(item, 'volumeId')) ?? []), item]);
    set.children = [...byVolume].flatMap(([identity, items]) =>
      items.slice(Number(context.world.settings.get(`${identity}/own-modifications`) ?? 0)).slice(-1),
    );
    for (const item of set.children) {
      const between = context.world.transitions.read(`${textAt(item, 'volumeId')}/modification`);
      put(item, 'modificationState', between?.state ?? 'completed');
      put(item, 'progress', String(between?.percent ?? 100));
    }
  },
};

export const volumes: readonly QueryCorrection[] = [
  createVolume,
  describeVolumes,
  ...attachments,
  modifyVolume,
  describeModifications,
];
