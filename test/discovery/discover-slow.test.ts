import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { runDiscover } from '../../src/commands/discover.js';
import { loadConfig } from '../../src/config/settings.js';
import { ConfigError } from '../../src/shared/errors.js';
import { freePort } from '../support/free-port.js';
import { tempFolder } from '../support/temp-folder.js';
import { type DeviceOptions, probeMatch, startDevice } from './onvif-device.js';

const options = { timeout: 40_000 };
const PASSWORD = 'p@ss:1';
const CREDENTIALS = '127.0.0.11 viewer:${GATE_PASSWORD}, 127.0.0.12=viewer:${GATE_PASSWORD}';
const ENV = { GATE_PASSWORD: PASSWORD, DISCOVER_CREDENTIALS: CREDENTIALS };

interface Found {
  readonly text: string;
  readonly notes: string;
  readonly cameras: readonly { name: string; title: string; url: string; main_url?: string }[];
}

async function discover(
  port: number,
  env: Readonly<Record<string, string>> = ENV,
  given: { readonly timeoutMs?: number; readonly credentialsFile?: string } = {},
): Promise<Found> {
  let text = '';
  const wanted = { interfaces: ['lo'], timeoutMs: 3000, credentialsFile: '', ...given };
  assert.equal(await runDiscover(wanted, loadConfig({}), env, (part) => (text += part), port), true);
  assert.doesNotMatch(text, /p@ss|p%40ss/, 'no password is printed');
  const { cameras } = parse(text) as Pick<Found, 'cameras'>;
  const notes = text
    .split('\n')
    .filter((line) => line.startsWith('#'))
    .join('\n');
  return { text, notes, cameras };
}

const ports = (): Promise<number> => freePort();

