import { z } from 'zod';
import { CAMERA_STATES } from '../../shared/camera-state.js';
import { CAMERA_FAULTS, type CameraErrorCode } from '../../shared/errors.js';
import { isRenditionKey } from '../frames/frame-codec.js';
import { tokenToStreamKey, streamKeyToToken } from './stream-key.js';

/**
 * What nodes tell each other in JSON: both sides of the bus, nothing else. A message that does not fit is dropped: it may be from
 * another version, or from whoever else may publish there. Times cross as ages: clocks of nodes differ.
 */

export const NODE_NAME = /^[A-Za-z0-9_-]{1,64}$/;
export const CLUSTER_NAME = /^[A-Za-z0-9_-]{1,32}$/;

const node = z.string().regex(NODE_NAME);
/** One life of a node's process: a node that restarts under its name is another. */
const instance = z.string().regex(/^[0-9a-f]{16}$/);
const streamKey = z.string().refine((key) => tokenToStreamKey(streamKeyToToken(key)) === key);
const cameraName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
const hash = z.string().regex(/^[A-Za-z0-9_-]{22}$/);
const epoch = z.int().nonnegative();
const ageMs = z.number().nonnegative();
const count = z.int().nonnegative();
const rendition = z.string().refine(isRenditionKey);
const fault = z.enum(Object.keys(CAMERA_FAULTS) as [CameraErrorCode, ...CameraErrorCode[]]);

/** Value of a lease. `epoch` 0: the revision of this very entry is the epoch, which whoever writes it cannot know yet. */
const lease = z.object({ node, instance, hash, epoch });
export type LeaseValue = z.output<typeof lease>;

/** Value of a node in the nodes' bucket. */
const nodeRecord = z.object({
  instance,
  site: z.string().max(64),
  role: z.enum(['both', 'owner', 'edge']),
  version: z.string().max(64),
  owned: count,
  maxOwned: count,
  cores: z.number().positive(),
  /** Idle share of its processors, 0-1. */
  free: z.number().min(0).max(1),
  /** It gave cameras away because it was busy, a short while ago: it takes none back yet. */
  relieved: z.boolean(),
  draining: z.boolean(),
  /** Revision of its list of cameras: others read that list anew when it changes. */
  cameras: count,
  /** Same on all nodes with the same CLUSTER_SECRET. */
  secretCheck: hash,
});
export type NodeRecord = z.output<typeof nodeRecord>;

/** A configured camera, as other nodes may know it: no address. */
const listedCamera = z.object({
  title: z.string().max(200),
  hash,
  /** Of its main stream. */
  mainHash: hash.nullable(),
  site: z.string().max(64),
  rendition,
  maxFps: z.number().positive().nullable(),
});
export type ListedCamera = z.output<typeof listedCamera>;
const cameraList = z.object({ instance, cameras: z.record(cameraName, listedCamera) });
export type CameraList = z.output<typeof cameraList>;

/** One stream that a node owns. */
const streamState = z.object({
  stream: streamKey,
  epoch,
  hash,
  state: z.enum(CAMERA_STATES),
  reason: fault.nullable(),
  /** It has shown a picture since it was opened. */
  everLive: z.boolean(),
  /** Since the state began. */
  sinceMs: ageMs,
  maxGapMs: ageMs.optional(),
  degraded: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]),
  /** On all nodes. */
  viewers: count,
  /** What the camera sends; `null`: not known yet. */
  codec: z.enum(['h264', 'h265', 'jpeg', 'mpeg4']).nullable().default(null),
  /** Of the newest frame. */
  frameMs: ageMs.nullable(),
});
export type StreamState = z.output<typeof streamState>;

/** Sent by each node each second with all streams that it owns, and at once with those that changed. */
const stateMessage = z.object({
  instance,
  all: z.boolean(),
  streams: z.array(streamState),
  /** Given up: another may take the lease. */
  gone: z.array(z.object({ stream: streamKey, epoch })),
  /** A try to open failed while the camera had never been live: whoever waits for it is told. */
  failed: z.array(z.object({ stream: streamKey, code: fault })),
  /** Credentials that a camera refused, by source: nobody tries them again so soon. */
  holds: z.array(z.object({ hash, code: fault, leftMs: ageMs })),
});
export type StateMessage = z.output<typeof stateMessage>;

const wantedStream = z.object({
  stream: streamKey,
  renditions: z.array(z.tuple([rendition, z.number().positive().max(1000).nullable()])).max(100),
  /** The video as the camera sends it. */
  video: z.boolean().default(false),
  viewers: count,
  /** Grows when somebody comes who wants the picture now: a camera that is off is tried again soon. */
  retryRequests: count,
  /** The edge has the camera's address, and may be asked to take it over. */
  knows: z.boolean(),
});
export type WantedStream = z.output<typeof wantedStream>;

/** Sent by an edge to each owner each second, and at once on a change. */
const demandMessage = z.object({ instance, all: z.boolean(), streams: z.array(wantedStream) });
export type DemandMessage = z.output<typeof demandMessage>;

/** To a node that is to open a camera (`open`), or to take it over from the one that asks (`take`). */
const openRequest = z.object({
  from: node,
  wanted: wantedStream,
  hash: hash.nullable(),
  /** `take`: the asking owner has closed the camera already, since it grants one session only. */
  closed: z.boolean(),
});
export type OpenRequestMessage = z.output<typeof openRequest>;

/** From the node that takes over: its picture is there, the lease may pass; or why it cannot. */
const passRequest = z.object({ to: node, instance, stream: streamKey, failed: fault.nullable() });
export type PassRequest = z.output<typeof passRequest>;

/** Answer to every request. `epoch`: of the lease that the answering node has taken or passed on. */
const answer = z.object({ ok: z.boolean(), why: z.string().max(200), epoch: epoch.nullable() });
export type Answer = z.output<typeof answer>;

const utf8 = new TextDecoder();

function reader<T>(schema: z.ZodType<T>): (bytes: Uint8Array) => T | null {
  return (bytes) => {
    let value: unknown;
    try {
      value = JSON.parse(utf8.decode(bytes));
    } catch {
      return null;
    }
    return schema.safeParse(value).data ?? null;
  };
}

export const readLease = reader(lease);
export const readNodeRecord = reader(nodeRecord);
export const readCameraList = reader(cameraList);
export const readState = reader(stateMessage);
export const readDemand = reader(demandMessage);
export const readOpenRequest = reader(openRequest);
export const readPassRequest = reader(passRequest);
export const readAnswer = reader(answer);

export type JsonMessage =
  | LeaseValue
  | NodeRecord
  | CameraList
  | StateMessage
  | DemandMessage
  | OpenRequestMessage
  | PassRequest
  | Answer;

export const writeJson = (message: JsonMessage): Uint8Array => Buffer.from(JSON.stringify(message));
