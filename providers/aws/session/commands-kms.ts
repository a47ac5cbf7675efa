/** The Key Management Service client: whether a key that a restore needs can be used, and nothing else. */
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';

export const Client = KMSClient;
export const commands = { DescribeKey: DescribeKeyCommand };
