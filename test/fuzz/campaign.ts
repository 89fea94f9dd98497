/** Runs random programs on two sides, makes what differs smaller, and prints one program of each kind. */

/** Random programs, and how they are compared. */
export interface Suite<Program> {
  readonly generate: (seed: number) => Program
  /** All programs that are one step smaller, the smallest first. */
  readonly smaller: (program: Program) => ReadonlyArray<Program>
  /** Many at once: CPython takes a list. */
  readonly judge: (programs: ReadonlyArray<Program>) => Promise<ReadonlyArray<Verdict>>
  readonly show: (program: Program) => Promise<void>
}

interface Verdict {
  readonly differs: boolean
  /** What else is counted. */
  readonly remark?: string | undefined
}

export interface Options {
  readonly seed: number
  readonly count: number
  /** Stops after so many kinds of differences. */
  readonly kinds: number
}

/** As many at once: an installed CPython is started for each batch. */
const batch = 500
/** Most of these are for nothing: the first that differs is gone on with. */
const smallBatch = 20

/** The smallest program that still differs, one step at a time. */
const shrink = async <Program>(suite: Suite<Program>, program: Program): Promise<Program> => {
  let smallest = program
  search: while (true) {
    const candidates = suite.smaller(smallest)
    for (let i = 0; i < candidates.length; i += smallBatch) {
      const some = candidates.slice(i, i + smallBatch)
      const first = (await suite.judge(some)).findIndex(({ differs }) => differs)
      if (first < 0) continue
      smallest = some[first]!
      continue search
    }
    return smallest
  }
}

/** Programs of the same operations are taken to show the same thing. */
const kindOf = (program: unknown): string =>
  Array.from(new Set(JSON.stringify(program).match(/"(op|do|kind|by|how)":"\w+"|"eager":true/g))).sort().join(" ")

/** Gives how many differ. */
export const run = async <Program>(suite: Suite<Program>, { count, kinds, seed: first }: Options): Promise<number> => {
  const found = new Set<string>()
  const remarks = new Map<string, number>()
  let differing = 0
  let seed = first
  for (; seed < first + count && found.size < kinds; seed += batch) {
    const programs = Array.from({ length: Math.min(batch, first + count - seed) }, (_, i) => suite.generate(seed + i))
    for (const [i, { differs, remark }] of (await suite.judge(programs)).entries()) {
      if (remark !== undefined) remarks.set(remark, (remarks.get(remark) ?? 0) + 1)
      if (!differs) continue
      differing++
      const smallest = await shrink(suite, programs[i]!)
      const kind = kindOf(smallest)
      if (found.has(kind)) continue
      found.add(kind)
      console.log(`\nseed ${seed + i}:`)
      await suite.show(smallest)
    }
  }
  const tried = Math.min(seed - first, count)
  console.log(`\nseeds from ${first}: of ${tried} programs ${differing} differ, in ${found.size} ways`)
  for (const [remark, count] of Array.from(remarks).sort(([_, a], [__, b]) => b - a)) {
    console.log(`  ${count}: ${remark}`)
  }
  return differing
}
