/** Paging by position. */
import { AwsError } from '../../platform.ts';

export function paginate<T>(
  all: readonly T[],
  size: number,
  token: string | undefined,
): { page: T[]; next: { NextToken?: string } } {
  const start = Number(token ?? 0);
  if (!Number.isInteger(start) || start < 0)
    throw new AwsError('InvalidNextToken', 'The specified token is not valid.');
  const end = start + size;
  return { page: all.slice(start, end), next: end < all.length ? { NextToken: String(end) } : {} };
}
