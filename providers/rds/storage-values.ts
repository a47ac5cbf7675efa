import type { Json, JsonObject } from '../../src/base/json.ts';
import type { ValueProblem } from '../../src/domain/resource-type.ts';
import { grouped, isThere, knownNumber, knownText, range, type ValueCheck } from '../aws/values/value-checks.ts';

const family = (engine: string): 'sqlserver' | 'oracle' | 'db2' | 'other' =>
  engine.includes('sqlserver')
    ? 'sqlserver'
    : engine.includes('oracle')
      ? 'oracle'
      : engine.startsWith('db2')
        ? 'db2'
        : 'other';

/**
 * From so many GiB on, gp3 storage is striped, and IOPS and throughput can be chosen ("gp3 storage", RDS User Guide).
 * SQL Server: always.
 */
export function gp3Threshold(engine: Json | undefined): number {
  const kind = family(knownText(engine) ?? '');
  return kind === 'sqlserver' ? 0 : kind === 'oracle' ? 200 : 400;
}

/** CreateDBInstance, AllocatedStorage: GiB by storage type and engine. RDS Custom has ranges of its own. */
function sizes(type: string, engine: string): readonly [number, number] {
  const kind = family(engine);
  const custom = engine.startsWith('custom-');
  const most = kind === 'sqlserver' ? 16_384 : 65_536;
  if (custom) return [40, most];
  if (type === 'standard') return kind === 'sqlserver' ? [20, 1024] : [kind === 'oracle' ? 10 : 5, 3072];
  return [type === 'gp2' || type === 'gp3' ? 20 : 100, most];
}

/** "Amazon RDS DB instance storage" (RDS User Guide): IOPS that can be chosen, and how many for each GiB. */
function performance(
  type: string,
  engine: string,
  size: number | undefined,
): { readonly iops: readonly [number, number]; readonly perGib: readonly [number, number] } | undefined {
  const server = family(engine) === 'sqlserver';
  if (type === 'io1') return { iops: [1000, 256_000], perGib: [server ? 1 : 0.5, 50] };
  if (type === 'io2') return { iops: [1000, 256_000], perGib: [server ? 1 : 0.5, 1000] };
  if (type !== 'gp3') return undefined;
  return {
    iops:
      server || (size !== undefined && size < gp3Threshold(engine)) ? [3000, server ? 16_000 : 3000] : [12_000, 64_000],
    perGib: [0, 500],
  };
}

/** Size, IOPS and throughput against storage type and engine. */
export const storageChecks: ValueCheck = (properties, whole) => {
  const engine = knownText(properties['Engine']);
  if (isThere(properties['DBClusterIdentifier']) || engine === undefined || engine.startsWith('aurora'))
    return sizeText(properties);
  const problems: ValueProblem[] = [...sizeText(properties)];
  if (problems.length > 0) return problems;
  const said = properties['StorageType'];
  const type = knownText(said) ?? (isThere(said) ? undefined : isThere(properties['Iops']) ? 'io1' : 'gp2');
  if (type === undefined) return problems;
  const size = properties['AllocatedStorage'];
  if (whole && !isThere(size))
    problems.push({
      at: '',
      missing: 'AllocatedStorage',
      message: 'AWS needs AllocatedStorage to create it',
      help: `AllocatedStorage: "${sizes(type, engine)[0]}"   # in GiB`,
    });
  problems.push(
    ...range('AllocatedStorage', size, ...sizes(type, engine), {
      of: `AllocatedStorage of ${type} storage`,
      unit: ' GiB',
    }),
  );
  return [
    ...problems,
    ...iopsProblems(properties, type, engine, whole),
    ...throughputProblems(properties, type, engine),
  ];
};

/** A string in the schema, a whole number of GiB for AWS. */
const sizeText = (properties: JsonObject): readonly ValueProblem[] => {
  const size = knownText(properties['AllocatedStorage']);
  if (size === undefined || /^\d+$/u.test(size)) return [];
  const number = /^\d+/u.exec(size.trim())?.[0];
  return [
    {
      at: 'AllocatedStorage',
      message: `AllocatedStorage is "${size}"; AWS takes a whole number of GiB, without a unit`,
      help: `AllocatedStorage: "${number ?? '100'}"`,
    },
  ];
};

function iopsProblems(properties: JsonObject, type: string, engine: string, whole: boolean): readonly ValueProblem[] {
  const { Iops } = properties;
  const size = knownNumber(properties['AllocatedStorage']);
  const limits = performance(type, engine, size);
  if (limits === undefined)
    return isThere(Iops) && knownNumber(Iops) !== 0
      ? [{ at: 'Iops', message: `${type} storage takes no Iops`, help: 'delete the line, or write StorageType: gp3' }]
      : [];
  if (!isThere(Iops))
    return whole && type !== 'gp3'
      ? [{ at: '', missing: 'Iops', message: `AWS needs Iops for ${type} storage`, help: `Iops: ${limits.iops[0]}` }]
      : [];
  const outside = range('Iops', Iops, ...limits.iops, {
    of: `Iops of ${size === undefined ? '' : `${grouped(size)} GiB of `}${type} storage`,
  });
  const iops = knownNumber(Iops);
  if (outside.length > 0 || iops === undefined || size === undefined) return outside;
  const [least, most] = [
    Math.ceil(size * limits.perGib[0]),
    Math.max(size * limits.perGib[1], type === 'gp3' ? limits.iops[0] : 0),
  ];
  return iops >= least && iops <= most
    ? []
    : [
        {
          at: 'Iops',
          message: `${type} storage of ${grouped(size)} GiB takes ${grouped(least)} to ${grouped(most)} Iops, not "${iops}"`,
          help: `write a number from ${least} to ${most}`,
        },
      ];
}

function throughputProblems(properties: JsonObject, type: string, engine: string): readonly ValueProblem[] {
  const value = properties['StorageThroughput'];
  if (!isThere(value)) return [];
  if (type !== 'gp3')
    return [
      {
        at: 'StorageThroughput',
        message: `${type} storage takes no StorageThroughput`,
        help: 'delete the line, or write StorageType: gp3',
      },
    ];
  const size = knownNumber(properties['AllocatedStorage']);
  const server = family(engine) === 'sqlserver';
  const limits: readonly [number, number] = server
    ? [125, 1000]
    : size !== undefined && size < gp3Threshold(engine)
      ? [125, 125]
      : [500, 4000];
  return range('StorageThroughput', value, ...limits, {
    of: `StorageThroughput of ${size === undefined ? '' : `${grouped(size)} GiB of `}gp3 storage`,
    unit: ' MiB/s',
  });
}
