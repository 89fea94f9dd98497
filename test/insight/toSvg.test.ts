/** Timelines as pictures: what is in them, and that they are well-formed and bounded. The drawing itself: svg.test.ts. */
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { gather, sleep } from "effect-asyncio"
import { type SvgOptions, toSvg } from "effect-asyncio/insight"
import { VirtualLoop } from "effect-asyncio/testing"
import type { Program } from "../support/loops.ts"
import { recorded } from "../support/recorded.ts"
import { awkward, chain, failing, pipeline, transfers } from "../support/scenes.ts"

const svgOf = (program: Program, options?: SvgOptions) =>
  Effect.map(recorded(Effect.exit(program)), (timeline) => toSvg(timeline, options))

/** The texts that stand in a picture. */
const textsIn = (svg: string): ReadonlyArray<string> =>
  Array.from(svg.matchAll(/<text[^>]*>([^<]*)</g), ([, text]) => text!)

const titlesIn = (svg: string): ReadonlyArray<string> =>
  Array.from(svg.matchAll(/<title>([^<]*)</g), ([, text]) => text!)

const unclosed = (svg: string): ReadonlyArray<string> => {
  const open: Array<string> = []
  for (const [, closing, name, empty] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (closing !== "") { if (open.pop() !== name) return [`</${name}>`] }
    else if (empty === "") open.push(name!)
  }
  return open
}

