import type { JsonObject } from '../../src/base/json.ts';

/** Sends a request of the query protocol and answers the text of the named element, or the whole answer. */
export type Ask = (
  service: 'ec2' | 'rds' | 'iam',
  operation: string,
  parameters: Readonly<Record<string, string>>,
  element?: string,
) => Promise<string>;

const versions = { ec2: '2016-11-15', rds: '2014-10-31', iam: '2010-05-08' } as const;

/** Asks an endpoint on this machine, past the SDK: for what a test sets up or changes behind aiplan's back. */
export const asker =
  (endpoint: string, region: string): Ask =>
  async (service, operation, parameters, element) => {
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=test/20200101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=00`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ Action: operation, Version: versions[service], ...parameters }).toString(),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${operation}: ${text}`);
    return element === undefined ? text : (new RegExp(`<${element}>([^<]*)</${element}>`, 'u').exec(text)?.[1] ?? '');
  };

/** Sends a request of KMS and answers it. Throws where KMS refuses. */
export const keyAsker =
  (endpoint: string, region: string) =>
  async (operation: string, input: object): Promise<{ readonly KeyMetadata?: { readonly Arn: string } }> => {
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=test/20200101/${region}/kms/aws4_request, SignedHeaders=host, Signature=00`,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `TrentService.${operation}`,
      },
      body: JSON.stringify(input),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${operation}: ${text}`);
    return text === '' ? {} : (JSON.parse(text) as object);
  };

/** Sends a request in JSON to a service and answers it; `target` is what its header names before the operation. */
export const jsonAsker =
  (endpoint: string, region: string, service: string, target: string) =>
  async (operation: string, input: JsonObject): Promise<JsonObject> => {
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=test/20200101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=00`,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `${target}.${operation}`,
      },
      body: JSON.stringify(input),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${operation}: ${text}`);
    return JSON.parse(text === '' ? '{}' : text) as JsonObject;
  };
