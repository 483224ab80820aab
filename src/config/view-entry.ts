import { z } from 'zod';
import { parseCameraName } from '../shared/camera-name.js';
import { FPS, QUALITY } from '../shared/rendition.js';
import { expected, parsedBy, text, title, wholeNumber } from './file-schema.js';
import type { ViewLayout, ViewSpec } from './view-spec.js';
import type { Placed, YamlSource } from './yaml-source.js';

/** One entry of `views:` in CONFIG_FILE. */

/** The page's grid has at most so many columns. */
const COLUMNS = { min: 1, max: 20 } as const;
/** As many tiles as a wall's socket may have. */
const PAGE_SIZE = { min: 1, max: 400 } as const;
/** Seconds. The next page's cameras are opened while this one stays. */
const DWELL = { min: 3, max: 86_400 } as const;
const DEFAULT_DWELL = 15;

const PATTERN = /^[A-Za-z0-9._*-]{1,64}$/;
const PATTERN_ERROR = 'must be a name, or a pattern like door* (1-64 of A-Z a-z 0-9 . _ - *)';

const fpsError = `must be a number from ${FPS.min} to ${FPS.max}`;
const dwellError = `must be a number of seconds from ${DWELL.min} to ${DWELL.max}`;

const name = text('text; a number needs quotes: name: "7"').transform(
  parsedBy((given) => parseCameraName(given, 'name')),
);

const viewSchema = z.strictObject(
  {
    name,
    title: title.optional(),
    cameras: z
      .array(text('a name').regex(PATTERN, PATTERN_ERROR), { error: expected('a list of names or patterns') })
      .min(1, 'must not be empty: leave it out for all cameras')
      .optional(),
    layout: z.enum(['auto', 'columns', 'large'], { error: 'must be auto, columns or large' }).optional(),
    columns: wholeNumber(COLUMNS, false).optional(),
    page_size: wholeNumber(PAGE_SIZE, false).optional(),
    dwell: z
      .number({ error: dwellError })
      .refine((seconds) => seconds >= DWELL.min && seconds <= DWELL.max, dwellError)
      .optional(),
    pinned: z.array(name, { error: expected('a list of names') }).optional(),
    fps: z
      .number({ error: fpsError })
      .refine((fps) => fps >= FPS.min && fps <= FPS.max, fpsError)
      .optional(),
    quality: wholeNumber(QUALITY, false).optional(),
  },
  { error: 'must be a block with name:' },
);

export type ViewEntry = z.output<typeof viewSchema>;

export const VIEW_KEYS = Object.keys(viewSchema.shape);

export const viewsSchema = z.array(viewSchema, { error: expected('a list of views') }).optional();

/** What is wrong among a view's values, or between them and the cameras. */
export function viewProblems(
  views: readonly ViewEntry[],
  cameras: ReadonlySet<string>,
  source: YamlSource,
): Placed[] {
  const problems: Placed[] = [];
  const unknown = (key: 'cameras' | 'pinned', view: number, at: number, given: string): void => {
    if (given.includes('*') || cameras.has(given)) return;
    const message = `views[${view}].${key}[${at}]: no camera of this name in the file`;
    problems.push({ offset: source.place(['views', view, key, at]), message });
  };
  views.forEach((view, index) => {
    const problem = (key: string, message: string): void => {
      problems.push({
        offset: source.place(['views', index, key]),
        message: `views[${index}].${key}: ${message}`,
      });
    };
    view.cameras?.forEach((given, at) => unknown('cameras', index, at, given));
    view.pinned?.forEach((given, at) => unknown('pinned', index, at, given));
    if ((view.columns !== undefined) !== (view.layout === 'columns'))
      problem(view.columns === undefined ? 'layout' : 'columns', 'layout: columns and columns: go together');
    if (view.dwell !== undefined && view.page_size === undefined)
      problem('dwell', 'needs page_size, the tiles of a page');
    if (view.page_size !== undefined && view.page_size <= (view.pinned?.length ?? 0))
      problem('page_size', 'must be more than the pinned cameras: the others have to turn');
  });
  return problems;
}

export function toViewSpec(view: ViewEntry): ViewSpec {
  const { page_size: size, dwell = DEFAULT_DWELL } = view;
  return {
    name: view.name,
    title: view.title ?? view.name,
    cameras: view.cameras ?? null,
    layout: layoutOf(view),
    pages: size === undefined ? null : { size, dwellMs: dwell * 1000 },
    pinned: view.pinned ?? [],
    fps: view.fps ?? null,
    quality: view.quality ?? null,
  };
}

function layoutOf({ layout = 'auto', columns = COLUMNS.max }: ViewEntry): ViewLayout {
  return layout === 'columns' ? { kind: 'columns', columns } : { kind: layout };
}
