import { describe, expect, it } from "vitest"
import * as DocExample from "./DocExample.ts"

/** A page whose example has its fence in line 3, its code from line 4. */
const page = (...code: ReadonlyArray<string>) => ["# Title", "", "```ts import.meta.vitest", ...code, "```"].join("\n")

const examples = (pages: Record<string, string>) =>
  Object.entries(pages).flatMap(([file, text]) => DocExample.find(file, text))

const compiled = await DocExample.compile(
  "test",
  examples({
    "plain.md": page(`const one: number = 1`, `void one`),
    "value.md": page(
      `1 + 1 // => 2`,
      `await Promise.resolve([`,
      `  { a: 1 }`,
      `]); // => [{ a: 1 }]`,
      `new Error("no") // => new Error("no")`,
      `const list = [1] // => [1]`,
      `list.push(2) // => 2`,
      `list // => [1, 2]`
    ),
    "constant.md": page(`const two = 1 + 1 // => 2`),
    "effect.md": page(
      `import { Chunk, Effect, Option } from "effect"`,
      `await Effect.runPromise(Effect.succeedSome(1)) // => Option.some(1)`,
      `Chunk.append(Chunk.of(1), 2) // => Chunk.make(1, 2)`
    ),
    "inside.md": page(
      `import { Console, Effect } from "effect"`,
      `const main = Effect.gen(function*() {`,
      `  const two = yield* Effect.succeed(2) // => 2`,
      `  yield* Console.log("two is", two) // => two is 2`,
      `  return two + 1`,
      `})`,
      `await Effect.runPromise(main) // => 3`
    ),
    "printed.md": page(
      `console.log("a", [1]) // => a [ 1 ]`,
      `for (const line of ["b", "", "c\\nd"]) console.log(line)`,
      `// => b`,
      `// =>`,
      `// => c`,
      `// => d`
    ),
    "string.md": page("const arrow = `", "// => not one of ours", "`", `arrow.length // => 23`),
    "compile-error.md": page(`// @ts-expect-error`, `const text: string = 1 // => 1`),

    "wrong-value.md": page(`const one = 1`, `one // => 2`, `one // => 1`, `one // => 3`),
    "wrong-text.md": page(`console.log(1)`, `console.log(2) // => 2`),
    "swallowed.md": page(
      `import { Effect } from "effect"`,
      `const main = Effect.sync(() => {`,
      `  1 // => 2`,
      `})`,
      `await Effect.runPromise(Effect.exit(main))`
    ),
    "unreached.md": page(`const never = () => {`, `  1 // => 1`, `}`, `void never`),
    "type-error.md": page(`const text: string = 1`, `text // => 1`),
    "unknown-name.md": page(`1 // => one`),
    "thrown.md": page(`export interface Erased {`, `  readonly field: 1`, `}`, ``, `throw new Error("no luck")`),
    "rejected.md": page(`await Promise.reject({ no: "luck" })`),
    "misplaced.md": page(`const list = [`, `  1 // => 1`, `]`, `const [one] = list // => 1`, `void one`)
  })
)
const failures = async (file: string) => {
  const program = compiled.find((program) => program.file === file)
  return program === undefined ? ["no such example"] : DocExample.run(program)
}

describe("find", () => {
  it("takes the marked fences of Markdown and of comments, with their lines", () => {
    const markdown = ["```ts", "no", "```", "  ```ts import.meta.vitest", "  if (true) {", "    yes", "  }", "  ```"]
    expect(DocExample.find("a.md", markdown.join("\n"))).toEqual([
      { file: "a.md", line: 4, code: "if (true) {\n  yes\n}\n" }
    ])
    const source = ["/**", " * ```ts import.meta.vitest", " * yes", " *", " * 2 * 3", " * ```", " */", "export {}"]
    expect(DocExample.find("a.ts", source.join("\n"))).toEqual([{ file: "a.ts", line: 2, code: "yes\n\n2 * 3\n" }])
  })

  it("takes every fence of a file", () => {
    expect(DocExample.find("a.md", `${page("1")}\n\n${page("2")}`).map(({ line }) => line)).toEqual([3, 9])
  })
})

describe("an example passes", () => {
  it.each([
    ["that has no assertion", "plain.md"],
    ["whose expressions have the values", "value.md"],
    ["whose constants have the values", "constant.md"],
    ["whose values are equal by Effect's Equal", "effect.md"],
    ["whose assertions stand inside of functions", "inside.md"],
    ["that prints the text", "printed.md"],
    ["with an arrow in a string", "string.md"],
    ["with an expected compile error", "compile-error.md"]
  ])("%s", async (_, file) => {
    expect(await failures(file)).toEqual([])
  })
})

describe("an example fails, with its place", () => {
  it.each([
    ["by each wrong value", "wrong-value.md", ["5: expected 2, got 1", "7: expected 3, got 1"]],
    ["by other text", "wrong-text.md", ["5: expected this to be printed\n2\nbut it was\n1\n2"]],
    ["by a wrong value where a throw would be lost", "swallowed.md", ["6: expected 2, got 1"]],
    ["by an assertion that is not reached", "unreached.md", ["5: the program ended without coming here"]],
    ["by a type error", "type-error.md", ["4: error TS2322: Type 'number' is not assignable to type 'string'."]],
    ["by a type error in what is expected", "unknown-name.md", ["4: error TS2304: Cannot find name 'one'."]],
    ["by an error that is thrown", "thrown.md", ["8: thrown: Error: no luck"]],
    ["by something else that is thrown", "rejected.md", ["3: thrown: { no: 'luck' }"]],
    ["by an assertion of nothing", "misplaced.md", [
      "5: this `// =>` follows nothing it could speak of",
      "7: this `// =>` follows nothing it could speak of"
    ]]
  ])("%s", async (_, file, expected) => {
    expect(await failures(file)).toEqual(expected.map((failure) => `${file}:${failure}`))
  })

  it("by a syntax error", async () => {
    const [program] = await DocExample.compile("test-syntax", examples({ "syntax.md": page("", "1 +") }))
    expect(program?.errors).toEqual(["syntax.md:5: error TS1109: Expression expected."])
  })
})
