// Calls functions of a project with Supabase's own client, and says what it made of each answer.
// Reads {"url", "calls": [{"function", "arguments", "headers", "get"}]}. Run with the packages' folder as CLIENTS.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(process.env.CLIENTS + "/"));
const { PostgrestClient } = await import(pathToFileURL(require.resolve("@supabase/postgrest-js")));

const read = async () => {
  let text = "";
  for await (const chunk of process.stdin) text += chunk;
  return JSON.parse(text);
};

const { url, calls } = await read();
const answers = [];
for (const call of calls) {
  const client = new PostgrestClient(url + "/rest/v1", { headers: call.headers });
  const { data, error, status } = await client.rpc(call.function, call.arguments, { get: call.get ?? false });
  answers.push({ status, data, error });
}
console.log(JSON.stringify(answers));
