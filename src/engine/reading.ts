import type { LiveResource } from '../model/live.ts';
import type { ResourceType } from '../model/resource-type.ts';
import type { AwsReader } from '../model/call.ts';
import { StepFailed } from './interruptions.ts';

/**
 * Reads one resource with everything that AWS tells about it. Null where AWS showed that it does not exist. Throws
 * StepFailed for a read that failed, which is neither (law 9). `now` in milliseconds since 1970.
 */
export async function readWholly(session: AwsReader, type: ResourceType, identity: string, now: number): Promise<LiveResource | null> {
  const result = await type.read(session, { identities: [identity], all: false, detailed: new Set([identity]), now: new Date(now).toISOString() });
  const found = result.resources.find((resource) => resource.identity === identity);
  if (found !== undefined) return found;
  if (result.absent.includes(identity)) return null;
  const failure = result.failures[0];
  throw new StepFailed(`${type.type} ${identity} cannot be read${failure === undefined ? '' : ` (${failure.code}: ${failure.message})`}`);
}
