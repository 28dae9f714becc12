//! A tool with its types forgotten, so that many fit one list.

use std::sync::OnceLock;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use super::arguments;
use crate::context::{Context, Ticket};
use crate::failure::Outcome;
use crate::ruling::Asked;
use crate::store::Tx;
use crate::tool::{Access, Audience, Hints, Progress, Tool};

/// One line of the list of tools.
pub struct Entry {
    /// Its public name.
    pub name: &'static str,
    /// A few words for people.
    pub title: &'static str,
    /// What it does to the world.
    pub access: Access,
    /// Who may call it.
    pub audience: Audience,
    /// What a client may assume.
    pub hints: Hints,
    /// See [`Tool::GROWS`].
    pub grows: bool,
    input: fn() -> Schema,
    output: fn() -> Schema,
    parse: fn(&Self, &Value) -> Outcome<Box<dyn Call>>,
    published: OnceLock<Published>,
}

/// What clients are told of a tool; made once.
pub struct Published {
    /// For the model: one or two sentences.
    pub description: String,
    /// JSON Schema of the arguments.
    pub input: Map<String, Value>,
    /// JSON Schema of the structured answer.
    pub output: Map<String, Value>,
}

/// A request that was read and can be run.
pub trait Call: Send + Sync {
    /// See [`Tool::prepare`].
    fn prepare(&mut self, ctx: &Context) -> Outcome<()>;
    /// See [`Tool::wait_seconds`].
    fn wait_seconds(&self) -> u32;
    /// See [`Tool::arbitrated`].
    fn arbitrated(&self) -> Option<Asked>;
    /// See [`Tool::run`].
    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Value>>;
    /// See [`Tool::note`].
    fn note(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<()>;
    /// See [`Tool::give_up`].
    fn give_up(&self, tx: &Tx<'_>, ctx: &Context, ticket: Ticket) -> Outcome<Value>;
    /// See [`Tool::left`].
    fn left(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<()>;
    /// See [`Tool::take_back`].
    fn take_back(&self, tx: &Tx<'_>, ctx: &Context, granted: &Value) -> Outcome<()>;
}

impl<T: Tool + Sync> Call for T {
    fn prepare(&mut self, ctx: &Context) -> Outcome<()> {
        Self::prepare(self, ctx)
    }

    fn wait_seconds(&self) -> u32 {
        Self::wait_seconds(self)
    }

    fn arbitrated(&self) -> Option<Asked> {
        Self::arbitrated(self)
    }

    fn run(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<Progress<Value>> {
        match Self::run(self, tx, ctx)? {
            Progress::Ended(reply) => Ok(Progress::Ended(to_value(&reply)?)),
            Progress::Declined(refusal) => Ok(Progress::Declined(refusal)),
            Progress::Waits => Ok(Progress::Waits),
        }
    }

    fn note(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<()> {
        Self::note(self, tx, ctx)
    }

    fn give_up(&self, tx: &Tx<'_>, ctx: &Context, ticket: Ticket) -> Outcome<Value> {
        to_value(&Self::give_up(self, tx, ctx, ticket)?)
    }

    fn left(&self, tx: &Tx<'_>, ctx: &Context) -> Outcome<()> {
        Self::left(self, tx, ctx)
    }

    fn take_back(&self, tx: &Tx<'_>, ctx: &Context, granted: &Value) -> Outcome<()> {
        Self::take_back(self, tx, ctx, granted)
    }
}

fn to_value(reply: &impl serde::Serialize) -> Outcome<Value> {
    Ok(serde_json::to_value(reply).map_err(anyhow::Error::from)?)
}

impl Entry {
    /// The tool `T` as a line of the list.
    #[must_use]
    pub const fn of<T: Tool + Sync>() -> Self {
        Self {
            name: T::NAME,
            title: T::TITLE,
            access: T::ACCESS,
            audience: T::AUDIENCE,
            hints: T::HINTS,
            grows: T::GROWS,
            input: schema::<T>,
            output: reply_schema::<T::Reply>,
            parse: |entry, asked| {
                let call: T = arguments::read(entry, asked)?;
                Ok(Box::new(call))
            },
            published: OnceLock::new(),
        }
    }

    /// Reads the arguments.
    ///
    /// # Errors
    /// `invalid_argument`, naming the field.
    pub fn parse(&self, asked: &Value) -> Outcome<Box<dyn Call>> {
        (self.parse)(self, asked)
    }

    /// What clients are told of it.
    #[must_use]
    pub fn published(&self) -> &Published {
        self.published.get_or_init(|| {
            let mut input = object((self.input)());
            let description = match input.remove("description") {
                Some(Value::String(text)) => text.replace('\n', " "),
                _ => String::new(),
            };
            Published { description, input, output: answer_schema(object((self.output)())) }
        })
    }
}

fn schema<T: JsonSchema>() -> Schema {
    made_by::<T>(SchemaSettings::draft2020_12())
}

/// What is left out when it is the default may be missing.
fn reply_schema<T: JsonSchema>() -> Schema {
    made_by::<T>(SchemaSettings::draft2020_12().for_serialize())
}

fn made_by<T: JsonSchema>(settings: SchemaSettings) -> Schema {
    settings
        .with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        })
        .into_generator()
        .into_root_schema_for::<T>()
}

/// The schema without what costs a model tokens and tells it nothing.
fn object(schema: Schema) -> Map<String, Value> {
    let mut value = schema.to_value();
    lean(&mut value);
    match value {
        Value::Object(mut fields) => {
            fields.remove("title");
            if fields.get("type") == Some(&json!("object")) {
                fields.entry("properties").or_insert_with(|| json!({}));
            }
            fields
        }
        _ => Map::new(),
    }
}

/// Drops formats of numbers (unknown to validators), empty defaults and `null`
/// alternatives: a field that is left out is simply not there.
fn lean(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let number_format = fields
                .get("format")
                .and_then(Value::as_str)
                .is_some_and(|f| f.contains("int") || f == "double");
            if number_format {
                fields.remove("format");
            }
            if let Some(Value::Array(types)) = fields.get_mut("type") {
                types.retain(|one| one != "null");
                if let [one] = types.as_slice() {
                    let one = one.clone();
                    fields.insert("type".into(), one);
                }
            }
            let empty = [Value::Null, json!([]), json!("")];
            if fields.get("default").is_some_and(|default| empty.contains(default)) {
                fields.remove("default");
            }
            if let Some(Value::Array(words)) = fields.get_mut("enum") {
                words.retain(|word| !word.is_null());
            }
            fields.values_mut().for_each(lean);
        }
        Value::Array(items) => items.iter_mut().for_each(lean),
        _ => {}
    }
}

/// Every structured answer has `success`; a "no" has `code`, `message` and facts
/// instead of the reply's fields, so none of those can be required.
fn answer_schema(mut reply: Map<String, Value>) -> Map<String, Value> {
    reply.remove("description");
    reply.remove("required");
    let properties = reply.entry("properties").or_insert_with(|| json!({}));
    if let Value::Object(fields) = properties {
        fields.insert("success".into(), json!({ "type": "boolean" }));
        for name in ["code", "message", "hint"] {
            fields.entry(name).or_insert_with(|| json!({ "type": "string" }));
        }
    }
    reply.insert("type".into(), "object".into());
    reply.insert("required".into(), json!(["success"]));
    reply
}
