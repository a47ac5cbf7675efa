import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import { rdsAnswer } from '../protocol/query.ts';
import { element, type Element } from '../protocol/xml.ts';

/**
 * "Supported DB engines for DB instance classes" (RDS User Guide): the families that the sandbox has, and their sizes.
 */
const SIZES: Readonly<Record<string, string>> = {
  t3: 'micro small medium large xlarge 2xlarge',
  t4g: 'micro small medium large xlarge 2xlarge',
  m5: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge',
  m6g: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge',
  m6i: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge',
  m7g: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge',
  m7i: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge',
  r5: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge',
  r6g: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge',
  r6i: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge',
  r7g: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge',
  r7i: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge',
};

/** Whether there is such a class of database instances. */
function isDatabaseClass(name: string): boolean {
  const [, family = '', size = ''] = /^db\.([a-z0-9]+)\.([a-z0-9]+)$/u.exec(name.toLowerCase()) ?? [];
  return (SIZES[family] ?? '').split(' ').includes(size);
}

const option = (engine: string, version: string, name: string): Element =>
  element('OrderableDBInstanceOption', [
    element('Engine', engine),
    element('EngineVersion', version),
    element('DBInstanceClass', name),
    element('StorageType', 'gp3'),
    element('Vpc', 'true'),
    element('MultiAZCapable', 'true'),
  ]);

/** The emulator has no versions of its own: a class that there is can have the version that is asked for. */
function options({ operation, parameters }: QueryContext): Element {
  const [engine = '', name = '', version = '1.0'] = ['Engine', 'DBInstanceClass', 'EngineVersion'].map((parameter) =>
    parameters.get(parameter),
  );
  return rdsAnswer(operation, [
    element('OrderableDBInstanceOptions', isDatabaseClass(name) ? [option(engine, version, name)] : []),
  ]);
}

const CREATES = [
  'CreateDBInstance',
  'RestoreDBInstanceFromDBSnapshot',
  'RestoreDBInstanceToPointInTime',
  'CreateDBInstanceReadReplica',
  'ModifyDBInstance',
];

export const orderable: readonly QueryCorrection[] = [
  {
    operations: ['DescribeOrderableDBInstanceOptions'],
    answers: 'classes of every engine; the emulator knows two engines',
    before: (context) => (context.parameters.has('DBInstanceClass') ? options(context) : undefined),
  },
  {
    operations: CREATES,
    answers: 'a class that there is not is refused',
    before({ parameters }) {
      const name = parameters.get('DBInstanceClass');
      if (name !== undefined && !isDatabaseClass(name))
        throw new Refusal('InvalidParameterValue', `Invalid DB Instance class: ${name}`);
    },
  },
];
