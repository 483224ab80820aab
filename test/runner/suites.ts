import {
  ARM64,
  CADDY,
  CHROMIUM,
  DOCKER_COMPOSE,
  FFMPEG,
  GSTREAMER,
  HAPROXY,
  KUBERNETES_VALIDATE,
  MOSQUITTO,
  MOUNTS,
  NATS_SERVER,
  NGINX,
  OPENSSL,
  PROMTOOL,
  PYTHON_CLIENTS,
  RTSP_RS,
  RTSP_SERVER_PERL,
  TRAEFIK,
  VLC,
  XVFB,
  type Requirement,
} from '../support/requirements.js';

/**
 * Which test file belongs to which suite. The folder or the end of the file's name decides:
 *
 *     test/faults/...              faults           cameras, networks and processes that fail, in real time
 *     test/foreign-servers/...     foreign-servers  RTSP servers that this project did not write
 *     ...-browser.test.ts          browser          the wall page in Chromium
 *     ...-nats.test.ts             cluster          nodes in processes of their own around a real NATS server
 *     ...-slow.test.ts             slow             rates, leftovers and pauses watched for seconds
 *     ...-alone.test.ts            alone            needs all that the machine has
 *     anything else                quick            what a developer runs all day: seconds, not minutes
 */
export interface Suite {
  readonly name: string;
  /** Files at a time. Most files wait for FFmpegs and sockets; two cores are assumed. */
  readonly concurrency: number;
  /** The files that take longest: begun first, else the last of them would run on with no other beside it. */
  readonly first?: readonly string[];
  /** Whether the file (its path below test/, with slashes, without `.test.js`) belongs to it; the first that says yes takes it. */
  owns(file: string): boolean;
}

/** In the order of the run: what fails early explains what would fail later. */
export const SUITES: readonly Suite[] = [
  { name: 'quick', concurrency: 4, owns: (file) => !RUN_LATER.some((suite) => suite.owns(file)) },
  {
    name: 'slow',
    concurrency: 6,
    owns: (file) => file.endsWith('-slow'),
    first: [
      'wall/video-slow',
      'workers/camera-worker-slow',
      'relay/key-frames-slow',
      'viewer/idle-timeout-slow',
      'security/jwks-viewers-slow',
      'workers/stream-decoding-slow',
      'relay/rare-pictures-slow',
      'operations/missing-parts-slow',
      'camera/snapshot-polls-slow',
      'relay/relay-slow',
      'main-slow',
    ],
  },
  {
    name: 'faults',
    concurrency: 4,
    owns: (file) => file.startsWith('faults/'),
    first: ['faults/slow-viewers', 'faults/hostile-cameras', 'faults/stream', 'faults/video-viewers'],
  },
  {
    name: 'cluster',
    concurrency: 3,
    owns: (file) => file.endsWith('-nats'),
    first: ['cluster/nats-failure-nats', 'cluster/sharing-nats', 'bench/cluster-bench-nats'],
  },
  {
    name: 'foreign-servers',
    concurrency: 3,
    owns: (file) => file.startsWith('foreign-servers/'),
    first: ['foreign-servers/rtsp-server-perl/rtsp-server-perl', 'foreign-servers/gstreamer/client'],
  },
  {
    name: 'browser',
    concurrency: 2,
    owns: (file) => file.endsWith('-browser'),
    first: ['wall/video-browser', 'wall/kiosk-browser'],
  },
  { name: 'alone', concurrency: 1, owns: (file) => file.endsWith('-alone') },
];

const RUN_LATER = SUITES.filter(({ name }) => name !== 'quick');

/** Files whose path contains the word need the thing. */
const NEEDS: readonly { readonly word: string; readonly need: Requirement }[] = [
  { word: 'gstreamer/', need: GSTREAMER },
  { word: 'foreign-servers/', need: FFMPEG },
  { word: 'vlc/', need: VLC },
  { word: 'rtsp-server-perl/', need: RTSP_SERVER_PERL },
  { word: 'rtsp-rs/', need: RTSP_RS },
  { word: 'faults/', need: FFMPEG },
  { word: 'ffprobe', need: FFMPEG },
  { word: 'browser', need: CHROMIUM },
  { word: 'promtool', need: PROMTOOL },
  { word: 'mosquitto', need: MOSQUITTO },
  { word: 'tls', need: OPENSSL },
  { word: 'python-clients', need: PYTHON_CLIENTS },
  { word: 'nats', need: NATS_SERVER },
  { word: 'nginx', need: NGINX },
  { word: 'haproxy', need: HAPROXY },
  { word: 'caddy', need: CADDY },
  { word: 'traefik', need: TRAEFIK },
  { word: 'screen-', need: XVFB },
  { word: 'arm64', need: ARM64 },
  { word: '-mounts', need: MOUNTS },
  { word: 'docker-compose', need: DOCKER_COMPOSE },
  { word: 'kubernetes-validate', need: KUBERNETES_VALIDATE },
];

/** @param file a path below test/, as `wall/session.test.js` */
export function suiteOf(file: string): Suite {
  const name = file.replace(/\.test\.[jt]s$/, '');
  const suite = SUITES.find((candidate) => candidate.owns(name));
  if (suite === undefined) throw new Error(`${file} belongs to no suite`);
  return suite;
}

/** @param files of one suite, paths below test/ */
export function inOrder(files: readonly string[], { first = [] }: Suite): string[] {
  const rank = (file: string): number => {
    const at = first.indexOf(file.replace(/\.test\.[jt]s$/, ''));
    return at < 0 ? first.length : at;
  };
  return [...files].sort((a, b) => rank(a) - rank(b));
}

/** What the machine lacks for these files, a line each; and the files that can run all the same. */
export function judgeNeeds(files: readonly string[]): { runnable: string[]; missing: string[] } {
  let runnable = [...files];
  const missing: string[] = [];
  for (const { word, need } of NEEDS) {
    const concerned = runnable.filter((file) => file.includes(word));
    const lack = concerned.length === 0 ? '' : need.missing();
    if (lack === '') continue;
    missing.push(`${concerned.join(', ')}: needs ${need.what} (${lack}). To get it: ${need.install}`);
    runnable = runnable.filter((file) => !concerned.includes(file));
  }
  return { runnable, missing };
}
