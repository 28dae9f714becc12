//! The prompts: short texts that people call up as commands.

use rmcp::ErrorData;
use rmcp::model::{
    GetPromptRequestParams, GetPromptResult, Prompt, PromptArgument, PromptMessage, Role,
};

/// Longest argument that is put into a text, in characters.
const ARGUMENT_MAX: usize = 4_000;

/// The list.
pub fn all() -> Vec<Prompt> {
    let argument = |name: &str, about: &str| {
        PromptArgument::new(name).with_description(about).with_required(true)
    };
    vec![
        Prompt::new(
            "coordinate_file_edit",
            Some("Edit a file that other agents may also want to edit"),
            Some(vec![
                argument("file_path", "The file, relative to the repository's root"),
                argument("task", "What is to be done to it"),
            ]),
        ),
        Prompt::new(
            "start_work_session",
            Some("Begin: see who is here, what is held, what is to be done"),
            None,
        ),
    ]
}

/// Each prompt's name, arguments and purpose, for those who do not speak MCP.
pub fn described() -> Vec<(String, Vec<String>, String)> {
    let describe = |prompt: Prompt| {
        let arguments = prompt.arguments.unwrap_or_default().into_iter().map(|one| one.name);
        (prompt.name, arguments.collect(), prompt.description.unwrap_or_default())
    };
    all().into_iter().map(describe).collect()
}

/// One prompt with its arguments filled in.
pub fn get(params: GetPromptRequestParams) -> Result<GetPromptResult, ErrorData> {
    let arguments = params.arguments.unwrap_or_default();
    let argument = |name: &str| {
        let text = arguments.get(name).and_then(|value| value.as_str().map(str::to_owned));
        let text =
            text.filter(|text| !text.trim().is_empty() && text.chars().count() <= ARGUMENT_MAX);
        text.ok_or_else(|| {
            ErrorData::invalid_params(
                format!("{}: {name} must be a text of 1 to {ARGUMENT_MAX} characters", params.name),
                None,
            )
        })
    };
    let text = match params.name.as_str() {
        "coordinate_file_edit" => edit(&argument("file_path")?, &argument("task")?),
        "start_work_session" => START.to_owned(),
        other => {
            return Err(ErrorData::invalid_params(format!("there is no prompt {other:?}"), None));
        }
    };
    Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)]))
}

fn edit(file_path: &str, task: &str) -> String {
    format!(
        "The task: {task}\n\nThe file: {file_path}\n\nOther agents work in this repository. Call acquire_lock for \
         the file, with the task as the reason and wait_seconds: 50. When it is yours, read the file again, for it \
         may have changed, make the edit, and call release_lock. If it is still held by another agent, say who \
         holds it and until when, and do something else in the meantime."
    )
}

const START: &str = "Begin a session of work in this repository, which other agents share. Call register_session, \
    and tell me in a few lines who else is here, which files are held, and what was left for you. Then call \
    get_work; if there is a task, say what it is and begin, locking each file before you edit it. When you are \
    done, call complete_work.";
