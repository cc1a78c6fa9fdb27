/**
 * The worker thread that is the local AWS: builds the platform with every service, listens, and waits to be told to stop.
 * A thread of its own, because its Date is moved and its work must not wait for the program that uses it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { createClock, installDate } from './clock.ts';
import { createDeployer } from './deploy/index.ts';
import { createFaults } from './faults/faults.ts';
import { createFunctionFaults } from './faults/functions.ts';
import { createGateway } from './gateway/gateway.ts';
import type { Gateway } from './gateway/gateway.ts';
import { openWireLog } from './gateway/wire-log.ts';
import { createAccess } from './iam/access.ts';
import { openKept } from './kept.ts';
import type { KeptFile } from './kept.ts';
import { LIMITS } from './limits.ts';
import { parseStrictly, restJson } from './json-service.ts';
import { AwsError } from './platform.ts';
import type { Json, JsonObject, Platform, ResourceType, Service } from './platform.ts';
import { createAcmPcaService } from './services/acm-pca/index.ts';
import { createCloudwatchService } from './services/cloudwatch/index.ts';
import { createDynamodbService } from './services/dynamodb/index.ts';
import { createStreams } from './services/dynamodb/streams.ts';
import { createEventsService } from './services/events/index.ts';
import type { EventsService } from './services/events/index.ts';
import { createIamService } from './services/iam/index.ts';
import { createKmsService } from './services/kms/index.ts';
import { createLambdaService } from './services/lambda/index.ts';
import { createLogsService } from './services/logs/index.ts';
import { createLogStore } from './services/logs/store.ts';
import { createRolesAnywhereService } from './services/rolesanywhere/index.ts';
import { createS3Service } from './services/s3/index.ts';
import { createSchedulerService } from './services/scheduler/index.ts';
import { createSnsService } from './services/sns/index.ts';
import { createSqsService } from './services/sqs/index.ts';
import { createSsmService } from './services/ssm/index.ts';
import { createStsService } from './services/sts/index.ts';

/** What `startLocalAws` hands to this thread. */
export interface AwsWorkerData {
  readonly port: number;
  readonly region: string;
  readonly partition: string;
  readonly accountId: string;
  readonly directory: string;
  readonly delays: 'scaled' | 'real';
  readonly enforce: boolean;
  readonly faults: JsonObject;
  readonly faultSeed: number;
  readonly signingHelper: string | undefined;
  readonly wireLog: string | undefined;
  readonly keep: boolean;
}
/** What this thread says: where it listens, or why it could not start. */
export type AwsWorkerMessage =
  | { readonly type: 'listening'; readonly endpoint: string }
  | { readonly type: 'failed'; readonly message: string };

/** How long the real services take, and what a person at a terminal wants to wait. */
const DELAYS = {
  real: {
    issuance: LIMITS.issuanceDelay.value,
    crl: LIMITS.crlDelay.value,
    eventDelivery: 500,
    functionRetry: LIMITS.asynchronousRetryDelay.value,
  },
  scaled: { issuance: 200, crl: 2000, eventDelivery: 50, functionRetry: 500 },
};

// Only startLocalAws starts this file, with exactly this data.
const data = workerData as AwsWorkerData;

interface Started {
  readonly gateway: Gateway;
  readonly kept: KeptFile | undefined;
}

async function start(): Promise<Started> {
  const { port, region, partition, accountId, directory, enforce } = data;
  const { functionRetry, ...delays } = DELAYS[data.delays];
  const clock = createClock();
  installDate(clock.buffer);
  const kept = data.keep ? openKept(directory) : undefined;
  clock.advance(kept?.take('clock', z.number()) ?? 0);
  kept?.keep('clock', () => clock.offset());
  const access = createAccess({ clock, partition, accountId, enforce });
  const faults = createFaults(data.faultSeed);
  faults.set(data.faults);
  const functionFaults = createFunctionFaults(faults);
  const place = { region, accountId, partition };
  const wireLog = data.wireLog === undefined ? undefined : openWireLog(data.wireLog, () => clock.now());
  const gateway = await createGateway({ port, clock, access, ...place, faults, functionFaults, wireLog });
  const streams = createStreams({ clock });
  const bus: { events?: EventsService } = {};
  const platform: Platform = {
    clock,
    access,
    streams,
    ...place,
    endpoint: gateway.endpoint,
    directory,
    delays,
    emit: (event) => bus.events?.emit(event),
    call: gateway.call,
    ...(kept === undefined ? {} : { kept }),
  };
  bus.events = createEventsService(platform, faults);
  const logs = createLogStore();
  const sqs = createSqsService(platform);
  const services: Service[] = [
    createIamService(platform, access),
    createKmsService(platform),
    createStsService(platform, access),
    createDynamodbService(platform, streams),
    sqs,
    createSnsService(platform),
    createS3Service(platform),
    createAcmPcaService(platform),
    createRolesAnywhereService(platform),
    createSsmService(platform, {
      faults,
      ...(data.signingHelper === undefined ? {} : { signingHelper: data.signingHelper }),
    }),
    createLogsService(platform, logs),
    createCloudwatchService(platform),
    bus.events,
    createLambdaService(platform, {
      clock: clock.buffer,
      logs,
      onMessage: (url, wake) => sqs.onMessage(url, wake),
      retryDelayMs: functionRetry,
      faults: functionFaults,
    }),
    createSchedulerService(platform),
  ];
  for (const service of services) gateway.register(service);
  gateway.register(deploymentService(platform, services, kept));
  return { gateway, kept };
}

/** `POST /_local/deploy {assembly}`, `GET /_local/outputs`, `GET /_local/resources`, `POST /_local/save`. */
function deploymentService(
  platform: Platform,
  services: readonly Service[],
  kept: KeptFile | undefined,
): Service {
  const types = new Map<string, ResourceType>(
    services.flatMap((service) => Object.entries(service.resources ?? {})),
  );
  const deployer = createDeployer(platform, types);
  return restJson({
    scope: 'cloudformation',
    routes: [],
    operations: {},
    access: platform.access,
    rest: {
      controls: {
        'POST /_local/deploy': async (body) => {
          const { assembly } = parseStrictly(z.strictObject({ assembly: z.string() }), body);
          try {
            return await deployer.deploy(assembly);
          } catch (error) {
            throw new AwsError('DeploymentFailed', error instanceof Error ? error.message : String(error));
          }
        },
        'GET /_local/outputs': () => deployer.outputs(),
        'POST /_local/save': async () => {
          await kept?.save();
          return { saved: kept !== undefined };
        },
        'GET /_local/resources': () => deployer.resources().map((resource): Json => ({ ...resource })),
      },
    },
  });
}

function tell(message: AwsWorkerMessage): void {
  parentPort?.postMessage(message);
}

try {
  const { gateway, kept } = await start();
  parentPort?.once('message', () => {
    const stop = async (): Promise<void> => {
      await kept?.save();
      await gateway.close();
    };
    stop()
      .catch((error: unknown) => {
        process.stderr.write(`local AWS: ${error instanceof Error ? error.message : String(error)}\n`);
      })
      .finally(() => {
        process.exit(0);
      });
  });
  tell({ type: 'listening', endpoint: gateway.endpoint });
} catch (error) {
  tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
}
