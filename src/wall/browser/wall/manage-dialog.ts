import type { EditableCamera, EditableFile } from '../../../shared/editable-file.js';
import type { Strings } from '../../page/strings.js';
import { make, makeButton } from '../dom.js';
import type { AdminClient } from './admin-client.js';
import { tokenField } from './token-field.js';

/** The cameras of the configuration, for administrators: rename, move, remove. */
export class ManageDialog {
  readonly element: HTMLDialogElement;
  readonly #list = make('ul', { className: 'cameras' });
  readonly #problem = make('p', { className: 'problem' });
  readonly #said = make('p', { className: 'said' });
  readonly #signIn: HTMLFormElement;
  readonly #token: HTMLInputElement;

  constructor(
    private readonly strings: Strings,
    private readonly client: AdminClient,
  ) {
    const { label, input, user } = tokenField(strings.manage);
    this.#token = input;
    const enter = make('button', { className: 'primary', text: strings.manage.signIn });
    this.#signIn = make('form', {}, user, label, make('div', { className: 'row' }, enter));
    this.#signIn.addEventListener('submit', (event) => {
      event.preventDefault();
      const token = input.value.trim();
      input.value = '';
      void this.#show(() => client.signIn(token));
    });
    this.#problem.setAttribute('role', 'alert');
    this.#said.setAttribute('role', 'status');
    const heading = make('h2', { text: strings.manage.title });
    heading.id = 'manage-title';
    const close = makeButton(strings.close, 'close', () => this.element.close());
    this.element = make(
      'dialog',
      { className: 'manage' },
      heading,
      this.#signIn,
      this.#list,
      this.#problem,
      this.#said,
      make('div', { className: 'row' }, close),
    );
    this.element.setAttribute('aria-labelledby', heading.id);
  }

  open(): void {
    this.#say('', '');
    this.#list.replaceChildren();
    this.#signIn.hidden = this.client.known;
    this.element.showModal();
    if (this.client.known) void this.#show(() => this.client.list());
    else this.#token.focus();
  }

  /** Shows what the configuration is; what goes wrong is said, and the list stays. */
  async #show(ask: () => Promise<EditableFile>): Promise<boolean> {
    try {
      this.#fill(await ask());
      this.#signIn.hidden = true;
      return true;
    } catch (error) {
      this.#say(error instanceof Error ? error.message : '', '');
      this.#signIn.hidden = this.client.known;
      return false;
    }
  }

  /** Does one change, then shows what the configuration is afterwards, also when it was not done. */
  async #change(change: () => Promise<void>): Promise<void> {
    let problem = '';
    try {
      await change();
    } catch (error) {
      problem = error instanceof Error ? error.message : '';
    }
    if (await this.#show(() => this.client.list()))
      this.#say(problem, problem === '' ? this.strings.manage.saved : '');
  }

  #say(problem: string, said: string): void {
    this.#problem.textContent = problem;
    this.#problem.hidden = problem === '';
    this.#said.textContent = said;
  }

  #fill({ cameras, problem }: EditableFile): void {
    const focused =
      document.activeElement instanceof HTMLElement ? document.activeElement.dataset['key'] : undefined;
    const items = cameras.map((camera, at) =>
      this.#item(camera, cameras[at - 1]?.name, cameras[at + 2]?.name ?? null, at === cameras.length - 1),
    );
    this.#list.replaceChildren(...items);
    this.#say(problem ?? '', cameras.length === 0 ? this.strings.manage.empty : '');
    const controls = [...this.#list.querySelectorAll<HTMLElement>('[data-key]')];
    (controls.find((control) => control.dataset['key'] === focused) ?? controls[0])?.focus();
  }

  /** @param above the camera before it; `after` the one that it would stand before if it were moved down */
  #item(
    camera: EditableCamera,
    above: string | undefined,
    after: string | null,
    last: boolean,
  ): HTMLLIElement {
    const { manage } = this.strings;
    const { name } = camera;
    const title = this.#field(`${name} title`, camera.title, manage.titleOf(name), 200, (value) =>
      this.client.change(name, { title: value }),
    );
    const id = this.#field(`${name} name`, name, manage.nameOf(name), 64, (value) =>
      this.client.change(name, { name: value }),
    );
    const up = this.#button('↑', `${name} up`, manage.up(name), () =>
      this.client.change(name, { before: above ?? null }),
    );
    const down = this.#button('↓', `${name} down`, manage.down(name), () =>
      this.client.change(name, { before: after }),
    );
    up.disabled = above === undefined;
    down.disabled = last;
    return make('li', {}, title, id, make('span', { text: camera.address }), up, down, this.#remover(name));
  }

  #field(
    key: string,
    value: string,
    label: string,
    maxLength: number,
    change: (value: string) => Promise<void>,
  ): HTMLInputElement {
    const input = make('input');
    input.value = value;
    input.maxLength = maxLength;
    input.spellcheck = false;
    input.dataset['key'] = key;
    input.setAttribute('aria-label', label);
    input.title = label;
    input.addEventListener('change', () => void this.#change(() => change(input.value.trim())));
    return input;
  }

  #button(text: string, key: string, label: string, action: () => Promise<void>): HTMLButtonElement {
    const button = makeButton(text, '', () => void this.#change(action));
    button.dataset['key'] = key;
    button.setAttribute('aria-label', label);
    button.title = label;
    return button;
  }

  /** Asks once more: what it removes is gone for everybody. */
  #remover(name: string): HTMLButtonElement {
    const { manage } = this.strings;
    let asked = false;
    const button = makeButton('×', 'remove', () => {
      if (asked) {
        void this.#change(() => this.client.remove(name));
        return;
      }
      asked = true;
      button.textContent = manage.reallyRemove;
      button.removeAttribute('aria-label');
    });
    button.dataset['key'] = `${name} remove`;
    button.setAttribute('aria-label', manage.remove(name));
    button.addEventListener('blur', () => {
      asked = false;
      button.textContent = '×';
      button.setAttribute('aria-label', manage.remove(name));
    });
    return button;
  }
}
