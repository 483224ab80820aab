import { isUtf8 } from 'node:buffer';
import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import type { Config } from './settings.js';
import { fillFromEnv } from './env-in-url.js';
import { ConfigError, RefusedError } from '../shared/errors.js';
import type { Transport } from '../shared/worker-protocol.js';
import type { CameraSpec } from './camera-spec.js';
import { parseCameraName } from '../shared/camera-name.js';
import {
  type Bounds,
  FPS,
  HEIGHT,
  QUALITY,
  type Rendition,
  requestedRendition,
  WIDTH,
} from '../shared/rendition.js';
import { parseRtspUrl, type RtspUrl } from '../source/rtsp-url.js';
import { type Placed, readYaml, type YamlSource } from './yaml-source.js';

/** The named cameras of CONFIG_FILE: YAML to CameraSpec[], with every mistake told at once, each at its place. */

/** What a camera has that the file says nothing about. */
export interface CameraDefaults {
  readonly rendition: Rendition;
  readonly maxFps: number | null;
  readonly transport: Transport;
  /** Cameras that run without viewers must all fit. */
  readonly maxCameras: number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** 1,000 cameras take about 200 KB; more than this is some other file. */
const MAX_FILE_BYTES = 1 << 20;

/** Mistakes that are told; a file that is no configuration at all has thousands. */
const MAX_PROBLEMS = 100;

/** Mistakes that are looked for in the text, which is searched for each. */
const MAX_ISSUES = 1000;

export const cameraDefaults = (config: Config): CameraDefaults => ({
  rendition: { width: config.FRAME_WIDTH, height: config.FRAME_HEIGHT, quality: config.JPEG_QUALITY },
  maxFps: config.MAX_FPS === 0 ? null : config.MAX_FPS,
  transport: config.RTSP_TRANSPORT,
  // Of a cluster's cameras each node opens some.
  maxCameras: config.NATS_URL === null ? config.MAX_CAMERAS : Infinity,
});

/**
 * Reads the cameras of CONFIG_FILE; none when it is not set.
 * @throws ConfigError with one line for each mistake
 */
export async function loadCameras(config: Config, env: Environment): Promise<CameraSpec[]> {
  const file = config.CONFIG_FILE;
  if (file === '') return [];
  return parseCameras(await readText(file), file, cameraDefaults(config), env);
}

async function readText(file: string): Promise<string> {
  let problem: string;
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE_BYTES) problem = `is larger than ${MAX_FILE_BYTES} bytes: is it the right file?`;
    else {
      const bytes = await readFile(file);
      // Read as UTF-8 a password of another encoding would be another password.
      if (isUtf8(bytes)) return bytes.toString();
      problem = 'is not UTF-8 text: save it as UTF-8';
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    problem = `cannot be read (${code}): check path and rights`;
  }
  throw new ConfigError([`CONFIG_FILE: ${file} ${problem}`]);
}

/**
 * @param file only for messages: `cameras.yaml:12:5: cameras[1].url: ...`
 * @throws ConfigError with one line for each mistake, in the order of the file; a value is never quoted
 */
export function parseCameras(
  text: string,
  file: string,
  defaults: CameraDefaults,
  env: Environment,
): CameraSpec[] {
  const source = readYaml(text);
  const problems: Placed[] = [...source.problems];
  const result = problems.length === 0 ? fileSchema(env).safeParse(source.value) : null;
  if (result && !result.success)
    problems.push(...result.error.issues.slice(0, MAX_ISSUES).flatMap((issue) => placeIssue(issue, source)));
  if (result) problems.push(...repeatedNames(source));
  const cameras = result?.data?.cameras ?? [];
  const alwaysOn = cameras.filter((camera) => camera.always_on).length;
  if (alwaysOn > defaults.maxCameras)
    problems.push({
      offset: source.place(['cameras']),
      message: `${alwaysOn} cameras are always_on, but MAX_CAMERAS is ${defaults.maxCameras}: raise it`,
    });
  if (problems.length > 0) throw new ConfigError(problemLines(problems, file, source));
  return cameras.map((camera) => toSpec(camera, defaults));
}

/** In the order of the file. */
function problemLines(problems: readonly Placed[], file: string, source: YamlSource): string[] {
  const shown = [...problems].sort((a, b) => a.offset - b.offset).slice(0, MAX_PROBLEMS);
  const lines = shown.map(({ offset, message }) => `${file}:${source.at(offset)}: ${message}`);
  const left = problems.length - shown.length;
  return left > 0 ? [...lines, `${file}: and ${left} more`] : lines;
}

const MISSING = 'is missing';

/** The message for a value that is absent or of another type. */
const expected = (what: string) => (issue: { readonly input?: unknown }) =>
  issue.input === undefined ? `${MISSING}: ${what}` : `must be ${what}`;

const text = (what: string) => z.string({ error: expected(what) });

const wholeNumber = ({ min, max }: Bounds, even: boolean) => {
  const error = `must be ${even ? 'an even' : 'a whole'} number from ${min} to ${max}`;
  const fits = (n: number): boolean => Number.isInteger(n) && n >= min && n <= max && (!even || n % 2 === 0);
  return z.number({ error }).refine(fits, error);
};

