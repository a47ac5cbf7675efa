import { isObject, type Json } from '../../../../src/base/json.ts';
import type { ValueProblem } from '../../../../src/domain/resource-type.ts';
import {
  isThere,
  knownText,
  needs,
  range,
  refusing,
  shown,
  tagChecks,
  type ValueCheck,
} from '../../../aws/values/value-checks.ts';
import { volumeSettings } from '../../volume/rules/values.ts';

/** RunInstances, `UserData`: 16 KB before it is encoded. */
const USER_DATA_BYTES = 16_384;

const bytesOf = (text: string): number =>
  [...text].reduce((sum, character) => {
    const point = character.codePointAt(0) ?? 0;
    return sum + (point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4);
  }, 0);

const userData: ValueCheck = (properties) => {
  const text = knownText(properties['UserData']);
  const bytes = text === undefined ? 0 : bytesOf(text);
  return bytes <= USER_DATA_BYTES
    ? []
    : [
        {
          at: 'UserData',
          message: `UserData has ${bytes} bytes; AWS takes ${USER_DATA_BYTES}`,
          help: 'fetch the rest from a bucket',
        },
      ];
};

const metadata: ValueCheck = (properties) => {
  const options = properties['MetadataOptions'];
  return isObject(options)
    ? range('MetadataOptions.HttpPutResponseHopLimit', options['HttpPutResponseHopLimit'], 1, 64, {
        of: 'HttpPutResponseHopLimit',
      })
    : [];
};

/** The volumes of a new instance obey the rules of a volume; a size may come from the image or the snapshot. */
const devices: ValueCheck = (properties, whole) => {
  const list = properties['BlockDeviceMappings'];
  if (!whole || !Array.isArray(list)) return [];
  return list.flatMap((item: Json, index): readonly ValueProblem[] => {
    const ebs = isObject(item) ? item['Ebs'] : undefined;
    // The type of a volume that is not named may come from the image.
    return isObject(ebs)
      ? volumeSettings(ebs, isThere(ebs['VolumeType']), `BlockDeviceMappings.${index}.Ebs`, { size: 'VolumeSize' })
      : [];
  });
};

/** DescribeInstanceTypes, `InstanceType`: family and size with a dot between them. */
const typeName: ValueCheck = (properties) => {
  const type = knownText(properties['InstanceType']);
  return type === undefined || /^[a-z0-9-]+\.[a-z0-9-]+$/u.test(type)
    ? []
    : [
        {
          at: 'InstanceType',
          message: `InstanceType ${shown(type)} is no instance type; one is written like t3.micro`,
          help: 'InstanceType: t3.micro',
        },
      ];
};

/** AWS::EC2::Instance, without a look at what is live. */
export const refusedInstance = refusing(
  needs('ImageId', 'ImageId: ami-…'),
  typeName,
  userData,
  metadata,
  devices,
  tagChecks(),
);
