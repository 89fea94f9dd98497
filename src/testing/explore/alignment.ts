/**
 * Two runs side by side: which steps of one correspond to which of the other, and which of them are shown.
 *
 * Steps correspond if the same task does the same in them, at whatever time; those that correspond are in the same order in
 * both runs, and there are as many as possible. So a step that has moved stands out, and those that follow it do not.
 */
import type { Run, Step } from "../Explore.ts"

/** Indices of steps: of two that correspond, of one alone, or of two that stand in each other's place. */
export interface Row {
  readonly failing: number | undefined
  readonly passing: number | undefined
  readonly isOther: boolean
}

/** What identifies a task in both runs: its name, and how many before it have the same. */
export const tasksOf = ({ lanes }: Run): ReadonlyArray<string> => {
  const counts = new Map<string, number>()
  return lanes.map((name) => {
    const before = counts.get(name) ?? 0
    counts.set(name, before + 1)
    return `${before} ${name}`
  })
}

/** What each step did, as a text to compare. */
const deedsOf = (run: Run): ReadonlyArray<string> => {
  const tasks = tasksOf(run)
  return run.steps.map(({ lane, notes, what }) => [tasks[lane], what, ...notes].join("\n"))
}

export const align = (failing: Run, passing: Run | undefined): ReadonlyArray<Row> => {
  if (passing === undefined) {
    return failing.steps.map((_, index) => ({ failing: index, passing: undefined, isOther: false }))
  }
  const a = deedsOf(failing)
  const b = deedsOf(passing)
  const rows: Array<Row> = []
  const alike = (i: number, j: number): void => void rows.push({ failing: i, passing: j, isOther: false })
  /** What stands between two that correspond. */
  const others = (fromA: number, toA: number, fromB: number, toB: number): void => {
    for (let n = 0; n < Math.max(toA - fromA, toB - fromB); n++) {
      const i = fromA + n
      const j = fromB + n
      rows.push({ failing: i < toA ? i : undefined, passing: j < toB ? j : undefined, isOther: true })
    }
  }
  let nextA = 0
  let nextB = 0
  for (const [i, j] of correspondence(a, b)) {
    others(nextA, i, nextB, j)
    alike(i, j)
    nextA = i + 1
    nextB = j + 1
  }
  others(nextA, a.length, nextB, b.length)
  return rows
}

/** Between the common start and end, so many steps of each are compared with each other, which costs their product. */
const compared = 1500

/** A longest common subsequence, as pairs of indices. */
const correspondence = (
  a: ReadonlyArray<string>,
  b: ReadonlyArray<string>
): ReadonlyArray<readonly [number, number]> => {
  const pairs: Array<readonly [number, number]> = []
  let begin = 0
  while (begin < a.length && begin < b.length && a[begin] === b[begin]) pairs.push([begin, begin++])
  let end = 0
  while (end < Math.min(a.length, b.length) - begin && a[a.length - 1 - end] === b[b.length - 1 - end]) end++
  const rows = Math.min(a.length - begin - end, compared)
  const columns = Math.min(b.length - begin - end, compared)
  const width = columns + 1
  // How many correspond from there on.
  const lengths = new Uint16Array((rows + 1) * width)
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = columns - 1; j >= 0; j--) {
      lengths[i * width + j] = a[begin + i] === b[begin + j]
        ? lengths[(i + 1) * width + j + 1]! + 1
        : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!)
    }
  }
  for (let i = 0, j = 0; i < rows && j < columns;) {
    if (a[begin + i] === b[begin + j]) pairs.push([begin + i++, begin + j++])
    // Of two equally long ways: what is missing here came earlier there, since most deviations make something late.
    else if (lengths[(i + 1) * width + j]! > lengths[i * width + j + 1]!) i++
    else j++
  }
  for (let n = end; n > 0; n--) pairs.push([a.length - n, b.length - n])
  return pairs
}

// ---------------------------------------------------------------------------------------------------------- the excerpt

/** How many rows are shown before and after the point where the runs diverge, and at the end. */
export interface Extent {
  readonly before: number
  readonly after: number
  readonly last: number
}

/** At most so many deviating steps are shown, whatever the extent, and so many of those that stand out. */
export const deviationsShown = 40
const othersShown = 40

/** Consecutive rows that are left out. */
export interface Gap {
  readonly from: number
  readonly to: number
}

export type Shown = Row | Gap

export const isGap = (shown: Shown): shown is Gap => "from" in shown

/** Where the runs diverge: the first step that differs, or comes at another time. */
export const partingOf = (rows: ReadonlyArray<Row>, failing: Run, passing: Run | undefined): number | undefined => {
  const parting = rows.findIndex((row) =>
    row.isOther ||
    passing !== undefined && stepOf(failing, row.failing)?.millis !== stepOf(passing, row.passing)?.millis
  )
  return parting === -1 ? undefined : parting
}

export const stepOf = (run: Run, index: number | undefined): Step | undefined =>
  index === undefined ? undefined : run.steps[index]

/** For long runs: the point where they diverge, what stands out, the deviating steps and the end, with gaps between. */
export const excerpt = (
  rows: ReadonlyArray<Row>,
  failing: Run,
  passing: Run | undefined,
  { after, before, last }: Extent
): ReadonlyArray<Shown> => {
  if (rows.length <= before + after + last) return rows
  const parting = partingOf(rows, failing, passing) ?? rows.length - after
  let deviating = 0
  let others = 0
  const shown: Array<Shown> = []
  let gap: Gap | undefined
  rows.forEach((row, index) => {
    const deviates = [stepOf(failing, row.failing), passing && stepOf(passing, row.passing)]
      .some((step) => step !== undefined && step.deviations.length > 0)
    const isNear = index >= parting - before && index < parting + after
    const isShown = isNear || index >= rows.length - last || deviates && deviating < deviationsShown ||
      row.isOther && others < othersShown
    if (deviates) deviating++
    if (row.isOther) others++
    if (isShown) {
      gap = undefined
      shown.push(row)
    } else if (gap === undefined) shown.push(gap = { from: index, to: index + 1 })
    else shown[shown.length - 1] = gap = { from: gap.from, to: index + 1 }
  })
  return shown.map((part) => isGap(part) && part.to - part.from === 1 ? rows[part.from]! : part)
}
