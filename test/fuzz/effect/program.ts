/**
 * The differential fuzzer's programs: what runs once in plain Effect and once with this library's counterparts.
 *
 * A program is a block of statements, JSON from end to end: the corpus keeps it, the shrinker takes it apart, and both
 * interpreters read it. Every statement has moments of its own (`moment` in interpret.ts), so that nothing depends on
 * what comes first within one moment: there ticks and Effect's inline resumption may differ.
 */
import { Random } from "../random.ts"

export type Block = ReadonlyArray<Statement>

export type Statement = { readonly id: number } & Operation

/** `by` names the counterpart: `effect` is Effect's own combinator on both sides, the others are this library's verbs. */
type Operation =
  | { readonly op: "sleep"; readonly seconds: number; readonly by: "effect" | "asyncio" }
  | { readonly op: "fail" | "die" | "interrupt" }
  /** All of them, `limit` at once. `exits`: their outcomes as values. */
  | {
    readonly op: "all"
    readonly by: "effect" | "gather"
    readonly blocks: ReadonlyArray<Block>
    readonly limit?: number
    readonly exits?: true
  }
  /** The first block is the body, the others the group's tasks. Effect's counterpart is `all`, with the body's value. */
  | { readonly op: "group"; readonly name: string; readonly blocks: ReadonlyArray<Block> }
  /** Ends a group without an error. */
  | { readonly op: "stop"; readonly name: string }
  /** The first to end. `success`: the first to succeed. */
  | { readonly op: "race"; readonly by: "effect" | "wait" | "success"; readonly blocks: ReadonlyArray<Block> }
  /** Twice at once, moment by moment the same, and the outcomes as values. */
  | { readonly op: "twins"; readonly block: Block }
  | {
    readonly op: "timeout"
    readonly by: "effect" | "timeout" | "waitFor"
    readonly seconds: number
    readonly block: Block
  }
  /** `catchCancelled` with a handler that only passes the cancellation on. */
  | { readonly op: "passOn"; readonly block: Block }
  /** `exit`: the outcome as a value; `failure` and `cause`: `after` in the failure's place. */
  | { readonly op: "catch"; readonly how: "exit" | "failure" | "cause"; readonly block: Block; readonly after: Block }
  | { readonly op: "retry" | "repeat"; readonly times: number; readonly block: Block }
  | { readonly op: "ensuring" | "onInterrupt"; readonly block: Block; readonly after: Block }
  | { readonly op: "acquire"; readonly before: Block; readonly block: Block; readonly after: Block }
  /** `restore`: `before` is uninterruptible, `block` as its surroundings are. */
  | { readonly op: "uninterruptible" | "interruptible"; readonly block: Block }
  | { readonly op: "restore"; readonly before: Block; readonly block: Block }
  | { readonly op: "scoped"; readonly block: Block }
  | { readonly op: "finalizer"; readonly after: Block }
  | { readonly op: "stream" | "fiberSet"; readonly limit: number; readonly blocks: ReadonlyArray<Block> }
  /** `task`: a task here, a detached fiber of the program's own registry in plain Effect. */
  | {
    readonly op: "fork"
    readonly how: "child" | "scoped" | "detached" | "task"
    readonly name: string
    readonly block: Block
    readonly eager?: true
  }
  /** Of forks and futures that are not done: as `join`, all of them; or until the first, or all, have ended. */
  | { readonly op: "several"; readonly how: "gather" | "waitFirst" | "waitAll"; readonly names: ReadonlyArray<string> }
  /** `join` takes the other with it when it is cancelled, `shield` does not, `await` gives the outcome as a value. */
  | { readonly op: "join"; readonly how: "join" | "shield" | "await"; readonly name: string }
  /** `interrupt`: by Effect's own means, which nothing can refuse. */
  | { readonly op: "cancel"; readonly how: "ask" | "interrupt"; readonly name: string; readonly wait: boolean }
  | { readonly op: "complete"; readonly name: string; readonly how: "succeed" | "fail" }
  | { readonly op: "hold"; readonly what: "lock" | "semaphore"; readonly block: Block }
  | { readonly op: "event"; readonly how: "wait" | "set" | "clear" }
  | { readonly op: "queue"; readonly which: "bounded" | "unbounded"; readonly how: "put" | "get" | "shutdown" }

export type Program = Block

/** The futures that every program may wait for and complete. */
export const futures = ["future1", "future2"] as const

// ---------------------------------------------------------------------------------------------------------- generation

