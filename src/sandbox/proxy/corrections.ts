import type { QueryCorrection } from './protocol/correction.ts';
import { ec2Corrections } from './ec2/table.ts';
import { rdsCorrections } from './rds/table.ts';
import { s3Corrections } from './s3/table.ts';

/** Every difference between AWS and the emulator that the proxy makes up for. */
export const queryCorrections: readonly QueryCorrection[] = [...ec2Corrections, ...rdsCorrections];
export { s3Corrections };
