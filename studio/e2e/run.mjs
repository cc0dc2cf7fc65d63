// Runs the scenario that the first argument names: `node e2e/run.mjs login`.
const name = process.argv[2] ?? "";
if (!/^[a-z-]+$/.test(name)) throw new Error("name a scenario, such as `login`");
const { default: scenario } = await import(`./${name}.mjs`);
await scenario();
process.exit(0);
