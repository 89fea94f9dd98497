/**
 * The ordinary tests, with a change planted in the source: those of `test/` itself, written by hand, and the traces of
 * CPython. Neither what explores (`explore/`) nor what cancels at every step and at random (`laws/`, `fuzz/`) is among them;
 * nor what is about the host and its time, the collector, how the package is built and printed, or how long the virtual
 * loop's patience is.
 */
import { defaultServerConditions } from "vite"
import { defineConfig } from "vitest/config"
import { apply, type Change } from "./planted.ts"

// INVARIANT: made by JSON.stringify of a change, in explore.ts.
const planted = JSON.parse(process.env["PLANTED"]!) as Change

const others = [
  "beyond-types",
  "coarse-clocks",
  "copies",
  "examples-real",
  "examples",
  "fake-timers",
  "fake-timers-first",
  "garbage",
  "Heap",
  "host-turns",
  "house",
  "makesTask",
  "node",
  "Task.unseen",
  "TestClock",
  "VirtualLoop.deadlock",
  "VirtualLoop.spin",
  "VirtualLoop"
]

export default defineConfig({
  root: `${import.meta.dirname}/../..`,
  ssr: { resolve: { conditions: ["effect-asyncio-source", ...defaultServerConditions] } },
  plugins: [{
    name: "planted",
    enforce: "pre",
    transform: (code, id) => id.endsWith(`/${planted.file}`) ? apply(planted, code) : undefined
  }],
  test: {
    include: ["test/*.test.ts", "test/conformance/conformance.test.ts"],
    exclude: others.map((name) => `test/${name}.test.ts`),
    isolate: false,
    // What is cached on disk has no change in it, or another.
    fsModuleCache: false,
    bail: 1
  }
})
