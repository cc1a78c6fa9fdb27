/** Invoke over HTTP: unlike every other operation it has a raw body both ways. */
import { randomUUID } from 'node:crypto';
import { AwsError } from '../../platform.ts';
import type { Caller, HttpRequest, HttpResponse, Service } from '../../platform.ts';

const INVOKE_PATH = /^\/2015-03-31\/functions\/([^/]+)\/invocations\/?$/;

/** The function that a request invokes; undefined when it is another operation. */
export function invokedFunction(request: HttpRequest): string | undefined {
  const name = request.method === 'POST' ? INVOKE_PATH.exec(request.path)?.[1] : undefined;
  return name === undefined ? undefined : decodeURIComponent(name);
}

export async function invokeOverHttp(
  service: Service,
  name: string,
  request: HttpRequest,
  caller: Caller,
): Promise<HttpResponse> {
  const headers = {
    'content-type': 'application/json',
    'x-amzn-requestid': randomUUID(),
    'x-local-operation': 'Invoke',
  };
  const { 'x-amz-invocation-type': type, 'x-amz-log-type': logType } = request.headers;
  const qualifier = request.query.get('Qualifier');
  try {
    const output = await service.call(
      'Invoke',
      {
        FunctionName: name,
        Payload: request.body.toString('utf8'),
        ...(type === undefined ? {} : { InvocationType: type }),
        ...(logType === undefined ? {} : { LogType: logType }),
        ...(qualifier === null ? {} : { Qualifier: qualifier }),
      },
      caller,
    );
    const optional = {
      'x-amz-function-error': output['FunctionError'],
      'x-amz-log-result': output['LogResult'],
    };
    const extra = Object.entries(optional).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    const { StatusCode: status, Payload: payload } = output;
    return {
      status: typeof status === 'number' ? status : 200,
      headers: { ...headers, ...Object.fromEntries(extra), 'x-amz-executed-version': '$LATEST' },
      body: typeof payload === 'string' ? payload : '',
    };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return {
      status: error.status,
      headers: { ...headers, 'x-amzn-errortype': error.code },
      body: JSON.stringify({
        Type: 'User',
        __type: error.code,
        Message: error.message,
        message: error.message,
      }),
    };
  }
}
