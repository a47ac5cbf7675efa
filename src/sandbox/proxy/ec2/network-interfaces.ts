import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import { child, drop, listAt, put, textAt, type Element } from '../protocol/xml.ts';
import { numbered } from './answers.ts';

async function interfaceOf(context: QueryContext, identity: string): Promise<Element | undefined> {
  return listAt(
    await context.send('ec2', 'DescribeNetworkInterfaces', { 'NetworkInterfaceId.1': identity }),
    'networkInterfaceSet',
  )[0];
}

/** The instance that an interface hangs on; empty where that instance was terminated. */
const holder = (context: QueryContext, item: Element): string => {
  const instance = textAt(item, 'attachment', 'instanceId');
  return context.world.settings.get(`${instance}/terminated`) === 'true' ? '' : instance;
};

/** The groups that a request asks by (filter `group-id`). */
function groupsAsked({ asked }: QueryContext): readonly string[] {
  for (let index = 1; asked.get(`Filter.${index}.Name`) !== undefined; index += 1)
    if (asked.get(`Filter.${index}.Name`) === 'group-id') return asked.list(`Filter.${index}.Value`);
  return [];
}

export const networkInterfaces: readonly QueryCorrection[] = [
  {
    operations: ['DescribeNetworkInterfaces'],
    answers: 'an interface that has one of the groups that are asked for is there, whatever others it has',
    async after(context, answer) {
      const groups = groupsAsked(context);
      const set = child(answer, 'networkInterfaceSet');
      if (groups.length === 0 || set === undefined) return;
      const known = new Set(set.children.map((item) => textAt(item, 'networkInterfaceId')));
      const all = listAt(await context.send('ec2', 'DescribeNetworkInterfaces', {}), 'networkInterfaceSet');
      set.children.push(
        ...all.filter(
          (item) =>
            !known.has(textAt(item, 'networkInterfaceId')) &&
            listAt(item, 'groupSet').some((group) => groups.includes(textAt(group, 'groupId'))),
        ),
      );
    },
  },
  {
    operations: ['DescribeNetworkInterfaces'],
    answers: 'an interface of a terminated instance is free',
    after(context, answer) {
      for (const item of listAt(answer, 'networkInterfaceSet')) {
        if (child(item, 'attachment') === undefined || holder(context, item) !== '') continue;
        drop(item, 'attachment');
        put(item, 'status', 'available');
      }
    },
  },
  {
    operations: ['ModifyNetworkInterfaceAttribute'],
    answers:
      "groups of the primary interface are the instance's; keeping an interface on termination is not emulated and refused",
    before(context) {
      if (context.parameters.get('Attachment.DeleteOnTermination') === 'false') {
        throw new Refusal(
          'UnsupportedOperation',
          'The sandbox cannot keep a network interface that was made with its instance',
        );
      }
    },
    async after(context) {
      const groups = context.asked.list('SecurityGroupId');
      if (groups.length === 0) return;
      const item = await interfaceOf(context, context.asked.get('NetworkInterfaceId') ?? '');
      if (item === undefined || textAt(item, 'attachment', 'deviceIndex') !== '0') return;
      const instance = holder(context, item);
      if (instance !== '')
        await context.send('ec2', 'ModifyInstanceAttribute', { InstanceId: instance, ...numbered('GroupId', groups) });
    },
  },
  {
    operations: ['DeleteNetworkInterface'],
    answers: 'an interface in use is not deleted',
    async before(context) {
      const identity = context.parameters.get('NetworkInterfaceId') ?? '';
      const item = await interfaceOf(context, identity);
      if (item !== undefined && holder(context, item) !== '')
        throw new Refusal('InvalidNetworkInterface.InUse', `The network interface '${identity}' is currently in use.`);
    },
  },
];
