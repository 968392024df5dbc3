// Writes .env.example from the schemas of the variables; a test compares the two.
import { writeFileSync } from "node:fs";
import { writeEnvExample } from "@holdfast/services/process";

writeFileSync(".env.example", writeEnvExample());
