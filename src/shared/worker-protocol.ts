/** What crosses the border between the main thread and a camera's worker: both sides of it, nothing else. */
import type { MessagePort } from 'node:worker_threads';
import type { CameraErrorCode } from './errors.js';
import type { RenditionKey } from './rendition.js';

/** What a camera may send, by the names that this service has for it. */
export type VideoCodec = 'h264' | 'h265' | 'jpeg' | 'mpeg4';

/** What holds for each FFmpeg because of how it is started. */
export interface Confinement {
  /** The kernel ends it with the thread that started it. */
  readonly parentDeath: boolean;
  readonly noNewPrivileges: boolean;
  readonly noCapabilities: boolean;
  /** It has a network namespace of its own, without any interface that is up. */
  readonly noNetwork: boolean;
  /** It has a limit of memory, and opens neither a file nor a connection from before the first byte of a camera on. */
  readonly limits: boolean;
  /** It changes no file by its path, and sees nothing of the memory of the service and of other processes (Landlock). */
  readonly noChanges: boolean;
  /** It sends no signal to the service and to other processes (Landlock, Linux 6.12 on). */
  readonly noSignals: boolean;
}

/** The FFmpeg in use, probed once at start. */
export interface FfmpegBuild {
  /** Absolute path, or a name on PATH. */
  readonly path: string;
  /** First line of `-version`, for people. */
  readonly version: string;
  /** libavformat's major: 58 is FFmpeg 4 (and the bundled build), 59 is 5, 61 is 7. Options differ by it. */
  readonly avformat: number;
  /** Whether `-fps_mode` exists (FFmpeg 5.1 on); else `-vsync`. */
  readonly hasFpsMode: boolean;
  /** Words in front of the command line that start it with fewer rights; empty where nothing can do that. */
  readonly launcher: readonly string[];
  readonly confinement: Confinement;
}

export type Transport = 'tcp' | 'udp';

/** Layout of raw frames between FFmpeg and the encoder: planar 4:2:0 in full range, or packed RGB. */
export type PixelFormat = 'yuv420p' | 'rgb24';

/** What one run opens. */
export interface Source {
  /** The camera's URL in its parts, as the user gave it. */
  readonly url: {
    readonly scheme: 'rtsp' | 'rtsps';
    readonly host: string;
    readonly port: number;
    readonly pathAndQuery: string;
  };
  readonly credentials: { readonly username: string; readonly password: string } | null;
  /** The judged numeric address of the host: the only one that is dialled. */
  readonly address: string;
  readonly transport: Transport;
}

/** One encoded form that is wanted now. */
export interface Demand {
  readonly key: RenditionKey;
  readonly quality: number;
  /** Most frames a second that any viewer of it wants; `null` is the source's own rate. */
  readonly fps: number | null;
}

/** One scaled output of the decoder, with the renditions that are encoded from it. */
export interface DecodeOutput {
  readonly width: number;
  readonly height: number;
  /** Empty: decoded (the stream is kept alive) but not encoded. */
  readonly demands: readonly Demand[];
}

/**
 * Which pictures are decoded. `key_frames`: those that need no other, far cheaper, at the camera's key-frame rate. `sampled`: one of
 * these every SAMPLE_MS; nobody looks at pictures, and the camera's state and snapshots need some.
 */
export type DecodedPictures = 'all' | 'key_frames' | 'sampled';

/** Shortest time between two pictures that are decoded although nobody looks at them, ms: a still picture is noticed after a minute. */
export const SAMPLE_MS = 5000;

/** What to decode and what to encode from it; the supervisor replaces it while the run goes on. */
export interface DecodePlan {
  /** At least one. In the order of their importance, and so are the demands of each: what comes first is encoded first. */
  readonly outputs: readonly DecodeOutput[];
  readonly pictures: DecodedPictures;
  /**
   * Share of each group of pictures that is decoded, from its key frame on: above 0, to 1. Left out: all. Decoding and encoding get
   * cheaper in proportion, which a lower frame rate does not give: nearly every picture needs the one before it.
   */
  readonly groupShare?: number;
  /** Whether access units are handed over as the camera sends them. */
  readonly video: boolean;
}

/** Task data of one camera run. */
export interface CameraTask {
  readonly camera: string;
  readonly ffmpeg: FfmpegBuild;
  readonly pixels: PixelFormat;
  readonly source: Source;
  readonly plan: DecodePlan;
  /** The run before gave no picture: nothing is prepared for this one. */
  readonly failedLast: boolean;
  /** Width to height of the picture as it is to be shown; `null`: as the stream says. */
  readonly aspect: number | null;
  /** Until the first access unit, ms; after that each silence. */
  readonly openTimeoutMs: number;
  readonly stallTimeoutMs: number;
  /** Decode without deblocking: cheaper, and blockier until the next key frame. */
  readonly skipLoopFilter: boolean;
  readonly port: MessagePort;
  /** TAKEN_COUNTS Int32: frames and units that the main thread has taken from the port, by which those on the way are bounded. */
  readonly taken: SharedArrayBuffer;
}

/** JPEGs on their way to the main thread, for each camera: one being published, one waiting. Newest wins beyond that. */
export const MAX_IN_FLIGHT = 2;

/** Units on their way, for each camera: twenty seconds of them, as a run may begin with all since the last key frame. */
export const MAX_UNITS_IN_FLIGHT = 600;

