#!/usr/bin/env node
// The SDK prints a notice about Node versions to stderr, which would tear a terminal screen.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

const module = await import('node:module');
(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();

const { main } = await import('./cli.ts');
process.exitCode = await main();

export {};
