import type { Notice } from '../core/notices.ts';

/** Reaches the administrators. */
export interface Notices {
  publish(notice: Notice): Promise<void>;
}
