/**
 * Measures runs of one program in one process.
 *
 * A run's figure is the time from the start of the program to its end, divided by its items. A process reports the sum
 * over all the runs of its window, not their median: a collection of garbage belongs to the runs that made the garbage,
 * though it falls into one of them. Medians are taken over processes.
 */
import { getHeapStatistics } from "node:v8"

/** What a program is asked to do, again and again. */
export interface Sampler {
  /** Begins a run, and gives its n; 0 when there is nothing more to measure. */
  begin(): number
  /** Ends the run. */
  end(): void
}

/** What one process measured. */
export interface Sample {
  readonly runs: number
  /** Items of all runs. */
  readonly items: number
  /** Nanoseconds between begin and end, of all runs. */
  readonly wall: number
  /** Nanoseconds of processor time in there, all threads. */
  readonly cpu: number
  /** Bytes: allocated in all runs, or held after one (heap). */
  readonly bytes: number | undefined
}

/** Node's `--expose-gc`. */
const collect = (): void => (globalThis as { gc?: () => void }).gc?.()

/** Absent before Node 25. */
const allocated = (): number | undefined =>
  (getHeapStatistics() as { total_allocated_bytes?: number }).total_allocated_bytes

const warmSize = 1000

/** At most so many times its budget may a stage last: what mostly waits, or a busy machine. */
const patience = 3

/**
 * Warms up with small runs, rehearses the real size for half as long unless a run takes long, then measures. Budgets are
 * milliseconds of processor time, so that a busy machine does not leave a program half warm.
 */
export class TimeSampler implements Sampler {
  private readonly n: number
  private readonly itemsOf: (n: number) => number
  private readonly warmBudget: number
  private readonly budget: number
  private stage: "warm" | "rehearse" | "measure" = "warm"
  private size: number
  private stageRuns = 0
  private stageStart = performance.now()
  private stageCpuStart = process.cpuUsage()
  private runStart = 0
  private cpuStart = process.cpuUsage()
  private lastRun = 0
  private wall = 0
  private cpu = 0
  private bytesStart: number | undefined = undefined
  private result: Sample | undefined = undefined

  constructor(n: number, itemsOf: (n: number) => number, warmBudget: number, budget: number) {
    this.n = n
    this.itemsOf = itemsOf
    this.warmBudget = warmBudget
    this.budget = budget
    this.size = Math.min(n, warmSize)
  }

  get sample(): Sample {
    if (this.result === undefined) throw new Error("The program ended before its runs were measured")
    return this.result
  }

  begin(): number {
    if (this.stage === "warm" && this.isOver(this.warmBudget)) {
      const expected = this.lastRun * this.n / this.size
      this.enter(this.n > this.size && expected < 500 ? "rehearse" : "measure")
    } else if (this.stage === "rehearse" && this.isOver(this.warmBudget / 2)) {
      this.enter("measure")
    } else if (this.stage === "measure" && this.isOver(this.budget)) {
      const bytes = allocated()
      this.result = {
        runs: this.stageRuns,
        items: this.stageRuns * this.itemsOf(this.n),
        wall: this.wall * 1e6,
        cpu: this.cpu * 1e3,
        bytes: bytes === undefined ? undefined : bytes - this.bytesStart!
      }
      return 0
    }
    this.cpuStart = process.cpuUsage()
    this.runStart = performance.now()
    return this.size
  }

  private isOver(budget: number): boolean {
    if (this.stageRuns === 0) return false
    const { system, user } = process.cpuUsage(this.stageCpuStart)
    return (user + system) / 1000 >= budget || performance.now() - this.stageStart >= patience * budget
  }

  private enter(stage: "rehearse" | "measure"): void {
    this.stage = stage
    this.size = this.n
    this.stageRuns = 0
    if (stage === "measure") {
      collect()
      this.wall = 0
      this.cpu = 0
      this.bytesStart = allocated()
    }
    this.stageStart = performance.now()
    this.stageCpuStart = process.cpuUsage()
  }

  end(): void {
    this.lastRun = performance.now() - this.runStart
    const { system, user } = process.cpuUsage(this.cpuStart)
    this.wall += this.lastRun
    this.cpu += user + system
    this.stageRuns++
  }
}

/** Measures what is held after one run; the program leaves its tasks asleep. */
export class HeapSampler implements Sampler {
  private readonly n: number
  private readonly report: (sample: Sample) => void
  private isWarm = false
  private before = 0

  constructor(n: number, report: (sample: Sample) => void) {
    this.n = n
    this.report = report
  }

  begin(): number {
    if (!this.isWarm) return 10
    this.before = held()
    return this.n
  }

  end(): void {
    if (this.isWarm) this.report({ runs: 1, items: this.n, wall: 0, cpu: 0, bytes: held() - this.before })
    this.isWarm = true
  }
}

const held = (): number => {
  collect()
  collect()
  return process.memoryUsage().heapUsed
}
