/**
 * State of a key other than `Enabled`, by its id: what the encrypting services find where the emulator lets them use
 * any key.
 */
export type KeyStates = Map<string, 'Disabled' | 'PendingDeletion'>;

/** The id of a key that is named by id or ARN. */
export const keyId = (name: string): string => name.slice(name.lastIndexOf('/') + 1);
