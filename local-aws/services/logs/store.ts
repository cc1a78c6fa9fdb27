/** What functions wrote, in memory. The oldest lines are dropped so that a long session does not grow without end. */
export interface LogLine {
  /** Milliseconds since the epoch, in moved time. */
  readonly at: number;
  readonly function: string;
  readonly logGroup: string;
  readonly logStream: string;
  readonly message: string;
}

export interface LogStore {
  append(line: LogLine): void;
  lines(functionName?: string): readonly LogLine[];
}

const KEPT_LINES = 50_000;

export function createLogStore(): LogStore {
  let lines: LogLine[] = [];
  return {
    append(line) {
      lines.push(line);
      if (lines.length > 2 * KEPT_LINES) lines = lines.slice(-KEPT_LINES);
    },
    lines: (functionName) =>
      functionName === undefined ? lines : lines.filter((line) => line.function === functionName),
  };
}
