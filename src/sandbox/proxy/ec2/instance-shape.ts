import type { QueryCorrection } from '../protocol/correction.ts';
import { child, copyOf, element, listAt, put, textAt } from '../protocol/xml.ts';
import { instancesIn } from './answers.ts';
import { REMEMBERED } from './instance-launch.ts';

/** Lists that AWS sends of every instance, also of one that is terminated and has none of them left. */
const LISTS = ['blockDeviceMapping', 'networkInterfaceSet', 'groupSet'] as const;

export const describedShape: QueryCorrection = {
  operations: ['DescribeInstances', 'RunInstances'],
  answers:
    'empty lists of a terminated instance, root device of the image, DeleteOnTermination of each volume, groups of the primary interface, remembered settings, launch time of a fixture',
  after(context, answer) {
    const { world, ages } = context;
    for (const instance of instancesIn(answer)) {
      const identity = textAt(instance, 'instanceId');
      for (const list of LISTS) if (child(instance, list) === undefined) put(instance, list, []);
      const root = world.rootDevices.get(identity);
      if (root !== undefined) put(instance, 'rootDeviceName', root);
      const age = ages.get(identity);
      if (age !== undefined) put(instance, 'launchTime', age);
      const interfaces = listAt(instance, 'networkInterfaceSet');
      const groups = child(interfaces[0], 'groupSet');
      const own = child(instance, 'groupSet');
      if (groups !== undefined && own !== undefined && own.children.length === 0)
        own.children = copyOf(groups).children;
      for (const item of interfaces) {
        const attachment = child(item, 'attachment');
        if (age !== undefined && attachment !== undefined) put(attachment, 'attachTime', age);
      }
      for (const mapping of listAt(instance, 'blockDeviceMapping')) {
        const ebs = child(mapping, 'ebs');
        if (ebs === undefined) continue;
        put(
          ebs,
          'deleteOnTermination',
          String(
            world.deleteOnTermination.get(textAt(ebs, 'volumeId')) ?? textAt(ebs, 'deleteOnTermination') === 'true',
          ),
        );
        const attached = ages.get(textAt(ebs, 'volumeId'));
        if (attached !== undefined) put(ebs, 'attachTime', attached);
      }
      for (const [, set, field] of REMEMBERED) {
        const value = world.settings.get(`${identity}/${set}.${field}`);
        if (value === undefined) continue;
        if (child(instance, set) === undefined) instance.children.push(element(set, []));
        const holder = child(instance, set);
        if (holder !== undefined) put(holder, field, value);
      }
      const monitoring = world.settings.get(`${identity}/monitoring`);
      if (monitoring !== undefined) put(instance, 'monitoring', [element('state', monitoring)]);
    }
  },
};
