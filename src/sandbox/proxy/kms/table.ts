import type { ProxiedService } from '../protocol/proxied.ts';
import { noteKey, ownAnswer } from '../protocol/kms-keys.ts';

/** Error codes: KMS API reference, "Common errors". */
export const kms: ProxiedService = {
  denied: 'AccessDeniedException',
  json: [
    {
      operations: ['DescribeKey'],
      answers: 'the key that AWS manages for databases; the emulator does not know it',
      before: ({ input, world }) => ownAnswer(input, world),
    },
    {
      operations: ['EnableKey', 'DisableKey', 'CancelKeyDeletion', 'ScheduleKeyDeletion'],
      answers: 'what is encrypted with a key that is disabled or going cannot be used',
      after({ operation, input, world }) {
        noteKey(world.keys, operation, input);
      },
    },
  ],
};
