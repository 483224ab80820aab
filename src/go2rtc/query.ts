import type { StreamRequest } from '../camera/registry.js';
import { parseCameraName } from '../shared/camera-name.js';
import { badParameter } from '../shared/errors.js';
import { type Bounds, HEIGHT, WIDTH } from '../shared/rendition.js';

/**
 * The query of go2rtc's paths: `src` names a configured or running camera, `w`/`width` and `h`/`height` its size. There, any
 * number of pixels will do, so odd ones are rounded up. Parameters that are not known, cache busters say, are ignored.
 *
 * @throws RefusedError `bad_parameter`
 */
export function parseGo2rtcQuery(parameters: ReadonlyMap<string, string>): StreamRequest {
  const src = parameters.get('src');
  if (src === undefined || src === '') throw badParameter('src is missing: name the camera');
  return {
    camera: parseCameraName(src, 'src'),
    url: null,
    main: false,
    width: side(parameters, ['w', 'width'], WIDTH),
    height: side(parameters, ['h', 'height'], HEIGHT),
    quality: null,
    fps: null,
  };
}

function side(
  parameters: ReadonlyMap<string, string>,
  names: readonly string[],
  { min, max }: Bounds,
): number | null {
  for (const name of names) {
    const text = parameters.get(name);
    // go2rtc passes -1 on to FFmpeg, where it means: whatever keeps the shape.
    if (text === undefined || text === '' || text === '-1') continue;
    const pixels = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
    if (!(pixels >= 1 && pixels <= max))
      throw badParameter(`${name} must be a whole number from 1 to ${max}`);
    return Math.max(min, pixels + (pixels % 2));
  }
  return null;
}
