import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { VideoFormat } from '../../src/video/video-format.js';
import { startCameras, type CameraOptions, type VirtualCameras } from '../../bench/virtual-camera/index.js';
import { loadConfig } from '../../src/config/settings.js';
import { runDoctor } from '../../src/commands/doctor/doctor.js';
import { advise, type Findings } from '../../src/commands/doctor/advice.js';
import { UnitSurvey } from '../../src/commands/doctor/survey.js';
import { ConfigError } from '../../src/shared/errors.js';
import { parseRtspUrl } from '../../src/source/rtsp-url.js';
import { spec } from '../support/test-registry.js';

const timeout = 30_000;
const long = { timeout: 90_000 };

async function cameras(t: TestContext, options: Partial<CameraOptions>): Promise<VirtualCameras> {
  const set = await startCameras({ width: 320, height: 180, gop: 12, portsEach: true, ...options });
  t.after(() => set.stop());
  return set;
}

/** What the doctor prints, and whether it saw a picture. */
async function doctor(
  url: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<{ seen: boolean; text: string }> {
  const lines: string[] = [];
  const config = loadConfig({ OPEN_TIMEOUT_MS: '8000', ...settings });
  const seen = await runDoctor(url, config, [], (line) => lines.push(line));
  return { seen, text: lines.join('\n') };
}

const step = (name: string, result = ''): RegExp => new RegExp(`^ *\\d+ ms {2}${name} +${result}`, 'm');

for (const auth of ['basic', 'digest', 'digest-qop'] as const) {
  test(`a camera with ${auth} is examined step by step, to the cost of a frame`, long, async (t) => {
    const set = await cameras(t, { auth, user: 'viewer', password: 's:e@c/r' });
    const { seen, text } = await doctor(set.url(0));
    assert.match(text, /confined +.*no new privileges/);
    assert.equal(seen, true, text);
    for (const expected of [
      step('url', 'rtsp://\\*\\*\\*@127\\.0\\.0\\.1:\\d+/cam1, transport tcp'),
      step('resolve', '127\\.0\\.0\\.1: allowed'),
      step('connect', 'port \\d+ is open'),
      step('OPTIONS', '200'),
      step('auth', auth === 'basic' ? 'camera asks for Basic' : 'camera asks for Digest MD5'),
      step('DESCRIBE', '200 OK, with user and password'),
      step('media', 'video H264'),
      step('SETUP', '200 OK'),
      step('transport', 'TCP, channels 0-1'),
      step('PLAY', '200 OK'),
      step('TEARDOWN', '200 OK'),
      step('ffmpeg'),
      step('picture', 'first frame after \\d+ ms'),
      step('stream', 'h264, 320x180, \\d+ kbit/s'),
      step('fps', 'the camera sends \\d+\\.\\d'),
      step('key frames', 'one every 0\\.\\d s'),
      step('jpeg', '640x360: \\d+ KB'),
      step('cost', 'a frame: FFmpeg \\d+\\.\\d ms of a core, JPEG \\d+\\.\\d ms'),
    ])
      assert.match(text, expected);
    assert.doesNotMatch(text, /viewer|s:e@c|s%3Ae|secret|c%2Fr/);
  });
}

test('refused credentials end it with that, after one try', long, async (t) => {
  const set = await cameras(t, { auth: 'digest', password: 'right' });
  const { seen, text } = await doctor(set.url(0).replace('right', 'wrongpw'));
  assert.equal(seen, false);
  assert.match(text, step('FAILED', 'unauthorized: camera refused user/password'));
  assert.doesNotMatch(text, /wrongpw|ffmpeg/);
});

test('a URL without credentials at a camera that wants some says so', long, async (t) => {
  const set = await cameras(t, { auth: 'basic' });
  const { text } = await doctor(set.url(0).replace(/\/\/.*@/, '//'));
  assert.match(text, step('auth', 'camera asks for Basic'));
  assert.match(text, /FAILED +unauthorized/);
  assert.match(text, /the URL has no user and password/);
});

test('a camera whose UDP brings no picture gets the advice to use TCP', long, async (t) => {
  const set = await cameras(t, { fault: 'silent-after-play' });
  const settings = { RTSP_TRANSPORT: 'udp', OPEN_TIMEOUT_MS: '1000', STALL_TIMEOUT_MS: '800' };
  const { seen, text } = await doctor(set.url(0), settings);
  assert.equal(seen, false);
  assert.match(text, step('ADVICE', 'UDP may be blocked or lose packets on the way: set transport to tcp'));
});

for (const [fault, code, settings] of [
  ['refuse', 'refused', {}],
  ['status:404', 'not_found', {}],
  ['status:503', 'unavailable', {}],
  ['redirect:rtsp://10.0.0.9/x', 'redirected', {}],
  ['silent-after-play', 'open_timeout', { OPEN_TIMEOUT_MS: '1000', STALL_TIMEOUT_MS: '800' }],
] as const) {
  test(`a camera with the fault ${fault} is told as ${code}`, long, async (t) => {
    const set = await cameras(t, {});
    await set.fault('cam1', fault);
    const { seen, text } = await doctor(set.url(0), settings);
    assert.equal(seen, false, text);
    assert.match(text, step('FAILED', `${code}: `));
  });
}

test('an address that the policy denies is not dialled', long, async () => {
  const { seen, text } = await doctor('rtsp://u:secretpw@127.0.0.1:1/x', { RTSP_DENY: '127.0.0.0/8' });
  assert.equal(seen, false);
  assert.match(text, /FAILED +target_denied/);
  assert.doesNotMatch(text, /connect|secretpw/);
});

test('a name that does not resolve is told', long, async () => {
  const { text } = await doctor('rtsp://no-such-host.invalid/x');
  assert.match(text, /FAILED +dns: cannot resolve the host name/);
});

test(
  'a name of no camera, or what is no RTSP URL, is a usage error that does not repeat it',
  { timeout },
  async () => {
    for (const operand of ['nocam', 'rtsp:/u:secretpw@x', 'http://u:secretpw@x/'])
      await assert.rejects(doctor(operand), (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, /^doctor: /);
        assert.doesNotMatch(error.message, /secretpw/);
        return true;
      });
  },
);