/** Parts of a program's language. A program uses few of them, so that what it does meets. */
const themes = [
  "all",
  "group",
  "race",
  "twins",
  "timeout",
  "timeout",
  "passOn",
  "retry",
  "finalizers",
  "masks",
  "scope",
  "fork",
  "several",
  "stream",
  "future",
  "hold",
  "event",
  "queue"
] as const

type Theme = typeof themes[number]

type ForkKind = Extract<Operation, { readonly op: "fork" }>["how"]

/** Where a statement stands. */
interface Place {
  readonly depth: number
  readonly scoped: boolean
  /** Runs once only, so that it does not meet itself at another point: what forks or repeats may stand here. */
  readonly once: boolean
  readonly groups: ReadonlyArray<string>
  /** The forks that certainly began earlier, and do not wait for this. */
  readonly visible: Array<string>
}

class Generator {
  private readonly random: Random
  private readonly used: ReadonlySet<Theme>
  private readonly ownVerbs: number
  private ids = 0
  private names = 0
  private groups = 0
  private gathersSeveral = false
  private budget: number

  constructor(seed: number) {
    this.random = new Random(seed)
    this.budget = 6 + this.random.below(this.random.chance(0.2) ? 40 : 20)
    this.used = new Set(Array.from({ length: 4 + this.random.below(6) }, () => this.random.pick(themes)))
    this.ownVerbs = this.random.pick([0.4, 0.7, 1])
  }

  /** Often a task that is cancelled at some moment, and watched. */
  program(): Program {
    const place: Place = { depth: 0, scoped: false, once: true, groups: [], visible: [...futures] }
    if (this.random.chance(0.4)) return this.block(place)
    const make = (operation: Operation): Statement => ({ id: ++this.ids, ...operation })
    const victim = make(this.fork(place, "task"))
    const others = this.random.chance(0.4) ? this.block(place) : []
    return [
      victim,
      ...others,
      make({ op: "sleep", seconds: this.random.below(12), by: "effect" }),
      make({ op: "cancel", how: this.how(), name: "f1", wait: this.random.chance(0.5) }),
      make({ op: "join", how: "await", name: "f1" })
    ]
  }

  private block(place: Place, breaks = 0.1): Block {
    const block: Array<Statement> = []
    const inside = { ...place, depth: place.depth + 1, visible: [...place.visible] }
    const length = 1 + this.random.below(place.depth > 2 ? 2 : 4)
    for (let i = 0; i < length && (i === 0 || this.budget > 0); i++) block.push(this.statement(inside))
    if (this.random.chance(breaks)) {
      block.push({ id: ++this.ids, op: this.random.pick(["fail", "fail", "fail", "die", "die", "interrupt"]) })
    }
    return block
  }

  private blocks(place: Place): ReadonlyArray<Block> {
    return Array.from({ length: this.random.pick([1, 2, 2, 2, 3, 4]) }, () => this.block(place))
  }

  private statement(place: Place): Statement {
    this.budget--
    const id = ++this.ids
    return { id, ...this.operation(place) }
  }

  private how(): "ask" | "interrupt" {
    return this.random.pick(["ask", "ask", "ask", "interrupt"])
  }

  private seconds(): number {
    return this.random.pick([0, 1, 2, 3, 5, 8, 13, 30])
  }

  /** One of this library's verbs, or Effect's own. */
  private by<A>(...verbs: ReadonlyArray<A>): A | "effect" {
    return this.random.chance(this.ownVerbs) ? this.random.pick(verbs) : "effect"
  }

  private limit(): { readonly limit?: number } {
    return this.random.chance(0.3) ? { limit: 2 } : {}
  }

