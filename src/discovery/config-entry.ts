import { stringify } from 'yaml';
import type { RtspUrl } from '../source/rtsp-url.js';
import type { DeviceStreams } from './ask-device.js';

/** One camera of CONFIG_FILE, as its keys are called there. */
export interface ConfigEntry {
  readonly name: string;
  readonly title: string;
  readonly url: string;
  readonly main_url?: string;
}

/**
 * What CONFIG_FILE needs to show a device.
 * @param userinfo user and password as the file writes them: with the name of a variable for the password
 */
export function configEntry(address: string, streams: DeviceStreams, userinfo: string): ConfigEntry {
  const { model, url, mainUrl } = streams;
  const written = (stream: RtspUrl): string => {
    // It has no credentials of its own: they would have been refused.
    const plain = stream.toString();
    return plain.replace('://', () => `://${userinfo}@`);
  };
  return {
    name: `camera-${address.replaceAll('.', '-')}`,
    title: model === '' ? address : `${model} (${address})`,
    url: written(url),
    ...(mainUrl ? { main_url: written(mainUrl) } : {}),
  };
}

/** Entries as YAML; the values of devices are quoted as they need. */
export const entriesText = (cameras: readonly ConfigEntry[]): string =>
  stringify({ cameras }, { lineWidth: 0 });
