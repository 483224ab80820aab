import { z } from 'zod';

/** Viewers that tell which picture they held when: what their process is told, and what it tells. Both sides of the border. */

export const numberedLoad = z.strictObject({
  port: z.int().min(1).max(65_535),
  /** One viewer for each. */
  paths: z.array(z.string().startsWith('/')).min(1),
  rampPerSecond: z.number().positive().default(8),
  /** Longest wait for the last viewer's first frame. */
  firstFrameTimeoutMs: z.number().positive().default(20_000),
  /** Between the last viewer's first frame and the beginning of the window. */
  settleMs: z.number().min(0).default(3000),
  durationMs: z.number().positive(),
});
export type NumberedLoad = z.infer<typeof numberedLoad>;
export type NumberedLoadInput = z.input<typeof numberedLoad>;

const numberedViewer = z.object({
  /** Frames of the window in order; null: no number could be read. The time is Unix epoch in ms. */
  frames: z.array(z.tuple([z.number().nullable(), z.number()])),
  /** Messages that are no whole JPEG, or cannot be decoded. */
  damaged: z.number(),
  /** Width and height of what was decoded, and how often: `{"640x360": 250}`. */
  sizes: z.record(z.string(), z.number()),
  seconds: z.number(),
  /** Close code, when the connection ended before the window did. */
  closed: z.number().nullable(),
});
export type NumberedViewer = z.infer<typeof numberedViewer>;

export const numberedResult = z.array(numberedViewer);
