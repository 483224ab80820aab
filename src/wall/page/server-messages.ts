import {
  TILE_STATES,
  VIDEO_FORMS,
  type ServerMessage,
  type TileState,
  type VideoMessage,
} from '../protocol.js';
import type { Arrangement } from './layout.js';
import type { View } from './view.js';

/**
 * Parser of what the server sends as text, for the browser. By hand: a schema library would be the largest part of
 * the bundle, and some of them try `new Function`, which the page's security policy reports as a violation.
 */

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isTileState = (value: unknown): value is TileState => TILE_STATES.some((state) => state === value);

/** Null for what is not a message of this version; types added later are among those. */
export function parseServerMessage(text: string): ServerMessage | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isFields(json)) return null;
  const { type, handle, time, reason } = json;
  if (type === 'hello') {
    const { protocol, credits, maxHandles } = json;
    if (!isNumber(protocol) || !isNumber(time) || !isNumber(credits) || !isNumber(maxHandles)) return null;
    const hello = { type, protocol, time, credits, maxHandles } as const;
    return isText(json['page']) ? { ...hello, page: json['page'] } : hello;
  }
  if (type === 'pong')
    return isNumber(json['sent']) && isNumber(time) ? { type, sent: json['sent'], time } : null;
  if (type === 'retried') {
    const { camera, accepted } = json;
    return isText(camera) && typeof accepted === 'boolean' ? { type, camera, accepted } : null;
  }
  if (type === 'video') return isNumber(handle) ? videoMessage(handle, json) : null;
  if (!isNumber(handle) || !isText(json['text'])) return null;
  if (type === 'state') {
    const { camera, state, since, maxGap } = json;
    if (!isText(camera) || !isTileState(state) || !isNumber(since) || !(reason === null || isText(reason)))
      return null;
    const message = { type, handle, camera, state, reason, text: json['text'], since } as const;
    return isNumber(maxGap) ? { ...message, maxGap } : message;
  }
  if (type === 'refused') {
    const { what, code } = json;
    if ((what !== 'subscribe' && what !== 'rendition') || !isNumber(code) || !isText(reason)) return null;
    return { type, handle, what, code, reason, text: json['text'] };
  }
  return null;
}

function videoMessage(handle: number, json: Fields): VideoMessage | null {
  const { form, codec, width, height, displayWidth, displayHeight, bt601, why } = json;
  if (form === 'jpeg') return isText(why) ? { type: 'video', handle, form, why } : null;
  const known = VIDEO_FORMS.find((name) => name === form);
  if (!known || !isText(codec) || !isNumber(width) || !isNumber(height)) return null;
  const colours = bt601 === 'limited' || bt601 === 'full' ? ({ bt601 } as const) : {};
  const message = { type: 'video', handle, form: known, codec, width, height, ...colours } as const;
  return isNumber(displayWidth) && isNumber(displayHeight)
    ? { ...message, displayWidth, displayHeight }
    : message;
}

/** One camera of `GET /api/cameras`, as far as the wall needs it. */
export interface ListedCamera {
  readonly camera: string;
  readonly title: string;
  readonly hasMain: boolean;
  /** Names that it had before. */
  readonly formerNames: readonly string[];
}

/** What `GET /api/cameras` says. */
export interface CameraListing {
  readonly list: readonly ListedCamera[];
  /** Whether administrators may change the cameras of the configuration. */
  readonly editable: boolean;
}

/** Null when the answer is not a camera list; a single camera that makes no sense is left out. */
export function parseCameraList(json: unknown): CameraListing | null {
  if (!isFields(json) || !Array.isArray(json['cameras'])) return null;
  const cameras: readonly unknown[] = json['cameras'];
  const list = cameras.flatMap((entry) => {
    if (!isFields(entry) || !isText(entry['camera'])) return [];
    const title = isText(entry['title']) && entry['title'] !== '' ? entry['title'] : entry['camera'];
    const names: unknown = entry['formerNames'];
    const formerNames = Array.isArray(names) ? names.filter(isText) : [];
    return [{ camera: entry['camera'], title, hasMain: entry['hasMain'] === true, formerNames }];
  });
  return { list, editable: json['editable'] === true };
}

const isCount = (value: unknown): value is number => isNumber(value) && Number.isInteger(value) && value >= 0;

/** `GET /api/views`: null when the answer is no list of views; a single view that makes no sense is left out. */
export function parseViewList(json: unknown): readonly View[] | null {
  if (!isFields(json) || !Array.isArray(json['views'])) return null;
  const views: readonly unknown[] = json['views'];
  return views.flatMap((entry) => {
    if (!isFields(entry)) return [];
    const { view, title, cameras, pinned, fps, quality } = entry;
    if (!isText(view) || !isText(title) || !Array.isArray(cameras) || !cameras.every(isText)) return [];
    return [
      {
        view,
        title,
        arrangement: arrangementOf(entry),
        cameras,
        pinned: isCount(pinned) ? pinned : 0,
        pages: pagesOf(entry),
        fps: isNumber(fps) ? fps : undefined,
        quality: isNumber(quality) ? quality : undefined,
      },
    ];
  });
}

/** A layout that this page does not know is shown as equal tiles. */
function arrangementOf({ layout, columns }: Fields): Arrangement {
  if (layout === 'columns' && isCount(columns) && columns > 0) return { kind: 'columns', columns };
  return { kind: layout === 'large' ? 'large' : 'auto' };
}

function pagesOf({ pageSize: size, dwellMs }: Fields): View['pages'] {
  return isCount(size) && size > 0 && isNumber(dwellMs) && dwellMs >= 1000 ? { size, dwellMs } : null;
}
