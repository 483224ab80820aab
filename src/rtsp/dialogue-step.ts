/** What happens while a camera is opened, for people: the doctor prints it. All texts are printable, and hold no credentials. */
export type DialogueStep =
  /** `ms` of the TCP and TLS handshakes. */
  | { readonly kind: 'connected'; readonly ms: number; readonly tls: boolean }
  | {
      readonly kind: 'answer';
      readonly method: string;
      readonly status: number;
      readonly reason: string;
      /** From the request to its answer. */
      readonly ms: number;
      readonly withCredentials: boolean;
      /** The Server header; empty without one. */
      readonly server: string;
    }
  /** The schemes that a 401 offered: `Digest SHA-256`. */
  | { readonly kind: 'challenged'; readonly offered: readonly string[] }
  /** The description's media, and which of its video tracks is set up. */
  | { readonly kind: 'described'; readonly media: string; readonly track: number; readonly tracks: number }
  | { readonly kind: 'transport'; readonly text: string }
  | { readonly kind: 'note'; readonly text: string };
