/**
 * `count.ts WORKLOAD VARIANT`, one process of `drift.ts`: counts what a run takes, entries of the ready queue and bytes an item, and
 * prints it as JSON.
 *
 * Nothing in here depends on how fast the machine is. The host's time stands until all that is ready has run, then jumps to
 * the next timer. A run fits into the young generation, so that nothing is collected in it, and nothing is optimized, since V8
 * chooses what by time: these bytes are more than those of `npm run bench`.
 */
import { getHeapStatistics } from "node:v8"
import { loadRow } from "./rows.ts"
import type { Sampler } from "./sampler.ts"

export interface Counts {
  readonly entries: number
  readonly bytes: number
}

/** Runs in which everything is made that is made once; then bytes are counted, in the last one entries. */
const warm = 2
const last = 5

/** Milliseconds. */
const perReading = 1e-4

/** Before Effect and the library look for the host's time. */
const stopTime = (): void => {
  let now = 0
  let timers: ReadonlyArray<{ readonly at: number; readonly run: () => void }> = []
  let jump: NodeJS.Immediate | undefined
  let turns = 0
  const { setImmediate } = globalThis
  const jumpSoon = () => {
    if (timers.length > 0) jump ??= setImmediate(jumpToNext)
  }
  const jumpToNext = () => {
    jump = undefined
    if (turns > 0) return jumpSoon()
    const [next] = timers.toSorted((a, b) => a.at - b.at)
    if (next === undefined) return
    remove(next)
    now = Math.max(now, next.at)
    next.run()
    jumpSoon()
  }
  const remove = (timer: unknown) => {
    timers = timers.filter((other) => other !== timer)
  }
  Date.now = () => 1.8e12 + now
  performance.now = () => now
  // The library does not believe a clock that stands.
  process.hrtime.bigint = () => BigInt(Math.round((now += perReading) * 1e6))
  Object.assign(globalThis, {
    clearTimeout: remove,
    setImmediate: (run: () => void) => {
      turns++
      return setImmediate(() => {
        turns--
        run()
      })
    },
    setTimeout: (run: () => void, delay: number) => {
      const timer = { at: now + delay, run }
      timers = [...timers, timer]
      jumpSoon()
      return timer
    }
  })
}

class Counter implements Sampler {
  private readonly n: number
  private readonly items: number
  private run = 0
  private before = 0
  private bytes = Infinity
  private entries = 0

  constructor(n: number, items: number) {
    this.n = n
    this.items = items
  }

  begin(): number {
    this.run++
    // Last, as whoever listens takes bytes of its own.
    if (this.run === last) observe({ stepBegan: () => void this.entries++ })
    globalThis.gc!()
    this.before = getHeapStatistics().used_heap_size
    return this.n
  }

  end(): void {
    const bytes = getHeapStatistics().used_heap_size - this.before
    if (this.run > warm && this.run < last) this.bytes = Math.min(this.bytes, bytes)
    if (this.run < last) return
    const counts: Counts = {
      entries: Number((this.entries / this.items).toFixed(3)),
      bytes: Math.round(this.bytes / this.items)
    }
    console.log(JSON.stringify(counts))
    // Tasks may be asleep.
    process.exit()
  }
}

stopTime()
process.env["BENCH_LIBRARY"] = new URL("../src/index.ts", import.meta.url).href
const { observe } = await import("../src/internal/kernel/observer.ts")

const [name, variant] = process.argv.slice(2) as [string, string]
const workload = await loadRow(name)
const n = workload.counted ?? 1000
const run = await workload.variants[variant]!()
await run(new Counter(n, workload.items?.(n, variant) ?? n))
