import type { EditableFile } from '../shared/editable-file.js';
import { ConfigError, badParameter, EditError } from '../shared/errors.js';
import { parseRtspUrl } from '../source/rtsp-url.js';
import { type CameraEdit, editCameras } from './camera-edit.js';
import type { ConfigFile } from './cameras-file.js';
import { assertReplaceable, readRevision, replaceFile } from './replace-file.js';

/** Changes CONFIG_FILE, one change after the other. What it holds afterwards is what the service can read, or it stays as it is. */
export class ConfigEditor {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param parse as the service reads the file; throws ConfigError
   */
  constructor(
    private readonly file: string,
    private readonly parse: (text: string) => ConfigFile,
  ) {}

  /** @throws EditError `file_invalid`, `file_not_writable` */
  async list(): Promise<EditableFile> {
    const { text, revision } = await readRevision(this.file);
    const { cameras } = this.#parsed(text);
    const problem = await assertReplaceable(this.file).then(
      () => null,
      (error: unknown) => {
        if (error instanceof EditError) return error.message;
        throw error;
      },
    );
    const told = cameras.map(({ name, title, url: { host, port } }) => {
      return { name, title, address: `${host.includes(':') ? `[${host}]` : host}:${port}` };
    });
    return { revision, cameras: told, problem };
  }

  /**
   * @param revision that the change was made for
   * @returns the revision of the file as it is now
   * @throws EditError, or RefusedError `bad_parameter`, `no_such_camera`, `name_in_use`; then nothing was changed
   */
  edit(revision: string, edit: CameraEdit): Promise<string> {
    const result = this.#last.then(() => this.#edit(revision, edit));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #edit(revision: string, edit: CameraEdit): Promise<string> {
    await assertReplaceable(this.file);
    const before = await readRevision(this.file);
    if (before.revision !== revision)
      throw new EditError('file_changed', 'CONFIG_FILE was changed meanwhile: look at it again');
    this.#parsed(before.text);
    const text = editCameras(before.text, edit);
    try {
      this.parse(text);
    } catch (error) {
      if (error instanceof ConfigError) throw badParameter(this.#firstOf(error));
      throw error;
    }
    await replaceFile(this.file, text, revision, holdsCredentials(edit));
    return (await readRevision(this.file)).revision;
  }

  #parsed(text: string): ConfigFile {
    try {
      return this.parse(text);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      throw new EditError('file_invalid', `CONFIG_FILE is not valid, mend it first: ${this.#firstOf(error)}`);
    }
  }

  /** Line, column and message; the path of the file is nobody's business. */
  #firstOf({ problems }: ConfigError): string {
    return (problems[0] ?? '').replace(`${this.file}:`, '');
  }
}

/** User and password, or a query, in which many cameras want them. */
function holdsCredentials(edit: CameraEdit): boolean {
  const { url, main_url: main } =
    edit.kind === 'add'
      ? edit.camera
      : edit.kind === 'change'
        ? edit.fields
        : { url: undefined, main_url: undefined };
  return [url, main].some((given) => {
    if (given === undefined) return false;
    const parsed = parseRtspUrl(given);
    return parsed.credentials() !== null || parsed.rest.includes('?');
  });
}
