/** Which process runs when: one at a time, in random order, what is compared one after the other, for as long as there is time. */
import { execute } from "../scripts/workshop.ts"
import { type Cell, figuresOf, type Named } from "./report.ts"
import type { Sample } from "./sampler.ts"

export interface Process {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env: NodeJS.ProcessEnv
}

export interface Plan {
  readonly named: (cell: Cell) => Named
  readonly processOf: (cell: Cell) => Process
  /** Measured in every round; the others in every second one. */
  readonly isMain: (cell: Cell) => boolean
  /** In milliseconds, from now. */
  readonly time: number
  /** A run that takes longer than this is left out, in milliseconds. */
  readonly longest: number
  /** Or all of them in every round. */
  readonly untilTheyAgree: boolean
}

/** Why a cell has no sample. */
export const noTime = "no time"

const fewest = 3
const most = 9
/** A spread of the figures at which they agree. */
const agreement = 0.04
/** A process so long is not repeated more often than it must be, in milliseconds. */
const long = 4000

export const measure = async (cells: ReadonlyArray<Cell>, plan: Plan): Promise<void> => {
  const start = performance.now()
  const progress = new Progress()
  const cost = new Map<Cell, number>()
  const hasTimeFor = (cell: Cell): boolean => performance.now() - start + (cost.get(cell) ?? 0) < plan.time

  const run = async (cell: Cell, place: string, left: number): Promise<void> => {
    progress.show(`${place} ${cell.workload} · ${cell.variant} · ${cell.n}`, left)
    const begin = performance.now()
    // What comes before the measured run takes as long again at most, and starting up some more.
    const outcome = await runProcess(plan.processOf(cell), 2 * plan.longest + 5000)
    cost.set(cell, performance.now() - begin)
    if (typeof outcome === "object") cell.samples.push(outcome)
    else if (cell.samples.length === 0) cell.skipped = outcome === "late" ? tooLong(plan) : "failed"
    if (outcome === "failed") progress.note(`${cell.workload} · ${cell.variant} · ${cell.n} failed`)
  }

  const sizes = Array.from(new Set(cells.map((cell) => cell.n))).toSorted((a, b) => a - b)
  let place = 0
  for (const n of sizes) {
    const ofSize = shuffled(cells.filter((cell) => cell.n === n))
    // If time is short, there is something to compare.
    const first = ofSize.filter((cell) => cell.variant.startsWith("effect-asyncio") || cell.variant === "effect")
    for (const cell of new Set([...first, ...ofSize])) {
      place++
      // An earlier run has measured it, or found that it takes too long.
      if (cell.samples.length > 0 || cell.skipped !== undefined) continue
      const smaller = smallerThan(cell, cells)
      if (smaller[0]?.skipped !== undefined) cell.skipped = smaller[0].skipped
      else if (expected(cell, smaller, plan) > plan.longest) cell.skipped = tooLong(plan)
      else if (!hasTimeFor(cell)) cell.skipped = noTime
      else await run(cell, `${place}/${cells.length}`, plan.time - (performance.now() - start))
    }
  }

  for (let round = 2; round <= most; round++) {
    const rest = shuffled(
      cells.filter((cell) => (round % 2 === 1 || plan.isMain(cell)) && wantsMore(cell, plan, cost.get(cell) ?? 0))
    )
    for (const [i, cell] of rest.entries()) {
      if (!hasTimeFor(cell)) continue
      const ahead = rest.slice(i).reduce((sum, cell) => sum + (cost.get(cell) ?? 0), 0)
      const later = rest.reduce((sum, cell) => sum + (cost.get(cell) ?? 0), 0) * Math.max(0, fewest - round)
      const left = Math.min(plan.time - (performance.now() - start), ahead + later)
      await run(cell, `round ${round}, ${i + 1}/${rest.length}`, left)
    }
  }
  progress.end()
}

const tooLong = (plan: Plan): string => `over ${plan.longest / 1000} s`

const wantsMore = (cell: Cell, plan: Plan, cost: number): boolean => {
  if (cell.samples.length === 0) return false
  if (cell.samples.length < fewest || !plan.untilTheyAgree) return true
  if (cost > long) return false
  const { max, median, min } = figuresOf(plan.named(cell), cell)!
  return (max - min) / median > agreement
}

/** The same at smaller n, the largest first. */
const smallerThan = (cell: Cell, cells: ReadonlyArray<Cell>): ReadonlyArray<Cell> =>
  cells
    .filter((other) => other.workload === cell.workload && other.variant === cell.variant && other.n < cell.n)
    .toSorted((a, b) => b.n - a.n)

/** How long one run would take, judged by the smaller ones, in milliseconds. */
const expected = (cell: Cell, [last, beforeLast]: ReadonlyArray<Cell>, plan: Plan): number => {
  const sample = last?.samples[0]
  if (last === undefined || sample === undefined) return 0
  const each = sample.wall / sample.items
  const before = beforeLast?.samples[0]
  const factor = cell.n / last.n
  const slope = before === undefined
    ? 0
    : Math.log(each * before.items / before.wall) / Math.log(last.n / beforeLast!.n)
  const { workload } = plan.named(cell)
  const items = workload.items?.(cell.n, cell.variant) ?? cell.n
  return items * each * factor ** Math.max(0, slope) / 1e6
}

/** The variants of one workload at one n stand together: what is compared is measured at the same time. */
const shuffled = (cells: ReadonlyArray<Cell>): Array<Cell> =>
  Object.values(Object.groupBy(inAnyOrder(cells), ({ n, workload }) => `${workload} ${n}`)).flatMap((group) => group!)

const inAnyOrder = <A>(items: ReadonlyArray<A>): Array<A> => {
  const result = Array.from(items)
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[result[i], result[j]] = [result[j]!, result[i]!]
  }
  return result
}

const runProcess = async ({ args, command, env }: Process, limit: number): Promise<Sample | "late" | "failed"> => {
  const { late, ok, output, stdout } = await execute(command, args, { env, limit })
  if (ok) return JSON.parse(stdout.trimEnd().split("\n").at(-1)!)
  if (late) return "late"
  console.error(`\n${output}`)
  return "failed"
}

/** One line that is overwritten; on what is no terminal, a line now and then. */
class Progress {
  private readonly isTerminal = process.stderr.isTTY
  private last = -Infinity

  show(text: string, left: number): void {
    if (!this.isTerminal && performance.now() - this.last < 15_000) return
    this.last = performance.now()
    const line = `${clock(left)} left  ${text}`
    process.stderr.write(this.isTerminal ? `\r\x1b[2K${line}` : `${line}\n`)
  }

  note(text: string): void {
    process.stderr.write(this.isTerminal ? `\r\x1b[2K${text}\n` : `${text}\n`)
  }

  end(): void {
    if (this.isTerminal) process.stderr.write("\r\x1b[2K")
  }
}

const clock = (milliseconds: number): string => {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`
}
