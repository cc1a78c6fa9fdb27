/** Puts the public models in front of and behind a service. */
import { operationOf } from '../gateway/operation-name.ts';
import type { HttpRequest, Service } from '../platform.ts';
import type { Shapes } from './index.ts';

export function checkedService(service: Service, shapes: Shapes): Service {
  const { scope } = service;
  const nameOf = (request: HttpRequest): string =>
    shapes.operationAt(scope, request) ?? service.operationName?.(request) ?? operationOf(request);
  return {
    ...service,
    async handle(request, caller) {
      const name = nameOf(request);
      shapes.request(scope, name, request);
      const response = await service.handle(request, caller);
      shapes.response(scope, name, response);
      return response;
    },
    async call(operation, input, caller) {
      shapes.input(scope, operation, input);
      const output = await service.call(operation, input, caller);
      shapes.output(scope, operation, output);
      return output;
    },
  };
}
