import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { headerOf, type RtspRequest } from '../../src/rtsp/messages/message-syntax.js';
import { ScriptedCamera, type Script } from './support/scripted-camera.js';
import { watch } from './support/watch.js';

/** What keeps a session alive, watched in real time: keep-alives and receiver reports. */

const timeout = 30_000;
const LOGIN = { username: 'viewer', password: 'p+a%2B@ü' };

const cseq = (request: RtspRequest): number => Number(headerOf(request, 'cseq'));

const PUBLIC = 'OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN';
const keepAlives = (camera: ScriptedCamera): string[] =>
  camera
    .methods()
    .slice(camera.methods().indexOf('PLAY') + 1)
    .filter((method) => method !== 'TEARDOWN');

describe('what keeps a session alive', { concurrency: 6, timeout: 60_000 }, () => {
  for (const [what, script, expected] of [
    ['by GET_PARAMETER where it is offered', {}, /^(GET_PARAMETER,?)+$/],
    [
      'by OPTIONS where it is not',
      { OPTIONS: () => ({ status: 200, headers: { Public: PUBLIC } }) },
      /^(OPTIONS,?)+$/,
    ],
    ['by OPTIONS where nothing is offered', { OPTIONS: () => ({ status: 200 }) }, /^(OPTIONS,?)+$/],
    [
      'by OPTIONS from a refusal of GET_PARAMETER on, whatever its CSeq',
      {
        GET_PARAMETER: (request) => `RTSP/1.0 400 Bad Request\r\nCSeq: ${cseq(request) - 1}\r\n\r\n`,
      },
      /^GET_PARAMETER(,OPTIONS)+$/,
    ],
    [
      'also when the camera never answers that',
      { GET_PARAMETER: () => null },
      /^GET_PARAMETER(,GET_PARAMETER)+$/,
    ],
  ] as const satisfies readonly (readonly [string, Script, RegExp])[]) {
    test(`the session is kept alive ${what}`, { timeout }, async (t) => {
      const camera = await ScriptedCamera.start(t, { script, session: '1;timeout=1' });
      const { units, session } = watch(t, camera);
      await sleep(3000);
      assert.equal(await Promise.race([session.ended, Promise.resolve('plays')]), 'plays');
      assert.ok(units.length > 40, `${units.length} units`);
      assert.match(keepAlives(camera).join(','), expected);
      assert.ok(keepAlives(camera).length >= 4);
    });
  }

  test(
    'a session that the camera no longer knows ends, one that it forgot for one method does not',
    { timeout },
    async (t) => {
      const unknown = { status: 454 };
      for (const [script, code] of [
        [{ GET_PARAMETER: () => unknown }, 'plays'],
        [
          { GET_PARAMETER: () => unknown, OPTIONS: (request) => (cseq(request) > 1 ? unknown : undefined) },
          'disconnected',
        ],
      ] as const satisfies readonly (readonly [Script, string])[]) {
        const camera = await ScriptedCamera.start(t, { script, session: '1;timeout=1' });
        const { session } = watch(t, camera);
        const end = await Promise.race([session.ended.then((ended) => ended.code), sleep(2500, 'plays')]);
        assert.equal(end, code);
      }
    },
  );

  test(
    'the session goes on while a keep-alive is refused for its nonce and answered',
    { timeout },
    async (t) => {
      const camera = await ScriptedCamera.start(t, {
        login: LOGIN,
        session: '1234;timeout=1',
        challenges: (round) => [`Digest realm="cam", nonce="n${round}", qop="auth"`],
        expires: ({ method }, { requests }) => method === 'GET_PARAMETER' && requests.length % 2 === 0,
      });
      const { reach, session, units } = watch(t, camera, { credentials: LOGIN });
      await reach(1);
      await sleep(3000);
      assert.ok(units.length > 40, `${units.length} units`);
      assert.equal(await Promise.race([session.ended, Promise.resolve('plays')]), 'plays');
      assert.ok(camera.methods().filter((method) => method === 'GET_PARAMETER').length >= 5);
    },
  );

  for (const transport of ['tcp', 'udp'] as const) {
    test(`receiver reports go back over ${transport}`, { timeout }, async (t) => {
      const camera = await ScriptedCamera.start(t);
      const { session, reach } = watch(t, camera, { transport });
      await reach(1);
      await sleep(6000);
      const reports = camera.packets.filter(({ channel, packet }) => channel === 1 && packet.length > 8);
      assert.ok(reports.length >= 1, `${reports.length} reports`);
      assert.equal(reports[0]?.packet[1], 201);
      assert.ok((session.statistics?.packets ?? 0) > 100);
    });
  }
});
