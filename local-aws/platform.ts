/**
 * What every emulated service is given and what it must offer. The gateway builds one `Platform`, hands it to each
 * service, and routes requests to them by the SigV4 credential scope. Services talk to each other through
 * `Platform.call` only, so one call between two services is authorised and logged like one from outside.
 */

import type { Kept } from './kept.ts';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [member: string]: Json;
}

/** Who makes a call. `administrator` is any access key that this AWS did not issue. */
export type Caller =
  | { readonly kind: 'administrator'; readonly arn: string; readonly accessKeyId: string }
  | {
      readonly kind: 'role';
      readonly arn: string;
      readonly roleArn: string;
      readonly sessionName: string;
      readonly accessKeyId: string;
    }
  | { readonly kind: 'service'; readonly service: string; readonly sourceArn?: string };

/** One permission that an operation needs. `context` holds request condition keys, e.g. `acm-pca:TemplateArn`. */
export interface Authorization {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, string>>;
}

export interface HttpRequest {
  readonly method: string;
  /** Path without the query, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** Real time plus one forward-only offset. Everything that waits in this AWS waits here. */
export interface Clock {
  /** Milliseconds since the epoch, in moved time. */
  now(): number;
  /** Runs `task` once moved time has reached `atMs`; a jump past it runs it at once. Returns a cancel function. */
  at(atMs: number, task: () => void): () => void;
  /** Moves time forward. Throws on a negative step. */
  advance(byMs: number): void;
}

/** Temporary credentials of a role session. */
export interface Session {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly sourceIdentity?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Policies that narrow the session further, as a Roles Anywhere profile does. */
  readonly sessionPolicies?: readonly JsonObject[];
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** An event as EventBridge delivers it, without the members that the bus itself adds (version, id, account, region, time). */
export interface BusEvent {
  readonly source: string;
  readonly 'detail-type': string;
  readonly resources: readonly string[];
  readonly detail: JsonObject;
}

/** One record of a DynamoDB stream, in the shape that Lambda receives (`Records[]`). */
export interface StreamSource {
  /** Records after `afterSequenceNumber` (all when undefined), oldest first, at most `limit`. */
  read(streamArn: string, afterSequenceNumber: string | undefined, limit: number): JsonObject[];
  /** Calls `wake` whenever new records were appended. Returns an unsubscribe function. */
  onAppend(streamArn: string, wake: () => void): () => void;
}

export interface Verdict {
  readonly allowed: boolean;
  /** For a person: which statement allowed or denied it, or that none matched. */
  readonly reason: string;
}

/** Identity and access: roles of the template, their policies, sessions, and the log of what was needed. */
export interface Access {
  issue(session: Session): Credentials;
  /** Whether `service` may perform `action` (e.g. `sts:AssumeRole`) on the role, by its trust policy. */
  mayAssume(
    roleArn: string,
    service: string,
    action: string,
    context: Readonly<Record<string, string>>,
  ): Verdict;
  /** Logs each authorization with its verdict; throws AccessDeniedException where the verdict is enforced for this caller. */
  authorize(caller: Caller, needed: readonly Authorization[]): void;
  /** Sets (or with undefined removes) one policy document on a resource: a queue policy, a Lambda permission. */
  attachResourcePolicy(resourceArn: string, statementId: string, document: JsonObject | undefined): void;
}

export interface Platform {
  /** What is carried from run to run; absent when nothing is. */
  readonly kept?: Kept;
  readonly clock: Clock;
  readonly access: Access;
  readonly streams: StreamSource;
  readonly partition: string;
  readonly region: string;
  readonly accountId: string;
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** A private folder of this AWS (nodes, code, files); removed at shutdown unless the caller named it. */
  readonly directory: string;
  /** Waiting times of AWS that are long on purpose, in milliseconds; scaled down for people, real for virtual time. */
  readonly delays: { readonly issuance: number; readonly crl: number; readonly eventDelivery: number };
  /** Puts events on the default bus. */
  emit(event: BusEvent): void;
  /** One operation of a service, in process, authorised and logged like a request from outside. */
  call(caller: Caller, scope: string, operation: string, input: JsonObject): Promise<JsonObject>;
}

/** A created CloudFormation resource: what `Ref` gives and what `Fn::GetAtt` can ask for. */
export interface CreatedResource {
  readonly ref: string;
  readonly attributes?: Readonly<Record<string, Json>>;
}
export interface ResourceContext {
  readonly stackName: string;
  readonly logicalId: string;
  /** Absolute path of the directory or file behind an asset key (`<hash>.zip`), from the cloud assembly. */
  assetPath(key: string): string;
}
/** Creates one resource from its resolved properties. An unknown property must be refused by name (strict schema). */
export type ResourceType = (
  properties: JsonObject,
  context: ResourceContext,
) => Promise<CreatedResource> | CreatedResource;

export interface Service {
  /** The service name in the SigV4 credential scope, e.g. `acm-pca`. */
  readonly scope: string;
  handle(request: HttpRequest, caller: Caller): Promise<HttpResponse>;
  /** Which operation a request is, where method and path say it. */
  operationName?(request: HttpRequest): string | undefined;
  /** The same operation without the wire. */
  call(operation: string, input: JsonObject, caller: Caller): Promise<JsonObject>;
  /** Names of the operations that it offers: what README.md lists. */
  readonly operations?: readonly string[];
  /** CloudFormation types that this service creates, e.g. `AWS::SQS::Queue`. */
  readonly resources?: Readonly<Record<string, ResourceType>>;
  /** Test and demo controls, keyed `POST /_local/nodes`; JSON in, JSON out. */
  readonly controls?: Readonly<Record<string, (body: JsonObject) => Promise<Json> | Json>>;
  /** Stops timers, workers and child processes. */
  close?(): Promise<void> | void;
}

/** An error of an AWS API: its code as clients see it, its HTTP status, and further members of the error body. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  readonly members: JsonObject;
  constructor(code: string, message: string, status = 400, members: JsonObject = {}) {
    super(message);
    this.name = 'AwsError';
    this.code = code;
    this.status = status;
    this.members = members;
  }
}
