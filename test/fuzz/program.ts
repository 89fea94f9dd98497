/**
 * The fuzzer's little language, as JSON: concurrent programs that mean the same in Python (`python.py`) and here
 * (`interpret.ts`). Programs are made from a seed, and made smaller while they still show what they show.
 *
 * Every statement logs before and after it runs, so a program needs no statement for logging. References to a task, a
 * group or a timeout that does not exist (yet) are skipped: any part of a program can be deleted.
 */
import { Random } from "./random.ts"

/** A coroutine, and the name of the task that it becomes. */
export interface Body {
  readonly name: string
  readonly block: Block
}

export type Block = ReadonlyArray<Statement>

/** What can be awaited. The last three are coroutines: where something has to run, they become tasks. */
export type Item =
  | { readonly kind: "task"; readonly name: string }
  | { readonly kind: "future"; readonly future: number }
  | { readonly kind: "start"; readonly body: Body }
  | { readonly kind: "shield"; readonly item: Item }
  | { readonly kind: "gather"; readonly items: ReadonlyArray<Item>; readonly returnExceptions: boolean }

/** What plain callbacks do. */
export type Action =
  | { readonly do: "log" | "raise" }
  | { readonly do: "cancel"; readonly task: string; readonly message?: string }
  | { readonly do: "set"; readonly event: number }
  | { readonly do: "succeed" | "fail" | "cancelFuture"; readonly future: number }
  | { readonly do: "put"; readonly queue: number }
  | { readonly do: "release"; readonly semaphore: number }
  | { readonly do: "cancelGroup"; readonly group: number }

type Mode = "FIRST_COMPLETED" | "FIRST_EXCEPTION" | "ALL_COMPLETED"

type Operation =
  | { readonly op: "sleep"; readonly seconds: number }
  | { readonly op: "create"; readonly body: Body; readonly eager: boolean }
  | { readonly op: "join"; readonly item: Item }
  | { readonly op: "gather"; readonly items: ReadonlyArray<Item>; readonly returnExceptions: boolean }
  | { readonly op: "wait"; readonly items: ReadonlyArray<Item>; readonly mode: Mode; readonly seconds?: number }
  | {
    readonly op: "asCompleted"
    readonly items: ReadonlyArray<Item>
    readonly seconds?: number
    readonly plain: boolean
  }
  | { readonly op: "shield"; readonly item: Item }
  | { readonly op: "waitFor"; readonly item: Item; readonly seconds: number }
  | { readonly op: "waitForBlock"; readonly block: Block; readonly seconds: number }
  | { readonly op: "timeout"; readonly block: Block; readonly seconds: number | null }
  | { readonly op: "reschedule"; readonly timeout: number; readonly seconds: number | null }
  | { readonly op: "cancel"; readonly task: string; readonly message?: string }
  | { readonly op: "uncancel"; readonly task: string }
  | { readonly op: "state"; readonly task: string }
  | { readonly op: "awaitedBy"; readonly task: string }
  | { readonly op: "catchError"; readonly block: Block; readonly handler: Block }
  | { readonly op: "catchCancelled"; readonly block: Block; readonly handler: Block; readonly reraise: boolean }
  | { readonly op: "finally"; readonly block: Block; readonly handler: Block }
  | { readonly op: "raise" }
  | { readonly op: "return" }
  | { readonly op: "group"; readonly block: Block }
  | { readonly op: "groupCreate"; readonly group: number; readonly body: Body; readonly eager: boolean }
  | { readonly op: "groupCancel"; readonly group: number }
  | { readonly op: "branches"; readonly blocks: ReadonlyArray<Block>; readonly seconds?: number }
  | { readonly op: "callSoon"; readonly action: Action }
  | { readonly op: "callLater"; readonly action: Action; readonly seconds: number }
  | { readonly op: "doneCallback"; readonly item: Item; readonly action: Action }
  | { readonly op: "future"; readonly future: number; readonly do: "succeed" | "fail" | "cancel" }
  | { readonly op: "event"; readonly event: number; readonly do: "wait" | "set" | "clear" }
  | { readonly op: "lock"; readonly lock: number; readonly block: Block }
  | { readonly op: "acquire" | "release" }
  | { readonly op: "semaphore"; readonly semaphore: number; readonly block: Block }
  | { readonly op: "acquirePermit" | "releasePermit"; readonly semaphore: number }
  | { readonly op: "condition"; readonly block: Block }
  | { readonly op: "conditionWait" }
  | { readonly op: "notify"; readonly n: number | null }
  | {
    readonly op: "queue"
    readonly queue: number
    readonly do: "put" | "get" | "putNowait" | "getNowait" | "join" | "taskDone" | "shutdown" | "shutdownNow"
  }
  | { readonly op: "barrier"; readonly do: "wait" | "abort" | "reset" }

