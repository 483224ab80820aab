import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startService } from '../../bench/lib/service.js';
import type { ServerProcess } from '../../bench/lib/server-process.js';
import { type CameraOptions, spawnCameras, type SpawnedCameras } from '../../bench/virtual-camera/index.js';

/** The service in a process of its own, with virtual cameras that its configuration names `cam1`, `cam2` ... */
export interface ConfiguredService {
  readonly service: ServerProcess;
  readonly cameras: SpawnedCameras;
  stop(): Promise<void>;
}

/** @param mainUrls main streams, of the first cameras */
export async function openConfiguredService(
  cameraOptions: Partial<CameraOptions>,
  env: Readonly<Record<string, string>> = {},
  mainUrls: readonly string[] = [],
): Promise<ConfiguredService> {
  const cameras = await spawnCameras({ portsEach: true, ...cameraOptions });
  const folder = mkdtempSync(join(tmpdir(), 'configured-service-'));
  const end = async (): Promise<void> => {
    await cameras.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const configFile = join(folder, 'cameras.yaml');
    const entries = cameras.urls.map((url, i) => ({
      name: `cam${i + 1}`,
      title: `Camera ${i + 1}`,
      url,
      main_url: mainUrls[i],
    }));
    // JSON is YAML too.
    writeFileSync(configFile, JSON.stringify({ cameras: entries }));
    const service = await startService({ env: { CONFIG_FILE: configFile, ...env } });
    return {
      service,
      cameras,
      stop: async () => {
        await service.stop();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Value of one series of `/metrics`, as it is spelled there; 0 when there is none. */
export async function metric({ url }: ServerProcess, series: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? 0);
}

/** Sends a GET over a socket of our own, to read its answer as slowly as a test likes. */
export function rawGet(service: ServerProcess, path: string): Socket {
  const socket = connect(service.port, '127.0.0.1');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${service.port}\r\n\r\n`);
  return socket;
}

/** JPEG markers before the picture data: FFE0 is JFIF, FFE1 EXIF. */
export function headerMarkers(jpeg: Uint8Array): number[] {
  const markers: number[] = [];
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  for (let at = 2; at + 4 <= jpeg.byteLength; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at);
    markers.push(marker);
    if (marker === START_OF_SCAN) break;
  }
  return markers;
}

const START_OF_SCAN = 0xffda;
