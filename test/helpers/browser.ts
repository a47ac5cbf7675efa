import { openBrowser, type Browser } from '../../scripts/browser.mjs';

export type { Browser, Page } from '../../scripts/browser.mjs';

/**
 * A real headless browser, or null where none can run. As with the emulator one line says why, and with
 * AIPLAN_REQUIRE_EMULATOR=1 it throws instead.
 */
export async function browserAvailable(): Promise<Browser | null> {
  try {
    return await openBrowser();
  } catch (error) {
    const why = (error as Error).message;
    if (process.env['AIPLAN_REQUIRE_EMULATOR'] === '1')
      throw new Error(`a browser is required and cannot run: ${why}`, { cause: error });
    console.warn(`browser suites are skipped: ${why}`);
    return null;
  }
}
