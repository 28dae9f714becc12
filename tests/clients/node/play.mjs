// Plays a list of calls over `coord mcp` with an official TypeScript client, and says what came of them.
// As play.py; "client" is "sdk" (version 1) or "client" (version 2). Run with the packages' folder as CLIENTS.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(process.env.CLIENTS + "/"));
const load = (name) => import(pathToFileURL(require.resolve(name)));

const filled = (value, done) => {
  if (typeof value === "string" && value.startsWith("$")) {
    const [number, ...field] = value.slice(1).split(".");
    return done[Number(number)].structured[field.join(".")];
  }
  if (Array.isArray(value)) return value.map((one) => filled(one, done));
  if (value && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, filled(one, done)]));
  return value;
};

let text = "";
for await (const chunk of process.stdin) text += chunk;
const script = JSON.parse(text);

const packages =
  script.client === "sdk"
    ? ["@modelcontextprotocol/sdk/client/index.js", "@modelcontextprotocol/sdk/client/stdio.js"]
    : ["@modelcontextprotocol/client", "@modelcontextprotocol/client/stdio"];
const [{ Client }, { StdioClientTransport }] = await Promise.all(packages.map(load));
const options = script.client === "sdk" ? {} : { versionNegotiation: { mode: script.mode } };
const client = new Client({ name: "play", version: "1" }, { capabilities: {}, ...options });
const transport = new StdioClientTransport({ command: script.command, args: ["mcp"], env: { ...process.env } });
await client.connect(transport);

const tools = (await client.listTools()).tools.map((tool) => tool.name);
const calls = [];
for (const call of script.calls) {
  const result = await client.callTool({ name: call.tool, arguments: filled(call.arguments, calls) });
  calls.push({
    structured: result.structuredContent,
    is_error: result.isError ?? false,
    text: result.content.map((block) => block.text ?? "").join(""),
  });
}
const resources = {};
for (const { uri } of (await client.listResources()).resources)
  resources[uri] = (await client.readResource({ uri })).contents[0].text;
const prompts = {};
for (const prompt of (await client.listPrompts()).prompts) {
  const args = Object.fromEntries((prompt.arguments ?? []).map((one) => [one.name, "x"]));
  prompts[prompt.name] = (await client.getPrompt({ name: prompt.name, arguments: args })).messages[0].content.text;
}
await client.close();
console.log(JSON.stringify({ tools, calls, resources, prompts }));
