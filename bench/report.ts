/** From samples to figures, and from figures to tables. */
import { table } from "../scripts/workshop.ts"
import type { Sample } from "./sampler.ts"
import type { Workload } from "./workload.ts"

/** One variant of one workload at one n. */
export interface Cell {
  readonly workload: string
  readonly variant: string
  readonly n: number
  readonly samples: Array<Sample>
  /** Why there are no samples. */
  skipped: string | undefined
}

export interface Named {
  readonly name: string
  readonly workload: Workload
}

const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Nanoseconds an item; bytes, where memory is measured. */
const figureOf = (measure: Workload["measure"], sample: Sample): number =>
  (measure === "cpu" ? sample.cpu : measure === "heap" ? sample.bytes! : sample.wall) / sample.items

export interface Figures {
  readonly median: number
  readonly min: number
  readonly max: number
  /** How many processes. */
  readonly rounds: number
  /** Bytes allocated an item. */
  readonly bytes: number | undefined
}

export const figuresOf = ({ workload }: Named, cell: Cell | undefined): Figures | undefined => {
  if (cell === undefined || cell.samples.length === 0) return undefined
  const values = cell.samples.map((sample) => figureOf(workload.measure, sample))
  const bytes = cell.samples.flatMap((sample) => sample.bytes === undefined ? [] : [sample.bytes / sample.items])
  return {
    median: median(values),
    min: Math.min(...values),
    max: Math.max(...values),
    rounds: values.length,
    bytes: workload.measure === "heap" || bytes.length === 0 ? undefined : median(bytes)
  }
}

/** All the figures of a run, looked up by place. */
export class Results {
  readonly workloads: ReadonlyArray<Named>
  readonly cells: ReadonlyArray<Cell>

  constructor(workloads: ReadonlyArray<Named>, cells: ReadonlyArray<Cell>) {
    this.workloads = workloads
    this.cells = cells
  }

  cell(named: Named, variant: string, n: number): Cell | undefined {
    return this.cells.find((cell) => cell.workload === named.name && cell.variant === variant && cell.n === n)
  }

  figures(named: Named, variant: string, n: number): Figures | undefined {
    return figuresOf(named, this.cell(named, variant, n))
  }

  /** To raw Effect. */
  ratio(named: Named, variant: string, n: number): number | undefined {
    const figures = this.figures(named, variant, n)
    const raw = this.figures(named, "effect", n)
    return figures && raw && figures.median / raw.median
  }

  /** The exponent k of n ** k, for all n items, by least squares over the sizes. */
  growth(named: Named, variant: string): number | undefined {
    const points = this.sizesOf(named.name).flatMap((n) => {
      const figures = this.figures(named, variant, n)
      return figures === undefined || figures.median <= 0 ? [] : [[Math.log(n), Math.log(n * figures.median)] as const]
    })
    if (points.length < 2) return undefined
    const mean = (i: 0 | 1) => points.reduce((sum, point) => sum + point[i], 0) / points.length
    const x = mean(0)
    const y = mean(1)
    return points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) /
      points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0)
  }

  /** How much of it was measured while the machine was busy with other things. */
  interference(): string {
    const timed = new Set(this.workloads.filter(({ workload }) => workload.measure === "wall").map(({ name }) => name))
    const samples = this.cells.flatMap((cell) => timed.has(cell.workload) ? cell.samples : [])
    const disturbed = samples.filter(({ cpu, wall }) => cpu < 0.9 * wall).length
    if (disturbed === 0) return ""
    const share = Math.ceil(100 * disturbed / samples.length)
    return `In ${share} % of the processes timed by the clock, less than 90 % of that time was the processor's: other things ran.`
  }

  sizesOf(name: string): ReadonlyArray<number> {
    return Array.from(new Set(this.cells.filter((cell) => cell.workload === name).map((cell) => cell.n)))
      .toSorted((a, b) => a - b)
  }

  variantsOf(named: Named): ReadonlyArray<string> {
    return Array.from(new Set(this.cells.filter((cell) => cell.workload === named.name).map((cell) => cell.variant)))
  }

  /** The n that the short table shows. */
  mainSize(name: string): number {
    const sizes = this.sizesOf(name)
    const { main = 1e4 } = this.workloads.find((named) => named.name === name)!.workload
    return sizes.includes(main) ? main : sizes.at(-1)!
  }
}