test('a camera of the file is examined by its name, with its own settings', long, async () => {
  const lines: string[] = [];
  const camera = spec('door', { url: parseRtspUrl('rtsp://u:p@127.0.0.1:1/x'), transport: 'udp' });
  assert.equal(await runDoctor('door', loadConfig({}), [camera], (line) => lines.push(line)), false);
  assert.match(lines.join('\n'), step('url', 'rtsp://\\*\\*\\*@127\\.0\\.0\\.1:1/x, transport udp'));
});

test(
  'the main stream of a camera is examined after its small one, whatever came of that',
  long,
  async (t) => {
    const set = await cameras(t, { count: 2 });
    await set.fault('cam1', 'status:404');
    const urls = { url: parseRtspUrl(set.url(0)), mainUrl: parseRtspUrl(set.url(1)) };
    const lines: string[] = [];
    const config = loadConfig({ OPEN_TIMEOUT_MS: '8000' });
    const seen = await runDoctor('door', config, [spec('door', urls)], (line) => lines.push(line));
    const [, small = '', main = ''] = lines.join('\n').split(/^.*(?= (?:main_)?url  +rtsp)/m);
    assert.equal(seen, false);
    assert.match(small, /\/cam1, [^]*FAILED +not_found/);
    assert.match(
      main,
      /main_url +\S+\/cam2, transport tcp[^]*picture +first frame[^]*ADVICE +nothing to change/,
    );
  },
);

/** A server that answers whatever it is asked with these bytes. */
async function answers(t: TestContext, bytes: string): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('data', () => socket.write(bytes));
  }).listen(0, '127.0.0.1');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return `rtsp://127.0.0.1:${address.port}/x`;
}

for (const [what, bytes] of [
  ['speaks HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['floods its header', `RTSP/1.0 200 OK\r\nX: ${'x'.repeat(80_000)}`],
  ['announces a body without end', 'RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n'],
] as const) {
  test(`a server that ${what} is no usable RTSP`, long, async (t) => {
    const url = await answers(t, bytes);
    const { seen, text } = await doctor(url, { OPEN_TIMEOUT_MS: '1500', STALL_TIMEOUT_MS: '1000' });
    assert.equal(seen, false);
    assert.match(text, step('FAILED', 'protocol: '));
    assert.doesNotMatch(text, /ffmpeg/);
  });
}

test("a camera's texts cannot write escape sequences to the terminal", long, async (t) => {
  const url = await answers(t, 'RTSP/1.0 404 \x1b[2J\x1b]0;x\x07\r\nServer: \x1b[31m\r\n\r\n');
  const { text } = await doctor(url);
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\uffff]/);
  assert.match(text, /FAILED +not_found/);
});

