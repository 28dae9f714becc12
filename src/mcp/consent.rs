//! Asks the user of the agent's own client, where a person must approve a call.
//!
//! - Only a client that declares elicitation is asked; elsewhere the refusal stands, which
//!   names `coord approve`.
//! - Before 2026-07-28 the client gets a request; since then an answer that asks for input,
//!   with a state that it gives back. The state is signed for this session, tool and
//!   arguments, ends with the question, and can be used once, because a question is
//!   decided once.
//! - The field that is answered is named after the question, so that an answer which comes
//!   late, after a daemon's death, is not taken for that to another question.
//! - A call is asked about once: whoever dismisses the question leaves it to `coord approve`.
//!
//! Not here: what must be approved (`policy`), what becomes of an answer (`approvals`).

use std::time::Duration;

use rmcp::ErrorData;
use rmcp::model::{
    CallToolRequestParams, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction,
    ElicitationSchema, InputRequest, InputRequests, InputRequiredResult, InputResponses,
    ProtocolVersion, RequestStateCodec, SealOptions,
};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::{Map, Value, json};

use super::internal;
use super::progress;
use super::tools::SILENT_WAIT_MAX;
use crate::answer::{Answer, Refused};
use crate::approvals::{self, Answered, NOTE_MAX};
use crate::context::Context;
use crate::ingress;
use crate::seat::Seat;

/// Our only question in a call's list of them.
const QUESTION: &str = "approval";
/// Longest wait for a person with a progress token, in seconds.
const TOLD_WAIT_MAX: u64 = 110;

/// A call, and how its client's user can be asked about it.
pub struct Consent<'a> {
    seat: &'a Seat,
    ctx: Context,
    tool: String,
    arguments: Value,
    request: &'a RequestContext<RoleServer>,
    given: Option<(String, InputResponses)>,
    /// It was asked already.
    asked: bool,
}

impl<'a> Consent<'a> {
    /// The call that `params` describe.
    pub fn of(
        seat: &'a Seat,
        ctx: &Context,
        params: CallToolRequestParams,
        request: &'a RequestContext<RoleServer>,
    ) -> Self {
        let given = params.request_state.map(|state| (state, params.input_responses));
        Self {
            seat,
            ctx: ctx.clone(),
            tool: params.name.into_owned(),
            arguments: params.arguments.map_or(Value::Null, Value::Object),
            request,
            given: given.map(|(state, responses)| (state, responses.unwrap_or_default())),
            asked: false,
        }
    }

    /// Its tool.
    pub fn tool(&self) -> &str {
        &self.tool
    }

    /// Its arguments.
    pub const fn arguments(&self) -> &Value {
        &self.arguments
    }

    /// Takes the answer that the client brought along, if its state is ours.
    pub async fn take(&mut self) -> Result<(), ErrorData> {
        let Some((state, mut responses)) = self.given.take() else { return Ok(()) };
        self.asked = true;
        let opened = self.codec().await?.open_with(&state, &self.binding());
        let id = match opened.map(String::from_utf8) {
            Ok(Ok(id)) => id,
            other => {
                tracing::warn!(agent = %self.ctx.caller.agent_id, "a request state that is not ours: {other:?}");
                return Ok(());
            }
        };
        let told = responses.remove(QUESTION).and_then(|told| serde_json::from_value(told).ok());
        match told {
            Some(told) => self.settle(&id, &told).await.map(drop),
            None => Ok(()),
        }
    }

    /// Whether a person must approve it and this client's user can be asked.
    pub fn is_wanted(&self, answer: &Answer) -> bool {
        let elicitation = self.request.client_capabilities().and_then(|can| can.elicitation);
        // A client that names neither form nor URL means forms.
        let forms = elicitation.is_some_and(|can| can.form.is_some() || can.url.is_none());
        forms && !self.asked && answer.code() == Some(approvals::REQUIRED)
    }

    /// The answer that asks for input; `None` before 2026-07-28.
    pub async fn question(
        &self,
        answer: &Answer,
    ) -> Result<Option<InputRequiredResult>, ErrorData> {
        let version = self.request.protocol_version();
        let (true, Some(id)) =
            (version.is_some_and(|at| at >= ProtocolVersion::V_2026_07_28), id_of(answer))
        else {
            return Ok(None);
        };
        let binding = self.binding();
        let lasting = Duration::from_millis(approvals::GOOD_FOR.unsigned_abs());
        let options = SealOptions::new().associated_data(&binding).ttl(lasting);
        let state = self.codec().await?.seal_with(id.as_bytes(), &options);
        let form = InputRequest::Elicitation(ElicitRequest::new(self.form(answer, id)?));
        let questions = InputRequests::from([(QUESTION.to_owned(), form)]);
        Ok(Some(InputRequiredResult::new(Some(questions), Some(state))))
    }

