/** Pictures of runs, as text: that they are well-formed and bounded, and that nothing lies on anything else. */
import { describe, expect, it } from "vitest"
import type { Lane, Picture } from "../../src/insight/drawing/picture.ts"
import { toSvg } from "../../src/insight/drawing/svg.ts"

const lane = (name: string, label: string): Lane => ({
  name,
  spans: [{ kind: "wait", from: 0, to: 1000, label }, { kind: "lock", from: 1000, to: 3000, label: "Lock \"fork\"" }],
  marks: [{ kind: "step", at: 0 }, { kind: "step", at: 1000 }, { kind: "failed", at: 3000, label: "TimeoutError" }]
})

const picture: Picture = {
  title: "two tasks",
  lines: ["1: a latency takes 5 ms"],
  charts: [{
    title: "this run fails",
    lanes: [lane("a", "sleep 1 s"), lane("b", "sleep 1 s")],
    from: 0,
    to: 3000,
    flags: [{ at: 1000, lane: 1, number: 1, title: "a latency takes 5 ms" }],
    wakes: [{ at: 2000, from: 0, to: 1 }]
  }]
}

const awkward = [
  "<script>&amp;\"'",
  "a name that no task should have, as long as a whole sentence",
  "שלום עולם",
  "語".repeat(30),
  "W".repeat(40),
  "two\nlines\u0000\ud800",
  ""
]

/** Much of everything: long texts, steps close together, more lanes than rows. */
const crowded: Picture = {
  title: "title ".repeat(50),
  lines: Array.from({ length: 30 }, (_, index) => `${index} ${"words ".repeat(60)}`),
  charts: [100, 3000].map((to) => ({
    title: "chart ".repeat(50),
    lanes: Array.from({ length: 60 }, (_, index): Lane => {
      const name = awkward[index % awkward.length]!
      return {
        name,
        depth: index % 9,
        spans: Array.from({ length: 2000 }, (_, at) => ({ kind: "wait", from: at, to: at + index + 1, label: name })),
        marks: [
          ...Array.from({ length: 2000 }, (_, at) => ({ kind: "step" as const, at })),
          { kind: index % 2 === 0 ? "failed" : "cancelled", at: to, label: name }
        ]
      }
    }),
    from: 0,
    to,
    ticks: Array.from({ length: 200 }, (_, at) => ({ at, label: `${at} ms` })),
    flags: Array.from({ length: 20 }, (_, index) => ({ at: 50 + index, lane: index, number: index + 1 })),
    wakes: Array.from({ length: 2000 }, (_, at) => ({ at, from: at % 60, to: (at * 7) % 60 }))
  }))
}

interface Box {
  readonly text: string
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

const unescape = (text: string): string =>
  text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", "\"").replaceAll("&amp;", "&")

const widthOf = (letter: string): number =>
  letter > "\u1100" && letter !== "…" ? 1 : letter === "W" ? 0.95 : "ltif ".includes(letter) ? 0.37 : 0.6

/** The texts with the room they take in DejaVu Sans, about. */
const boxesOf = (svg: string): Array<Box> =>
  Array.from(
    svg.matchAll(
      /<text class="[^"]*" x="([^"]*)" y="([^"]*)" font-size="([^"]*)"( text-anchor="([^"]*)")?[^>]*>([^<]*)</g
    ),
    ([, x, y, size, , anchor, content]) => {
      const text = unescape(content!)
      const width = Array.from(text, widthOf).reduce((a, b) => a + b, 0) * Number(size)
      const left = Number(x) - (anchor === "middle" ? width / 2 : anchor === "end" ? width : 0)
      return { text, left, right: left + width, top: Number(y) - Number(size) * 0.75, bottom: Number(y) + 2 }
    }
  )

const overlaps = (boxes: ReadonlyArray<Box>): Array<string> =>
  boxes.flatMap((one, index) =>
    boxes.slice(index + 1)
      .filter((other) =>
        one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom
      )
      .map((other) => `${one.text} | ${other.text}`)
  )

