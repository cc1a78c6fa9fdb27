/** EventBridge: the default bus, its rules, and faults that a best-effort service is allowed to have. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { awsJson, parseStrictly } from '../../json-service.ts';
import { fateOf, setEventFaults } from '../../faults/events.ts';
import { noFaults } from '../../faults/faults.ts';
import type { Faults } from '../../faults/faults.ts';
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

/**
 * Controls: `POST /_local/events` emits one event as an AWS service would, `GET /_local/events` lists the last ones,
 * `POST /_local/events/faults` loses, doubles or delays the events of a source.
 */
export function createEventsService(platform: Platform, faults: Faults = noFaults): EventsService {
  const rules = new Map<string, Rule>();
  const recent: JsonObject[] = [];

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
    const { copies, delayMs } = fateOf(faults, event);
    const body = JSON.stringify(envelope);
    const at = platform.clock.now() + platform.delays.eventDelivery + delayMs;
    for (const rule of rules.values()) {
      if (!rule.enabled || !rule.matches(envelope)) continue;
      for (const target of rule.targets) {
        for (let copy = 0; copy < copies; copy += 1) {
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
        'POST /_local/events/faults': (body) => setEventFaults(faults, body),
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
