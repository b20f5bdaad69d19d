import * as z from 'zod/mini';

/** What the function returns for the event `{"testPage": true}`. */
export const testPageResultSchema = z.object({
  cluster: z.string(),
  /** Every channel of the cluster, and whether it took the page for anybody. */
  channels: z.array(
    z.object({
      /** `sns`, `pagerduty` or `webhook`. */
      name: z.string(),
      delivered: z.boolean(),
      /** Of a topic: how many have confirmed that they receive its pages; undefined where nobody may look. */
      subscribers: z.optional(z.number()),
      /** Why not. */
      reason: z.optional(z.string()),
    }),
  ),
});

export type TestPageResult = z.infer<typeof testPageResultSchema>;
