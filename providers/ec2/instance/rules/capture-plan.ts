import type { LiveResource } from '../../../../src/domain/live.ts';
import { propertyOf, textOf } from '../../../aws/values/fields.ts';
import {
  blockDevicesOf,
  hasInstanceStoreRoot,
  instanceStoreOf,
  isRunning,
  isSpot,
  isStoppable,
  passingAddressOf,
} from '../reading/facts.ts';
import { stoppedProperties } from './rules.ts';
import type { AttributeChange } from '../../../../src/domain/attribute-change.ts';
import type { CapturePlan } from '../../../../src/domain/capture-plan.ts';

const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? '' : 's'}`;

function sizeOf(live: LiveResource): string {
  const devices = blockDevicesOf(live);
  const sizes = devices.map(({ size }) => size);
  const total = sizes.includes(undefined)
    ? 'of unknown size'
    : `${sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)} GiB`;
  return `${count(devices.length, 'volume')}, ${total}`;
}

/** The capture before an instance is changed or terminated, and its losses. Pure. */
export function planInstanceCapture(
  live: LiveResource,
  action: 'update' | 'replace' | 'delete',
  changes: readonly AttributeChange[],
): CapturePlan {
  return action === 'update' ? planUpdate(live, changes) : planTermination(live);
}

function planUpdate(live: LiveResource, changes: readonly AttributeChange[]): CapturePlan {
  const stops =
    isRunning(live) && changes.some(({ path }) => (stoppedProperties as readonly string[]).includes(propertyOf(path)));
  const store = stops ? instanceStoreOf(live) : undefined;
  const address = stops ? passingAddressOf(live) : undefined;
  const loses = [
    ...(stops ? ['what is in memory'] : []),
    ...(address === undefined ? [] : [`the public address ${address}`]),
    ...(store === undefined ? [] : [`the instance store volumes (${store})`]),
  ];
  const impossible =
    store === undefined
      ? {}
      : { impossible: `the stop erases instance store volumes (${store}), which no snapshot holds` };
  if (blockDevicesOf(live).length === 0)
    return {
      how: 'config',
      what: 'the configuration; the instance has no EBS volume',
      late: false,
      loses,
      ...impossible,
    };
  return {
    how: 'native',
    what: `the configuration and one crash-consistent set of snapshots (${sizeOf(live)})`,
    late: false,
    loses,
    ...impossible,
  };
}

function planTermination(live: LiveResource): CapturePlan {
  const store = instanceStoreOf(live);
  const address = passingAddressOf(live);
  const root = blockDevicesOf(live).find((device) => device.root);
  const privateAddress = textOf(live.properties['PrivateIpAddress']);
  const loses = [
    `the id ${live.identity}, and what knows the instance by it (target groups, alarms, Systems Manager)`,
    ...(root === undefined
      ? []
      : [
          `the root volume id ${root.volume}: the volume itself stays, detached, and the new root is made from the image`,
        ]),
    `the image id ${textOf(live.properties['ImageId']) ?? ''}: the restored instance runs from the image taken before`,
    'the ids and MAC address of its primary network interface',
    ...(privateAddress === undefined ? [] : [`the private address ${privateAddress}, should someone else take it`]),
    ...(address === undefined ? [] : [`the public address ${address}, which is not elastic`]),
    ...(isRunning(live) ? ['what is in memory'] : []),
    ...(store === undefined ? [] : [`the instance store volumes (${store})`]),
    ...(isSpot(live)
      ? [
          'the spot request and its price; writes of the last moments, since a spot instance is not stopped before the image',
        ]
      : []),
  ];
  const plan = { late: true, loses, newIdentity: true };
  if (hasInstanceStoreRoot(live)) {
    return {
      ...plan,
      how: 'none',
      what: 'nothing but the configuration',
      impossible: 'its root is an instance store volume, of which EC2 takes no image',
    };
  }
  const what = `an image with snapshots of every volume (${sizeOf(live)})${isRunning(live) && isStoppable(live) ? ', after the instance was stopped' : ''}; the volumes themselves are kept`;
  return store === undefined
    ? { ...plan, how: 'native', what }
    : {
        ...plan,
        how: 'native',
        what,
        impossible: `the instance store volumes (${store}) are lost with the stop, and no snapshot holds them`,
      };
}
