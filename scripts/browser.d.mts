/** How a page is looked at: CSS pixels, colour scheme, device pixels for each. */
export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: 'light' | 'dark';
  readonly scale?: number;
}
export interface Page {
  /** Addresses that the page asked for besides itself. */
  readonly requests: readonly string[];
  /** Everything on its console: refusals of its policy, errors, messages. */
  readonly complaints: readonly string[];
  look(look: {
    readonly width?: number;
    readonly height?: number;
    readonly scheme?: 'light' | 'dark';
    readonly media?: 'screen' | 'print';
  }): Promise<void>;
  evaluate(expression: string): Promise<unknown>;
  png(whole?: boolean): Promise<Buffer>;
  close(): Promise<void>;
}
export interface Browser {
  readonly product: string;
  page(html: string, look?: Look): Promise<Page>;
  close(): Promise<void>;
}
export function openBrowser(): Promise<Browser>;
export function renderHtmlToPng(
  html: string,
  size: { readonly width: number; readonly height: number; readonly scale?: number; readonly whole?: boolean },
  scheme: 'light' | 'dark',
  browser?: Browser,
): Promise<Buffer>;
