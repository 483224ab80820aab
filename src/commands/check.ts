import { planAlarms } from '../alarms/alarm-plan.js';
import { findFfmpeg } from '../decoding/ffmpeg-build.js';
import { createAddressPolicy } from '../source/address-policy.js';
import type { Config } from '../config/settings.js';
import { ConfigError } from '../shared/errors.js';
import { checkJwksFile } from '../access/load-jwks.js';
import { createOriginPolicy } from '../access/origin.js';
import type { CameraSpec } from '../config/camera-spec.js';
import type { ConfigFile } from '../config/cameras-file.js';
import type { GroupSpec } from '../config/group-spec.js';
import { camerasOfView, type ViewSpec } from '../config/view-spec.js';
import { checkTlsFiles, tlsFilesOf } from '../config/tls-files.js';

/**
 * What `--check` says of valid settings: one line for each camera, without credentials. It dials nothing.
 * @throws ConfigError with everything that would stop the start, or leave it without pictures
 */
export async function checkReport(config: Config, { cameras, views, groups }: ConfigFile): Promise<string> {
  const policy = createAddressPolicy({ allow: config.RTSP_ALLOW, deny: config.RTSP_DENY });
  const problems = [...policy.problems, ...createOriginPolicy(config.ALLOWED_ORIGINS).problems];
  const tls = tlsFilesOf(config);
  const checks = [
    () => tls && checkTlsFiles(tls),
    () => checkJwksFile(config.JWT_JWKS_URL),
    () => planAlarms(config),
    () => checkFfmpeg(config.FFMPEG_PATH),
  ];
  // One after the other: a promise that fails before it is waited for would end the process.
  for (const check of checks)
    await check()?.catch((error: unknown) => {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
    });
  for (const camera of cameras)
    for (const { host } of [camera.url, ...(camera.mainUrl ? [camera.mainUrl] : [])]) {
      const denied = policy.judgeHost(host);
      if (denied !== null) problems.push(`camera ${camera.name}: its host ${host} ${denied}`);
    }
  if (problems.length > 0) throw new ConfigError(problems);
  const file = config.CONFIG_FILE === '' ? 'no CONFIG_FILE' : config.CONFIG_FILE;
  const names = cameras.map(({ name }) => name);
  const lines = [
    `OK: settings valid; ${file}: ${cameraCount(cameras.length)}`,
    ...cameras.map(cameraLine),
    ...views.map((view) => viewLine(view, camerasOfView(view, names).length)),
    ...groups.map(groupLine),
    ...alarmLines(config),
  ];
  return `${lines.join('\n')}\n`;
}

/** A start goes on without FFmpeg, and then shows no picture. @throws ConfigError */
async function checkFfmpeg(path: string): Promise<void> {
  try {
    await findFfmpeg(path);
  } catch (error) {
    throw new ConfigError([error instanceof Error ? error.message : String(error)]);
  }
}

const cameraCount = (count: number): string => (count === 1 ? '1 camera' : `${count} cameras`);

function cameraLine({
  name,
  title,
  url,
  mainUrl,
  transport,
  rendition,
  maxFps,
  alwaysOn,
  site,
}: CameraSpec): string {
  const { width, height, quality } = rendition;
  return [
    `  ${name}: ${url.toString()}`,
    ...(mainUrl ? [`main ${mainUrl.toString()}`] : []),
    `${width}x${height} quality ${quality}`,
    maxFps === null ? 'fps of the source' : `at most ${maxFps} fps`,
    transport,
    ...(alwaysOn ? ['always on'] : []),
    ...(site === undefined ? [] : [`site ${site}`]),
    ...(title === name ? [] : [JSON.stringify(title)]),
  ].join(', ');
}

const viewLine = ({ name, title, layout, pages }: ViewSpec, cameras: number): string =>
  [
    `  view ${name}: ${cameraCount(cameras)}`,
    layout.kind === 'columns' ? `${layout.columns} columns` : layout.kind,
    ...(pages ? [`${pages.size} at a time for ${pages.dwellMs / 1000} s`] : []),
    ...(title === name ? [] : [JSON.stringify(title)]),
  ].join(', ');

const groupLine = ({ name, cameras, views }: GroupSpec): string =>
  [
    `  group ${JSON.stringify(name)}`,
    ...(cameras ? [`cameras ${cameras.join(' ')}`] : []),
    ...(views ? [`views ${views.join(' ')}`] : []),
  ].join(', ');

/** Whom the service would tell of cameras: hosts alone, since the rest of an address may be a token. */
function alarmLines({
  WEBHOOK_URLS: hooks,
  WEBHOOK_SECRET: secret,
  MQTT_URL: mqtt,
  ...config
}: Config): string[] {
  const to = [
    ...hooks.map(({ host }) => `webhook ${host} (${secret === '' ? 'not signed' : 'signed'})`),
    ...(mqtt ? [`MQTT ${mqtt.host}:${mqtt.port} below ${config.MQTT_TOPIC}/`] : []),
  ];
  return to.length === 0 ? [] : [`  alarms after ${config.ALARM_HOLD_MS / 1000} s: ${to.join(', ')}`];
}
