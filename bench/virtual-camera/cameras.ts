import { openPortPair } from '../../src/rtsp/udp-ports.js';
import { Camera } from './camera.js';
import { ClipStore, type ClipSpec } from './clip.js';
import type { ConnectionHost } from './connection.js';
import { openControl, type Control } from './control.js';
import { RtspListener } from './rtsp-listener.js';
import { parseFault, type Fault } from './faults.js';
import { completeOptions, type CameraOptions } from './options.js';
import { framesAhead } from './phases.js';
import { OptionsError, type Size } from './parse.js';
import { Pacer } from './pacer.js';
import type { UdpPair } from './sink.js';
import { rtspUrl, type CameraStatus, type VirtualCameras } from './virtual-cameras.js';
import type { SentFrame } from './sent-log.js';

type Log = (line: string) => void;

/** The cameras of this process, on their ports. */
class CameraSet implements VirtualCameras {
  readonly options: CameraOptions;
  readonly #clips: ClipStore;
  readonly #cameras: Camera[] = [];
  readonly #listeners: RtspListener[] = [];
  readonly #pacer = new Pacer(this.#cameras);
  /** Ends the absence of a camera that is `gone`. */
  readonly #returns = new Map<Camera, NodeJS.Timeout>();
  readonly #faultTexts = new Map<Camera, string>();
  #udp: Promise<UdpPair> | undefined;
  #control: Control | undefined;

  constructor(options: CameraOptions, log: Log) {
    this.options = options;
    this.#clips = new ClipStore(log);
  }

  async start(): Promise<void> {
    const { options } = this;
    const clip = await this.#clips.get(this.#spec(options));
    const began = performance.now();
    const host = this.#connectionHost();
    for (let i = 0; i < options.count; i++) {
      const ahead = (framesAhead(i, options) * 1000) / options.fps;
      const camera = new Camera(`${options.name}${i + 1}`, clip, began - ahead);
      this.#cameras.push(camera);
      if (options.portsEach || i === 0) {
        const port = options.port === 0 ? 0 : options.port + i;
        const listener = new RtspListener(options.host, port, host, options.portsEach ? camera : undefined);
        this.#listeners.push(listener);
        await listener.open();
      }
    }
    this.#control = await openControl(options.host, options.controlPort, this);
    const { fault } = options;
    if (fault !== null) await Promise.all(this.#cameras.map((camera) => this.#setFault(camera, fault)));
  }

  get control(): string {
    return this.#control?.url ?? '';
  }

  get urls(): string[] {
    return this.#cameras.map((_, i) => this.url(i));
  }

  url(index: number): string {
    const camera = this.#cameras[index];
    if (camera === undefined) throw new RangeError(`there is no camera with index ${index}`);
    return rtspUrl(this.options, this.#listenerOf(camera).port, camera.name);
  }

  async fault(name: string, fault: string | null): Promise<void> {
    const cameras = name === '*' ? this.#cameras : [this.#find(name)];
    await Promise.all(cameras.map((camera) => this.#setFault(camera, fault)));
  }

  sent(name: string, from = 0): Promise<SentFrame[]> {
    return Promise.resolve(this.#find(name).sent.from(from));
  }

  list(): Promise<CameraStatus[]> {
    return Promise.resolve(this.#cameras.map((camera) => this.#status(camera)));
  }

  async stop(): Promise<void> {
    this.#pacer.stop();
    for (const timer of this.#returns.values()) clearTimeout(timer);
    await Promise.all([this.#control?.close(), ...this.#listeners.map((listener) => listener.close())]);
    const udp = await this.#udp;
    udp?.rtp.close();
    udp?.rtcp.close();
    this.#udp = undefined;
  }

  #connectionHost(): ConnectionHost {
    const { auth, user, password, host } = this.options;
    return {
      auth,
      credentials: { user, password },
      camera: (name) => this.#cameras.find((camera) => camera.name === name),
      udp: () => (this.#udp ??= openPortPair(host)),
      wake: () => this.#pacer.wake(),
    };
  }

  #spec(size: Size): ClipSpec {
    const { fps, gop, clipFrames, pattern, noise, matrix, bitrate, width, height } = this.options;
    const area = (size.width * size.height) / (width * height);
    const { width: w, height: h } = size;
    const scaled = Math.max(50_000, Math.round(bitrate * area));
    return {
      width: w,
      height: h,
      fps,
      gop,
      clipFrames,
      pattern,
      noise,
      matrix,
      bitrate: area === 1 ? bitrate : scaled,
    };
  }

  #find(name: string): Camera {
    const camera = this.#cameras.find((candidate) => candidate.name === name);
    if (camera === undefined) throw new OptionsError('there is no such camera');
    return camera;
  }

  #listenerOf(camera: Camera): RtspListener {
    const listener = this.#listeners[this.options.portsEach ? this.#cameras.indexOf(camera) : 0];
    if (listener === undefined) throw new Error('camera has no port yet');
    return listener;
  }

  async #setFault(camera: Camera, text: string | null): Promise<void> {
    const fault = text === null ? null : parseFault(text);
    // Encoded before anything changes: a fault is in force when this promise is fulfilled, and not by half before.
    const clip = await this.#clips.get(this.#spec(fault?.kind === 'resize' ? fault.size : this.options));
    clearTimeout(this.#returns.get(camera));
    this.#returns.delete(camera);
    camera.fault = fault;
    camera.switchClip(clip);
    if (text === null) this.#faultTexts.delete(camera);
    else this.#faultTexts.set(camera, text);
    if (fault?.kind === 'gone') this.#returnAfter(camera, fault.ms);
    await this.#setListener(this.#listenerOf(camera));
  }

  /** A port is closed while any of its cameras is away. */
  #setListener(listener: RtspListener): Promise<void> {
    const isAway = (fault: Fault | null): boolean => fault?.kind === 'refuse' || fault?.kind === 'gone';
    const away = this.#cameras.some(
      (camera) => this.#listenerOf(camera) === listener && isAway(camera.fault),
    );
    return away ? listener.close() : listener.open();
  }

  #returnAfter(camera: Camera, ms: number): void {
    const comeBack = (): void => {
      // The port may have been taken meanwhile: the camera then stays away until it is free.
      this.#setFault(camera, null).catch(() => this.#returnAfter(camera, 200));
    };
    this.#returns.set(camera, setTimeout(comeBack, ms));
  }

  #status(camera: Camera): CameraStatus {
    const { spec } = camera.clip;
    const listener = this.#listenerOf(camera);
    return {
      name: camera.name,
      url: rtspUrl({ ...this.options, auth: 'none' }, listener.port, camera.name),
      path: `/${camera.name}`,
      state: listener.isOpen ? 'listening' : 'away',
      fault: this.#faultTexts.get(camera) ?? null,
      clients: camera.clients,
      contacts: { ...camera.contacts },
      width: spec.width,
      height: spec.height,
      fps: spec.fps,
      gop: spec.gop,
      clipFrames: spec.clipFrames,
    };
  }
}

/**
 * Starts cameras in this process. For load tests use `spawnCameras`: it leaves this process's event loop alone.
 * @param log takes lines such as "encoding clip ...".
 * @throws OptionsError on bad options, Error if a port is taken or the clip cannot be encoded.
 */
export async function startCameras(
  options: Partial<CameraOptions> = {},
  log: Log = () => undefined,
): Promise<VirtualCameras> {
  const cameras = new CameraSet(completeOptions(options), log);
  try {
    await cameras.start();
  } catch (error) {
    await cameras.stop();
    throw error;
  }
  return cameras;
}