/** Each has a port of its own; they wait for answers most of the time. */
describe('--discover', { concurrency: 6 }, () => {
  test('a device is found, asked with its login, and printed as --check takes it', options, async (t) => {
    const port = await ports();
    const device = await startDevice(t, { port, address: '127.0.0.11' });
    const { text, notes, cameras } = await discover(port);
    assert.match(notes, /^# Scanned lo \(IPv4, from 127\.0\.0\.1\) for 3 s: 1 ONVIF devices$/m);
    assert.deepEqual(cameras, [
      {
        name: 'camera-127-0-0-11',
        title: 'Acme: "Co" #1 X 1 (127.0.0.11)',
        url: 'rtsp://viewer:${GATE_PASSWORD}@127.0.0.11:8554/sub',
        main_url: 'rtsp://viewer:${GATE_PASSWORD}@127.0.0.11:8554/main?a=1&b=2',
      },
    ]);
    assert.ok(
      device.received.every((request) => !request.includes(PASSWORD)),
      'the password itself is not sent',
    );
    assert.doesNotMatch(device.received[0] ?? '', /Username/, 'its clock is asked without credentials');
    const file = join(tempFolder(t), 'cams.yaml');
    writeFileSync(file, text);
    const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));
    const env = { PATH: process.env['PATH'] ?? '', CONFIG_FILE: file, GATE_PASSWORD: PASSWORD };
    const checked = spawnSync(process.execPath, [main, '--check'], { env, encoding: 'utf8' });
    assert.equal(checked.status, 0, checked.stderr);
    assert.match(checked.stdout, /1 camera\n {2}camera-127-0-0-11: rtsp:\/\/\*\*\*@127\.0\.0\.11:8554\/sub/);
  });

  for (const [what, device] of [
    ['whose clock is a year behind', { clockMs: -365 * 86_400_000 }],
    ['that wants HTTP Digest', { auth: 'digest' }],
    ['that is a Device alone and drops what it takes for repetitions', { type: 'Device' }],
    ['that is a NetworkVideoTransmitter alone and drops them', { type: 'NetworkVideoTransmitter' }],
    [
      'that answers without a list of matches',
      { flood: (send, match) => send(match.replace(/<\/?d:ProbeMatches>/g, '')) },
    ],
  ] as const satisfies readonly (readonly [string, Partial<DeviceOptions>])[])
    test(`a device ${what} is asked as it wants`, options, async (t) => {
      const port = await ports();
      const { received } = await startDevice(t, { port, address: '127.0.0.11', ...device });
      const { notes, cameras } = await discover(port);
      assert.equal(cameras.length, 1, notes);
      assert.ok(received.every((request) => !request.includes(PASSWORD)));
    });

  test('a device without a login of its own is named, and not asked', options, async (t) => {
    const port = await ports();
    const known = await startDevice(t, { port, address: '127.0.0.12' });
    const stranger = await startDevice(t, { port, address: '127.0.0.13' });
    const { notes, cameras } = await discover(port);
    assert.equal(cameras.length, 1);
    assert.match(
      notes,
      /^# 127\.0\.0\.13 \(Front door X1\): not asked: DISCOVER_CREDENTIALS or --credentials has no login/m,
    );
    assert.ok(known.asked.includes('GetProfiles+'));
    assert.deepEqual(stranger.asked, []);
  });

  test(
    'one stream is one address, and Motion JPEG is taken where there is nothing else',
    options,
    async (t) => {
      const port = await ports();
      await startDevice(t, { port, address: '127.0.0.11', profiles: [['JPEG', 640, 480, '/jpeg']] });
      await startDevice(t, {
        ...{ port, address: '127.0.0.12' },
        profiles: [
          ['H264', 320, 180, '/tiny'],
          ['H265', 1280, 720, '/only'],
        ],
      });
      const { cameras } = await discover(port);
      assert.deepEqual(cameras.map(({ url, main_url: main }) => [new URL(url).pathname, main]).sort(), [
        ['/jpeg', undefined],
        ['/only', undefined],
      ]);
    },
  );

  /** What is said of a device that is not well; no camera is printed for it. */
  async function noteOf(t: TestContext, device: Partial<DeviceOptions>): Promise<string> {
    const port = await ports();
    await startDevice(t, { port, address: '127.0.0.11', ...device });
    const { notes, cameras } = await discover(port);
    assert.deepEqual(cameras, []);
    return notes;
  }

  const ENTITIES = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join(
    '',
  );
  const BOMB = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "boom">${ENTITIES}]><x>&l9;</x>`;

  for (const [what, device, expected] of [
    ['another password', { password: 'another' }, /refuses user or password/],
    [
      'another password, without a challenge',
      { password: 'another', refusal: 401 },
      /: it refuses user or password$/m,
    ],
    ['Basic authentication alone', { auth: 'basic' }, /wants the password unencrypted/],
    [
      'a media service elsewhere',
      { mediaHost: '127.0.0.99' },
      /media service is on another host, 127\.0\.0\.99: not asked/,
    ],
    ['streams elsewhere', { streamHost: '127.0.0.99' }, /stream is on another host, 127\.0\.0\.99: left out/],
    [
      'a service elsewhere',
      { serviceHost: '127.0.0.99' },
      /not asked: it names 127\.0\.0\.99 instead of itself/,
    ],
    ['a variable in its path', { profiles: [['H264', 640, 360, '/${HOME}']] }, /holds \$\{: left out/],
    ['a path that is none', { profiles: [['H264', 640, 360, '/a b#c']] }, /no usable RTSP URL/],
    ['no profile', { profiles: [] }, /no video profile/],
    ['an XML bomb', { hostile: (_, response) => response.end(BOMB) }, /it has a document type/],
    [
      'an endless body',
      {
        hostile: (_, response) => {
          const more = (): void => {
            while (!response.destroyed && response.write('<a>'.repeat(20_000)));
          };
          response.on('drain', more);
          more();
        },
      },
      /more than 262144 bytes/,
    ],
    [
      'elements without end',
      { hostile: (_, response) => response.end(`<a>${'<b/>'.repeat(20_000)}</a>`) },
      /more than 10000 elements/,
    ],
    [
      'depth without end',
      { hostile: (_, response) => response.end('<a>'.repeat(20_000)) },
      /more than 40 deep/,
    ],
    ['no XML', { hostile: (_, response) => response.end('hello') }, /it is no XML/],
    [
      'a redirect',
      { hostile: (_, response) => response.writeHead(302, { location: 'http://127.0.0.99/' }).end() },
      /redirects \(302\), which is not followed/,
    ],
    [
      'a connection that it closes',
      { hostile: (request) => request.socket.destroy() },
      /no answer \(ECONNRESET\)/,
    ],
  ] as const satisfies readonly (readonly [string, Partial<DeviceOptions>, RegExp])[])
    test(`a device with ${what} costs a note and nothing else`, options, async (t) => {
      assert.match(await noteOf(t, device), expected);
    });

  test(
    'a device that drips its answer is left after its time, and keeps no other waiting',
    options,
    async (t) => {
      const port = await ports();
      const drip: DeviceOptions['hostile'] = (_, response) => {
        const timer = setInterval(() => response.write(' '), 50);
        response.on('close', () => clearInterval(timer));
      };
      await startDevice(t, { port, address: '127.0.0.11', hostile: drip });
      await startDevice(t, { port, address: '127.0.0.12' });
      const from = performance.now();
      const { notes, cameras } = await discover(port);
      assert.equal(cameras.length, 1);
      assert.match(notes, /127\.0\.0\.11 .*: no answer in time/);
      assert.ok(performance.now() - from < 15_000);
    },
  );

  test('no credentials and no request go where a device points', options, async (t) => {
    const port = await ports();
    const requests: string[] = [];
    const trap = createServer((request, response) => {
      requests.push(request.url ?? '');
      response.end();
    }).listen(0, '127.0.0.99');
    await once(trap, 'listening');
    t.after(() => trap.close());
    const address = trap.address();
    const trapPort = typeof address === 'object' && address !== null ? address.port : 0;
    const away = `http://127.0.0.99:${trapPort}/`;
    await startDevice(t, { port, address: '127.0.0.11', mediaHost: `127.0.0.99:${trapPort}#` });
    await startDevice(t, {
      ...{ port, address: '127.0.0.12' },
      hostile: (_, response) => response.writeHead(307, { location: away }).end(),
    });
    await startDevice(t, {
      ...{ port, address: '127.0.0.13' },
      flood: (send, match) => {
        send(match.replace(/<d:XAddrs>[^<]*/, `<d:XAddrs>${away} http://127.0.0.13@127.0.0.99:${trapPort}/`));
      },
    });
    const env = { ...ENV, DISCOVER_CREDENTIALS: `${CREDENTIALS},127.0.0.13 viewer:\${GATE_PASSWORD}` };
    assert.deepEqual((await discover(port, env)).cameras, []);
    assert.deepEqual(requests, []);
  });

  test('thousands of answers, from one host and from many, are bounded', { timeout: 30_000 }, async (t) => {
    const port = await ports();
    const fromMany = async (match: string, to: { port: number; address: string }): Promise<void> => {
      for (let i = 0; i < 600; i++) {
        const socket = createSocket('udp4');
        socket.bind(0, `127.1.${i >> 8}.${i & 255}`);
        await once(socket, 'listening');
        await new Promise((resolve) => socket.send(match, to.port, to.address, resolve));
        socket.close();
        // What comes faster than it is read, the kernel drops.
        if (i % 20 === 0) await sleep(10);
      }
    };
    const floods: Promise<void>[] = [];
    let probes = 0;
    await startDevice(t, {
      ...{ port, address: '127.0.0.11' },
      flood: (send, match, to) => {
        if (++probes === 2) floods.push(fromMany(match, to));
        if (probes > 1) return;
        for (let i = 0; i < 3000; i++) send(match.replace('</a:RelatesTo>', '-other</a:RelatesTo>'));
        send('x'.repeat(60_000));
        send(BOMB);
      },
    });
    const before = process.memoryUsage().heapUsed;
    const { notes } = await discover(port, ENV, { timeoutMs: 3000 });
    await Promise.all(floods);
    const found = Number(/: (\d+) ONVIF devices/.exec(notes)?.[1]);
    assert.ok(found > 100 && found <= 500, `${found} devices`);
    assert.ok(process.memoryUsage().heapUsed - before < 60e6);
  });

  test('an answer to another probe is none', options, async (t) => {
    const port = await ports();
    await startDevice(t, {
      ...{ port, address: '127.0.0.11' },
      flood: (send) => {
        send(probeMatch('urn:uuid:somebody-elses', 'http://127.0.0.11/onvif'));
      },
    });
    assert.match((await discover(port)).notes, /: 0 ONVIF devices/);
  });

  test('what the address policy denies is not asked', options, async (t) => {
    const port = await ports();
    const { asked } = await startDevice(t, { port, address: '127.0.0.11' });
    let text = '';
    const wanted = { interfaces: ['lo'], timeoutMs: 3000, credentialsFile: '' };
    await runDiscover(wanted, loadConfig({ RTSP_DENY: '127.0.0.11' }), ENV, (part) => (text += part), port);
    assert.match(text, /not asked: it is denied by RTSP_DENY/);
    assert.deepEqual(asked, []);
  });

  test('logins come from a file too', options, async (t) => {
    const port = await ports();
    const file = join(tempFolder(t), 'logins');
    writeFileSync(file, '# the gate\n127.0.0.11 ${GATE_USER}:${GATE_PASSWORD} # north\n');
    await startDevice(t, { port, address: '127.0.0.11' });
    const env = { GATE_USER: 'viewer', GATE_PASSWORD: PASSWORD };
    const { cameras } = await discover(port, env, { credentialsFile: file });
    assert.equal(cameras[0]?.url, 'rtsp://${GATE_USER}:${GATE_PASSWORD}@127.0.0.11:8554/sub');
  });

  for (const [what, credentials, expected] of [
    ['a password itself', '127.0.0.11 viewer:secretpw', /entry 1: write the password as \$\{NAME\}/],
    ['a name', 'gate viewer:${GATE_PASSWORD}', /entry 1: must be lines like/],
    ['an unset variable', '127.0.0.11 viewer:${NOT_SET}', /variable NOT_SET is not set/],
    [
      'one device twice',
      `${CREDENTIALS},127.0.0.11 viewer:\${GATE_PASSWORD}`,
      /127\.0\.0\.11 has one already/,
    ],
  ] as const)
    test(`logins with ${what} are refused, and not repeated`, options, async () => {
      await assert.rejects(discover(1, { ...ENV, DISCOVER_CREDENTIALS: credentials }), (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, expected);
        assert.doesNotMatch(error.message, /secretpw|p@ss/);
        return true;
      });
    });

  test('an interface that is not there is named', options, async () => {
    const wanted = { interfaces: ['lo', 'nosuch0'], timeoutMs: 1000, credentialsFile: '' };
    await assert.rejects(
      runDiscover(wanted, loadConfig({}), {}, () => undefined, 1),
      /--interface nosuch0: no interface/,
    );
  });
});
