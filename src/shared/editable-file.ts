/** What an administrator is told of CONFIG_FILE: on the service's side and on the page's. */

/** A camera of the file: where it is, never how it is signed in to. */
export interface EditableCamera {
  readonly name: string;
  readonly title: string;
  /** Host and port. */
  readonly address: string;
}

export interface EditableFile {
  /** Changes with every change of the file. */
  readonly revision: string;
  readonly cameras: readonly EditableCamera[];
  /** Why it cannot be changed; null when it can. */
  readonly problem: string | null;
}
