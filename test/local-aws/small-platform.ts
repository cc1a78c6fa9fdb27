/** A platform with no gateway: a clock that only moves when told, and records of what services said to each other. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  BusEvent,
  Caller,
  CreatedResource,
  Json,
  JsonObject,
  Platform,
  ResourceContext,
  Service,
  Session,
} from '../../local-aws/platform.ts';

export interface SmallPlatform extends Platform {
  readonly events: BusEvent[];
  /** Objects that were put, by `bucket/key`. */
  readonly objects: Map<string, Buffer>;
  readonly sessions: Session[];
  /** Contexts that mayAssume was asked with; `trust` decides. */
  readonly asked: { action: string; context: Readonly<Record<string, string>> }[];
  trust: boolean;
  add(service: Service): void;
  close(): Promise<void>;
}

export const administrator: Caller = {
  kind: 'administrator',
  arn: 'arn:aws:iam::123456789012:user/admin',
  accessKeyId: 'AKIAADMIN',
};
export const template: ResourceContext = { stackName: 'test', logicalId: 'Test', assetPath: (key) => key };

export function createSmallPlatform(
  startMs = Date.UTC(2027, 0, 1),
  endpoint = 'http://127.0.0.1:1',
): SmallPlatform {
  let now = startMs;
  const tasks = new Set<{ at: number; run: () => void }>();
  const services = new Map<string, Service>();
  const directory = mkdtempSync(join(tmpdir(), 'certvend-test-'));
  const objects = new Map<string, Buffer>();
  const sessions: Session[] = [];
  const events: BusEvent[] = [];
  const asked: SmallPlatform['asked'] = [];
  const platform: SmallPlatform = {
    events,
    objects,
    sessions,
    asked,
    trust: true,
    clock: {
      now: () => now,
      at(at, run) {
        const task = { at, run };
        tasks.add(task);
        return () => tasks.delete(task);
      },
      advance(by) {
        const end = now + by;
        for (;;) {
          const [next] = [...tasks].filter((task) => task.at <= end).sort((a, b) => a.at - b.at);
          if (next === undefined) break;
          tasks.delete(next);
          now = Math.max(now, next.at);
          next.run();
        }
        now = end;
      },
    },
    access: {
      issue(session) {
        sessions.push(session);
        return { accessKeyId: 'ASIALOCAL', secretAccessKey: 'secret', sessionToken: 'token' };
      },
      mayAssume(_role, _service, action, context) {
        asked.push({ action, context });
        return { allowed: platform.trust, reason: 'the test says so' };
      },
      authorize: () => undefined,
      attachResourcePolicy: () => undefined,
    },
    streams: { read: () => [], onAppend: () => () => undefined },
    partition: 'aws',
    region: 'us-east-1',
    accountId: '123456789012',
    endpoint,
    directory,
    delays: { issuance: 2000, crl: 1_800_000, eventDelivery: 0 },
    emit: (event) => events.push(event),
    async call(caller, scope, operation, input): Promise<JsonObject> {
      if (scope === 's3') {
        objects.set(
          `${text(input['Bucket'])}/${text(input['Key'])}`,
          Buffer.from(text(input['Body']), 'base64'),
        );
        return {};
      }
      const service = services.get(scope);
      if (service === undefined) throw new Error(`no service ${scope}`);
      return service.call(operation, input, caller);
    },
    add: (service) => services.set(service.scope, service),
    async close() {
      for (const service of services.values()) await service.close?.();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return platform;
}

/** Creates a resource as CloudFormation would. */
export async function create(
  service: Service,
  type: string,
  properties: JsonObject,
): Promise<CreatedResource> {
  const make = service.resources?.[type];
  if (make === undefined) throw new Error(`no type ${type}`);
  return make(properties, template);
}

/** Lets promises that were started by the clock settle. */
export const settled = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));

/** A member that must be text. */
export function text(value: Json | undefined): string {
  if (typeof value !== 'string') throw new Error(`expected text, got ${JSON.stringify(value)}`);
  return value;
}