describe("toSvg", () => {
  it.live("says what each waits for, who has it and who ended it", () =>
    Effect.gen(function*() {
      const svg = yield* svgOf(pipeline, { title: "a pipeline" })
      expect(textsIn(svg)).toEqual(expect.arrayContaining(["a pipeline", "Task-1", "worker 1", "gather", "sleep 1 s"]))
      expect(titlesIn(svg)).toContain("Lock &quot;db&quot; held by worker 1: 200 ms, until worker 1")
      expect(titlesIn(svg)).toContain("Queue &quot;jobs&quot;.get: 100 ms, until producer A")
      expect(svg.match(/class="wake"/g)!.length).toBeGreaterThan(5)
    }))

  it.live("blocks stand below their task, and how they ended", () =>
    Effect.gen(function*() {
      const svg = yield* svgOf(failing)
      expect(svg.match(/<rect class="block"/g)).toHaveLength(3)
      expect(textsIn(svg)).toEqual(
        expect.arrayContaining(["timeout 700 ms", "TaskGroup", "no route to host", "cancelled"])
      )
    }))

  it.live("what a deadlock ends at once is said at the end, as it has no length", () =>
    Effect.gen(function*() {
      const svg = yield* svgOf(transfers)
      expect(textsIn(svg)).toContain("cancelled in &quot;savings&quot;")
      expect(titlesIn(svg)).toContain("cancelled in Lock &quot;savings&quot; held by Task-3")
    }))

  it.live("a colour stands once in the legend", () =>
    Effect.gen(function*() {
      const program = gather([
        Effect.forEach([1, 2], () => Effect.andThen(sleep(0), VirtualLoop.advance(10)), { discard: true }),
        VirtualLoop.advance(10)
      ])
      const texts = textsIn(yield* svgOf(program))
      expect(texts).toContain("is ready")
      expect(texts).not.toContain("yields")
    }))

  it.live("wakes, legend and title can be left out", () =>
    Effect.gen(function*() {
      const svg = yield* svgOf(pipeline, { wakes: false, legend: false })
      expect(svg).not.toContain("class=\"wake\"")
      expect(textsIn(svg)).not.toContain("waits")
      expect(textsIn(svg)[0]).not.toBe("")
    }))

  it.live("names of all kinds", () =>
    Effect.gen(function*() {
      const svg = yield* svgOf(awkward, { title: "<&\"'>".repeat(40) })
      expect(unclosed(svg)).toEqual([])
      expect(svg).toContain("&lt;&amp;&quot;'&gt;")
      expect(svg).not.toContain("\u001b")
      expect(svg.replaceAll(/&(?:lt|gt|amp|quot);/g, "")).not.toContain("&")
    }))

  for (const n of [1, 10_000]) {
    it.live(`of ${n} tasks as many as rows say`, () =>
      Effect.gen(function*() {
        const timeline = yield* recorded(chain(n - 1), { capacity: 100_000 })
        expect(timeline.tasks).toHaveLength(n)
        const svg = toSvg(timeline, { rows: 20 })
        expect(svg.length).toBeLessThan(40_000)
        expect(unclosed(svg)).toEqual([])
        expect(svg).not.toMatch(/NaN|Infinity|undefined/)
        expect(svg.includes(`and ${n - 20} more`)).toBe(n > 20)
      }))
  }

  it.live("a chart for each loop, as each has its own clock", () =>
    Effect.gen(function*() {
      const svg = yield* svgOf(Effect.andThen(sleep("1 second"), VirtualLoop.run(sleep("1 minute"))))
      expect(textsIn(svg).filter((text) => text.startsWith("loop "))).toHaveLength(2)
    }))

  for (const theme of ["light", "dark", "auto"] as const) {
    it.live(`in ${theme}`, () =>
      Effect.gen(function*() {
        const svg = yield* svgOf(sleep(1), { theme })
        expect(svg).toContain(`class="lanes-${theme}"`)
        expect(svg.includes("prefers-color-scheme")).toBe(theme === "auto")
      }))
  }

  it.live("is this text", () =>
    Effect.gen(function*() {
      const svg = yield* svgOf(gather([sleep("3 seconds"), sleep("1 second")]), { title: "two sleepers" })
      expect(svg.slice(svg.indexOf("</style>"))).toMatchInlineSnapshot(`
        "</style>
        <rect class="card" x="0.5" y="0.5" width="799" height="185" rx="8"/>
        <text class="text" x="16" y="28" font-size="14" font-weight="bold">two sleepers</text>
        <path class="grid" d="M92 46V132"/>
        <text class="faint" x="92" y="146" font-size="11.5" text-anchor="middle">0</text>
        <path class="grid" d="M205.3 46V132"/>
        <text class="faint" x="205.3" y="146" font-size="11.5" text-anchor="middle">500 ms</text>
        <path class="grid" d="M318.7 46V132"/>
        <text class="faint" x="318.7" y="146" font-size="11.5" text-anchor="middle">1 s</text>
        <path class="grid" d="M432 46V132"/>
        <text class="faint" x="432" y="146" font-size="11.5" text-anchor="middle">1.5 s</text>
        <path class="grid" d="M545.3 46V132"/>
        <text class="faint" x="545.3" y="146" font-size="11.5" text-anchor="middle">2 s</text>
        <path class="grid" d="M658.7 46V132"/>
        <text class="faint" x="658.7" y="146" font-size="11.5" text-anchor="middle">2.5 s</text>
        <path class="grid" d="M772 46V132"/>
        <text class="faint" x="772" y="146" font-size="11.5" text-anchor="middle">3 s</text>
        <text class="text" x="16" y="64.5" font-size="13">Task-1</text>
        <rect class="join" x="92.5" y="50" width="679" height="20" rx="3"><title>gather: 3 s, until Task-2</title></rect>
        <text class="text" x="432" y="64" font-size="11.5" text-anchor="middle">gather</text>
        <rect class="step" x="90.8" y="49" width="2.5" height="22" rx="1"></rect>
        <rect class="step" x="770.8" y="49" width="2.5" height="22" rx="1"></rect>
        <text class="text" x="28" y="92.5" font-size="13">Task-2</text>
        <rect class="wait" x="92.5" y="78" width="679" height="20" rx="3"><title>sleep 3 s: 3 s</title></rect>
        <text class="text" x="432" y="92" font-size="11.5" text-anchor="middle">sleep 3 s</text>
        <rect class="step" x="90.8" y="77" width="2.5" height="22" rx="1"></rect>
        <rect class="step" x="770.8" y="77" width="2.5" height="22" rx="1"></rect>
        <text class="text" x="28" y="120.5" font-size="13">Task-3</text>
        <rect class="wait" x="92.5" y="106" width="225.7" height="20" rx="3"><title>sleep 1 s: 1 s</title></rect>
        <text class="text" x="205.3" y="120" font-size="11.5" text-anchor="middle">sleep 1 s</text>
        <rect class="step" x="90.8" y="105" width="2.5" height="22" rx="1"></rect>
        <rect class="step" x="317.4" y="105" width="2.5" height="22" rx="1"></rect>
        <path class="wake" d="M772 77V76"/><path class="head" d="M772 71l-3.5 5h7z"/>
        <rect class="step" x="20" y="161" width="2.5" height="11" rx="1"/>
        <text class="faint" x="34" y="170" font-size="11.5">a step</text>
        <rect class="wait" x="86.5" y="161" width="11" height="11" rx="2"/>
        <text class="faint" x="104.5" y="170" font-size="11.5">waits</text>
        <rect class="join" x="152.1" y="161" width="11" height="11" rx="2"/>
        <text class="faint" x="170.1" y="170" font-size="11.5">waits for tasks</text>
        <path class="head" d="M286.6 170l-4.5 -7h9z"/>
        <text class="faint" x="299.6" y="170" font-size="11.5">wakes</text>
        </svg>
        "
      `)
    }))

  it("refuses what is no width, no theme, and no option", () => {
    const timeline = { from: 0, to: 0, dropped: 0, tasks: [], wakes: [] }
    expect(() => toSvg(timeline, { width: 0 })).toThrow("toSvg: width is 0, expected a whole number of at least 240")
    expect(() => toSvg(timeline, { theme: "pink" as "dark" })).toThrow(
      "toSvg: theme is \"pink\", expected light, dark or auto"
    )
    expect(() => toSvg(timeline, { row: 1 } as object)).toThrow("row")
    expect(unclosed(toSvg(timeline))).toEqual([])
  })
})