/** A parser of this service as a step of a schema. */
const parsedBy =
  <T>(parse: (text: string) => T) =>
  (value: string, context: z.RefinementCtx<string>): T => {
    try {
      return parse(value);
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems : null;
      if (!problems && !(error instanceof RefusedError)) throw error;
      for (const message of problems ?? [(error as RefusedError).message])
        context.addIssue({ code: 'custom', message: message.replace(/^(rtsp:|name) /, '') });
      return z.NEVER;
    }
  };

const rtspUrl = (env: Environment) =>
  text('an RTSP URL like rtsp://user:${CAMERA_PASSWORD}@192.0.2.7/stream').transform(
    parsedBy((template): RtspUrl => parseRtspUrl(fillFromEnv(template, env))),
  );

/** `0` is the rate of the source, as in MAX_FPS. */
/** As NODE_SITE, which it is compared with. */
const SITE = /^[A-Za-z0-9._-]{1,64}$/;

const fpsError = `must be a number from ${FPS.min} to ${FPS.max}, or 0 for the rate of the source`;

const cameraSchema = (env: Environment) =>
  z.strictObject(
    {
      name: text('text; a number needs quotes: name: "7"').transform(
        parsedBy((name) => parseCameraName(name, 'name')),
      ),
      title: text('text').min(1, 'must not be empty').max(200, 'is longer than 200 characters').optional(),
      url: rtspUrl(env),
      main_url: rtspUrl(env).optional(),
      width: wholeNumber(WIDTH, true).optional(),
      height: wholeNumber(HEIGHT, true).optional(),
      quality: wholeNumber(QUALITY, false).optional(),
      fps: z
        .number({ error: fpsError })
        .refine((fps) => fps === 0 || (fps >= FPS.min && fps <= FPS.max), fpsError)
        .optional(),
      transport: z.enum(['tcp', 'udp'], { error: 'must be tcp or udp' }).optional(),
      always_on: z.boolean({ error: 'must be true or false' }).optional(),
      site: text('text').regex(SITE, 'must be 1-64 of A-Z a-z 0-9 . _ -').optional(),
    },
    { error: 'must be a block with name: and url:' },
  );

type CameraEntry = z.output<ReturnType<typeof cameraSchema>>;

const fileSchema = (env: Environment) =>
  z.strictObject(
    { cameras: z.array(cameraSchema(env), { error: expected('a list of cameras ([] for none)') }) },
    { error: 'the file must hold `cameras:` and a list' },
  );

export const CAMERA_KEYS = Object.keys(cameraSchema({}).shape);

function placeIssue(issue: z.core.$ZodIssue, source: YamlSource): Placed[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.slice(0, MAX_PROBLEMS).map((key) => ({
      offset: source.placeOfKey(issue.path, key),
      message: `${pathText([...issue.path, key])}: unknown key: known are ${knownKeys(issue.path)}`,
    }));
  const where = pathText(issue.path);
  return [
    {
      offset: source.place(issue.path),
      message: where === '' ? issue.message : `${where}: ${issue.message}`,
    },
  ];
}

const knownKeys = (path: readonly PropertyKey[]): string =>
  path.length === 0 ? 'cameras' : CAMERA_KEYS.join(', ');

/** `cameras[0].url`. A key that is no plain word may be a URL that lost its quotes: it is not repeated. */
const pathText = (path: readonly PropertyKey[]): string =>
  path
    .map((step) =>
      typeof step === 'number' ? `[${step}]` : `.${/^[\w-]{1,40}$/.test(String(step)) ? String(step) : '?'}`,
    )
    .join('')
    .replace(/^\./, '');

/** Over the raw values, so that a repeated name is told beside whatever else is wrong. */
function repeatedNames(source: YamlSource): Placed[] {
  const list = (source.value as { cameras?: unknown } | null)?.cameras;
  if (!Array.isArray(list)) return [];
  const firsts = new Map<string, number>();
  return list.flatMap((item: unknown, index) => {
    const name = (item as { name?: unknown } | null)?.name;
    if (typeof name !== 'string') return [];
    const first = firsts.get(name);
    if (first === undefined) {
      firsts.set(name, index);
      return [];
    }
    const message = `cameras[${index}].name: is cameras[${first}]'s name already: names must differ`;
    return [{ offset: source.place(['cameras', index, 'name']), message }];
  });
}

function toSpec(camera: CameraEntry, defaults: CameraDefaults): CameraSpec {
  return {
    name: camera.name,
    title: camera.title ?? camera.name,
    url: camera.url,
    mainUrl: camera.main_url ?? null,
    transport: camera.transport ?? defaults.transport,
    // One side alone keeps the default's shape, as for a viewer.
    rendition: requestedRendition(
      { width: camera.width, height: camera.height, quality: camera.quality },
      defaults.rendition,
    ),
    maxFps: camera.fps === undefined ? defaults.maxFps : camera.fps === 0 ? null : camera.fps,
    alwaysOn: camera.always_on ?? false,
    ...(camera.site === undefined ? {} : { site: camera.site }),
  };
}
