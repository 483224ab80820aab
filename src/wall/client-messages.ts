import { z } from 'zod';
import { CAMERA_NAME } from '../shared/camera-name.js';
import { type Bounds, FPS, HEIGHT, QUALITY, WIDTH } from '../shared/rendition.js';
import {
  CLIENT_VIDEO_REASONS,
  MAX_ACKS,
  MAX_CLIENT_MESSAGE_BYTES,
  MAX_CODEC_LENGTH,
  MAX_CODECS,
  MAX_HANDLE,
  MAX_HANDLES,
  WALL_PROTOCOL_VERSION,
  WALL_VIDEO_PROTOCOL_VERSION,
  type ClientMessage,
  type RefusedMessage,
  type WallProtocol,
} from './protocol.js';

/** Strict parser of what a browser sends on `/wall`: the only way in for its text. */

const handle = z.int().min(1).max(MAX_HANDLE);
const side = ({ min, max }: Bounds): z.ZodNumber => z.int().min(min).max(max).multipleOf(2);

const rendition = {
  width: side(WIDTH).optional(),
  height: side(HEIGHT).optional(),
  quality: z.int().min(QUALITY.min).max(QUALITY.max).optional(),
  fps: z.number().min(FPS.min).max(FPS.max).optional(),
  main: z.boolean().optional(),
};

const source = {
  camera: z.string().regex(CAMERA_NAME),
  rtsp: z.string().min(1).max(2048).optional(),
};

const handles = z.array(handle).min(1).max(MAX_HANDLES);

const subscribe = z.strictObject({ type: z.literal('subscribe'), handle, ...source, ...rendition });
const changed = z.strictObject({ type: z.literal('rendition'), handle, ...rendition });
const codecs = z.array(z.string().max(MAX_CODEC_LENGTH)).max(MAX_CODECS).optional();

const size = z.literal('source').optional();

const common = [
  z.strictObject({ type: z.literal('unsubscribe'), handle }),
  z.strictObject({ type: z.literal('pause'), handles }),
  z.strictObject({ type: z.literal('resume'), handles }),
  z.strictObject({
    type: z.literal('ack'),
    frames: z.array(z.tuple([handle, z.int().min(0).max(0xffffffff)])).max(MAX_ACKS),
  }),
  z.strictObject({ type: z.literal('retry'), ...source, main: rendition.main }),
  z.strictObject({ type: z.literal('ping'), sent: z.number() }),
] as const;

const schemas = {
  [WALL_PROTOCOL_VERSION]: z.discriminatedUnion('type', [subscribe, changed, ...common]),
  [WALL_VIDEO_PROTOCOL_VERSION]: z.discriminatedUnion('type', [
    subscribe.extend({ codecs, size }),
    changed.extend({ codecs, size, why: z.enum(CLIENT_VIDEO_REASONS).optional() }),
    ...common,
  ]),
} satisfies Record<WallProtocol, unknown>;

export type ParsedMessage =
  | { readonly kind: 'message'; readonly message: ClientMessage }
  /** A tile asks for what there is not, such as an odd width: only that tile is refused. */
  | {
      readonly kind: 'refused';
      readonly what: RefusedMessage['what'];
      readonly handle: number;
      readonly problem: string;
    }
  /** `problem` names the field and never repeats its value, which may hold a password. */
  | { readonly kind: 'bad'; readonly problem: string };

const bad = (problem: string): ParsedMessage => ({ kind: 'bad', problem });

/** Parses one message of that version; `isBinary` as the opcode of the WebSocket frame says. */
export function parseClientMessage(
  data: Uint8Array,
  isBinary: boolean,
  protocol: WallProtocol,
): ParsedMessage {
  if (isBinary) return bad('bad message: text expected, not binary');
  if (data.byteLength > MAX_CLIENT_MESSAGE_BYTES)
    return bad(`bad message: over ${MAX_CLIENT_MESSAGE_BYTES} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
  } catch {
    return bad('bad message: not JSON');
  }
  const result = schemas[protocol].safeParse(json);
  if (result.success) return { kind: 'message', message: result.data };
  const request = tileRequest.safeParse(json);
  const problem = describe(result.error);
  if (!request.success) return bad(problem);
  return { kind: 'refused', what: request.data.type, handle: request.data.handle, problem };
}

/** As much of a message as tells which tile asks. */
const tileRequest = z.object({ type: z.enum(['subscribe', 'rendition']), handle });

const even = (what: string, { min, max }: Bounds): string =>
  `${what} must be an even whole number from ${min} to ${max}`;

const EXPECTED: Readonly<Record<string, string>> = {
  camera: 'camera must be 1-64 of A-Z a-z 0-9 . _ - and begin with a letter or digit',
  rtsp: 'rtsp must be an address of at most 2048 characters',
  width: even('width', WIDTH),
  height: even('height', HEIGHT),
  quality: `quality must be a whole number from ${QUALITY.min} to ${QUALITY.max}`,
  fps: `fps must be a number from ${FPS.min} to ${FPS.max}`,
  codecs: `codecs must be at most ${MAX_CODECS} names of at most ${MAX_CODEC_LENGTH} characters`,
  size: 'size must be source; other sizes are width and height',
  why: `why must be one of ${CLIENT_VIDEO_REASONS.join(', ')}`,
};

function describe(error: z.ZodError): string {
  const issue = error.issues[0];
  const field = issue?.path.join('.').replace(/^codecs\..*/, 'codecs') ?? '';
  if (issue?.code === 'unrecognized_keys') return 'bad message: unknown field';
  if (Object.hasOwn(EXPECTED, field)) return `bad message: ${EXPECTED[field] ?? ''}`;
  return field === '' ? 'bad message: an object with a known type expected' : `bad message: ${field}`;
}
