import type { JpegReason } from '../../protocol.js';
import type { NoVideo } from './video-choice.js';

/** Why a tile shows JPEG although its page may show video: reasons of the service, and of the page itself. */
type JpegReasonTexts = Readonly<Record<Exclude<JpegReason, 'not_asked'> | NoVideo, string>>;

const EN: JpegReasonTexts = {
  user: 'JPEG was chosen',
  insecure: 'video needs https',
  no_webcodecs: 'the browser cannot decode video',
  unsupported: 'the browser cannot decode this video',
  decoder: 'the browser’s decoder failed; video is tried again',
  capacity: 'this device cannot decode so much video',
  camera_codec: 'the camera sends another codec',
  no_key_frame: 'the camera sends too few key frames',
  slow_line: 'the network is too slow for video',
  slow_tile: 'video came too late; it is tried again',
};

const ES: JpegReasonTexts = {
  user: 'se eligió JPEG',
  insecure: 'el vídeo necesita https',
  no_webcodecs: 'el navegador no descodifica vídeo',
  unsupported: 'el navegador no descodifica este vídeo',
  decoder: 'falló el descodificador del navegador; se probará de nuevo',
  capacity: 'este equipo no puede descodificar tanto vídeo',
  camera_codec: 'la cámara envía otro códec',
  no_key_frame: 'la cámara envía pocos fotogramas clave',
  slow_line: 'la red es demasiado lenta para vídeo',
  slow_tile: 'el vídeo llegó tarde; se probará de nuevo',
};

/** Why a tile shows JPEG and not video, in the language of a BCP 47 tag; empty when there is nothing to say. */
export function jpegReasonText(reason: string | null, lang: string): string {
  const known: Readonly<Record<string, string>> = /^es\b/i.test(lang) ? ES : EN;
  return reason !== null && Object.hasOwn(known, reason) ? (known[reason] ?? '') : '';
}
