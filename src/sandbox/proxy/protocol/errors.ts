import type { Protocol } from '../../../../providers/aws/services/service.ts';
import { jsonError } from './json.ts';
import { element, writeXml } from './xml.ts';

/** The body of an error and its kind, as each protocol writes it; `namespace` is an attribute. */
export function errorAnswer(
  protocol: Protocol,
  error: { readonly code: string; readonly message: string },
  namespace = '',
): { readonly type: string; readonly body: string } {
  const fields = [element('Code', error.code), element('Message', error.message)];
  const id = element('RequestId', 'sandbox');
  switch (protocol) {
    case 'json':
    case 'rest-json':
      return { type: 'application/x-amz-json-1.1', body: jsonError(error) };
    case 'rest-xml':
      return { type: 'text/xml', body: writeXml(element('Error', [...fields, id])) };
    case 'ec2-query':
      return {
        type: 'text/xml',
        body: writeXml(
          element('Response', [element('Errors', [element('Error', fields)]), element('RequestID', 'sandbox')]),
        ),
      };
    case 'query':
      return {
        type: 'text/xml',
        body: writeXml(
          element('ErrorResponse', [element('Error', [element('Type', 'Sender'), ...fields]), id], namespace),
        ),
      };
  }
}
