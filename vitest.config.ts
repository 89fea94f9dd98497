import { defaultServerConditions } from "vite"
import { defineConfig } from "vitest/config"
import type { Reporter } from "vitest/node"

/**
 * Ends every run with `N passed, N failed`, alone on a line. What fails outside of a test (a file that does not load, a
 * hook, an unhandled error) counts as a failure of its own.
 */
const tally: Reporter = {
  onTestRunEnd(modules, unhandledErrors) {
    const states = modules.flatMap((module) => Array.from(module.children.allTests(), (test) => test.result().state))
    const broken = modules.flatMap((module) => [module, ...module.children.allSuites()])
      .filter((suite) => suite.errors().length > 0)
    const passed = states.filter((state) => state === "passed").length
    const failed = states.filter((state) => state === "failed").length
    console.log(`${passed} passed, ${failed + broken.length + unhandledErrors.length} failed`)
  }
}

/**
 * Those that change the host before Effect and the library look for it; those that wait for the collector, which takes its
 * time in a large heap; those that count what all loops of the process do; and the laws, which run for so long that code
 * optimized for them alone is worth a process.
 */
const alone = [
  "test/coarse-clocks.test.ts",
  "test/fake-timers-first.test.ts",
  "test/fake-timers.test.ts",
  "test/garbage.test.ts",
  "test/insight/metrics.test.ts",
  "test/laws/laws.test.ts",
  "test/Task.unseen.test.ts"
]

export default defineConfig({
  // `effect-asyncio` is src here.
  ssr: { resolve: { conditions: ["effect-asyncio-source", ...defaultServerConditions] } },
  test: {
    reporters: ["default", tally],
    // By default one core is left alone: of two, that is half of the time.
    maxWorkers: "100%",
    // Against what hangs. No test is about how quick the machine is, or how busy.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    projects: [
      {
        extends: true,
        test: {
          name: "together",
          include: ["test/**/*.test.ts"],
          exclude: alone,
          // Loading Effect and the library anew takes more than most files do with them.
          isolate: false,
          typecheck: {
            enabled: true,
            include: ["test/types/**/*.test-d.ts"],
            // Those are for `npm run check`.
            ignoreSourceErrors: true
          }
        }
      },
      { extends: true, test: { name: "alone", include: alone } }
    ]
  }
})
