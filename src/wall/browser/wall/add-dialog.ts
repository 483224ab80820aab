import { cameraIdFrom, hostOf, rtspProblem } from '../../page/camera-name.js';
import type { Strings } from '../../page/strings.js';
import type { AdhocCamera } from './adhoc-store.js';
import { make, makeButton } from '../dom.js';

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

/** The form for a camera by its address. `added` returns false when the name is taken. */
export function addDialog(strings: Strings, added: (camera: AdhocCamera) => boolean): HTMLDialogElement {
  const address = addressField();
  const name = nameField();
  const problem = make('p', { className: 'problem' });
  problem.setAttribute('role', 'alert');
  problem.hidden = true;
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
    problem,
    make('p', { text: strings.privacy }),
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
    else if (!added({ camera, title, rtsp })) complain(strings.nameTaken, name);
    else dialog.close();
  });
  dialog.addEventListener('close', () => {
    // The address may hold a password: it does not stay in a field.
    form.reset();
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
