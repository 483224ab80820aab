/** People who see the same: what a group's name in a token, or in a proxy's header, lets in to. */
export interface GroupSpec {
  /** As the token or header has it. */
  readonly name: string;
  /** Names, or patterns in which each `*` stands for any characters; null names none. */
  readonly cameras: readonly string[] | null;
  /** Views that may be opened, with all that they show; null: every view, with the cameras that are covered. */
  readonly views: readonly string[] | null;
}
