/**
 * The examples of the documentation, as programs that are checked and run.
 *
 * A fence opened by ```` ```ts import.meta.vitest ````, in a comment of the sources or in Markdown, is a whole program. It
 * is type-checked as strictly as the sources, runs as a module (so `await` may stand at its top level) and has to end
 * without an error. What it says after `// =>` has to hold:
 *
 * - `expression // => expected`: the expression statement has the value of the JavaScript expression `expected`. Values
 *   are equal by structure, as `assert.deepStrictEqual` has it, or by Effect's `Equal`.
 * - `const name = expression // => expected`: the same of `name`.
 * - `console.log(…) // => text` and `yield* Console.log(…) // => text`: that text was printed. Below any statement, on
 *   lines of their own, such comments are the printed lines. Both forms mean all that was printed since the text before:
 *
 *       await asyncio.run(main)
 *       // => in test a
 *       // => in test b
 *
 * They may stand inside functions. One that the program never reaches fails, and so does one that follows nothing it
 * could speak of. What must not compile is shown under a `// @ts-expect-error`.
 *
 * How: each fence becomes a file, its `// =>` calls of a `Recorder`, every line where it is in the documentation. So the
 * compiler and stack traces name the right line by themselves, and one `tsc` checks all. (It reports types only where
 * there is no syntax error anywhere.)
 */
import { mkdir, rm, writeFile } from "node:fs/promises"
import { resolve } from "node:path"
import { inspect } from "node:util"
import { x } from "tinyexec"
import { type ESTree, parseSync, Visitor } from "vite"
import { Recorder, recorders } from "./Recorder.ts"

export interface DocExample {
  /** The path of the documentation, from the project's root. */
  readonly file: string
  /** The line of the opening fence, from 1. */
  readonly line: number
  readonly code: string
}

/** An example as a file that `run` can import. */
export interface Program {
  /** `file:line` of its fence. */
  readonly id: string
  readonly file: string
  readonly line: number
  readonly path: string
  /** The lines of its `// =>`. */
  readonly assertions: ReadonlyArray<number>
  /** What is wrong with it before it has run: `file:line: message`. */
  readonly errors: ReadonlyArray<string>
}

export const root = resolve(import.meta.dirname, "../..")

/** Finds the examples in the text of a source or Markdown file. */
export const find = (file: string, text: string): ReadonlyArray<DocExample> =>
  Array.from(text.matchAll(/^([ *]*)```ts import\.meta\.vitest\n(.*?)^\1```$/gms), (match) => ({
    file,
    line: text.slice(0, match.index).split("\n").length,
    code: match[2]!.split("\n").map((row) => row.slice(match[1]!.length)).join("\n")
  }))

/** Writes the examples as programs into a folder of their own, emptied before, and type-checks them. */
export const compile = async (
  folder: string,
  examples: ReadonlyArray<DocExample>
): Promise<ReadonlyArray<Program>> => {
  const directory = resolve(root, ".doc-examples", folder)
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true })
  await writeFile(resolve(directory, "tsconfig.json"), `{ "extends": "../../tsconfig.json", "include": ["*.ts"] }`)
  const programs = await Promise.all(examples.map(async (example) => {
    const { source, ...program } = instrument(example, directory)
    await writeFile(program.path, source)
    return program
  }))
  const typeErrors = await typeCheck(directory)
  return programs.map((program) => ({
    ...program,
    errors: program.errors.concat(
      typeErrors.filter(({ path }) => path === program.path)
        .map(({ line, message }) => `${program.file}:${line}: ${message}`)
    )
  }))
}

const { log } = console

/** Runs a program, if it has no errors yet, and gives all that is wrong with it. */
export const run = async ({ assertions, errors, file, id, line, path }: Program): Promise<ReadonlyArray<string>> => {
  if (errors.length > 0) return errors
  const recorder = new Recorder(file, assertions)
  recorders.set(id, recorder)
  console.log = (...values) => recorder.print(...values)
  try {
    await import(path)
  } catch (error) {
    const thrower = error instanceof Error ? error.stack?.split(`${path}:`)[1] : undefined
    recorder.fail(
      thrower === undefined ? line : Number.parseInt(thrower),
      `thrown: ${error instanceof Error ? String(error) : inspect(error)}`
    )
  } finally {
    console.log = log
  }
  return recorder.end()
}

