/** Version of this agent; the same as in package.json, which a test holds it to. */
export const AGENT_VERSION = '0.1.0';
