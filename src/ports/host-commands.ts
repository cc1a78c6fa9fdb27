/** Runs the two command documents on hosts. */
export type CommandName = 'GenerateCsr' | 'DeployCertificate';

export interface CommandResult {
  readonly state: 'pending' | 'succeeded' | 'failed' | 'timedOut';
  /** The attempt the command was sent for. */
  readonly attempt: string;
  readonly stdout: string;
  /** The service's own word, e.g. `DeliveryTimedOut`. */
  readonly detail: string;
}

export interface HostCommands {
  /**
   * Sends a command to one host. The service has no idempotency token: the scripts are idempotent by the attempt id.
   * Throws `NotFound` where no such host is registered, `Throttled` or `Unavailable` where a retry helps.
   */
  send(
    name: CommandName,
    hostId: string,
    attempt: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<void>;
  /** The result of a command, or undefined where the service does not know it (yet). */
  result(commandId: string, hostId: string): Promise<CommandResult | undefined>;
  /** The newest command of this name, host and attempt sent at or after `since`, with its result. */
  find(name: CommandName, hostId: string, attempt: string, since: number): Promise<CommandResult | undefined>;
}
