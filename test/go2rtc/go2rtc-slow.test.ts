import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openGo2rtcPlayer } from './player.js';
import {
  headerMarkers,
  metric,
  openConfiguredService,
  type ConfiguredService,
} from '../support/configured-service.js';
import { untilSeen } from '../support/until.js';

/** go2rtc's WebSocket, as its own player speaks it. */

const options = { timeout: 30_000 };
const TOKEN = 'a-token-of-this-test';
const EXIF = 0xffe1;

describe('/api/ws', { timeout: 60_000 }, () => {
  let configured: ConfiguredService;
  before(async () => {
    configured = await openConfiguredService({ count: 2 }, { LINGER_MS: '300', OPEN_TIMEOUT_MS: '8000' });
    await configured.cameras.fault('cam2', 'refuse');
  }, options);
  after(() => configured.stop(), options);
  const viewers = async (): Promise<number> =>
    (await metric(configured.service, 'rtsp_ws_viewers{mode="paced"}')) +
    (await metric(configured.service, 'rtsp_ws_viewers{mode="streaming"}'));

  test('a player that asks for mjpeg is told so, and then gets JPEGs alone', options, async () => {
    const player = await openGo2rtcPlayer(configured.service, 'src=cam1&cachebuster=1');
    player.send('mjpeg');
    player.send('mjpeg');
    await player.when(() => player.pictures.length >= 20);
    assert.deepEqual(player.texts, [{ type: 'mjpeg' }]);
    assert.equal(player.kinds[0], 'text');
    for (const jpeg of player.pictures) {
      assert.equal(jpeg.readUInt16BE(0), 0xffd8);
      assert.equal(jpeg.readUInt16BE(jpeg.length - 2), 0xffd9);
      assert.ok(!headerMarkers(jpeg).includes(EXIF));
    }
    const streams = await (await fetch(`${configured.service.url}/api/streams?src=cam1`)).json();
    assert.deepEqual(streams, {
      producers: [{ format_name: 'rtsp', medias: ['video, recvonly, JPEG'], state: 'live' }],
      consumers: [{ format_name: 'mjpeg' }],
    });
    player.close();
    assert.equal((await player.closed).code, 1005);
    await untilSeen(viewers, (count) => count === 0);
  });

  test('a player that wants MSE and WebRTC first comes to mjpeg by their refusal', options, async () => {
    const player = await openGo2rtcPlayer(configured.service, 'src=cam1');
    player.send('mse', 'avc1.640029,avc1.64002A');
    player.send('webrtc/offer', 'v=0\r\n'.padEnd(8000, 'a=x\r\n'));
    for (let i = 0; i < 25; i++) player.send('webrtc/candidate', 'candidate:1 1 udp 1 192.0.2.1 1 typ host');
    await player.when(() => player.texts.length >= 2);
    assert.deepEqual(
      player.texts.map(({ type, value }) => [type, String(value).split(': ')[0]]),
      [
        ['error', 'mse'],
        ['error', 'webrtc/offer'],
      ],
    );
    player.send('mjpeg');
    await player.when(() => player.pictures.length >= 3);
    assert.deepEqual(player.texts.slice(2), [{ type: 'mjpeg' }]);
    player.close();
  });

  test(
    'what is no message of the protocol is ignored, and nothing runs before the handshake',
    options,
    async () => {
      const player = await openGo2rtcPlayer(configured.service, 'src=cam1');
      for (const junk of ['', '{', '[]', 'null', '{"type":1}', Buffer.from([1, 2, 3])]) player.sendRaw(junk);
      player.send('hls');
      await player.when(() => player.texts.length > 0);
      assert.equal(player.texts.length, 1);
      assert.equal(await viewers(), 0);
      player.close();
    },
  );

  test(
    'a camera that is not there, or cannot be opened, is an error and then a close code',
    options,
    async () => {
      for (const [query, code, text] of [
        ['src=nobody', 4404, /^mjpeg: .*nobody/],
        ['src=cam2', 4502, /^mjpeg: cam2: connection refused/],
      ] as const) {
        const player = await openGo2rtcPlayer(configured.service, query);
        player.send('mjpeg');
        assert.equal((await player.closed).code, code);
        assert.equal(player.texts.at(-1)?.type, 'error');
        assert.match(String(player.texts.at(-1)?.value), text);
        assert.equal(player.pictures.length, 0);
      }
      await untilSeen(viewers, (count) => count === 0);
    },
  );

  test('a request without a usable src is closed with 4400', options, async () => {
    for (const query of ['', 'src=', 'src=a%2Fb', 'src=cam1&src=cam2']) {
      const player = await openGo2rtcPlayer(configured.service, query);
      assert.equal((await player.closed).code, 4400, query);
    }
  });

  test('a flood of messages is closed with 4429', options, async () => {
    const player = await openGo2rtcPlayer(configured.service, 'src=cam1');
    for (let i = 0; i < 300; i++) player.send('webrtc/candidate', '');
    assert.equal((await player.closed).code, 4429);
  });
});

describe('go2rtc paths with tokens', { timeout: 30_000 }, () => {
  let configured: ConfiguredService;
  before(async () => {
    configured = await openConfiguredService({ count: 1 }, { AUTH_TOKENS: TOKEN });
  }, options);
  after(() => configured.stop(), options);

  test('every path asks for the token, but for the two probes', options, async () => {
    const { url } = configured.service;
    for (const path of [
      '/api/streams',
      '/api/frame.jpeg?src=cam1',
      '/api/stream.mjpeg?src=cam1',
      '/metrics',
    ]) {
      const response = await fetch(`${url}${path}`);
      assert.equal(response.status, 401, path);
      assert.equal(response.headers.get('www-authenticate'), 'Bearer');
    }
    for (const path of ['/healthz', '/readyz'])
      assert.equal((await fetch(`${url}${path}`)).status, 200, path);
    assert.equal((await fetch(`${url}/api/frame.jpeg?src=cam1&token=${TOKEN}`)).status, 200);
    const stranger = await openGo2rtcPlayer(configured.service, 'src=cam1');
    assert.equal((await stranger.closed).code, 4401);
    const player = await openGo2rtcPlayer(configured.service, `src=cam1&token=${TOKEN}`);
    player.send('mjpeg');
    await player.when(() => player.pictures.length > 0);
    player.close();
  });

  test('a page of another origin is refused with its token too', options, async () => {
    const headers = { Origin: 'https://elsewhere.example' };
    const response = await fetch(`${configured.service.url}/api/frame.jpeg?src=cam1&token=${TOKEN}`, {
      headers,
    });
    assert.equal(response.status, 403);
    const player = await openGo2rtcPlayer(configured.service, `src=cam1&token=${TOKEN}`, headers);
    assert.equal((await player.closed).code, 4403);
  });
});