/** `id` is the statement's name in the log. */
export type Statement = Operation & { readonly id: number }

/** The tasks that main starts, in order. */
export type Program = ReadonlyArray<Body>

/** When main looks at every task and ends. Long after all sleeps of a program. */
export const horizon = 100

/** What every program may use. */
export const resources = {
  futures: 2,
  events: 2,
  locks: 2,
  /** Permits of each. */
  semaphores: [1, 2],
  /** Maximal size of each. */
  queues: [0, 1],
  parties: 2
} as const

// ---------------------------------------------------------------------------------------------------------- generation

/** Parts of the library. A program uses few of them, so that what it does meets. */
const themes = [
  "gather",
  "wait",
  "asCompleted",
  "shield",
  "timeout",
  "group",
  "callback",
  "future",
  "event",
  "lock",
  "semaphore",
  "condition",
  "queue",
  "barrier",
  "eager",
  "finally",
  "branches",
  "graph"
] as const

type Theme = typeof themes[number]

/** Where a statement stands. */
interface Place {
  readonly depth: number
  /** In a finalizer, where nothing may fail or be cancelled from below. */
  readonly final: boolean
  /** The condition's lock is held. */
  readonly locked: boolean
}

const outermost: Place = { depth: 0, final: false, locked: false }

class Generator {
  private readonly random: Random
  private readonly used: ReadonlySet<Theme>
  private names = 0
  private branchNames = 0
  private ids = 0
  private readonly groups: Array<number> = []
  private readonly timeouts: Array<number> = []
  /** Few different ones, so that deadlines are often equal. */
  private readonly delays: ReadonlyArray<number>
  private budget: number

  constructor(seed: number) {
    this.random = new Random(seed)
    this.budget = 8 + this.random.below(this.random.chance(0.2) ? 50 : 22)
    this.delays = this.random.pick([[0, 0, 0, 1], [0, 0, 1, 1, 2], [0, 0, 0.5, 1, 1, 1.5, 2, 3]])
    this.used = new Set(Array.from({ length: 1 + this.random.below(4) }, () => this.random.pick(themes)))
  }

  program(): Program {
    return Array.from({ length: 2 + this.random.below(3) }, () => this.body(outermost))
  }

  private seconds(): number {
    return this.random.pick(this.delays)
  }
  private task(): string {
    return `t${1 + this.random.below(this.names + 1)}`
  }
  private eager(): boolean {
    return this.used.has("eager") && this.random.chance(0.5)
  }
  private message(): { readonly message?: string } {
    return this.random.chance(0.3) ? { message: this.random.pick(["m", "n"]) } : {}
  }

  private body({ depth }: Place): Body {
    const name = `t${++this.names}`
    return { name, block: this.block({ ...outermost, depth: depth + 1 }) }
  }

  private block(place: Place): Block {
    const block: Array<Statement> = []
    const length = 1 + this.random.below(place.depth > 3 ? 2 : 4)
    for (let i = 0; i < length && this.budget > 0; i++) block.push(this.statement(place))
    return block
  }

