/**
 * `node --conditions=effect-asyncio-source scripts/picture.ts`: draws `docs/gather.svg`, the article's two programs as Gantt charts, one after the other beside
 * `gather`. The bars are from a run of examples 03 and 04 on the virtual loop: a coroutine's begins with the line that
 * it prints first, and ends with its "Resuming".
 */
import { Clock, Console, Effect } from "effect"
import type { EventLoop } from "effect-asyncio"
import { VirtualLoop } from "effect-asyncio/testing"
import { writeFileSync } from "node:fs"
import { resolve } from "node:path"
import * as oneAfterTheOther from "../examples/03-one-after-the-other.ts"
import * as gather from "../examples/04-gather.ts"

interface Bar {
  readonly name: string
  readonly from: number
  readonly to: number
}

interface Chart {
  readonly title: string
  readonly bars: ReadonlyArray<Bar>
  readonly end: number
}

/** Runs a program and measures, in seconds, from the lines it prints. */
const measure = <E>(
  title: string,
  main: Effect.Effect<void, E, EventLoop.EventLoop>
): Effect.Effect<Chart, unknown> => {
  const lines: Array<readonly [seconds: number, line: string]> = []
  const recorded = Effect.gen(function*() {
    const clock = yield* Clock.Clock
    const seconds = () => clock.currentTimeMillisUnsafe() / 1000
    const recorder: Console.Console = Object.assign(Object.create(console), {
      log: (line: string) => lines.push([seconds(), line])
    })
    yield* Effect.provideService(main, Console.Console, recorder)
    return seconds()
  })
  return Effect.map(VirtualLoop.run(recorded), (end) => {
    const timeOf = (line: string) => lines.find(([, printed]) => printed === line)![0]
    const bars = ["a", "b"].map((name) => ({ name, from: timeOf(`in test ${name}`), to: timeOf(`Resuming ${name}`) }))
    return { title, bars, end }
  })
}

const left = 90
const second = 130
const row = 34
const chartHeight = 130
const colors: Readonly<Record<string, string>> = { a: "#4f7cac", b: "#c97b3d" }

const drawBar = ({ from, name, to }: Bar, index: number): string => {
  const y = 40 + index * row
  const x = left + from * second
  const width = (to - from) * second
  return `    <text x="${left - 12}" y="${y + 16}" text-anchor="end">test${name.toUpperCase()}</text>
    <rect x="${x}" y="${y}" width="${width}" height="24" rx="4" fill="${colors[name]}"/>
    <text x="${x + width / 2}" y="${y + 16}" text-anchor="middle" fill="#fff">sleep ${to - from} s</text>`
}

const drawChart = ({ bars, end, title }: Chart, index: number, longest: number): string => {
  const bottom = 44 + bars.length * row
  const ticks = Array.from({ length: longest + 1 }, (_, s) => s)
  return `  <g transform="translate(0 ${index * chartHeight + 8})">
    <text x="${left}" y="24" font-weight="bold">${title}: ${end} s</text>
${ticks.map((s) => `    <path d="M${left + s * second} 34V${bottom}" stroke="#ddd"/>`).join("\n")}
${bars.map(drawBar).join("\n")}
    <path d="M${left + end * second} 30V${bottom + 6}" stroke="#222" stroke-width="2"/>
  </g>`
}

/** The picture, as the text of an SVG file. */
export const draw = async (): Promise<string> => {
  const charts = await Effect.runPromise(Effect.all([
    measure("one after the other", oneAfterTheOther.main),
    measure("gather", gather.main)
  ]))
  const longest = Math.max(...charts.map((chart) => chart.end))
  const width = left + longest * second + 40
  const height = charts.length * chartHeight + 34
  const seconds = Array.from({ length: longest + 1 }, (_, s) => s)
  const label = charts.map(({ end, title }) => `${title} takes ${end} s`).join(", ")
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" \
font-family="sans-serif" font-size="13" fill="#222" role="img" aria-label="${label}">
  <rect width="${width}" height="${height}" rx="8" fill="#fff"/>
${charts.map((chart, index) => drawChart(chart, index, longest)).join("\n")}
${
    seconds.map((s) => `  <text x="${left + s * second}" y="${height - 12}" text-anchor="middle">${s} s</text>`).join(
      "\n"
    )
  }
</svg>
`
}

/** Where the picture is. */
export const file = resolve(import.meta.dirname, "../docs/gather.svg")

if (import.meta.main) writeFileSync(file, await draw())
