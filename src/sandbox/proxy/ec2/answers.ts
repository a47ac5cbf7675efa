import { Refusal, type QueryContext } from '../protocol/correction.ts';
import { at, element, listAt, textAt, type Element } from '../protocol/xml.ts';

/** The instances in an answer of DescribeInstances, RunInstances, StopInstances and the like. */
export const instancesIn = (answer: Element): readonly Element[] => [
  ...listAt(answer, 'instancesSet'),
  ...listAt(answer, 'reservationSet').flatMap((reservation) => listAt(reservation, 'instancesSet')),
];

/** Reads instances from the emulator as it has them. Throws Refusal for an id that does not exist. */
export async function instancesOf(context: QueryContext, identities: readonly string[]): Promise<readonly Element[]> {
  return instancesIn(await context.send('ec2', 'DescribeInstances', numbered('InstanceId', identities)));
}

export async function instanceOf(context: QueryContext, identity: string): Promise<Element> {
  const [instance] = await instancesOf(context, [identity]);
  if (instance === undefined)
    throw new Refusal('InvalidInstanceID.NotFound', `The instance ID '${identity}' does not exist`);
  return instance;
}

/** Reads one volume as the emulator has it. */
export async function volumeOf(context: QueryContext, identity: string): Promise<Element> {
  const [volume] = listAt(await context.send('ec2', 'DescribeVolumes', { 'VolumeId.1': identity }), 'volumeSet');
  if (volume === undefined) throw new Refusal('InvalidVolume.NotFound', `The volume '${identity}' does not exist.`);
  return volume;
}

/** The state that a reader would see, without counting as a reading. */
export const stateOf = (context: QueryContext, instance: Element): string =>
  context.world.transitions.peek(textAt(instance, 'instanceId')) ?? textAt(instance, 'instanceState', 'name');

export const numbered = (prefix: string, values: readonly string[]): Record<string, string> =>
  Object.fromEntries(values.map((value, index) => [`${prefix}.${index + 1}`, value]));

const CODES: Readonly<Record<string, string>> = {
  pending: '0',
  running: '16',
  'shutting-down': '32',
  terminated: '48',
  stopping: '64',
  stopped: '80',
};

/** An instance state as EC2 writes it (API type InstanceState). */
export const stateContent = (name: string): readonly Element[] => [
  element('code', CODES[name] ?? '0'),
  element('name', name),
];

/** Key and value pairs of a tagSet. */
export const tagsOf = (resource: Element): readonly { readonly key: string; readonly value: string }[] =>
  (at(resource, 'tagSet')?.children ?? []).map((tag) => ({ key: textAt(tag, 'key'), value: textAt(tag, 'value') }));
