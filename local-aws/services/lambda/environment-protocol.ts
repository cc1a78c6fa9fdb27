/** Messages between the Lambda service and the worker thread of an execution environment. */
export interface EnvironmentData {
  /** The offset of moved time. */
  readonly clock: SharedArrayBuffer;
  /** Absolute path of the unpacked code. */
  readonly codeDirectory: string;
  /** `file.export` */
  readonly handler: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly memorySize: number;
  readonly logGroup: string;
  readonly logStream: string;
}

export interface InvokeMessage {
  readonly requestId: string;
  readonly payload: string;
  readonly timeoutMs: number;
}

/** The body of a failed invocation, as Lambda gives it to the caller. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

export type EnvironmentMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'log'; readonly text: string }
  | { readonly type: 'initError'; readonly error: FunctionError }
  | { readonly type: 'result'; readonly requestId: string; readonly payload: string }
  | { readonly type: 'error'; readonly requestId: string; readonly error: FunctionError };
