//! How each maker's client is set up, started, and told to use a tool.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::dialect::Call;
use crate::e2e::site::{Site, cache};

/// By its whole path: Codex runs commands in a login shell, which sets `PATH` anew.
pub const COORD: &str = env!("CARGO_BIN_EXE_coord");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    Claude,
    Codex,
    Gemini,
}

impl Maker {
    /// The kind of client that `coord` must find it to be.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
        }
    }

    /// The client, about to be told "go", with nothing in its environment but what it
    /// needs, its home in the site's folder and its model at `port`.
    pub fn command(self, site: &Site, port: u16) -> Command {
        let bin = cache().join("agents/node_modules/.bin").join(self.name());
        let model = format!("http://127.0.0.1:{port}");
        let mut command = site.command(bin);
        command.env_remove("COORD_HOME").env("PATH", path_with(COORD)).stdin(Stdio::null());
        match self {
            Self::Claude => command
                .env("ANTHROPIC_BASE_URL", model)
                .env("ANTHROPIC_API_KEY", "none")
                .envs(
                    [
                        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
                        "DISABLE_TELEMETRY",
                        "DISABLE_AUTOUPDATER",
                    ]
                    .map(|name| (name, "1")),
                )
                .args(["-p", "go", "--output-format", "json", "--mcp-config", ".mcp.json"])
                .args(["--allowedTools", "Bash,Read,Write,Edit,mcp__coord"]),
            Self::Codex => command.env("LOCAL_KEY", "none").args([
                "exec",
                "--skip-git-repo-check",
                "--dangerously-bypass-approvals-and-sandbox",
                // What a person does once, in `/hooks`.
                "--dangerously-bypass-hook-trust",
                "-c",
                &format!("model_providers.local.base_url=\"{model}/v1\""),
                "go",
            ]),
            Self::Gemini => command
                .env("GEMINI_API_KEY", "none")
                .env("GOOGLE_GEMINI_BASE_URL", model)
                .args(["--skip-trust", "-y", "-m", "gemini-2.5-pro", "-p", "go"]),
        };
        command
    }

    /// What the client needs before it talks to any model that is not its maker's.
    pub fn make_ready(self, site: &Site) {
        let home = site.folder.path();
        match self {
            Self::Claude => {}
            Self::Codex => put(&home.join(".codex/config.toml"), CODEX),
            Self::Gemini => {
                let key = json!({ "security": { "auth": { "selectedType": "gemini-api-key" } } });
                put(&home.join(".gemini/settings.json"), &key.to_string());
                // A project's own settings count only where a person trusts the folder.
                let repo = site.repo().canonicalize().expect("it was made");
                let trusted = json!({ repo.display().to_string(): "TRUST_FOLDER" });
                put(&home.join(".gemini/trustedFolders.json"), &trusted.to_string());
            }
        }
    }

    /// Gives the client our server, as its own documents say.
    pub fn connect(self, site: &Site) {
        let server = json!({ "mcpServers": { "coord": { "command": COORD, "args": ["mcp"] } } });
        match self {
            Self::Claude => put(&site.repo().join(".mcp.json"), &server.to_string()),
            Self::Codex => {
                let file = site.folder.path().join(".codex/config.toml");
                let text = fs::read_to_string(&file).expect("it was made ready");
                put(
                    &file,
                    &format!(
                        "{text}\n[mcp_servers.coord]\ncommand = \"{COORD}\"\nargs = [\"mcp\"]\n"
                    ),
                );
            }
            Self::Gemini => put(&site.repo().join(".gemini/settings.json"), &server.to_string()),
        }
    }

    /// Gives the client our hooks, as its own documents say.
    pub fn guard(self, site: &Site) {
        let command = format!("{COORD} hook {}", self.name());
        let handler = json!({ "type": "command", "command": command });
        let all = |events: &[&str]| -> Value {
            let one = |event: &&str| ((*event).to_owned(), json!([{ "hooks": [handler] }]));
            events.iter().map(one).collect::<serde_json::Map<_, _>>().into()
        };
        match self {
            Self::Claude => merge(
                &site.repo().join(".claude/settings.json"),
                "hooks",
                all(&[
                    "SessionStart",
                    "UserPromptSubmit",
                    "PreToolUse",
                    "PostToolUse",
                    "SessionEnd",
                ]),
            ),
            Self::Codex => merge(
                &site.folder.path().join(".codex/hooks.json"),
                "hooks",
                all(&["SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse"]),
            ),
            Self::Gemini => merge(
                &site.repo().join(".gemini/settings.json"),
                "hooks",
                all(&["SessionStart", "BeforeAgent", "BeforeTool", "AfterTool", "SessionEnd"]),
            ),
        }
    }

    /// A tool of our server.
    pub fn tool(self, name: &str, arguments: Value) -> Call {
        match self {
            Self::Claude => Call::new(&format!("mcp__coord__{name}"), arguments),
            Self::Codex => {
                Call { namespace: Some("mcp__coord".into()), ..Call::new(name, arguments) }
            }
            Self::Gemini => Call::new(&format!("mcp_coord_{name}"), arguments),
        }
    }

    /// A command for the client's shell.
    pub fn shell(self, command: &str) -> Call {
        match self {
            Self::Claude => Call::new("Bash", json!({ "command": command, "description": "d" })),
            Self::Codex => Call::new("exec_command", json!({ "cmd": command })),
            Self::Gemini => {
                Call::new("run_shell_command", json!({ "command": command, "description": "d" }))
            }
        }
    }

    /// A file by the client's own tool: a new one, or in place of `old`.
    pub fn write(self, file: &Path, old: Option<&str>, text: &str) -> Call {
        let plain = json!({ "file_path": file, "content": text });
        match self {
            Self::Claude => Call::new("Write", plain),
            Self::Codex => {
                let name = file.display();
                let patch = old.map_or_else(
                    || format!("*** Add File: {name}\n+{text}\n"),
                    |old| format!("*** Update File: {name}\n@@\n-{old}\n+{text}\n"),
                );
                // It takes a patch for one also where the model is offered no tool for it.
                self.shell(&format!(
                    "apply_patch <<'PATCH'\n*** Begin Patch\n{patch}*** End Patch\nPATCH"
                ))
            }
            Self::Gemini => Call::new("write_file", plain),
        }
    }

    /// The call without which the client itself refuses to write over a file.
    pub fn look(self, file: &Path) -> Option<Call> {
        (self == Self::Claude).then(|| Call::new("Read", json!({ "file_path": file })))
    }
}

/// A provider without a maker's account. Its address comes with the command.
const CODEX: &str = r#"model = "gpt-5"
model_provider = "local"

[model_providers.local]
name = "local"
base_url = "http://127.0.0.1:9/v1"
wire_api = "responses"
env_key = "LOCAL_KEY"
"#;

fn put(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().expect("it lies in a folder")).expect("it can be made");
    fs::write(file, text).expect("it can be written");
}

/// Sets one field of a JSON file that may not be there yet.
fn merge(file: &Path, field: &str, value: Value) {
    let old = fs::read(file).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let mut whole: Value = old.unwrap_or_else(|| json!({}));
    whole[field] = value;
    put(file, &whole.to_string());
}

/// The surrounding `PATH`, and in front of it the folder of a program.
fn path_with(program: &str) -> std::ffi::OsString {
    let own = Path::new(program).parent().expect("it lies in a folder").to_owned();
    let old = std::env::var_os("PATH").unwrap_or_default();
    let all = std::iter::once(own).chain(std::env::split_paths(&old));
    std::env::join_paths(all).expect("no folder has a colon in its name")
}
