/** Streams of tables: ordered records of what changed, in the shape that Lambda functions receive. */
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { AwsError } from '../../platform.ts';
import type { Clock, JsonObject, StreamSource } from '../../platform.ts';

export type StreamViewType = 'KEYS_ONLY' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'NEW_AND_OLD_IMAGES';

export interface Change {
  readonly keys: JsonObject;
  readonly oldImage: JsonObject | undefined;
  readonly newImage: JsonObject | undefined;
  /** The item was deleted because its time to live was over. */
  readonly expired?: boolean;
}

export interface Streams extends StreamSource {
  create(streamArn: string, viewType: StreamViewType): void;
  /** Adds a record unless the item did not change. */
  append(streamArn: string, change: Change): void;
}

interface Stream {
  readonly viewType: StreamViewType;
  readonly region: string;
  /** Sequence number of records[0]. */
  first: bigint;
  readonly records: JsonObject[];
  readonly wakers: Set<() => void>;
}

// AWS trims after 24 hours. Here time jumps by months, which would lose records nobody had a chance to read, so records
// are bounded by number only.
const CAPACITY = 100_000;
// All sequence numbers have the same length, so comparing them as text works as well.
const FIRST_SEQUENCE_NUMBER = 100_000_000_000_000_000_001n;

export function createStreams(options: { clock: Clock }): Streams {
  const streams = new Map<string, Stream>();

  function find(streamArn: string): Stream {
    const found = streams.get(streamArn);
    if (found === undefined) {
      throw new AwsError('ResourceNotFoundException', `there is no stream ${streamArn}`);
    }
    return found;
  }

  return {
    create(streamArn, viewType) {
      const region = streamArn.split(':')[3] ?? '';
      streams.set(streamArn, {
        viewType,
        region,
        first: FIRST_SEQUENCE_NUMBER,
        records: [],
        wakers: new Set(),
      });
    },
    append(streamArn, change) {
      if (isDeepStrictEqual(change.oldImage, change.newImage)) return;
      const stream = find(streamArn);
      const sequenceNumber = String(stream.first + BigInt(stream.records.length));
      stream.records.push(toRecord(stream, streamArn, sequenceNumber, change, options.clock.now()));
      if (stream.records.length > CAPACITY) {
        stream.records.shift();
        stream.first += 1n;
      }
      for (const wake of stream.wakers) wake();
    },
    read(streamArn, afterSequenceNumber, limit) {
      const { first, records } = find(streamArn);
      const next = afterSequenceNumber === undefined ? first : BigInt(afterSequenceNumber) + 1n;
      const start = next < first ? 0 : Number(next - first);
      return structuredClone(records.slice(start, start + limit));
    },
    onAppend(streamArn, wake) {
      const { wakers } = find(streamArn);
      wakers.add(wake);
      return () => wakers.delete(wake);
    },
  };
}

function toRecord(
  stream: Stream,
  streamArn: string,
  sequenceNumber: string,
  change: Change,
  now: number,
): JsonObject {
  const { keys, oldImage, newImage } = change;
  const images: JsonObject = {
    ...(newImage !== undefined && stream.viewType.startsWith('NEW') ? { NewImage: newImage } : {}),
    ...(oldImage !== undefined && stream.viewType.includes('OLD') ? { OldImage: oldImage } : {}),
  };
  return structuredClone({
    eventID: randomBytes(16).toString('hex'),
    eventName: oldImage === undefined ? 'INSERT' : newImage === undefined ? 'REMOVE' : 'MODIFY',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: stream.region,
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(now / 1000),
      Keys: keys,
      ...images,
      SequenceNumber: sequenceNumber,
      SizeBytes: Buffer.byteLength(JSON.stringify([keys, images])),
      StreamViewType: stream.viewType,
    },
    ...(change.expired === true
      ? { userIdentity: { principalId: 'dynamodb.amazonaws.com', type: 'Service' } }
      : {}),
    eventSourceARN: streamArn,
  });
}
