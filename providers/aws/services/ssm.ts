import type { ServiceRecord } from './service.ts';

declare module '../../../src/domain/call.ts' {
  interface Services {
    readonly ssm: true;
  }
}

/** AWS Systems Manager: plain parameters for plans, and secure ones that a secret property names. */
export const ssm: ServiceRecord = {
  name: 'ssm',
  sdkId: 'SSM',
  protocol: 'json',
  async load() {
    const { SSMClient, GetParameterCommand, GetParametersCommand } = await import('@aws-sdk/client-ssm');
    return { Client: SSMClient, commands: { GetParameterCommand, GetParametersCommand } };
  },
  always: { GetParameters: ['Parameters', 'InvalidParameters'], GetParameter: ['Parameter'] },
  reads: `
    GetParameters`,
  extent: 'used',
  discloses: {
    GetParameterHistory: 'the values of parameters',
    GetParametersByPath: 'the values of parameters',
    GetAccessToken: 'credentials',
    GetCommandInvocation: 'what commands printed',
  },
  namedSecrets: { GetParameter: 'Name' },
  // The one flag that makes a plain read disclose: secure parameters are read one by one, by name.
  refusesRead: ({ WithDecryption }) =>
    WithDecryption === true ? 'would decrypt parameters; aiplan never asks for that' : null,
};
