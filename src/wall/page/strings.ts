import { MANAGE_EN, MANAGE_ES, type ManageStrings } from './manage-strings.js';
import { REASONS_EN, REASONS_ES, type ReasonTexts } from './reason-texts.js';
import type { Word } from './verdict.js';

/** Every string of the wall, in English and Spanish. */
export interface Strings {
  /** BCP 47 tag. */
  readonly lang: string;
  readonly words: Readonly<Record<Word, string>>;
  /** The word as it is said of so many cameras. */
  readonly wordOf: (word: Word, count: number) => string;
  readonly reasons: ReasonTexts;
  readonly frozen: string;
  readonly waiting: string;
  readonly link: string;
  readonly linkTitle: string;
  readonly browserTooOld: string;
  readonly wall: string;
  readonly cameras: (count: number) => string;
  readonly tile: (name: string, said: string) => string;
  readonly add: string;
  readonly help: string;
  readonly close: string;
  readonly fullScreen: string;
  readonly columns: string;
  readonly auto: string;
  readonly hidden: (count: number) => string;
  readonly show: string;
  readonly remove: (name: string) => string;
  readonly tryAgain: string;
  readonly retryDenied: string;
  readonly takeOff: string;
  readonly back: string;
  /** Title and text of a wall without tiles. */
  readonly empty: Readonly<Record<'none' | 'hidden' | 'noView', readonly [title: string, text: string]>>;
  readonly views: string;
  readonly allCameras: string;
  readonly addTitle: string;
  readonly manage: ManageStrings;
  readonly address: string;
  readonly name: string;
  readonly nameHint: string;
  readonly privacy: string;
  readonly cancel: string;
  readonly urlProblems: Readonly<Record<'empty' | 'scheme' | 'host' | 'password', string>>;
  readonly nameProblem: string;
  readonly nameTaken: string;
  readonly listRefused: string;
  readonly helpTitle: string;
  readonly keys: readonly (readonly [keys: string, text: string])[];
  readonly changed: (names: readonly string[], word: string) => string;
  readonly agoUnits: readonly [s: string, min: string, h: string, d: string];
}

export const EN: Strings = {
  lang: 'en',
  words: {
    connecting: 'Connecting',
    waiting: 'Waiting',
    live: 'Live',
    stale: 'Stale',
    frozen: 'Frozen',
    offline: 'Offline',
    link: 'No server',
    refused: 'Refused',
    removed: 'Removed',
  },
  wordOf: (word) => EN.words[word],
  reasons: REASONS_EN,
  waiting: 'The camera is connected. Its picture is on the way.',
  frozen: 'The picture has not changed. The camera may hang, or the scene is perfectly still.',
  link: 'The connection to the server is lost. It is being tried again.',
  linkTitle: 'No connection to the server',
  browserTooOld: 'This browser is too old to show the wall.',
  wall: 'Camera wall',
  cameras: (count) => `${count} ${count === 1 ? 'camera' : 'cameras'}`,
  tile: (name, said) => `${name}: ${said}`,
  add: 'Add camera',
  help: 'Keys',
  close: 'Close',
  fullScreen: 'Full screen',
  columns: 'Columns',
  auto: 'Auto',
  hidden: (count) => `${count} hidden`,
  show: 'Show',
  remove: (name) => `Remove ${name} from this wall`,
  tryAgain: 'Try again',
  retryDenied: 'The camera was tried less than half a minute ago. Wait a moment: cameras lock accounts.',
  takeOff: 'Remove',
  back: 'Back to the wall',
  empty: {
    none: [
      'No cameras yet',
      'Add one with its RTSP address, which its manual or web page names. Cameras of the service’s configuration appear here by themselves.',
    ],
    hidden: ['All cameras are hidden', 'They were taken off this wall. Show them again, or add another one.'],
    noView: [
      'No such view',
      'The service knows no view of this name, or your token does not cover it. It is looked for again by itself.',
    ],
  },
  views: 'View',
  allCameras: 'All cameras',
  addTitle: 'Add a camera',
  manage: MANAGE_EN,
  address: 'RTSP address',
  name: 'Name',
  nameHint: 'optional',
  privacy:
    'The address goes to this service only. It is kept in this browser tab until you close it, never in the page’s link.',
  cancel: 'Cancel',
  urlProblems: {
    empty: 'Type the camera’s RTSP address.',
    scheme: 'The address must begin with rtsp:// or rtsps://.',
    host: 'The address has no host. It looks like rtsp://user:password@192.168.1.20/stream.',
    password: 'Write @ / ? # ; \\ % in user and password as %40 %2F %3F %23 %3B %5C %25.',
  },
  nameProblem: 'The name needs a letter or a digit of the Latin alphabet.',
  nameTaken: 'A camera of this name is on the wall already. Choose another name.',
  listRefused:
    'The access token is missing, wrong or expired. Open the page with a valid ?token=… in its address.',
  helpTitle: 'Keys',
  keys: [
    ['← ↑ → ↓', 'move from camera to camera'],
    ['Enter', 'make a camera large'],
    ['Esc', 'back to the wall'],
    ['Shift + ← →', 'move a camera in the order (or drag it)'],
    ['Delete', 'take a camera off this wall'],
    ['+  −  0', 'fewer columns, more columns, automatic'],
    ['R', 'try a camera again that refused its password'],
    ['I', 'show rate and age of the pictures'],
    ['A', 'add a camera'],
    ['M', 'change the cameras of the configuration (administrators)'],
    ['F', 'full screen'],
    ['?', 'this help'],
  ],
  changed: (names, word) =>
    names.length <= 3 ? `${names.join(', ')}: ${word}.` : `${names.length} cameras: ${word}.`,
  agoUnits: ['s', 'min', 'h', 'd'],
};

