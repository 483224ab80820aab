import { isUtf8 } from 'node:buffer';
import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import type { Config } from './settings.js';
import { fillFromEnv } from './env-in-url.js';
import { ConfigError } from '../shared/errors.js';
import type { Transport } from '../shared/worker-protocol.js';
import type { CameraSpec } from './camera-spec.js';
import { parseCameraName } from '../shared/camera-name.js';
import {
  FPS,
  HEIGHT,
  QUALITY,
  type Rendition,
  requestedRendition,
  SOURCE_SIZE,
  WIDTH,
} from '../shared/rendition.js';
import { parseRtspUrl, type RtspUrl } from '../source/rtsp-url.js';
import { placeIssue, problemLines, repeatedNames } from './file-problems.js';
import { expected, parsedBy, text, title, wholeNumber } from './file-schema.js';
import { GROUP_KEYS, groupProblems, groupsSchema, toGroupSpec } from './group-entry.js';
import type { GroupSpec } from './group-spec.js';
import { toViewSpec, VIEW_KEYS, viewProblems, viewsSchema } from './view-entry.js';
import type { ViewSpec } from './view-spec.js';
import { type Placed, readYaml, type YamlSource } from './yaml-source.js';

/** CONFIG_FILE: YAML to cameras, views and groups, with every mistake told at once, each at its place. */

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

/** Mistakes that are looked for in the text, which is searched for each. */
const MAX_ISSUES = 1000;

export const cameraDefaults = (config: Config): CameraDefaults => ({
  rendition: { width: config.FRAME_WIDTH, height: config.FRAME_HEIGHT, quality: config.JPEG_QUALITY },
  maxFps: config.MAX_FPS === 0 ? null : config.MAX_FPS,
  transport: config.RTSP_TRANSPORT,
  // Of a cluster's cameras each node opens some.
  maxCameras: config.NATS_URL === null ? config.MAX_CAMERAS : Infinity,
});

/** What CONFIG_FILE holds. */
export interface ConfigFile {
  readonly cameras: readonly CameraSpec[];
  readonly views: readonly ViewSpec[];
  readonly groups: readonly GroupSpec[];
}

/**
 * Reads CONFIG_FILE; nothing is in it when it is not set.
 * @throws ConfigError with one line for each mistake
 */
