/** The Systems Manager client: plain parameters for plans, and secure ones that a secret property names. */
import { GetParameterCommand, GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';

export const Client = SSMClient;
export const commands = {
  GetParameter: GetParameterCommand,
  GetParameters: GetParametersCommand,
};
