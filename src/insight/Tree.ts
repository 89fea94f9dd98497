/** A snapshot as a tree of tasks. */
import { shortened } from "../internal/host/printing.ts"
import { circleInWords } from "../internal/task/circles.ts"
import { coloured, type Ink, plain } from "./drawing/ink.ts"
import type { FormatOptions } from "./format.ts"
import type { LoopInfo, State, TaskInfo } from "./snapshot.ts"
import { durationInWords, titleOf } from "./words.ts"

/** Up to so many similar tasks are shown one by one. */
const alike = 20
/** Deeper tasks are shown at this depth. */
const maxDepth = 30
/** How many of the functions that a task is in are shown. */
const frames = 3

/** A place in the tree: of a task, or of several similar ones. */
interface Place {
  readonly tasks: readonly [TaskInfo, ...ReadonlyArray<TaskInfo>]
  readonly depth: number
  /** The prefix of its first line, and of those below. */
  readonly lead: string
  readonly below: string
}

export class Tree {
  private readonly ink: Ink
  private readonly base: string
  private readonly limit: number
  private readonly filter: (task: TaskInfo) => boolean
  private readonly tasks: ReadonlyMap<number, TaskInfo>
  /** By id, those that stand below a task. */
  private readonly below = new Map<number, Array<TaskInfo>>()
  private readonly stuck: ReadonlySet<number>
  private readonly told = new Set<TaskInfo>()
  private readonly lines: Array<string> = []

  /** `below`: whether the tasks below a task are those it awaits, or those that await it. */
  constructor(
    loops: ReadonlyArray<LoopInfo>,
    below: "awaited" | "awaiting",
    { base = "", color = false, filter = () => true, limit = 1000 }: FormatOptions = {}
  ) {
    this.ink = color ? coloured : plain
    this.base = base
    this.limit = limit
    this.filter = filter
    this.tasks = new Map(loops.flatMap(({ tasks }) => tasks.map((task) => [task.id, task])))
    this.stuck = new Set(loops.flatMap(({ circles }) => circles.flat()))
    for (const task of this.tasks.values()) {
      if (!filter(task)) continue
      for (const awaiter of this.awaitersOf(task)) {
        if (below === "awaited") this.put(awaiter, task)
        else this.put(task, awaiter)
      }
    }
  }

  end(): string {
    return this.lines.join("\n")
  }

  addLoop({ circles, id, ready, tasks }: LoopInfo, isNumbered: boolean): void {
    const shown = tasks.filter(this.filter)
    const some = shown.length === tasks.length ? "" : `, ${shown.length} shown`
    this.add(`${isNumbered ? `loop ${id}: ` : ""}${tasksInWords(tasks.length)}, ${ready} ready${some}`)
    this.addTrees(shown.filter((task) => this.awaitersOf(task).length === 0))
    // Those left hang on a circle.
    for (const task of shown) if (!this.told.has(task)) this.addTrees([task])
    const left = shown.filter((task) => !this.told.has(task)).length
    if (left > 0) this.lines.push(`… and ${left} more`)
    for (const circle of circles) this.lines.push(this.ink.bad(this.circleInWords(circle)))
  }

  addTasks(ids: ReadonlyArray<number>): void {
    this.addTrees(ids.map((id) => this.tasks.get(id)).filter((task) => task !== undefined))
  }

  /** Those of the shown tasks that await it. */
  private awaitersOf({ awaitedBy }: TaskInfo): ReadonlyArray<TaskInfo> {
    return awaitedBy.map((id) => this.tasks.get(id)).filter((task) => task !== undefined).filter(this.filter)
  }

  private put({ id }: TaskInfo, below: TaskInfo): void {
    const others = this.below.get(id)
    if (others === undefined) this.below.set(id, [below])
    else others.push(below)
  }

  add(line: string): void {
    if (this.lines.length < this.limit) this.lines.push(line)
  }

  /** With an explicit stack: a chain of tasks that await each other may be very long. */
  private addTrees(roots: ReadonlyArray<TaskInfo>): void {
    const places = this.placesOf(roots, "", 0)
    while (places.length > 0 && this.lines.length < this.limit) {
      const place = places.pop()!
      const [task] = place.tasks
      if (this.told.has(task)) this.add(`${place.lead}${title(task)}  (see above)`)
      else {
        this.addPlace(place)
        places.push(...this.placesOf(this.below.get(task.id) ?? [], place.below, place.depth + 1))
      }
    }
  }

  /** The last one first. */
  private placesOf(tasks: ReadonlyArray<TaskInfo>, before: string, depth: number): Array<Place> {
    const isFlat = depth === 0 || depth > maxDepth
    return this.grouped(tasks).map((tasks, i, { length }) => {
      const isLast = i === length - 1
      return {
        tasks,
        depth,
        lead: isFlat ? before : `${before}${isLast ? "└─ " : "├─ "}`,
        below: isFlat ? before : `${before}${isLast ? "   " : "│  "}`
      }
    }).toReversed()
  }

