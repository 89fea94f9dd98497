/**
 * `npm run reference`: the reference as a site of its own, in `reference/`, from the published types: builds the package,
 * and reads `dist` with TypeDoc and a TypeScript of its own, as TypeScript 7 has no API that TypeDoc could use.
 * Exit code 1 if TypeDoc has anything to say.
 */
import { cpSync, globSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import manifest from "../package.json" with { type: "json" }
import { execute, install, makeFolder, root } from "./workshop.ts"

const tools = { typedoc: "0.28.20", typescript: "5.9.3" }

/** An arrow, or an object type that begins with a call signature: what TypeDoc shows as a function if told so. */
const functions = /^( *)\*\/\n(?=(?: *(?:export )?(?:declare )?const \w+: (?:<|\(|\{\s*(?:\/\*\*.*?\*\/\s*)?[<(])))/gms

/** The subpaths with a line of their own in `exports` that export something, by the file with their types. */
const subpaths = new Map(
  Object.entries(manifest.exports).flatMap(([path, target]) =>
    typeof target === "object" && target !== null && !path.includes("*") && path !== "./node/monitor"
      ? [[target.types.slice(2), `effect-asyncio${path.slice(1)}`] as const]
      : []
  )
)

/** The declarations as TypeDoc is to read them: fences without what our tests say in them, functions marked, entries named. */
const prepared = (file: string, text: string): string => {
  const plain = text.replaceAll("```ts import.meta.vitest", "```ts").replace(functions, "$1* @function\n$&")
  const name = subpaths.get(file)
  return name === undefined ? plain : plain.replace(/^ \*\/$/m, ` * @module ${name}\n */`)
}

const folder = makeFolder()
const check = (what: string, { ok, output }: { readonly ok: boolean; readonly output: string }): void => {
  if (!ok) throw new Error(`${what}\n${output}`)
}
check("npm run build", await execute("npm", ["run", "build"]))
check("npm install", await install(folder, tools))
for (const name of ["effect", "@effect", "@types/node", "undici-types"]) {
  symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name))
}
for (const file of globSync("dist/**/*.d.ts", { cwd: root })) {
  cpSync(join(root, file), join(folder, file))
  writeFileSync(join(folder, file), prepared(file, readFileSync(join(root, file), "utf8")))
}
writeFileSync(join(folder, "package.json"), JSON.stringify(manifest))

writeFileSync(
  join(folder, "tsconfig.json"),
  JSON.stringify({
    compilerOptions: { module: "nodenext", target: "es2023", lib: ["esnext", "dom"], strict: true, skipLibCheck: true },
    include: ["dist"]
  })
)
writeFileSync(
  join(folder, "typedoc.json"),
  JSON.stringify({
    entryPoints: [...subpaths.keys()],
    tsconfig: "tsconfig.json",
    name: "effect-asyncio",
    readme: "none",
    out: join(root, "reference"),
    excludeExternals: true,
    excludePrivate: true,
    disableSources: true,
    hideGenerator: true,
    blockTags: ["@category", "@default", "@deprecated", "@example", "@module", "@param", "@returns", "@see", "@since"],
    modifierTags: ["@function"],
    // What the errors of Explore are made from, which is no business of who catches them.
    intentionallyNotExported: ["Schedule", "Token", "TwoRuns"]
  })
)
const typedoc = join(folder, "node_modules/typedoc/bin/typedoc")
const ended = await execute(process.execPath, [typedoc], { cwd: folder })
console.log(ended.output)
if (!ended.ok || /\[(warning|error)\]/.test(ended.output)) process.exitCode = 1
