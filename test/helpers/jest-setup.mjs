// Ink renders nothing until unmount when it believes that it runs in CI; the SDK prints a notice about Node versions.
delete process.env.CI;
delete process.env.CONTINUOUS_INTEGRATION;
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

// A process of aiplan has the key of one account; that of the tests is always the same.
const { maskKeyOf, useMaskKey } = await import('../../src/base/digest.ts');
useMaskKey(maskKeyOf('of the tests'));
