import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import { listAt, put, textAt } from '../protocol/xml.ts';
import { instanceOf } from './answers.ts';

const imageKey = (image: string): string => `${image}/architecture`;

/** The architectures that an instance type can run; null for an unknown type. */
async function architecturesOf(context: QueryContext, type: string): Promise<readonly string[] | null> {
  const [found] = listAt(
    await context.send('ec2', 'DescribeInstanceTypes', { 'Filter.1.Name': 'instance-type', 'Filter.1.Value.1': type }),
    'instanceTypeSet',
  );
  return found === undefined ? null : listAt(found, 'processorInfo', 'supportedArchitectures').map(({ text }) => text);
}

const mismatch = (type: string, image: string): Refusal =>
  new Refusal(
    'InvalidParameterValue',
    `The architecture '${type}' of the specified instance type does not match the architecture '${image}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again.`,
  );

/** API RunInstances and ModifyInstanceAttribute: an image, a type that there is, and one architecture for both. */
export const kindRefusals: readonly QueryCorrection[] = [
  {
    operations: ['RunInstances'],
    answers: 'without an image; a type that does not exist; a type of another architecture than the image',
    async before(context) {
      const { parameters, world } = context;
      const image = parameters.get('ImageId');
      if (image === undefined) throw new Refusal('MissingParameter', 'The request must contain the parameter ImageId');
      const type = parameters.get('InstanceType');
      if (type === undefined) return;
      const architectures = await architecturesOf(context, type);
      if (architectures === null)
        throw new Refusal('InvalidParameterValue', `Invalid value '${type}' for InstanceType.`);
      const wanted = world.settings.get(imageKey(image));
      if (wanted !== undefined && !architectures.includes(wanted)) throw mismatch(architectures.join(), wanted);
    },
  },
  {
    operations: ['ModifyInstanceAttribute'],
    answers: 'a type that does not exist, or of another architecture than the one before',
    async before(context) {
      const type = context.parameters.get('InstanceType.Value');
      if (type === undefined) return;
      const after = await architecturesOf(context, type);
      if (after === null)
        throw new Refusal('InvalidInstanceAttributeValue', `The instance type '${type}' does not exist.`);
      const before = await architecturesOf(
        context,
        textAt(await instanceOf(context, context.parameters.get('InstanceId') ?? ''), 'instanceType'),
      );
      if (before !== null && !before.some((name) => after.includes(name))) throw mismatch(after.join(), before.join());
    },
  },
  {
    operations: ['RegisterImage'],
    answers: 'the architecture of an image is remembered',
    after({ asked, world }, answer) {
      const architecture = asked.get('Architecture');
      if (architecture !== undefined) world.settings.set(imageKey(textAt(answer, 'imageId')), architecture);
    },
  },
  {
    operations: ['DescribeImages'],
    answers: 'the architecture of an image is shown',
    after({ world }, answer) {
      for (const image of listAt(answer, 'imagesSet')) {
        const architecture = world.settings.get(imageKey(textAt(image, 'imageId')));
        if (architecture !== undefined) put(image, 'architecture', architecture);
      }
    },
  },
];
