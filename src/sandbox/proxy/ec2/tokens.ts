import { Refusal, type QueryCorrection } from '../protocol/correction.ts';
import { parseXml, writeXml } from '../protocol/xml.ts';

/** Documentation: "Ensuring idempotency in Amazon EC2 API requests". A refused request uses no token up. */
export const clientTokens: QueryCorrection = {
  operations: [
    'RunInstances',
    'CreateVolume',
    'CreateNatGateway',
    'CreateLaunchTemplate',
    'CreateNetworkInterface',
    'CopyImage',
    'CreateRouteTable',
    'CreateNetworkAcl',
  ],
  answers:
    'ClientToken: the same token gives the same answer, with other parameters IdempotentParameterMismatch; the emulator makes a second resource',
  async around(context, next) {
    const token = context.asked.get('ClientToken');
    if (token === undefined || token === '') return next();
    const key = `${context.operation}/${token}`;
    const fingerprint = context.asked.fingerprint(['Action', 'Version', 'ClientToken', 'DryRun']);
    const known = context.world.tokens.get(key);
    if (known !== undefined) {
      if (known.fingerprint !== fingerprint) {
        throw new Refusal(
          'IdempotentParameterMismatch',
          'The client token you have provided has been used with different parameters.',
        );
      }
      return parseXml(await known.answer);
    }
    const answer = next();
    const kept = answer.then(writeXml);
    context.world.tokens.set(key, { fingerprint, answer: kept });
    // The refusal itself reaches the client through `answer`; here it only frees the token.
    kept.catch(() => context.world.tokens.delete(key));
    return answer;
  },
};

export const dryRun: QueryCorrection = {
  operations: ['*'],
  answers: 'DryRun never executes; the emulator ignores it for VPC calls and carries them out',
  before(context) {
    if (context.parameters.isTrue('DryRun'))
      throw new Refusal('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);
  },
};
