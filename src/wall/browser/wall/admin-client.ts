import type { EditableFile } from '../../../shared/editable-file.js';
import { parseEditableFile, textOf } from '../../page/editable-file.js';
import type { ManageStrings } from '../../page/manage-strings.js';
import { servicePath } from './navigation.js';

/** What an administrator asked for was not done; `message` is for people. */
export class AdminProblem extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** A new camera, or what is to change of one. */
export interface CameraChange {
  readonly name?: string;
  readonly title?: string;
  readonly url?: string;
  /** Name of the camera that it is to stand before; null is the end. */
  readonly before?: string | null;
}

/** After a change the service reads its file within so long, ms. */
const APPLIED_MS = [500, 1000, 1500, 2500];

/**
 * Changes the service's configuration. The token is kept in memory alone: it is gone with the page. All methods reject with
 * AdminProblem.
 */
export class AdminClient {
  #token = '';
  #revision = '';

  /** @param changed the service has something else to show, now or in a moment */
  constructor(
    private readonly strings: ManageStrings,
    private readonly changed: () => void,
  ) {}

  /** Whether somebody has signed in. */
  get known(): boolean {
    return this.#token !== '';
  }

  /** @returns the configuration that the token lets see */
  async signIn(token: string): Promise<EditableFile> {
    this.#token = token;
    try {
      return await this.list();
    } catch (error) {
      this.#token = '';
      throw error;
    }
  }

  async list(): Promise<EditableFile> {
    const file = parseEditableFile(await this.#ask('GET', '', undefined));
    if (!file) throw new AdminProblem('unreachable', this.strings.problems['unreachable'] ?? '');
    this.#revision = file.revision;
    return file;
  }

  /** For the configuration as it was listed last. */
  async add(camera: CameraChange): Promise<void> {
    await this.#change('POST', '', camera);
  }

  async change(name: string, change: CameraChange): Promise<void> {
    await this.#change('PATCH', `/${name}`, change);
  }

  async remove(name: string): Promise<void> {
    await this.#change('DELETE', `/${name}`, undefined);
  }

  async #change(method: string, path: string, body: CameraChange | undefined): Promise<void> {
    this.#revision = textOf(await this.#ask(method, path, body), 'revision');
    for (const wait of APPLIED_MS) setTimeout(this.changed, wait);
  }

  async #ask(method: string, path: string, body: CameraChange | undefined): Promise<unknown> {
    const headers = {
      Authorization: `Bearer ${this.#token}`,
      ...(method === 'GET' ? {} : { 'If-Match': `"${this.#revision}"` }),
      ...(body && { 'Content-Type': 'application/json' }),
    };
    const init = { method, headers, cache: 'no-store' as const, ...(body && { body: JSON.stringify(body) }) };
    const answer = await fetch(servicePath(`api/admin/cameras${path}`), init).catch(() => null);
    const json: unknown = await answer?.json().catch(() => null);
    if (answer?.ok) return json;
    const code = textOf(json, 'error') || 'unreachable';
    throw new AdminProblem(code, this.strings.problems[code] ?? textOf(json, 'message'));
  }
}
