import * as z from 'zod/mini';
import { SCOPES, SEVERITIES } from './causes.ts';
import { fixSchema } from './report.ts';

/** What a page is about, as data. */
export const pageDetailsSchema = z.object({
  scope: z.enum(SCOPES),
  /** One of the causes, or what another version calls it. */
  cause: z.string(),
  /** The first 20 nodes that others cannot reach, or that cannot reach others. */
  victims: z.array(z.string()),
  /** The first 20 nodes on which something is wrong. */
  observers: z.array(z.string()),
  /** How many nodes are affected, of how many that were checked. */
  missing: z.number(),
  checked: z.number(),
  /** ISO 8601; when a run first saw it. */
  since: z.string(),
  /** The steps of the fix, as in the report; each with its first 50 hosts. */
  fix: z.array(fixSchema),
  account: z.optional(z.string()),
  region: z.optional(z.string()),
  links: z.object({
    /** The section of the runbook: a path or a URL. */
    runbook: z.string(),
  }),
});

export type PageDetails = z.infer<typeof pageDetailsSchema>;

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
   * `worsened` is the same incident, more severe, twice as large, or with a control-plane node; `reminder` is
   * one that is still open; `test` is about none.
   */
  kind: z.enum(['opened', 'worsened', 'reminder', 'resolved', 'test']),
  severity: z.enum(SEVERITIES),
  /** One of the causes, or what another version calls it. Absent from a test page. */
  cause: z.optional(z.string()),
  /** ISO 8601; when the page was written. */
  at: z.string(),
  /** One line, ASCII, below 100 characters. */
  summary: z.string(),
  /** The whole page, in lines. */
  text: z.string(),
  /** The same as data; absent from a test page. */
  details: z.optional(pageDetailsSchema),
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
