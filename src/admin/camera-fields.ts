import { z } from 'zod';
import type { CameraFields } from '../config/camera-edit.js';
import { isCameraName } from '../shared/camera-name.js';
import { badParameter, RefusedError } from '../shared/errors.js';
import { parseRtspUrl } from '../source/rtsp-url.js';

/** Bodies of the requests that change cameras. A message names the field and never repeats its value. */

const NAME = 'name: must be 1-64 of A-Z a-z 0-9 . _ - and begin with a letter or digit';
const TITLE = 'title: must be 1-200 characters, on one line';
/** Controls, line separators, and halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029]/u;

const name = z.string({ error: NAME }).refine(isCameraName, NAME);

const title = z
  .string({ error: TITLE })
  .refine((given) => given.trim() !== '' && given.length <= 200 && !UNPRINTABLE.test(given), TITLE);

const url = (field: string) =>
  z.string({ error: `${field}: must be an RTSP URL` }).superRefine((given, context) => {
    const wrong = urlProblem(given);
    if (wrong !== null) context.addIssue({ code: 'custom', message: `${field}: ${wrong}` });
  });

function urlProblem(given: string): string | null {
  // It would send what the environment of the service holds to whatever host the URL names.
  if (given.includes('${')) return 'write $ as %24: variables can only be put into the file itself';
  try {
    parseRtspUrl(given);
    return null;
  } catch (error) {
    if (error instanceof RefusedError) return error.message.replace(/^rtsp: /, '');
    throw error;
  }
}

const cameraBody = z.strictObject(
  { name, title: title.optional(), url: url('url'), main_url: url('main_url').optional() },
  { error: 'body: must be an object with name and url' },
);

const changeBody = z.strictObject(
  {
    name: name.optional(),
    title: title.optional(),
    url: url('url').optional(),
    main_url: url('main_url').optional(),
    before: name.nullable().optional(),
  },
  { error: 'body: must be an object with what is to change' },
);

/** @throws RefusedError `bad_parameter` */
export const parseCamera = (body: unknown): CameraFields => checked(cameraBody.safeParse(body));

/** @throws RefusedError `bad_parameter` */
export const parseChange = (body: unknown): z.output<typeof changeBody> =>
  checked(changeBody.safeParse(body));

function checked<T>(result: z.ZodSafeParseResult<T>): T {
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw badParameter(
    issue?.code === 'unrecognized_keys'
      ? 'body: holds a field that is not known: known are name, title, url, main_url, and before'
      : (issue?.message ?? 'body: is wrong'),
  );
}
