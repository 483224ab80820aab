import { cameraIdFrom, hostOf, rtspProblem } from '../../page/camera-name.js';
import type { Strings } from '../../page/strings.js';
import type { AdhocCamera } from './adhoc-store.js';
import { make, makeButton } from '../dom.js';
import { tokenField } from './token-field.js';

function addressField(): HTMLInputElement {
  const address = make('input');
  address.type = 'text';
  address.inputMode = 'url';
  address.spellcheck = false;
  address.autocomplete = 'off';
  address.autocapitalize = 'off';
  address.placeholder = 'rtsp://user:password@192.168.1.20/stream';
  address.maxLength = 2048;
  address.name = 'address';
  return address;
}

function nameField(): HTMLInputElement {
  const name = make('input');
  name.type = 'text';
  name.autocomplete = 'off';
  name.maxLength = 64;
  name.name = 'name';
  return name;
}

export interface AddActions {
  /** Shows the camera in this browser; false when the name is taken. */
  added(camera: AdhocCamera): boolean;
  /** Puts it into the configuration. Rejects with an error whose message is for people. */
  kept(camera: AdhocCamera, token: string): Promise<void>;
}

function problemLine(): HTMLParagraphElement {
  const problem = make('p', { className: 'problem' });
  problem.setAttribute('role', 'alert');
  problem.hidden = true;
  return problem;
}

/** The form for a camera by its address. */
export class AddDialog {
  readonly element: HTMLDialogElement;
  readonly #keep: KeepFields;

  constructor(strings: Strings, actions: AddActions) {
    this.#keep = keepFields(strings);
    this.element = addDialog(strings, actions, this.#keep);
  }

  /**
   * @param keeps whether cameras can be put into the configuration
   * @param known whether an administrator has signed in
   */
  open(keeps: boolean, known: boolean): void {
    this.#keep.offer(keeps, known);
    this.element.showModal();
  }
}

interface KeepFields {
  readonly parts: readonly HTMLElement[];
  /** Says where the address goes. */
  readonly privacy: HTMLElement;
  readonly wanted: boolean;
  readonly token: string;
  offer(keeps: boolean, known: boolean): void;
  reset(): void;
}

/** The choice to put the camera into the configuration, and the token that this takes. */
function keepFields({ manage, privacy }: Strings): KeepFields {
  const box = make('input');
  box.type = 'checkbox';
  box.name = 'keep';
  const choice = make('label', { className: 'choice' }, box, make('span', { text: manage.keep }));
  const where = make('p');
  const { label, input, user } = tokenField(manage);
  let asksForToken = false;
  const show = (): void => {
    where.textContent = box.checked ? manage.keepHint : privacy;
    label.hidden = !box.checked || !asksForToken;
  };
  box.addEventListener('change', show);
  return {
    parts: [choice, user, label],
    privacy: where,
    get wanted() {
      return box.checked;
    },
    get token() {
      return label.hidden ? '' : input.value.trim();
    },
    offer: (keeps, known) => {
      choice.hidden = !keeps;
      asksForToken = !known;
      show();
    },
    reset: () => {
      input.value = '';
      show();
    },
  };
}

function addDialog(strings: Strings, actions: AddActions, keep: KeepFields): HTMLDialogElement {
  const address = addressField();
  const name = nameField();
  const problem = problemLine();
  const submit = make('button', { className: 'primary', text: strings.add });
  const cancel = makeButton(strings.cancel, '', () => dialog.close());
  const heading = make('h2', { text: strings.addTitle });
  heading.id = 'add-title';
  const form = make(
    'form',
    {},
    heading,
    make('label', { text: strings.address }, address),
    make('label', { text: `${strings.name} (${strings.nameHint})` }, name),
    ...keep.parts,
    problem,
    keep.privacy,
    make('div', { className: 'row' }, cancel, submit),
  );
  form.noValidate = true;
  const dialog = make('dialog', {}, form);
  dialog.setAttribute('aria-labelledby', heading.id);

  const complain = (text: string, field: HTMLInputElement): void => {
    problem.textContent = text;
    problem.hidden = false;
    field.focus();
  };
  const keepIt = (camera: AdhocCamera): void => {
    submit.disabled = true;
    actions
      .kept(camera, keep.token)
      .then(() => dialog.close())
      .catch((error: unknown) => complain(error instanceof Error ? error.message : '', address))
      .finally(() => (submit.disabled = false));
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const rtsp = address.value.trim();
    const wrong = rtspProblem(rtsp);
    if (wrong) {
      complain(strings.urlProblems[wrong], address);
      return;
    }
    const title = name.value.trim() || hostOf(rtsp);
    const camera = cameraIdFrom(title);
    if (camera === '') complain(strings.nameProblem, name);
    else if (keep.wanted) keepIt({ camera, title, rtsp });
    else if (!actions.added({ camera, title, rtsp })) complain(strings.nameTaken, name);
    else dialog.close();
  });
  dialog.addEventListener('close', () => {
    // The address may hold a password: it does not stay in a field.
    form.reset();
    keep.reset();
    problem.hidden = true;
  });
  return dialog;
}

export function helpDialog(strings: Strings): HTMLDialogElement {
  const heading = make('h2', { text: strings.helpTitle });
  heading.id = 'help-title';
  const list = make('dl');
  for (const [keys, text] of strings.keys) list.append(make('dt', { text: keys }), make('dd', { text }));
  const close = makeButton(strings.close, 'primary', () => dialog.close());
  const dialog = make('dialog', {}, heading, list, make('div', { className: 'row' }, close));
  dialog.setAttribute('aria-labelledby', heading.id);
  return dialog;
}
