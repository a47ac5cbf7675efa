import { look, type Program } from '../../../../src/domain/call.ts';
import type { JsonObject } from '../../../../src/base/json.ts';
import { listOf, objectOf, textOf, textsOf } from '../../../aws/values/fields.ts';
import { filtered } from '../../paging.ts';

/**
 * The architectures of an instance type (DescribeInstanceTypes, ProcessorInfo); null where this region has no such
 * type.
 */
function* architecturesOf(type: string): Program<readonly string[] | null> {
  const answer = yield* look(
    { service: 'ec2', operation: 'DescribeInstanceTypes', input: filtered('instance-type', [type]) },
    { InstanceTypes: [{ InstanceType: type, ProcessorInfo: { SupportedArchitectures: ['x86_64', 'arm64'] } }] },
  );
  // By filter, so that a type that does not exist gives an empty list and no error.
  const found: JsonObject | undefined = listOf(answer?.['InstanceTypes']).find((item) => item['InstanceType'] === type);
  return found === undefined ? null : textsOf(objectOf(found['ProcessorInfo'])['SupportedArchitectures']);
}

const unknownType = (type: string): string => `the instance type "${type}" does not exist in this region`;

/**
 * The type of a new instance exists, and runs its image (RunInstances: "The architecture … does not match"). `image`:
 * that of the image, where it is known.
 */
export function* typeProblems(type: string | undefined, image: string | undefined): Program<readonly string[]> {
  if (type === undefined) return [];
  const architectures = yield* architecturesOf(type);
  if (architectures === null) return [unknownType(type)];
  return image === undefined || architectures.length === 0 || architectures.includes(image)
    ? []
    : [
        `"${type}" is for ${architectures.join(' and ')}, and the image is for ${image}: choose a type and an image of one architecture`,
      ];
}

/**
 * Another type of an instance runs what is on its disk: both have an architecture in common (ModifyInstanceAttribute).
 */
export function* changedTypeProblems(from: string | undefined, to: string | undefined): Program<readonly string[]> {
  if (to === undefined || from === to) return [];
  const after = yield* architecturesOf(to);
  if (after === null) return [unknownType(to)];
  const before = from === undefined ? null : yield* architecturesOf(from);
  if (before === null || before.length === 0 || after.length === 0 || before.some((name) => after.includes(name)))
    return [];
  return [
    `"${to}" is for ${after.join(' and ')}, and the system of the instance was made for ${before.join(' and ')}: launch another one from an image for ${after.join(' or ')}`,
  ];
}

/** The architecture that DescribeImages gives. */
export const architectureOf = (image: JsonObject | undefined): string | undefined => textOf(image?.['Architecture']);