  private inner(place: Place): Place {
    return { ...place, depth: place.depth + 1 }
  }

  private item(place: Place, starts: boolean): Item {
    const deep = place.depth > 3
    const kinds: Array<Item["kind"]> = ["task", "task", "task"]
    if (this.used.has("future")) kinds.push("future", "future")
    if (starts && !deep) kinds.push("start", "start")
    if (starts && this.used.has("shield")) kinds.push("shield")
    if (starts && this.used.has("gather") && !deep) kinds.push("gather")
    switch (this.random.pick(kinds)) {
      case "task":
        return { kind: "task", name: this.task() }
      case "future":
        return { kind: "future", future: this.random.below(resources.futures) }
      case "start":
        return { kind: "start", body: this.body(place) }
      case "shield":
        return { kind: "shield", item: this.item(this.inner(place), false) }
      case "gather":
        return { kind: "gather", items: this.items(this.inner(place)), returnExceptions: this.random.chance(0.4) }
    }
  }

  private items(place: Place): ReadonlyArray<Item> {
    return Array.from({ length: 1 + this.random.below(3) }, () => this.item(place, true))
  }

  private action(): Action {
    const kinds: Array<Action["do"]> = ["log", "cancel", "cancel"]
    if (this.used.has("event")) kinds.push("set", "set")
    if (this.used.has("future")) kinds.push("succeed", "fail", "cancelFuture")
    if (this.used.has("queue")) kinds.push("put", "put")
    if (this.used.has("semaphore")) kinds.push("release")
    if (this.used.has("callback")) kinds.push("raise")
    if (this.groups.length > 0) kinds.push("cancelGroup")
    const kind = this.random.pick(kinds)
    switch (kind) {
      case "log":
      case "raise":
        return { do: kind }
      case "cancelGroup":
        return { do: kind, group: this.random.pick(this.groups) }
      case "cancel":
        return { do: kind, task: this.task(), ...this.message() }
      case "set":
        return { do: kind, event: this.random.below(resources.events) }
      case "succeed":
      case "fail":
      case "cancelFuture":
        return { do: kind, future: this.random.below(resources.futures) }
      case "put":
        return { do: kind, queue: this.random.below(resources.queues.length) }
      case "release":
        return { do: kind, semaphore: this.random.below(resources.semaphores.length) }
    }
  }

  private statement(place: Place): Statement {
    this.budget--
    const id = ++this.ids
    return { id, ...this.operation(place, id) }
  }