/** The program of an example: its code, with calls of a recorder for the `// =>`. */
const instrument = ({ code, file, line }: DocExample, directory: string): Program & { readonly source: string } => {
  const id = `${file}:${line}`
  const { comments, program } = parseSync("example.ts", code, { lang: "ts" })
  const lineAt = (offset: number) => line + code.slice(0, offset).split("\n").length
  const insertions: Array<readonly [offset: number, text: string]> = []
  const assertions: Array<number> = []
  const understood = new Set<number>()

  const assert = (statement: ESTree.Statement | ESTree.Directive) => {
    const [, gap, said] = /^(\s*)\/\/ =>(.*(?:\n[ \t]*\/\/ =>.*)*)/.exec(code.slice(statement.end)) ?? []
    if (gap === undefined || said === undefined) return
    const at = lineAt(statement.end + gap.length)
    const rows = said.split(/\n[ \t]*\/\/ =>/).map((row) => row.replace(/^ /, ""))
    const declared = statement.type === "VariableDeclaration" ? statement.declarations.at(-1)?.id : undefined
    if (gap.includes("\n") || /^(yield\* )?[cC]onsole\.log\(/.test(code.slice(statement.start))) {
      insertions.push([statement.end, `; $doc.text(${at}, ${JSON.stringify(rows)})`])
    } else if (rows.length === 1 && statement.type === "ExpressionStatement") {
      const { end, start } = statement.expression
      insertions.push([start, `$doc.value(${at}, (`], [end, `), ${rows[0]})`])
    } else if (rows.length === 1 && declared?.type === "Identifier") {
      insertions.push([statement.end, `; $doc.value(${at}, ${declared.name}, ${rows[0]})`])
    } else {
      return
    }
    assertions.push(at)
    rows.forEach((_, index) => understood.add(at + index))
  }
  const assertAll = ({ body }: ESTree.Program | ESTree.BlockStatement) => body.forEach(assert)
  new Visitor({ Program: assertAll, BlockStatement: assertAll }).visit(program)

  const body = insertions.sort(([a], [b]) => b - a)
    .reduce((text, [offset, insertion]) => text.slice(0, offset) + insertion + text.slice(offset), code)
  const header = assertions.length === 0 ? "" : [
    `import { recorders } from "../../test/docs/Recorder.ts"`,
    `const $doc = recorders.get("${id}")!`
  ].join("; ")
  return {
    id,
    file,
    line,
    path: resolve(directory, `${file.replaceAll("/", "-")}-${line}.ts`),
    source: `${"\n".repeat(line - 1)}${header}\n${body}`,
    assertions,
    errors: comments.filter(({ type, value }) => type === "Line" && value.startsWith(" =>"))
      .map(({ start }) => lineAt(start))
      .filter((at) => !understood.has(at))
      .map((at) => `${file}:${at}: this \`// =>\` follows nothing it could speak of`)
  }
}

/** What the compiler has to say about the programs of `directory`. */
const typeCheck = async (directory: string) => {
  const tsc = ["node_modules/typescript/bin/tsc", "--pretty", "false", "--project", directory]
  const { stderr, stdout } = await x(process.execPath, tsc, { nodeOptions: { cwd: root } })
  // The lines below an error's first are indented.
  return `${stdout}${stderr}`.split(/\n(?=\S)/).filter((error) => error.trim() !== "").map((error) => {
    const [, path, line, message] = /^(.+)\((\d+),\d+\): (.*)$/s.exec(error) ?? []
    if (path === undefined || message === undefined) throw new Error(`tsc: ${error}`)
    return { path: resolve(root, path), line, message: message.trimEnd() }
  })
}
