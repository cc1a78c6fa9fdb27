/**
 * How the commands talk to a person.
 *
 * - Results go to standard output; progress, hints and errors to standard error or to a live list on a terminal.
 * - An error is one sentence that says what was got, what is allowed and what to do; no stack unless it is our own fault.
 * - Nothing secret is printed: of credentials only the access key id's kind and the time they end.
 */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

export function explain(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A mistake of the person or the machine; printed without a stack. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** Runs a command; its error becomes exit code 1 and one readable text. */
export async function main(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    explain(
      error instanceof UsageError
        ? `error: ${error.message}`
        : error instanceof Error
          ? `error: ${error.message}\n${error.stack ?? ''}`
          : String(error),
    );
    process.exitCode = 1;
  }
}

/** Columns as wide as their widest cell; the last one is not padded. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_cell, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  '),
  );
}