  private operation(place: Place): Operation {
    const { random, used } = this
    const deep = place.depth > 5 || this.budget <= 0
    const makers: Array<readonly [weight: number, make: () => Operation]> = []
    const add = (weight: number, make: () => Operation) => makers.push([weight, make])
    const block = () => this.block(place)
    const blocks = () => this.blocks(place)
    const cleanUp = () => this.block(place, 0.35)
    const several = () => this.block({ ...place, once: false })
    add(9, () => ({ op: "sleep", seconds: this.seconds(), by: this.by("asyncio") }))
    if (this.names > 0) {
      add(5, () => ({ op: "cancel", how: this.how(), name: `f${1 + random.below(this.names + 1)}`, wait: false }))
      add(2, () => ({ op: "cancel", how: this.how(), name: random.pick(place.visible), wait: true }))
      add(
        4,
        () => ({ op: "join", how: random.pick(["join", "join", "shield", "await"]), name: random.pick(place.visible) })
      )
    }
    if (used.has("several") && place.once) {
      const names = (from: ReadonlyArray<string>) =>
        Array.from({ length: 1 + random.below(3) }, () => random.pick(from))
      add(4, () => ({ op: "several", how: random.pick(["waitFirst", "waitAll"]), names: names(place.visible) }))
      // Two things in one moment would be a fork that cancels one of its siblings, as it is cancelled itself; and a future
      // that fails in two gathers, each of which cancels another one of the other's.
      const gathered = random.chance(0.5) ? names(futures) : [random.pick(place.visible)]
      add(4, () => {
        const names = this.gathersSeveral ? gathered.slice(0, 1) : gathered
        if (names.length > 1) this.gathersSeveral = true
        return { op: "several", how: "gather", names }
      })
    }
    if (used.has("future")) {
      add(6, () => ({ op: "join", how: random.pick(["join", "shield", "await"]), name: random.pick(futures) }))
      add(6, () => ({ op: "complete", name: random.pick(futures), how: random.pick(["succeed", "fail"]) }))
    }
    if (used.has("event")) add(9, () => ({ op: "event", how: random.pick(["wait", "wait", "set", "clear"]) }))
    if (used.has("queue")) {
      add(10, () => ({ op: "queue", which: "bounded", how: random.pick(["put", "get"]) }))
      add(5, () => ({ op: "queue", which: "unbounded", how: random.pick(["put", "get", "get", "shutdown"]) }))
    }
    if (place.groups.length > 0) add(3, () => ({ op: "stop", name: random.pick(place.groups) }))
    if (!deep) {
      add(9, () => ({ op: "catch", how: random.pick(["exit", "failure", "cause"]), block: block(), after: block() }))
      if (place.once) add(used.has("fork") ? 10 : 3, () => this.fork(place))
      if (used.has("all")) {
        const exits = (): { readonly exits?: true } => random.chance(0.2) ? { exits: true } : {}
        add(9, () => ({ op: "all", by: this.by("gather"), blocks: blocks(), ...this.limit(), ...exits() }))
      }
      if (used.has("group")) {
        add(9, () => {
          const name = `g${++this.groups}`
          return { op: "group", name, blocks: this.blocks({ ...place, groups: [...place.groups, name] }) }
        })
      }
      if (used.has("race")) add(8, () => ({ op: "race", by: this.by("wait", "wait", "success"), blocks: blocks() }))
      if (used.has("twins")) add(8, () => ({ op: "twins", block: several() }))
      if (used.has("timeout")) {
        add(12, () => ({
          op: "timeout",
          by: this.by("timeout", "waitFor"),
          seconds: this.seconds(),
          block: block()
        }))
      }
      if (used.has("passOn")) add(9, () => ({ op: "passOn", block: block() }))
      if (used.has("retry") && place.once) {
        add(6, () => ({ op: random.pick(["retry", "repeat"]), times: 1 + random.below(2), block: several() }))
      }
      if (used.has("finalizers")) {
        add(8, () => ({ op: random.pick(["ensuring", "ensuring", "onInterrupt"]), block: block(), after: cleanUp() }))
        add(3, () => ({ op: "acquire", before: block(), block: block(), after: cleanUp() }))
      }
      if (used.has("masks")) {
        add(6, () => ({ op: random.pick(["uninterruptible", "uninterruptible", "interruptible"]), block: block() }))
        add(3, () => ({ op: "restore", before: block(), block: block() }))
      }
      if (used.has("scope")) {
        add(7, () => ({ op: "scoped", block: this.block({ ...place, scoped: true }) }))
        if (place.scoped) add(8, () => ({ op: "finalizer", after: cleanUp() }))
      }
      if (used.has("stream")) {
        add(7, () => ({ op: random.pick(["stream", "fiberSet"]), limit: 1 + random.below(3), blocks: blocks() }))
      }
      if (used.has("hold")) {
        add(9, () => ({ op: "hold", what: random.pick(["lock", "lock", "semaphore"]), block: block() }))
      }
    }
    return random.weighted(makers)()
  }

  private fork(
    place: Place,
    how: ForkKind = this.random.pick(["task", "task", "task", "detached", "child", place.scoped ? "scoped" : "child"])
  ): Operation {
    const name = `f${++this.names}`
    const block = this.block({ ...place, scoped: place.scoped && how !== "detached" && how !== "task" })
    place.visible.push(name)
    return { op: "fork", how, name, block, ...how === "task" && this.random.chance(0.2) ? { eager: true } : {} }
  }
}

/** The program of a seed. */
export const generate = (seed: number): Program => new Generator(seed).program()

// ----------------------------------------------------------------------------------------------------------- shrinking

/** All programs that are one step smaller, the smallest first. */
export const smaller = (program: Program): ReadonlyArray<Program> => {
  const numbered = renumbered(program)
  return [...smallerBlocks(program), ...JSON.stringify(numbered) === JSON.stringify(program) ? [] : [numbered]]
}