export const TAKEN_COUNTS = 3;
export const TAKEN_FRAMES = 0;
export const TAKEN_UNITS = 1;
/** 1: the run is not to begin, nobody waits for it. */
export const TAKEN_NOBODY = 2;

export type ToWorker = { readonly type: 'plan'; readonly plan: DecodePlan } | { readonly type: 'stop' };

/** Counters of a run. */
export interface RunCounters {
  /** Whole frames that came out of the decoder (of its first output). */
  decoded: number;
  encoded: number;
  /** Frames that a newer one replaced before encoding. */
  droppedBeforeEncode: number;
  /** Frames not encoded because MAX_IN_FLIGHT JPEGs were on the way. */
  droppedInFlight: number;
  /** Incomplete frames thrown away when a decoder ended. */
  partialFrames: number;
  encodeErrors: number;
}

/** What was counted between two reports of one run; `before` is `null` for the first. */
export function countersSince(before: RunCounters | null, now: RunCounters): RunCounters {
  return {
    decoded: now.decoded - (before?.decoded ?? 0),
    encoded: now.encoded - (before?.encoded ?? 0),
    droppedBeforeEncode: now.droppedBeforeEncode - (before?.droppedBeforeEncode ?? 0),
    droppedInFlight: now.droppedInFlight - (before?.droppedInFlight ?? 0),
    partialFrames: now.partialFrames - (before?.partialFrames ?? 0),
    encodeErrors: now.encodeErrors - (before?.encodeErrors ?? 0),
  };
}

/** An encoded frame; `jpeg` is transferred, not copied. */
export interface FrameMessage {
  readonly type: 'frame';
  readonly key: RenditionKey;
  readonly jpeg: ArrayBuffer;
  /** When the last packet of its picture came from the camera: Unix epoch, ms with fraction. */
  readonly capturedAt: number;
  readonly encodeMs: number;
}

/** What viewers are told of video that they get as the camera sends it. */
export interface PassedFormat {
  readonly codec: 'h264' | 'h265';
  /** RFC 6381: `avc1.4d401e`. */
  readonly codecString: string;
  /** Of the coded picture after cropping, pixels. */
  readonly width: number;
  readonly height: number;
  /** Size to show it in, where the samples are not square or the camera's configured shape is another. */
  readonly displayWidth?: number;
  readonly displayHeight?: number;
  /** There if the stream names no colour matrix: it is to be taken for BT.601 of this range, as for its JPEGs. */
  readonly bt601?: 'limited' | 'full';
}

/** An access unit as the camera sent it, in Annex B; `data` is transferred, not copied. */
export type UnitMessage = {
  readonly type: 'unit';
  readonly data: ArrayBuffer;
  /** When its last packet came from the camera: Unix epoch, ms with fraction. */
  readonly capturedAt: number;
  /** It needs units before the key unit that it follows: not for a decoder that began there. */
  readonly isLeading: boolean;
} &
  // It needs no other, and its parameter sets are in front. `followsGap`: units between it and the one before are missing.
  (
    | { readonly kind: 'key'; readonly format: PassedFormat; readonly followsGap: boolean }
    // It needs the ones before it. They were handed over, too: a gap is followed by a key unit.
    | { readonly kind: 'delta' }
  );

/**
 * The video of a run as its worker receives it, by which the main thread judges life and load. Counts are totals since the run began,
 * times are of the period since the report before.
 */
export interface VideoReport {
  /** `null` before the first access unit. */
  readonly codec: VideoCodec | null;
  /** Access units received whole. While they come, the camera is connected, whatever becomes of the pictures. */
  readonly units: number;
  /** Of these, key frames: pictures that need no other. */
  readonly keyFrames: number;
  /** Units at which an intra refresh begins: pictures become right over several units, without a key frame. */
  readonly refreshes: number;
  /** Longest distance between two key frames, of the newest few, ms; `null` before two have come. */
  readonly keyFrameGapMs: number | null;
  /** When the unit of the newest decoded picture arrived: Unix epoch, ms; `null` before the first picture. */
  readonly pictureAt: number | null;
  /** Shortest time that a unit waited for the decoder, ms: a queue that is never empty is a machine, or a core, with too much to do. */
  readonly waitMs: number;
  /** Units that were let go because they had waited too long. */
  readonly droppedUnits: number;
  /** How much later than at best units arrive, judged by their RTP time, ms: the delay of camera and network. */
  readonly latenessMs: number;
}

export type FromWorker =
  /** The first message: the run has begun, in the thread of this id. */
  | { readonly type: 'began'; readonly thread: number }
  | FrameMessage
  | UnitMessage
  /** A decoder process was started (also for a replacement). */
  | { readonly type: 'spawned'; readonly pid: number }
  | { readonly type: 'reaped'; readonly pid: number }
  /** Sent every STATS_INTERVAL_MS, and when the run ends. */
  | {
      readonly type: 'stats';
      readonly counters: RunCounters;
      /** Left out by a worker that does not receive the video itself. */
      readonly video?: VideoReport;
    };

export const STATS_INTERVAL_MS = 500;

/** How a run ended. `stopped` is an end that the supervisor asked for. */
export type RunEnd =
  { readonly code: 'stopped' } | { readonly code: CameraErrorCode; readonly detail: string };

/** FFmpeg is told to end by SIGTERM; after this, ms, it is killed. */
export const KILL_AFTER_MS = 2000;
