import { badParameter } from '../shared/errors.js';
import type { PassedFormat } from '../shared/worker-protocol.js';

type VideoCodecName = PassedFormat['codec'];

const CODECS: readonly VideoCodecName[] = ['h264', 'h265'];
/** What only JPEGs can be asked for. */
const OF_PICTURES = ['width', 'height', 'size', 'quality', 'fps'] as const;

/**
 * The codec in which a viewer of `/ws` wants the camera's video as it comes; `null` for one that wants JPEGs.
 * @throws RefusedError `bad_parameter`
 */
export function parseVideoCodec(parameters: ReadonlyMap<string, string>): VideoCodecName | null {
  const text = parameters.get('codec');
  if (text === undefined) return null;
  const codec = CODECS.find((name) => name === text);
  if (!codec) throw badParameter(`codec must be ${CODECS.join(' or ')}; leave it out for JPEG`);
  const [unfit] = OF_PICTURES.filter((name) => parameters.has(name));
  if (unfit)
    throw badParameter(`${unfit} goes with JPEG: with codec, video comes in the camera's own size and rate`);
  return codec;
}
