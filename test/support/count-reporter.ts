import { relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

/**
 * Closes a run with one plain line, `N passed, N failed, N skipped`, and names what was skipped, and what passed only
 * when it was tried again, with the reason: a test that is not steady is found before it fails for good.
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    const skipped: string[] = [];
    const unsteady: string[] = [];
    let broken = 0;
    for (const module of modules) {
      if (module.errors().length > 0) broken += 1;
      for (const test of module.children.allTests()) {
        const { state, errors = [] } = test.result();
        if (state === 'passed') {
          count.passed += 1;
          for (const { message, stacks = [] } of errors) {
            const [at] = stacks.map(({ file, line }) => ` (${relative(process.cwd(), file)}:${line})`);
            unsteady.push(`passed only when tried again: ${test.fullName}: ${message}${at ?? ''}`);
          }
        } else if (state === 'failed') count.failed += 1;
        else {
          count.skipped += 1;
          skipped.push(test.fullName);
        }
      }
    }
    for (const line of unsteady) console.log(line);
    for (const name of skipped) console.log(`skipped: ${name}`);
    console.log(`${count.passed} passed, ${count.failed + broken} failed, ${count.skipped} skipped`);
  }
}
