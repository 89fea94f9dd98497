/** What an item costs as n grows: the picture of it, and whether it grows no worse than raw Effect's. */
import { parse, View } from "vega"
import { compile, type TopLevelSpec } from "vega-lite"
import { table } from "../scripts/workshop.ts"
import { type Named, ours, type Results, short, show } from "./report.ts"

export const scaleSizes: ReadonlyArray<number> = [1e3, 1e4, 1e5, 1e6]
/** Where others are left behind. */
export const largestOfPeers = 1e5
/** So many times as much an item may cost at the largest n as at the smallest, where raw Effect's grows by less. */
const allowed = 4

/** From the smallest n to the largest that was measured. */
const growthOf = (results: Results, named: Named, variant: string): number | undefined => {
  const figures = results.sizesOf(named.name).flatMap((n) => results.figures(named, variant, n)?.median ?? [])
  return figures.length < 2 ? undefined : figures.at(-1)! / figures[0]!
}

interface Growth {
  readonly named: Named
  readonly own: number | undefined
  readonly raw: number | undefined
  readonly verdict: "" | "worse" | "not measured"
}

export const growths = (results: Results): ReadonlyArray<Growth> =>
  results.workloads.map((named) => {
    const own = growthOf(results, named, ours)
    const raw = growthOf(results, named, "effect")
    const isMeasured = results.sizesOf(named.name).every((n) => results.figures(named, ours, n) !== undefined)
    const isWorse = own !== undefined && own > Math.max(allowed, raw ?? 0)
    return { named, own, raw, verdict: isWorse ? "worse" : isMeasured ? "" : "not measured" }
  })

export const growthTable = (results: Results): string => {
  const sizes = results.sizesOf(results.workloads[0]!.name)
  return table([
    ["workload", ...sizes.map((n) => `n = ${n.toExponential().replace("+", "")}`), "grows", "raw Effect's", ""],
    ...growths(results).map(({ named, own, raw, verdict }) => [
      named.workload.title,
      ...sizes.map((n) => {
        const figures = results.figures(named, ours, n)
        return figures === undefined ? results.cell(named, ours, n)?.skipped ?? "" : show(named, figures.median)
      }),
      own === undefined ? "?" : `${short(own)} times`,
      raw === undefined ? "?" : `${short(raw)} times`,
      verdict
    ])
  ])
}

/** Each colour on a light page, and on a dark one. */
const colours = {
  "effect-asyncio": ["#0550ae", "#79c0ff"],
  "raw Effect": ["#1f2328", "#e6edf3"],
  promises: ["#8c959f", "#6e7681"],
  libraries: ["#bc4c00", "#f0883e"],
  effection: ["#8250df", "#a98bf0"],
  asyncio: ["#1a7f37", "#3fb950"],
  uvloop: ["#9a6700", "#d29922"]
} as const satisfies Record<string, readonly [light: string, dark: string]>
const page = ["#ffffff", "#0d1117"] as const
const faint = ["#59636e", "#9198a1"] as const
const grid = ["#e6e9ed", "#21262d"] as const

const powers = Array.from({ length: 12 }, (_, power) => 10 ** power)

const kindOf = (variant: string): string =>
  variant === "effect" ? "raw Effect" : variant in colours ? variant : "libraries"

const font = "Verdana,DejaVu Sans,sans-serif"

export const pictureTitle = "What an item costs as n grows, in a panel for each workload; both axes are logarithmic"

/** SVG: a panel a workload, lines over n, both axes logarithmic. */
export const scalePicture = async (results: Results): Promise<string> => {
  const values = results.workloads.flatMap((named) =>
    results.variantsOf(named).filter((variant) => variant !== "without creation sites").flatMap((variant) =>
      results.sizesOf(named.name).flatMap((n) => {
        const figures = results.figures(named, variant, n)
        if (figures === undefined || figures.median <= 0) return []
        const unit = named.workload.measure === "heap" ? "bytes" : "ns"
        return [{ row: `${named.name}, ${unit}`, variant, kind: kindOf(variant), n, cost: figures.median }]
      })
    )
  )
  const kinds = Object.keys(colours).filter((kind) => values.some((value) => value.kind === kind))
  const spec: TopLevelSpec = {
    data: { values },
    background: page[0],
    padding: 12,
    facet: {
      field: "row",
      sort: results.workloads.map(({ name }) => name),
      title: null,
      header: { labelFontSize: 12 }
    },
    columns: 5,
    resolve: { scale: { y: "independent" } },
    spec: {
      width: 130,
      height: 110,
      mark: { type: "line", aria: false },
      encoding: {
        x: {
          field: "n",
          type: "quantitative",
          scale: { type: "log" },
          axis: { title: null, values: [...scaleSizes], format: "~s" }
        },
        y: {
          field: "cost",
          type: "quantitative",
          scale: { type: "log", nice: true },
          axis: { title: null, values: powers, format: "~s", minExtent: 36 }
        },
        color: {
          field: "kind",
          type: "nominal",
          scale: { domain: kinds, range: kinds.map((kind) => colours[kind as keyof typeof colours][0]) },
          legend: { title: null, orient: "top", symbolType: "stroke", symbolStrokeWidth: 3, labelFontSize: 13 }
        },
        detail: { field: "variant", type: "nominal" },
        strokeWidth: { condition: { test: "datum.kind === 'effect-asyncio'", value: 3 }, value: 1.3 }
      }
    },
    config: {
      aria: false,
      font,
      axis: { labelColor: faint[0], gridColor: grid[0], tickColor: grid[0], domainColor: faint[0], labelFontSize: 11 },
      header: { labelColor: colours["raw Effect"][0] },
      legend: { labelColor: colours["raw Effect"][0] },
      view: { stroke: grid[0] }
    }
  }
  const svg = await new View(parse(compile(spec).spec), { renderer: "none" }).toSVG()
  const dark = [...Object.values(colours), page, faint, grid]
    .map(([light, dark]) => `[fill="${light}"]{fill:${dark}}[stroke="${light}"]{stroke:${dark}}`).join("")
  return svg
    // Half of it, and of no use in a picture.
    .replace(/ (pointer-events|aria-\w+|role|opacity="1"|font-family|class)(="[^"]*")?/g, "")
    .replace(/<path d="(M0,0h0v0h0Z)?"( display="none")?\/>/g, "")
    // The background comes first; its colour is checked.
    .replace("<rect ", "<rect class=\"card\" ")
    .replace(/^<svg[^>]*>/, (tag) => {
      const style = `<style>@media (prefers-color-scheme:dark){${dark}}</style>`
      return `${tag.slice(0, -1)} font-family="${font}" role="img" aria-label="${pictureTitle}">${style}`
    })
}
