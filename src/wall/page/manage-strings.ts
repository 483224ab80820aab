/** What the page says to administrators, who change the cameras of the configuration. */
export interface ManageStrings {
  readonly open: string;
  readonly title: string;
  readonly token: string;
  readonly signIn: string;
  readonly keep: string;
  readonly keepHint: string;
  readonly titleOf: (name: string) => string;
  readonly nameOf: (name: string) => string;
  readonly up: (name: string) => string;
  readonly down: (name: string) => string;
  readonly remove: (name: string) => string;
  readonly reallyRemove: string;
  readonly saved: string;
  readonly empty: string;
  /** By the codes of the service; its own text for those that are not here. */
  readonly problems: Readonly<Record<string, string>>;
}

export const MANAGE_EN: ManageStrings = {
  open: 'Manage',
  title: 'Cameras of the configuration',
  token: 'Administrator’s token',
  signIn: 'Sign in',
  keep: 'Keep it in the configuration, for everybody',
  keepHint: 'The address goes into the service’s file, and no page is ever told its password.',
  titleOf: (name) => `Title of ${name}`,
  nameOf: (name) => `Name of ${name}`,
  up: (name) => `Move ${name} up`,
  down: (name) => `Move ${name} down`,
  remove: (name) => `Remove ${name} from the configuration`,
  reallyRemove: 'Really?',
  saved: 'Saved.',
  empty: 'There are no cameras in the configuration.',
  problems: {
    unreachable: 'The server does not answer. Nothing was changed.',
    unauthenticated: 'This is not an administrator’s token.',
    not_admin: 'This token may not change cameras.',
    too_many_failures: 'Too many wrong tokens. Wait a minute.',
    file_changed: 'Somebody else has changed the configuration. This is what it is now: try again.',
    name_in_use: 'A camera has this name already. Choose another one.',
    target_denied: 'Cameras may not be at this address: see RTSP_ALLOW and RTSP_DENY.',
  },
};

export const MANAGE_ES: ManageStrings = {
  open: 'Gestionar',
  title: 'Cámaras de la configuración',
  token: 'Token de administrador',
  signIn: 'Entrar',
  keep: 'Guardarla en la configuración, para todos',
  keepHint: 'La dirección se guarda en el archivo del servicio, y ninguna página recibe nunca su contraseña.',
  titleOf: (name) => `Título de ${name}`,
  nameOf: (name) => `Nombre de ${name}`,
  up: (name) => `Subir ${name}`,
  down: (name) => `Bajar ${name}`,
  remove: (name) => `Quitar ${name} de la configuración`,
  reallyRemove: '¿Seguro?',
  saved: 'Guardado.',
  empty: 'No hay cámaras en la configuración.',
  problems: {
    unreachable: 'El servidor no responde. No se cambió nada.',
    unauthenticated: 'No es un token de administrador.',
    not_admin: 'Este token no permite cambiar cámaras.',
    too_many_failures: 'Demasiados tokens incorrectos. Espere un minuto.',
    file_changed: 'Otra persona ha cambiado la configuración. Así está ahora: inténtelo de nuevo.',
    file_not_writable: 'El servicio no puede cambiar su archivo de configuración.',
    file_invalid: 'El archivo de configuración tiene un error: corríjalo primero.',
    edit_by_hand: 'Este cambio debe hacerse en el propio archivo de configuración.',
    name_in_use: 'Ya hay una cámara con este nombre. Elija otro.',
    target_denied: 'Esta dirección no está permitida: vea RTSP_ALLOW y RTSP_DENY.',
  },
};
