/** The middlewares of a client, as far as the clock needs them. */
interface Stack {
  add(
    middleware: (next: (args: never) => Promise<unknown>) => (args: never) => Promise<unknown>,
    options: object,
  ): void;
  addRelativeTo?(
    middleware: (next: (args: never) => Promise<unknown>) => (args: never) => Promise<unknown>,
    options: object,
  ): void;
}

/** Codes by which AWS refuses a request for its time: these are worth another try with the corrected clock. */
const timeRefusals =
  /^(RequestTimeTooSkewed|RequestExpired|RequestInTheFuture|SignatureDoesNotMatch|InvalidSignatureException|AuthFailure|AuthorizationHeaderMalformed)$/u;

/**
 * Tells AWS's time with each answer, and keeps a wrong clock from holding up reads. Where this machine's clock is off,
 * the SDK corrects it and marks every error of that answer as one to be tried again; a "not found" so took half a
 * minute of retries. Only a refusal for its time is tried again.
 */
export function attachClock(client: { readonly middlewareStack: unknown }, onDate?: (at: number) => void): void {
  const stack = client.middlewareStack as Stack;
  stack.add(
    (next) => async (args) => {
      try {
        const result = await next(args);
        note((result as { readonly response?: Answered }).response, onDate);
        return result;
      } catch (error) {
        note((error as { readonly $response?: Answered }).$response, onDate);
        throw error;
      }
    },
    { step: 'deserialize', priority: 'high', name: 'aiplanClock', override: true },
  );
  stack.addRelativeTo?.(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        const { $metadata, name, Code } = error as {
          readonly $metadata?: { clockSkewCorrected?: boolean };
          readonly name?: string;
          readonly Code?: string;
        };
        if ($metadata?.clockSkewCorrected === true && !timeRefusals.test(Code ?? name ?? ''))
          $metadata.clockSkewCorrected = false;
        throw error;
      }
    },
    { relation: 'before', toMiddleware: 'httpSigningMiddleware', name: 'aiplanClockSkew', override: true },
  );
}

interface Answered {
  readonly headers?: Readonly<Record<string, string>>;
}

function note(answered: Answered | undefined, onDate: ((at: number) => void) | undefined): void {
  const at = Date.parse(answered?.headers?.['date'] ?? '');
  if (!Number.isNaN(at)) onDate?.(at);
}
