/**
 * SQS standard queues. Written here and not taken from a library because delays and visibility must follow moved time to
 * the millisecond and event source mappings must be woken rather than poll.
 */
import { awsJson } from '../../json-service.ts';
import { AwsError } from '../../platform.ts';
import type { Platform, Service } from '../../platform.ts';
import { sqsOperations } from './operations.ts';
import { createQueue } from './queue.ts';
import type { Queue, QueueSettings } from './queue-types.ts';
import { sqsResources } from './resources.ts';

export interface SqsService extends Service {
  /** Calls `wake` whenever a message of the queue becomes visible. Returns an unsubscribe function. */
  onMessage(queueUrl: string, wake: () => void): () => void;
  /** By queue ARN, which is what event source mappings and redrive policies know. */
  queueUrlOf(queueArn: string): string;
}

/** Errors whose code was another one in the query protocol, which clients still show. */
const QUERY_CODES: Readonly<Record<string, string>> = {
  BatchEntryIdsNotDistinct: 'AWS.SimpleQueueService.BatchEntryIdsNotDistinct',
  BatchRequestTooLong: 'AWS.SimpleQueueService.BatchRequestTooLong',
  EmptyBatchRequest: 'AWS.SimpleQueueService.EmptyBatchRequest',
  InvalidBatchEntryId: 'AWS.SimpleQueueService.InvalidBatchEntryId',
  QueueDoesNotExist: 'AWS.SimpleQueueService.NonExistentQueue',
  TooManyEntriesInBatchRequest: 'AWS.SimpleQueueService.TooManyEntriesInBatchRequest',
};

export function createSqsService(platform: Platform): SqsService {
  const { clock } = platform;
  const queues = new Map<string, Queue>();
  const byArn = (arn: string): Queue | undefined => [...queues.values()].find((queue) => queue.arn === arn);

  function find(urlOrName: string): Queue {
    const found = queues.get(urlOrName.split('/').at(-1) ?? '');
    if (found !== undefined) return found;
    throw new AwsError('QueueDoesNotExist', `The specified queue ${urlOrName} does not exist.`);
  }
  function add(name: string, settings: QueueSettings, attributes: Record<string, string>): Queue {
    if (queues.has(name)) throw new AwsError('QueueNameExists', `a queue named ${name} exists already`);
    const arn = `arn:${platform.partition}:sqs:${platform.region}:${platform.accountId}:${name}`;
    const url = `${platform.endpoint}/${platform.accountId}/${name}`;
    const queue = createQueue({ name, url, arn, settings, attributes, clock, find: byArn });
    queues.set(name, queue);
    return queue;
  }
  const service = awsJson({
    scope: 'sqs',
    targetPrefix: 'AmazonSQS',
    operations: sqsOperations(platform, queues, find),
    access: platform.access,
    rest: {
      resources: sqsResources(platform, add, find),
      close() {
        for (const queue of queues.values()) queue.close();
      },
    },
  });
  return {
    ...service,
    async handle(request, caller) {
      const response = await service.handle(request, caller);
      const old = QUERY_CODES[response.headers['x-amzn-errortype'] ?? ''];
      if (old === undefined) return response;
      return { ...response, headers: { ...response.headers, 'x-amzn-query-error': `${old};Sender` } };
    },
    onMessage: (queueUrl, wake) => find(queueUrl).onMessage(wake),
    queueUrlOf(queueArn) {
      return (byArn(queueArn) ?? find(queueArn)).url;
    },
  };
}
