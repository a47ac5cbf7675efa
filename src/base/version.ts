/** The version of the program, as package.json and src/cli.ts have it; for the user agent that AWS logs. */
export const version = '0.1.0';