export const ES: Strings = {
  lang: 'es',
  words: {
    connecting: 'Conectando',
    waiting: 'Esperando',
    live: 'En directo',
    stale: 'Atrasada',
    frozen: 'Congelada',
    offline: 'Sin señal',
    link: 'Sin servidor',
    refused: 'Rechazada',
    removed: 'Quitada',
  },
  wordOf: (word, count) => (count === 1 ? ES.words[word] : ES.words[word].replace(/ada$/, 'adas')),
  reasons: REASONS_ES,
  waiting: 'La cámara está conectada. Su imagen está en camino.',
  frozen: 'La imagen no cambia. Puede que la cámara esté bloqueada o que la escena esté del todo quieta.',
  link: 'Se perdió la conexión con el servidor. Se está intentando de nuevo.',
  linkTitle: 'Sin conexión con el servidor',
  browserTooOld: 'Este navegador es demasiado antiguo para mostrar el muro.',
  wall: 'Muro de cámaras',
  cameras: (count) => `${count} ${count === 1 ? 'cámara' : 'cámaras'}`,
  tile: (name, said) => `${name}: ${said}`,
  add: 'Añadir cámara',
  help: 'Teclas',
  close: 'Cerrar',
  fullScreen: 'Pantalla completa',
  columns: 'Columnas',
  auto: 'Auto',
  hidden: (count) => `${count} ${count === 1 ? 'oculta' : 'ocultas'}`,
  show: 'Mostrar',
  remove: (name) => `Quitar ${name} de este muro`,
  tryAgain: 'Probar de nuevo',
  retryDenied: 'La cámara se probó hace menos de medio minuto. Espere: las cámaras bloquean cuentas.',
  takeOff: 'Quitar',
  back: 'Volver al muro',
  empty: {
    none: [
      'Todavía no hay cámaras',
      'Añada una con su dirección RTSP, que figura en su manual o en su página web. Las cámaras configuradas en el servicio aparecen aquí solas.',
    ],
    hidden: [
      'Todas las cámaras están ocultas',
      'Se quitaron de este muro. Muéstrelas de nuevo o añada otra.',
    ],
    noView: [
      'No existe esta vista',
      'El servicio no conoce ninguna vista con este nombre, o su token no la incluye. Se buscará de nuevo sin más.',
    ],
  },
  views: 'Vista',
  allCameras: 'Todas las cámaras',
  addTitle: 'Añadir una cámara',
  manage: MANAGE_ES,
  address: 'Dirección RTSP',
  name: 'Nombre',
  nameHint: 'opcional',
  privacy:
    'La dirección solo se envía a este servicio. Se guarda en esta pestaña hasta que la cierre, nunca en el enlace de la página.',
  cancel: 'Cancelar',
  urlProblems: {
    empty: 'Escriba la dirección RTSP de la cámara.',
    scheme: 'La dirección debe empezar por rtsp:// o rtsps://.',
    host: 'Falta el equipo en la dirección. Es parecida a rtsp://usuario:clave@192.168.1.20/stream.',
    password: 'Escriba @ / ? # ; \\ % en usuario y contraseña como %40 %2F %3F %23 %3B %5C %25.',
  },
  nameProblem: 'El nombre necesita una letra o una cifra del alfabeto latino.',
  nameTaken: 'Ya hay una cámara con este nombre en el muro. Elija otro.',
  listRefused:
    'El token de acceso falta, no es válido o caducó. Abra la página con un ?token=… válido en la dirección.',
  helpTitle: 'Teclas',
  keys: [
    ['← ↑ → ↓', 'pasar de una cámara a otra'],
    ['Intro', 'ampliar una cámara'],
    ['Esc', 'volver al muro'],
    ['Mayús + ← →', 'cambiar una cámara de lugar (o arrastrarla)'],
    ['Supr', 'quitar una cámara de este muro'],
    ['+  −  0', 'menos columnas, más columnas, automático'],
    ['R', 'probar de nuevo una cámara que rechazó la contraseña'],
    ['I', 'ver la frecuencia y la edad de las imágenes'],
    ['A', 'añadir una cámara'],
    ['M', 'cambiar las cámaras de la configuración (administradores)'],
    ['F', 'pantalla completa'],
    ['?', 'esta ayuda'],
  ],
  changed: (names, word) =>
    names.length <= 3 ? `${names.join(', ')}: ${word}.` : `${names.length} cámaras: ${word}.`,
  agoUnits: ['s', 'min', 'h', 'd'],
};

/** Spanish for a Spanish browser, English for every other. `language` is a BCP 47 tag. */
export const stringsFor = (language: string): Strings => (/^es\b/i.test(language) ? ES : EN);