  /** Groups similar tasks, if there are many, in the place of the first; the others stay where they are. */
  private grouped(tasks: ReadonlyArray<TaskInfo>): ReadonlyArray<Place["tasks"]> {
    if (tasks.length <= alike) return tasks.map((task) => [task])
    const likenesses = new Map(tasks.map((task) => [task, this.below.has(task.id) ? task : likenessOf(task)]))
    const groups = Map.groupBy(tasks, (task) => likenesses.get(task))
    return tasks.flatMap((task): ReadonlyArray<Place["tasks"]> => {
      const group = groups.get(likenesses.get(task))!
      if (group.length <= alike) return [[task]]
      return task === group[0] ? [[task, ...group.slice(1)]] : []
    })
  }

  private addPlace({ below, lead, tasks }: Place): void {
    const { ink } = this
    const [task, second] = tasks
    for (const one of tasks) this.told.add(one)
    const mark = this.stuck.has(task.id) ? ` ${ink.bad("[deadlock]")}` : ""
    this.add(
      second === undefined
        ? `${lead}${ink.strong(title(task))}  ${this.doing(task)}${mark}`
        : `${lead}${ink.strong(title(task))}, ${ink.strong(title(second))} and ${
          tasks.length - 2
        } more: ${tasks.length} ` +
          verbs[task.state][1] + this.objectOf(task)
    )
    const margin = `${below}${this.below.has(task.id) ? "│" : " "}   `
    for (const { at, name } of task.stack.slice(0, frames)) {
      this.add(`${margin}${ink.quiet(`in ${name}${at === undefined ? "" : ` ${this.placeInWords(at)}`}`)}`)
    }
    if (task.createdAt !== undefined) {
      this.add(`${margin}${ink.quiet(`created at ${this.placeInWords(task.createdAt)}`)}`)
    }
  }

  private doing(task: TaskInfo): string {
    const { cancelling, wait } = task
    const { dueIn, place, since, timeout } = wait ?? {}
    return [
      verbs[task.state][0],
      since === undefined ? "" : ` ${durationInWords(since)}`,
      this.objectOf(task),
      dueIn === undefined ? "" : ` due ${inOrAgo(dueIn)}`,
      place === undefined ? "" : ` (${place[0]} of ${place[1]} in line)`,
      timeout === undefined ? "" : `, ${timeout < 0 ? "timed" : "times"} out ${inOrAgo(timeout)}`,
      cancelling === 0 ? "" : ", asked to cancel"
    ].join("")
  }

  /** What it waits for, and who has it. */
  private objectOf({ wait }: TaskInfo): string {
    if (wait === undefined) return ""
    return ` for ${wait.what}${wait.heldBy === undefined ? "" : ` held by ${this.nameOf(wait.heldBy)}`}`
  }

  private nameOf(id: number): string {
    const task = this.tasks.get(id)
    return task === undefined ? "a task of another loop" : title(task)
  }

  private placeInWords(place: string): string {
    return this.base !== "" && place.startsWith(this.base) ? place.slice(this.base.length).replace(/^[/\\]/, "") : place
  }

  private circleInWords(circle: ReadonlyArray<number>): string {
    const isOverLocks = circle.some((id) => this.tasks.get(id)?.wait?.heldBy !== undefined)
    const claim = isOverLocks ? "deadlock, unless somebody else releases" : "deadlock"
    return `${claim}: ${circleInWords(circle.map((id) => this.nameOf(id)))}`
  }
}

/** Of one, and of many. */
const verbs: Readonly<Record<State, readonly [one: string, many: string]>> = {
  new: ["has not started", "have not started"],
  running: ["runs", "run"],
  ready: ["is ready", "are ready"],
  waiting: ["waits", "wait"],
  outside: ["waits for something outside of the loop", "wait for something outside of the loop"]
}

/** If the loop is late, the time has already passed. */
const inOrAgo = (seconds: number): string =>
  seconds < 0 ? `${durationInWords(-seconds)} ago` : `in ${durationInWords(seconds)}`

const title = ({ name, stack }: TaskInfo): string => {
  const runs = stack.at(-1)?.name
  return titleOf(shortened(name), runs === undefined ? undefined : shortened(runs))
}

const tasksInWords = (count: number): string => count === 1 ? "1 task" : `${count} tasks`

/** What tasks that share one line have in common. */
const likenessOf = ({ createdAt, stack, state, wait }: TaskInfo): string =>
  JSON.stringify([state, wait?.what, wait?.heldBy, createdAt, stack[0]])
