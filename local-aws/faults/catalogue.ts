/** The faults that can be switched on by name: what each does, and what it may be told. */
import { z } from 'zod';

const list = z.union([z.string(), z.array(z.string()).min(1)]);
const milliseconds = z.number().int().min(0);
const when = z.enum(['before', 'after']).default('before');

const common = {
  /** Share of the candidates that are struck. */
  rate: z.number().min(0).max(1).default(1),
  /** How often it strikes before it is used up. */
  times: z.number().int().positive().optional(),
  /** How many candidates pass first. */
  skip: z.number().int().min(0).default(0),
};
const calls = {
  ...common,
  /** `ssm:SendCommand`, `SendCommand`, `acm-pca:*`, or several. */
  operation: list.optional(),
  /** Part of the caller's name in the call log. */
  caller: z.string().optional(),
};
const events = { ...common, source: list.optional(), detailType: z.string().optional() };
const nodes = { rate: common.rate, nodes: z.array(z.string()).optional() };

/** Every fault with one sentence for people and the strict shape of its order. */
export const catalogue = {
  throttle: {
    says: 'API calls are refused with the throttling error of their service',
    shape: z.strictObject(calls),
  },
  error: {
    says: 'API calls fail, before or after they took effect',
    shape: z.strictObject({
      ...calls,
      code: z.string().optional(),
      message: z.string().optional(),
      status: z.number().int().min(400).max(599).optional(),
      when,
    }),
  },
  timeout: {
    says: 'API calls are not carried out and their connection is dropped',
    shape: z.strictObject({ ...calls, withholdMs: milliseconds.default(0) }),
  },
  'timeout-after-effect': {
    says: 'API calls are carried out and their connection is dropped without an answer',
    shape: z.strictObject({ ...calls, withholdMs: milliseconds.default(0) }),
  },
  delay: {
    says: 'API calls wait before they are carried out',
    shape: z.strictObject({ ...calls, ms: milliseconds.default(1000) }),
  },
  'lost-events': {
    says: 'EventBridge never delivers events of best-effort sources',
    shape: z.strictObject(events),
  },
  'doubled-events': {
    says: 'EventBridge delivers events twice',
    shape: z.strictObject(events),
  },
  'late-events': {
    says: 'EventBridge delivers events a minute late',
    shape: z.strictObject({ ...events, ms: milliseconds.default(60_000) }),
  },
  'reordered-events': {
    says: 'EventBridge delivers events out of their order',
    shape: z.strictObject({ ...events, ms: milliseconds.default(5000) }),
  },
  'function-killed': {
    says: 'functions die at the n-th AWS call of an invocation',
    shape: z.strictObject({
      ...common,
      function: z.string().optional(),
      call: z.number().int().positive().default(1),
      when,
    }),
  },
  'invocation-not-yet': {
    says: 'GetCommandInvocation does not know a command until a while after SendCommand',
    shape: z.strictObject({ ...common, ms: milliseconds.default(30_000) }),
  },
  'node-offline': {
    says: 'nodes have no connection',
    shape: z.strictObject(nodes),
  },
  'node-slow': {
    says: 'the agents of nodes notice a command late',
    shape: z.strictObject({ ...nodes, ms: milliseconds.default(90_000) }),
  },
  'node-full': {
    says: 'the disks of nodes are full',
    shape: z.strictObject(nodes),
  },
  'node-clock-ahead': {
    says: 'the clocks of nodes are ahead',
    shape: z.strictObject({ ...nodes, ms: milliseconds.default(600_000) }),
  },
  'node-clock-behind': {
    says: 'the clocks of nodes are behind',
    shape: z.strictObject({ ...nodes, ms: milliseconds.default(600_000) }),
  },
  'node-rebooting': {
    says: 'nodes lose power in the middle of a command',
    shape: z.strictObject({
      ...common,
      nodes: nodes.nodes,
      afterMs: milliseconds.default(100),
      awayMs: milliseconds.default(20_000),
    }),
  },
} as const;

export type FaultName = keyof typeof catalogue;
export type Order<N extends FaultName = FaultName> = z.infer<(typeof catalogue)[N]['shape']>;

/** All names, in the order in which people read about them. */
// Object.keys of a literal gives exactly its keys; only its type says less.
export const faultNames = Object.keys(catalogue) as readonly FaultName[];
