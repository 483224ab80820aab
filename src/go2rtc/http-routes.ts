import { requireCamera } from '../access/auth.js';
import type { Admitted } from '../access/admission.js';
import type { CameraSummary, StreamRequest } from '../camera/registry.js';
import { json } from '../http/answer.js';
import type { HttpRoute } from '../http/handler.js';
import { type PictureDeps, snapshot, streamMjpeg } from '../http/pictures/pictures.js';
import { epochMs } from '../shared/clock.js';
import { RefusedError } from '../shared/errors.js';
import { parseGo2rtcQuery } from './query.js';

/** Reading paths of go2rtc's HTTP interface, so that what plays from there plays from here. Nothing can be changed by them. */
export const go2rtcHttpRoutes = (deps: PictureDeps): readonly HttpRoute[] => [
  {
    path: '/api/stream.mjpeg',
    access: 'watch',
    handle: (facts, admitted, connection) => streamMjpeg(wanted(admitted), facts, connection, deps),
  },
  {
    path: '/api/frame.jpeg',
    access: 'watch',
    handle: (facts, admitted, connection) => snapshot(wanted(admitted), facts, connection, deps),
  },
  {
    path: '/api/streams',
    access: 'read',
    handle: (_, { grant, parameters }) => {
      const name = parameters.get('src') ?? '';
      const streams = deps.registry
        .list(epochMs())
        .filter(({ camera }) => grant.allows(camera) && (name === '' || camera === name));
      if (name === '') return json(200, Object.fromEntries(streams.map((s) => [s.camera, describe(s)])));
      const [stream] = streams;
      if (!stream) throw new RefusedError('no_such_camera', 'no camera has the name that src gives');
      return json(200, describe(stream));
    },
  },
];

function wanted({ grant, parameters }: Admitted): StreamRequest {
  const request = parseGo2rtcQuery(parameters);
  requireCamera(grant, request.camera);
  return request;
}

/** As go2rtc tells of a stream, without any address: neither the camera's nor a viewer's. */
function describe({ state, viewers }: CameraSummary) {
  const running = state !== 'idle';
  return {
    producers: running ? [{ format_name: 'rtsp', medias: ['video, recvonly, JPEG'], state }] : [],
    consumers: Array.from({ length: viewers }, () => ({ format_name: 'mjpeg' })),
  };
}
