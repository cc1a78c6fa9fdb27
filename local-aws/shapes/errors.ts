/** Errors that every operation of a protocol may answer, beyond those that the model names for it. */
import type { Protocol } from './model.ts';

/** From "Common Errors" of the services' API references; a status in doubt is listed with both. */
const COMMON: Readonly<Record<string, readonly number[]>> = {
  AccessDeniedException: [400, 403],
  ExpiredTokenException: [400, 403],
  IncompleteSignature: [400, 403],
  InternalFailure: [500],
  InvalidParameterValue: [400],
  InvalidSignatureException: [400, 403],
  RequestExpired: [400, 403],
  MissingAuthenticationToken: [403],
  ServiceUnavailable: [503],
  SerializationException: [400],
  ThrottlingException: [400],
  UnknownOperationException: [400, 404],
  UnrecognizedClientException: [400, 403],
  ValidationException: [400],
};

const QUERY: Readonly<Record<string, readonly number[]>> = {
  AccessDenied: [403],
  ExpiredToken: [403],
  InternalFailure: [500],
  InvalidAction: [400],
  InvalidParameterValue: [400],
  MissingParameter: [400],
  ServiceUnavailable: [503],
  Throttling: [400],
  ValidationError: [400],
};

/** From "Error responses" of the S3 API reference. */
const S3: Readonly<Record<string, readonly number[]>> = {
  AccessControlListNotSupported: [400],
  AccessDenied: [403],
  BadDigest: [400],
  InternalError: [500],
  InvalidArgument: [400],
  InvalidRange: [416],
  InvalidURI: [400],
  NoSuchBucket: [404],
  NoSuchKey: [404],
  NotImplemented: [501],
  PreconditionFailed: [412],
  SlowDown: [503],
  XAmzContentSHA256Mismatch: [400],
};

export function commonErrors(protocol: Protocol): Readonly<Record<string, readonly number[]>> {
  if (protocol === 'rest-xml') return S3;
  return protocol === 'query' ? QUERY : COMMON;
}
