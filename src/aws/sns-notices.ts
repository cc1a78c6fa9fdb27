import { PublishCommand } from '@aws-sdk/client-sns';
import type { SNSClient } from '@aws-sdk/client-sns';
import type { Notices } from '../ports/notices.ts';
import { calling } from './sdk-errors.ts';

/** A subject has at most 100 characters (Publish); the body stays far below 256 KiB. */
const SUBJECT_MAX = 100;

export function snsNotices(client: SNSClient, topicArn: string): Notices {
  return {
    async publish({ subject, body }) {
      const command = new PublishCommand({
        TopicArn: topicArn,
        Subject: subject.slice(0, SUBJECT_MAX),
        Message: body,
      });
      await calling('Publish', () => client.send(command));
    },
  };
}
