import { describe, expect, it } from "vitest"
import { ours, readCorpus } from "./differ.ts"
import { generate, type Program, smaller } from "./program.ts"

const corpus = readCorpus()

describe(`random programs do what they do in asyncio, CPython ${corpus.python}`, () => {
  it.each(corpus.entries.map((entry, i) => [i, entry] as const))("%i", async (_, { cut, program, trace }) => {
    const lines = await ours(program, "virtual")
    expect(cut === undefined ? lines : lines.slice(0, cut)).toEqual(trace)
  })
})

it("a seed always gives the same program", () => {
  expect(generate(7)).toEqual(generate(7))
  expect(generate(7)).not.toEqual(generate(8))
})

it("shrinking adds no statement and comes to an end", () => {
  const size = (program: Program) => JSON.stringify(program).match(/"op":/g)?.length ?? 0
  for (const seed of [1, 2, 3]) {
    let program = generate(seed)
    for (let step = 0; program.length > 0; step++) {
      const candidates = smaller(program)
      for (const candidate of candidates) expect(size(candidate)).toBeLessThanOrEqual(size(program))
      program = candidates.at(-1)!
      expect(step).toBeLessThan(1000)
    }
  }
})
