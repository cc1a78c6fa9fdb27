/** A platform with chosen services on a free port, for tests of one service at a time. */
import { createClock } from '../../local-aws/clock.ts';
import type { LocalClock } from '../../local-aws/clock.ts';
import { createFaults } from '../../local-aws/faults/faults.ts';
import { createFunctionFaults } from '../../local-aws/faults/functions.ts';
import type { FunctionFaults } from '../../local-aws/faults/functions.ts';
import { createGateway } from '../../local-aws/gateway/gateway.ts';
import type { Gateway } from '../../local-aws/gateway/gateway.ts';
import { createAccess } from '../../local-aws/iam/access.ts';
import type { LocalAccess } from '../../local-aws/iam/access.ts';
import type { BusEvent, Caller, Json, JsonObject, Platform, Service } from '../../local-aws/platform.ts';
import { createStreams } from '../../local-aws/services/dynamodb/streams.ts';
import type { Streams } from '../../local-aws/services/dynamodb/streams.ts';

export interface Parts {
  readonly access: LocalAccess;
  readonly streams: Streams;
  readonly functionFaults: FunctionFaults;
}

export interface StartedPlatform extends Parts {
  readonly clock: LocalClock;
  readonly gateway: Gateway;
  readonly platform: Platform;
  readonly events: BusEvent[];
  /** For an SDK client. */
  readonly client: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  /** Creates a resource of the template; gives Ref and attributes. */
  create(
    type: string,
    properties: JsonObject,
    logicalId?: string,
  ): Promise<{ ref: string; attributes: Record<string, string> }>;
  control(method: 'GET' | 'POST', path: string, body?: JsonObject): Promise<Json>;
}

export const administrator: Caller = {
  kind: 'administrator',
  arn: 'arn:aws:iam::123456789012:user/x',
  accessKeyId: 'AKIDX',
};

export async function startPlatform(
  build: (platform: Platform, parts: Parts) => readonly Service[],
  options: { enforce?: boolean } = {},
): Promise<StartedPlatform> {
  const place = { partition: 'aws', region: 'us-east-1', accountId: '123456789012' };
  const clock = createClock();
  const access = createAccess({ clock, ...place, ...options });
  const streams = createStreams({ clock });
  const faults = createFaults();
  const functionFaults = createFunctionFaults(faults);
  const gateway = await createGateway({ clock, access, ...place, faults, functionFaults });
  const events: BusEvent[] = [];
  const platform: Platform = {
    ...place,
    clock,
    access,
    streams,
    endpoint: gateway.endpoint,
    directory: '/nonexistent',
    delays: { issuance: 0, crl: 0, eventDelivery: 0 },
    emit: (event) => events.push(event),
    call: gateway.call,
  };
  for (const service of build(platform, { access, streams, functionFaults })) gateway.register(service);
  return {
    clock,
    access,
    streams,
    functionFaults,
    gateway,
    platform,
    events,
    client: {
      endpoint: gateway.endpoint,
      region: place.region,
      credentials: { accessKeyId: 'AKIDADMINISTRATOR', secretAccessKey: 'anything' },
    },
    async create(type, properties, logicalId = 'Thing') {
      const resource = gateway
        .services()
        .map((service) => service.resources?.[type])
        .find((one) => one !== undefined);
      if (resource === undefined) throw new Error(`no resource type ${type}`);
      const created = await resource(properties, { stackName: 'test', logicalId, assetPath: (key) => key });
      const attributes: Record<string, string> = {};
      for (const [name, value] of Object.entries(created.attributes ?? {})) attributes[name] = textOf(value);
      return { ref: created.ref, attributes };
    },
    async control(method, path, body) {
      const response = await fetch(`${gateway.endpoint}${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return (await response.json()) as Json; // Every control answers JSON.
    },
  };
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