/** Three digits. */
export const short = (value: number): string =>
  value >= 100
    ? value.toFixed(0)
    : value >= 10
    ? value.toFixed(1)
    : value >= 0.1
    ? value.toFixed(2)
    : value.toPrecision(2)

const sizeName = (n: number): string => n === 1 ? "1" : `1e${Math.log10(n)}`

const unitOf: Record<Workload["measure"], readonly [unit: string, scale: number]> = {
  wall: ["µs", 1e3],
  cpu: ["µs", 1e3],
  heap: ["KB", 1e3],
  import: ["ms", 1e6]
}

export const show = ({ workload }: Named, value: number): string => {
  const [unit, scale] = unitOf[workload.measure]
  return `${short(value / scale)} ${unit}`
}

export const ours = "effect-asyncio"
const columns = new Set([ours, "promises", "effection", "asyncio", "uvloop"])

/** One line a workload: what raw Effect takes, and how many times that the others take. */
export const shortTable = (results: Results, options: { readonly reach: boolean }): string => {
  const header = ["workload", "raw Effect", ours, ...(options.reach ? ["reach"] : []), "promises", "libraries"]
  return table([
    [...header, "effection", "asyncio", "uvloop"],
    ...results.workloads.map((named) => {
      const n = results.mainSize(named.name)
      const raw = results.figures(named, "effect", n)
      const ratio = (variant: string): string => {
        const ratio = results.ratio(named, variant, n)
        if (ratio !== undefined) return short(ratio)
        const cell = results.cell(named, variant, n)
        return cell === undefined ? "" : cell.skipped ?? "?"
      }
      const others = results.variantsOf(named).filter((variant) => variant !== "effect" && !columns.has(variant))
      return [
        n === 1e4 || named.workload.sizes?.length === 1
          ? named.workload.title
          : `${named.workload.title}; n = ${sizeName(n)}`,
        raw === undefined ? "?" : show(named, raw.median),
        ratio(ours),
        ...(options.reach ? [reachOf(results, named, n)] : []),
        ratio("promises"),
        others.map((variant) => `${variant} ${ratio(variant)}`).join(", "),
        ratio("effection"),
        ratio("asyncio"),
        ratio("uvloop")
      ]
    })
  ])
}

/** The library beside what it was: medians and quartiles of the ratios of each round. Less than 1 is faster than then. */
export const pairedTable = (results: Results, then: string): string => {
  const ratios = (named: Named, a: string, b: string): ReadonlyArray<number> => {
    const [first, second] = [a, b].map((variant) =>
      results.cell(named, variant, results.mainSize(named.name))?.samples.map((sample) =>
        figureOf(named.workload.measure, sample)
      ) ?? []
    )
    return first!.slice(0, second!.length).map((figure, round) => figure / second![round]!).toSorted((a, b) => a - b)
  }
  const shown = (ratios: ReadonlyArray<number>): string => {
    if (ratios.length === 0) return "?"
    const [low, middle, high] = [0.25, 0.5, 0.75].map((q) => short(ratios[Math.floor((ratios.length - 1) * q)]!))
    return `${middle} (${low}..${high})`
  }
  return table([
    ["workload", "now to then", "then to raw Effect", "now to raw Effect", "rounds"],
    ...results.workloads.map((named) => [
      named.workload.title,
      shown(ratios(named, ours, then)),
      shown(ratios(named, then, "effect")),
      shown(ratios(named, ours, "effect")),
      `${ratios(named, ours, then).length}`
    ])
  ])
}

