import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SignJWT } from 'jose';
import { MetricsText } from '../../src/http/routes/metrics-text.js';
import { openConfiguredService, type ConfiguredService } from '../support/configured-service.js';
import { until } from '../support/until.js';

const timeout = 30_000;
const SECRET = 'a secret of more than thirty-two bytes';

const TEXT = `# HELP x Something of "camera"
# TYPE x counter
x{camera="gate"} 1
x{camera="gate~main",stage="encode"} 2
x{stage="encode",camera="hall"} 3
x{reason="camera"} 4
y 5
`;

test(
  "samples of other cameras are left out, with their main stream's; what is about none stays",
  { timeout },
  () => {
    const text = new MetricsText(TEXT);
    assert.equal(
      text.for(() => true),
      TEXT,
    );
    const hall = text.for((camera) => camera === 'hall');
    assert.equal(
      hall,
      TEXT.replace('x{camera="gate"} 1\n', '').replace('x{camera="gate~main",stage="encode"} 2\n', ''),
    );
    assert.ok(text.for((camera) => camera === 'gate').includes('gate~main'));
    assert.ok(!text.for(() => false).includes('camera="gate'));
  },
);

let configured: ConfiguredService;
before(
  async () => {
    configured = await openConfiguredService(
      { count: 2, width: 160, height: 90, fps: 5 },
      {
        AUTH_TOKENS: 'all',
        AUTH_JWT_SECRET: SECRET,
      },
    );
  },
  { timeout },
);
after(() => configured.stop(), { timeout });

test('a token for one camera reads the metrics of that camera and of the service', { timeout }, async () => {
  const { url } = configured.service;
  const metrics = async (token: string): Promise<string> =>
    (await fetch(`${url}/metrics`, { headers: { Authorization: `Bearer ${token}` } })).text();
  for (const camera of ['cam1', 'cam2'])
    assert.equal((await fetch(`${url}/snapshot?camera_index=${camera}&token=all`)).status, 200);
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const token = await new SignJWT({ exp, cameras: ['cam1'] })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(Buffer.from(SECRET));
  await until('both cameras have metrics', async () => {
    const text = await metrics('all');
    return text.includes('camera="cam1"') && text.includes('camera="cam2"');
  });
  const seen = await metrics(token);
  assert.match(seen, /rtsp_ws_frames_decoded_total\{camera="cam1"\}/);
  assert.match(seen, /^process_cpu_seconds_total /m);
  assert.match(seen, /^rtsp_ws_rejected_total|^# TYPE rtsp_ws_rejected_total/m);
  assert.doesNotMatch(seen, /cam2/);
});