describe("toSvg", () => {
  for (
    const [name, drawn, width] of [["two tasks", picture, 800], ["a crowd", crowded, 800], [
      "a crowd, narrow",
      crowded,
      400
    ]] as const
  ) {
    it(`${name}: no text lies on another, or beside the picture`, () => {
      const boxes = boxesOf(toSvg(drawn, { width }))
      expect(overlaps(boxes)).toEqual([])
      expect(boxes.filter(({ left, right }) => left < 0 || right > width)).toEqual([])
    })
  }

  it("texts are escaped, and cut where there is no room", () => {
    const svg = toSvg(crowded)
    expect(svg).not.toContain("<script")
    expect(svg).toContain("&lt;script&gt;&amp;amp;&quot;'")
    expect(svg).toContain("two lines\ufffd\ufffd")
    expect(svg).toMatch(/>title title[^<]*…</)
    const withoutTexts = svg.replaceAll(/>[^<]*</g, "><")
    expect(withoutTexts.replaceAll(/<(?:rect|path|circle)[^>]*\/>/g, "")).not.toContain("&")
  })

  it("every element that is opened is closed", () => {
    const open: Array<string> = []
    const wrong: Array<string> = []
    for (const [, closing, name, empty] of toSvg(crowded).matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
      if (closing === "") {
        if (empty === "") open.push(name!)
      } else if (open.pop() !== name) wrong.push(name!)
    }
    expect([open, wrong]).toEqual([[], []])
  })

  it("a bar's text is whole words that say something, or none", () => {
    const shown = (label: string, width: number) => {
      const lanes: ReadonlyArray<Lane> = [{
        name: "a",
        spans: [{ kind: "wait", from: 0, to: width, label }],
        marks: []
      }]
      const svg = toSvg({ title: "", charts: [{ lanes, from: 0, to: 700, ticks: [] }] }, { legend: false })
      return boxesOf(svg).map(({ text }) => text)[1] ?? ""
    }
    const widths = Array.from({ length: 35 }, (_, index) => (index + 1) * 20)
    const all = (label: string) => Array.from(new Set(widths.map((width) => shown(label, width))))
    expect(all("Queue.get")).toEqual(["", "Queue.get"])
    expect(all("a Lock held by task 'b'")).toEqual(["", "a Lock…", "a Lock held by task 'b'"])
    expect(all("shield of task 'call 1'")).toEqual(["", "shield…", "shield of task 'call 1'"])
    expect(all("task 'a long name'")).toEqual(["", "task 'a long name'"])
  })

  it("a gap is named before times are, a parting is a line, and the axis may have a note", () => {
    const chart = {
      lanes: [{ name: "a", spans: [], marks: [{ kind: "broken" as const, at: 10, label: "\"one\"" }] }],
      from: 0,
      to: 10,
      parting: 4,
      ticks: [{ at: 0, label: "0 ms" }, { at: 0.5, label: "… 100 steps", isGap: true }, { at: 5, label: "5 ms" }]
    }
    const svg = toSvg({ title: "", charts: [chart], axis: "not to scale" })
    const texts = boxesOf(svg).map(({ text }) => text)
    expect(texts).toEqual(
      [
        "",
        "a",
        "\"one\"",
        "… 100 steps",
        "5 ms",
        "not to scale",
        "does not hold",
        "the runs differ from here on"
      ].filter((text) => text !== "").toSorted((a, b) => texts.indexOf(a) - texts.indexOf(b))
    )
    // In the chart and in the legend.
    expect(svg.match(/class="parting"/g)).toHaveLength(2)
    expect(svg.match(/<path class="bad"/g)).toHaveLength(2)
  })

  it("is bounded by its width, not by the run", () => {
    const svg = toSvg(crowded, { rows: 10 })
    expect(svg.match(/<rect/g)!.length).toBeLessThan(10 * 2 * 800)
    expect(svg).toContain(">and 50 more<")
    expect(svg).toContain(">and 18 more<")
  })

  it("an end is drawn, however close to a step it is", () => {
    const ends: Picture = {
      title: "",
      charts: [{
        lanes: [{ name: "a", spans: [], marks: [{ kind: "step", at: 0 }, { kind: "cancelled", at: 0 }] }],
        from: 0,
        to: 1000
      }]
    }
    expect(toSvg(ends, { legend: false }).match(/class="cross"/g)).toHaveLength(1)
  })

  it("a theme is one set of colours, auto both; rules are scoped to their own pictures", () => {
    const [light, dark, auto] = (["light", "dark", "auto"] as const).map((theme) => toSvg(picture, { theme }))
    expect(light).toContain(".lanes-light .card{fill:#ffffff")
    expect(dark).toContain(".lanes-dark .card{fill:#0d1117")
    expect(auto).toMatch(
      /\.lanes-auto \.card\{fill:#ffffff.*@media \(prefers-color-scheme:dark\)\{\.lanes-auto \.card\{fill:#0d1117/
    )
    expect(light).not.toContain("@media")
  })

  it("nothing to draw is a picture, too", () => {
    expect(toSvg({ title: "nothing", charts: [{ lanes: [], from: 0, to: 0 }] })).not.toContain("NaN")
    expect(toSvg({ title: "nothing", charts: [] })).not.toContain("Infinity")
  })

  it("the axis has round numbers", () => {
    const labels = (to: number) =>
      boxesOf(toSvg({ title: "", charts: [{ lanes: [], from: 0, to }] })).map(({ text }) => text)
    expect(labels(3000)).toEqual(["0", "500 ms", "1 s", "1.5 s", "2 s", "2.5 s", "3 s"])
    expect(labels(0.7)).toEqual(["0", "100 µs", "200 µs", "300 µs", "400 µs", "500 µs", "600 µs", "700 µs"])
    expect(labels(0)).toEqual(["0"])
  })

  it("is this text", () => {
    const svg = toSvg(picture, { theme: "light" })
    expect(svg.slice(svg.indexOf("</style>"))).toMatchInlineSnapshot(`
      "</style>
      <rect class="card" x="0.5" y="0.5" width="799" height="217" rx="8"/>
      <text class="text" x="16" y="28" font-size="14" font-weight="bold">two tasks</text>
      <text class="faint" x="16" y="50" font-size="12">1: a latency takes 5 ms</text>
      <text class="text" x="16" y="78" font-size="13" font-weight="bold">this run fails</text>
      <path class="grid" d="M38 106V164"/>
      <text class="faint" x="38" y="178" font-size="11.5" text-anchor="middle">0</text>
      <path class="grid" d="M144.9 106V164"/>
      <text class="faint" x="144.9" y="178" font-size="11.5" text-anchor="middle">500 ms</text>
      <path class="grid" d="M251.8 106V164"/>
      <text class="faint" x="251.8" y="178" font-size="11.5" text-anchor="middle">1 s</text>
      <path class="grid" d="M358.7 106V164"/>
      <text class="faint" x="358.7" y="178" font-size="11.5" text-anchor="middle">1.5 s</text>
      <path class="grid" d="M465.6 106V164"/>
      <text class="faint" x="465.6" y="178" font-size="11.5" text-anchor="middle">2 s</text>
      <path class="grid" d="M572.5 106V164"/>
      <text class="faint" x="572.5" y="178" font-size="11.5" text-anchor="middle">2.5 s</text>
      <path class="grid" d="M679.4 106V164"/>
      <text class="faint" x="679.4" y="178" font-size="11.5" text-anchor="middle">3 s</text>
      <path class="cross" stroke-width="1.5" d="M251.8 94L251.8 105V138"/>
      <text class="text" x="16" y="124.5" font-size="13">a</text>
      <rect class="wait" x="38.5" y="110" width="212.8" height="20" rx="3"></rect>
      <text class="text" x="144.9" y="124" font-size="11.5" text-anchor="middle">sleep 1 s</text>
      <rect class="lock" x="252.3" y="110" width="426.6" height="20" rx="3"></rect>
      <text class="text" x="465.6" y="124" font-size="11.5" text-anchor="middle">Lock &quot;fork&quot;</text>
      <rect class="step" x="36.8" y="109" width="2.5" height="22" rx="1"></rect>
      <rect class="step" x="250.5" y="109" width="2.5" height="22" rx="1"></rect>
      <rect class="step" x="678.1" y="109" width="2.5" height="22" rx="1"></rect><path class="cross" stroke-width="2.5" d="M683.4 116l8 8m0 -8l-8 8"></path>
      <text class="bad" x="696.4" y="124" font-size="11.5">TimeoutError</text>
      <text class="text" x="16" y="152.5" font-size="13">b</text>
      <rect class="wait" x="38.5" y="138" width="212.8" height="20" rx="3"></rect>
      <text class="text" x="144.9" y="152" font-size="11.5" text-anchor="middle">sleep 1 s</text>
      <rect class="lock" x="252.3" y="138" width="426.6" height="20" rx="3"></rect>
      <text class="text" x="465.6" y="152" font-size="11.5" text-anchor="middle">Lock &quot;fork&quot;</text>
      <rect class="step" x="36.8" y="137" width="2.5" height="22" rx="1"></rect>
      <rect class="step" x="250.5" y="137" width="2.5" height="22" rx="1"></rect>
      <rect class="step" x="678.1" y="137" width="2.5" height="22" rx="1"></rect><path class="cross" stroke-width="2.5" d="M683.4 144l8 8m0 -8l-8 8"></path>
      <text class="bad" x="696.4" y="152" font-size="11.5">TimeoutError</text>
      <path class="wake" d="M465.6 131V132"/><path class="head" d="M465.6 137l-3.5 -5h7z"/>
      <g><title>a latency takes 5 ms</title><rect class="bad" x="249.8" y="137" width="4" height="22" rx="1.5"/><circle class="bad" cx="251.8" cy="94" r="8"/><text class="on-bad" x="251.8" y="98" font-size="11" text-anchor="middle">1</text></g>
      <rect class="step" x="20" y="193" width="2.5" height="11" rx="1"/>
      <text class="faint" x="34" y="202" font-size="11.5">a step</text>
      <rect class="wait" x="86.5" y="193" width="11" height="11" rx="2"/>
      <text class="faint" x="104.5" y="202" font-size="11.5">waits</text>
      <rect class="lock" x="152.1" y="193" width="11" height="11" rx="2"/>
      <text class="faint" x="170.1" y="202" font-size="11.5">waits for a lock</text>
      <path class="cross" stroke-width="2.5" d="M286.3 194l8 8m0 -8l-8 8"></path>
      <text class="faint" x="303.3" y="202" font-size="11.5">fails</text>
      <circle class="bad" cx="347.9" cy="198" r="7"/><text class="on-bad" x="347.9" y="202" font-size="10" text-anchor="middle">1</text>
      <text class="faint" x="360.9" y="202" font-size="11.5">not as written: see the numbers above</text>
      <path class="head" d="M630.8 202l-4.5 -7h9z"/>
      <text class="faint" x="643.8" y="202" font-size="11.5">wakes</text>
      </svg>
      "
    `)
  })
})