/** What was wanted, and whether it is so. */
const reachOf = (results: Results, named: Named, n: number): string => {
  const reach = named.workload.reach
  const figures = results.figures(named, ours, n)
  const raw = results.figures(named, "effect", n)
  if (reach === undefined || figures === undefined || raw === undefined) return ""
  if ("above" in reach) {
    const above = (figures.median - raw.median) / 1e6
    return `+${reach.above} ms: ${above <= reach.above ? "yes" : "no"}, +${short(above)} ms`
  }
  const said = (goal: number, variant: string): string => {
    const ratio = results.ratio(named, variant, n)
    return ratio === undefined ? "?" : `${goal}: ${ratio <= goal ? "yes" : "no"}`
  }
  if ("below" in reach) {
    const goal = results.ratio(named, reach.below, n)
    return goal === undefined ? "?" : `below ${reach.below}, ${said(Number(short(goal)), ours)}`
  }
  const sites = reach.withoutSites
  return said(reach.ratio, ours) +
    (sites === undefined ? "" : `; without sites ${said(sites, "without creation sites")}`)
}

/** Ratios to raw Effect of ours in several runs, and what is wanted. */
export const spreadTable = (runs: ReadonlyArray<Results>): string =>
  table([
    ["workload", "reach", "least", "median", "most", "in each run"],
    ...runs[0]!.workloads.flatMap((named) =>
      [ours, "without creation sites"].flatMap((variant): ReadonlyArray<ReadonlyArray<string>> => {
        const figure = (run: Results): number | undefined => {
          const n = run.mainSize(named.name)
          if (named.workload.measure !== "import") return run.ratio(named, variant, n)
          const [own, raw] = [variant, "effect"].map((variant) => run.figures(named, variant, n))
          return own && raw && (own.median - raw.median) / 1e6
        }
        const unit = named.workload.measure === "import" ? " ms" : ""
        const figures = runs.flatMap((run) => figure(run) ?? [])
        if (figures.length === 0) return []
        const { reach } = named.workload
        const goal = reach === undefined
          ? ""
          : "above" in reach
          ? `+${reach.above} ms`
          : "below" in reach
          ? `below ${reach.below}`
          : `${(variant === ours ? reach.ratio : reach.withoutSites) ?? ""}`
        const [least, most] = [Math.min(...figures), Math.max(...figures)]
        return [[
          named.workload.title + (variant === ours ? "" : `, ${variant}`),
          goal,
          ...[least, median(figures), most].map((figure) => `${short(figure)}${unit}`),
          figures.map(short).join(" ")
        ]]
      })
    )
  ])

/** Everything, a table a workload. */
export const longTables = (results: Results): string =>
  results.workloads.map((named) => {
    const sizes = results.sizesOf(named.name)
    const unit = named.workload.measure === "heap" ? "bytes" : named.workload.measure === "import" ? "ms" : "ns"
    const scale = unit === "ms" ? 1e6 : 1
    const cellText = (variant: string, n: number): string => {
      const figures = results.figures(named, variant, n)
      if (figures === undefined) return results.cell(named, variant, n)?.skipped ?? ""
      const [median, min, max] = [figures.median, figures.min, figures.max].map((value) => short(value / scale))
      return figures.rounds === 1 ? `${median}` : `${median} (${min}..${max}; ${figures.rounds})`
    }
    const rows = results.variantsOf(named).map((variant) => {
      const growth = results.growth(named, variant)
      const ratios = sizes.map((n) => results.ratio(named, variant, n))
      const bytes = sizes.map((n) => results.figures(named, variant, n)?.bytes).findLast((bytes) => bytes !== undefined)
      return [
        variant,
        ...sizes.map((n) => cellText(variant, n)),
        ratios.map((ratio) => ratio === undefined ? "-" : short(ratio)).join(" / "),
        growth === undefined ? "" : growth.toFixed(2),
        bytes === undefined ? "" : bytes.toFixed(0)
      ]
    })
    const header = ["variant", ...sizes.map((n) => `n = ${sizeName(n)}`), "ratio to raw Effect", "exponent", "B/item"]
    return `### ${named.name}: ${named.workload.title}\n\nIn ${unit}.\n\n${table([header, ...rows])}`
  }).join("\n\n")
