import type { ServiceRecord } from './service.ts';

declare module '../../../src/domain/call.ts' {
  interface Services {
    readonly sts: true;
  }
}

/** AWS Security Token Service: who is calling. */
export const sts: ServiceRecord = {
  name: 'sts',
  sdkId: 'STS',
  protocol: 'query',
  async load() {
    const { STSClient, GetCallerIdentityCommand } = await import('@aws-sdk/client-sts');
    return { Client: STSClient, commands: { GetCallerIdentityCommand } };
  },
  always: { GetCallerIdentity: ['Account', 'Arn'] },
  reads: `
    GetCallerIdentity`,
  extent: 'all',
  discloses: {
    GetSessionToken: 'credentials',
    GetFederationToken: 'credentials',
    GetDelegatedAccessToken: 'credentials',
    GetWebIdentityToken: 'credentials',
    AssumeRole: 'credentials',
    AssumeRoleWithSAML: 'credentials',
    AssumeRoleWithWebIdentity: 'credentials',
    AssumeRoot: 'credentials',
    GetAccessKeyInfo: 'the owner of an access key',
    DecodeAuthorizationMessage: 'details of policies',
  },
  protects: [{ operations: /./u, refuses: () => 'aiplan never makes credentials through its own session' }],
};