export async function loadConfigFile(config: Config, env: Environment): Promise<ConfigFile> {
  const file = config.CONFIG_FILE;
  if (file === '') return { cameras: [], views: [], groups: [] };
  return parseConfigFile(await readText(file), file, cameraDefaults(config), env);
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
export function parseConfigFile(
  text: string,
  file: string,
  defaults: CameraDefaults,
  env: Environment,
): ConfigFile {
  const source = readYaml(text);
  const problems: Placed[] = [...source.problems];
  const result = problems.length === 0 ? fileSchema(env).safeParse(source.value) : null;
  if (result && !result.success)
    problems.push(
      ...result.error.issues.slice(0, MAX_ISSUES).flatMap((issue) => placeIssue(issue, source, knownKeys)),
    );
  if (result) for (const list of LISTS) problems.push(...repeatedNames(source, list));
  const { cameras = [], views = [], groups = [] } = result?.data ?? {};
  problems.push(...tooManyAlwaysOn(cameras, defaults, source));
  const known = { cameras: namesOf(cameras), views: namesOf(views) };
  problems.push(...viewProblems(views, known.cameras, source), ...groupProblems(groups, known, source));
  if (problems.length > 0) throw new ConfigError(problemLines(problems, file, source));
  return {
    cameras: cameras.map((camera) => toSpec(camera, defaults)),
    views: views.map(toViewSpec),
    groups: groups.map(toGroupSpec),
  };
}

const namesOf = (entries: readonly { readonly name: string }[]): ReadonlySet<string> =>
  new Set(entries.map(({ name }) => name));

function tooManyAlwaysOn(
  cameras: readonly CameraEntry[],
  { maxCameras }: CameraDefaults,
  source: YamlSource,
): Placed[] {
  const alwaysOn = cameras.filter((camera) => camera.always_on).length;
  if (alwaysOn <= maxCameras) return [];
  const message = `${alwaysOn} cameras are always_on, but MAX_CAMERAS is ${maxCameras}: raise it`;
  return [{ offset: source.place(['cameras']), message }];
}

const rtspUrl = (env: Environment) =>
  text('an RTSP URL like rtsp://user:${CAMERA_PASSWORD}@192.0.2.7/stream').transform(
    parsedBy((template): RtspUrl => parseRtspUrl(fillFromEnv(template, env))),
  );

/** As NODE_SITE, which it is compared with. */
const SITE = /^[A-Za-z0-9._-]{1,64}$/;

/** `0` is the rate of the source, as in MAX_FPS. */
const fpsError = `must be a number from ${FPS.min} to ${FPS.max}, or 0 for the rate of the source`;

/** `source`, or width:height. Some cameras send 960x1080 for a 16:9 picture and do not say so. */
const ASPECT = /^(?:source|[1-9]\d{0,3}:[1-9]\d{0,3})$/;

const cameraSchema = (env: Environment) =>
  z
    .strictObject(
      {
        name: text('text; a number needs quotes: name: "7"').transform(
          parsedBy((name) => parseCameraName(name, 'name')),
        ),
        title: title.optional(),
        url: rtspUrl(env),
        main_url: rtspUrl(env).optional(),
        width: wholeNumber(WIDTH, true).optional(),
        height: wholeNumber(HEIGHT, true).optional(),
        size: z.literal('source', { error: 'must be source; other sizes are width and height' }).optional(),
        quality: wholeNumber(QUALITY, false).optional(),
        fps: z
          .number({ error: fpsError })
          .refine((fps) => fps === 0 || (fps >= FPS.min && fps <= FPS.max), fpsError)
          .optional(),
        transport: z.enum(['tcp', 'udp'], { error: 'must be tcp or udp' }).optional(),
        always_on: z.boolean({ error: 'must be true or false' }).optional(),
        aspect: text('text')
          .regex(ASPECT, 'must be source, or a shape like 16:9 of two whole numbers from 1 to 9999')
          .optional(),
        site: text('text').regex(SITE, 'must be 1-64 of A-Z a-z 0-9 . _ -').optional(),
      },
      { error: 'must be a block with name: and url:' },
    )
    .refine(
      ({ size, width, height }) => size === undefined || (width === undefined && height === undefined),
      { path: ['size'], error: 'leaves no choice of width and height: take them out' },
    );

type CameraEntry = z.output<ReturnType<typeof cameraSchema>>;

const fileSchema = (env: Environment) =>
  z.strictObject(
    {
      cameras: z.array(cameraSchema(env), { error: expected('a list of cameras ([] for none)') }),
      views: viewsSchema,
      groups: groupsSchema,
    },
    { error: 'the file must hold `cameras:` and a list' },
  );

export const CAMERA_KEYS = Object.keys(cameraSchema({}).shape);
const FILE_KEYS = Object.keys(fileSchema({}).shape);

/** Lists whose entries have names. */
const LISTS = ['cameras', 'views', 'groups'] as const;
const ENTRY_KEYS = { cameras: CAMERA_KEYS, views: VIEW_KEYS, groups: GROUP_KEYS };

const knownKeys = ([list]: readonly PropertyKey[]): readonly string[] => {
  const known = LISTS.find((name) => name === list);
  return known ? ENTRY_KEYS[known] : FILE_KEYS;
};

const shapeOf = (aspect: string): number => {
  const [width = 1, height = 1] = aspect.split(':').map(Number);
  return width / height;
};

function renditionOf({ size, width, height, quality }: CameraEntry, defaults: Rendition): Rendition {
  const sized = requestedRendition({ width, height, quality }, defaults);
  return size === 'source' ? { ...sized, ...SOURCE_SIZE } : sized;
}

function toSpec(camera: CameraEntry, defaults: CameraDefaults): CameraSpec {
  return {
    name: camera.name,
    title: camera.title ?? camera.name,
    url: camera.url,
    mainUrl: camera.main_url ?? null,
    transport: camera.transport ?? defaults.transport,
    // One side alone keeps the default's shape, as for a viewer.
    rendition: renditionOf(camera, defaults.rendition),
    maxFps: camera.fps === undefined ? defaults.maxFps : camera.fps === 0 ? null : camera.fps,
    alwaysOn: camera.always_on ?? false,
    ...(camera.aspect === undefined || camera.aspect === 'source' ? {} : { aspect: shapeOf(camera.aspect) }),
    ...(camera.site === undefined ? {} : { site: camera.site }),
  };
}
