import { z } from 'zod';
import { CAMERA_NAME } from '../shared/camera-name.js';
import { type Bounds, FPS, HEIGHT, QUALITY, WIDTH } from '../shared/rendition.js';
import {
  MAX_ACKS,
  MAX_CLIENT_MESSAGE_BYTES,
  MAX_HANDLE,
  MAX_HANDLES,
  type ClientMessage,
} from './protocol.js';

/** Strict parser of what a browser sends on `/wall`: the only way in for its text. */

const handle = z.int().min(1).max(MAX_HANDLE);
const even = ({ min, max }: Bounds): z.ZodNumber => z.int().min(min).max(max).multipleOf(2);

const rendition = {
  width: even(WIDTH).optional(),
  height: even(HEIGHT).optional(),
  quality: z.int().min(QUALITY.min).max(QUALITY.max).optional(),
  fps: z.number().min(FPS.min).max(FPS.max).optional(),
  main: z.boolean().optional(),
};

const handles = z.array(handle).min(1).max(MAX_HANDLES);

const messageSchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('subscribe'),
    handle,
    camera: z.string().regex(CAMERA_NAME),
    rtsp: z.string().min(1).max(2048).optional(),
    ...rendition,
  }),
  z.strictObject({ type: z.literal('rendition'), handle, ...rendition }),
  z.strictObject({ type: z.literal('unsubscribe'), handle }),
  z.strictObject({ type: z.literal('pause'), handles }),
  z.strictObject({ type: z.literal('resume'), handles }),
  z.strictObject({
    type: z.literal('ack'),
    frames: z.array(z.tuple([handle, z.int().min(0).max(0xffffffff)])).max(MAX_ACKS),
  }),
  z.strictObject({ type: z.literal('ping'), sent: z.number() }),
]);

export type ParsedMessage =
  | { readonly ok: true; readonly message: ClientMessage }
  /** `problem` names the field and never repeats its value, which may hold a password. */
  | { readonly ok: false; readonly problem: string };

const bad = (problem: string): ParsedMessage => ({ ok: false, problem });

/** Parses one message; `isBinary` as the opcode of the WebSocket frame says. */
export function parseClientMessage(data: Uint8Array, isBinary: boolean): ParsedMessage {
  if (isBinary) return bad('bad message: text expected, not binary');
  if (data.byteLength > MAX_CLIENT_MESSAGE_BYTES)
    return bad(`bad message: over ${MAX_CLIENT_MESSAGE_BYTES} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
  } catch {
    return bad('bad message: not JSON');
  }
  const result = messageSchema.safeParse(json);
  if (!result.success) return bad(describe(result.error));
  const message = result.data;
  if ('width' in message || 'height' in message) {
    if ((message.width === undefined) !== (message.height === undefined)) {
      return bad(`bad ${message.type}: width and height go together`);
    }
  }
  return { ok: true, message };
}

function describe(error: z.ZodError): string {
  const issue = error.issues[0];
  const field = issue?.path.join('.') ?? '';
  if (issue?.code === 'unrecognized_keys') return 'bad message: unknown field';
  return field === '' ? 'bad message: an object with a known type expected' : `bad message: ${field}`;
}
