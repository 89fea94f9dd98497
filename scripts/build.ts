/**
 * `npm run build`: what is published. The types are tsc's, a file a module. The code is in few files, as a host takes
 * longer to load a file than what is in most of ours: 60 files took 40 ms, these few 15.
 */
import { globSync, rmSync } from "node:fs"
import { join } from "node:path"
import { build } from "vite"
import { execute, root } from "./workshop.ts"

/** Writes the code of a project's `src`: an entry for each public module, and what they share. */
export const bundle = async (project: string, output: string): Promise<void> => {
  const source = join(project, "src")
  const modules = globSync("{*,*/index,node/{bin,preload},executors/*/index}.ts", { cwd: source })
  const entries = Object.fromEntries(modules.map((module) => [module.slice(0, -3), join(source, module)]))
  await build({
    root: project,
    configFile: false,
    logLevel: "error",
    publicDir: false,
    build: {
      outDir: output,
      emptyOutDir: false,
      target: "es2022",
      minify: false,
      sourcemap: true,
      modulePreload: false,
      lib: { entry: entries, formats: ["es"] },
      rolldownOptions: {
        external: /^(effect\/|@effect\/|node:)/,
        output: {
          entryFileNames: "[name].js",
          chunkFileNames: "internal/[name].js",
          comments: { jsdoc: false },
          codeSplitting: {
            // Each takes what its modules need and no group before it has. What needs Effect's Channel is in none, so
            // that only who uses it loads that. None takes what is in a folder: a subpath loads what it has itself.
            groups: [
              // All that a browser loads whose page uses gather and run alone.
              { name: "tasks", priority: 1, test: /\/src\/(gather|run)\.ts$/ },
              { name: "primitives", test: /\/src\/(?!(index|asCompleted|Queue)\.ts)\w+\.ts$/ }
            ]
          }
        }
      }
    }
  })
}

if (import.meta.main) {
  const dist = join(root, "dist")
  rmSync(dist, { recursive: true, force: true })
  await bundle(root, dist)
  const tsc = join(root, "node_modules/typescript/bin/tsc")
  for (const project of ["tsconfig.build.json", "tsconfig.node.json"]) {
    const { ok, output } = await execute(process.execPath, [tsc, "--project", project, "--emitDeclarationOnly"])
    console.log(output)
    if (!ok) process.exitCode = 1
  }
}