const format: VideoFormat = {
  codec: 'h264',
  width: 640,
  height: 360,
  codecString: 'avc1.42001e',
  fullRange: false,
  matrix: 'bt601',
  sampleAspect: { width: 1, height: 1 },
  bitDepth: 8,
  chroma: '4:2:0',
  interlaced: false,
  parameterSets: new Uint8Array(0),
};

test('the survey counts pictures and key frames, B-frames included', { timeout }, () => {
  const survey = new UnitSurvey();
  for (let i = 0; i <= 40; i++)
    survey.add({
      ...{ codec: 'h264', data: new Uint8Array(1000), recoveryFrames: 0, firstArrivedAt: 0, arrivedAt: 0 },
      ...{ damaged: false, discontinuity: false, disposable: false, leading: false, format },
      randomAccess: i % 20 === 0 ? 'key' : 'none',
      // Decoded before it is shown: every third comes two pictures early.
      mediaTimeMs: (i + (i % 3 === 1 && i < 39 ? 2 : 0)) * 100,
    });
  assert.equal(survey.enough, true);
  assert.deepEqual(survey.result(3), {
    format,
    pictures: 41,
    fps: 10,
    keyFrameSeconds: 2,
    seconds: 4,
    kbitPerSecond: 82,
    lostPackets: 3,
  });
  assert.deepEqual(new UnitSurvey().result(0).fps, null);
});

const well: Findings = {
  transport: 'tcp',
  role: 'only',
  wanted: { width: 640, height: 360 },
  picture: { firstFrameMs: 200, fps: 25, decodeMs: 1, encodeMs: 0.5, jpegBytes: 20_000 },
  survey: {
    format,
    pictures: 100,
    fps: 25,
    keyFrameSeconds: 1,
    seconds: 4,
    kbitPerSecond: 500,
    lostPackets: 0,
  },
};

test('a camera that is set well gets no advice', { timeout }, () => {
  assert.deepEqual(advise(well), []);
});

test('a main stream may be large, and cost what it costs', { timeout }, () => {
  const survey = { ...well.survey, format: { ...format, width: 1920, height: 1080 } };
  const picture = { ...well.picture, decodeMs: 8, firstFrameMs: 4000 };
  assert.deepEqual(advise({ ...well, role: 'main', survey, picture }), []);
  assert.match(
    advise({ ...well, role: 'beside main', survey })[0] ?? '',
    /give the camera's substream as url$/,
  );
});

for (const [what, findings, advice] of [
  [
    'a main stream for a small tile',
    { survey: { ...well.survey, format: { ...format, codec: 'h265', width: 1920, height: 1080 } } },
    /^H265 1920x1080 is decoded to show 640x360: give the camera's substream as url and this one as main_url$/,
  ],
  [
    'rare key frames',
    { survey: { ...well.survey, keyFrameSeconds: 10 } },
    /^key frame every 10\.0 s: set 1-2 s in the camera/,
  ],
  [
    'no second key frame',
    { survey: { ...well.survey, keyFrameSeconds: null, seconds: 12 } },
    /^no two key frames in 12 s/,
  ],
  [
    'lost packets on UDP',
    { transport: 'udp', survey: { ...well.survey, lostPackets: 7 } },
    /^UDP lost 7 packets: set transport to tcp$/,
  ],
  ['a heavy stream', { picture: { ...well.picture, decodeMs: 8 } }, /^it takes 21 % of a core/],
  [
    'a slow start',
    { picture: { ...well.picture, firstFrameMs: 4000 } },
    /^the first frame took long: always_on/,
  ],
] as const satisfies readonly (readonly [string, Partial<Findings>, RegExp])[]) {
  test(`${what} gets its own advice`, { timeout }, () => {
    const [first, ...others] = advise({ ...well, ...findings });
    assert.match(first ?? '', advice);
    assert.deepEqual(others, []);
  });
}
