/** GetCommandInvocation right after SendCommand answers InvocationDoesNotExist, which killed the sample's run. */
import {
  GetCommandInvocationCommand,
  InvocationDoesNotExist,
  ListCommandInvocationsCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { describe, expect, it, vi } from 'vitest';
import { ssmHostCommands } from '../../../src/aws/ssm-host-commands.ts';
import { MINUTE } from '../../../src/core/time.ts';
import { HOST } from '../../builders/facts.ts';
import { World } from '../../ports/world.ts';

describe('defect 11: a command that is not known yet', () => {
  it('is no error: the adapter says that there is no result', async () => {
    const client = new SSMClient({ region: 'us-east-1' });
    const send = vi.spyOn(client, 'send').mockImplementation((command: unknown) => {
      if (command instanceof ListCommandInvocationsCommand)
        return {
          CommandInvocations: [{ CommandId: 'c', Comment: 'certvend A', RequestedDateTime: new Date() }],
        };
      throw new InvocationDoesNotExist({ message: 'not yet', $metadata: {} });
    });
    const commands = ssmHostCommands(client, { GenerateCsr: 'g', DeployCertificate: 'd' });
    expect(await commands.result('c', HOST)).toBeUndefined();
    expect(await commands.find('GenerateCsr', HOST, 'A', 0)).toBeUndefined();
    expect(send.mock.calls.at(-1)?.[0]).toBeInstanceOf(GetCommandInvocationCommand);
  });

  it.each([10, 80])('a service that is %i s behind delays a certificate and loses none', async (seconds) => {
    const world = new World();
    world.hosts.invisibleSeconds = seconds;
    world.enrol(HOST);
    await world.run(10 * MINUTE);
    expect(world.row(HOST)['status']).toBe('Ready');
    expect(world.authority.issued).toHaveLength(1);
    expect(world.mistakes).toEqual([]);
  });
});
