import * as z from 'zod/mini';
import { CAUSES, SEVERITIES } from './causes.ts';

/**
 * What a webhook is sent: one JSON document for each page. Fields may be added within a version;
 * none changes its meaning or goes. `text` is also what chat programs show of such a document.
 */
export const webhookSchema = z.object({
  version: z.literal(1),
  cluster: z.string(),
  /** The incident's key: all pages of one incident have the same. */
  key: z.string(),
  /**
   * `worsened` is the same incident, more severe, twice as large, or with a control-plane node; `test` is
   * about none.
   */
  kind: z.enum(['opened', 'worsened', 'resolved', 'test']),
  severity: z.enum(SEVERITIES),
  /** Absent from a test page. */
  cause: z.optional(z.enum(CAUSES)),
  /** ISO 8601; when the page was written. */
  at: z.string(),
  /** One line, ASCII, below 100 characters. */
  summary: z.string(),
  /** The whole page, in lines. */
  text: z.string(),
});

export type WebhookDocument = z.infer<typeof webhookSchema>;

/**
 * Beside the document, as https://www.standardwebhooks.com/ names them: the id is the same however
 * often a page is sent, and the signature is there where the webhook has a secret.
 */
export const WEBHOOK_HEADERS = {
  id: 'webhook-id',
  timestamp: 'webhook-timestamp',
  signature: 'webhook-signature',
} as const;

/** A secret for signatures: 24 to 64 random bytes in base64. */
export const WEBHOOK_SECRET = /^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/;
