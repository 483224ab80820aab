import type { VideoChannel, VideoGap, VideoSink, VideoUnit } from '../camera/video-channel.js';
import type { PassedFormat } from '../shared/worker-protocol.js';
import { CameraViewer, type ViewerOptions, type ViewerParts } from './camera-viewer.js';
import { videoEvent } from './viewer-events.js';

export interface VideoSubscriberOptions extends ViewerOptions {
  readonly codec: PassedFormat['codec'];
}

type State =
  /** The next key unit begins: nothing was sent yet, or the viewer was too slow for what came. */
  | 'awaiting_key'
  /** A key unit was sent last: leading ones behind it need units that were not. */
  | 'begun'
  | 'flowing';

/**
 * One viewer of one camera's video as it comes. One that is behind gets nothing up to the next key unit at which it has caught up.
 * Nothing queues here.
 */
export class VideoSubscriber extends CameraViewer<VideoSubscriberOptions> implements VideoSink {
  protected readonly slowHint = 'ask for JPEG, or for a smaller stream';
  #state: State = 'awaiting_key';
  #channel: VideoChannel | null = null;
  #format: PassedFormat | null = null;

  constructor(parts: ViewerParts, options: VideoSubscriberOptions) {
    super(parts, options, 'streaming');
  }

  /** Gives the viewer the units since the last key unit, and all that follow. */
  attach(channel: VideoChannel): void {
    if (this.isClosed) return;
    this.#channel = channel;
    channel.sinks.add(this);
    if (channel.gap) this.unavailable(channel.gap);
    for (const unit of channel.backlog()) this.unit(unit);
  }

  unit(unit: VideoUnit): void {
    if (this.isClosed) return;
    const { codec } = unit.format;
    if (codec !== this.options.codec) {
      this.reject('codec_mismatch', `the camera sends ${codec}: ask for codec=${codec}`);
      return;
    }
    if (!this.#takes(unit)) {
      this.metrics.unitsSkipped.inc();
      return;
    }
    if (unit.format !== this.#format) this.#tellFormat(unit.format);
    // Key units are usually the largest.
    if (unit.kind === 'key') this.frameBytes = unit.data.byteLength;
    if (!this.send(unit.data)) {
      this.#state = 'awaiting_key';
      this.#format = null;
      this.metrics.unitsSkipped.inc();
      return;
    }
    this.metrics.unitsSent.inc();
    this.metrics.videoBytes.inc(unit.data.byteLength);
  }

  unavailable(gap: VideoGap): void {
    this.reject('codec_mismatch', `the camera sends ${gap}, which is shown as JPEG alone: leave codec out`);
  }

  protected countedAs(): string {
    return 'video';
  }

  protected modeChanged(): void {
    if (this.pace.mode === 'paced') this.#state = 'awaiting_key';
  }

  protected answered(): void {
    // The next key unit asks the pace whether it has caught up.
  }

  protected left(): void {
    this.#channel?.sinks.delete(this);
  }

  #takes({ kind, isLeading }: VideoUnit): boolean {
    if (kind === 'key' && this.#state === 'awaiting_key') {
      // One that was behind has taken all that it was sent.
      if (this.pace.mode === 'paced' && !this.pace.ready) return false;
      this.pace.stream();
      this.#state = 'begun';
      return true;
    }
    if (this.#state === 'awaiting_key' || (this.#state === 'begun' && isLeading)) return false;
    this.#state = 'flowing';
    return true;
  }

  #tellFormat(format: PassedFormat): void {
    this.#format = format;
    if (this.options.events) this.send(videoEvent(this.options.camera, format));
  }
}
