"""Plays a list of calls over `coord mcp` with the official Python client, and says what came of them.

stdin:  {"command": "...", "mode": "legacy" | "auto" | "2026-07-28", "calls": [{"tool": "...", "arguments": {...}}],
         "subscribe": "uri" or null, "answers": ["yes" | "no" | "cancel", ...] or null}
stdout: {"asked": [message], "protocol", "tools", "calls": [{"structured", "is_error", "text"}], "resources": {uri: text}, "prompts", "updated"}

An argument "$2.task_id" stands for that field of the third call's answer. With "answers" the client says that it can ask
its user, who gives one of them to each question.
"""

import asyncio
import json
import os
import sys

from mcp import ClientSession, StdioServerParameters

try:
    from mcp import Client
except ImportError:  # version 1
    Client = None


def filled(value, done):
    if isinstance(value, str) and value.startswith("$"):
        number, field = value[1:].split(".", 1)
        return done[int(number)]["structured"][field]
    if isinstance(value, dict):
        return {key: filled(one, done) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, done) for one in value]
    return value


def person(answers, asked):
    """A user who is asked by the client, and gives these answers in turn."""
    try:
        from mcp.types import ElicitResult
    except ImportError:
        from mcp_types import ElicitResult

    async def answer(context, params):
        asked.append(params.message)
        word = answers.pop(0)
        if word == "cancel":
            return ElicitResult(action="cancel")
        schema = getattr(params, "requested_schema", None) or params.requestedSchema
        field = schema["required"][0]
        note = {} if word == "yes" else {"note": "not today"}
        return ElicitResult(action="accept", content={field: word == "yes", **note})

    return answer


def dump(result):
    return result.model_dump(by_alias=True, mode="json", exclude_none=True)


async def play(client, script, protocol, updated):
    tools = [dump(tool)["name"] for tool in (await client.list_tools()).tools]
    done = []
    for call in script["calls"]:
        result = dump(await client.call_tool(call["tool"], filled(call["arguments"], done)))
        text = "".join(block.get("text", "") for block in result.get("content", []))
        done.append({"structured": result.get("structuredContent"), "is_error": result.get("isError", False), "text": text})
    resources = {}
    for resource in (await client.list_resources()).resources:
        uri = str(dump(resource)["uri"])
        contents = dump(await client.read_resource(dump(resource)["uri"]))["contents"]
        resources[uri] = contents[0]["text"]
    prompts = {}
    for prompt in (await client.list_prompts()).prompts:
        arguments = {one.name: "x" for one in prompt.arguments or []}
        prompts[prompt.name] = dump(await client.get_prompt(prompt.name, arguments))["messages"][0]["content"]["text"]
    return {"protocol": str(protocol), "tools": tools, "calls": done, "resources": resources, "prompts": prompts, "updated": updated}


async def main():
    script = json.load(sys.stdin)
    server = StdioServerParameters(command=script["command"], args=["mcp"], env=dict(os.environ))
    updated, asked = [], []
    user = person(script["answers"], asked) if script.get("answers") else None

    async def heard(message, *rest):
        root = getattr(message, "root", message)
        if getattr(root, "method", "") == "notifications/resources/updated":
            updated.append(str(root.params.uri))

    if Client is not None:
        async with Client(server, mode=script["mode"], message_handler=heard, elicitation_callback=user) as client:
            result = await play(client, script, client.protocol_version, updated)
    else:
        from mcp.client.stdio import stdio_client
        from pydantic import AnyUrl

        async with stdio_client(server) as (read, write):
            async with ClientSession(read, write, message_handler=heard, elicitation_callback=user) as session:
                hello = await session.initialize()
                if script.get("subscribe"):
                    await session.subscribe_resource(AnyUrl(script["subscribe"]))
                result = await play(session, script, hello.protocolVersion, updated)
                for _ in range(200):
                    if updated or not script.get("subscribe"):
                        break
                    await asyncio.sleep(0.02)
    json.dump({"asked": asked, **result}, sys.stdout)


asyncio.run(main())
