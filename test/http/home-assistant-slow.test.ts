import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { after, before, test } from 'node:test';
import { type ConfiguredService, openConfiguredService } from '../support/configured-service.js';
import { untilSeen } from '../support/until.js';

/** As Home Assistant's "MJPEG IP Camera" asks: connections that are kept, and Basic credentials if a person gave it some. */

const timeout = 30_000;
const TOKEN = 'a-token-of-home-assistant';
const BASIC = `Basic ${Buffer.from('viewer:secret').toString('base64')}`;
const STREAM = '/stream.mjpeg?camera_index=cam1';
const STILL = '/snapshot?camera_index=cam1';

let configured: ConfiguredService;
before(
  async () => {
    configured = await openConfiguredService({ count: 1 }, { LINGER_MS: '300', AUTH_TOKENS: TOKEN });
  },
  { timeout },
);
after(() => configured.stop(), { timeout });

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
after(() => {
  agent.destroy();
});

async function get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<IncomingMessage> {
  const { port } = configured.service;
  const asked = request({
    ...{ host: '127.0.0.1', port, path },
    // The stream has a connection of its own, or nothing else would get one.
    agent: path.startsWith(STILL) ? agent : false,
    headers: { Accept: '*/*', 'Accept-Encoding': 'gzip, deflate', Connection: 'keep-alive', ...headers },
  }).end();
  asked.on('error', () => undefined);
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return answer;
}

async function bytesOf(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test('its check of the address passes, with a token in it, and leaves no viewer', { timeout }, async () => {
  for (const headers of [{}, { Authorization: BASIC }]) {
    assert.equal(
      (await get(STREAM, headers)).statusCode,
      401,
      'without a token it asks for other credentials',
    );
    const answer = await get(`${STREAM}&token=${TOKEN}`, headers);
    assert.equal(answer.statusCode, 200);
    answer.destroy();
  }
  const viewers = async (): Promise<string> =>
    /^rtsp_ws_viewers\{mode="mjpeg"\} (\d+)$/m.exec(
      (await bytesOf(await get(`/metrics?token=${TOKEN}`))).toString(),
    )?.[1] ?? 'unknown';
  await untilSeen(viewers, (count) => count === '0');
});

test('still images come one after another over one connection', { timeout }, async () => {
  const ports = new Set<number | undefined>();
  for (let i = 0; i < 3; i++) {
    const answer = await get(`${STILL}&token=${TOKEN}`, { Authorization: BASIC });
    ports.add(answer.socket.localPort);
    assert.deepEqual([answer.statusCode, answer.headers['content-type']], [200, 'image/jpeg']);
    const jpeg = await bytesOf(answer);
    assert.deepEqual([...jpeg.subarray(0, 2), ...jpeg.subarray(-2)], [0xff, 0xd8, 0xff, 0xd9]);
  }
  assert.equal(ports.size, 1);
});

test('the first picture is cut out of the stream by its marks', { timeout }, async () => {
  const answer = await get(`${STREAM}&token=${TOKEN}`);
  assert.match(String(answer.headers['content-type']), /^multipart\/x-mixed-replace; ?boundary=/);
  let data = Buffer.alloc(0);
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    data = Buffer.concat([data, chunk]);
    if (data.includes(Buffer.from([0xff, 0xd9]))) break;
  }
  const [from, to] = [data.indexOf(Buffer.from([0xff, 0xd8])), data.indexOf(Buffer.from([0xff, 0xd9]))];
  const length = Number(/Content-Length: (\d+)/.exec(data.toString('latin1'))?.[1]);
  // A thumbnail inside the picture would end it too early.
  assert.equal(to + 2 - from, length);
});
