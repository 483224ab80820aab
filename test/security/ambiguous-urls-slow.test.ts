import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import type { ServerProcess } from '../../bench/lib/server-process.js';
import { startService } from '../../bench/lib/service.js';
import { RefusedError } from '../../src/shared/errors.js';
import { parseRtspUrl, type RtspUrl } from '../../src/source/rtsp-url.js';
import { type Decoy, HOST, openDecoy, refusal, wsPath } from './target.js';

/**
 * URLs that two parsers may read as naming two hosts. One host is allowed and one denied: whatever the URL, the denied one never
 * sees a connection, and what our parser lets pass is read alike by WHATWG's parser.
 */

const timeout = 120_000;
const DENIED_HOST = '127.0.0.2';

/** What parsers have been seen to take for the end of a host, a user or a path, and the same in other spellings. */
const MARKS = [
  ...Array.from('#?/\\;@|^[]<>"\',&=!*($~`{}:%+. \t\n\r\0'),
  '%23',
  '%40',
  '%2f',
  '%5c',
  '%00',
  '%0a',
  '%25',
  '\u3002', // ideographic full stop, a dot to IDNA
  '\uff0f', // full-width / # @ :
  '\uff03',
  '\uff20',
  '\uff1a',
  '\u00ad',
  '\u200b',
  'ß',
];

let ok: Decoy;
let denied: Decoy;
let service: ServerProcess;
let urls: string[];

before(
  async () => {
    const notFound = (request: string): string =>
      `RTSP/1.0 404 Not Found\r\nCSeq: ${/CSeq: (\d+)/i.exec(request)?.[1] ?? ''}\r\n\r\n`;
    ok = await openDecoy(notFound);
    denied = await openDecoy(notFound, DENIED_HOST);
    service = await startService({
      env: { RTSP_DENY: DENIED_HOST, MAX_CAMERAS: '1000', MAX_CONNECTING: '8', LINGER_MS: '0' },
    });
    urls = [...new Set(MARKS.flatMap((mark) => variants(mark)))];
  },
  { timeout },
);
after(async () => {
  await service.stop();
  await Promise.all([ok.close(), denied.close()]);
});

function variants(mark: string): string[] {
  const good = `${HOST}:${ok.port}`;
  const bad = `${DENIED_HOST}:${denied.port}`;
  return [
    `rtsp://${good}${mark}@${bad}/x`,
    `rtsp://${good}${mark}x@${bad}/x`,
    `rtsp://${good}/${mark}@${bad}/x`,
    `rtsp://u:p@${good}${mark}@${bad}/x`,
    `rtsp://u${mark}p@${good}@${bad}/x`,
    `rtsp://u:p${mark}w@${good}/x`,
    `rtsp://${HOST}${mark}${DENIED_HOST}:${denied.port}/x`,
    `rtsp://${good}${mark}${bad}/x`,
    `rtsp://${good}${mark}/x`,
    `rtsp://${mark}${good}/x`,
    `rtsp:${mark}//${bad}/x`,
    `rtsp:/${mark}/${bad}/x`,
    `rtsp://${good}/x${mark}y@${bad}`,
    `${mark}rtsp://${good}/x`,
    `rtsp://${good}${mark}`,
  ];
}

function accepted(text: string): RtspUrl | null {
  try {
    return parseRtspUrl(text);
  } catch (error) {
    assert.ok(error instanceof RefusedError, text);
    return null;
  }
}

const seen = (): string => `${DENIED_HOST} was asked: ${JSON.stringify(denied.contacts)}`;

test('the trap works: the denied host hears whoever comes', { timeout }, async () => {
  const socket = connect({ host: DENIED_HOST, port: denied.port });
  socket.write('OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n');
  await once(socket, 'data');
  socket.destroy();
  assert.ok(denied.contacts.length > 0);
  denied.contacts.length = 0;
});

test('what our parser lets pass is the same host and port to a WHATWG parser', { timeout }, () => {
  let passed = 0;
  for (const text of urls) {
    const ours = accepted(text);
    if (!ours) continue;
    passed++;
    const theirs = new URL(text);
    assert.equal(theirs.hostname, ours.host, text);
    assert.equal(Number(theirs.port || 554), ours.port, text);
    assert.equal(theirs.hash, '', text);
  }
  assert.ok(passed > 10 && passed < urls.length / 2, `${passed} of ${urls.length} pass`);
});

const WAYS = ['/ws', '/snapshot', '/wall'] as const;

test(
  'no variant makes the service reach the denied host, by /ws, /snapshot or /wall',
  { timeout },
  async () => {
    const wall = await openWall();
    // What is dialled comes in one way, each in its turn; what is refused unseen in all three.
    const attempts = urls.flatMap((rtsp, i) =>
      WAYS.filter((_, way) => !accepted(rtsp) || way === i % WAYS.length).map((way) => ({ rtsp, way })),
    );
    const ask = {
      '/ws': async (camera: string, rtsp: string): Promise<number> =>
        (await refusal(service.port, wsPath({ camera_index: camera, rtsp }))).code,
      '/snapshot': async (camera: string, rtsp: string): Promise<number> => {
        const query = wsPath({ camera_index: camera, rtsp }).slice(3);
        return 4000 + (await fetch(`${service.url}/snapshot${query}`)).status;
      },
      '/wall': (camera: string, rtsp: string): Promise<number> => wall.refusal(camera, rtsp),
    };
    await inParallel(attempts, 8, async ({ rtsp, way }, i) => {
      const code = await ask[way](`cam-${i}`, rtsp);
      assert.ok([4400, 4403, 4404, 4502].includes(code), `${way} ${rtsp}: ${code}`);
      assert.equal(denied.contacts.length, 0, `${rtsp}: ${seen()}`);
    });
    wall.close();
    assert.ok(ok.contacts.length > 0, 'nothing was dialled at all');
    assert.equal(denied.contacts.length, 0, seen());
  },
);

async function inParallel<T>(
  items: readonly T[],
  lanes: number,
  each: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const queue = [...items.entries()];
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) await each(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** A wall socket that subscribes cameras and hears why not. */
async function openWall() {
  const socket = new WebSocket(`ws://${HOST}:${service.port}/wall`);
  let handles = 0;
  const waiting = new Map<number, (code: number) => void>();
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (isBinary) return;
    const message = JSON.parse(data.toString()) as { type: string; handle: number; code: number };
    if (message.type === 'refused') waiting.get(message.handle)?.(message.code);
  });
  socket.on('close', (code) => {
    for (const settle of waiting.values()) settle(code);
  });
  await new Promise((resolve) => socket.once('open', resolve));
  return {
    refusal: (camera: string, rtsp: string): Promise<number> => {
      const handle = ++handles;
      const refused = new Promise<number>((resolve) => waiting.set(handle, resolve));
      socket.send(JSON.stringify({ type: 'subscribe', handle, camera, rtsp }));
      return refused.finally(() => waiting.delete(handle));
    },
    close: () => socket.close(),
  };
}
