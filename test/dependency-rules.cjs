/** The house rules on who may import whom (ARCHITECTURE.md); `npm run check` fails on a breach or a cycle. */

const agentRooms = ['agent', 'queue', 'comfy', 'runtime', 'gpu', 'outputs'];
const room = (name) => `^worker-agent/src/${name}/`;
const only = (name, comment, from, allowed) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { pathNot: ['node_modules', ...allowed], dependencyTypesNot: ['core', 'npm', 'npm-dev', 'npm-peer'] },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'not-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^electron$' },
    },

    only('contract-is-the-ground', 'The contract imports nothing above it.', room('contract'), [
      room('contract'),
    ]),
    ...agentRooms
      .filter((name) => name !== 'agent')
      .map((name) =>
        only(`agent-room-${name}`, 'A room of the agent knows the contract and itself.', room(name), [
          room(name),
          room('contract'),
        ]),
      ),
    only('agent-deploys-alone', 'The agent never imports the console.', '^worker-agent/', ['^worker-agent/']),

    only('domain-is-pure', 'Domain: itself and the contract.', '^src-main/domain/', [
      '^src-main/domain/',
      room('contract'),
    ]),
    only(
      'connections',
      'Connections: themselves, domain, contract, the queue room.',
      '^src-main/connections/',
      ['^src-main/connections/', '^src-main/domain/', room('contract'), room('queue')],
    ),
    only('services', 'Services see connections through role interfaces.', '^src-main/services/', [
      '^src-main/services/',
      '^src-main/domain/',
      '^src-main/api/roles\\.ts$',
      '^src-main/api/roles/',
      // Types only: what a machine is that commands can be run on.
      '^src-main/connections/hosts/remote-host\\.ts$',
      room('contract'),
    ]),
    only('api', 'The API: itself, domain, contract.', '^src-main/api/', [
      '^src-main/api/',
      '^src-main/domain/',
      room('contract'),
    ]),
    only('app', 'Composition sees all of main but the shells.', '^src-main/app/', [
      '^src-main/(app|api|services|connections|domain)/',
      '^resources/catalogue/',
      room('contract'),
      room('queue'),
    ]),
    only('shells', 'Shells see app, api and the bridge.', '^src-main/shells/', [
      '^src-main/(shells|app|api)/',
      '^src-preload/bridge\\.ts$',
      room('contract'),
    ]),
    {
      name: 'electron-only-in-its-shell',
      severity: 'error',
      from: { pathNot: '^(src-main/shells/electron/|src-preload/|test/)' },
      to: { path: '(^|/)electron($|/)', dependencyTypes: ['npm', 'npm-dev', 'unknown'] },
    },
    only('preload', 'The preload stands alone.', '^src-preload/', ['^src-preload/']),
    only(
      'renderer',
      'The renderer knows main by its types, the bridge type and the contract.',
      '^src-renderer/',
      ['^src-renderer/', '^src-main/api/types\\.ts$', '^src-preload/bridge\\.ts$', room('contract')],
    ),
    {
      name: 'renderer-takes-types-only',
      comment: 'Nothing of main may run in the renderer.',
      severity: 'error',
      from: { path: '^src-renderer/' },
      to: { path: '^src-main/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'features-do-not-know-siblings',
      severity: 'error',
      from: { path: '^src-renderer/features/([^/]+)/' },
      to: { path: '^src-renderer/features/', pathNot: '^src-renderer/features/$1/' },
    },
    {
      name: 'product-does-not-import-tests',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^test/' },
    },
    {
      name: 'product-does-not-import-the-demo',
      severity: 'error',
      from: { path: '^(src-|worker-agent/)' },
      to: { path: '^resources/demo/' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.base.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(node_modules|/dist/|^out/|^test/artifacts)' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'require', 'types'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.cjs', '.json'],
    },
  },
};
