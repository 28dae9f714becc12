//! What a tool call does to files, read from its name and arguments.
//!
//! - The tools of the clients themselves are known by name; a tool of another MCP
//!   server counts if its name says that it writes and its arguments name paths.
//! - A tool that only reads does nothing.
//!
//! Not here: what a command does to files (`guardrails`).

use serde_json::Value;

use super::patch;

/// What a tool call does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deed {
    /// Files that it writes, as they were named.
    pub files: Vec<String>,
    /// A command that it has a shell run.
    pub command: Option<String>,
    /// Where that command starts, if not where the agent stands.
    pub folder: Option<String>,
    /// It is a call of our own server.
    pub ours: bool,
}

impl Deed {
    /// Whether it leaves files alone.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.files.is_empty() && self.command.is_none()
    }
}

/// Tools that write the file named in their arguments.
const EDITORS: [&str; 20] = [
    "edit",
    "multiedit",
    "write",
    "notebookedit",
    "write_file",
    "replace",
    "create",
    "create_file",
    "delete",
    "delete_file",
    "edit_file",
    "edit_notebook",
    "editnotebook",
    "insert_edit_into_file",
    "multi_edit",
    "replace_string_in_file",
    "search_replace",
    "str_replace",
    "str_replace_editor",
    "str_replace_based_edit_tool",
];
/// Tools that run a command.
const SHELLS: [&str; 12] = [
    "bash",
    "shell",
    "exec_command",
    "local_shell",
    "run_shell_command",
    "run_terminal_cmd",
    "run_terminal_command",
    "run_in_terminal",
    "container.exec",
    "execute_command",
    "powershell",
    "terminal",
];
/// Tools that apply a patch.
const PATCHERS: [&str; 3] = ["apply_patch", "patch", "applypatch"];
/// Arguments that name a file, or a list of files.
const PATHS: [&str; 18] = [
    "file_path",
    "filePath",
    "path",
    "notebook_path",
    "target_file",
    "target_notebook",
    "filepath",
    "file",
    "filename",
    "relative_path",
    "source",
    "destination",
    "old_path",
    "new_path",
    "from",
    "to",
    "paths",
    "files",
];
/// Words in the name of another server's tool that say that it changes files.
const WRITING: [&str; 14] = [
    "write", "edit", "create", "delete", "remove", "move", "rename", "replace", "insert", "patch",
    "append", "update", "modify", "save",
];

/// What the call of `tool` with `input` does.
#[must_use]
pub fn of(tool: &str, input: &Value) -> Deed {
    let name = tool.to_ascii_lowercase();
    if let Some(rest) = of_server(&name) {
        return of_other_server(rest, input);
    }
    if SHELLS.contains(&name.as_str()) {
        return of_shell(input);
    }
    if PATCHERS.contains(&name.as_str()) {
        let texts = ["command", "input", "patch", "patchText", "patch_text", "diff"];
        let text = texts.iter().find_map(|key| line(input.get(key)?)).or_else(|| line(input));
        return Deed {
            files: text.as_deref().map(patch::files).unwrap_or_default(),
            ..Deed::default()
        };
    }
    let views = input.get("command").and_then(Value::as_str) == Some("view");
    if EDITORS.contains(&name.as_str()) && !views {
        return Deed { files: named(input), ..Deed::default() };
    }
    Deed::default()
}

/// What a command does, beyond what the shell makes of it: an envelope in it is a patch.
#[must_use]
pub fn of_command(command: &str, folder: Option<&str>) -> Deed {
    let files = if patch::has_envelope(command) { patch::files(command) } else { Vec::new() };
    let folder = folder.filter(|folder| !folder.is_empty()).map(str::to_owned);
    Deed { files, command: Some(command.to_owned()), folder, ours: false }
}

fn of_shell(input: &Value) -> Deed {
    let command = ["command", "cmd", "script"].iter().find_map(|key| line(input.get(key)?));
    let folders = ["dir_path", "directory", "workdir", "cwd", "working_directory"];
    let folder = folders.iter().find_map(|key| input.get(key)?.as_str());
    command.map(|command| of_command(&command, folder)).unwrap_or_default()
}

/// A command as one text: a list is a program with its arguments, and of a shell's
/// `-c` the text behind it.
fn line(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(words) => {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            match words.as_slice() {
                [_, flag, script] if matches!(*flag, "-c" | "-lc" | "-ic") => {
                    Some((*script).to_owned())
                }
                words => Some(words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")),
            }
        }
        _ => None,
    }
}

/// A word as a POSIX shell reads it back.
#[must_use]
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The server and tool behind a name such as `mcp__files__write`, which each client
/// spells in its own way.
fn of_server(name: &str) -> Option<&str> {
    name.strip_prefix("mcp__")
        .or_else(|| name.strip_prefix("mcp_"))
        .or_else(|| name.strip_prefix("mcp:"))
}

fn of_other_server(name: &str, input: &Value) -> Deed {
    if is_ours(name) {
        return Deed { ours: true, ..Deed::default() };
    }
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    if words.any(|word| WRITING.contains(&word)) {
        return Deed { files: named(input), ..Deed::default() };
    }
    Deed::default()
}

/// Our server is called `coord` everywhere; a plugin's has the plugin's name before it.
fn is_ours(name: &str) -> bool {
    name.starts_with("coord__")
        || name.starts_with("coord_")
        || name.starts_with("coord:")
        || (name.starts_with("plugin_") && name.contains("_coord__"))
}

fn named(input: &Value) -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    for value in PATHS.iter().filter_map(|key| input.get(key)) {
        let texts = match value {
            Value::String(text) => vec![text.as_str()],
            Value::Array(items) => items.iter().filter_map(of_item).collect(),
            _ => Vec::new(),
        };
        for text in texts {
            let path = text.strip_prefix("file://").unwrap_or(text);
            if !path.trim().is_empty() && !files.iter().any(|file| file == path) {
                files.push(path.to_owned());
            }
        }
    }
    files
}

fn of_item(item: &Value) -> Option<&str> {
    item.as_str().or_else(|| ["path", "file_path"].iter().find_map(|key| item.get(key)?.as_str()))
}
