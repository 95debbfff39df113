import { chmod, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { build } from 'rolldown';
import { AGENT_VERSION } from './src/agent/version.ts';

const here = import.meta.dirname;

/** Bundles the agent into one file that runs by `node worker-agent.mjs` on Node 20.11 or newer, nothing installed. */
export async function bundleAgent(file: string): Promise<void> {
  await build({
    input: resolve(here, 'src/cli.ts'),
    platform: 'node',
    // cpu-features and *.node are native parts that ssh2 does without.
    external: [/^node:/, 'bufferutil', 'utf-8-validate', 'cpu-features', /\.node$/],
    transform: {
      target: 'node20.11',
      // ssh2 looks for its native part beside itself.
      define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
    },
    output: {
      file,
      format: 'esm',
      codeSplitting: false,
      // Node keeps the source in memory. Names stay, so that a stack trace in a log can be read.
      minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
    },
  });
  await chmod(file, 0o755);
}

/** What a console that deploys the bundle needs to know of it; stands beside it. */
export async function describeAgent(file: string): Promise<void> {
  await writeFile(
    resolve(dirname(file), 'worker-agent.json'),
    `${JSON.stringify({ version: AGENT_VERSION })}\n`,
  );
}

if (import.meta.main) {
  const file = resolve(here, 'dist/worker-agent.mjs');
  await bundleAgent(file);
  await describeAgent(file);
  console.log(`built ${file}`);
}