  /** The operations that may stand here, each as often as it is likely. */
  private operation(place: Place, id: number): Operation {
    const { used } = this
    const deep = place.depth > 4 || this.budget <= 0
    const makers: Array<readonly [weight: number, make: () => Operation]> = [
      [10, () => ({ op: "sleep", seconds: this.seconds() })],
      [8, () => ({ op: "cancel", task: this.task(), ...this.message() })],
      [1, () => ({ op: "uncancel", task: this.task() })],
      [1, () => ({ op: "state", task: this.task() })]
    ]
    const add = (weight: number, make: () => Operation) => makers.push([weight, make])
    const inner = this.inner(place)
    if (!deep) {
      add(6, () => ({ op: "create", body: this.body(place), eager: this.eager() }))
      add(5, () => ({
        op: "catchCancelled",
        block: this.block({ ...inner, final: false }),
        handler: this.block(inner),
        reraise: !place.final && this.random.chance(0.3)
      }))
      if (!place.final) add(3, () => ({ op: "catchError", block: this.block(inner), handler: this.block(inner) }))
      if (used.has("finally")) {
        add(6, () => ({ op: "finally", block: this.block(inner), handler: this.block({ ...inner, final: true }) }))
      }
      if (used.has("timeout")) {
        const timeout = (place: Place): Operation => {
          this.timeouts.push(id)
          return { op: "timeout", block: this.block(place), seconds: this.random.chance(0.1) ? null : this.seconds() }
        }
        if (!place.final) {
          add(6, () => timeout(inner))
          add(3, () => ({ op: "waitForBlock", block: this.block(inner), seconds: this.seconds() }))
        }
        if (this.timeouts.length > 0) {
          add(2, () => ({
            op: "reschedule",
            timeout: this.random.pick(this.timeouts),
            seconds: this.random.chance(0.2) ? null : this.seconds() - (this.random.chance(0.2) ? 1 : 0)
          }))
        }
      }
      if (used.has("group")) {
        add(7, () => {
          this.groups.push(id)
          return { op: "group", block: this.block(inner) }
        })
      }
      if (used.has("lock")) {
        add(6, () => ({ op: "lock", lock: this.random.below(resources.locks), block: this.block(inner) }))
      }
      if (used.has("semaphore")) {
        const semaphore = () => this.random.below(resources.semaphores.length)
        add(6, () => ({ op: "semaphore", semaphore: semaphore(), block: this.block(inner) }))
      }
      if (used.has("condition") && !place.locked) {
        add(8, () => ({ op: "condition", block: this.block({ ...inner, locked: true }) }))
      }
    }
    if (used.has("graph")) add(6, () => ({ op: "awaitedBy", task: this.task() }))
    if (used.has("branches") && !place.final && !deep) add(12, () => this.branches(place.depth))
    if (this.groups.length > 0) add(3, () => ({ op: "groupCancel", group: this.random.pick(this.groups) }))
    if (used.has("group") && this.groups.length > 0 && !deep) {
      add(
        8,
        () => ({ op: "groupCreate", group: this.random.pick(this.groups), body: this.body(place), eager: this.eager() })
      )
    }
    if (!place.final) {
      add(6, () => ({ op: "join", item: this.item(place, false) }))
      add(2, () => ({ op: "raise" }))
      add(1, () => ({ op: "return" }))
      if (used.has("gather")) {
        add(8, () => ({ op: "gather", items: this.items(place), returnExceptions: this.random.chance(0.4) }))
      }
      if (used.has("shield")) add(6, () => ({ op: "shield", item: this.item(place, true) }))
      if (used.has("timeout")) add(5, () => ({ op: "waitFor", item: this.item(place, true), seconds: this.seconds() }))
      if (used.has("asCompleted")) {
        add(6, () => ({
          op: "asCompleted",
          items: this.items(place),
          plain: this.random.chance(0.5),
          ...this.random.chance(0.4) ? { seconds: this.seconds() } : {}
        }))
      }
      if (used.has("queue")) {
        const does = ["put", "put", "put", "get", "get", "get", "putNowait", "getNowait", "shutdown", "shutdownNow"]
        add(12, () => ({
          op: "queue",
          queue: this.random.below(resources.queues.length),
          do: this.random.pick(does as ReadonlyArray<"put">)
        }))
      }
      if (used.has("barrier")) {
        add(8, () => ({ op: "barrier", do: this.random.pick(["wait", "wait", "wait", "wait", "reset", "abort"]) }))
      }
      if (used.has("future")) {
        add(
          4,
          () => ({
            op: "future",
            future: this.random.below(resources.futures),
            do: this.random.pick(["succeed", "fail", "cancel"])
          })
        )
      }
    }
    if (used.has("wait")) {
      add(7, () => ({
        op: "wait",
        items: this.items(place),
        mode: this.random.pick(["FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED"]),
        ...this.random.chance(0.4) ? { seconds: this.seconds() } : {}
      }))
    }
    if (used.has("callback")) {
      add(3, () => ({ op: "callSoon", action: this.action() }))
      add(4, () => ({ op: "callLater", action: this.action(), seconds: this.seconds() }))
      add(4, () => ({ op: "doneCallback", item: this.item(place, false), action: this.action() }))
    }
    if (used.has("event")) {
      add(8, () => ({
        op: "event",
        event: this.random.below(resources.events),
        do: this.random.pick(["wait", "wait", "set", "clear"])
      }))
    }
    if (used.has("lock")) {
      add(2, () => ({ op: "acquire" }))
      add(2, () => ({ op: "release" }))
    }
    if (used.has("semaphore")) {
      const semaphore = () => this.random.below(resources.semaphores.length)
      add(3, () => ({ op: "acquirePermit", semaphore: semaphore() }))
      add(3, () => ({ op: "releasePermit", semaphore: semaphore() }))
    }
    if (place.locked) {
      add(12, () => ({ op: "conditionWait" }))
      add(10, () => ({ op: "notify", n: this.random.pick([1, 1, 2, null]) }))
    }
    if (used.has("queue")) {
      add(
        3,
        () => ({
          op: "queue",
          queue: this.random.below(resources.queues.length),
          do: this.random.pick(["join", "taskDone"])
        })
      )
    }
    return this.random.weighted(makers)()
  }

