import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import { child, drop, listAt, put, textAt, type Element } from '../protocol/xml.ts';
import { instancesIn, instancesOf, stateContent, stateOf } from './answers.ts';

const refuseState = (identity: string, wanted: string): never => {
  throw new Refusal(
    'IncorrectInstanceState',
    `The instance '${identity}' is not in a state from which it can be ${wanted}.`,
  );
};

async function requireStates(context: QueryContext, allowed: readonly string[], wanted: string): Promise<void> {
  for (const instance of await instancesOf(context, context.parameters.list('InstanceId'))) {
    if (!allowed.includes(stateOf(context, instance))) refuseState(textAt(instance, 'instanceId'), wanted);
  }
}

function begin(context: QueryContext, changes: readonly Element[], state: string, settled: string): void {
  for (const change of changes) {
    const identity = textAt(change, 'instanceId');
    const current = child(change, 'currentState');
    if (textAt(change, 'previousState', 'name') === settled) {
      if (current !== undefined) current.children = [...stateContent(settled)];
    } else context.world.transitions.begin(identity, state);
  }
}

/** Documentation: "Amazon EC2 instance state changes". */
export const startAndStop: readonly QueryCorrection[] = [
  {
    operations: ['StartInstances'],
    answers: 'start of an instance that is not stopped is refused; pending is shown for a while',
    before: (context) => requireStates(context, ['stopped', 'running', 'pending'], 'started'),
    after: (context, answer) => begin(context, listAt(answer, 'instancesSet'), 'pending', 'running'),
  },
  {
    operations: ['StopInstances'],
    answers: 'stop of a pending instance is refused; stopping is shown for a while',
    before: (context) => requireStates(context, ['running', 'stopped', 'stopping'], 'stopped'),
    after: (context, answer) => begin(context, listAt(answer, 'instancesSet'), 'stopping', 'stopped'),
  },
  {
    operations: ['RebootInstances'],
    answers: 'reboot needs a running instance',
    before: (context) => requireStates(context, ['running'], 'rebooted'),
  },
  {
    operations: ['TerminateInstances'],
    answers: 'shutting-down is shown for a while',
    after(context, answer) {
      begin(context, listAt(answer, 'instancesSet'), 'shutting-down', 'terminated');
      for (const change of listAt(answer, 'instancesSet'))
        context.world.settings.set(`${textAt(change, 'instanceId')}/terminated`, 'true');
    },
  },
  {
    operations: ['RunInstances'],
    answers: 'pending is shown for a while',
    after(context, answer) {
      for (const instance of instancesIn(answer))
        context.world.transitions.begin(textAt(instance, 'instanceId'), 'pending');
    },
  },
];

const OWN_FILTERS: Readonly<Record<string, (instance: Element) => string>> = {
  'instance-state-name': (instance) => textAt(instance, 'instanceState', 'name'),
  'instance-state-code': (instance) => textAt(instance, 'instanceState', 'code'),
  'client-token': (instance) => textAt(instance, 'clientToken'),
};
const GONE = [
  'networkInterfaceSet',
  'subnetId',
  'vpcId',
  'privateIpAddress',
  'ipAddress',
  'blockDeviceMapping',
  'groupSet',
  'privateDnsName',
  'dnsName',
];

export const describedStates: QueryCorrection = {
  operations: ['DescribeInstances'],
  answers:
    'states in between; filters by state see them; filter client-token; a terminated instance has no network interfaces, volumes or addresses',
  before(context) {
    const filters = context.parameters.filters();
    context.parameters.setFilters(filters.filter(({ name }) => OWN_FILTERS[name] === undefined));
  },
  after(context, answer) {
    for (const instance of instancesIn(answer)) {
      const between = context.world.transitions.read(textAt(instance, 'instanceId'));
      if (between !== undefined) put(instance, 'instanceState', stateContent(between.state));
      else if (textAt(instance, 'instanceState', 'name') === 'terminated') {
        for (const name of GONE) drop(instance, name);
        put(instance, 'privateDnsName', '');
        put(instance, 'dnsName', '');
      }
      if (textAt(instance, 'clientToken') === 'ABCDE') drop(instance, 'clientToken');
    }
    const filters = context.asked.filters().filter(({ name }) => OWN_FILTERS[name] !== undefined);
    const reservations = child(answer, 'reservationSet');
    if (filters.length === 0 || reservations === undefined) return;
    for (const reservation of reservations.children) {
      const set = child(reservation, 'instancesSet');
      if (set !== undefined)
        set.children = set.children.filter((instance) =>
          filters.every(({ name, values }) => values.includes(OWN_FILTERS[name]?.(instance) ?? '')),
        );
    }
    reservations.children = reservations.children.filter(
      (reservation) => listAt(reservation, 'instancesSet').length > 0,
    );
  },
};

export const describedStatus: QueryCorrection = {
  operations: ['DescribeInstanceStatus'],
  answers: 'an instance in a state in between is not listed as running',
  after(context, answer) {
    const set = child(answer, 'instanceStatusSet');
    if (set === undefined) return;
    const all = context.asked.isTrue('IncludeAllInstances');
    set.children = set.children.filter((status) => {
      const between = context.world.transitions.read(textAt(status, 'instanceId'));
      if (between !== undefined) put(status, 'instanceState', stateContent(between.state));
      return between === undefined || all;
    });
  },
};
