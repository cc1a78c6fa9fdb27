import {
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  SendCommandCommand,
} from '@aws-sdk/client-ssm';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { isoTime } from '../core/time.ts';
import type { CommandName, CommandResult, HostCommands } from '../ports/host-commands.ts';
import { calling, errorName, translate } from './sdk-errors.ts';

/** A command that the agent did not fetch within this time is not run any more (SendCommand TimeoutSeconds, at least 30). */
const DELIVERY_SECONDS = 120;
/** GetCommandInvocation returns the attempt in the comment of its command. */
const COMMENT = 'certvend ';
const STATES: Readonly<Record<string, CommandResult['state']>> = {
  Success: 'succeeded',
  Failed: 'failed',
  Cancelled: 'failed',
  TimedOut: 'timedOut',
};

export function ssmHostCommands(
  client: SSMClient,
  documents: Readonly<Record<CommandName, string>>,
): HostCommands {
  async function result(commandId: string, hostId: string): Promise<CommandResult | undefined> {
    try {
      const output = await client.send(
        new GetCommandInvocationCommand({ CommandId: commandId, InstanceId: hostId }),
      );
      return {
        state: STATES[output.Status ?? ''] ?? 'pending',
        attempt: attemptOf(output.Comment),
        stdout: output.StandardOutputContent ?? '',
        detail: output.StatusDetails ?? '',
      };
    } catch (error) {
      // Eventually consistent: a command is not known at once (GetCommandInvocation).
      if (errorName(error) === 'InvocationDoesNotExist') return undefined;
      throw translate('GetCommandInvocation', error);
    }
  }

  return {
    async send(name, hostId, attempt, parameters) {
      const command = new SendCommandCommand({
        DocumentName: documents[name],
        InstanceIds: [hostId],
        Comment: `${COMMENT}${attempt}`,
        TimeoutSeconds: DELIVERY_SECONDS,
        Parameters: Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, [value]])),
      });
      const codes = {
        InvalidInstanceId: 'NotFound',
        InvalidParameters: 'InvalidRequest',
        UnsupportedPlatformType: 'InvalidRequest',
      } as const;
      await calling('SendCommand', () => client.send(command), codes);
    },
    result,
    async find(name, hostId, attempt, since) {
      const command = new ListCommandInvocationsCommand({
        InstanceId: hostId,
        Filters: [
          { key: 'DocumentName', value: documents[name] },
          { key: 'InvokedAfter', value: isoTime(since) },
        ],
        MaxResults: 50,
      });
      const { CommandInvocations = [] } = await calling('ListCommandInvocations', () => client.send(command));
      const newest = CommandInvocations.filter((invocation) => attemptOf(invocation.Comment) === attempt)
        .sort((a, b) => (b.RequestedDateTime?.getTime() ?? 0) - (a.RequestedDateTime?.getTime() ?? 0))
        .at(0);
      return newest?.CommandId === undefined ? undefined : result(newest.CommandId, hostId);
    },
  };
}

function attemptOf(comment: string | undefined): string {
  return comment?.startsWith(COMMENT) === true ? comment.slice(COMMENT.length) : '';
}
