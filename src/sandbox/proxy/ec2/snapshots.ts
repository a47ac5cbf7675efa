import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import { child, listAt, put, textAt, type Element } from '../protocol/xml.ts';
import { tagsOf, volumeOf } from './answers.ts';

/** Keeps what a snapshot is at its creation: the emulator lets it follow its volume. */
export async function freeze(context: QueryContext, snapshot: string, volume: Element): Promise<void> {
  context.world.snapshots.set(snapshot, {
    size: textAt(volume, 'size'),
    encrypted: textAt(volume, 'encrypted') === 'true',
    kmsKeyId: textAt(volume, 'kmsKeyId'),
  });
  context.world.transitions.begin(snapshot, 'pending');
}

function show(context: QueryContext, snapshot: Element, stateField: 'status' | 'state'): void {
  const { world, ages } = context;
  const identity = textAt(snapshot, 'snapshotId');
  const frozen = world.snapshots.get(identity);
  if (frozen !== undefined) {
    put(snapshot, 'volumeSize', frozen.size);
    put(snapshot, 'encrypted', String(frozen.encrypted));
    if (frozen.kmsKeyId !== '') put(snapshot, 'kmsKeyId', frozen.kmsKeyId);
  }
  const between = world.transitions.read(identity);
  put(snapshot, stateField, between?.state ?? 'completed');
  put(snapshot, 'progress', between === undefined ? '100%' : `${between.percent}%`);
  const age = ages.get(identity);
  if (age !== undefined) put(snapshot, 'startTime', age);
}

const created = (snapshot: Element, stateField: 'status' | 'state', volume: Element): void => {
  put(snapshot, stateField, 'pending');
  put(snapshot, 'progress', '');
  put(snapshot, 'encrypted', textAt(volume, 'encrypted'));
  if (textAt(volume, 'kmsKeyId') !== '') put(snapshot, 'kmsKeyId', textAt(volume, 'kmsKeyId'));
};

export const snapshots: readonly QueryCorrection[] = [
  {
    operations: ['CreateSnapshot'],
    answers: 'size, encryption and key are frozen; pending with progress for a while',
    async after(context, answer) {
      const volume = await volumeOf(context, textAt(answer, 'volumeId'));
      await freeze(context, textAt(answer, 'snapshotId'), volume);
      created(answer, 'status', volume);
    },
  },
  {
    operations: ['CreateSnapshots'],
    answers: 'the same for a set; it has a state; tags of the volumes are copied where asked for',
    async after(context, answer) {
      for (const snapshot of listAt(answer, 'snapshotSet')) {
        const volume = await volumeOf(context, textAt(snapshot, 'volumeId'));
        const identity = textAt(snapshot, 'snapshotId');
        await freeze(context, identity, volume);
        created(snapshot, 'state', volume);
        const tags =
          context.asked.get('CopyTagsFromSource') === 'volume'
            ? tagsOf(volume).filter(({ key }) => !key.startsWith('aws:'))
            : [];
        if (tags.length > 0) {
          await context.send('ec2', 'CreateTags', {
            'ResourceId.1': identity,
            ...Object.fromEntries(
              tags.flatMap(({ key, value }, index) => [
                [`Tag.${index + 1}.Key`, key],
                [`Tag.${index + 1}.Value`, value],
              ]),
            ),
          });
        }
      }
    },
  },
  {
    operations: ['CopySnapshot'],
    answers: 'a copy is what its source was; asked to, it is encrypted',
    async after(context, answer) {
      const { asked, world } = context;
      const source = world.snapshots.get(asked.get('SourceSnapshotId') ?? '');
      const identity = textAt(answer, 'snapshotId');
      if (source !== undefined) {
        const encrypted = source.encrypted || asked.isTrue('Encrypted') || asked.has('KmsKeyId');
        world.snapshots.set(identity, {
          size: source.size,
          encrypted,
          kmsKeyId: asked.get('KmsKeyId') ?? source.kmsKeyId,
        });
      }
      world.transitions.begin(identity, 'pending');
    },
  },
  {
    operations: ['DescribeSnapshots'],
    answers:
      "frozen size and key, states in between; the filter status sees them; the emulator's own snapshots of images are hidden",
    before(context) {
      context.parameters.setFilters(
        context.parameters.filters().filter(({ name }) => name !== 'status' && name !== 'volume-size'),
      );
    },
    after(context, answer) {
      const set = child(answer, 'snapshotSet');
      if (set === undefined) return;
      for (const snapshot of set.children) show(context, snapshot, 'status');
      const wanted = (name: string) => context.asked.filters().find((filter) => filter.name === name)?.values;
      const [status, size] = [wanted('status'), wanted('volume-size')];
      set.children = set.children.filter(
        (snapshot) =>
          context.world.settings.get(`${textAt(snapshot, 'snapshotId')}/hidden`) === undefined &&
          (status === undefined || status.includes(textAt(snapshot, 'status'))) &&
          (size === undefined || size.includes(textAt(snapshot, 'volumeSize'))),
      );
    },
  },
  {
    operations: ['DeleteSnapshot'],
    answers: 'a snapshot that a registered image needs is not deleted',
    before(context) {
      const identity = context.parameters.get('SnapshotId') ?? '';
      for (const [image, { devices }] of context.world.images) {
        if (devices.some(({ snapshotId }) => snapshotId === identity))
          throw new Refusal('InvalidSnapshot.InUse', `The snapshot ${identity} is currently in use by ${image}`);
      }
    },
    after(context) {
      context.world.snapshots.delete(context.asked.get('SnapshotId') ?? '');
    },
  },
];
