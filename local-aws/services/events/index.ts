/** EventBridge: the default bus, its rules, and faults that a best-effort service is allowed to have. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { awsJson, parseStrictly } from '../../json-service.ts';
import { AwsError } from '../../platform.ts';
import type { BusEvent, JsonObject, Platform, ResourceType, Service } from '../../platform.ts';
import { generatedName } from '../../resource-names.ts';
import { createOperations } from './operations.ts';
import { compilePattern } from './pattern.ts';
import { deliverEvent, ruleShape } from './rules.ts';
import type { Rule } from './rules.ts';
import { assertTarget } from './target.ts';

export interface EventsService extends Service {
  /** Puts an event of an AWS service on the bus; `Platform.emit` leads here. */
  emit(event: BusEvent): void;
}

const eventShape = z.strictObject({
  source: z.string(),
  'detail-type': z.string(),
  resources: z.array(z.string()).default([]),
  detail: z.record(z.string(), z.json()),
});
const faultsShape = z.strictObject({
  /** Sources whose events are lost. */
  drop: z.array(z.string()).default([]),
  /** Sources whose events are delivered twice. */
  duplicate: z.array(z.string()).default([]),
  /** Sources whose events arrive this much later; with several events in flight also out of order. */
  delay: z.record(z.string(), z.number().min(0)).default({}),
});

/**
 * Controls: `POST /_local/events` emits one event as an AWS service would, `GET /_local/events` lists the last ones,
 * `POST /_local/events/faults` loses, doubles or delays the events of a source.
 */
export function createEventsService(platform: Platform): EventsService {
  const rules = new Map<string, Rule>();
  const recent: JsonObject[] = [];
  let faults: z.infer<typeof faultsShape> = { drop: [], duplicate: [], delay: {} };

  function publish(event: BusEvent, time = platform.clock.now()): string {
    const id = randomUUID();
    const envelope: JsonObject = {
      version: '0',
      id,
      'detail-type': event['detail-type'],
      source: event.source,
      account: platform.accountId,
      time: new Date(time).toISOString().replace(/\.\d+Z$/, 'Z'),
      region: platform.region,
      resources: [...event.resources],
      detail: event.detail,
    };
    recent.push(envelope);
    if (recent.length > 1000) recent.shift();
    if (faults.drop.includes(event.source)) return id;
    const body = JSON.stringify(envelope);
    const times = faults.duplicate.includes(event.source) ? 2 : 1;
    const at = platform.clock.now() + platform.delays.eventDelivery + (faults.delay[event.source] ?? 0);
    for (const rule of rules.values()) {
      if (!rule.enabled || !rule.matches(envelope)) continue;
      for (const target of rule.targets) {
        for (let copy = 0; copy < times; copy += 1) {
          platform.clock.at(at, () => {
            deliverEvent(platform, rule, target, body);
          });
        }
      }
    }
    return id;
  }

  const service = awsJson({
    scope: 'events',
    targetPrefix: 'AWSEvents',
    operations: createOperations(platform, rules, publish),
    access: platform.access,
    rest: {
      resources: { 'AWS::Events::Rule': ruleResource(platform, rules) },
      controls: {
        'GET /_local/events': () => recent,
        'POST /_local/events': (body) => ({ id: publish(parseStrictly(eventShape, body)) }),
        'POST /_local/events/faults': (body) => {
          faults = parseStrictly(faultsShape, body);
          return faults;
        },
      },
    },
  });
  return { ...service, emit: (event) => void publish(event) };
}

function ruleResource(platform: Platform, rules: Map<string, Rule>): ResourceType {
  return (properties, context) => {
    const parsed = parseStrictly(ruleShape, properties);
    const name = parsed.Name ?? generatedName(context);
    if (rules.has(name)) throw new AwsError('ResourceAlreadyExistsException', `rule ${name} already exists`);
    for (const target of parsed.Targets) assertTarget(target.Arn);
    const arn = `arn:${platform.partition}:events:${platform.region}:${platform.accountId}:rule/${name}`;
    rules.set(name, {
      name,
      arn,
      description: parsed.Description ?? '',
      pattern: parsed.EventPattern,
      matches: compilePattern(parsed.EventPattern),
      enabled: parsed.State === 'ENABLED',
      targets: parsed.Targets,
    });
    return { ref: name, attributes: { Arn: arn } };
  };
}
