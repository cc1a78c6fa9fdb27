import { DescribeInstanceInformationCommand } from '@aws-sdk/client-ssm';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { AgentState, ManagedNodes } from '../ports/managed-nodes.ts';
import { errorName, translate } from './sdk-errors.ts';

/** DescribeInstanceInformation takes at most 50 ids. */
const IDS_MAX = 50;

export function ssmManagedNodes(client: SSMClient): ManagedNodes {
  /** One unknown id fails the whole call, so a failed call is made again for each half. */
  async function describe(hostIds: readonly string[], states: Map<string, AgentState>): Promise<void> {
    try {
      const command = new DescribeInstanceInformationCommand({
        Filters: [{ Key: 'InstanceIds', Values: [...hostIds] }],
        MaxResults: IDS_MAX,
      });
      const { InstanceInformationList = [] } = await client.send(command);
      for (const { InstanceId, PingStatus } of InstanceInformationList) {
        if (InstanceId !== undefined) states.set(InstanceId, PingStatus === 'Online' ? 'online' : 'offline');
      }
    } catch (error) {
      if (errorName(error) !== 'InvalidInstanceId') throw translate('DescribeInstanceInformation', error);
      if (hostIds.length === 1) return;
      const middle = Math.ceil(hostIds.length / 2);
      await describe(hostIds.slice(0, middle), states);
      await describe(hostIds.slice(middle), states);
    }
  }

  return {
    async states(hostIds) {
      const states = new Map<string, AgentState>(hostIds.map((hostId) => [hostId, 'unknown']));
      for (let from = 0; from < hostIds.length; from += IDS_MAX)
        await describe(hostIds.slice(from, from + IDS_MAX), states);
      return states;
    },
  };
}
