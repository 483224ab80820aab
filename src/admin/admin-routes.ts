import type { CameraEdit } from '../config/camera-edit.js';
import type { ConfigEditor } from '../config/config-editor.js';
import { type Answer, json } from '../http/answer.js';
import type { WriteRequest, WriteRoute } from '../http/routes/write-routes.js';
import { parseCameraName } from '../shared/camera-name.js';
import { CameraError } from '../shared/errors.js';
import { parseRtspUrl, type RtspUrl } from '../source/rtsp-url.js';
import type { Log } from '../telemetry/log.js';
import { parseCamera, parseChange } from './camera-fields.js';

export interface AdminDeps {
  readonly editor: Pick<ConfigEditor, 'list' | 'edit'>;
  /** Rejects with CameraError where the address may not be dialled, or has no address now. */
  readonly resolve: (url: RtspUrl) => Promise<unknown>;
  readonly log: Log;
}

const CAMERAS = '/api/admin/cameras';
const CAMERA = `${CAMERAS}/:name`;

/** Cameras of CONFIG_FILE, for administrators: list, add, change (rename, move), remove. */
export function adminRoutes({ editor, resolve, log }: AdminDeps): readonly WriteRoute[] {
  const change = async (
    { subject, revision }: WriteRequest,
    status: number,
    edit: CameraEdit,
  ): Promise<Answer> => {
    const next = await editor.edit(revision, edit);
    const camera = edit.kind === 'add' ? edit.camera.name : edit.name;
    log.info(
      { event: 'config_edited', edit: edit.kind, camera, by: subject },
      `${subject}: ${edit.kind} ${camera}`,
    );
    return json(status, { revision: next });
  };
  /** A name that nothing can be said of now may be dialled later: it is judged each time. */
  const judge = async (url: string | undefined): Promise<void> => {
    if (url === undefined) return;
    try {
      await resolve(parseRtspUrl(url));
    } catch (error) {
      if (!(error instanceof CameraError) || error.code !== 'dns') throw error;
    }
  };
  return [
    { method: 'get', path: CAMERAS, handle: async () => json(200, await editor.list()) },
    {
      method: 'post',
      path: CAMERAS,
      handle: async (request) => {
        const camera = parseCamera(request.body);
        await judge(camera.url);
        await judge(camera.main_url);
        return change(request, 201, { kind: 'add', camera });
      },
    },
    {
      method: 'patch',
      path: CAMERA,
      handle: async (request) => {
        const { before, ...fields } = parseChange(request.body);
        await judge(fields.url);
        await judge(fields.main_url);
        return change(request, 200, { kind: 'change', name: nameIn(request.path), fields, before });
      },
    },
    {
      method: 'del',
      path: CAMERA,
      handle: (request) => change(request, 200, { kind: 'remove', name: nameIn(request.path) }),
    },
  ];
}

/** Names need no percent-encoding. */
const nameIn = (path: string): string => parseCameraName(path.slice(path.lastIndexOf('/') + 1), 'name');