    /// Asks a client of the older era; whether a decision was taken.
    pub async fn ask(&self, answer: &Answer) -> Result<bool, ErrorData> {
        let Some(id) = id_of(answer) else { return Ok(false) };
        let form = self.form(answer, id)?;
        let token = self.request.meta.get_progress_token();
        let wait = if token.is_some() { TOLD_WAIT_MAX } else { SILENT_WAIT_MAX };
        let peer = &self.request.peer;
        let asking = peer.create_elicitation_with_timeout(form, Some(Duration::from_secs(wait)));
        let told = match token {
            Some(token) => {
                progress::told(peer, token, (wait, "waiting for a person"), asking).await
            }
            None => asking.await,
        };
        match told {
            Ok(told) => self.settle(id, &told).await,
            Err(error) => {
                tracing::debug!("nobody answered in the client: {error}");
                Ok(false)
            }
        }
    }

    /// Takes what the person said, if it is a yes or a no to this question.
    async fn settle(&self, id: &str, told: &ElicitResult) -> Result<bool, ErrorData> {
        let content = told.content.as_ref();
        let approved = match told.action {
            ElicitationAction::Decline => false,
            ElicitationAction::Accept => {
                let said = content.and_then(|content| content.get(field(id))?.as_bool());
                let Some(said) = said else { return Ok(false) };
                said
            }
            _ => return Ok(false),
        };
        let note = content.and_then(|content| content.get("note")?.as_str());
        let note = note.map(|note| note.chars().filter(|c| *c != '\0').take(NOTE_MAX).collect());
        let answer = Answered { approved, note: note.filter(|note: &String| !note.is_empty()) };
        let taken = self.seat.service().consent(&self.ctx, id, answer).await;
        taken.map_err(|failure| internal(&failure))
    }

    /// What the person sees.
    fn form(&self, answer: &Answer, id: &str) -> Result<ElicitRequestParams, ErrorData> {
        let shown = approvals::shown(&self.arguments).map_err(|failure| internal(&failure))?;
        let reason = fact(answer, "reason").unwrap_or_default();
        let message = format!(
            "{} wants to call {} with {shown}: {reason}",
            self.ctx.caller.agent_id, self.tool
        );
        let yes = json!({
            "type": "boolean", "title": "Approve", "default": false,
            "description": "This very call, once; no means no",
        });
        let note = json!({
            "type": "string", "title": "Note", "description": "A word to the agent",
            "maxLength": NOTE_MAX,
        });
        let properties = Map::from_iter([(field(id), yes), ("note".to_owned(), note)]);
        let schema = Map::from_iter([
            ("type".to_owned(), json!("object")),
            ("properties".to_owned(), properties.into()),
            ("required".to_owned(), json!([field(id)])),
        ]);
        let requested_schema = ElicitationSchema::from_json_schema(schema)
            .map_err(|error| internal(&anyhow::Error::from(error).into()))?;
        Ok(ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema })
    }

    /// What a state is good for: this session, this tool, these arguments.
    fn binding(&self) -> Vec<u8> {
        let arguments =
            ingress::json(&self.arguments).unwrap_or_else(|_| self.arguments.to_string());
        let parts =
            [self.ctx.caller.session_id.as_str(), self.ctx.project(), &self.tool, &arguments];
        parts
            .iter()
            .flat_map(|part| part.len().to_be_bytes().into_iter().chain(part.bytes()))
            .collect()
    }

    async fn codec(&self) -> Result<RequestStateCodec, ErrorData> {
        let key = self.seat.service().signing_key().await.map_err(|failure| internal(&failure))?;
        RequestStateCodec::try_new(key.into_bytes())
            .map_err(|error| internal(&anyhow::Error::from(error).into()))
    }
}

/// The field of the form that is answered.
fn field(id: &str) -> String {
    format!("approve_{}", id.rsplit('-').next().unwrap_or_default())
}

fn fact<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    match answer {
        Answer::Refused(Refused { facts, .. }) => facts.get(name)?.as_str(),
        _ => None,
    }
}

fn id_of(answer: &Answer) -> Option<&str> {
    fact(answer, "approval_id")
}
