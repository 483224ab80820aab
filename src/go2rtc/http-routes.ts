import type { Grant } from '../access/auth.js';
import { requireCamera } from '../access/auth.js';
import { epochMs } from '../shared/clock.js';
import { RefusedError } from '../shared/errors.js';
import { json } from '../http/answer.js';
import type { AddRoute, Handler } from '../http/handler.js';
import { type PictureDeps, snapshot, streamMjpeg } from '../http/pictures.js';
import type { RequestFacts } from '../access/request-facts.js';
import type { CameraSummary, StreamRequest } from '../camera/registry.js';
import { parseQuery } from '../access/query.js';
import { parseGo2rtcQuery } from './query.js';

/** Reading paths of go2rtc's HTTP interface, so that what plays from there plays from here. Nothing can be changed by them. */
export function addGo2rtcRoutes(get: AddRoute, deps: PictureDeps): void {
  const shown: Handler = (facts, grant, connection) =>
    streamMjpeg(request(facts, grant), facts, connection, deps);
  const still: Handler = (facts, grant, connection) =>
    snapshot(request(facts, grant), facts, connection, deps);
  get('/api/stream.mjpeg', shown, true);
  get('/api/frame.jpeg', still, true);
  get('/api/streams', (facts, grant) => {
    const wanted = parseQuery(facts.query).get('src') ?? '';
    const streams = deps.registry
      .list(epochMs())
      .filter(({ camera }) => grant.allows(camera) && (wanted === '' || camera === wanted));
    if (wanted === '') return json(200, Object.fromEntries(streams.map((s) => [s.camera, describe(s)])));
    const [stream] = streams;
    if (!stream) throw new RefusedError('no_such_camera', 'no camera has the name that src gives');
    return json(200, describe(stream));
  });
}

function request(facts: RequestFacts, grant: Grant): StreamRequest {
  const wanted = parseGo2rtcQuery(facts.query);
  requireCamera(grant, wanted.camera);
  return wanted;
}

/** As go2rtc tells of a stream, without any address: neither the camera's nor a viewer's. */
function describe({ state, viewers }: CameraSummary) {
  const running = state !== 'idle';
  return {
    producers: running ? [{ format_name: 'rtsp', medias: ['video, recvonly, JPEG'], state }] : [],
    consumers: Array.from({ length: viewers }, () => ({ format_name: 'mjpeg' })),
  };
}
