export type AgentState = 'online' | 'offline' | 'unknown';

/** Whether the agents of hosts can be reached. */
export interface ManagedNodes {
  /** One state per id asked for; one unknown id MUST NOT spoil the others. */
  states(hostIds: readonly string[]): Promise<ReadonlyMap<string, AgentState>>;
}
