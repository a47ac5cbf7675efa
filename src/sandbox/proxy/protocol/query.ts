import type { Service } from '../../../domain/call.ts';
import { Parameters } from './parameters.ts';
import { Refusal, concerns, type QueryContext, type QueryCorrection, type Upstream } from './correction.ts';
import type { EmulatorState } from './emulator-state.ts';
import { element, writeXml, type Element } from './xml.ts';

export interface QueryRequest {
  readonly service: Service;
  readonly operation: string;
  readonly form: string;
  readonly world: EmulatorState;
  readonly send: Upstream;
  readonly ages: Map<string, string>;
}

export interface QueryReply {
  readonly status: number;
  readonly body: string;
}

/** Attributes of the answers of EC2 and RDS. */
const ec2Namespace = ' xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"';
export const rdsNamespace = ' xmlns="http://rds.amazonaws.com/doc/2014-10-31/"';

/** Answers a request in a form: corrections before, the emulator, corrections after. */
export async function answerQuery(
  request: QueryRequest,
  corrections: readonly QueryCorrection[],
  errorOf: (error: Refusal) => string,
): Promise<QueryReply> {
  const parameters = new Parameters(request.form);
  const context: QueryContext = {
    service: request.service,
    operation: request.operation,
    world: request.world,
    send: request.send,
    ages: request.ages,
    asked: parameters.copy(),
    parameters,
    notes: new Map(),
  };
  const concerned = corrections.filter((correction) => concerns(correction, request.operation));
  try {
    return { status: 200, body: writeXml(await around(context, concerned)) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { status: error.status, body: errorOf(error) };
  }
}

function around(context: QueryContext, corrections: readonly QueryCorrection[]): Promise<Element> {
  return corrections.reduceRight<() => Promise<Element>>(
    (next, { around: wrap }) => (wrap === undefined ? next : () => wrap(context, next)),
    () => run(context, corrections),
  )();
}

async function run(context: QueryContext, corrections: readonly QueryCorrection[]): Promise<Element> {
  let answer: Element | undefined;
  for (const correction of corrections) {
    const made = await correction.before?.(context);
    if (typeof made === 'object') {
      answer = made;
      break;
    }
  }
  if (answer === undefined) {
    const parameters = context.parameters.copy();
    parameters.delete('Action');
    parameters.delete('Version');
    answer = await context.send(context.service, context.operation, parameters.toRecord());
    for (const correction of corrections) await correction.after?.(context, answer);
  }
  return answer;
}

/** An answer of the proxy's own to an EC2 request. */
export const ec2Answer = (operation: string, content: readonly Element[]): Element =>
  element(`${operation}Response`, [...content, element('requestId', 'sandbox')], ec2Namespace);

/** An answer of the proxy's own to an RDS request. */
export const rdsAnswer = (operation: string, content: readonly Element[]): Element =>
  element(
    `${operation}Response`,
    [element(`${operation}Result`, content), element('ResponseMetadata', [element('RequestId', 'sandbox')])],
    rdsNamespace,
  );