function smallerBlocks(block: Block): ReadonlyArray<Block> {
  return [
    ...block.map((_, i) => block.toSpliced(i, 1)),
    ...block.flatMap((statement, i) => blocksIn(statement).map((inner) => block.toSpliced(i, 1, ...inner))),
    ...block.flatMap((statement, i) => smallerStatements(statement).map((smaller) => block.with(i, smaller)))
  ]
}

const blocksIn = (statement: Statement): ReadonlyArray<Block> => [
  ..."before" in statement ? [statement.before] : [],
  ..."block" in statement ? [statement.block] : [],
  ..."blocks" in statement ? statement.blocks : [],
  ..."after" in statement ? [statement.after] : []
]

function smallerStatements(statement: Statement): ReadonlyArray<Statement> {
  const found: Array<object> = []
  const replace = (key: string, values: ReadonlyArray<unknown>) => {
    for (const value of values) found.push({ ...statement, [key]: value })
  }
  const leaveOut = (key: string) => found.push(Object.fromEntries(Object.entries(statement).filter(([k]) => k !== key)))
  const { op } = statement
  // The plainest thing that takes time.
  if (
    op === "event" || op === "queue" || op === "join" || op === "cancel" || op === "complete" || op === "stop" ||
    op === "several"
  ) {
    found.push({ id: statement.id, op: "sleep", seconds: 1, by: "effect" })
  }
  if ("by" in statement && statement.by !== "effect") replace("by", ["effect"])
  if (op === "timeout" && statement.by === "waitFor") replace("by", ["timeout"])
  if (op === "catch" && statement.how !== "exit") replace("how", ["exit"])
  if (op === "join" && statement.how !== "await") replace("how", ["await"])
  if (op === "cancel" && statement.how === "interrupt") replace("how", ["ask"])
  if (op === "cancel" && statement.wait) replace("wait", [false])
  if (op === "fork" && statement.eager === true) leaveOut("eager")
  if (op === "several" && statement.names.length > 1) {
    replace("names", statement.names.map((_, i) => statement.names.toSpliced(i, 1)))
  }
  if (op === "all" && statement.limit !== undefined) leaveOut("limit")
  if (op === "all" && statement.exits === true) leaveOut("exits")
  if ((op === "retry" || op === "repeat") && statement.times > 1) replace("times", [1])
  if (op === "sleep" || op === "timeout") replace("seconds", [0, 1, 2, 5].filter((s) => s < statement.seconds))
  if ("blocks" in statement) {
    if (statement.blocks.length > 1) replace("blocks", statement.blocks.map((_, i) => statement.blocks.toSpliced(i, 1)))
    replace(
      "blocks",
      statement.blocks.flatMap((block, i) => smallerBlocks(block).map((smaller) => statement.blocks.with(i, smaller)))
    )
  }
  if ("before" in statement) replace("before", smallerBlocks(statement.before))
  if ("block" in statement) replace("block", smallerBlocks(statement.block))
  if ("after" in statement) replace("after", smallerBlocks(statement.after))
  return found as ReadonlyArray<Statement>
}

/** The same with the numbers 1, 2, 3 …, in order. */
const renumbered = (program: Program): Program => {
  let ids = 0
  const block = (block: Block): Block => block.map(statement)
  const statement = (statement: Statement): Statement => ({
    ...statement,
    id: ++ids,
    ..."before" in statement ? { before: block(statement.before) } : {},
    ..."block" in statement ? { block: block(statement.block) } : {},
    ..."blocks" in statement ? { blocks: statement.blocks.map(block) } : {},
    ..."after" in statement ? { after: block(statement.after) } : {}
  })
  return block(program)
}

// ------------------------------------------------------------------------------------------------------------ printing

/** A line a statement, what is in it further in. */
export const print = (program: Program, indent = ""): string =>
  program.flatMap((statement) => {
    const { id, op, ...rest } = statement
    const first: Array<string | number> = [id, op]
    const inside: Array<string> = []
    const add = (name: string | undefined, block: Block) => {
      if (name !== undefined) inside.push(`${indent}  ${name}:`)
      if (block.length > 0) inside.push(print(block, `${indent}    `))
    }
    for (const [key, value] of Object.entries(rest)) {
      if (typeof value !== "object" || key === "names") first.push(`${key}=${value}`)
      else if (key === "blocks") { for (const block of value) add("branch", block) }
      else add(key === "block" ? undefined : key, value)
    }
    return [indent + first.join(" "), ...inside]
  }).join("\n")
