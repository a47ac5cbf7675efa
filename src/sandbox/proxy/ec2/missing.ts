import type { QueryContext, QueryCorrection } from '../protocol/correction.ts';
import { Refusal } from '../protocol/correction.ts';
import { ec2Answer } from '../protocol/query.ts';
import { element, textAt, type Element } from '../protocol/xml.ts';
import { instanceOf, instancesOf, stateOf } from './answers.ts';

const yes = (context: QueryContext): Element => ec2Answer(context.operation, [element('return', 'true')]);
const burstable = (type: string): boolean => /^t\d/u.test(type);
const defaultCredits = (type: string): string => (type.startsWith('t2.') ? 'standard' : 'unlimited');

const monitoring = (operation: string, state: string): QueryCorrection => ({
  operations: [operation],
  answers: 'detailed monitoring; the emulator answers 500',
  async before(context) {
    const identities = context.parameters.list('InstanceId');
    await instancesOf(context, identities);
    for (const identity of identities) context.world.settings.set(`${identity}/monitoring`, state);
    return ec2Answer(operation, [
      element(
        'instancesSet',
        identities.map((identity) =>
          element('item', [
            element('instanceId', identity),
            element('monitoring', [element('state', state === 'enabled' ? 'pending' : 'disabling')]),
          ]),
        ),
      ),
    ]);
  },
});

const empty = (operation: string, set: string): QueryCorrection => ({
  operations: [operation],
  answers: 'the emulator does not know it; the sandbox has none',
  before: () => ec2Answer(operation, [element(set, [])]),
});

/** Operations that the emulator does not have at all, and that stay in the memory of the proxy. */
export const missing: readonly QueryCorrection[] = [
  monitoring('MonitorInstances', 'enabled'),
  monitoring('UnmonitorInstances', 'disabled'),
  {
    operations: ['DescribeInstanceCreditSpecifications'],
    answers: 'credits of burstable instances: T3 is unlimited unless said (API CreditSpecification)',
    async before(context) {
      const identities = [
        ...context.parameters.list('InstanceId'),
        ...context.parameters
          .filters()
          .filter(({ name }) => name === 'instance-id')
          .flatMap(({ values }) => values),
      ];
      const instances = (await instancesOf(context, identities)).filter(
        (instance) =>
          burstable(textAt(instance, 'instanceType')) && textAt(instance, 'instanceState', 'name') !== 'terminated',
      );
      return ec2Answer(context.operation, [
        element(
          'instanceCreditSpecificationSet',
          instances.map((instance) => {
            const identity = textAt(instance, 'instanceId');
            return element('item', [
              element('instanceId', identity),
              element(
                'cpuCredits',
                context.world.settings.get(`${identity}/credits`) ?? defaultCredits(textAt(instance, 'instanceType')),
              ),
            ]);
          }),
        ),
      ]);
    },
  },
  {
    operations: ['ModifyInstanceCreditSpecification'],
    answers: 'the emulator does not know it',
    async before(context) {
      const done = [];
      for (const item of context.parameters.structures('InstanceCreditSpecification')) {
        const identity = item.get('InstanceId') ?? '';
        await instanceOf(context, identity);
        context.world.settings.set(`${identity}/credits`, item.get('CpuCredits') ?? 'standard');
        done.push(element('item', [element('instanceId', identity)]));
      }
      return ec2Answer(context.operation, [
        element('successfulInstanceCreditSpecificationSet', done),
        element('unsuccessfulInstanceCreditSpecificationSet', []),
      ]);
    },
  },
  {
    operations: ['ModifyInstancePlacement'],
    answers: 'the emulator does not know it; it needs a stopped instance',
    async before(context) {
      const identity = context.parameters.get('InstanceId') ?? '';
      if (stateOf(context, await instanceOf(context, identity)) !== 'stopped')
        throw new Refusal('IncorrectInstanceState', `The instance '${identity}' is not in the 'stopped' state.`);
      for (const [parameter, field] of [
        ['Tenancy', 'tenancy'],
        ['GroupName', 'groupName'],
        ['Affinity', 'affinity'],
      ] as const) {
        const value = context.parameters.get(parameter);
        if (value !== undefined) context.world.settings.set(`${identity}/placement.${field}`, value);
      }
      return yes(context);
    },
  },
  {
    operations: ['ModifyInstanceMaintenanceOptions'],
    answers: 'the emulator does not know it',
    async before(context) {
      const identity = context.parameters.get('InstanceId') ?? '';
      await instanceOf(context, identity);
      const recovery = context.parameters.get('AutoRecovery') ?? 'default';
      context.world.settings.set(`${identity}/maintenanceOptions.autoRecovery`, recovery);
      return ec2Answer(context.operation, [element('instanceId', identity), element('autoRecovery', recovery)]);
    },
  },
  empty('DescribeSecurityGroupReferences', 'securityGroupReferenceSet'),
  empty('DescribeStaleSecurityGroups', 'staleSecurityGroupSet'),
  empty('DescribeLockedSnapshots', 'snapshotSet'),
  empty('ListVolumesInRecycleBin', 'volumeSet'),
];
