// Run by a package's build, in the package's folder: the compiler copies no `.sql`, `.html` or `.css`, so this does.
import { cpSync } from "node:fs";

cpSync("src", "dist", { recursive: true, filter: (source) => !source.endsWith(".ts") });
