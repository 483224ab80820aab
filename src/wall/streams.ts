import type { Grant } from '../access/auth.js';
import { requireCamera } from '../access/auth.js';
import type { CameraStatus } from '../shared/camera-state.js';
import { parseCameraName } from '../shared/camera-name.js';
import { CAMERA_FAULTS, ServiceError } from '../shared/errors.js';
import type { Frame } from '../camera/publisher.js';
import type { VideoSink } from '../camera/video-channel.js';
import type { Registry, StreamRequest } from '../camera/registry.js';
import { parseRtspUrl } from '../source/rtsp-url.js';
import type {
  TileRefusal,
  WallRequest,
  WallSink,
  WallState,
  WallStreams,
  WallSubscription,
  WallVideoSink,
  WallVideoSubscription,
} from './tile/tile-stream.js';

/** What one browser may see of the registry. `refused` counts what is turned away, `mayRetry` limits tries out of turn. */
export function wallStreams(
  registry: Pick<Registry, 'join' | 'joinVideo' | 'retry'>,
  grant: Grant,
  refused: (error: ServiceError) => void,
  mayRetry: (camera: string) => boolean,
): WallStreams {
  const granted = <T>(
    request: WallRequest,
    sink: Pick<WallSink, 'refused'>,
    nothing: T,
    join: () => T,
  ): T => {
    try {
      requireCamera(grant, request.camera);
      return join();
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      refused(error);
      sink.refused(refusalOf(error));
      return nothing;
    }
  };
  return {
    join: (request, sink) =>
      granted(request, sink, NOTHING, () =>
        subscription(registry.join(streamRequest(request), listener(sink)), sink),
      ),
    joinVideo: (request, sink) =>
      granted(request, sink, NO_VIDEO, () =>
        videoSubscription(registry.joinVideo(streamRequest(request), listener(sink)), sink),
      ),
    retry(request) {
      try {
        requireCamera(grant, request.camera);
        const asked = streamRequest(request);
        return registry.retry(asked, () => mayRetry(request.camera));
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        refused(error);
        return false;
      }
    },
  };
}

const NOTHING: WallSubscription = {
  latest: () => null,
  setActive: () => undefined,
  leave: () => undefined,
};

const NO_VIDEO: WallVideoSubscription = {
  backlog: () => [],
  setActive: () => undefined,
  leave: () => undefined,
};

const listener = (sink: Pick<WallSink, 'state' | 'refused'>): Parameters<Registry['join']>[1] => ({
  state: (status) => {
    const state = wallState(status);
    if (state) sink.state(state);
  },
  lost: (error) => {
    sink.refused(refusalOf(error));
  },
});

const refusalOf = ({ close, code, message }: ServiceError): TileRefusal => ({
  code: close,
  reason: code,
  text: message,
});

function subscription(seat: ReturnType<Registry['join']>, sink: WallSink): WallSubscription {
  const { channel } = seat;
  const frameSink = {
    frame: (frame: Frame) => {
      sink.frame(frame);
    },
  };
  channel.sinks.add(frameSink);
  return {
    latest: () => channel.latest,
    setActive: (active) => {
      seat.setActive(active);
    },
    leave: () => {
      channel.sinks.delete(frameSink);
      seat.leave();
    },
  };
}

function videoSubscription(
  seat: ReturnType<Registry['joinVideo']>,
  sink: WallVideoSink,
): WallVideoSubscription {
  const { video } = seat;
  const videoSink: VideoSink = {
    unit: (unit) => {
      sink.unit(unit);
    },
    unavailable: (gap) => {
      sink.unavailable(gap);
    },
  };
  video.sinks.add(videoSink);
  if (video.gap !== null) sink.unavailable(video.gap);
  return {
    backlog: () => video.backlog(),
    setActive: (active) => {
      seat.setActive(active);
    },
    leave: () => {
      video.sinks.delete(videoSink);
      seat.leave();
    },
  };
}

/** An idle camera has no seats, so no tile ever sees that state. */
function wallState({ state, reason, since, maxGapMs }: CameraStatus): WallState | null {
  if (state === 'idle') return null;
  return { state, reason, text: reason ? CAMERA_FAULTS[reason].text : '', since, maxGap: maxGapMs };
}

function streamRequest(request: WallRequest): StreamRequest {
  return {
    camera: parseCameraName(request.camera, 'camera'),
    url: request.rtsp === undefined ? null : parseRtspUrl(request.rtsp),
    main: request.main ?? false,
    width: request.width ?? null,
    height: request.height ?? null,
    quality: request.quality ?? null,
    fps: request.fps ?? null,
    isSourceSize: request.size === 'source',
  };
}
