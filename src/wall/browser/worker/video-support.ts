import { VIDEO_FORMS, type VideoForm } from '../../protocol.js';

/** What this browser decodes. */
export interface VideoSupport {
  /** Preferred first. */
  readonly forms: readonly VideoForm[];
  /** Whether it has a decoder in hardware for the first of them. */
  readonly hardware: boolean;
  /** Why there are none; null if there are. */
  readonly why: 'insecure' | 'no_webcodecs' | 'unsupported' | null;
}

/** What cameras usually send: H.264 Main and H.265 Main, level 3.1. */
const TYPICAL: Readonly<Record<VideoForm, string>> = { h264: 'avc1.4d401f', h265: 'hev1.1.6.L93.B0' };

/** A browser that does not answer must not keep the wall from starting, ms. */
const ANSWER_MS = 1_000;

export async function probeVideo(): Promise<VideoSupport> {
  const none = { forms: [], hardware: false };
  // WebCodecs are there on https and on localhost only.
  if (typeof VideoDecoder === 'undefined')
    return { ...none, why: globalThis.isSecureContext ? 'no_webcodecs' : 'insecure' };
  const answers = Promise.all(VIDEO_FORMS.map((form) => isSupported(form, 'no-preference')));
  const supported = await Promise.race([answers, late()]);
  const forms = VIDEO_FORMS.filter((_, at) => supported[at]);
  const [first] = forms;
  if (!first) return { ...none, why: 'unsupported' };
  const [hardware = false] = await Promise.race([
    Promise.all([isSupported(first, 'prefer-hardware')]),
    late(),
  ]);
  return { forms, hardware, why: null };
}

/** Whether the browser draws with graphics hardware; one without emulates WebGL, slowly, or has none. */
export function hasGraphics(): boolean {
  try {
    const context = new OffscreenCanvas(1, 1).getContext('webgl', { failIfMajorPerformanceCaveat: true });
    // Browsers allow some sixteen contexts for a page.
    context?.getExtension('WEBGL_lose_context')?.loseContext();
    return context !== null;
  } catch {
    return false;
  }
}

async function isSupported(form: VideoForm, hardwareAcceleration: HardwareAcceleration): Promise<boolean> {
  const config = { codec: TYPICAL[form], codedWidth: 1280, codedHeight: 720, optimizeForLatency: true };
  try {
    const { supported } = await VideoDecoder.isConfigSupported({ ...config, hardwareAcceleration });
    return supported === true;
  } catch {
    return false;
  }
}

const late = (): Promise<boolean[]> => new Promise((resolve) => setTimeout(() => resolve([]), ANSWER_MS));