  // What a task forks has no ticks in common with asyncio, so it shares no moment and nothing else with the rest: every
  // time in it is one of its own.

  private moment(): number {
    return (1 + this.random.below(2e6)) / 1e6
  }

  private branches(depth: number): Operation {
    // A deadline that several of them may have.
    const seconds = this.moment()
    const branch = (): Block => {
      if (!this.random.chance(0.6)) return this.branch(depth + 1, false)
      const id = ++this.ids
      return [{
        id,
        op: "timeout",
        block: this.branch(depth + 2, false),
        seconds: this.random.chance(0.5) ? seconds : this.moment()
      }]
    }
    return {
      op: "branches",
      blocks: Array.from({ length: 1 + this.random.below(3) }, branch),
      ...this.random.chance(0.3) ? { seconds: this.moment() } : {}
    }
  }

  private branch(depth: number, final: boolean): Block {
    const block: Array<Statement> = []
    const length = 1 + this.random.below(3)
    for (let i = 0; i < length && this.budget > 0; i++) {
      this.budget--
      const id = ++this.ids
      block.push({ id, ...this.branchOperation(depth, final, id) })
    }
    return block
  }

  private branchOperation(depth: number, final: boolean, id: number): Operation {
    const block = () => this.branch(depth + 1, false)
    const sleep = (): Operation => ({ op: "sleep", seconds: this.moment() })
    const makers: Array<() => Operation> = [sleep, sleep, sleep, sleep]
    if (!final) makers.push(() => ({ op: "raise" }), () => ({ op: "return" }))
    if (depth < 5) {
      makers.push(() => ({ op: "finally", block: block(), handler: this.branch(depth + 1, true) }))
      if (!final) {
        makers.push(
          () => ({ op: "timeout", block: block(), seconds: this.moment() }),
          () => ({ op: "waitForBlock", block: block(), seconds: this.moment() }),
          () => ({ op: "catchError", block: block(), handler: block() }),
          () => this.branches(depth),
          () => ({ op: "group", block: this.branchGroup(depth + 1, id) })
        )
      }
    }
    return this.random.pick(makers)()
  }

  private branchGroup(depth: number, group: number): Block {
    const sleep = (): Statement => ({ id: ++this.ids, op: "sleep", seconds: this.moment() })
    const child = (): Statement => ({
      id: ++this.ids,
      op: "groupCreate",
      group,
      body: { name: `b${++this.branchNames}`, block: [sleep(), ...this.branch(depth + 1, false)] },
      eager: false
    })
    const cancel = (): Statement => ({ id: ++this.ids, op: "groupCancel", group })
    return [
      ...Array.from({ length: 1 + this.random.below(2) }, child),
      sleep(),
      ...this.random.chance(0.3) ? [cancel()] : this.branch(depth + 1, false)
    ]
  }
}

/** The program of a seed. */
export const generate = (seed: number): Program => new Generator(seed).program()

