/** SendCommand and what can be asked about commands afterwards. */
import { z } from 'zod';
import type { ManagedNode, Nodes } from '../../nodes/nodes.ts';
import { operation } from '../../json-service.ts';
import type { Operation } from '../../json-service.ts';
import { LIMITS } from '../../limits.ts';
import { AwsError } from '../../platform.ts';
import type { JsonObject, Platform } from '../../platform.ts';
import { commandStatus, nodeArn } from './commands.ts';
import type { Command, Commands, Invocation } from './commands.ts';
import { resolveParameters } from './documents.ts';
import type { CommandDocument } from './documents.ts';
import { paginate } from './pages.ts';

export interface SsmParts {
  readonly platform: Platform;
  readonly nodes: Nodes;
  readonly commands: Commands;
  readonly documents: Map<string, CommandDocument>;
}

const sendInput = z.strictObject({
  InstanceIds: z.array(z.string()).min(1).max(LIMITS.instanceIdsPerCommand.value),
  DocumentName: z.string().min(3),
  DocumentVersion: z.enum(['$DEFAULT', '$LATEST', '1']).optional(),
  DocumentHash: z.string().optional(),
  DocumentHashType: z.literal('Sha256').optional(),
  TimeoutSeconds: z.number().int().min(30).max(2_592_000).default(3600),
  Comment: z.string().max(LIMITS.commandComment.value).default(''),
  Parameters: z.record(z.string(), z.array(z.string())).default({}),
});

const filterKeys = z.enum(['InvokedAfter', 'InvokedBefore', 'Status', 'DocumentName']);
const listInput = z.strictObject({
  CommandId: z.uuid().optional(),
  InstanceId: z.string().optional(),
  MaxResults: z.number().int().min(1).max(50).default(50),
  NextToken: z.string().optional(),
  Filters: z
    .array(z.strictObject({ key: filterKeys, value: z.string().min(1) }))
    .max(5)
    .default([]),
  Details: z.boolean().default(false),
});
type ListInput = z.infer<typeof listInput>;

export function commandOperations(parts: SsmParts): Record<string, Operation> {
  const { commands, platform } = parts;
  const anywhere = (name: string) => () => [{ action: `ssm:${name}`, resource: '*' }];
  return {
    SendCommand: sendCommand(parts),
    GetCommandInvocation: operation({
      input: z.strictObject({
        CommandId: z.uuid(),
        InstanceId: z.string(),
        PluginName: z.string().min(4).optional(),
      }),
      needs: anywhere('GetCommandInvocation'),
      run: (input) => {
        const command = commands.get(input.CommandId);
        const invocation = command?.invocations.get(input.InstanceId);
        if (command === undefined || invocation === undefined || platform.clock.now() < command.visibleAt) {
          throw new AwsError(
            'InvocationDoesNotExist',
            `The invocation of ${input.CommandId} on ${input.InstanceId} does not exist`,
          );
        }
        if (input.PluginName !== undefined && input.PluginName !== command.script.step) {
          throw new AwsError('InvalidPluginName', `The command has no step ${input.PluginName}`);
        }
        return invocationDetail(invocation);
      },
    }),
    ListCommandInvocations: operation({
      input: listInput,
      needs: anywhere('ListCommandInvocations'),
      run: (input) => {
        const found = visibleCommands(parts, input)
          .flatMap((command) => [...command.invocations.values()])
          .filter(
            ({ instanceId, status }) =>
              (input.InstanceId ?? instanceId) === instanceId && filterOf(input, 'Status', status) === status,
          );
        const { page, next } = paginate(found, input.MaxResults, input.NextToken);
        return {
          CommandInvocations: page.map((invocation) => invocationSummary(invocation, input.Details)),
          ...next,
        };
      },
    }),
    ListCommands: operation({
      input: listInput.omit({ Details: true }),
      needs: anywhere('ListCommands'),
      run: (input) => {
        const found = visibleCommands(parts, { ...input, Details: false }).filter(
          (command) => input.InstanceId === undefined || command.invocations.has(input.InstanceId),
        );
        const { page, next } = paginate(found, input.MaxResults, input.NextToken);
        return { Commands: page.map(commandDetail), ...next };
      },
    }),
  };
}

function sendCommand({ platform, nodes, commands, documents }: SsmParts): Operation {
  const nameOf = (nameOrArn: string): string => nameOrArn.slice(nameOrArn.lastIndexOf('/') + 1);
  const documentArn = (name: string): string =>
    `arn:${platform.partition}:ssm:${platform.region}:${name.startsWith('AWS-') ? '' : platform.accountId}:document/${name}`;
  return operation({
    input: sendInput,
    needs: (input) =>
      [documentArn(nameOf(input.DocumentName)), ...input.InstanceIds.map((id) => nodeArn(platform, id))].map(
        (resource) => ({
          action: 'ssm:SendCommand',
          resource,
        }),
      ),
    run: (input) => {
      const document = documents.get(nameOf(input.DocumentName));
      if (document === undefined)
        throw new AwsError('InvalidDocument', `The document ${input.DocumentName} does not exist`);
      if (input.DocumentHash !== undefined && input.DocumentHash !== document.sha256) {
        throw new AwsError('InvalidDocument', 'The DocumentHash is not that of the document');
      }
      const values = resolveParameters(document, input.Parameters);
      const command = commands.send({
        document,
        values,
        parameters: input.Parameters,
        nodes: targets(nodes, input.InstanceIds),
        timeoutSeconds: input.TimeoutSeconds,
        comment: input.Comment,
      });
      return { Command: commandDetail(command) };
    },
  });
}

