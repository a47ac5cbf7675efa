import type { Row } from '../../views/base/rows.ts';

/** The terminal's size in character cells. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/**
 * A key, or what happened to the terminal. `together`: it came in one read with other characters or Enter, or right
 * after a paste. A person does not type like that; navigation may take it (a slow line joins keys), a typed text never
 * does.
 */
export type KeyEvent =
  | { readonly kind: 'character'; readonly character: string; readonly together?: true }
  /** A paste that the terminal marks as such. Never counts. */
  | { readonly kind: 'paste' }
  | { readonly kind: 'enter'; readonly together?: true }
  | {
      readonly kind:
        | 'escape'
        | 'backspace'
        | 'tab'
        | 'back-tab'
        | 'up'
        | 'down'
        | 'left'
        | 'right'
        | 'page-up'
        | 'page-down'
        | 'home'
        | 'end';
    }
  /** Ctrl-C. A scene decides what it means. */
  | { readonly kind: 'interrupt' }
  /** A closed terminal, the end of input, a termination signal. */
  | { readonly kind: 'gone'; readonly why: string };

/**
 * The view of a screen at a time: the review, or the progress of a run. `frame` is pure and gives at most `size.rows -
 * 1` rows of at most `size.columns` columns; `now` in milliseconds since 1970. A view may remember what it drew last.
 */
export interface View {
  frame(size: Size, now: number): readonly Row[];
  handle(event: KeyEvent): void;
  /** Calls back when the next frame may differ; returns how to stop listening. */
  onChange(callback: () => void): () => void;
  /**
   * Milliseconds between frames while nothing happens (spinner, elapsed time); null: none are needed. Read after each
   * frame.
   */
  readonly tick: number | null;
}

/**
 * The one alternate screen of a command, from its opening to its close; scenes follow each other on it without a
 * flicker.
 */
export interface Screen {
  show(scene: View): void;
  /** Restores the terminal. Safe to call twice. */
  close(): Promise<void>;
}
