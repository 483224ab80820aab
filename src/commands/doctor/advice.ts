import type { Transport } from '../../shared/worker-protocol.js';
import type { Picture } from './picture.js';
import type { Survey } from './survey.js';

export interface Findings {
  readonly transport: Transport;
  /** A main stream is only decoded for the tile in focus, so it may be large. */
  readonly role: 'only' | 'beside main' | 'main';
  readonly wanted: { readonly width: number; readonly height: number };
  readonly picture: Picture;
  readonly survey: Survey;
}

/** From this long on, a viewer that joins after a loss waits noticeably, and one lost packet spoils many seconds. */
const LONG_KEY_FRAME_SECONDS = 4;
/** A tile that starts slower than this looks broken. */
const SLOW_FIRST_FRAME_MS = 3000;
/** Share of a core that one camera of a wall may take: eight such cameras fill it. */
const HEAVY_SHARE = 0.12;

/** Cost of one camera in cores: 0.05 is twenty cameras on a core. */
export function coresFor({ picture, survey }: Pick<Findings, 'picture' | 'survey'>): number | null {
  const fps = picture.fps ?? survey.fps;
  return picture.decodeMs === null || fps === null
    ? null
    : ((picture.decodeMs + picture.encodeMs) * fps) / 1000;
}

/** What to change, most useful first; empty when all is well. Pure. */
export function advise(findings: Findings): string[] {
  const { transport, role, wanted, picture, survey } = findings;
  const advice: string[] = [];
  const { format } = survey;
  if (survey.lostPackets > 0 && transport === 'udp')
    advice.push(`UDP lost ${survey.lostPackets} packets: set transport to tcp`);
  else if (survey.lostPackets > 0)
    advice.push(
      `${survey.lostPackets} packets are missing although they came by TCP: the camera drops them; lower its bit rate`,
    );
  const small = role !== 'main';
  if (small && format !== null && format.width * format.height > 4 * wanted.width * wanted.height)
    advice.push(
      `${format.codec.toUpperCase()} ${format.width}x${format.height} is decoded to show ${wanted.width}x${wanted.height}: ` +
        (role === 'beside main'
          ? "give the camera's substream as url"
          : "give the camera's substream as url and this one as main_url"),
    );
  const cores = coresFor(findings);
  if (small && cores !== null && cores > HEAVY_SHARE && advice.length === 0)
    advice.push(`it takes ${percent(cores)} of a core: a smaller substream, H.264 or fewer fps cost less`);
  const { keyFrameSeconds, seconds } = survey;
  if (keyFrameSeconds !== null && keyFrameSeconds >= LONG_KEY_FRAME_SECONDS)
    advice.push(
      `key frame every ${keyFrameSeconds.toFixed(1)} s: set 1-2 s in the camera (I-frame interval, GOP; no "smart" codec)`,
    );
  else if (keyFrameSeconds === null && seconds >= LONG_KEY_FRAME_SECONDS)
    advice.push(
      `no two key frames in ${seconds.toFixed(0)} s: set 1-2 s in the camera (I-frame interval, GOP; no "smart" codec)`,
    );
  if (small && picture.firstFrameMs > SLOW_FIRST_FRAME_MS && advice.length === 0)
    advice.push('the first frame took long: always_on: true has it ready for whoever comes');
  return advice;
}

export const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