function targets(nodes: Nodes, ids: readonly string[]): ManagedNode[] {
  if (new Set(ids).size < ids.length)
    throw new AwsError('DuplicateInstanceId', 'InstanceIds: each at most once');
  return ids.map((id) => {
    const node = nodes.get(id);
    if (node === undefined)
      throw new AwsError('InvalidInstanceId', `Instances [[${id}]] not in a valid state for account`);
    return node;
  });
}

function filterOf(input: ListInput, key: z.infer<typeof filterKeys>, otherwise: string): string {
  return input.Filters.find((filter) => filter.key === key)?.value ?? otherwise;
}

function visibleCommands({ commands, platform }: SsmParts, input: ListInput): Command[] {
  const after = Date.parse(filterOf(input, 'InvokedAfter', new Date(0).toISOString()));
  const before = Date.parse(filterOf(input, 'InvokedBefore', '9999-01-01T00:00:00Z'));
  if (Number.isNaN(after) || Number.isNaN(before))
    throw new AwsError('InvalidFilterKey', 'InvokedAfter and InvokedBefore take ISO 8601 times');
  return commands
    .all()
    .filter((command) => command.visibleAt <= platform.clock.now())
    .filter((command) => (input.CommandId ?? command.id) === command.id)
    .filter((command) => command.requestedAt >= after && command.requestedAt < before)
    .filter((command) => filterOf(input, 'DocumentName', command.document.name) === command.document.name);
}

function commandDetail(command: Command): JsonObject {
  const invocations = [...command.invocations.values()];
  const status = commandStatus(command);
  return {
    CommandId: command.id,
    DocumentName: command.document.name,
    DocumentVersion: '$DEFAULT',
    Comment: command.comment,
    ExpiresAfter: command.expiresAt / 1000,
    Parameters: Object.fromEntries(
      Object.entries(command.parameters).map(([name, values]) => [name, [...values]]),
    ),
    InstanceIds: invocations.map(({ instanceId }) => instanceId),
    Targets: [],
    RequestedDateTime: command.requestedAt / 1000,
    Status: status,
    StatusDetails: status,
    TimeoutSeconds: command.timeoutSeconds,
    TargetCount: invocations.length,
    CompletedCount: invocations.filter((one) => one.status !== 'Pending' && one.status !== 'InProgress')
      .length,
    ErrorCount: invocations.filter((one) => one.status === 'Failed' || one.status === 'TimedOut').length,
    DeliveryTimedOutCount: invocations.filter((one) => one.statusDetails === 'DeliveryTimedOut').length,
  };
}

function invocationDetail(invocation: Invocation): JsonObject {
  const { command, startedAt, endedAt } = invocation;
  const ended = endedAt !== undefined;
  return {
    CommandId: command.id,
    InstanceId: invocation.instanceId,
    Comment: command.comment,
    DocumentName: command.document.name,
    DocumentVersion: '$DEFAULT',
    PluginName: command.script.step,
    ResponseCode: invocation.responseCode,
    ExecutionStartDateTime: startedAt === undefined ? '' : new Date(startedAt).toISOString(),
    ExecutionElapsedTime: ended ? `PT${((endedAt - (startedAt ?? endedAt)) / 1000).toFixed(3)}S` : '',
    ExecutionEndDateTime: ended ? new Date(endedAt).toISOString() : '',
    Status: invocation.status,
    StatusDetails: invocation.statusDetails,
    StandardOutputContent: invocation.stdout,
    StandardOutputUrl: '',
    StandardErrorContent: invocation.stderr,
    StandardErrorUrl: '',
    CloudWatchOutputConfig: { CloudWatchLogGroupName: '', CloudWatchOutputEnabled: false },
  };
}

function invocationSummary(invocation: Invocation, details: boolean): JsonObject {
  const { command, status, statusDetails } = invocation;
  const plugin = {
    Name: command.script.step,
    Status: status,
    StatusDetails: statusDetails,
    ResponseCode: invocation.responseCode,
    Output: invocation.stdout.slice(0, LIMITS.pluginOutput.value),
  };
  return {
    CommandId: command.id,
    InstanceId: invocation.instanceId,
    InstanceName: '',
    Comment: command.comment,
    DocumentName: command.document.name,
    DocumentVersion: '$DEFAULT',
    RequestedDateTime: command.requestedAt / 1000,
    Status: status,
    StatusDetails: statusDetails,
    StandardOutputUrl: '',
    StandardErrorUrl: '',
    CommandPlugins: details ? [plugin] : [],
  };
}
