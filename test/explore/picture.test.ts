/** A failing run above a passing one, as a picture's data. How pictures are drawn: `test/insight/svg.test.ts`. */
import { assert, describe, it } from "@effect/vitest"
import type { Explore } from "effect-asyncio/testing"
import { pictureOf } from "../../src/testing/explore/picture.ts"

type Line = readonly [lane: number, millis: number, what: string, ...deviations: ReadonlyArray<string>]

const endOf = (what: string): Explore.Step["end"] =>
  what === "ends"
    ? "succeeds"
    : what === "yields"
    ? "yields"
    : what.startsWith("fails")
    ? "fails"
    : what === "is cancelled"
    ? "cancelled"
    : "waits"

const deviation = (words: string): Explore.Deviation => ({
  kind: "latency",
  task: "",
  step: 1,
  amount: 1,
  toString: () => words
})

const run = (lanes: ReadonlyArray<string>, lines: ReadonlyArray<Line>): Explore.Run => {
  const steps = lines.map(([lane, millis, what, ...words]): Explore.Step => ({
    millis,
    task: lanes[lane]!,
    lane,
    step: 1,
    end: endOf(what),
    what,
    deviations: words.map(deviation),
    notes: []
  }))
  return { lanes, steps, deviations: steps.flatMap(({ deviations }) => deviations), broken: [] }
}

describe("pictureOf", () => {
  it("both charts have the same lanes, whoever started first, and equal names are told apart", () => {
    const failing = run(["main", "b", "a", "a"], [[0, 0, "waits for gather"], [1, 0, "ends"], [2, 0, "ends"], [
      3,
      0,
      "ends"
    ]])
    const passing = run(["main", "a", "b"], [[0, 0, "waits for gather"], [1, 0, "fails: no"], [2, 0, "is cancelled"]])
    const [above, below] = pictureOf("died: no", failing, passing, false).charts
    assert.deepStrictEqual(above!.lanes.map(({ name }) => name), ["main", "b", "a", "a"])
    assert.deepStrictEqual(below!.lanes.map(({ name }) => name), ["main", "b", "a", "a"])
    assert.deepStrictEqual(below!.lanes.map(({ marks }) => marks.map(({ kind }) => kind)), [
      ["step"],
      ["cancelled"],
      ["failed"],
      []
    ])
  })

  it("a deviation has one number, in the failing run, in the passing one and above both", () => {
    const failing = run(["main"], [[0, 0, "waits for a timer", "one"], [0, 5, "waits for a timer", "two"], [
      0,
      9,
      "ends"
    ]])
    const passing = run(["main"], [[0, 0, "waits for a timer"], [0, 5, "waits for a timer", "two"], [0, 9, "ends"]])
    const { charts, lines } = pictureOf("", failing, passing, false)
    assert.deepStrictEqual(lines, ["1: one", "2: two"])
    assert.deepStrictEqual(charts.map(({ flags }) => flags!.map(({ at, number }) => [at, number])), [
      [[0, 1], [1, 2]],
      [[1, 2]]
    ])
  })

  it("who waits at the end of a run that is stuck waits for ever", () => {
    const lines: ReadonlyArray<Line> = [[0, 0, "waits for task 'a'"], [1, 0, "waits for a Lock"], [
      1,
      5,
      "waits for an Event"
    ]]
    const spans = (stuck: boolean) =>
      pictureOf("", run(["main", "a"], lines), undefined, stuck).charts[0]!.lanes.map((lane) =>
        lane.spans.map(({ from, kind, to }) => [kind, from, to])
      )
    assert.deepStrictEqual(spans(true), [[["stuck", 0, 3]], [["lock", 1, 2], ["stuck", 2, 3]]])
    assert.deepStrictEqual(spans(false), [[["join", 0, 3]], [["lock", 1, 2], ["wait", 2, 3]]])
  })

  it("the axis has a mark for each moment", () => {
    const [chart] =
      pictureOf("", run(["a"], [[0, 0, "waits"], [0, 0, "waits"], [0, 2.5, "waits"]]), undefined, false).charts
    assert.deepStrictEqual(chart!.ticks, [{ at: 0, label: "0 ms" }, { at: 2, label: "2.5 ms" }])
  })

  it("of a long way that both go alike only the end is shown, and that something is left out", () => {
    const alike = Array.from({ length: 100 }, (_, at): Line => [0, at, "waits for a timer"])
    const failing = run(["a"], [...alike, [0, 100, "waits for a timer", "late"], [0, 150, "fails: no"]])
    const passing = run(["a"], [...alike, [0, 100, "ends"]])
    for (const { lanes: [lane], ticks, to } of pictureOf("", failing, passing, false).charts) {
      assert.deepStrictEqual(ticks![0], { at: 0.5, label: "… 94 steps", isGap: true })
      assert.deepStrictEqual(to, 9)
      assert.deepStrictEqual(lane!.spans[0]!.from, 1)
    }
  })

  it("what corresponds stands at the same place, and a line where they part", () => {
    const failing = run(["a", "b"], [[0, 0, "waits"], [1, 0, "waits"], [1, 5, "ends"], [0, 9, "ends"]])
    const passing = run(["a", "b"], [[0, 0, "waits"], [1, 0, "waits"], [0, 1, "ends"], [1, 5, "ends"]])
    const { charts } = pictureOf("", failing, passing, false)
    const places = charts.map(({ lanes }) => lanes.map(({ marks }) => marks.map(({ at }) => at)))
    assert.deepStrictEqual(places, [[[0, 4], [1, 3]], [[0, 2], [1, 3]]])
    assert.deepStrictEqual(charts.map(({ parting }) => parting), [2, 2])
    assert.strictEqual(pictureOf("", failing, undefined, false).charts[0]!.parting, undefined)
  })

  it("what does not hold any more is marked where the run ends, and nothing goes on", () => {
    const failing: Explore.Run = {
      ...run(["a", "b"], [[0, 0, "waits"], [1, 0, "waits"], [1, 5, "waits"]]),
      broken: [{ millis: 5, lane: 1, what: "\"at most one\" does not hold" }]
    }
    const [chart] = pictureOf("", failing, undefined, false).charts
    assert.deepStrictEqual(chart!.lanes[1]!.marks.at(-1), {
      kind: "broken",
      at: 2,
      title: "5 ms \"at most one\" does not hold",
      label: "\"at most one\""
    })
    assert.deepStrictEqual(chart!.lanes.map(({ spans }) => spans.map(({ from, to }) => [from, to])), [[[0, 2]], [[
      1,
      2
    ]]])
  })

  it("yields are called so, and the axis says what it is", () => {
    const { axis, charts } = pictureOf("", run(["a"], [[0, 0, "yields"], [0, 0, "ends"]]), undefined, false)
    assert.deepStrictEqual(charts[0]!.lanes[0]!.spans.map(({ kind, label }) => [kind, label]), [["yield", "yields"]])
    assert.match(axis!, /^Steps are evenly spaced/)
  })
})
