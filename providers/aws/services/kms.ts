import type { ServiceRecord } from './service.ts';

declare module '../../../src/domain/call.ts' {
  interface Services {
    readonly kms: true;
  }
}

/** AWS Key Management Service: whether a key that a restore needs can be used, and nothing else. */
export const kms: ServiceRecord = {
  name: 'kms',
  sdkId: 'KMS',
  protocol: 'json',
  async load() {
    const { KMSClient, DescribeKeyCommand } = await import('@aws-sdk/client-kms');
    return { Client: KMSClient, commands: { DescribeKeyCommand } };
  },
  always: { DescribeKey: ['KeyMetadata'] },
  reads: `
    DescribeKey`,
  extent: 'used',
};