// ----------------------------------------------------------------------------------------------------------- shrinking

/** All programs that are one step smaller, the smallest first. */
export const smaller = (program: Program): ReadonlyArray<Program> => [
  ...program.map((_, i) => program.toSpliced(i, 1)),
  ...program.flatMap((body, i) => smallerBlocks(body.block).map((block) => program.with(i, { ...body, block })))
]

function smallerBlocks(block: Block): ReadonlyArray<Block> {
  return [
    ...block.map((_, i) => block.toSpliced(i, 1)),
    ...block.flatMap((statement, i) => unwrapped(statement).map((inner) => block.toSpliced(i, 1, ...inner))),
    ...block.flatMap((statement, i) => smallerStatements(statement).map((smaller) => block.with(i, smaller)))
  ]
}

/** A compound statement's blocks in its place. */
const unwrapped = (statement: Statement): ReadonlyArray<Block> => {
  // Inside of it the lock is held.
  if (statement.op === "condition") return []
  return [
    ..."blocks" in statement ? statement.blocks : [],
    ..."block" in statement ? [statement.block] : [],
    ..."handler" in statement ? [statement.handler] : []
  ]
}

function smallerStatements(statement: Statement): ReadonlyArray<Statement> {
  const found: Array<object> = []
  const replace = (key: string, values: ReadonlyArray<unknown>) => {
    for (const value of values) found.push({ ...statement, [key]: value })
  }
  if ("message" in statement) {
    const { message: _, ...rest } = statement
    found.push(rest)
  }
  if ("eager" in statement && statement.eager) replace("eager", [false])
  if ("reraise" in statement && statement.reraise) replace("reraise", [false])
  if ("seconds" in statement && typeof statement.seconds === "number") {
    if (statement.op === "wait" || statement.op === "asCompleted" || statement.op === "branches") {
      const { seconds: _, ...rest } = statement
      found.push(rest)
    }
    // A moment of its own stays one.
    if (Number.isInteger(2 * statement.seconds)) {
      replace("seconds", [0, 1, 2].filter((seconds) => seconds < statement.seconds!))
    }
  }
  if ("blocks" in statement) {
    const { blocks } = statement
    if (blocks.length > 1) replace("blocks", blocks.map((_, i) => blocks.toSpliced(i, 1)))
    replace("blocks", blocks.flatMap((block, i) => smallerBlocks(block).map((smaller) => blocks.with(i, smaller))))
  }
  if ("block" in statement) replace("block", smallerBlocks(statement.block))
  if ("handler" in statement) replace("handler", smallerBlocks(statement.handler))
  if ("body" in statement) {
    replace("body", smallerBlocks(statement.body.block).map((block) => ({ ...statement.body, block })))
  }
  if ("items" in statement) replace("items", smallerItems(statement.items))
  if ("item" in statement) replace("item", smallerItem(statement.item))
  if ("action" in statement && "message" in statement.action) {
    const { message: _, ...rest } = statement.action
    replace("action", [rest])
  }
  return found as ReadonlyArray<Statement>
}

const smallerItems = (items: ReadonlyArray<Item>): ReadonlyArray<ReadonlyArray<Item>> => [
  ...items.length > 1 ? items.map((_, i) => items.toSpliced(i, 1)) : [],
  ...items.flatMap((item, i) => smallerItem(item).map((smaller) => items.with(i, smaller)))
]

function smallerItem(item: Item): ReadonlyArray<Item> {
  switch (item.kind) {
    case "task":
    case "future":
      return []
    case "start":
      return smallerBlocks(item.body.block).map((block) => ({ ...item, body: { ...item.body, block } }))
    case "shield":
      return [item.item, ...smallerItem(item.item).map((smaller) => ({ ...item, item: smaller }))]
    case "gather":
      return [...item.items, ...smallerItems(item.items).map((items) => ({ ...item, items }))]
  }
}
