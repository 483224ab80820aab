import { requireCamera } from '../../access/auth.js';
import { parseViewerQuery, streamRequest } from '../../viewer/viewer-request.js';
import type { HttpRoute } from '../handler.js';
import { type PictureDeps, snapshot, streamMjpeg } from '../pictures/pictures.js';

/** `/snapshot` and `/stream.mjpeg`: a camera without a WebSocket. */
export function pictureRoutes(deps: PictureDeps): readonly HttpRoute[] {
  const route = (path: string, show: typeof snapshot | typeof streamMjpeg): HttpRoute => ({
    path,
    access: 'watch',
    handle: (facts, { grant, parameters }, connection) => {
      const request = parseViewerQuery(parameters);
      requireCamera(grant, request.camera);
      return show(streamRequest(request), facts, connection, deps);
    },
  });
  return [route('/snapshot', snapshot), route('/stream.mjpeg', streamMjpeg)];
}
